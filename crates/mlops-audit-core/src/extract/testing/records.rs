//! Files of figures that the pipeline leaves behind, and tests that read them.

use mlops_audit_formats::code::Expr;

use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node};

/// The files that a `dvc.yaml` of the project calls metrics, each with the definition that names it.
pub fn metrics_of_pipelines(basis: &Basis<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (file, data) in basis.documents.all_data() {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if name != "dvc.yaml" || !basis.listing.in_project(&file.path) {
            continue;
        }
        for document in &data.documents {
            document.walk(&mut |keys, node| {
                if keys.last() != Some(&"metrics") {
                    return;
                }
                for item in node.one_or_many() {
                    let names = item.entries().iter().map(|entry| entry.key.as_str());
                    let names = names.chain(item.as_str()).filter(|name| !name.contains("${"));
                    found.extend(names.map(|name| (joined(folder, name), file.path.clone())));
                }
            });
        }
    }
    found.sort();
    found.dedup();
    found
}

fn joined(folder: &str, name: &str) -> String {
    let name = name.strip_prefix("./").unwrap_or(name);
    match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// Whether code of a test reads one of these files, and writes none itself.
pub(super) fn reads(basis: &Basis<'_>, nodes: &[Node], files: &[(String, String)]) -> bool {
    if files.is_empty() {
        return false;
    }
    let codebase = &basis.codebase;
    let is_one = |file: FileIndex, scope: u32, expr: &Expr| {
        let path = spelled(basis, file, scope, expr);
        path.is_some_and(|path| files.iter().any(|(known, _)| is_end(known, &path)))
    };
    let mut names = false;
    for node in nodes {
        for site in codebase.calls_in(*node) {
            if matches!(site.call.method(), "write_text" | "write_bytes" | "dump") {
                return false;
            }
            let mut arguments = site.call.arguments.iter();
            names |= arguments.any(|argument| is_one(node.file, site.call.scope, &argument.value));
        }
        let code = &codebase.file(node.file).code;
        let assigned = code.assignments.iter();
        let mut own = assigned.filter(|found| codebase.node_at(node.file, found.scope, found.block) == *node);
        names |= own.any(|found| is_one(node.file, found.scope, &found.value));
    }
    names
}

fn is_end(known: &str, path: &str) -> bool {
    let rest = known.strip_suffix(path);
    !path.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// The part of a path that is written out: `ROOT / "reports" / "metrics.json"`. `None` where it begins in a folder that a
/// test is given or makes.
fn spelled(basis: &Basis<'_>, file: FileIndex, scope: u32, expr: &Expr) -> Option<String> {
    match expr {
        Expr::String(text) => Some(text.trim_start_matches("./").to_owned()),
        Expr::Binary(left, operator, right) if operator.as_str() == "/" => {
            let left = spelled(basis, file, scope, left)?;
            let right = right.as_str()?;
            Some(joined(&left, right))
        }
        Expr::Name(name) => {
            let code = &basis.codebase.file(file).code;
            let is_given = code.scopes_around(scope).any(|(_, around)| {
                let mut parameters = around.parameters.iter();
                parameters.any(|parameter| name.path == parameter.name)
            });
            let lower = name.path.to_ascii_lowercase();
            let is_made = lower.contains("tmp") || lower.contains("temp");
            (!is_given && !is_made).then(String::new)
        }
        Expr::Call(_) => {
            let site = basis.codebase.call_of(file, expr)?;
            let is_path = site.call.method() == "Path";
            let inner = site.call.positional(0).filter(|_| is_path);
            Some(inner.and_then(Expr::as_str).unwrap_or_default().to_owned())
        }
        Expr::Subscript(..) | Expr::Attribute(..) => Some(String::new()),
        _ => None,
    }
}
