//! What stands in the box where the repository is no machine learning: an honest word, and no number.

use mlops_audit_core::audit::ProjectSummary;

use super::counted;
use super::page::{Page, Paragraph};
use super::text::{Text, Tone};

const LOOKED_FOR: &str = "Looked for: code or notebooks that import an ML framework, code that trains, evaluates \
                          or serves a model, and calls of language models.";

const ADVICE: &str = "If this should be an ML project, check that the path is its root and that its code is not \
                      excluded or unreadable.";

pub(super) fn write(page: &mut Page, project: &ProjectSummary) {
    page.top_border();
    page.boxed_title("MLOPS AUDIT REPORT");
    page.inner_border();
    page.boxed(&paragraph(
        Tone::Heading,
        "Not an ML project: there is nothing to score.",
    ));
    for words in words(project.files_read) {
        page.boxed(&paragraph(Tone::Plain, ""));
        page.boxed(&paragraph(Tone::Plain, &words));
    }
    page.bottom_border();
}

/// What was looked for, and what to do where it should have been found.
pub(crate) fn words(files_read: usize) -> [String; 2] {
    let read = counted(files_read, "file");
    [
        format!("{LOOKED_FOR} None was found ({read} read)."),
        ADVICE.to_owned(),
    ]
}

fn paragraph(tone: Tone, text: &str) -> Paragraph {
    Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::toned(tone, text),
    }
}
