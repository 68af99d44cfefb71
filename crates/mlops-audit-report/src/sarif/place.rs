//! Files and regions.

use std::fmt::Write as _;

use mlops_audit_core::excerpts::Excerpt;
use serde_json::{Value, json};

use super::ROOT;
use crate::gaps::Spot;

/// A file of the repository.
pub(super) fn address(path: &str) -> Value {
    json!({ "uri": encoded(path), "uriBaseId": ROOT })
}

/// The path as a relative address: what a URI gives a meaning of its own is written with `%`.
pub(super) fn encoded(path: &str) -> String {
    let mut address = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

/// A place as SARIF writes it.
pub(super) fn physical(spot: &Spot<'_>) -> Value {
    let mut place = json!({
        "artifactLocation": address(spot.path),
        "region": region(spot),
    });
    if let Some(context) = context(spot) {
        place["contextRegion"] = context;
    }
    place
}

/// The line without the blanks around it. A whole file has its first line, because services show nothing without one.
fn region(spot: &Spot<'_>) -> Value {
    let mut region = json!({ "startLine": spot.shown_line() });
    let Some(line) = spot.excerpt.map(Excerpt::marked_line) else {
        return region;
    };
    let text = line.trim();
    if text.is_empty() {
        return region;
    }
    // In a notebook the line is a string of JSON, with columns of its own. A line that was cut has no known end.
    if !spot.in_notebook {
        let before = line.chars().count() - line.trim_start().chars().count();
        region["startColumn"] = (before + 1).into();
        if !line.ends_with('…') {
            region["endColumn"] = (before + text.chars().count() + 1).into();
        }
    }
    region["snippet"] = json!({ "text": text });
    region
}

/// The lines around it.
fn context(spot: &Spot<'_>) -> Option<Value> {
    let excerpt = spot.excerpt.filter(|excerpt| excerpt.lines.len() > 1)?;
    if spot.in_notebook {
        return None;
    }
    let last = excerpt.first as usize + excerpt.lines.len() - 1;
    Some(json!({
        "startLine": excerpt.first,
        "endLine": last,
        "snippet": { "text": excerpt.lines.join("\n") },
    }))
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn paths_become_addresses() {
        for (path, address) in [
            ("src/train.py", "src/train.py"),
            ("a b/100%.py", "a%20b/100%25.py"),
            ("c:d?e#f.py", "c%3Ad%3Fe%23f.py"),
            ("é\n\"<.py", "%C3%A9%0A%22%3C.py"),
        ] {
            assert_eq!(encoded(path), address);
        }
    }
}
