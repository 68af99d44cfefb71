//! The code of a file as its spans count it, and how an edit of that code becomes an edit of the file.
//!
//! For a script they are the same; the code of a notebook is what its cells hold, joined.

use std::ops::Range;

use crate::notebook::written::{Written, written};

/// The code of a file.
#[derive(Clone, Debug)]
pub struct CodeText {
    /// The file, decoded.
    file: String,
    notebook: Option<Written>,
}

/// A change of some bytes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// The bytes that give way; empty where text is inserted.
    pub range: Range<usize>,
    /// What stands there instead.
    pub replacement: String,
}

impl TextEdit {
    /// The text with the change made. A range that does not fit the text changes nothing.
    pub fn applied(&self, text: &str) -> String {
        let (Some(before), Some(after)) = (text.get(..self.range.start), text.get(self.range.end..)) else {
            return text.to_owned();
        };
        format!("{before}{}{after}", self.replacement)
    }

    /// The same change without the text at its ends that it leaves as it is.
    #[must_use]
    pub fn trimmed(self, text: &str) -> Self {
        let Some(old) = text.get(self.range.clone()) else {
            return self;
        };
        let same = |(one, other): &(char, char)| one == other;
        let ahead: usize = old
            .chars()
            .zip(self.replacement.chars())
            .take_while(same)
            .map(|(character, _)| character.len_utf8())
            .sum();
        let (old, new) = (&old[ahead..], &self.replacement[ahead..]);
        let behind: usize = old
            .chars()
            .rev()
            .zip(new.chars().rev())
            .take_while(same)
            .map(|(character, _)| character.len_utf8())
            .sum();
        Self {
            range: self.range.start + ahead..self.range.end - behind,
            replacement: new[..new.len() - behind].to_owned(),
        }
    }
}

impl CodeText {
    /// The code of a script or module, in a language whose spans count bytes of the file.
    pub fn of_script(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            notebook: None,
        }
    }

    /// The code of a notebook; `None` where its bytes cannot be followed.
    pub fn of_notebook(file: &str) -> Option<Self> {
        Some(Self {
            notebook: Some(written(file)?),
            file: file.to_owned(),
        })
    }

    /// The code: what spans count bytes of.
    pub fn text(&self) -> &str {
        self.notebook.as_ref().map_or(&self.file, |written| &written.text)
    }

    /// The file as it was decoded.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The stretches of code that are run one by one: the cells of a notebook, else the whole.
    pub fn parts(&self) -> Vec<Range<usize>> {
        match &self.notebook {
            Some(written) => written.ranges.clone(),
            None => std::iter::once(0..self.file.len()).collect(),
        }
    }

    /// The stretch of code that holds this byte.
    pub fn part_at(&self, offset: usize) -> Range<usize> {
        match &self.notebook {
            Some(written) => {
                let cell = written.cell_at(offset);
                cell.map_or(0..0, |cell| written.ranges[cell].clone())
            }
            None => 0..self.file.len(),
        }
    }

    /// The number of the notebook's cell that holds this byte, from 1; 0 where the file is no notebook.
    pub fn cell_at(&self, offset: usize) -> u32 {
        let Some(written) = &self.notebook else { return 0 };
        let cell = written.cell_at(offset);
        cell.and_then(|cell| written.number(cell)).unwrap_or(0)
    }

    /// The edit of the file that changes these bytes of the code; `None` where the file does not write them so, as in
    /// a notebook's line with a magic.
    pub fn edit(&self, range: Range<usize>, replacement: &str) -> Option<TextEdit> {
        match &self.notebook {
            Some(written) => written.edit(&self.file, range, replacement),
            None => Some(TextEdit {
                range,
                replacement: replacement.to_owned(),
            }),
        }
    }

    /// How lines of the code end. A file without line breaks gets line feeds.
    pub fn line_end(&self) -> &'static str {
        let text = self.text();
        match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            None if text.contains('\r') => "\r",
            _ => "\n",
        }
    }

    /// The line that holds a byte, without its end.
    pub fn line_at(&self, offset: usize) -> Range<usize> {
        let text = self.text();
        let part = self.part_at(offset);
        let offset = offset.clamp(part.start, part.end);
        let is_end = |character: char| matches!(character, '\n' | '\r');
        let start = text[part.start..offset]
            .rfind(is_end)
            .map_or(part.start, |at| part.start + at + 1);
        let end = text[offset..part.end]
            .find(is_end)
            .map_or(part.end, |at| offset + at);
        start..end
    }

    /// Where and what to insert for these lines to stand below the line that holds a byte. A part that lacks a last
    /// line break goes on to lack it.
    pub fn below(&self, offset: usize, lines: &[String]) -> (usize, String) {
        let line = self.line_at(offset);
        let end = self.line_end();
        let rest = &self.text()[line.end..self.part_at(offset).end];
        let breaks = ["\r\n", "\n", "\r"].into_iter().find(|end| rest.starts_with(end));
        match breaks {
            Some(found) => (line.end + found.len(), joined(lines, end)),
            None => {
                let lines: String = lines.iter().map(|line| format!("{end}{line}")).collect();
                (line.end, lines)
            }
        }
    }

    /// Where and what to insert for these lines to stand above the line that holds a byte.
    pub fn above(&self, offset: usize, lines: &[String]) -> (usize, String) {
        (self.line_at(offset).start, joined(lines, self.line_end()))
    }
}

fn joined(lines: &[String], end: &str) -> String {
    lines.iter().map(|line| format!("{line}{end}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_below_and_above_others_with_the_ends_that_the_file_has() {
        let lines = ["x".to_owned(), "y".to_owned()];
        let below = |text: &str, at: usize| {
            let code = CodeText::of_script(text);
            let (at, inserted) = code.below(at, &lines);
            code.edit(at..at, &inserted).unwrap().applied(text)
        };
        assert_eq!(below("a\nb\n", 0), "a\nx\ny\nb\n");
        assert_eq!(below("a\r\nb", 0), "a\r\nx\r\ny\r\nb");
        assert_eq!(below("a\nb", 2), "a\nb\nx\ny");
        let code = CodeText::of_script("a\r\nb");
        assert_eq!(code.above(3, &lines), (3, "x\r\ny\r\n".to_owned()));
    }

    #[test]
    fn an_edit_without_its_unchanged_ends_does_the_same() {
        let text = "ab\u{e9}cd";
        let edit = TextEdit {
            range: 0..6,
            replacement: "ab\u{e8}cd".to_owned(),
        };
        let trimmed = edit.clone().trimmed(text);
        assert_eq!(trimmed.range, 2..4);
        assert_eq!(trimmed.applied(text), edit.applied(text));
    }
}
