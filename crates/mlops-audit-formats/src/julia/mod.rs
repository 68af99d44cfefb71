//! Julia: scripts and packages.

mod blocks;
mod brackets;
mod lex;
mod literals;
mod parse;
mod statements;
#[cfg(test)]
mod tests;

use crate::code::{Code, Language};
use crate::ledger::Ledger;
use parse::Parser;

/// Reads Julia source.
///
/// * `using A: b` binds `b` to `A.b`; `using A` binds `A`, and what else it exports is unbound here.
/// * A macro is a call whose last name starts with `@`, its arguments the expressions after it. `@test` and
///   `@assert` are assertions too.
/// * `x |> f` is a call of `f`, `f.(x)` as well.
/// * A `module` of the file is no scope of its own: what stands in it counts as the file's.
/// * Symbols are strings, though not listed; named tuples are [`Expr::Dict`](crate::code::Expr::Dict).
/// * The value of a function's last expression counts as returned.
pub fn read(text: &str) -> Code {
    let mut ledger = Ledger::new(Language::Julia, text);
    Parser::new(&mut ledger, lex::lex(text)).module();
    ledger.finish()
}
