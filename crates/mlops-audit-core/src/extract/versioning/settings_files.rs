//! Which committed files of settings a path means.

use mlops_audit_formats::data::Node;

use super::locations::{Pattern, fits, is_kept};
use crate::discover::{File, Listing};

/// The committed files of settings, in order.
pub(super) fn settings_files(listing: &Listing) -> Vec<&File> {
    let is_it = |file: &&File| is_settings_ending(&file.path) && file.is_own() && is_kept(listing, file);
    listing.files.iter().filter(is_it).collect()
}

/// The one of these files of settings that a path means.
pub(super) fn find_settings(files: &[&File], from: &str, text: &str) -> Option<String> {
    let text = text.replace('\\', "/");
    let segments: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".." | "{}" | "~"))
        .collect();
    let name = segments.last()?;
    if !is_settings_ending(name) {
        return None;
    }
    // A path inside a container or on another machine ends like one of the repository.
    let is_absolute = text.starts_with('/');
    let pattern = Pattern::new(name);
    let is_match = |path: &str| {
        // Most files have another name.
        if !pattern.fits(path.rsplit('/').next().unwrap_or(path)) {
            return false;
        }
        let parts: Vec<&str> = path.split('/').collect();
        if is_absolute && segments.ends_with(&parts) {
            return true;
        }
        parts.len() >= segments.len()
            && parts[parts.len() - segments.len()..]
                .iter()
                .zip(&segments)
                .all(|(part, wanted)| fits(wanted, part))
    };
    fn top(path: &str) -> &str {
        path.split('/').next().unwrap_or_default()
    }
    files
        .iter()
        .filter(|file| is_match(&file.path))
        .min_by_key(|file| (top(&file.path) != top(from), file.path.len()))
        .map(|file| file.path.clone())
}

/// Whether a path ends like a file of settings.
pub(super) fn is_settings_ending(path: &str) -> bool {
    const ENDINGS: [&str; 10] = [
        "yaml",
        "yml",
        "toml",
        "json",
        "ini",
        "cfg",
        "gin",
        "conf",
        "hocon",
        "properties",
    ];
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Whether a path says that the file holds settings.
pub(super) fn says_settings(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [
        "config",
        "conf/",
        "param",
        "setting",
        "hparam",
        "experiment",
        "recipe",
        "exp/",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Whether a value is a set or range of values that a search tries.
pub(super) fn is_range(value: &Node) -> bool {
    [
        "value",
        "values",
        "min",
        "max",
        "min_value",
        "choices",
        "distribution",
    ]
    .iter()
    .any(|key| value.get(key).is_some())
}
