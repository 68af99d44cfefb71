//! Where trained models go.

use mlops_audit_formats::code::{Call, Expr};

use super::kedro;
use super::model_paths::is_model_path;
use super::paths::Texts;
use super::saves::{is_on, makes_run_folders, may_save, note_save};
use super::shelves::Shelves;
use super::stores::{committed, from_commands, from_shelves, mark_vanishing};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Node, Reached, Site};
use crate::extract::tracking::configured;
use crate::extract::tracking::given::Given;
use crate::extract::uses::shortened;

/// What keeps a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    /// A registry or hub.
    Registry,
    /// A tracker's run.
    Tracker,
    /// Files that DVC or Git LFS track.
    Tracked,
    /// A release with a version.
    Release,
    /// A folder or name of its own for each run.
    RunFolder,
    /// An artifact of CI.
    CiArtifact,
    /// Plain files in Git.
    Committed,
}

/// A place that keeps a model.
#[derive(Clone, Debug)]
pub struct Store {
    /// What keeps it.
    pub kind: StoreKind,
    /// What it is, for people: `MLflow`, `DVC`.
    pub name: String,
    /// Where that is written.
    pub evidence: Evidence,
    /// The code that stores; `None` for files and commands.
    pub node: Option<Node>,
    /// Whether it goes with the machine that made it.
    pub vanishes: bool,
}

/// A call that saves a model.
#[derive(Clone, Debug)]
pub struct Save {
    /// Where it stands.
    pub evidence: Evidence,
    /// What is called: `joblib.dump`.
    pub what: String,
    /// Where it saves to, as far as it is known.
    pub path: Option<String>,
    /// What is saved, as written.
    pub value: Option<String>,
}

/// Where trained models go.
#[derive(Debug, Default)]
pub struct Models {
    /// Everything that keeps one.
    pub stores: Vec<Store>,
    /// For each main entry of training: its path and the positions of the stores that it reaches.
    pub entries: Vec<(String, Vec<usize>)>,
    /// Calls that save one to a file.
    pub saves: Vec<Save>,
    /// A store whose call nothing reaches.
    pub unreached: Option<Evidence>,
    /// For applications of language models: ids of models that name a dated snapshot.
    pub dated_ids: Vec<Evidence>,
    /// For applications of language models: ids of models that move.
    pub moving_ids: Vec<Evidence>,
    /// For applications of language models: stores of prompts.
    pub prompt_stores: Vec<Evidence>,
    /// For applications of language models: calls of a model.
    pub model_calls: Vec<Evidence>,
}

impl Models {
    /// The file of the first model that is saved under a plain name: one file, whatever the run.
    pub fn plain_file(&self) -> Option<&str> {
        let paths = self.saves.iter().filter_map(|save| save.path.as_deref());
        paths.into_iter().find(|path| is_plain(path))
    }
}

/// Whether a path is that of one file, whatever the run.
pub(crate) fn is_plain(path: &str) -> bool {
    !path.contains(['{', '*', '"', '\\'])
}

/// Gathers where models go.
pub(super) fn gather(basis: &Basis<'_>, texts: &Texts<'_>, shelves: &Shelves, live: &Reached) -> Models {
    let mut models = Models::default();
    for site in keeping(basis) {
        let is_live = live.contains(basis.codebase.node_of(site));
        if let Some((kind, name, what)) = store_of(basis, texts, site) {
            let evidence = basis.codebase.evidence_at(site, what);
            if is_live {
                models.stores.push(Store {
                    kind,
                    name,
                    evidence,
                    node: Some(basis.codebase.node_of(site)),
                    vanishes: false,
                });
            } else {
                models.unreached.get_or_insert(evidence);
            }
        } else if is_live {
            note_save(basis, texts, site, &mut models);
        }
        if is_live {
            note_language_model(basis, texts, site, &mut models);
        }
    }
    flow_artifacts(basis, &mut models);
    composed_run_folders(basis, &mut models);
    from_loggers(basis, &mut models);
    kedro::stores(basis, &mut models);
    from_shelves(shelves, &mut models);
    from_commands(basis, &mut models);
    committed(basis, &mut models);
    models.entries = basis
        .training
        .main_entries()
        .iter()
        .map(|entry| {
            let own = models.stores.iter().enumerate();
            let own = own.filter(|(_, store)| store.node.is_some_and(|node| entry.reached.contains(node)));
            let path = basis.codebase.file(entry.file).path.clone();
            (path, own.map(|(position, _)| position).collect())
        })
        .collect();
    mark_vanishing(basis, texts, &mut models);
    models
}

