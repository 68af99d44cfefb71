//! A call gets a keyword argument more, in the style in which it is written.

use std::fmt;

use mlops_audit_formats::code::{Call, Expr};

use super::Module;

/// A keyword argument to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its names, the preferred first.
    pub names: Vec<String>,
    /// Its position among those without a name, where it has one that people use.
    pub position: Option<u32>,
    /// Its value, as code.
    pub value: String,
}

/// Why a call is not given an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A mapping is spread into it, which may hold the argument already.
    Spread,
    /// The argument is there, with a value that is not simply left out.
    Given,
    /// The call is not written as one.
    Unclear,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Spread => "a mapping is spread into the call, which may hold the argument already",
            Self::Given => "the call is given a value that is no seed",
            Self::Unclear => "the call is not written as one",
        })
    }
}

impl Module<'_> {
    /// Gives a call the argument: puts its value in the place of `None`, or adds it behind the last argument.
    ///
    /// # Errors
    /// Why it is not done.
    pub fn give(&mut self, call: &Call, argument: &Argument) -> Result<(), Refusal> {
        let given = call.arguments.iter().find(|found| {
            let name = found.name.as_ref();
            name.is_some_and(|name| argument.names.iter().any(|known| *known == **name))
        });
        let positional = || {
            let mut unnamed = call.arguments.iter().filter(|found| found.name.is_none());
            unnamed.nth(argument.position? as usize)
        };
        let given = given.or_else(positional);
        if call
            .arguments
            .iter()
            .any(|found| matches!(found.value, Expr::Spread(_)))
        {
            return Err(Refusal::Spread);
        }
        if let Some(given) = given {
            if given.value != Expr::None {
                return Err(Refusal::Given);
            }
            let range = given.span.start as usize..given.span.end as usize;
            self.rewrite.replace(range, argument.value.clone());
            return Ok(());
        }
        let end = (call.span.end as usize).checked_sub(1).ok_or(Refusal::Unclear)?;
        let name = argument.names.first().ok_or(Refusal::Unclear)?;
        if self.text().get(end..=end) != Some(")") {
            return Err(Refusal::Unclear);
        }
        let last = self
            .last_significant(call.span.start as usize, end)
            .ok_or(Refusal::Unclear)?;
        let (at, text) = match self.text().as_bytes()[last] {
            b'(' if argument.position == Some(0) => (last + 1, argument.value.clone()),
            b'(' => (last + 1, format!("{name}={}", argument.value)),
            _ => self.behind(call, last, end, &format!("{name}={}", argument.value)),
        };
        self.rewrite.insert(at, text);
        Ok(())
    }

    /// The last byte before `end` that is neither blank nor part of a comment.
    fn last_significant(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text().as_bytes();
        (start..end).rev().find(|at| {
            let offset = u32::try_from(*at).unwrap_or(u32::MAX);
            !bytes[*at].is_ascii_whitespace() && !self.layout.in_comment(offset)
        })
    }

    /// Where and how the argument stands behind the last one, whose last byte, or the comma behind it, is at `last`.
    /// `closing` is the closing bracket.
    fn behind(&mut self, call: &Call, last: usize, closing: usize, argument: &str) -> (usize, String) {
        let code = self.rewrite.code();
        let (text, line) = (code.text(), code.line_at(last));
        let has_comma = text.as_bytes()[last] == b',';
        let value = call
            .arguments
            .last()
            .map_or(last, |found| found.span.start as usize);
        let opening = code.line_at(call.span.start as usize);
        let indentation = self.indentation(value);
        // An argument that begins its line, below that of the call: the new one gets a line of its own as well.
        let begins_line = !text[code.line_at(value).start + indentation.len()..value].contains([',', '(']);
        let has_own_line = begins_line && code.line_at(value).start > opening.start;
        let closes_below = code.line_at(closing).start > line.start;
        if !has_own_line {
            let written = &text[call.span.start as usize..closing];
            let gap = if written.contains(',') && !written.contains(", ") && !written.contains(",\n") {
                ""
            } else {
                " "
            };
            let text = if has_comma {
                format!("{gap}{argument}")
            } else {
                format!(",{gap}{argument}")
            };
            return (last + 1, text);
        }
        let line_end = code.line_end();
        let ending = if has_comma { "," } else { "" };
        let new_line = format!("{line_end}{indentation}{argument}{ending}");
        if has_comma && closes_below {
            // What stands behind the comma is a comment, and stays there.
            return (line.end, new_line);
        }
        if !closes_below || line.end == last + 1 {
            let comma = if has_comma { "" } else { "," };
            return (last + 1, format!("{comma}{new_line}"));
        }
        let end = line.end;
        self.rewrite.insert(last + 1, ",");
        (end, new_line)
    }
}
