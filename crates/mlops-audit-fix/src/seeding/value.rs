//! The seed of the project, where it has one: a constant, an option of the command line, a parameter.

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, Resolved};
use mlops_audit_formats::code::{AssignmentKind, Call, Code, Expr, Name, Origin};

use super::{SEED, is_seed_name};
use crate::python::{Module, Opening};

/// A seed as code, with what has to run before it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seed {
    /// The code.
    pub(crate) text: String,
    /// A byte of the statement that makes it.
    pub(crate) below: Option<usize>,
}

impl Seed {
    fn known(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            below: None,
        }
    }
}

/// The seed for the lines that a run begins with.
pub(crate) fn for_run(inspection: &Inspection<'_>, module: &Module<'_>, opening: Opening) -> Seed {
    let codebase = &inspection.facts().basis.codebase;
    if let Some(scope) = opening.scope() {
        if let Some(found) = parameter(codebase, module, scope) {
            return Seed::known(found);
        }
        if let Some(found) = option(codebase, module, scope) {
            return found;
        }
    }
    if opening == Opening::Module
        && let Some(found) = option(codebase, module, 0)
    {
        return found;
    }
    match constant(codebase, module) {
        Some(found) if opening == Opening::Module => found,
        Some(found) => Seed::known(found.text),
        None => Seed::known(SEED),
    }
}

/// The seed for an argument of a call.
pub(crate) fn for_call(inspection: &Inspection<'_>, module: &Module<'_>, call: &Call) -> String {
    let codebase = &inspection.facts().basis.codebase;
    if let Some(found) = parameter(codebase, module, call.scope) {
        return found;
    }
    let start = call.span.start as usize;
    let is_known = |found: &Seed| call.scope != 0 || found.below.is_none_or(|below| below < start);
    match constant(codebase, module).filter(is_known) {
        Some(found) => found.text,
        None => SEED.to_owned(),
    }
}

/// A constant at the top of the module, its own or an imported one.
fn constant(codebase: &Codebase, module: &Module<'_>) -> Option<Seed> {
    let code = module.code;
    let own = code.assignments.iter().find(|found| {
        let is_plain = matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated);
        found.scope == 0
            && found.block == 0
            && is_plain
            && is_seed_name(&found.target)
            && is_seed(&found.value)
    });
    if let Some(own) = own {
        let is_set_once = code
            .assignments
            .iter()
            .filter(|found| found.target == own.target)
            .count()
            == 1;
        return is_set_once.then(|| Seed {
            text: own.target.to_string(),
            below: Some(own.span.start as usize),
        });
    }
    let imported = code.imports.iter().find(|import| {
        let name = import.name.as_deref().unwrap_or_default();
        import.block == 0 && is_seed_name(name) && is_number(codebase, module, &import.module, name)
    });
    imported.map(|import| Seed::known(import.alias.to_string()))
}

fn is_number(codebase: &Codebase, module: &Module<'_>, holder: &str, name: &str) -> bool {
    let path = match holder.ends_with('.') {
        true => format!("{holder}{name}"),
        false => format!("{holder}.{name}"),
    };
    let name = Name {
        path: path.into(),
        origin: Origin::Import,
    };
    match codebase.resolve(module.file, &name, 0) {
        Resolved::Variable(file, at) => is_seed(&codebase.file(file).code.assignments[at as usize].value),
        _ => false,
    }
}

/// A whole number that every generator takes.
pub(super) fn is_seed(value: &Expr) -> bool {
    value
        .as_number()
        .is_some_and(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
}

/// A parameter of the function that holds a seed, by its name and default.
fn parameter(codebase: &Codebase, module: &Module<'_>, scope: u32) -> Option<String> {
    let function = codebase.file(module.file).code.scopes.get(scope as usize)?;
    let found = function
        .parameters
        .iter()
        .find(|found| is_seed_name(&found.name) && found.default.as_ref().is_none_or(is_seed))?;
    Some(found.name.to_string())
}

/// `args.seed` below the statement that reads the command line, where an option of that name has a default.
fn option(codebase: &Codebase, module: &Module<'_>, scope: u32) -> Option<Seed> {
    let code = module.code;
    let option = seed_option(code)?;
    let reads = |value: &Expr| {
        let site = codebase.call_of(module.file, value);
        site.is_some_and(|site| site.call.method() == "parse_args")
    };
    let read = code.assignments.iter().find(|found| {
        let is_own_block = code.blocks[found.block as usize].scope == scope
            && matches!(
                code.blocks[found.block as usize].kind,
                mlops_audit_formats::code::BlockKind::Body
            );
        found.scope == scope && is_own_block && reads(&found.value) && !found.target.contains('.')
    });
    if let Some(read) = read {
        return Some(Seed {
            text: format!("{}.{option}", read.target),
            below: Some(read.span.start as usize),
        });
    }
    let function = code.scopes.get(scope as usize)?;
    let handed = function
        .parameters
        .iter()
        .find(|found| matches!(found.name.as_str(), "args" | "opt" | "opts"));
    handed.map(|found| Seed::known(format!("{}.{option}", found.name)))
}

/// The name of an option `--seed` that has a number as its default.
fn seed_option(code: &Code) -> Option<String> {
    code.calls.iter().find_map(|call| {
        if call.method() != "add_argument" || !call.keyword("default").is_some_and(is_seed) {
            return None;
        }
        let flags = call.arguments.iter().filter(|argument| argument.name.is_none());
        let mut names = flags.filter_map(|argument| argument.value.as_str()?.strip_prefix("--"));
        let name = names.next()?.replace('-', "_");
        (is_seed_name(&name) && call.keyword("dest").is_none()).then_some(name)
    })
}
