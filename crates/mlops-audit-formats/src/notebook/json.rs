//! A notebook's JSON, of which only the code cells and the language are kept.
//!
//! A value may have any type, and where it is not the one that is wanted, it is passed over without being built: a
//! notebook is mostly outputs, and one that is made to do harm has them where the source is expected.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A notebook as far as it is read.
#[derive(Debug, Default)]
pub(super) struct Notebook {
    /// Its code cells.
    pub(super) cells: Vec<CodeCell>,
    /// What the metadata call its language, in the order in which they are believed.
    pub(super) languages: [Option<String>; 3],
    /// Why it has no cells, or not all of them.
    pub(super) problem: Option<&'static str>,
}

/// A code cell.
#[derive(Debug, Default)]
pub(super) struct CodeCell {
    /// Among all cells, from 1.
    pub(super) number: u32,
    /// Its text, lines ended by `\n`.
    pub(super) source: String,
    /// Whether the source has parts that are no text.
    pub(super) is_partial: bool,
}

/// Reads a notebook.
pub(super) fn parse(text: &str) -> Result<Notebook, serde_json::Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut json = serde_json::Deserializer::from_str(text);
    let notebook = Any(NotebookTaker).deserialize(&mut json)?;
    json.end()?;
    Ok(notebook)
}

/// What becomes of a value of each type.
trait Taker<'de>: Sized {
    type Taken;

    /// A number, a truth value, or whatever else is not wanted.
    fn other(self) -> Self::Taken;

    fn null(self) -> Self::Taken {
        self.other()
    }

    fn text(self, _text: &str) -> Self::Taken {
        self.other()
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Taken, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Taken, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }
}

/// Hands a value to a taker.
struct Any<T>(T);

