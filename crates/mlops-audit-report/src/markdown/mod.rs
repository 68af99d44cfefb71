//! The report as Markdown, for a comment on a pull request or a page of a wiki: the answer on top, then the six
//! principles, the evidence behind folds, and what to do.
//!
//! Everything that comes from the repository passes through `escape`, so that no file name can make a link, a
//! mention or markup. The text keeps under the size of a comment: evidence is cut first, then the implementations
//! of what is less urgent, and the last line says what was left out.

mod advice;
mod answer;
pub(crate) mod escape;
mod evidence;
mod rest;

use mlops_audit_core::audit::{Audit, CriterionResult, Priority};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::excerpts::Excerpts;

use crate::Extras;
use crate::hosting;
use crate::terminal::{Vocabulary, counted};

/// The largest text, in units of UTF-16, which are never fewer than characters. GitHub refuses comments of more than
/// 65,536 characters; the difference is left to whoever adds a few lines around it.
const LARGEST: usize = 60_000;

/// How much is shown, from all down to the least.
const DETAILS: [Detail; 10] = [
    Detail::new(usize::MAX, true, Some(Priority::Low)),
    Detail::new(20, true, Some(Priority::Low)),
    Detail::new(10, true, Some(Priority::Low)),
    Detail::new(5, true, Some(Priority::Low)),
    Detail::new(3, false, Some(Priority::Low)),
    Detail::new(1, false, Some(Priority::Low)),
    Detail::new(1, false, Some(Priority::Medium)),
    Detail::new(1, false, Some(Priority::High)),
    Detail::new(0, false, Some(Priority::Critical)),
    Detail::new(0, false, None),
];

/// How much is shown.
#[derive(Clone, Copy, Debug)]
struct Detail {
    /// How many places of a criterion are named.
    places: usize,
    /// Whether the line that stands at a place is shown.
    lines: bool,
    /// The least urgent recommendations that keep their implementation.
    implementations: Option<Priority>,
}

impl Detail {
    const fn new(places: usize, lines: bool, implementations: Option<Priority>) -> Self {
        Self {
            places,
            lines,
            implementations,
        }
    }
}

/// Renders the whole report, which ends in a line break.
pub fn render(
    audit: &Audit,
    vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
    excerpts: &Excerpts,
) -> String {
    let mut pages = DETAILS.iter().map(|detail| {
        let mut page = Page::new(audit, vocabulary, excerpts, *detail);
        page.write(extras);
        page
    });
    let first_that_fits = pages.find_map(|page| {
        let text = page.text(page.blocks.len());
        (size(&text) <= LARGEST).then_some(text)
    });
    first_that_fits.unwrap_or_else(|| {
        let mut page = Page::new(audit, vocabulary, excerpts, DETAILS[DETAILS.len() - 1]);
        page.write(extras);
        page.text_that_fits()
    })
}

fn size(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The report as it grows, in blocks that each stand for themselves.
struct Page<'a> {
    audit: &'a Audit,
    vocabulary: &'a dyn Vocabulary,
    excerpts: &'a Excerpts,
    detail: Detail,
    blocks: Vec<String>,
    places_left_out: usize,
    lines_left_out: usize,
    implementations_left_out: usize,
}

impl<'a> Page<'a> {
    fn new(audit: &'a Audit, vocabulary: &'a dyn Vocabulary, excerpts: &'a Excerpts, detail: Detail) -> Self {
        Self {
            audit,
            vocabulary,
            excerpts,
            detail,
            blocks: Vec::new(),
            places_left_out: 0,
            lines_left_out: 0,
            implementations_left_out: 0,
        }
    }

    fn write(&mut self, extras: &Extras<'_>) {
        answer::write(self);
        rest::write_gates(self, extras);
        if let Some(standing) = &self.audit.standing {
            answer::write_principles(self);
            evidence::write(self);
            advice::write(self, standing, extras.top);
            advice::write_plan(self, standing, extras);
        }
        rest::write(self, extras);
    }

    fn block(&mut self, block: impl Into<String>) {
        self.blocks.push(block.into());
    }

    /// Blocks behind a fold. The summary is made of the report's own words.
    fn folded(&mut self, summary: &str, inner: &[String]) {
        self.block(format!(
            "<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>",
            inner.join("\n\n")
        ));
    }

    /// A place as code, linked to the hosting service where that is known.
    fn place(&self, evidence: &Evidence) -> String {
        let shown = escape::code(&evidence.location());
        // The lines of a cell are no lines of the notebook's file.
        let line = match self.excerpts.get(evidence) {
            Some(excerpt) => Some(excerpt.line_of_file),
            None if evidence.place.cell > 0 => None,
            None => Some(evidence.place.line),
        };
        match hosting::link(&self.audit.project, &evidence.path, line) {
            Some(address) => format!("[{shown}]({address})"),
            None => shown,
        }
    }

    /// The first so many blocks, and what was left out.
    fn text(&self, blocks: usize) -> String {
        let mut text = self.blocks[..blocks].join("\n\n");
        text.push('\n');
        let mut left_out = Vec::new();
        let parts = [
            (self.places_left_out, "place of evidence", "places of evidence"),
            (
                self.lines_left_out,
                "line that stands at a place",
                "lines that stand at the places",
            ),
            (self.implementations_left_out, "implementation", "implementations"),
            (self.blocks.len() - blocks, "part at the end", "parts at the end"),
        ];
        for (number, one, several) in parts {
            match number {
                0 => {}
                1 => left_out.push(format!("1 {one}")),
                number => left_out.push(format!("{number} {several}")),
            }
        }
        if !left_out.is_empty() {
            text.push_str(&format!(
                "\n> Left out, to stay under the size of a comment: {}. The other forms of the report have all of it.\n",
                left_out.join(", ")
            ));
        }
        text
    }

    /// As many blocks as fit: one is always left out whole, so that no fence and no fold stays open.
    fn text_that_fits(&self) -> String {
        let mut kept = self.blocks.len();
        loop {
            let text = self.text(kept);
            if size(&text) <= LARGEST || kept == 0 {
                return text;
            }
            kept -= 1;
        }
    }

    fn label(&self, criterion: &CriterionResult) -> &'a str {
        self.vocabulary.label(criterion.id).label
    }
}

/// `` `testing.unit`, `testing.model` ``.
fn listed(ids: &[impl ToString]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| escape::code(&id.to_string())).collect();
    ids.join(", ")
}

/// `, and 3 more places`; empty where there are no more.
fn and_more(number: usize, thing: &str) -> String {
    match number {
        0 => String::new(),
        number => format!(" and {}", counted(number, &format!("more {thing}"))),
    }
}
