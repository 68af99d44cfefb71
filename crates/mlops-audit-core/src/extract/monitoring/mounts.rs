//! Whether the container of Prometheus finds a rule file where its configuration looks for it.

use super::prometheus::Configuration;
use crate::extract::Basis;
use crate::extract::serving::declared::{Service, services};

/// Whether a service that mounts the configuration also mounts the rule file where the configuration names it; also
/// where no compose file shows both.
pub(super) fn finds(basis: &Basis<'_>, configuration: &Configuration, rules: &str) -> bool {
    let services = services(basis.documents);
    let mut known = services
        .iter()
        // Another service may mount the whole folder for reasons of its own.
        .filter(|service| service.image().contains("prom") || service.name.contains("prom"))
        .filter_map(|service| found_in(service, configuration, rules))
        .peekable();
    known.peek().is_none() || known.any(|found| found)
}

/// Whether this service's container finds the rules; none where it mounts one of the two in no way that can be read.
fn found_in(service: &Service<'_>, configuration: &Configuration, rules: &str) -> Option<bool> {
    let binds = service.binds();
    let at = |path: &str| -> Vec<String> {
        binds
            .iter()
            .filter_map(|(source, target)| inside(source, target, path))
            .collect()
    };
    let folders: Vec<String> = at(&configuration.path)
        .iter()
        .filter_map(|path| Some(path.rsplit_once('/')?.0.to_owned()))
        .collect();
    let placed = at(rules);
    if folders.is_empty() || placed.is_empty() {
        return None;
    }
    Some(configuration.rule_files.iter().any(|(pattern, _)| {
        folders.iter().any(|folder| {
            let whole = absolute(folder, pattern);
            placed.iter().any(|path| is_match(&whole, path))
        })
    }))
}

/// The path in the container of a file that a bind mount covers.
fn inside(source: &str, target: &str, path: &str) -> Option<String> {
    let target = target.trim_end_matches('/');
    if path == source {
        return Some(target.to_owned());
    }
    let rest = if source.is_empty() {
        path
    } else {
        path.strip_prefix(source)?.strip_prefix('/')?
    };
    Some(format!("{target}/{rest}"))
}

fn absolute(folder: &str, pattern: &str) -> String {
    if pattern.starts_with('/') {
        return pattern.to_owned();
    }
    format!("{folder}/{}", pattern.trim_start_matches("./"))
}

/// Whether a path fits a pattern, whose last part may hold stars.
fn is_match(pattern: &str, path: &str) -> bool {
    let (Some((folder, wanted)), Some((in_folder, name))) = (pattern.rsplit_once('/'), path.rsplit_once('/'))
    else {
        return false;
    };
    let fits = match wanted.split_once('*') {
        Some((start, end)) => name.starts_with(start) && name.ends_with(end.trim_start_matches('*')),
        None => wanted == name,
    };
    fits && (folder == in_folder || folder.contains('*'))
}
