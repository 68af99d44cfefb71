//! Classes that look like settings and are none: what a command line takes, and what a route is asked with.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, Scope, ScopeKind};
use mlops_audit_formats::dotted::last_segment;

use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, FileIndex, Resolved, Site};

/// How deep the arguments of a parser are looked into: lists, and what they are spread from.
const DEPTH: u32 = 3;

/// The modules whose every class is what a parser of command lines is made from, and that nothing makes objects of.
pub(super) fn of_command_lines(basis: &Basis<'_>) -> BTreeSet<FileIndex> {
    let codebase = &basis.codebase;
    let mut parsed: BTreeSet<Definition> = BTreeSet::new();
    for site in codebase.calls_by_target(parses_classes) {
        for argument in &site.call.arguments {
            add_classes(codebase, site, &argument.value, DEPTH, &mut parsed);
        }
    }
    let files: BTreeSet<FileIndex> = parsed.iter().map(|class| class.file).collect();
    let is_parsed =
        |class: Definition| parsed.contains(&class) && codebase.callers_of(class).next().is_none();
    files
        .into_iter()
        .filter(|file| classes_of(codebase, *file).all(is_parsed))
        .collect()
}

/// Whether calls of this qualified name make a command line out of the fields of classes.
fn parses_classes(target: &str) -> bool {
    match last_segment(target) {
        "HfArgumentParser" | "TrlParser" => true,
        "cli" => target == "tyro.cli",
        "parse" => target == "simple_parsing.parse",
        _ => false,
    }
}

fn add_classes(
    codebase: &Codebase,
    site: Site<'_>,
    value: &Expr,
    depth: u32,
    found: &mut BTreeSet<Definition>,
) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Expr::List(items) => {
            for item in items {
                add_classes(codebase, site, item, depth, found);
            }
        }
        Expr::Name(name) => {
            let meant = codebase.resolve(site.file, name, site.call.scope);
            if let Resolved::Definition(meant) = meant {
                // A package may hand on a class from a module of the same name.
                let scopes = || (0..).zip(&codebase.file(meant.file).code.scopes);
                let named = |(_, scope): &(u32, &Scope)| scope.name == last_segment(&name.path);
                let scope = match meant.scope {
                    0 => scopes().find(named).map_or(0, |(scope, _)| scope),
                    scope => scope,
                };
                let class = Definition { scope, ..meant };
                if codebase.scope(class).kind == ScopeKind::Class {
                    found.insert(class);
                }
            } else {
                let mut set = codebase.assignments(site.file, site.call.scope, &name.path);
                if let Some(set) = set.next().filter(|set| set.value != *value) {
                    add_classes(codebase, site, &set.value, depth, found);
                }
            }
        }
        _ => {}
    }
}

/// The classes of a module.
fn classes_of(codebase: &Codebase, file: FileIndex) -> impl Iterator<Item = Definition> {
    let scopes = (0..).zip(&codebase.file(file).code.scopes);
    let classes = scopes.filter(|(_, scope)| scope.kind == ScopeKind::Class);
    classes.map(move |(scope, _)| Definition { file, scope })
}

/// The modules whose classes say what a route is asked with.
pub(super) fn of_requests(basis: &Basis<'_>) -> BTreeSet<FileIndex> {
    let codebase = &basis.codebase;
    let mut found = BTreeSet::new();
    for (file, source) in codebase.without_tests() {
        for scope in &source.code.scopes {
            let mut decorators = scope.decorators.iter();
            let is_route = decorators.any(|decorator| {
                let call = codebase.call_of(file, decorator);
                call.is_some_and(|site| matches!(site.call.method(), "post" | "put" | "patch"))
            });
            if !is_route {
                continue;
            }
            let asked = scope.parameters.iter().filter_map(|parameter| {
                let name = parameter.annotation.as_ref()?.as_name()?;
                match codebase.resolve(file, name, scope.parent) {
                    Resolved::Definition(class) => Some(class.file),
                    _ => None,
                }
            });
            found.extend(asked);
        }
    }
    found
}
