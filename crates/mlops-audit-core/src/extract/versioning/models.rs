//! Where trained models go.

use mlops_audit_formats::code::{Call, Expr, Language};
use mlops_audit_formats::data::Value;

use super::locations::Locations;
use super::paths::Texts;
use super::shelves::Shelves;
use crate::catalogue::Role;
use crate::discover::Ownership;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Site};
use crate::extract::runs::{Runner, RunnerKind, Target};
use crate::extract::uses::shortened;
use crate::read::Document;

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

/// Endings of files that hold a model.
const ENDINGS: &[&str] = &[
    "pkl",
    "pickle",
    "joblib",
    "h5",
    "hdf5",
    "keras",
    "pt",
    "pth",
    "ckpt",
    "onnx",
    "tflite",
    "cbm",
    "safetensors",
    "bst",
    "ubj",
    "mlmodel",
    "rds",
    "jls",
    "bson",
    "jld2",
    "pb",
    "mar",
    "gguf",
    "skops",
    "dill",
    "sav",
    "xgb",
    "lgb",
    "weights",
    "caffemodel",
    "mojo",
    "params",
    "tar",
    "model",
];

/// Endings that nothing but models have.
const SURE: &[&str] = &[
    "keras",
    "pt",
    "pth",
    "ckpt",
    "onnx",
    "tflite",
    "cbm",
    "safetensors",
    "ubj",
    "mlmodel",
    "skops",
    "mojo",
    "caffemodel",
    "xgb",
    "weights",
    "sav",
];

/// Whether a path names a model, by its ending and its words.
pub fn is_model_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let says_model = |text: &str| {
        [
            "model",
            "classifier",
            "regressor",
            "estimator",
            "weights",
            "checkpoint",
            "ckpt",
            "pipeline",
            "xgb",
            "lgbm",
            "catboost",
            "random_forest",
            "randomforest",
        ]
        .iter()
        .any(|word| text.contains(word))
    };
    let says_other = [
        "metric",
        "accurac",
        "score",
        "result",
        "data",
        "history",
        "vocab",
        "token",
        "encoder",
        "scaler",
        "feature",
        "label",
        "embedding",
        "columns",
        "report",
        "x_train",
        "y_train",
        "x_test",
        "y_test",
        "params",
        "vectorizer",
        "index",
        "comparison",
        "card",
        "config",
        "_info",
        "split",
        "stats",
        "prediction",
        "summary",
        "importance",
    ]
    .iter()
    .any(|word| name.contains(word));
    if SURE.contains(&ending) {
        return !says_other || says_model(name);
    }
    if ENDINGS.contains(&ending) {
        let folder_says = lower.rsplit('/').skip(1).any(says_model);
        return !says_other && (says_model(name) || folder_says);
    }
    if matches!(ending, "json" | "txt" | "bin") {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let is_booster = ["xgb", "lgb", "booster"].iter().any(|word| stem.contains(word));
        return !says_other
            && (stem == "model"
                || stem.ends_with("_model")
                || stem.ends_with("-model")
                || is_booster
                || stem == "pytorch_model");
    }
    // A folder of a saved model.
    ending.is_empty()
        && !name.is_empty()
        && (name == "model"
            || name == "models"
            || name.ends_with("_model")
            || name == "saved_model"
            || name == "checkpoints")
}

