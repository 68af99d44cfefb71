//! R: scripts, packages, and the chunks of R Markdown and Quarto.
//!
//! R attaches whole packages, so most names of a script are unbound here and resolved by who knows the packages.

mod attach;
mod calls;
mod lex;
mod markdown;
mod parse;
mod statements;
#[cfg(test)]
mod tests;

use crate::code::{Code, Language};
use crate::ledger::Ledger;
use parse::Parser;

/// Reads an R script.
///
/// * `library(x)` and its like are calls, and imports too, with the package as alias.
/// * `pkg::f` is the name `pkg.f`; `x$y`, `x@y` and `x[["y"]]` are `x.y`. Dots inside plain names stay.
/// * `c(…)` and `list(…)` are [`Expr::List`](crate::code::Expr::List), or
///   [`Expr::Dict`](crate::code::Expr::Dict) where elements have names, and no calls.
/// * The call that a pipe makes has the piped value as its first argument, or where `.` or `_` stands.
/// * The value of a function's last expression counts as returned.
pub fn read(text: &str) -> Code {
    let mut ledger = Ledger::new(Language::R, text);
    Parser::new(&mut ledger, lex::lex(text, 0)).module();
    ledger.finish()
}

/// Reads the R chunks of an R Markdown or Quarto document; lines are those of the document. Chunks of other
/// languages, and those that are not evaluated, are passed over.
pub fn read_markdown(text: &str) -> Code {
    let mut ledger = Ledger::new(Language::R, text);
    for chunk in markdown::chunks(text) {
        let upto = text.get(..chunk.end).unwrap_or(text);
        Parser::new(&mut ledger, lex::lex(upto, chunk.start)).module();
    }
    ledger.finish()
}
