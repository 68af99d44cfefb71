//! Seeds that the code asks its configuration for, and that the configuration leaves out.

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::randomness::EntryRandomness;
use mlops_audit_core::read::Format;
use mlops_audit_formats::code::{Call, Expr};
use mlops_audit_formats::data::{Entry, Value};
use mlops_audit_formats::decode::decode;

use super::SEED;
use crate::edit::{Change, Edit};

/// A key of a configuration file that holds no seed, with the edit that gives it one.
pub(crate) struct Switch {
    /// The file.
    pub(crate) path: String,
    /// The edit.
    pub(crate) edit: Edit,
}

/// The keys that calls of an entry point ask for, and that configuration files leave empty.
pub(crate) fn switches(inspection: &Inspection<'_>, entry: &EntryRandomness) -> Vec<Switch> {
    let codebase = &inspection.facts().basis.codebase;
    let mut keys: Vec<&str> = Vec::new();
    for place in &entry.switched_off {
        let Some(file) = codebase.position(&place.path) else {
            continue;
        };
        let calls = codebase.file(file).code.calls.iter();
        let here = calls.filter(|call| call.place == place.place);
        keys.extend(here.filter_map(key));
    }
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .flat_map(|key| empty_entries(inspection, key))
        .collect()
}

/// The key that the first argument asks for: `cfg.seed`, `config["seed"]`, `cfg.get("seed")` through a name.
fn key(call: &Call) -> Option<&str> {
    match &call.arguments.first()?.value {
        Expr::Name(name) => name.path.rsplit_once('.').map(|(_, key)| key),
        Expr::Attribute(_, key) => Some(key),
        Expr::Subscript(_, key) => key.as_str(),
        _ => None,
    }
}

fn empty_entries(inspection: &Inspection<'_>, key: &str) -> Vec<Switch> {
    let mut found = Vec::new();
    for (file, data) in inspection.facts().basis.documents.all_data() {
        let sets = matches!(file.format, Format::Yaml | Format::Json);
        if !sets || file.path.ends_with(".lock") {
            continue;
        }
        for document in &data.documents {
            document.walk(&mut |_, node| {
                let empty = node
                    .entries()
                    .iter()
                    .filter(|entry| entry.key == key && entry.value.value == Value::Null);
                found.extend(empty.filter_map(|entry| filled(inspection, &file.path, entry)));
            });
        }
    }
    found
}

/// The edit that writes the seed where `null`, `~` or nothing stands behind the key.
fn filled(inspection: &Inspection<'_>, path: &str, entry: &Entry) -> Option<Switch> {
    let file = inspection.source.listing().file(path)?;
    let text = decode(&inspection.source.read(file).ok()?).text;
    let after = text.get(entry.span.end as usize..)?;
    let colon = after.find(':')?;
    let rest = after.get(colon + 1..)?;
    let written = rest.lines().next().unwrap_or_default();
    let value = written
        .trim_start()
        .split([' ', '#', ',', '}', '\t'])
        .next()
        .unwrap_or_default();
    if !matches!(value, "" | "~" | "null" | "Null" | "NULL") {
        return None;
    }
    let blanks = written.len() - written.trim_start_matches([' ', '\t']).len();
    let start = entry.span.end as usize + colon + 1;
    let (range, seed) = match value {
        "" => (start..start, format!(" {SEED}")),
        _ => (start + blanks..start + blanks + value.len(), SEED.to_owned()),
    };
    Some(Switch {
        path: path.to_owned(),
        edit: Edit {
            path: path.to_owned(),
            change: Change::Replace { range, text: seed },
        },
    })
}
