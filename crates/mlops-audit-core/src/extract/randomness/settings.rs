//! Seeds in configuration files, and what is no fixed seed.

use super::seed::Setting;
use crate::extract::Basis;
use crate::read::Format;
use mlops_audit_formats::data::Value;
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
