//! Functions that tell whether data is fit, and callers that refuse what is not.

use mlops_audit_formats::code::{BlockKind, Code, Expr, ScopeKind};

use super::checks::{DATA, checks_input, is_validator};
use super::rows::is_log;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, Node, Site};
use crate::extract::serving::Serving;
use crate::extract::serving::words::has_stem;

/// A file of more calls is not looked through once for each of its checks.
const CALLS: usize = 4_000;

/// The checks of such functions whose answer is heeded.
pub(super) fn heeded(basis: &Basis<'_>, serving: &Serving) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    for (file, source) in codebase.without_tests() {
        if source.is_notebook || is_huge(&source.code) || !basis.listing.in_project(&source.path) {
            continue;
        }
        for (id, scope) in (0u32..).zip(&source.code.scopes) {
            let is_function = scope.kind == ScopeKind::Function && !scope.is_stub;
            if !is_function || !is_validator(scope, &source.path) {
                continue;
            }
            // `validate_secrets` in a folder of data asks for something else.
            let takes_data = has_stem(&scope.name, DATA)
                || scope.parameters.iter().any(|given| has_stem(&given.name, DATA));
            let validator = Definition { file, scope: id };
            if takes_data
                && serving.live.contains(Node::definition(file, id))
                && tells_fit(codebase, validator)
                && codebase
                    .callers_of(validator)
                    .any(|site| is_heeded(codebase, site))
            {
                let what = format!("checks what comes in by {}", scope.name);
                found.push(codebase.evidence(file, scope.place, what));
            }
        }
    }
    found
}

/// Whether a function answers whether columns, types or ranges are those that are wanted.
fn tells_fit(codebase: &Codebase, validator: Definition) -> bool {
    let code = &codebase.file(validator.file).code;
    let scope = &code.scopes[validator.scope as usize];
    let checks = |value: &Expr| checks_input(codebase, validator.file, value);
    let asks = || {
        let own = code.blocks.iter().filter(|block| block.scope == validator.scope);
        own.into_iter().any(|block| match &block.kind {
            BlockKind::If(condition) => checks(condition),
            _ => false,
        })
    };
    // What `all(column in table for column in wanted)` asks for stands in its name alone.
    let is_named = || has_stem(&scope.name, &["column", "schema", "dtype"]);
    codebase.returns_of(validator).any(|result| {
        let answer = match &result.value {
            // `return ok, problems`
            Expr::List(items) => items.first().unwrap_or(&result.value),
            value => value,
        };
        let mut values = vec![answer];
        if let Expr::Name(name) = answer {
            let set = codebase.assignments(validator.file, validator.scope, &name.path);
            values.extend(set.map(|set| &set.value));
        }
        values.into_iter().any(|value| match value {
            Expr::Bool(_) => asks() || is_named(),
            Expr::Compare(..) | Expr::And(_) | Expr::Or(_) | Expr::Not(_) => checks(value) || is_named(),
            Expr::Call(_) => codebase.call_of(validator.file, value).is_some_and(|site| {
                let answers = matches!(site.call.method(), "all" | "any" | "bool" | "issubset" | "equals");
                answers && (checks(value) || is_named())
            }),
            _ => false,
        })
    })
}

fn is_huge(code: &Code) -> bool {
    code.calls.len() > CALLS || code.blocks.len() > CALLS || code.assignments.len() > CALLS
}

/// Whether data that a call finds unfit goes no further.
fn is_heeded(codebase: &Codebase, site: Site<'_>) -> bool {
    let code = &codebase.file(site.file).code;
    if is_huge(code) {
        return false;
    }
    let bound: Vec<&str> = code
        .assignments
        .iter()
        .filter(|found| found.scope == site.call.scope && holds(&found.value, &|inner| is_call(inner, site)))
        .map(|found| found.target.as_str())
        .collect();
    let is_answer = |inner: &Expr| {
        is_call(inner, site) || matches!(inner, Expr::Name(name) if bound.contains(&name.path.as_str()))
    };
    (0u32..).zip(&code.blocks).any(|(id, block)| {
        let (BlockKind::If(condition) | BlockKind::Else(condition)) = &block.kind else {
            return false;
        };
        block.scope == site.call.scope && holds(condition, &is_answer) && {
            let lets_pass = matches!(block.kind, BlockKind::If(_)) && !matches!(condition, Expr::Not(_));
            stops(codebase, site, id) || lets_pass && goes_on(codebase, site, id) || complains(code, id)
        }
    })
}

fn is_call(expr: &Expr, site: Site<'_>) -> bool {
    matches!(expr, Expr::Call(index) if *index == site.index)
}

/// Whether an expression is such a part, or a condition made of it.
fn holds(expr: &Expr, is_part: &dyn Fn(&Expr) -> bool) -> bool {
    match expr {
        Expr::Not(inner) => holds(inner, is_part),
        Expr::And(items) | Expr::Or(items) => items.iter().any(|item| holds(item, is_part)),
        Expr::Compare(first, rest) => {
            holds(first, is_part) || rest.iter().any(|(_, item)| holds(item, is_part))
        }
        other => is_part(other),
    }
}

/// Whether a block raises, ends the program or leaves the function.
fn stops(codebase: &Codebase, site: Site<'_>, block: u32) -> bool {
    let code = &codebase.file(site.file).code;
    code.raises.iter().any(|raise| code.is_within(raise.block, block))
        || code.returning.iter().any(|found| code.is_within(*found, block))
        || codebase.calls_of(site.file).any(|call| {
            matches!(codebase.target(call), "sys.exit" | "exit" | "quit" | "os._exit")
                && code.is_within(call.call.block, block)
        })
}

/// Whether a block does more with the data than to tell of it.
fn goes_on(codebase: &Codebase, site: Site<'_>, block: u32) -> bool {
    let code = &codebase.file(site.file).code;
    codebase.calls_of(site.file).any(|call| {
        code.is_within(call.call.block, block) && call.call.target.path != "print" && !is_log(call)
    })
}

/// Whether a block notes a message, for which the function raises later: `if len(problems) > 0: raise …`.
fn complains(code: &Code, block: u32) -> bool {
    let noted = code
        .assignments
        .iter()
        .filter(|found| code.is_within(found.block, block));
    let mut noted = noted.map(|found| found.target.as_str());
    noted.any(|message| {
        code.raises.iter().any(|raise| {
            let mut around = code.blocks_around(raise.block);
            around.any(|around| match &around.kind {
                BlockKind::If(condition) => {
                    around.scope == code.blocks[block as usize].scope
                        && holds(condition, &|inner| speaks_of(code, inner, message))
                }
                _ => false,
            })
        })
    })
}

/// Whether an expression is a name, or a call that is given it.
fn speaks_of(code: &Code, expr: &Expr, wanted: &str) -> bool {
    match expr {
        Expr::Name(name) => name.path == wanted,
        Expr::Call(index) => code.calls.get(*index as usize).is_some_and(|call| {
            let mut given = call.arguments.iter();
            given.any(|argument| matches!(&argument.value, Expr::Name(name) if name.path == wanted))
        }),
        _ => false,
    }
}
