//! Calls that save a model to a file, and what makes the name of that file one of its run or release.

use mlops_audit_formats::code::{Call, Expr, Language};
use mlops_audit_formats::dotted::last_segment;

use super::model_paths::is_model_path;
use super::models::{Models, Save, Store, StoreKind};
use super::numbered::{counts_on, counts_past};
use super::paths::Texts;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site};
use crate::extract::uses::shortened;
use crate::read::Document;

pub(super) fn is_on(value: Option<&Expr>) -> bool {
    matches!(value, Some(Expr::Bool(true)))
}

pub(super) fn note_save(basis: &Basis<'_>, texts: &Texts<'_>, site: Site<'_>, models: &mut Models) {
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
            .map(|name| name.path.to_string()),
    });
}

pub(super) fn says_fitted(name: &str) -> bool {
    let last = last_segment(name);
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
pub(super) fn saves_by_name(basis: &Basis<'_>, site: Site<'_>) -> bool {
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
        && may_save(call.method())
        && (call.method() != "save" || says_fitted(&receiver))
}

/// Whether methods of this name may save a model.
pub(super) fn may_save(method: &str) -> bool {
    matches!(
        method,
        "save" | "save_model" | "save_pretrained" | "save_weights" | "save_checkpoint"
    )
}

/// Frameworks that give every run a numbered folder unless told otherwise.
pub(in crate::extract) fn is_default_run_folder(target: &str, call: &Call) -> bool {
    if !makes_run_folders(target) {
        return false;
    }
    let off = |name: &str| call.keyword(name) == Some(&Expr::Bool(false));
    if target.ends_with(".Trainer") {
        return !off("logger") && !off("enable_checkpointing");
    }
    call.keyword("exist_ok") != Some(&Expr::Bool(true))
}

/// Whether calls of this qualified name give each run a folder unless told otherwise.
pub(super) fn makes_run_folders(target: &str) -> bool {
    (target.ends_with(".Trainer") || target.ends_with(".LightningCLI")) && target.contains("lightning")
        || target.starts_with("ultralytics.YOLO") && target.ends_with(".train")
}

/// Whether an expression takes in the time, a random id or the id of a run.
pub(super) fn is_unique(
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
            bound.any(|found| {
                counts_past(&basis.codebase, file, found)
                    || found.value != *expr && within(file, found.scope, &found.value)
            })
        }
        Expr::Format(_, holes) => holes.iter().any(inner),
        Expr::Binary(left, _, right) => {
            counts_on(&basis.codebase, file, scope, expr) || inner(left) || inner(right)
        }
        Expr::Subscript(base, _) | Expr::Attribute(base, _) => inner(base),
        Expr::Choice(choice) => inner(&choice.yes) || inner(&choice.no),
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
pub(super) fn names_package_version(
    basis: &Basis<'_>,
    file: FileIndex,
    scope: u32,
    expr: &Expr,
    depth: u32,
) -> bool {
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
pub(super) fn package_upload(basis: &Basis<'_>) -> Option<Evidence> {
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
