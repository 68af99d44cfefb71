//! Where something stands in its file.

/// A range of bytes in the text that was read, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The line of something that was read, and the cell where the file is a notebook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Number of the notebook's cell among all of its cells, from 1; 0 where the file is no notebook.
    pub cell: u32,
    /// Line in the file or in the cell, from 1; 0 where the whole file is meant.
    pub line: u32,
}

impl Place {
    /// A line of a file that is no notebook.
    pub const fn line(line: u32) -> Self {
        Self { cell: 0, line }
    }
}

/// Something that a reader could not make sense of; the rest of the document counts all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// What is wrong, in lower case and without a full stop.
    pub what: String,
}

impl Problem {
    /// A problem at a line of a plain file.
    pub fn at(line: u32, what: impl Into<String>) -> Self {
        Self {
            place: Place::line(line),
            what: what.into(),
        }
    }
}

/// Finds the line of a byte offset.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Notes where each line of `text` starts. `\n`, `\r\n` and a lone `\r` end a line.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes)
            .filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        let starts = ends.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX));
        Self {
            starts: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// The line, from 1, in which the byte `offset` stands.
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// The lines of the text that this index was made of, each without its end.
    pub fn lines<'text>(&'text self, text: &'text str) -> impl Iterator<Item = &'text str> {
        let ends = self.starts.iter().skip(1).map(|start| *start as usize);
        let bounds = self.starts.iter().zip(ends.chain([text.len()]));
        bounds.map(|(start, end)| {
            text.get(*start as usize..end)
                .unwrap_or_default()
                .trim_end_matches(['\n', '\r'])
        })
    }

    /// The byte at which `line` (from 1) starts, or the last line's start where there are fewer lines.
    pub fn start_of(&self, line: u32) -> u32 {
        let at = (line.max(1) as usize - 1).min(self.starts.len() - 1);
        self.starts[at]
    }
}

#[cfg(test)]
mod tests {
    use super::LineIndex;

    #[test]
    fn every_kind_of_line_end_counts_once() {
        let index = LineIndex::new("a\nb\r\nc\rd");
        let lines: Vec<u32> = [0, 2, 5, 7].iter().map(|offset| index.line(*offset)).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
        assert_eq!(index.start_of(3), 5);
        assert_eq!(
            index.lines("a\nb\r\nc\rd").collect::<Vec<_>>(),
            ["a", "b", "c", "d"]
        );
    }
}
