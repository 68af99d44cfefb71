//! The condition under which a run opens its session: what is recorded later goes by the same one.

use mlops_audit_formats::code::{Assignment, BlockKind, Call, Code, Expr, Origin};
use mlops_audit_formats::python::StatementKind;

use super::sessions::{is_closed, is_tried_together, managed, openings};
use super::{Dialect, Edited, Scene, Spot};
use crate::python::Module;

/// The condition under which the session is open at a statement, as code: of what decided that it opened above, all that
/// does not stand around the statement already. `None` where nothing does, or where it may mean something else by then.
pub(crate) fn condition(
    scene: &Scene<'_>,
    edited: &mut Edited<'_>,
    dialect: Dialect,
    spot: Spot,
) -> Option<String> {
    let opened = openings(scene, dialect.package());
    let [site] = opened.as_slice() else { return None };
    let codebase = scene.codebase();
    let code = &codebase.file(site.file).code;
    let opening = site.call;
    let is_above = site.file == spot.file
        && codebase.node_of(*site) == spot.node
        && opening.span.end < spot.offset
        && managed(code, *site).is_none()
        && is_tried_together(code, opening.block, spot.block)
        && !is_closed(codebase, *site, spot.offset);
    let is_imported = code
        .imports
        .iter()
        .any(|import| import.alias == dialect.package());
    if !is_above || !is_imported {
        return None;
    }
    let mut around = code.blocks_around(opening.block);
    let is_plain = around.all(|block| {
        matches!(
            block.kind,
            BlockKind::Body | BlockKind::Main | BlockKind::If(_) | BlockKind::With(_) | BlockKind::Try
        )
    });
    if !is_plain {
        return None;
    }
    let known = conditions(code, spot.block);
    let mut wanted = conditions(code, opening.block);
    wanted.retain(|condition| !known.contains(condition));
    wanted.reverse();
    let module = edited.module(spot.file)?;
    // Of the branches before an `elif` nothing is known here.
    if !branches(module, opening.span.start).is_empty() {
        return None;
    }
    let above = &module.text()[..opening.span.start as usize];
    let mut parts = Vec::new();
    for condition in wanted {
        let name = switch(condition)?;
        let mut bound = code.assignments.iter();
        let keeps_meaning = !bound.any(|found| changes(module.text(), opening, found, name))
            && !is_turned(module, &known, name, spot);
        let text = match condition {
            Expr::Not(_) => format!("not {name}"),
            _ => name.to_owned(),
        };
        if !keeps_meaning || !above.contains(&text) {
            return None;
        }
        parts.push(text);
    }
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// The statements `if` in whose later branches a byte stands.
fn branches(module: &Module<'_>, offset: u32) -> Vec<usize> {
    let statements = &module.layout.statements;
    let mut found = Vec::new();
    let mut next = module.layout.innermost(offset);
    while let Some(at) = next {
        let statement = &statements[at];
        let is_later = statement.block > 0;
        let branched = |above: &usize| statements[*above].kind == StatementKind::If && is_later;
        found.extend(statement.parent.filter(branched));
        next = statement.parent;
    }
    found
}

/// Whether an assignment may give a switch another meaning once the session is open.
fn changes(text: &str, opening: &Call, found: &Assignment, name: &str) -> bool {
    let target = found.target.as_str();
    let is_it = name == target || name.starts_with(&format!("{target}."));
    if found.scope == opening.scope {
        return is_it && found.span.start > opening.span.start;
    }
    let last = |path: &str| path.rsplit_once('.').map(|(_, last)| last.to_owned());
    let is_shared = |line: &str| {
        let names = line.trim_start();
        let names = names
            .strip_prefix("global ")
            .or_else(|| names.strip_prefix("nonlocal "));
        names.is_some_and(|names| names.split([',', ' ']).any(|name| name.trim() == target))
    };
    // Another function may hold the same object by another name.
    last(name).is_some_and(|attribute| last(target) == Some(attribute))
        || is_it && text.lines().any(is_shared)
}

/// Whether what stands around a statement may ask for the opposite of a switch.
fn is_turned(module: &Module<'_>, known: &[&Expr], name: &str, spot: Spot) -> bool {
    let in_branches = branches(module, spot.offset).into_iter().any(|at| {
        let start = module.layout.statements[at].span.start as usize;
        module.text()[start..spot.offset as usize].contains(name)
    });
    in_branches || known.iter().any(|condition| mentions(condition, name))
}

/// Whether a condition asks for a name.
fn mentions(condition: &Expr, name: &str) -> bool {
    match condition {
        Expr::Name(found) => found.path == name,
        Expr::Not(inner) => mentions(inner, name),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(|part| mentions(part, name)),
        Expr::Compare(first, rest) => {
            mentions(first, name) || rest.iter().any(|(_, value)| mentions(value, name))
        }
        _ => false,
    }
}

/// The conditions around a block, the innermost first.
fn conditions(code: &Code, block: u32) -> Vec<&Expr> {
    let mut found = Vec::new();
    for block in code.blocks_around(block) {
        match &block.kind {
            BlockKind::If(Expr::And(parts)) => found.extend(parts.iter().rev()),
            BlockKind::If(condition) => found.push(condition),
            _ => {}
        }
    }
    found
}

/// The name that a switch is known by: `use_wandb`, `not args.quiet`.
fn switch(condition: &Expr) -> Option<&str> {
    let name = match condition {
        Expr::Not(inner) => inner.as_name()?,
        condition => condition.as_name()?,
    };
    (name.origin != Origin::Import).then_some(name.path.as_str())
}
