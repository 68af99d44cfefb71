//! Files of JSON that hold figures: which the code writes, and which the repository holds.

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::Basis;
use mlops_audit_core::extract::codebase::{FileIndex, Site};
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
    if let Way::Written { path } = &figure.way {
        return read(basis, &whole(inspection, path), &figure.name);
    }
    let mut paths: Vec<String> = written(basis, figure.file)
        .map(|(_, path, _)| whole(inspection, &path))
        .collect();
    paths.extend(metrics_of_dvc(inspection));
    paths.sort();
    paths.dedup();
    let mut found = paths.iter().filter_map(|path| read(basis, path, &figure.name));
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// A path as the code has it, from the root of the repository.
fn whole(inspection: &Inspection<'_>, path: &str) -> String {
    format!("{}{path}", inspection.facts().basis.listing.project)
}

fn read(basis: &Basis<'_>, path: &str, name: &str) -> Option<Record> {
    let (_, data) = basis.documents.all_data().find(|(file, _)| file.path == path)?;
    let value = data.documents.first()?.get(name)?.as_number()?;
    value.is_finite().then(|| Record {
        path: path.to_owned(),
        value,
    })
}

/// The files that `dvc.yaml` calls metrics.
fn metrics_of_dvc(inspection: &Inspection<'_>) -> Vec<String> {
    let basis = &inspection.facts().basis;
    let path = whole(inspection, "dvc.yaml");
    let Some((_, data)) = basis.documents.all_data().find(|(file, _)| file.path == path) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for document in &data.documents {
        document.walk(&mut |keys, node| {
            if keys.last() != Some(&"metrics") {
                return;
            }
            for item in node.one_or_many() {
                let names = item.entries().iter().map(|entry| entry.key.as_str());
                found.extend(names.chain(item.as_str()).map(|name| whole(inspection, name)));
            }
        });
    }
    found
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

/// The path of a file that is open: `with open("metrics.json", "w") as file`.
fn opened(basis: &Basis<'_>, site: Site<'_>, handle: &Expr) -> Option<String> {
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
    let open = codebase.call_of(site.file, value)?;
    if codebase.target(open) == "open" {
        return path_of(basis, open, open.call.positional(0)?);
    }
    (open.call.method() == "open")
        .then(|| holder(basis, open))
        .flatten()
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
