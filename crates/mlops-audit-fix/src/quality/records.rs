//! Files of JSON that hold figures: which the code writes, and which the repository holds.

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::Basis;
use mlops_audit_core::extract::codebase::{FileIndex, Site};
use mlops_audit_core::extract::testing::{is_metric_name, metrics_of_pipelines, words};
use mlops_audit_formats::code::{AssignmentKind, Expr};

use super::figures::{Figure, Way};

/// A figure that the repository records.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The file.
    pub(crate) path: String,
    /// The value.
    pub(crate) value: f64,
}

/// What the repository records of a figure: in the file that holds it, else in the only one that has its name and that
/// the same code writes or DVC calls metrics.
pub(crate) fn record(inspection: &Inspection<'_>, figure: &Figure) -> Option<Record> {
    let basis = &inspection.facts().basis;
    match &figure.way {
        Way::Written { path, keys } => return read(basis, &whole(inspection, path), keys),
        Way::Reported { path, keys, .. } => return read(basis, path, keys),
        _ => {}
    }
    let own = figure.file.into_iter().flat_map(|file| written(basis, file));
    let mut paths: Vec<String> = own.map(|(_, path, _)| whole(inspection, &path)).collect();
    paths.extend(metrics_of_pipelines(basis).into_iter().map(|(path, _)| path));
    paths.sort();
    paths.dedup();
    let mut found = paths
        .iter()
        .filter_map(|path| read(basis, path, std::slice::from_ref(&figure.name)));
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// A path as the code has it, from the root of the repository.
fn whole(inspection: &Inspection<'_>, path: &str) -> String {
    format!("{}{path}", inspection.facts().basis.listing.project)
}

fn read(basis: &Basis<'_>, path: &str, keys: &[String]) -> Option<Record> {
    let (_, data) = basis.documents.all_data().find(|(file, _)| file.path == path)?;
    let mut node = data.documents.first()?;
    for key in keys {
        node = node.get(key)?;
    }
    let value = node.as_number()?;
    value.is_finite().then(|| Record {
        path: path.to_owned(),
        value,
    })
}

/// The figures in a file that the repository holds: the keys that lead to each number that is named as a metric.
pub(super) fn recorded(basis: &Basis<'_>, path: &str) -> Vec<Vec<String>> {
    let Some((_, data)) = basis.documents.all_data().find(|(file, _)| file.path == path) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(document) = data.documents.first() {
        document.walk(&mut |keys, node| {
            let is_named = keys.last().is_some_and(|key| is_metric_name(key));
            if is_named && node.as_number().is_some() && !is_of_training(keys) {
                found.push(keys.iter().map(|key| (*key).to_owned()).collect());
            }
        });
    }
    found
}

/// Whether keys speak of data that the model was fitted on.
fn is_of_training(keys: &[&str]) -> bool {
    let mut all = keys.iter().flat_map(|key| words(key));
    all.any(|word| matches!(word.as_str(), "train" | "training"))
}

/// The calls of a file that write JSON to a path that is written out, each with the path and the value.
pub(super) fn written<'run>(
    basis: &'run Basis<'run>,
    file: FileIndex,
) -> impl Iterator<Item = (Site<'run>, String, &'run Expr)> {
    basis.codebase.calls_of(file).filter_map(move |site| {
        let (path, value) = match basis.codebase.target(site) {
            "json.dump" => (
                opened(basis, site, site.call.positional(1)?)?,
                site.call.positional(0)?,
            ),
            _ if site.call.method() == "write_text" => {
                let inner = basis.codebase.call_of(file, site.call.positional(0)?)?;
                let is_json = basis.codebase.target(inner) == "json.dumps";
                (
                    holder(basis, site)?,
                    inner.call.positional(0).filter(|_| is_json)?,
                )
            }
            _ => return None,
        };
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        let is_plain =
            path.ends_with(".json") && !path.starts_with(['/', '~', '.']) && !path.contains(['{', '$']);
        is_plain.then_some((site, path, value))
    })
}

/// The calls of a file that write JSON to a file of this name, wherever it lies, each with the value.
pub(super) fn written_as<'run>(
    basis: &'run Basis<'run>,
    file: FileIndex,
    name: &str,
) -> impl Iterator<Item = (Site<'run>, &'run Expr)> {
    basis.codebase.calls_of(file).filter_map(move |site| {
        let is_dump = basis.codebase.target(site) == "json.dump";
        let handle = site.call.positional(1).filter(|_| is_dump)?;
        let open = opener(basis, site, handle)?;
        let path = open.call.positional(0)?;
        let (_, path) = basis.codebase.value(open.file, open.call.scope, path);
        (ending(path)? == name).then_some((site, site.call.positional(0)?))
    })
}

/// The last part of a path: `folder / "metrics.json"`.
fn ending(path: &Expr) -> Option<&str> {
    match path {
        Expr::Binary(_, _, last) => last.as_str(),
        path => path.as_str()?.rsplit('/').next(),
    }
}

/// The path of a file that is open: `with open("metrics.json", "w") as file`.
fn opened(basis: &Basis<'_>, site: Site<'_>, handle: &Expr) -> Option<String> {
    let open = opener(basis, site, handle)?;
    if basis.codebase.target(open) == "open" {
        return path_of(basis, open, open.call.positional(0)?);
    }
    (open.call.method() == "open")
        .then(|| holder(basis, open))
        .flatten()
}

/// The call that opens a file.
fn opener<'run>(basis: &'run Basis<'run>, site: Site<'run>, handle: &'run Expr) -> Option<Site<'run>> {
    let codebase = &basis.codebase;
    let name = handle.as_name();
    let value = match name {
        Some(name) => {
            let mut bound = codebase.assignments(site.file, site.call.scope, &name.path);
            let nearest = bound.find(|found| {
                let is_opened = matches!(found.kind, AssignmentKind::With | AssignmentKind::Plain);
                is_opened && found.span.start <= site.call.span.start
            });
            &nearest?.value
        }
        None => handle,
    };
    codebase.call_of(site.file, value)
}

/// The path that a method of `Path` is called on: `Path("metrics.json").write_text(…)`.
fn holder(basis: &Basis<'_>, site: Site<'_>) -> Option<String> {
    match &site.call.callee {
        Expr::Attribute(base, _) => path_of(basis, site, base),
        Expr::Name(name) => {
            let (holder, _) = name.path.rsplit_once('.')?;
            let mut bound = basis.codebase.assignments(site.file, site.call.scope, holder);
            path_of(basis, site, &bound.next()?.value)
        }
        _ => None,
    }
}

/// A path that is written out, also inside `Path(…)`.
fn path_of(basis: &Basis<'_>, site: Site<'_>, value: &Expr) -> Option<String> {
    let codebase = &basis.codebase;
    let (file, value) = codebase.value(site.file, site.call.scope, value);
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let made = codebase.call_of(file, value)?;
    let is_path = codebase.target(made) == "pathlib.Path" && made.call.arguments.len() == 1;
    let text = made.call.positional(0).filter(|_| is_path)?.as_str()?;
    Some(text.to_owned())
}
