//! Python, tolerant of errors, of templates and of Python 2.
//!
//! The parser's types stay inside this module. A text is read in four steps: `guard` refuses what would exhaust
//! the stack; the parser builds a tree; `bindings` collects what each scope binds; `lower` walks the tree once
//! and resolves names on the way (`resolve`).

mod bindings;
mod databricks;
mod expressions;
mod guard;
mod layout;
pub(crate) mod lexical;
mod lower;
pub(crate) mod places;
mod python2;
mod resolve;
mod statements;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::show;

use std::ops::Range;

use ruff_python_ast::{ModModule, PySourceType};
use ruff_python_parser::{ParseOptions, Parsed, parse_cells_unchecked};
use ruff_text_size::{Ranged as _, TextRange, TextSize};

use crate::Problem;
use crate::code::{Block, BlockKind, Code, Scope, ScopeKind, Text, ThinVec};
use crate::comments::Comment;
use crate::texts::Texts;
use guard::Verdict;
pub use layout::{Layout, Statement, StatementKind};
use lower::Lowering;
use places::Places;

/// Most syntax errors that are reported of one file.
const PROBLEMS: usize = 20;
/// Stack for a tree that is unusually deep. Only what is used of it costs memory.
const LARGE_STACK: usize = 256 << 20;

/// Reads a Python module, or a notebook that Databricks exported as one.
pub fn read(text: &str) -> Code {
    read_sharing(text, &mut Texts::default())
}

/// Reads a module whose names and strings are shared with those of other files.
pub fn read_sharing(text: &str, texts: &mut Texts) -> Code {
    let mut code = match guard::verdict(text) {
        Verdict::Refused(reason) => refused(text, reason),
        Verdict::Shallow => read_module(text, texts),
        Verdict::Deep => {
            on_large_stack(|| read_module(text, texts)).unwrap_or_else(|| refused(text, "could not be read"))
        }
    };
    code.shell_lines.extend(databricks::shell_lines(text));
    code
}

/// The comments of a module; none where it is too deep to be parsed.
pub(crate) fn comments(text: &str) -> Vec<Comment> {
    if !matches!(guard::verdict(text), Verdict::Shallow) {
        return Vec::new();
    }
    let whole = 0..u32::try_from(text.len()).unwrap_or(u32::MAX);
    let places = Places::new(text);
    let parsed = parse(text, &[whole]);
    let comments = parsed.tokens().iter().filter(|token| token.kind().is_comment());
    comments
        .map(|token| Comment {
            place: places.place(token.start().to_u32()),
            text: text[token.range()].to_owned(),
        })
        .collect()
}

/// Reads the cells of a notebook as one module. The ranges are in order, with one line feed between each two.
pub(crate) fn read_cells(text: &str, cells: &[Range<u32>], places: &Places, texts: &mut Texts) -> Code {
    let deep = cells
        .iter()
        .any(|cell| !matches!(verdict_of(text, cell), Verdict::Shallow));
    if deep {
        on_large_stack(|| read_ranges(text, cells, places, texts)).unwrap_or_default()
    } else {
        read_ranges(text, cells, places, texts)
    }
}

/// Why the text of a cell is not to be parsed, if it is not.
pub(crate) fn refusal(text: &str) -> Option<&'static str> {
    match guard::verdict(text) {
        Verdict::Refused(reason) => Some(reason),
        Verdict::Shallow | Verdict::Deep => None,
    }
}

fn verdict_of(text: &str, cell: &Range<u32>) -> Verdict {
    let range = cell.start as usize..cell.end as usize;
    text.get(range).map_or(Verdict::Deep, guard::verdict)
}

fn read_module(text: &str, texts: &mut Texts) -> Code {
    let whole = 0..u32::try_from(text.len()).unwrap_or(u32::MAX);
    read_ranges(text, &[whole], &Places::new(text), texts)
}

fn read_ranges(text: &str, ranges: &[Range<u32>], places: &Places, texts: &mut Texts) -> Code {
    let parsed = parse(text, ranges);
    let rewritten = (!parsed.errors().is_empty())
        .then(|| python2::rewrite(text))
        .flatten();
    match rewritten {
        None => lower(&parsed, places, texts),
        Some(text) => {
            drop(parsed);
            let mut code = lower(&parse(&text, ranges), places, texts);
            code.is_python2 = true;
            code
        }
    }
}

fn parse(text: &str, ranges: &[Range<u32>]) -> Parsed<ModModule> {
    let ranges = ranges
        .iter()
        .map(|range| TextRange::new(TextSize::new(range.start), TextSize::new(range.end)));
    parse_cells_unchecked(text, ranges, &ParseOptions::from(PySourceType::Python))
}

fn lower(parsed: &Parsed<ModModule>, places: &Places, texts: &mut Texts) -> Code {
    let module = parsed.syntax();
    let known = std::mem::take(texts);
    let mut code;
    (code, *texts) = Lowering::new(module, places, known).finish(module);
    code.problems = parsed
        .errors()
        .iter()
        .take(PROBLEMS)
        .map(|error| Problem {
            place: places.place(error.location.start().to_u32()),
            what: in_lower_case(&error.error.to_string()),
        })
        .collect();
    code
}

/// The first letter in lower case, unless the word is written in capitals.
fn in_lower_case(message: &str) -> String {
    let mut characters = message.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(characters).collect::<String>()
        }
        _ => message.to_owned(),
    }
}

/// Runs on a stack of its own; `None` where there is no thread to be had, or it panicked.
fn on_large_stack<T: Send>(read: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(LARGE_STACK);
        thread.spawn_scoped(scope, read).ok()?.join().ok()
    })
}

/// A module of which only the imports are known.
fn refused(text: &str, reason: &str) -> Code {
    Code {
        imports: guard::imports(text),
        problems: vec![Problem::at(0, format!("{reason}; its imports were"))],
        ..empty()
    }
}

/// A module without statements.
pub(crate) fn empty() -> Code {
    Code {
        scopes: vec![Scope {
            kind: ScopeKind::Module,
            name: Text::new(),
            qualified: Text::new(),
            parent: 0,
            block: 0,
            decorators: ThinVec::new(),
            parameters: ThinVec::new(),
            bases: ThinVec::new(),
            place: crate::Place::line(1),
            span: crate::Span::default(),
            is_stub: false,
            gathers: false,
        }],
        blocks: vec![Block {
            kind: BlockKind::Body,
            scope: 0,
            parent: 0,
            place: crate::Place::line(1),
        }],
        ..Code::default()
    }
}
