//! What is a hyper-parameter: in settings files, in modules of settings, and written into the code.

use std::borrow::Cow;
use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Assignment, AssignmentKind, Code, Expr, Scope, ScopeKind};
use mlops_audit_formats::data::{Entry, Node, Value};
use mlops_audit_formats::dotted::last_segment;

use super::settings::{EntrySettings, Literal, Reader};
use super::settings_files::is_range;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site, SourceFile};
use crate::parts::Parts;

impl Reader<'_> {
    /// Hyper-parameters that stand as numbers in the calls which build or fit models.
    pub(super) fn note_literals(&self, site: Site<'_>, target: &str, found: &mut EntrySettings) {
        if site.call.arguments.iter().all(|argument| argument.name.is_none()) {
            return;
        }
        let is_framework = self.basis.catalogue.is_of_framework(target);
        let mut training = self.basis.training.sites_in(site.file).iter();
        if !(is_framework || training.any(|found| found.call == site.index)) {
            return;
        }
        for argument in &site.call.arguments {
            let Some(name) = argument.name.as_deref().filter(|name| is_hyper_parameter(name)) else {
                continue;
            };
            let value = crate::catalogue::pattern::written(&argument.value);
            if !value.is_empty() && value != "None" {
                found.literals.push(Literal {
                    name: name.to_owned(),
                    value,
                    call: last_segment(target).to_owned(),
                    evidence: self
                        .basis
                        .codebase
                        .evidence_at(site, format!("{name} is a literal")),
                });
            }
        }
    }
}

/// The first entry of a settings file that is a hyper-parameter.
pub(super) fn hyper_parameter_of(basis: &Basis<'_>, path: &str) -> Option<Evidence> {
    if path.ends_with(".gin") {
        let text = super::text(basis, path)?;
        return (1u32..).zip(text.lines()).find_map(|(line, text)| {
            let (name, _) = text.split_once('=')?;
            let name = name.trim().rsplit('.').next()?;
            is_hyper_parameter(name).then(|| Evidence::new(path, Place::line(line), format!("sets {name}")))
        });
    }
    let data = basis.documents.data(path)?;
    let entry = data.documents.iter().find_map(first_hyper_parameter)?;
    Some(Evidence::new(path, entry.place, format!("sets {}", entry.key)))
}

/// The first entry of a tree that is a hyper-parameter: those of a node come before what they hold.
fn first_hyper_parameter(node: &Node) -> Option<&Entry> {
    let is_value = |value: &Node| {
        matches!(
            value.value,
            Value::Number(_) | Value::Bool(_) | Value::String(_) | Value::List(_)
        )
    };
    let is_plain = |value: &Node| is_value(value) || is_range(value);
    let mut entries = node.entries().iter();
    let own = entries.find(|entry| is_plain(&entry.value) && is_hyper_parameter(&entry.key));
    let of_entries = || {
        node.entries()
            .iter()
            .find_map(|entry| first_hyper_parameter(&entry.value))
    };
    own.or_else(of_entries)
        .or_else(|| node.items().iter().find_map(first_hyper_parameter))
}

/// Whether a module holds settings and little else: constants, a dictionary, a typed class.
pub(super) fn is_settings_module(basis: &Basis<'_>, at: FileIndex) -> bool {
    let source = basis.codebase.file(at);
    if source.is_notebook || source.path.ends_with("__init__.py") && source.code.assignments.len() < 3 {
        return false;
    }
    let code = &source.code;
    let functions = code
        .scopes
        .iter()
        .filter(|scope| scope.kind == ScopeKind::Function)
        .count();
    let is_named = is_named_for_settings(&source.path);
    // Most modules have functions, and another name.
    if !is_named && functions > 0 || !basis.training.sites_in(at).is_empty() {
        return false;
    }
    let values = code
        .assignments
        .iter()
        .filter(|found| {
            let class_level = || code.scopes[found.scope as usize].kind == ScopeKind::Class;
            (found.scope == 0 || class_level())
                && matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated)
                && !matches!(found.value, Expr::Other)
        })
        .count();
    // `def get_config(batch_size=8, learning_rate=1e-5)` in a module of that name.
    let takes_defaults = || {
        let mut scopes = code.scopes.iter();
        scopes.any(|scope| default_hyper_parameters(scope).nth(1).is_some())
    };
    let is_dictionary =
        |found: &Assignment| matches!(&found.value, Expr::Dict(entries) if entries.len() >= 2);
    let dictionary = || {
        let mut assignments = code.assignments.iter();
        assignments.any(|found| found.scope == 0 && is_dictionary(found))
    };
    (values >= 2 || dictionary() || takes_defaults())
        && (is_named && functions <= values.max(6)
            || functions == 0 && holds_constants(source) && !reads_data(basis, at))
}

