//! What a run has that a tracker could record, and where in its code that stands.
//!
//! Names are only ever taken from the code: a parameter is something that the code reads, a metric something that it
//! computes, a model something that it saves. Each comes with the statement below which the name is sure to be bound.

mod conditions;
mod dialect;
mod edited;
mod epochs;
mod estimators;
mod frameworks;
mod manifests;
mod metrics;
mod models;
mod parameters;
mod saves;
mod sessions;
mod starts;
mod writers;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node, Reached};
use mlops_audit_core::extract::training::TrainingSite;

pub(crate) use conditions::condition;
pub(crate) use dialect::Dialect;
pub(crate) use edited::{Edited, Spot};
pub(crate) use epochs::epochs;
pub(crate) use estimators::of_estimator;
pub(crate) use frameworks::flavour;
pub(crate) use manifests::{adding_to_lock, project_name, supplied};
pub(crate) use metrics::{is_measure, metrics};
pub(crate) use models::{registering, registering_fitted};
pub(crate) use parameters::{Binding, Parameters, parameters};
pub(crate) use saves::{Saved, saves};
pub(crate) use sessions::Session;
pub(crate) use starts::Start;
pub(crate) use writers::hyper_parameters;

/// A value under the name by which it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its name: `accuracy`.
    pub(crate) name: String,
    /// The expression: `accuracy`, `loss.item()`.
    pub(crate) value: String,
}

/// Values that are recorded by one call.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// The last statement that computes one of them.
    pub(crate) spot: Spot,
    /// The values, each under its own name.
    pub(crate) values: Vec<Named>,
    /// A mapping of names to values, where the code has one.
    pub(crate) mapping: Option<String>,
    /// What counts the steps, where the values are computed again and again.
    pub(crate) step: Option<String>,
}

/// A run that is looked through.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'run> {
    /// The audit.
    pub(crate) inspection: &'run Inspection<'run>,
    /// The file that the run starts with.
    pub(crate) file: FileIndex,
    /// All code that it reaches.
    pub(crate) reached: &'run Reached,
}

impl<'run> Scene<'run> {
    /// The source files together.
    pub(crate) fn codebase(&self) -> &'run Codebase {
        &self.inspection.facts().basis.codebase
    }

    /// The files that hold code of the run, the one that it starts with first.
    pub(crate) fn files(&self) -> Vec<FileIndex> {
        let others = self
            .reached
            .files()
            .filter(|file| *file != self.file && !self.codebase().file(*file).is_test);
        std::iter::once(self.file).chain(others).collect()
    }

    /// What a place that trains calls, by its qualified name.
    pub(crate) fn target(&self, site: &TrainingSite) -> Option<&'run str> {
        let basis = &self.inspection.facts().basis;
        let site = basis.codebase.site(site.file, site.call)?;
        Some(basis.uses.target(&basis.codebase, site))
    }

    /// Whether something of this scope and block belongs to the run.
    pub(crate) fn runs(&self, file: FileIndex, scope: u32, block: u32) -> bool {
        self.reached.contains(self.codebase().node_at(file, scope, block))
    }

    /// Whether a piece of code is executed once in a run, as far as calls show it.
    pub(crate) fn runs_once(&self, node: Node) -> bool {
        self.runs_once_within(node, 6)
    }

    fn runs_once_within(&self, node: Node, depth: u32) -> bool {
        if node.scope == 0 || node.scope == Node::MAIN {
            return true;
        }
        let codebase = self.codebase();
        let mut calls = self
            .files()
            .into_iter()
            .flat_map(|file| codebase.calls_of(file))
            .filter(|site| {
                let callee = codebase.callee(*site);
                callee.is_some_and(|callee| callee.file == node.file && callee.scope == node.scope)
            })
            .filter(|site| self.runs(site.file, site.call.scope, site.call.block));
        match (calls.next(), calls.next()) {
            // What a framework or a command starts.
            (None, _) => self.is_started(node),
            (Some(site), None) => {
                let code = &codebase.file(site.file).code;
                depth > 0
                    && !code.in_loop(site.call.block)
                    && self.runs_once_within(codebase.node_of(site), depth - 1)
            }
            _ => false,
        }
    }

    /// Whether nothing of the project calls a function, but its decorator or a framework.
    fn is_started(&self, node: Node) -> bool {
        let code = &self.codebase().file(node.file).code;
        let Some(scope) = code.scopes.get(node.scope as usize) else {
            return false;
        };
        scope.parent == 0 && node.file == self.file
    }
}

/// Whether a name is one of a secret, which no tracker is to see.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let has = |word: &str| name.contains(word);
    [
        "secret",
        "password",
        "passwd",
        "credential",
        "api_key",
        "apikey",
        "access_key",
        "private_key",
        "auth",
    ]
    .into_iter()
    .any(has)
        || name == "token"
        || name.ends_with("_token")
        || name == "key"
}
