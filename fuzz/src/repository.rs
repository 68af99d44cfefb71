//! An audit of a small tree, held to the laws of the project.

use std::sync::LazyLock;

use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Memory, Source};
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::{CriterionId, Verdict};
use mlops_audit_core::policy::Policy;
use mlops_audit_core::read::Markdown;
use mlops_audit_formats::Place;
use mlops_audit_report::terminal::{self, Label, Style, Vocabulary};
use mlops_audit_report::{Extras, github, gitlab, html, json, junit, markdown, sarif};

use crate::positions::{Positions, Text};

/// Most files that a tree has: an audit of many takes too long for a fuzzer.
const FILES: usize = 12;

/// The tree that a text stands for, as the pages of the criteria write it: each file begins with a line `=== path`.
pub fn tree(bytes: &[u8]) -> Option<Memory> {
    let text = String::from_utf8_lossy(bytes);
    (text.matches("\n=== ").count() < FILES).then(|| Memory::from_text(&text))
}

impl Positions for Markdown {
    fn check(&self, text: &Text<'_>) {
        self.commands.check(text);
        for (_, line) in &self.notebooks {
            text.place(Place::line(*line));
        }
    }
}

type Render = fn(&Audit, &dyn Vocabulary, &Extras<'_>, &Excerpts) -> String;

/// Audits on the calling thread.
pub fn audit(source: &dyn Source, policy: &Policy) -> Audit {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread();
        pool.build_global().expect("no pool was started before");
        Catalogue::new(mlops_audit_catalogue::tools())
    });
    mlops_audit_core::audit(source, &CATALOGUE, policy)
}

/// Renders every form of the report, and checks what an audit promises.
///
/// # Panics
/// Where the audit breaks one of its promises.
pub fn check(source: &Memory) {
    let found = audit(source, &Policy::default());
    check_evidence(source, &found);
    let text = json::render(&found, &Extras::default());
    let excerpts = Excerpts::of(source, &found);
    let forms: [Render; 6] = [
        html::render,
        markdown::render,
        sarif::render,
        github::render,
        gitlab::render,
        junit::render,
    ];
    for form in forms {
        is_harmless(&form(&found, &Plain, &Extras::default(), &excerpts));
    }
    is_harmless(&terminal::render(
        &found,
        &Plain,
        &Style::default(),
        &Extras::default(),
    ));
    let again = json::render(&audit(source, &Policy::default()), &Extras::default());
    assert_eq!(text, again, "two audits of one tree differ");
}

/// Law 5: there is no credit without evidence, and evidence is in the tree.
fn check_evidence(source: &Memory, audit: &Audit) {
    for criterion in audit.principles.iter().flat_map(|one| &one.criteria) {
        assert!(
            criterion.verdict == Verdict::Unmet || !criterion.evidence.is_empty(),
            "{} is {} without evidence",
            criterion.id,
            criterion.verdict
        );
    }
    for place in audit.places() {
        let is_folder = source.listing().has_folder(place.path.trim_end_matches('/'));
        let is_known = place.path.is_empty() || place.path.starts_with(".git") || is_folder;
        let Some(file) = source.listing().file(&place.path) else {
            assert!(is_known, "evidence in '{}', which is not there", place.path);
            continue;
        };
        let bytes = source.read(file).expect("a file in memory can be read");
        let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
        let is_notebook = place.place.cell > 0;
        assert!(
            is_notebook || place.place.line as usize <= lines,
            "line {} of '{}', which has {lines}",
            place.place.line,
            place.path
        );
    }
}

/// No report for people carries what a terminal would obey, or what turns text around.
fn is_harmless(report: &str) {
    let bad = report.chars().find(|sign| {
        (sign.is_control() && !matches!(sign, '\n' | '\t'))
            || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(bad, None, "a sign that a terminal obeys");
}

/// Ids as they are.
struct Plain;

impl Vocabulary for Plain {
    fn label(&self, criterion: CriterionId) -> Label<'_> {
        Label {
            label: criterion.name,
            looked_for: "",
        }
    }
}