/// Whether a module, or the folder that it stands in, is named for settings.
pub(super) fn is_named_for_settings(path: &str) -> bool {
    const WORDS: [&str; 13] = [
        "config",
        "conf",
        "cfg",
        "settings",
        "setting",
        "constants",
        "const",
        "params",
        "hparams",
        "hyperparameters",
        "environment",
        "parameters",
        "defaults",
    ];
    let stem = stem(path);
    let folder = path.rsplit('/').nth(1).unwrap_or_default().to_ascii_lowercase();
    let is_named = WORDS.iter().any(|word| {
        let before = stem.strip_suffix(word);
        let behind = stem.strip_prefix(word);
        before.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
            || behind.is_some_and(|rest| rest.starts_with('_'))
    });
    is_named
        || matches!(
            folder.as_str(),
            "config" | "configs" | "conf" | "settings" | "configuration" | "params"
        )
}

/// The name of a module, in lower case.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.trim_end_matches(".py").to_ascii_lowercase()
}

/// Whether a module of any name holds values, and not only names for what it imports.
fn holds_constants(source: &SourceFile) -> bool {
    let code = &source.code;
    let constants: BTreeSet<&str> = code
        .assignments
        .iter()
        .filter(|found| !matches!(found.value, Expr::Other | Expr::None | Expr::Name(_)))
        .map(|found| found.target.as_str())
        .collect();
    // A package's own file says its version and what it exports, which are no settings.
    (stem(&source.path) != "__init__" || constants.iter().any(|name| is_hyper_parameter(name)))
        && constants.len() >= 3
        && code.calls.len() <= constants.len() * 2
}

/// Whether a file reads or prepares data, so that it is more than settings.
fn reads_data(basis: &Basis<'_>, at: FileIndex) -> bool {
    [
        Role::LoadData,
        Role::PrepareData,
        Role::PinnedDataset,
        Role::HubDataset,
    ]
    .into_iter()
    .any(|role| basis.uses.with(role).any(|found| found.file == at))
}

/// Parameters of a function whose defaults are hyper-parameters.
fn default_hyper_parameters(scope: &Scope) -> impl Iterator<Item = &str> {
    scope
        .parameters
        .iter()
        .filter(|parameter| {
            matches!(
                parameter.default,
                Some(Expr::Number(_) | Expr::String(_) | Expr::Bool(_))
            ) && is_hyper_parameter(&parameter.name)
        })
        .map(|parameter| parameter.name.as_str())
}

/// The hyper-parameters of a module of settings.
#[derive(Debug)]
pub(super) struct ModuleParameters {
    /// Constants, keys and fields, each with the name that the module gives it, where that can be taken by itself.
    assigned: Vec<(Option<String>, Evidence)>,
    /// The first parameter of a function whose default is one.
    default: Option<Evidence>,
}

impl ModuleParameters {
    /// Looks at a module of settings.
    pub(super) fn new(source: &SourceFile) -> Self {
        let code = &source.code;
        let evidence = |place: Place, what: String| Evidence::new(source.path.clone(), place, what);
        let assigned = code.assignments.iter().filter_map(|found| {
            let scope = &code.scopes[found.scope as usize];
            if found.scope != 0 && scope.kind != ScopeKind::Class {
                return None;
            }
            let head = found.target.split(['.', '[']).next().unwrap_or_default();
            let name = (found.scope == 0).then(|| head.to_owned());
            if let Expr::Dict(entries) = &found.value {
                let key = hyper_key(entries, 3)?;
                return Some((name, evidence(found.place, format!("sets {key}"))));
            }
            let plain = matches!(
                found.value,
                Expr::Number(_)
                    | Expr::String(_)
                    | Expr::Bool(_)
                    | Expr::List(_)
                    | Expr::Call(_)
                    | Expr::Binary(..)
            );
            (plain && is_hyper_parameter(&found.target))
                .then(|| (name, evidence(found.place, format!("sets {}", found.target))))
        });
        let default = code.scopes.iter().find_map(|scope| {
            let name = default_hyper_parameters(scope).next()?;
            Some(evidence(scope.place, format!("sets {name} by default")))
        });
        Self {
            assigned: assigned.collect(),
            default,
        }
    }