/// Loggers that the configuration of a run constructs, and tells to keep the model.
fn from_loggers(basis: &Basis<'_>, models: &mut Models) {
    let composes = |target: &str| target == "hydra.main" || target.ends_with(".LightningCLI");
    if basis.codebase.calls_by_target(composes).is_empty() {
        return;
    }
    let given = Given::new(basis);
    for entry in basis.training.main_entries() {
        for logger in configured::of_run(basis, &given, entry.file) {
            if logger.keeps_model() {
                models.stores.push(Store {
                    kind: StoreKind::Tracker,
                    name: logger.class().to_owned(),
                    evidence: logger.evidence(),
                    node: basis.training.sites_of(entry).next().map(|site| site.node),
                    vanishes: false,
                });
            }
        }
    }
}

/// The calls outside tests that may keep a model, or ask a language model.
fn keeping<'a>(basis: &'a Basis<'_>) -> Vec<Site<'a>> {
    let roles = [
        Role::ModelRegistry,
        Role::SaveModel,
        Role::TrackArtifacts,
        Role::Autolog,
        Role::CallLlm,
    ];
    basis
        .wanted()
        .with_role(&roles)
        .with_target(|target| makes_run_folders(target) || is_prompt_store(target))
        .with_method(|method| method == "log_model" || may_save(method))
        .with_keyword(&["push_to_hub", "save_artifact", "log_model"])
        .outside_tests()
}

/// What keeps the model that a call hands over.
fn store_of(basis: &Basis<'_>, texts: &Texts<'_>, site: Site<'_>) -> Option<(StoreKind, String, String)> {
    let uses = &basis.uses;
    let target = uses.target(&basis.codebase, site);
    let what = || format!("calls {}", shortened(target));
    let tool_of = |role: Role| {
        uses.of(site.file, site.index)
            .find(|found| found.role == role)
            .map(|found| basis.catalogue.tool(found.tool))
    };
    if let Some(tool) = tool_of(Role::ModelRegistry) {
        return Some((StoreKind::Registry, tool.name.clone(), what()));
    }
    let call = site.call;
    if is_on(call.keyword("push_to_hub")) {
        return Some((
            StoreKind::Registry,
            "Hugging Face Hub".to_owned(),
            "pushes the model to the hub".to_owned(),
        ));
    }
    if is_on(call.keyword("save_artifact")) && call.method().ends_with("Callback") {
        return Some((
            StoreKind::Tracker,
            shortened(target),
            "the callback stores checkpoints with the run".to_owned(),
        ));
    }
    let logs_model = call
        .keyword("log_model")
        .filter(|_| call.method().ends_with("Logger"));
    if is_on(logs_model) || logs_model.and_then(Expr::as_str).is_some() {
        return Some((
            StoreKind::Tracker,
            shortened(target),
            "the logger stores the model".to_owned(),
        ));
    }
    if call.method() == "log_model" {
        let tool = tool_of(Role::SaveModel).or_else(|| tool_of(Role::TrackArtifacts));
        if let Some(tool) = tool {
            return Some((StoreKind::Tracker, tool.name.clone(), what()));
        }
    }
    if let Some(tool) = tool_of(Role::Autolog).filter(|tool| tool.tracker.as_deref() == Some("mlflow")) {
        let off = call.keyword("log_models") == Some(&Expr::Bool(false))
            || call.keyword("disable") == Some(&Expr::Bool(true));
        let keeps = target.starts_with("mlflow.") && !target.contains("statsmodels");
        return (!off && keeps).then(|| {
            (
                StoreKind::Tracker,
                tool.name.clone(),
                format!("{} stores the model", shortened(target)),
            )
        });
    }
    if let Some(tool) = tool_of(Role::TrackArtifacts) {
        if tool.tracker.is_none() || tool.tracker.as_deref() == Some("tensorboard") {
            return None;
        }
        let of_model = call.arguments.iter().any(|argument| {
            texts
                .of(site.file, call.scope, &argument.value)
                .iter()
                .any(|text| {
                    is_model_path(text)
                        || text == "model"
                        || text == "models"
                        || text.to_ascii_lowercase().contains("checkpoint")
                })
                || argument_says_model(&argument.value)
        });
        return of_model.then(|| (StoreKind::Tracker, tool.name.clone(), what()));
    }
    if tool_of(Role::SaveModel).is_some_and(|tool| tool.name == "BentoML") {
        return Some((StoreKind::Registry, "BentoML".to_owned(), what()));
    }
    None
}

