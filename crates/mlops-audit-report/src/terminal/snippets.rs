//! The evidence of each criterion below the box, with the lines that stand there and the place marked.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::audit::{Audit, CriterionResult};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::excerpts::{Excerpt, Excerpts};

use super::page::{Page, Paragraph};
use super::text::{Text, Tone};
use super::{counted, mark};

/// How many places of a criterion are shown; the JSON form has all of them.
const PLACES: usize = 10;

/// Columns before a place, under the criterion's name.
const INDENT: usize = 2;

pub(super) fn write(page: &mut Page, audit: &Audit, excerpts: &Excerpts) {
    page.blank();
    page.paragraph(&Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::toned(Tone::Heading, "EVIDENCE"),
    });
    let mut seen = BTreeSet::new();
    for criterion in audit.principles.iter().flat_map(|principle| &principle.criteria) {
        page.blank();
        write_criterion(page, criterion, excerpts, &mut seen);
    }
}

/// A criterion with its places. The lines at a place are shown once, however many criteria rest on it.
fn write_criterion<'a>(
    page: &mut Page,
    criterion: &'a CriterionResult,
    excerpts: &Excerpts,
    seen: &mut BTreeSet<(&'a str, u32, u32)>,
) {
    let found = match (criterion.finding.as_str(), criterion.missing.join("; ")) {
        ("", missing) => missing,
        (finding, missing) if missing.is_empty() => finding.to_owned(),
        (finding, missing) => format!("{finding} - {missing}"),
    };
    let name = criterion.id.to_string();
    page.paragraph(&Paragraph {
        indent: 0,
        lead: mark(criterion).and(Tone::Plain, " "),
        body: Text::toned(Tone::Heading, &name).and(Tone::Plain, &format!(": {found}")),
    });
    let shown = &criterion.evidence[..criterion.evidence.len().min(PLACES)];
    for group in shown.chunk_by(|left, right| share_lines(left, right, excerpts)) {
        for place in group {
            let what = if place.what.is_empty() || place.what == criterion.finding {
                String::new()
            } else {
                format!(": {}", place.what)
            };
            page.paragraph(&Paragraph {
                indent: INDENT,
                lead: Text::default(),
                body: Text::plain(&format!("{}{what}", place.location())),
            });
        }
        let mut is_new = false;
        for place in group {
            is_new |= seen.insert((place.path.as_str(), place.place.cell, place.place.line));
        }
        if is_new {
            write_lines(page, group.iter().filter_map(|place| excerpts.get(place)));
        }
    }
    let hidden = criterion.evidence.len() - shown.len();
    if hidden > 0 {
        page.verbatim(INDENT, &format!("and {}", counted(hidden, "more place")));
    }
}

/// Whether two places are so near that their lines overlap or touch.
fn share_lines(left: &Evidence, right: &Evidence, excerpts: &Excerpts) -> bool {
    let is_one_text = left.path == right.path && left.place.cell == right.place.cell;
    match (excerpts.get(left), excerpts.get(right)) {
        (Some(before), Some(after)) if is_one_text => after.first <= before.first + lines_of(before),
        _ => false,
    }
}

fn lines_of(excerpt: &Excerpt) -> u32 {
    u32::try_from(excerpt.lines.len()).unwrap_or(u32::MAX)
}

/// The lines of excerpts that belong together, each once.
fn write_lines<'a>(page: &mut Page, excerpts: impl Iterator<Item = &'a Excerpt>) {
    let mut lines: BTreeMap<u32, (&str, bool)> = BTreeMap::new();
    for excerpt in excerpts {
        for (number, line) in (excerpt.first..).zip(&excerpt.lines) {
            let entry = lines.entry(number).or_insert((line, false));
            entry.1 |= number == excerpt.marked;
        }
    }
    let digits = lines
        .last_key_value()
        .map_or(0, |(last, _)| last.to_string().len());
    for (number, (line, is_marked)) in lines {
        let (tone, sign) = if is_marked {
            (Tone::Heading, '>')
        } else {
            (Tone::Faint, '|')
        };
        let line = Text::plain(&" ".repeat(INDENT + 2)).and(
            tone,
            &format!(
                "{number:>digits$} {sign} {}",
                line.replace('\t', "    ").trim_end()
            ),
        );
        let width = page.width();
        page.line(line.cut_to(width));
    }
}
