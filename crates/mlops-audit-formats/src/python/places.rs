//! From a byte of the text that was parsed to a line, or to a line of a notebook's cell.

use std::ops::Range;

use crate::{LineIndex, Place};

/// Lines of a text, and where the cells of a notebook start in it.
#[derive(Debug)]
pub(crate) struct Places {
    index: LineIndex,
    /// First line and number of each cell, ascending. Empty where the text is no notebook.
    cells: Vec<(u32, u32)>,
}

impl Places {
    pub(crate) fn new(text: &str) -> Self {
        Self::in_cells(text, Vec::new())
    }

    pub(crate) fn in_cells(text: &str, cells: Vec<(u32, u32)>) -> Self {
        Self {
            index: LineIndex::new(text),
            cells,
        }
    }

    /// The line of the whole text that holds a byte, and the bytes of that line.
    pub(crate) fn line(&self, offset: u32) -> (u32, Range<u32>) {
        let line = self.index.line(offset);
        let start = self.index.start_of(line);
        let next = self.index.start_of(line + 1);
        (line, start..if next > start { next } else { u32::MAX })
    }

    /// The place of a line of the whole text.
    pub(crate) fn of_line(&self, line: u32) -> Place {
        match self.cells.partition_point(|(first, _)| *first <= line) {
            0 => Place::line(line),
            after => {
                let (first, cell) = self.cells[after - 1];
                Place {
                    cell,
                    line: line - first + 1,
                }
            }
        }
    }

    pub(crate) fn place(&self, offset: u32) -> Place {
        self.of_line(self.index.line(offset))
    }
}
