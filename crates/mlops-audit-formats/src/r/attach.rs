//! The many ways in which R code loads packages.

use crate::Span;
use crate::code::{Argument, Call, Expr, Name};
use crate::ledger::Ledger;

/// Longest list of packages that is followed.
const PACKAGES: usize = 100;
/// How far back the variable is looked for that holds such a list.
const ASSIGNMENTS: usize = 100;

/// Notes the imports that a call makes.
pub(super) fn note(ledger: &mut Ledger, call: &Call) {
    match call.target.path.as_str() {
        "library" | "require" | "requireNamespace" | "loadNamespace" | "attachNamespace" => one(ledger, call),
        "pacman.p_load"
        | "p_load"
        | "librarian.shelf"
        | "shelf"
        | "groundhog.library"
        | "groundhog.groundhog.library" => {
            each(ledger, call);
        }
        "import.from" => from(ledger, call),
        "box.use" => call
            .arguments
            .iter()
            .for_each(|argument| module(ledger, argument, call.span)),
        "lapply" | "sapply" | "purrr.walk" | "walk" => applied(ledger, call),
        _ => {}
    }
}

fn package(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::String(name) => Some(name),
        Expr::Name(name) => Some(&name.path),
        _ => None,
    }
}

fn one(ledger: &mut Ledger, call: &Call) {
    let Some(first) = call.argument("package", Some(0)) else {
        return;
    };
    // With `character.only` the name is a variable that holds the package's.
    let variable = call.keyword("character.only") == Some(&Expr::Bool(true)) && first.as_str().is_none();
    // So it is for the functions that are given strings only.
    let string_only = call.target.path.ends_with("Namespace") && first.as_str().is_none();
    if let Some(name) = package(first).filter(|_| !variable && !string_only) {
        ledger.import(name, None, name, call.span);
    }
}

fn each(ledger: &mut Ledger, call: &Call) {
    for argument in call.arguments.iter().filter(|argument| argument.name.is_none()) {
        match &argument.value {
            Expr::List(items) => all(ledger, items, call.span),
            value => all(ledger, std::slice::from_ref(value), call.span),
        }
    }
}

fn all(ledger: &mut Ledger, packages: &[Expr], span: Span) {
    for name in packages.iter().filter_map(package) {
        // A repository such as `tidyverse/dplyr` brings the package of that name.
        let name = name.rsplit('/').next().unwrap_or(name);
        ledger.import(name, None, name, span);
    }
}

/// `import::from(pkg, f, alias = g)`
fn from(ledger: &mut Ledger, call: &Call) {
    let Some(source) = call.argument(".from", Some(0)).and_then(package) else {
        return;
    };
    let positional_source = call.keyword(".from").is_none();
    let mut skip = usize::from(positional_source);
    for argument in &call.arguments {
        let name = argument.name.as_deref();
        if name.is_none() && skip > 0 {
            skip -= 1;
        } else if !name.is_some_and(|name| name.starts_with('.'))
            && let Some(function) = package(&argument.value)
        {
            ledger.import(source, Some(function), name.unwrap_or(function), call.span);
        }
    }
}

/// An argument of `box::use`: `pkg`, `alias = pkg`, `pkg[f, g = h]`, `mod/sub`, `./sub`.
fn module(ledger: &mut Ledger, argument: &Argument, span: Span) {
    match &argument.value {
        Expr::Subscript(of, names) => {
            let names = match names.as_ref() {
                Expr::List(names) => names.as_slice(),
                name => std::slice::from_ref(name),
            };
            let module = path(of);
            for name in names.iter().filter_map(package) {
                let (name, alias) = if name == "..." { ("*", "") } else { (name, name) };
                ledger.import(&module, Some(name), alias, span);
            }
        }
        value => {
            let module = path(value);
            let last = module.rsplit('/').next().unwrap_or_default();
            let alias = argument.name.as_deref().unwrap_or(last);
            if !module.is_empty() {
                ledger.modules.insert(alias.to_owned(), module.clone());
                ledger.import(&module, None, alias, span);
            }
        }
    }
}

/// `./mod/sub` as it was written; parsed as divisions.
fn path(expr: &Expr) -> String {
    let mut segments = Vec::new();
    let mut rest = expr;
    while let Expr::Binary(left, _, right) = rest {
        segments.extend(package(right));
        rest = left;
    }
    segments.extend(package(rest));
    segments.reverse();
    segments.join("/")
}

/// `lapply(c("a", "b"), library, character.only = TRUE)`, also with a variable that was given such a list.
fn applied(ledger: &mut Ledger, call: &Call) {
    let loads = |expr: &Expr| matches!(package(expr), Some("library" | "require"));
    if !call.positional(1).is_some_and(loads) {
        return;
    }
    let packages = match call.positional(0) {
        Some(Expr::List(items)) => items.iter().take(PACKAGES).cloned().collect(),
        Some(Expr::Name(name)) => assigned(ledger, name),
        _ => return,
    };
    // A list may be gone through many times: its packages count once.
    let is_new = |item: &Expr| item.as_str().is_some_and(|name| !ledger.has_import(name));
    let strings: Vec<Expr> = packages.into_iter().filter(is_new).collect();
    all(ledger, &strings, call.span);
}

fn assigned(ledger: &Ledger, name: &Name) -> Vec<Expr> {
    let mut recent = ledger.code.assignments.iter().rev().take(ASSIGNMENTS);
    let found = recent.find(|assignment| assignment.target == name.path);
    match found.map(|assignment| &assignment.value) {
        Some(Expr::List(items)) => items.iter().take(PACKAGES).cloned().collect(),
        _ => Vec::new(),
    }
}
