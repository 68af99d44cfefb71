//! Whether a message that code sends can reach anybody as committed, and what it is about.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, Origin};

use super::mentions::conditions;
use crate::audit::Deployment;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, Site};
use crate::extract::serving::Serving;
use crate::read::Document;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is sent.
    Sent,
    /// What would send it names something that does not exist.
    Broken,
    /// A variable that is off by default would have to be on, and nothing that is committed sets it.
    SwitchedOff,
    /// It is about machines that neither train nor serve.
    OfMachines,
}

/// What becomes of the message that a call sends.
pub(super) fn standing(basis: &Basis<'_>, serving: &Serving, site: Site<'_>) -> Standing {
    let codebase = &basis.codebase;
    let node = codebase.node_of(site);
    let function = Definition {
        file: node.file,
        scope: node.scope,
    };
    let callers: Vec<Site<'_>> =
        match (1..codebase.file(site.file).code.scopes.len()).contains(&(node.scope as usize)) {
            true => codebase.callers_of(function).collect(),
            false => Vec::new(),
        };
    let all_callers =
        |is_so: &dyn Fn(Site<'_>) -> bool| !callers.is_empty() && callers.iter().all(|caller| is_so(*caller));
    if names_nothing(codebase, site) || all_callers(&|caller| names_nothing(codebase, caller)) {
        return Standing::Broken;
    }
    let is_off = |site: Site<'_>| is_switched_off(basis, site);
    if is_off(site) || all_callers(&is_off) {
        return Standing::SwitchedOff;
    }
    if is_of_machines(basis, serving, site) {
        return Standing::OfMachines;
    }
    Standing::Sent
}

/// Whether a call is given a name that nothing binds. None of Python's own names has an underscore inside.
fn names_nothing(codebase: &Codebase, site: Site<'_>) -> bool {
    if codebase.stars_of(site.file).next().is_some() {
        return false;
    }
    site.call.arguments.iter().any(|argument| match &argument.value {
        Expr::Name(name) => {
            let inner = name.path.trim_matches('_');
            name.origin == Origin::Unbound
                && inner.contains('_')
                && inner.len() == name.path.len()
                && !name.path.contains('.')
        }
        _ => false,
    })
}

/// Whether a call runs only where a variable of the environment is on that is off by default, and that nothing sets.
fn is_switched_off(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let mut switches = BTreeSet::new();
    for condition in conditions(codebase, site) {
        switches_in(
            codebase,
            (site.file, site.call.scope),
            condition,
            6,
            &mut switches,
        );
    }
    switches.into_iter().any(|switch| !is_set(basis, switch))
}

/// The variables that have to be on for a condition to hold, and are off by default.
fn switches_in<'a>(
    codebase: &'a Codebase,
    (file, scope): (u32, u32),
    expr: &'a Expr,
    steps: u32,
    found: &mut BTreeSet<&'a str>,
) {
    let Some(steps) = steps.checked_sub(1) else {
        return;
    };
    match expr {
        Expr::And(items) => items
            .iter()
            .for_each(|item| switches_in(codebase, (file, scope), item, steps, found)),
        Expr::Compare(first, _) => switches_in(codebase, (file, scope), first, steps, found),
        Expr::Attribute(inner, _) => switches_in(codebase, (file, scope), inner, steps, found),
        Expr::Name(name) => {
            for assignment in codebase.assignments(file, scope, &name.path).take(4) {
                switches_in(
                    codebase,
                    (file, assignment.scope),
                    &assignment.value,
                    steps,
                    found,
                );
            }
        }
        Expr::Call(_) => {
            let Some(site) = codebase.call_of(file, expr) else {
                return;
            };
            if matches!(codebase.target(site), "os.getenv" | "os.environ.get") {
                let default = site.call.argument("default", Some(1));
                if default.is_some_and(is_off)
                    && let Some(name) = site.call.positional(0).and_then(Expr::as_str)
                {
                    found.insert(name);
                }
                return;
            }
            switches_in(codebase, (file, scope), &site.call.callee, steps, found);
            if site.call.method() == "bool" {
                for argument in &site.call.arguments {
                    switches_in(codebase, (file, scope), &argument.value, steps, found);
                }
            }
        }
        _ => {}
    }
}

/// Whether a default switches something off. An empty text is left out: it stands for an address that has to be given.
fn is_off(value: &Expr) -> bool {
    match value {
        Expr::Bool(on) => !on,
        Expr::Number(number) => *number == 0.0,
        Expr::String(text) => is_off_text(text),
        _ => false,
    }
}

fn is_off_text(text: &str) -> bool {
    let lower = text.trim_matches(['"', '\'']).to_ascii_lowercase();
    matches!(lower.as_str(), "false" | "0" | "no" | "off" | "n" | "f")
}

/// Whether a committed file sets a variable of the environment to something that is on.
fn is_set(basis: &Basis<'_>, variable: &str) -> bool {
    let by_line = |line: &str| {
        let found = line
            .split_once(variable)
            .filter(|(before, _)| !before.ends_with(|last: char| last.is_alphanumeric() || last == '_'));
        found.is_some_and(|(_, rest)| {
            let value = rest.trim_start_matches([' ', ':', '=', '"', '\'']);
            rest.starts_with([' ', ':', '=', '"', '\'']) && !value.is_empty() && !is_off_text(value)
        })
    };
    let in_files = basis.documents.files.iter().any(|file| match &file.document {
        Document::Data(data) => data.documents.iter().any(|document| {
            let mut is_on = false;
            document.walk(&mut |keys, node| {
                let by_key = keys.last() == Some(&variable) && !is_off_text(&node.text());
                is_on |= by_key || node.as_str().is_some_and(by_line);
            });
            is_on
        }),
        Document::Docker(docker) => docker.instructions.iter().any(|found| by_line(&found.text)),
        Document::Text(text) => text.lines().any(by_line),
        _ => false,
    });
    let mut invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    in_files
        || invocations.any(|invocation| {
            let mut set = invocation.environment.iter();
            set.any(|(name, value)| name == variable && !is_off_text(value))
        })
}

/// Whether a message comes from a script that looks after machines of a cloud, and nothing of it trains, predicts or
/// watches a model, in a repository that serves none from machines.
fn is_of_machines(basis: &Basis<'_>, serving: &Serving, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    if serving.has(Deployment::Api) || serving.has(Deployment::App) || serving.has(Deployment::Batch) {
        return false;
    }
    let looks_after = codebase.calls_of(site.file).any(|call| {
        matches!(
            call.call.method(),
            "describe_instances"
                | "describe_volumes"
                | "get_cost_and_usage"
                | "start_instances"
                | "stop_instances"
                | "terminate_instances"
        )
    });
    let is_of_model = || {
        const ROLES: &[Role] = &[
            Role::Evaluate,
            Role::LoadModel,
            Role::MonitorData,
            Role::MonitorModel,
            Role::Predict,
            Role::Train,
        ];
        codebase.calls_of(site.file).any(|call| {
            let mut used = basis.uses.of(call.file, call.index);
            used.any(|used| ROLES.contains(&used.role))
        })
    };
    looks_after && !is_of_model()
}
