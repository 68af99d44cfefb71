//! Refuses text whose syntax tree would end the process, before a tree is built.

use super::lexical::{Depths, Lexical};
use crate::code::{BlockId, Import};
use crate::limits::{CHAIN, DEPTH};
use crate::{Place, Span};

/// Largest text that is parsed, in bytes.
const LONGEST: usize = 5_000_000;
/// Most tokens that may nest: a link of a chain has up to four (`a if b else`).
const TOKENS: u32 = 4 * CHAIN as u32 + DEPTH as u32;
/// From here on the tree is built and dropped on a stack of its own.
const SHALLOW: u32 = 100;

/// How a text may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// On the stack of the caller.
    Shallow,
    /// On a large stack.
    Deep,
    /// Not at all, with the reason.
    Refused(&'static str),
}

pub(super) fn verdict(text: &str) -> Verdict {
    if text.len() > LONGEST {
        return Verdict::Refused("is longer than 5 MB and was not read");
    }
    let mut lexical = Lexical::new();
    let bytes = text.as_bytes();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        lexical.feed(&bytes[start..end]);
        start = end + 1;
    }
    let Depths {
        tokens,
        brackets,
        indents,
    } = lexical.depths();
    let depth = u32::try_from(DEPTH).unwrap_or(u32::MAX);
    if brackets > depth || indents > depth || tokens > TOKENS {
        return Verdict::Refused("is nested too deeply to be read");
    }
    if tokens + brackets + 4 * indents > SHALLOW {
        Verdict::Deep
    } else {
        Verdict::Shallow
    }
}

/// The imports at the start of a line, for a text that is not parsed.
pub(super) fn imports(text: &str) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut start = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let span = Span {
            start: offset(start),
            end: offset(start + line.trim_end().len()),
        };
        let place = Place::line(number);
        if line.len() < 1_000 {
            if let Some(rest) = line.strip_prefix("import ") {
                imports.extend(rest.split(',').filter_map(|item| plain(item, place, span)));
            } else if let Some((module, names)) = line
                .strip_prefix("from ")
                .and_then(|rest| rest.split_once(" import "))
            {
                let names = names
                    .split(',')
                    .filter_map(|item| from(module.trim(), item, place, span));
                imports.extend(names);
            }
        }
        start += line.len();
    }
    imports
}

const MODULE_BLOCK: BlockId = 0;

fn plain(item: &str, place: Place, span: Span) -> Option<Import> {
    let (module, alias) = aliased(item)?;
    let first = module.split('.').next().unwrap_or(module);
    Some(Import {
        module: module.into(),
        name: None,
        alias: alias.unwrap_or(first).into(),
        block: MODULE_BLOCK,
        place,
        span,
    })
}

fn from(module: &str, item: &str, place: Place, span: Span) -> Option<Import> {
    let (name, alias) = aliased(item)?;
    let bound = if name == "*" { "" } else { alias.unwrap_or(name) };
    Some(Import {
        module: module.into(),
        name: Some(name.into()),
        alias: bound.into(),
        block: MODULE_BLOCK,
        place,
        span,
    })
}

/// `a.b as c` in two.
fn aliased(item: &str) -> Option<(&str, Option<&str>)> {
    let item = item
        .split(['#', ';'])
        .next()?
        .trim_matches(|character: char| "()\\ \t\r\n".contains(character));
    let mut words = item.split_whitespace();
    let name = words.next()?;
    let valid = name == "*"
        || name
            .chars()
            .all(|character| character.is_alphanumeric() || "._".contains(character));
    let alias = words
        .next()
        .filter(|word| *word == "as")
        .and_then(|_| words.next());
    valid.then_some((name, alias))
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