fn argument_says_model(value: &Expr) -> bool {
    value.as_name().is_some_and(|name| {
        let last = name
            .path
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        matches!(
            last.as_str(),
            "model_path"
                | "model_file"
                | "checkpoint_path"
                | "model_dir"
                | "best_model_path"
                | "model_artifact"
                | "ckpt_path"
        )
    })
}

/// Orchestrators that keep what a step assigns to `self`: a model that was fitted there is an artifact of the run.
fn flow_artifacts(basis: &Basis<'_>, models: &mut Models) {
    for site in &basis.training.sites {
        let code = &basis.codebase.file(site.file).code;
        let call = &code.calls[site.call as usize];
        let in_flow = code.scopes_around(call.scope).any(|(_, scope)| {
            scope
                .bases
                .iter()
                .any(|base| base.as_name().is_some_and(|name| name.path.ends_with("FlowSpec")))
        });
        if !in_flow || call.method().contains("cross_val") {
            continue;
        }
        let Some((receiver, _)) = written_receiver(call) else {
            continue;
        };
        let kept = receiver.starts_with("self.")
            || code.assignments.iter().any(|found| {
                found.scope == call.scope
                    && found.target.starts_with("self.")
                    && found.value.as_name().is_some_and(|name| name.path == receiver)
            });
        let result_kept = code.assignments.iter().any(|found| {
            found.scope == call.scope
                && found.target.starts_with("self.")
                && found.value == Expr::Call(site.call)
        });
        if kept || (result_kept && !matches!(call.method(), "fit_transform")) {
            models.stores.push(Store {
                kind: StoreKind::Tracker,
                name: "Metaflow".to_owned(),
                evidence: Evidence::new(
                    basis.codebase.file(site.file).path.clone(),
                    site.place,
                    "keeps the fitted model as an artifact of the run",
                ),
                node: Some(site.node),
                vanishes: false,
            });
        }
    }
}

/// Hydra gives each run a folder of its own where its configuration says so; checkpoints that the configuration puts
/// below it are kept apart.
fn composed_run_folders(basis: &Basis<'_>, models: &mut Models) {
    let mut imports = basis.uses.imports.iter();
    if !imports.any(|import| import.module.starts_with("hydra")) {
        return;
    }
    let mut folder: Option<Evidence> = None;
    let mut checkpoints: Option<Evidence> = None;
    for (file, data) in basis.documents.all_data() {
        for document in &data.documents {
            document.walk(&mut |path, node| {
                let Some(text) = node.as_str() else { return };
                let key = path.last().copied().unwrap_or_default();
                if key == "dir" && text.contains("${now:") && folder.is_none() {
                    folder = Some(Evidence::new(
                        file.path.clone(),
                        node.place,
                        "each run has a folder of its own",
                    ));
                }
                let saves = matches!(key, "dirpath" | "checkpoint_dir" | "ckpt_dir" | "save_dir")
                    && text.contains("${")
                    || (key == "_target_" && text.ends_with("ModelCheckpoint"));
                if saves && checkpoints.is_none() {
                    checkpoints = Some(Evidence::new(
                        file.path.clone(),
                        node.place,
                        "keeps checkpoints in the run's folder",
                    ));
                }
            });
        }
    }
    let saves = checkpoints.or_else(|| models.saves.first().map(|save| save.evidence.clone()));
    let (Some(folder), Some(saves)) = (folder, saves) else {
        return;
    };
    for evidence in [folder, saves] {
        models.stores.push(Store {
            kind: StoreKind::RunFolder,
            name: "Hydra".to_owned(),
            evidence,
            node: None,
            vanishes: true,
        });
    }
}