impl<'de, T: Taker<'de>> DeserializeSeed<'de> for Any<T> {
    type Value = T::Taken;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<T::Taken, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, T: Taker<'de>> Visitor<'de> for Any<T> {
    type Value = T::Taken;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<T::Taken, E> {
        Ok(self.0.other())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T::Taken, E> {
        Ok(self.0.other())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T::Taken, E> {
        Ok(self.0.other())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T::Taken, E> {
        Ok(self.0.other())
    }

    fn visit_unit<E: Error>(self) -> Result<T::Taken, E> {
        Ok(self.0.null())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T::Taken, E> {
        Ok(self.0.text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T::Taken, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T::Taken, A::Error> {
        self.0.map(map)
    }
}

struct NotebookTaker;

impl<'de> Taker<'de> for NotebookTaker {
    type Taken = Notebook;

    fn other(self) -> Notebook {
        Notebook {
            problem: Some("is no notebook: its JSON is no mapping"),
            ..Notebook::default()
        }
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Notebook, A::Error> {
        let mut cells = Cells::default();
        let mut sheets = Cells::default();
        let mut languages = <[Option<String>; 3]>::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "cells" => cells = map.next_value_seed(Any(CellsTaker))?,
                "worksheets" => sheets = map.next_value_seed(Any(SheetsTaker))?,
                "metadata" => languages = map.next_value_seed(Any(MetadataTaker))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        cells.append(sheets);
        Ok(Notebook {
            cells: cells.code,
            languages,
            problem: cells.problem,
        })
    }
}

/// Cells, of which those with code are kept.
#[derive(Default)]
struct Cells {
    code: Vec<CodeCell>,
    /// How many cells there are.
    count: u32,
    problem: Option<&'static str>,
}

impl Cells {
    fn wrong(problem: &'static str) -> Self {
        Self {
            problem: Some(problem),
            ..Self::default()
        }
    }

    fn append(&mut self, more: Self) {
        let before = self.count;
        self.code.extend(more.code.into_iter().map(|cell| CodeCell {
            number: cell.number.saturating_add(before),
            ..cell
        }));
        self.count = before.saturating_add(more.count);
        self.problem = self.problem.or(more.problem);
    }
}

struct CellsTaker;

impl<'de> Taker<'de> for CellsTaker {
    type Taken = Cells;

    fn other(self) -> Cells {
        Cells::wrong("its cells are no list")
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cells, A::Error> {
        let mut cells = Cells::default();
        while let Some(cell) = list.next_element_seed(Any(CellTaker))? {
            cells.count = cells.count.saturating_add(1);
            match cell {
                Cell::Code(cell) => cells.code.push(CodeCell {
                    number: cells.count,
                    ..cell
                }),
                Cell::Other => {}
                Cell::None => cells.problem = Some("a cell is no mapping"),
            }
        }
        Ok(cells)
    }
}

/// The worksheets of nbformat 3, each with cells.
struct SheetsTaker;

impl<'de> Taker<'de> for SheetsTaker {
    type Taken = Cells;

    fn other(self) -> Cells {
        Cells::wrong("its worksheets are no list")
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cells, A::Error> {
        let mut cells = Cells::default();
        while let Some(more) = list.next_element_seed(Any(SheetTaker))? {
            cells.append(more);
        }
        Ok(cells)
    }
}

struct SheetTaker;

impl<'de> Taker<'de> for SheetTaker {
    type Taken = Cells;

    fn other(self) -> Cells {
        Cells::wrong("a worksheet is no mapping")
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cells, A::Error> {
        let mut cells = Cells::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "cells" {
                cells = map.next_value_seed(Any(CellsTaker))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(cells)
    }
}

enum Cell {
    Code(CodeCell),
    Other,
    /// What stands in its place is no cell.
    None,
}

struct CellTaker;

impl<'de> Taker<'de> for CellTaker {
    type Taken = Cell;

    fn other(self) -> Cell {
        Cell::None
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        let (mut kind, mut source, mut input) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "cell_type" => kind = map.next_value_seed(Any(TextTaker))?,
                "source" => source = map.next_value_seed(Any(SourceTaker))?,
                // The source in nbformat 3.
                "input" => input = map.next_value_seed(Any(SourceTaker))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(match kind.as_deref() {
            Some("code") => Cell::Code(source.or(input).unwrap_or_default()),
            _ => Cell::Other,
        })
    }
}

/// A text, or a list of texts; what is neither is left out.
struct SourceTaker;

impl<'de> Taker<'de> for SourceTaker {
    type Taken = Option<CodeCell>;

    fn other(self) -> Option<CodeCell> {
        Some(CodeCell {
            is_partial: true,
            ..CodeCell::default()
        })
    }

    fn null(self) -> Option<CodeCell> {
        None
    }

    fn text(self, text: &str) -> Option<CodeCell> {
        Some(CodeCell {
            source: with_plain_ends(text),
            ..CodeCell::default()
        })
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<CodeCell>, A::Error> {
        let mut cell = CodeCell::default();
        while let Some(part) = list.next_element_seed(Any(TextTaker))? {
            match part {
                Some(part) => cell.source.push_str(&part),
                None => cell.is_partial = true,
            }
        }
        cell.source = with_plain_ends(&cell.source);
        Ok(Some(cell))
    }
}

fn with_plain_ends(text: &str) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    }
}

/// A text.
struct TextTaker;

impl<'de> Taker<'de> for TextTaker {
    type Taken = Option<String>;

    fn other(self) -> Option<String> {
        None
    }

    fn text(self, text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

/// The names of the language in a notebook's metadata.
struct MetadataTaker;

impl<'de> Taker<'de> for MetadataTaker {
    type Taken = [Option<String>; 3];

    fn other(self) -> Self::Taken {
        Self::Taken::default()
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Taken, A::Error> {
        let (mut information, mut kernel) = ([None, None], [None, None]);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "language_info" => information = map.next_value_seed(Any(LanguageTaker))?,
                "kernelspec" => kernel = map.next_value_seed(Any(LanguageTaker))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let [_, name] = information;
        let [language, kernel] = kernel;
        Ok([name, language, kernel])
    }
}

/// `language` and `name` of a mapping.
struct LanguageTaker;

impl<'de> Taker<'de> for LanguageTaker {
    type Taken = [Option<String>; 2];

    fn other(self) -> Self::Taken {
        Self::Taken::default()
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Taken, A::Error> {
        let (mut language, mut name) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "language" => language = map.next_value_seed(Any(TextTaker))?,
                "name" => name = map.next_value_seed(Any(TextTaker))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok([language, name])
    }
}
