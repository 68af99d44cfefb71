//! Seeds in configuration files, and what is no fixed seed.

use super::seed::{Seed, Setting};
use crate::extract::Basis;
use crate::read::Format;
use mlops_audit_formats::code::{Assignment, Expr, ScopeKind};
use mlops_audit_formats::data::Value;
use mlops_audit_formats::dotted::last_segment;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Sources that give another value at each run; a state that was just read is as random as it was.
pub(super) fn is_unrepeatable(path: &str) -> bool {
    matches!(
        path,
        "time.time"
            | "time.time_ns"
            | "time.perf_counter"
            | "os.getpid"
            | "os.urandom"
            | "uuid.uuid4"
            | "uuid.uuid1"
            | "secrets.randbits"
            | "secrets.randbelow"
            | "torch.seed"
            | "torch.initial_seed"
            | "datetime.datetime.now"
            | "base.Sys.time"
    ) || path.starts_with("datetime.datetime.now().")
        || path.ends_with(".get_state")
        || path.ends_with(".get_rng_state")
}

/// All keys of configuration files whose name speaks of a seed or a temperature.
pub(super) fn settings(basis: &Basis<'_>) -> BTreeMap<String, Setting> {
    let mut found: BTreeMap<String, Setting> = BTreeMap::new();
    for (file, data) in basis.documents.all_data() {
        let is_config = matches!(
            file.format,
            Format::Yaml | Format::Toml | Format::Json | Format::Ini
        );
        if !is_config || file.path.ends_with(".lock") || crate::extract::is_test_path(&file.path) {
            continue;
        }
        for document in &data.documents {
            document.walk(&mut |_, node| {
                for entry in node.entries() {
                    let lower = entry.key.to_ascii_lowercase();
                    if !(lower.contains("seed")
                        || lower.contains("random_state")
                        || lower.contains("temperature")
                        || lower == "rng")
                    {
                        continue;
                    }
                    let setting = found.entry(entry.key.clone()).or_default();
                    match &entry.value.value {
                        Value::Null => setting.null = true,
                        Value::Number(number) => {
                            setting.set = true;
                            setting.number = Some(*number);
                        }
                        _ => setting.set = true,
                    }
                }
            });
        }
    }
    found
}

/// The defaults of the fields of the project's classes.
pub(super) fn fields<'a>(basis: &'a Basis<'_>) -> FxHashMap<&'a str, Seed> {
    let mut fields: FxHashMap<&str, Seed> = FxHashMap::default();
    for (_, source) in basis.codebase.without_tests() {
        for assignment in &source.code.assignments {
            let in_class = source.code.scopes[assignment.scope as usize].kind == ScopeKind::Class;
            if !in_class || is_left_open(assignment) {
                continue;
            }
            let value = match &assignment.value {
                Expr::None => Seed::Off,
                _ => Seed::Fixed,
            };
            let known = fields.entry(assignment.target.as_str()).or_insert(value);
            *known = (*known).max(value);
        }
    }
    fields
}

/// Whether a field has a type and no default, so that whoever makes an object gives the value.
fn is_left_open(field: &Assignment) -> bool {
    const DEFAULT: usize = "=None".len();
    let Some(Expr::Name(kind)) = field.annotation.as_deref() else {
        return false;
    };
    let length = (field.span.end - field.span.start) as usize;
    // Types of other modules may be written shorter than they are called.
    let written = last_segment(&kind.path).len();
    field.value == Expr::None
        && !kind.path.contains('.')
        && length < field.target.len() + 1 + written + DEFAULT
}