/// The receiver of a method as it is written.
fn written_receiver(call: &Call) -> Option<(String, String)> {
    match &call.callee {
        Expr::Name(name) => name
            .path
            .rsplit_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned())),
        Expr::Attribute(base, method) => base
            .as_name()
            .map(|name| (name.path.to_string(), method.to_string())),
        _ => None,
    }
}

/// Whether calls of this qualified name take prompts from a store, or put them there.
fn is_prompt_store(target: &str) -> bool {
    let prompts = [
        "get_prompt",
        "pull_prompt",
        "load_prompt",
        "register_prompt",
        "create_prompt",
    ];
    prompts.iter().any(|name| target.ends_with(name))
        || target == "langchain.hub.pull"
        || target == "langsmith.Client.pull_prompt"
}

/// What stands for the model in an application of language models.
fn note_language_model(basis: &Basis<'_>, texts: &Texts<'_>, site: Site<'_>, models: &mut Models) {
    let target = basis.uses.target(&basis.codebase, site);
    if is_prompt_store(target) {
        models.prompt_stores.push(basis.codebase.evidence_at(
            site,
            format!("takes a prompt from a store by {}", shortened(target)),
        ));
    }
    if !basis.uses.has(site.file, site.index, Role::CallLlm) {
        return;
    }
    models.model_calls.push(
        basis
            .codebase
            .evidence_at(site, format!("calls a language model by {}", shortened(target))),
    );
    let named = site
        .call
        .keyword("model")
        .or_else(|| site.call.keyword("model_name"));
    let ids = named.map_or_else(Vec::new, |value| texts.of(site.file, site.call.scope, value));
    for id in ids {
        let evidence = basis.codebase.evidence_at(site, format!("calls {id}"));
        if is_dated(&id) {
            models.dated_ids.push(evidence);
        } else {
            models.moving_ids.push(evidence);
        }
    }
}

/// `gpt-4o-2024-08-06`, `claude-3-5-sonnet-20241022`, `gpt-4-0613`, `llama3:8b-instruct@sha256:…`.
fn is_dated(id: &str) -> bool {
    let words: Vec<&str> = id.split(['-', '@', ':', '_']).collect();
    let digits =
        |word: &str, length: usize| word.len() == length && word.bytes().all(|byte| byte.is_ascii_digit());
    words.iter().any(|word| digits(word, 8) && word.starts_with("20"))
        || words
            .windows(3)
            .any(|three| digits(three[0], 4) && digits(three[1], 2) && digits(three[2], 2))
        || words
            .last()
            .is_some_and(|last| digits(last, 4) && (last.starts_with('0') || last.starts_with('1')))
        || id.contains("sha256")
}

#[cfg(test)]
mod tests {
    use super::is_dated;

    #[test]
    fn dated_snapshots_are_told_from_aliases() {
        assert!(is_dated("gpt-4o-2024-08-06"));
        assert!(is_dated("claude-3-5-sonnet-20241022"));
        assert!(is_dated("gpt-4-0613"));
        assert!(!is_dated("gpt-4o-mini"));
        assert!(!is_dated("gemini-1.5-pro"));
    }
}