    /// The first constant, key or field of the module that is a hyper-parameter, where no more than these constants are
    /// taken from it; all may be where none is given: a class, function or instance stands for the whole module.
    pub(super) fn first(&self, taken: &BTreeSet<&str>) -> Option<&Evidence> {
        let mut assigned = self.assigned.iter();
        let found = assigned.find(|(name, _)| {
            let is_left_out = |name: &String| !taken.is_empty() && !taken.contains(name.as_str());
            !name.as_ref().is_some_and(is_left_out)
        });
        found.map(|(_, evidence)| evidence).or(self.default.as_ref())
    }
}

/// The first key of a dictionary, or of one inside, that is a hyper-parameter.
pub(super) fn hyper_key(entries: &[(Option<Expr>, Expr)], depth: u32) -> Option<String> {
    entries.iter().find_map(|(key, value)| {
        let key = key.as_ref().and_then(Expr::as_str);
        match value {
            Expr::Dict(inner) if depth > 0 => hyper_key(inner, depth - 1),
            Expr::Number(_) | Expr::String(_) | Expr::Bool(_) | Expr::List(_) | Expr::Binary(..)
                if key.is_some_and(is_hyper_parameter) =>
            {
                key.map(str::to_owned)
            }
            // Several sets of parameters of one model.
            Expr::List(items) if depth > 0 => items.iter().find_map(|item| match item {
                Expr::Dict(inner) => hyper_key(inner, depth - 1),
                _ => None,
            }),
            _ => None,
        }
    })
}

