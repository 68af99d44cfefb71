//! The comments of a file, for the few files in which one is addressed to the audit.

use crate::{Place, notebook, python};

/// A comment with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands.
    pub place: Place,
    /// Its text from the sign on: `# noqa`.
    pub text: String,
}

/// The comments of a Python module. A text too deep to be parsed has none.
pub fn python(text: &str) -> Vec<Comment> {
    python::comments(text)
}

/// The comments of a notebook's code cells.
pub fn notebook(text: &str) -> Vec<Comment> {
    notebook::comments(text)
}

/// The comments of a format whose comments start with `#`: YAML, TOML, Dockerfiles, shell, Make, R. A sign inside
/// quotes starts none; a quote that stays open on its line is taken for an apostrophe.
pub fn hash(text: &str) -> Vec<Comment> {
    let lines = (1u32..).zip(text.lines());
    lines
        .filter_map(|(line, text)| {
            let start = start_of_comment(text)?;
            Some(Comment {
                place: Place::line(line),
                text: text[start..].to_owned(),
            })
        })
        .collect()
}

/// The byte at which the line's comment starts.
fn start_of_comment(line: &str) -> Option<usize> {
    let mut at = 0;
    let bytes = line.as_bytes();
    while let Some(byte) = bytes.get(at).copied() {
        let after_space = at == 0 || bytes[at - 1].is_ascii_whitespace();
        match byte {
            b'#' if after_space => return Some(at),
            b'"' | b'\'' => {
                let closing = bytes[at + 1..].iter().position(|other| *other == byte);
                at += closing.map_or(1, |distance| distance + 2);
            }
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(comments: &[Comment]) -> Vec<(u32, u32, &str)> {
        comments
            .iter()
            .map(|comment| (comment.place.cell, comment.place.line, comment.text.as_str()))
            .collect()
    }

    #[test]
    fn a_sign_in_a_string_starts_no_comment() {
        let found = python("a = '# no'\n\"\"\"\n# no\n\"\"\"\nb = 1  # yes\n# and yes\n");
        assert_eq!(texts(&found), [(0, 5, "# yes"), (0, 6, "# and yes")]);
        let found = hash("a: '# no'\nb: x#no\nc: it's # yes\n# and yes");
        assert_eq!(texts(&found), [(0, 3, "# yes"), (0, 4, "# and yes")]);
    }

    #[test]
    fn a_notebook_gives_cell_and_line() {
        let text = r##"{"cells": [
            {"cell_type": "markdown", "source": "# a heading"},
            {"cell_type": "code", "source": ["x = 1\n", "y = 2  # yes"]}]}"##;
        assert_eq!(texts(&notebook(text)), [(2, 2, "# yes")]);
    }

    #[test]
    fn no_bytes_are_too_strange() {
        for text in ["", "'", "\"é#", "é # ü", "((((", "{", "\u{feff}# x"] {
            python(text);
            notebook(text);
            hash(text);
        }
    }
}
