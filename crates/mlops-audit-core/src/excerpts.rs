//! The lines that evidence points at, so that a report can show them.
//!
//! Documents are dropped once their facts are taken, so the few files that an audit names are read once more, through
//! the same source.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::{LineIndex, Place, decode, notebook};

use crate::audit::Audit;
use crate::discover::{Presence, Source};
use crate::evidence::Evidence;
use crate::landmarks::Landmarks;
use crate::read::Format;

/// Lines shown before and after the line that is meant.
const AROUND: u32 = 2;

/// Characters of a line that are shown at most: minified files have lines of megabytes.
const WIDEST: usize = 240;

/// A few lines of a file, around the one that evidence points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Number of the first line shown, from 1; in a notebook, counted within the cell.
    pub first: u32,
    /// The lines, each without its end; a long one is cut and ends in `…`.
    pub lines: Vec<String>,
    /// The line that is meant, numbered as `first` is.
    pub marked: u32,
    /// The line of the file itself, from 1. It differs from `marked` in notebooks, whose cells are lines of JSON.
    pub line_of_file: u32,
}

impl Excerpt {
    /// The line that is meant.
    pub fn marked_line(&self) -> &str {
        let at = self.marked.saturating_sub(self.first) as usize;
        self.lines.get(at).map_or("", String::as_str)
    }
}

/// The excerpts of an audit, by place, with the files that stand for the parts of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpts {
    by_place: BTreeMap<(String, Place), Excerpt>,
    /// Where a gap that has no line of its own would be mended.
    pub landmarks: Landmarks,
}

impl Excerpts {
    /// Reads the lines that the audit names. What cannot be read has no excerpt; the audit lists it as unread.
    pub fn of(source: &dyn Source, audit: &Audit) -> Self {
        let mut wanted: BTreeMap<&str, BTreeSet<Place>> = BTreeMap::new();
        for evidence in audit.places() {
            if evidence.place.line > 0 {
                wanted.entry(&evidence.path).or_default().insert(evidence.place);
            }
        }
        let mut excerpts = Self {
            by_place: BTreeMap::new(),
            landmarks: Landmarks::of(source.listing(), audit),
        };
        for (path, places) in wanted {
            let Some(text) = text_of(source, path) else {
                continue;
            };
            let is_notebook = places.iter().any(|place| place.cell > 0);
            let cells = if is_notebook {
                notebook::cells(&text)
            } else {
                Vec::new()
            };
            let index = LineIndex::new(&text);
            let lines: Vec<&str> = index.lines(&text).collect();
            for place in places {
                let found = match place.cell {
                    0 => excerpt(&lines, place.line, |line| line),
                    cell => cells.iter().find(|known| known.number == cell).and_then(|cell| {
                        let lines: Vec<&str> = cell.lines.iter().map(|(_, line)| line.as_str()).collect();
                        let of_file =
                            |line: u32| cell.lines.get(line as usize - 1).map_or(1, |found| found.0);
                        excerpt(&lines, place.line, of_file)
                    }),
                };
                if let Some(found) = found {
                    excerpts.by_place.insert((path.to_owned(), place), found);
                }
            }
        }
        excerpts
    }

    /// The lines that the evidence points at; `None` where it names a whole file, or what could not be read.
    pub fn get(&self, evidence: &Evidence) -> Option<&Excerpt> {
        self.by_place.get(&(evidence.path.clone(), evidence.place))
    }
}

fn text_of(source: &dyn Source, path: &str) -> Option<String> {
    let file = source.listing().file(path)?;
    let is_read = file.presence != Presence::Missing
        && Format::of(file).is_some_and(|format| file.size <= format.largest());
    if !is_read {
        return None;
    }
    let decoded = decode::decode_owned(source.read(file).ok()?);
    (!decoded.is_binary).then(|| decoded.text.to_string())
}

fn excerpt(lines: &[&str], line: u32, line_of_file: impl Fn(u32) -> u32) -> Option<Excerpt> {
    let last = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    if line == 0 || line > last {
        return None;
    }
    let first = line.saturating_sub(AROUND).max(1);
    let end = line.saturating_add(AROUND).min(last);
    let shown = &lines[first as usize - 1..end as usize];
    Some(Excerpt {
        first,
        lines: shown.iter().map(|line| cut(line)).collect(),
        marked: line,
        line_of_file: line_of_file(line),
    })
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Excerpts, WIDEST};
    use crate::audit::Audit;
    use crate::catalogue::Catalogue;
    use crate::discover::Memory;
    use crate::evidence::Evidence;
    use crate::policy::Policy;
    use mlops_audit_formats::Place;

    fn at(path: &str, cell: u32, line: u32) -> Evidence {
        Evidence::new(path, Place { cell, line }, "")
    }

    fn excerpts(source: &Memory, places: Vec<Evidence>) -> Excerpts {
        let mut audit: Audit = crate::audit(source, &Catalogue::new(Vec::new()), &Policy::default());
        audit.assessment.training_entry_points = places;
        Excerpts::of(source, &audit)
    }

    #[test]
    fn a_line_is_shown_with_those_around_it() {
        let source = Memory::from_text("=== a.py\none\ntwo\nthree\nfour\nfive\nsix\n");
        let found = excerpts(
            &source,
            vec![at("a.py", 0, 1), at("a.py", 0, 4), at("a.py", 0, 99)],
        );
        let first = found.get(&at("a.py", 0, 1)).expect("line 1 exists");
        assert_eq!((first.first, first.marked, first.marked_line()), (1, 1, "one"));
        let fourth = found.get(&at("a.py", 0, 4)).expect("line 4 exists");
        assert_eq!(fourth.lines, ["two", "three", "four", "five", "six"]);
        assert_eq!(fourth.marked_line(), "four");
        assert_eq!(found.get(&at("a.py", 0, 99)), None);
        assert_eq!(found.get(&at("gone.py", 0, 1)), None);
    }

    #[test]
    fn a_cell_of_a_notebook_knows_its_line_of_the_file() {
        let source = Memory::from_text(
            "=== n.ipynb\n{\"cells\": [\n {\"cell_type\": \"markdown\", \"source\": \"# A\"},\n {\"cell_type\": \"code\", \"source\": [\n  \"import a\\n\",\n  \"a.fit()\"]}],\n\"nbformat\": 4}\n",
        );
        let found = excerpts(&source, vec![at("n.ipynb", 2, 2)]);
        let second = found.get(&at("n.ipynb", 2, 2)).expect("cell 2 has two lines");
        assert_eq!((second.marked_line(), second.line_of_file), ("a.fit()", 5));
    }

    #[test]
    fn an_endless_line_is_cut() {
        let source = Memory::from_text(&format!("=== a.py\n{}\n", "é".repeat(1000)));
        let found = excerpts(&source, vec![at("a.py", 0, 1)]);
        let line = found.get(&at("a.py", 0, 1)).expect("line 1 exists").marked_line();
        assert_eq!(line.chars().count(), WIDEST + 1);
    }
}
