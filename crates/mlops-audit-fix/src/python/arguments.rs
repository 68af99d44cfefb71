//! A call gets a keyword argument more, in the style in which it is written.

use mlops_audit_formats::code::{Call, Expr};

use super::Module;

/// A keyword argument to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its names, the preferred first.
    pub names: Vec<String>,
    /// Its position, where a call without arguments is better given the value alone.
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

impl Module<'_> {
    /// Gives a call the argument: puts its value in the place of `None`, or adds it behind the last argument.
    ///
    /// # Errors
    /// Why it is not done.
    pub fn give(&mut self, call: &Call, argument: &Argument) -> Result<(), Refusal> {
        let given = call.arguments.iter().find(|found| {
            let name = found.name.as_ref();
            name.is_some_and(|name| argument.names.contains(name))
        });
        if let Some(given) = given {
            if given.value != Expr::None {
                return Err(Refusal::Given);
            }
            let range = given.span.start as usize..given.span.end as usize;
            self.rewrite.replace(range, argument.value.clone());
            return Ok(());
        }
        if call
            .arguments
            .iter()
            .any(|found| matches!(found.value, Expr::Spread(_)))
        {
            return Err(Refusal::Spread);
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
            byte => self.behind(last, end, byte == b',', &format!("{name}={}", argument.value)),
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

    /// Where and how the argument stands behind the last one, which ends at `last`; `closing` is the closing bracket.
    fn behind(&mut self, last: usize, closing: usize, has_comma: bool, argument: &str) -> (usize, String) {
        let code = self.rewrite.code();
        let own_line = code.line_at(last);
        let closes_below = code.line_at(closing).start > own_line.start;
        if !closes_below {
            let text = if has_comma {
                format!(" {argument}")
            } else {
                format!(", {argument}")
            };
            return (last + 1, text);
        }
        // One argument a line, the bracket on a line of its own: the new one gets a line too.
        let indentation = self.indentation(last);
        let (comma, ending) = if has_comma { ("", ",") } else { (",", "") };
        let line = format!("{indentation}{argument}{ending}");
        let line_end = code.line_end();
        if own_line.end == last + 1 {
            return (last + 1, format!("{comma}{line_end}{line}"));
        }
        // Behind the last argument stands a comment: the comma goes before it, the line below it.
        let below = format!("{line_end}{line}");
        let end = own_line.end;
        if comma.is_empty() {
            (end, below)
        } else {
            self.rewrite.insert(last + 1, comma);
            (end, below)
        }
    }
}