/// A dictionary that gathers parameters: by its name, or by two of its keys.
pub(super) fn is_parameter_dictionary(target: &str, entries: &[(Option<Expr>, Expr)]) -> bool {
    let lower = target.to_ascii_lowercase();
    let named = [
        "param", "config", "hyper", "cfg", "setting", "kwargs", "args", "grid", "space",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let keys = entries
        .iter()
        .filter(|(key, value)| {
            !matches!(value, Expr::Name(_) | Expr::Other)
                && key
                    .as_ref()
                    .and_then(Expr::as_str)
                    .is_some_and(is_hyper_parameter)
        })
        .count();
    (named && keys >= 1 && entries.len() >= 2) || (named && hyper_key(entries, 2).is_some()) || keys >= 3
}

/// The classes of a file whose bodies are fields with defaults: data classes, classes of settings, plain holders.
pub(super) fn settings_classes(code: &Code) -> impl Iterator<Item = &Scope> {
    // The fields of each class, and how many of them are hyper-parameters.
    let mut fields = vec![(0, 0); code.scopes.len()];
    for found in &code.assignments {
        let is_field = code.scopes[found.scope as usize].kind == ScopeKind::Class
            && !matches!(found.value, Expr::None | Expr::Other);
        if is_field {
            let (all, hyper) = &mut fields[found.scope as usize];
            *all += 1;
            *hyper += usize::from(is_hyper_parameter(&found.target));
        }
    }
    code.scopes
        .iter()
        .zip(fields)
        .filter_map(|(scope, (all, hyper))| {
            let is_of_settings = hyper >= 3 || all >= 2 && is_class_of_settings(&scope.name);
            is_of_settings.then_some(scope)
        })
}

/// Whether a class is named for settings.
fn is_class_of_settings(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [
        "config", "param", "setting", "args", "argument", "cfg", "option", "hyper",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

pub(super) fn is_constant_name(name: &str) -> bool {
    name.len() > 1
        && name.chars().any(|c| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// `os.getenv("X", "default")`, also inside `int(…)`.
pub(super) fn is_default_of_environment(code: &Code, value: &Expr) -> bool {
    let Expr::Call(index) = value else { return false };
    let Some(call) = code.calls.get(*index as usize) else {
        return false;
    };
    match call.method() {
        "getenv" | "get" => {
            call.arguments.len() >= 2 && call.target.path.contains("environ") || call.method() == "getenv"
        }
        "int" | "float" | "str" | "bool" => call
            .positional(0)
            .is_some_and(|value| is_default_of_environment(code, value)),
        "Path" => true,
        _ => false,
    }
}

/// Whether a name is one of a hyper-parameter or a setting that shapes training or answers.
pub(super) fn is_hyper_parameter(name: &str) -> bool {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    // Of a step of a pipeline: `logistic__C`.
    let last = last.rsplit("__").find(|part| !part.is_empty()).unwrap_or(last);
    if last == "C" {
        return true;
    }
    let lower = snake_case(last);
    static PARTS: Parts = Parts::new(&[
        "learning_rate",
        "learningrate",
        "batch_size",
        "batchsize",
        "n_estimators",
        "num_epochs",
        "n_epochs",
        "max_epochs",
        "max_depth",
        "max_iter",
        "min_samples",
        "max_features",
        "max_leaf",
        "num_leaves",
        "num_trees",
        "weight_decay",
        "dropout",
        "hidden_",
        "num_layers",
        "n_layers",
        "num_heads",
        "embedding_dim",
        "embed_dim",
        "n_neighbors",
        "n_clusters",
        "n_components",
        "colsample",
        "min_child",
        "early_stopping",
        "num_boost",
        "iterations",
        "nb_epoch",
        "epochs",
        "chunk_size",
        "chunk_overlap",
        "max_length",
        "max_seq",
        "lora_",
        "warmup_",
        "grad_accum",
        "gradient_",
        "max_steps",
        "train_steps",
        "latent_",
        "sequence_length",
        "regularization",
        "lr_",
        "_lr",
        "hyperparam",
        "top_k",
        "temperature",
        "num_steps",
        "optimizer",
        "ngram",
        "max_df",
        "min_df",
        "n_iter",
        "embedding_model",
        "generation_model",
        "llm_model",
        "hidden1",
        "random_forest",
        "ntree",
        "mtry",
        "l2_",
    ]);
    is_whole_name(&lower) || PARTS.any_in(&lower)
}

/// Names of hyper-parameters that count only as they are, in snake case.
fn is_whole_name(name: &str) -> bool {
    matches!(
        name,
        "lr" | "alpha"
            | "gamma"
            | "beta"
            | "eta"
            | "epochs"
            | "epoch"
            | "momentum"
            | "dropout"
            | "penalty"
            | "solver"
            | "kernel"
            | "optimizer"
            | "criterion"
            | "temperature"
            | "top_k"
            | "topk"
            | "top_p"
            | "units"
            | "filters"
            | "activation"
            | "loss"
            | "patience"
            | "warmup"
            | "iterations"
            | "depth"
            | "degree"
            | "hidden"
            | "n_layer"
            | "n_head"
            | "n_embd"
            | "block_size"
            | "loss_function"
            | "booster"
            | "objective"
            | "subsample"
            | "tol"
            | "layers"
            | "bias"
            | "latent_dim"
            | "k"
            | "nu"
            | "rho"
            | "num_rounds"
            | "n_rounds"
            | "decay"
            | "heads"
            | "max_tokens"
            | "llm_model"
            | "embedding_model"
            | "model_id"
            | "l1_ratio"
            | "reg_lambda"
            | "reg_alpha"
            | "reg_param"
            | "max_bin"
            | "scheduler"
            | "betas"
            | "clip"
            | "seq_len"
            | "window_size"
            | "lookback"
            | "n_splits"
            | "num_classes"
            | "image_size"
            | "img_size"
            | "input_size"
            | "class_weight"
    )
}

/// `maxDepth`, as Spark writes it, is `max_depth`.
fn snake_case(name: &str) -> Cow<'_, str> {
    if !name.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Cow::Borrowed(name);
    }
    let mut snake = String::with_capacity(name.len() + 4);
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && was_lower {
            snake.push('_');
        }
        was_lower = letter.is_ascii_lowercase();
        snake.push(if letter == '-' {
            '_'
        } else {
            letter.to_ascii_lowercase()
        });
    }
    Cow::Owned(snake)
}

#[cfg(test)]
mod tests {
    use super::is_hyper_parameter;

    #[test]
    fn hyper_parameters_are_told_from_other_settings() {
        for name in [
            "C",
            "learning_rate",
            "n_estimators",
            "BATCH_SIZE",
            "model.lr",
            "NUM_EPOCHS",
            "max_iter",
            "regParam",
            "numTrees",
        ] {
            assert!(is_hyper_parameter(name), "{name}");
        }
        for name in ["path", "test_size", "seed", "target", "bucket", "c"] {
            assert!(!is_hyper_parameter(name), "{name}");
        }
    }
}
