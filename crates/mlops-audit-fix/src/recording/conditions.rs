//! The condition under which a run opens its session: what is recorded later goes by the same one.

use mlops_audit_formats::code::{BlockKind, Code, Expr, Origin};

use super::sessions::{is_closed, managed, openings};
use super::{Dialect, Edited, Scene, Spot};

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
        && !is_closed(code, opening, spot.offset);
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
    let above = &module.text()[..opening.span.start as usize];
    let mut parts = Vec::new();
    for condition in wanted {
        let name = switch(condition)?;
        let keeps_meaning = !code.assignments.iter().any(|found| {
            let is_it = name == found.target.as_str() || name.starts_with(&format!("{}.", found.target));
            is_it && found.scope == opening.scope && found.span.start > opening.span.start
        });
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
