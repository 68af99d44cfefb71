//! The criteria as rules.

use mlops_audit_core::judge::Criterion;
use serde_json::{Value, json};

use crate::gaps::title;
use crate::terminal::{Style, markdown};

/// A criterion as a rule. Its level is that of a gap of middle priority; each result has its own.
pub(super) fn rule(criterion: &'static Criterion) -> Value {
    let page = without_links(explained(criterion.page));
    let style = Style {
        width: 100,
        colour: false,
    };
    json!({
        "id": criterion.id.to_string(),
        "name": name(title(criterion)),
        "shortDescription": { "text": title(criterion) },
        "fullDescription": { "text": why(criterion.page) },
        "help": { "text": markdown(&page, &style), "markdown": page },
        "defaultConfiguration": { "level": "warning" },
        "properties": { "tags": ["mlops", criterion.id.principle.as_str()] },
    })
}

/// The page without its examples, which are tests more than explanations.
fn explained(page: &str) -> &str {
    page.split_once("\n## Examples").map_or(page, |(text, _)| text)
}

/// The first paragraph of `Why it matters`.
fn why(page: &str) -> &str {
    let text = page
        .split_once("## Why it matters")
        .map_or(page, |(_, text)| text);
    text.trim().split("\n\n").next().unwrap_or_default().trim()
}

/// `Continuous integration` as `ContinuousIntegration`.
fn name(title: &str) -> String {
    let capital = |word: &str| {
        let mut characters = word.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(characters).collect::<String>()
    };
    title.split_whitespace().map(capital).collect()
}

/// Links from page to page lead nowhere outside the repository of this program; their text stays.
fn without_links(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(at) = rest.find("](") {
        let (before, after) = rest.split_at(at);
        let end = after.find(')').map_or(after.len(), |end| end + 1);
        let target = &after[2..end.saturating_sub(1).max(2)];
        match before.rfind('[').filter(|_| target.ends_with(".md")) {
            Some(open) => {
                text.push_str(&before[..open]);
                text.push_str(&before[open + 1..]);
            }
            None => {
                text.push_str(before);
                text.push_str(&after[..end]);
            }
        }
        rest = &after[end..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::{name, without_links};

    #[test]
    fn links_between_pages_become_their_text() {
        assert_eq!(
            without_links("see [`a.b`](../a/b.md), [c](d.md) and [e](https://example.com/) (f)"),
            "see `a.b`, c and [e](https://example.com/) (f)"
        );
    }

    #[test]
    fn names_are_written_in_one_word() {
        assert_eq!(name("Rebuild from scratch"), "RebuildFromScratch");
    }
}
