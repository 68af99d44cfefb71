//! What the audit did not see: files that could not be read, and limits that were hit.

use mlops_audit_core::audit::ProjectSummary;

use super::counted;
use super::page::{Page, Paragraph};
use super::text::{Text, Tone};

/// How many unread files are named; the JSON form names all of them.
const NAMED: usize = 5;

pub(super) fn write(page: &mut Page, project: &ProjectSummary) {
    if !project.unread.is_empty() {
        let items = project
            .unread
            .iter()
            .map(|unread| format!("{}: {}", unread.path, unread.why));
        let heading = format!(
            "NOT READ, OR ONLY IN PART: {}",
            counted(project.unread.len(), "path")
        );
        write_list(page, &heading, items.take(NAMED));
        if project.unread.len() > NAMED {
            page.verbatim(2, &format!("and {} more", project.unread.len() - NAMED));
        }
    }
    if !project.limits_hit.is_empty() {
        write_list(page, "LIMITS HIT", project.limits_hit.iter().cloned());
    }
}

fn write_list(page: &mut Page, heading: &str, items: impl Iterator<Item = String>) {
    page.blank();
    let lead = Text::default();
    page.paragraph(&Paragraph {
        indent: 0,
        lead,
        body: Text::toned(Tone::Heading, heading),
    });
    for item in items {
        page.paragraph(&Paragraph {
            indent: 0,
            lead: Text::plain("- "),
            body: Text::plain(&item),
        });
    }
}
