//! Entry scripts of managed endpoints: the platform calls `init()` once, which loads the model, and `run(data)` for each
//! request or part of a batch.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Code, Expr, Language, ScopeKind};

use super::words::has_word;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached, number};

/// An entry script.
#[derive(Clone, Debug)]
pub struct EntryScript {
    /// The file.
    pub file: FileIndex,
    /// The function that answers, by its scope.
    pub run: u32,
    /// Whether it scores parts of a batch, rather than requests.
    pub scores_batches: bool,
    /// Everything that a start and a request run.
    pub reached: Reached,
}

impl EntryScript {
    /// The function that answers.
    pub fn node(&self) -> Node {
        Node::definition(self.file, self.run)
    }

    /// Evidence at the function that answers.
    pub(super) fn evidence(&self, codebase: &Codebase) -> Evidence {
        let place = codebase.file(self.file).code.scopes[self.run as usize].place;
        let what = match self.scores_batches {
            true => "scores batches in an entry script",
            false => "answers requests in an entry script",
        };
        codebase.evidence(self.file, place, what)
    }
}

/// The keys and arguments by which a deployment names its entry script.
const NAMED_BY: &[&str] = &[
    "entryScript",
    "entry_script",
    "scoring_script",
    "scoring_script_name",
];

/// All entry scripts outside tests, by file.
///
/// Anything may have functions of these names: a script is one where a deployment names it, or where it speaks of the
/// platform and really loads and asks a model.
pub(super) fn entry_scripts(basis: &Basis<'_>, predicting: &BTreeSet<Node>) -> Vec<EntryScript> {
    let codebase = &basis.codebase;
    let pairs: Vec<(FileIndex, u32, u32)> = codebase
        .without_tests()
        .filter(|(_, source)| {
            let is_python = source.code.language == Language::Python && !source.is_notebook;
            is_python && basis.listing.in_project(&source.path)
        })
        .filter_map(|(file, source)| {
            let (init, run) = functions(&source.code)?;
            Some((file, init, run))
        })
        .collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let named = names_of_deployments(basis);
    let loading = codebase.only(basis.uses.with(Role::LoadModel).map(|used| used.node(codebase)));
    let predicting = codebase.only(predicting.iter().copied());
    let mut found = Vec::new();
    for (file, init, run) in pairs {
        let source = codebase.file(file);
        let name = source.path.rsplit('/').next().unwrap_or(&source.path);
        let reached = codebase.reach_calls([Node::definition(file, init), Node::definition(file, run)]);
        let asks_model = || loading.meets(&reached) && predicting.meets(&reached);
        let is_one = named.contains(name) || speaks_of_platform(&source.code) && asks_model();
        if !is_one {
            continue;
        }
        let parameter = source.code.scopes[run as usize].parameters.first();
        found.push(EntryScript {
            file,
            run,
            scores_batches: parameter
                .is_some_and(|parameter| has_word(&parameter.name, &["batch", "minibatch"])),
            reached,
        });
    }
    found
}

/// The functions `init()` and `run(data)` at the top of a file, where it has both.
fn functions(code: &Code) -> Option<(u32, u32)> {
    let mut init = None;
    let mut run = None;
    for (id, scope) in code.scopes.iter().enumerate() {
        if scope.kind != ScopeKind::Function || scope.parent != 0 || scope.is_stub {
            continue;
        }
        let required = scope
            .parameters
            .iter()
            .filter(|parameter| parameter.default.is_none());
        match (scope.name.as_str(), required.count()) {
            ("init", 0) => init = Some(number(id)),
            ("run", 1 | 2) => run = Some(number(id)),
            _ => {}
        }
    }
    init.zip(run)
}

/// Whether a file speaks of Azure Machine Learning, which calls such scripts.
fn speaks_of_platform(code: &Code) -> bool {
    let imports = code.imports.iter().any(|import| {
        let root = import.module.split('.').next().unwrap_or_default();
        matches!(root, "azureml" | "inference_schema") || import.module.starts_with("azure.ai.ml")
    });
    imports
        || code
            .strings
            .iter()
            .any(|string| string.value.contains("AZUREML_MODEL_DIR"))
}

/// The names of the files that deployments name as their entry scripts, without their folders.
fn names_of_deployments(basis: &Basis<'_>) -> BTreeSet<String> {
    let codebase = &basis.codebase;
    let mut found = BTreeSet::new();
    let mut note = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.ends_with(".py") {
            found.insert(name.to_owned());
        }
    };
    for site in basis.wanted().with_keyword(NAMED_BY).outside_tests() {
        for argument in &site.call.arguments {
            let is_named = argument
                .name
                .as_deref()
                .is_some_and(|name| NAMED_BY.contains(&name));
            if is_named
                && let Expr::String(path) = codebase.value(site.file, site.call.scope, &argument.value).1
            {
                note(path);
            }
        }
    }
    for (_, data) in basis.documents.all_data() {
        for document in &data.documents {
            document.walk(&mut |keys, node| {
                let is_named = keys.last().is_some_and(|key| NAMED_BY.contains(key));
                if let Some(path) = node.as_str().filter(|_| is_named) {
                    note(path);
                }
            });
        }
    }
    let invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    for invocation in invocations {
        for pair in invocation.words.windows(2) {
            if matches!(pair[0].as_str(), "--entry-script" | "--es") {
                note(&pair[1]);
            }
        }
    }
    found
}