/// Gathers where models go.
pub(super) fn gather(basis: &Basis<'_>, texts: &Texts<'_>, shelves: &Shelves, live: &Reached) -> Models {
    let mut models = Models::default();
    for site in basis.codebase.calls() {
        if basis.codebase.file(site.file).is_test {
            continue;
        }
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

fn is_on(value: Option<&Expr>) -> bool {
    matches!(value, Some(Expr::Bool(true)))
}

fn note_save(basis: &Basis<'_>, texts: &Texts<'_>, site: Site<'_>, models: &mut Models) {
    let target = basis.uses.target(&basis.codebase, site);
    let call = site.call;
    if is_default_run_folder(target, call) {
        models.stores.push(Store {
            kind: StoreKind::RunFolder,
            name: shortened(target),
            evidence: basis
                .codebase
                .evidence_at(site, "keeps each run in a folder of its own by default"),
            node: Some(basis.codebase.node_of(site)),
            vanishes: true,
        });
    }
    if !basis.uses.has(site.file, site.index, Role::SaveModel) && !saves_by_name(basis, site) {
        return;
    }
    let positions = if matches!(shortened(target).rsplit('.').next(), Some("dump")) {
        [1, 0]
    } else {
        [0, 1]
    };
    let place = [
        "path",
        "filepath",
        "filename",
        "f",
        "file",
        "save_directory",
        "output_dir",
        "dirpath",
        "path_or_buf",
    ]
    .iter()
    .find_map(|name| call.keyword(name));
    let candidates: Vec<&Expr> = place
        .into_iter()
        .chain(positions.iter().filter_map(|at| call.positional(*at)))
        .collect();
    let path = candidates
        .iter()
        .flat_map(|value| texts.of(site.file, call.scope, value))
        .next();
    let unique = candidates
        .iter()
        .any(|value| is_unique(basis, texts, site.file, call.scope, value, 9));
    let about = path.as_deref().unwrap_or_default();
    let pickles = target.contains("pickle")
        || target.contains("joblib")
        || target.contains("dill")
        || target.contains("saveRDS");
    let pickled = call
        .positional(0)
        .and_then(Expr::as_name)
        .map(|name| name.path.to_ascii_lowercase());
    let pickles_other = pickles && !is_model_path(about) && !pickled.as_deref().is_some_and(says_fitted);
    if pickles_other {
        return;
    }
    let in_package = candidates
        .iter()
        .any(|value| names_package_version(basis, site.file, site.call.scope, value, 5));
    if in_package && let Some(upload) = package_upload(basis) {
        for evidence in [
            basis
                .codebase
                .evidence_at(site, "saves the model under the package's version"),
            upload,
        ] {
            models.stores.push(Store {
                kind: StoreKind::Release,
                name: "a package release".to_owned(),
                evidence,
                node: None,
                vanishes: false,
            });
        }
    }
    if unique || in_package {
        models.stores.push(Store {
            kind: StoreKind::RunFolder,
            name: shortened(target),
            evidence: basis
                .codebase
                .evidence_at(site, "saves the model under a name of its own for each run"),
            node: Some(basis.codebase.node_of(site)),
            vanishes: true,
        });
    }
    models.saves.push(Save {
        evidence: basis
            .codebase
            .evidence_at(site, format!("saves the model by {}", shortened(target))),
        what: shortened(target),
        path,
        value: call
            .positional(0)
            .and_then(Expr::as_name)
            .map(|name| name.path.clone()),
    });
}

fn says_fitted(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    [
        "model",
        "clf",
        "classifier",
        "regressor",
        "pipeline",
        "pipe",
        "estimator",
        "knn",
        "svm",
        "forest",
        "booster",
        "net",
        "lr",
        "rf",
        "xgb",
    ]
    .iter()
    .any(|word| last.contains(word))
}

/// Saves whose receiver's class is not known: `model.save("x.h5")`, `model.save_model(…)`.
fn saves_by_name(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let call = site.call;
    let python = basis.codebase.file(site.file).code.language == Language::Python;
    let receiver = call
        .target
        .path
        .rsplit('.')
        .nth(1)
        .unwrap_or_default()
        .to_ascii_lowercase();
    python
        && basis.codebase.callee(site).is_none()
        && !call.arguments.is_empty()
        && (matches!(
            call.method(),
            "save_model" | "save_pretrained" | "save_weights" | "save_checkpoint"
        ) || (call.method() == "save" && says_fitted(&receiver)))
}

/// Frameworks that give every run a numbered folder unless told otherwise.
fn is_default_run_folder(target: &str, call: &Call) -> bool {
    let lightning = target.ends_with(".Trainer") && target.contains("lightning");
    let off = |name: &str| call.keyword(name) == Some(&Expr::Bool(false));
    if lightning {
        return !off("logger") && !off("enable_checkpointing");
    }
    (target.starts_with("ultralytics.YOLO") && target.ends_with(".train"))
        && call.keyword("exist_ok") != Some(&Expr::Bool(true))
}

/// Whether an expression takes in the time, a random id or the id of a run.
fn is_unique(
    basis: &Basis<'_>,
    texts: &Texts<'_>,
    file: FileIndex,
    scope: u32,
    expr: &Expr,
    depth: u32,
) -> bool {
    if depth == 0 {
        return false;
    }
    let within =
        |file: FileIndex, scope: u32, expr: &Expr| is_unique(basis, texts, file, scope, expr, depth - 1);
    let inner = |expr: &Expr| within(file, scope, expr);
    match expr {
        Expr::Name(name) => {
            let last = name.path.rsplit('.').next().unwrap_or_default();
            if matches!(
                last.to_ascii_lowercase().as_str(),
                "run_id" | "timestamp" | "time_stamp" | "datetime_str" | "run_uuid"
            ) {
                return true;
            }
            let mut bound = basis
                .codebase
                .assignments(file, scope, &name.path)
                .take(2)
                .peekable();
            if bound.peek().is_none() && name.path.contains('.') {
                let elsewhere = texts.assigned_anywhere(last);
                return elsewhere
                    .into_iter()
                    .any(|(file, scope, value)| value != expr && within(file, scope, value));
            }
            bound.any(|found| found.value != *expr && within(file, found.scope, &found.value))
        }
        Expr::Format(_, holes) => holes.iter().any(inner),
        Expr::Binary(left, _, right) => inner(left) || inner(right),
        Expr::Subscript(base, _) | Expr::Attribute(base, _) => inner(base),
        Expr::Choice(_, yes, no) => inner(yes) || inner(no),
        Expr::Call(index) => {
            let Some(call) = basis.codebase.file(file).code.calls.get(*index as usize) else {
                return false;
            };
            const CLOCK: &[&str] = &[
                "strftime",
                "isoformat",
                "uuid4",
                "uuid1",
                "now",
                "utcnow",
                "token_hex",
                "format_time",
                "Sys.time",
                "time_ns",
            ];
            let path = call.target.path.as_str();
            let receiver = match &call.callee {
                Expr::Attribute(base, _) => inner(base),
                _ => false,
            };
            CLOCK.contains(&call.method())
                || matches!(
                    path,
                    "time.time"
                        | "datetime.datetime.today"
                        | "time.ctime"
                        | "time.asctime"
                        | "base.Sys.time"
                        | "time.localtime"
                )
                || receiver
                || call.arguments.iter().any(|argument| inner(&argument.value))
        }
        _ => false,
    }
}

/// Whether an expression takes in the version of the project's own package.
fn names_package_version(basis: &Basis<'_>, file: FileIndex, scope: u32, expr: &Expr, depth: u32) -> bool {
    if depth == 0 {
        return false;
    }
    let inner = |expr: &Expr| names_package_version(basis, file, scope, expr, depth - 1);
    match expr {
        Expr::Name(name) => {
            let last = name.path.rsplit('.').next().unwrap_or_default();
            matches!(
                last,
                "__version__" | "_version" | "VERSION" | "model_version" | "MODEL_VERSION"
            ) || basis
                .codebase
                .assignments(file, scope, &name.path)
                .next()
                .is_some_and(|found| found.value != *expr && inner(&found.value))
        }
        Expr::Format(_, holes) => holes.iter().any(inner),
        Expr::Binary(left, _, right) => inner(left) || inner(right),
        Expr::Call(index) => {
            let call = basis.codebase.file(file).code.calls.get(*index as usize);
            call.is_some_and(|call| call.arguments.iter().any(|argument| inner(&argument.value)))
        }
        _ => false,
    }
}

/// A command that uploads the package, in which the model travels.
fn package_upload(basis: &Basis<'_>) -> Option<Evidence> {
    let runners = basis.runs.runners.iter().filter(|runner| runner.dead.is_none());
    let upload = runners.flat_map(|runner| &runner.invocations).find(|invocation| {
        let line = invocation.words.join(" ");
        line.starts_with("twine upload")
            || line.contains("package=@")
            || line.starts_with("poetry publish")
            || line.contains("-m twine upload")
            || line.starts_with("uv publish")
            || line.starts_with("fury push")
    });
    if let Some(upload) = upload {
        return Some(upload.evidence(format!(
            "uploads the package by {}",
            upload.words.first().map_or("", String::as_str)
        )));
    }
    basis
        .documents
        .files
        .iter()
        .find_map(|file| match &file.document {
            Document::Shell(script) => script
                .commands
                .iter()
                .find(|command| {
                    command.words.iter().any(|word| word.contains("package=@"))
                        || command
                            .words
                            .starts_with(&["twine".to_owned(), "upload".to_owned()])
                })
                .map(|command| Evidence::new(file.path.clone(), command.place, "uploads the package")),
            _ => None,
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
    let composes = basis
        .uses
        .imports
        .iter()
        .any(|import| import.module.starts_with("hydra"));
    let saves = checkpoints.or_else(|| models.saves.first().map(|save| save.evidence.clone()));
    let (Some(folder), Some(saves), true) = (folder, saves, composes) else {
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
        Expr::Attribute(base, method) => base.as_name().map(|name| (name.path.clone(), method.clone())),
        _ => None,
    }
}

fn from_shelves(shelves: &Shelves, models: &mut Models) {
    let mut seen = Vec::new();
    for shelf in &shelves.all {
        let lfs_content = shelf.tool == "Git LFS" && is_model_path(&shelf.path);
        if (shelf.is_model || is_model_path(&shelf.path) || lfs_content) && !seen.contains(&shelf.evidence) {
            seen.push(shelf.evidence.clone());
            models.stores.push(Store {
                kind: StoreKind::Tracked,
                name: shelf.tool.to_owned(),
                evidence: shelf.evidence.clone(),
                node: None,
                vanishes: false,
            });
        }
    }
}

/// Releases, uploads and registrations by commands and actions.
fn from_commands(basis: &Basis<'_>, models: &mut Models) {
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        let trains = runner.invocations.iter().any(|invocation| {
            basis
                .runs
                .reached(invocation)
                .is_some_and(|reached| basis.training.trains(reached))
        });
        for invocation in &runner.invocations {
            let inputs = match &invocation.target {
                Target::Action { inputs, .. } => inputs
                    .iter()
                    .map(|(_, value)| value.as_str())
                    .collect::<Vec<_>>()
                    .join("\n"),
                _ => invocation.words.join("\n"),
            };
            let about_model = inputs
                .split(['\n', ' ', ','])
                .any(|word| is_model_path(word.trim_matches(['"', '\''])));
            let name = invocation.words.first().map_or("", String::as_str);
            let (kind, store) = if invocation.has_role(Role::ModelRegistry) {
                (StoreKind::Registry, "a registry")
            } else if name.contains("upload-artifact")
                && (about_model || (trains && inputs.to_ascii_lowercase().contains("model")))
            {
                (StoreKind::CiArtifact, "a CI artifact")
            } else if about_model
                && (name.contains("gh-release")
                    || name.contains("release-action")
                    || inputs.starts_with("gh\nrelease"))
            {
                (StoreKind::Release, "a release")
            } else {
                continue;
            };
            if matches!(runner.kind, RunnerKind::Documentation) && kind != StoreKind::Registry {
                continue;
            }
            models.stores.push(Store {
                kind,
                name: store.to_owned(),
                evidence: invocation.evidence(format!("runs {}", invocation.line())),
                node: None,
                vanishes: false,
            });
        }
    }
}

/// Model files that Git holds as they are.
fn committed(basis: &Basis<'_>, models: &mut Models) {
    let locations = Locations::new(basis.listing);
    let tracked: Vec<&str> = models
        .stores
        .iter()
        .filter(|store| store.kind == StoreKind::Tracked)
        .map(|store| store.name.as_str())
        .collect();
    let _ = tracked;
    let embedded = basis.uses.imports.iter().any(|import| {
        matches!(
            basis.catalogue.id(import.tool),
            "tensorflow" | "tflite" | "keras" | "emlearn" | "tensorflow-lite"
        )
    });
    let mut count = 0;
    for file in locations.kept() {
        let counts =
            file.is_own() || (file.ownership == Ownership::RunFolder && file.path.contains("artifacts"));
        if !counts || file.path.contains("test") {
            continue;
        }
        let name = file.name().to_ascii_lowercase();
        // A network for a device without file system is an array in a source file.
        let is_array = embedded
            && matches!(file.extension().as_str(), "cpp" | "cc" | "c" | "h")
            && (name.starts_with("model") || name.contains("_model"))
            && file.size > 20_000;
        let has_ending = file.extension() != "txt"
            && file.extension() != "tar"
            && name.contains('.')
            && is_model_path(&file.path);
        if is_array || has_ending {
            count += 1;
            if count <= 3 {
                let what = if is_array {
                    "a model as an array in Git"
                } else {
                    "a model file in Git"
                };
                models.stores.push(Store {
                    kind: StoreKind::Committed,
                    name: file.path.clone(),
                    evidence: Evidence::file(file.path.clone(), what),
                    node: None,
                    vanishes: false,
                });
            }
        }
    }
}

/// A tracker's local folder in a CI job that nothing uploads goes with the machine.
fn mark_vanishing(basis: &Basis<'_>, texts: &Texts<'_>, models: &mut Models) {
    let has_server = names_server(basis, texts);
    for store in &mut models.stores {
        let Some(node) = store
            .node
            .filter(|_| matches!(store.kind, StoreKind::Tracker | StoreKind::Registry))
        else {
            continue;
        };
        if has_server || !matches!(store.name.as_str(), "MLflow" | "BentoML") {
            continue;
        }
        let runs_it = |runner: &&Runner| {
            runner.invocations.iter().any(|invocation| {
                basis
                    .runs
                    .reached(invocation)
                    .is_some_and(|reached| reached.contains(node))
            })
        };
        let runners: Vec<&Runner> = basis.runs.runners.iter().filter(runs_it).collect();
        let only_ci = !runners.is_empty()
            && runners
                .iter()
                .all(|runner| matches!(runner.kind, RunnerKind::Ci(_)));
        let kept = runners.iter().any(|runner| {
            runner.invocations.iter().any(|invocation| {
                let line = invocation.words.join(" ");
                line.contains("upload-artifact")
                    || line.starts_with("dvc push")
                    || line.contains("git add")
                        && (line.contains("mlruns") || line.ends_with(" .") || line.contains("-A"))
            })
        });
        store.vanishes = only_ci && !kept;
    }
}

/// Whether code or configuration names a tracking server.
fn names_server(basis: &Basis<'_>, texts: &Texts<'_>) -> bool {
    let is_server = |texts: &[String]| {
        texts.is_empty()
            || texts.iter().any(|text| {
                text.starts_with("http") || text.starts_with("databricks") || text.starts_with("{}")
            })
    };
    let in_code = basis.codebase.calls().any(|site| {
        site.call.method() == "set_tracking_uri"
            && !basis.codebase.file(site.file).is_test
            && site
                .call
                .positional(0)
                .is_some_and(|value| is_server(&texts.of(site.file, site.call.scope, value)))
    });
    let says = |name: &str| name == "MLFLOW_TRACKING_URI";
    in_code
        || basis.codebase.files.iter().any(|file| {
            file.code.assignments.iter().any(|found| found.target.contains("MLFLOW_TRACKING_URI"))
        })
        || basis.runs.runners.iter().flat_map(|runner| &runner.invocations).any(|invocation| {
            invocation.environment.iter().any(|(name, value)| says(name) && !value.starts_with("file") && !value.starts_with("./"))
        })
        || basis.documents.all_data().any(|(file, data)| {
            let mut found = false;
            if file.path.contains(".github/") || file.path.contains("compose") || file.path.contains("gitlab") {
                for document in &data.documents {
                    document.walk(&mut |path, node| {
                        let local = matches!(&node.value, Value::String(text) if text.starts_with("file") || text.starts_with("./"));
                        found |= path.last().is_some_and(|key| says(key)) && !local;
                    });
                }
            }
            found
        })
}

/// What stands for the model in an application of language models.
fn note_language_model(basis: &Basis<'_>, texts: &Texts<'_>, site: Site<'_>, models: &mut Models) {
    let target = basis.uses.target(&basis.codebase, site);
    let prompts = [
        "get_prompt",
        "pull_prompt",
        "load_prompt",
        "register_prompt",
        "create_prompt",
    ];
    if prompts.iter().any(|name| target.ends_with(name))
        || target == "langchain.hub.pull"
        || target == "langsmith.Client.pull_prompt"
    {
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
    use super::{is_dated, is_model_path};

    #[test]
    fn paths_of_models_are_told_from_other_files() {
        for path in [
            "model.pkl",
            "models/best.pt",
            "artifacts/classifier.joblib",
            "net.onnx",
            "models/churn.h5",
            "outputs/model",
        ] {
            assert!(is_model_path(path), "{path}");
        }
        for path in [
            "accuracy.pkl",
            "data/train.h5",
            "vocab.json",
            "model_metrics.json",
            "data.bin",
            "models/scaler.pkl",
            "train.py",
        ] {
            assert!(!is_model_path(path), "{path}");
        }
    }

    #[test]
    fn dated_snapshots_are_told_from_aliases() {
        assert!(is_dated("gpt-4o-2024-08-06"));
        assert!(is_dated("claude-3-5-sonnet-20241022"));
        assert!(is_dated("gpt-4-0613"));
        assert!(!is_dated("gpt-4o-mini"));
        assert!(!is_dated("gemini-1.5-pro"));
    }
}
