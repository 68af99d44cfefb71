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
    let read = counted(project.files_read, "file");
    page.top_border();
    page.boxed_title("MLOPS AUDIT REPORT");
    page.inner_border();
    page.boxed(&paragraph(
        Tone::Heading,
        "Not an ML project: there is nothing to score.",
    ));
    page.boxed(&paragraph(Tone::Plain, ""));
    page.boxed(&paragraph(
        Tone::Plain,
        &format!("{LOOKED_FOR} None was found ({read} read)."),
    ));
    page.boxed(&paragraph(Tone::Plain, ""));
    page.boxed(&paragraph(Tone::Plain, ADVICE));
    page.bottom_border();
}

fn paragraph(tone: Tone, text: &str) -> Paragraph {
    Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::toned(tone, text),
    }
}
