//! Whether a lock file was made for its manifest as it stands: the hashes that Poetry and Pipenv write into it.
//!
//! Both hash the JSON, as Python writes it with sorted keys, of the parts of the manifest that decide what is installed.

use mlops_audit_formats::data::{Node, Value};
use mlops_audit_formats::encode::{hex, python_json};
use sha2::{Digest as _, Sha256};

/// Parts of `[tool.poetry]` that count, also where they are absent.
const POETRY: &[&str] = &["dependencies", "source", "extras", "dev-dependencies"];

/// Tables of a Pipfile that have a name of their own in the hash, or none.
const PIPFILE: &[&str] = &[
    "source",
    "requires",
    "packages",
    "dev-packages",
    "scripts",
    "pipenv",
];

/// Whether the lock file was made for another state of its manifest. What has no hash, or one whose form is not known
/// for certain (`[project]` beside Poetry), is taken to fit.
pub(super) fn is_stale(manifest: &Node, lock: &Node) -> bool {
    let written = |path: &[&str]| lock.at(path).and_then(Node::as_str);
    if let Some(hash) = written(&["metadata", "content-hash"]) {
        return poetry(manifest).is_some_and(|text| digest(&text) != hash);
    }
    if let Some(hash) = written(&["_meta", "hash", "sha256"]) {
        return digest(&pipfile(manifest)) != hash;
    }
    false
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// What Poetry hashes, from its first version on, of a manifest without `[project]`.
fn poetry(manifest: &Node) -> Option<String> {
    let project = manifest.get("project");
    let is_mixed = ["dependencies", "requires-python", "optional-dependencies"]
        .iter()
        .any(|key| project.is_some_and(|project| project.get(key).is_some()));
    let table = manifest.at(&["tool", "poetry"]).filter(|_| !is_mixed)?;
    let mut parts: Vec<(&str, Option<&Node>)> = POETRY.iter().map(|key| (*key, table.get(key))).collect();
    parts.extend(table.get("group").map(|group| ("group", Some(group))));
    let spaced = Json {
        comma: ", ",
        colon: ": ",
    };
    Some(spaced.object(parts))
}

/// What Pipenv hashes.
fn pipfile(manifest: &Node) -> String {
    let compact = Json {
        comma: ",",
        colon: ":",
    };
    let part = |key: &str, absent: &str| {
        manifest
            .get(key)
            .map_or_else(|| absent.to_owned(), |node| compact.value(node))
    };
    let sources = format!(
        "{{\"requires\":{},\"sources\":{}}}",
        part("requires", "{}"),
        part("source", "[]")
    );
    let mut parts = vec![
        ("_meta".to_owned(), sources),
        ("default".to_owned(), part("packages", "{}")),
        ("develop".to_owned(), part("dev-packages", "{}")),
    ];
    let own = manifest
        .entries()
        .iter()
        .filter(|entry| !PIPFILE.contains(&entry.key.as_str()));
    parts.extend(own.map(|entry| (entry.key.clone(), compact.value(&entry.value))));
    parts.sort();
    compact.joined(parts.into_iter())
}

/// JSON as Python's `json.dumps` writes it with sorted keys.
struct Json {
    comma: &'static str,
    colon: &'static str,
}

impl Json {
    fn object(&self, mut parts: Vec<(&str, Option<&Node>)>) -> String {
        parts.sort_by_key(|(key, _)| *key);
        let value = |node: Option<&Node>| node.map_or_else(|| "null".to_owned(), |node| self.value(node));
        self.joined(parts.into_iter().map(|(key, node)| (key.to_owned(), value(node))))
    }

    fn joined(&self, parts: impl Iterator<Item = (String, String)>) -> String {
        let parts: Vec<String> = parts
            .map(|(key, value)| format!("{}{}{value}", python_json(&key), self.colon))
            .collect();
        format!("{{{}}}", parts.join(self.comma))
    }

    fn value(&self, node: &Node) -> String {
        match &node.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => python_json(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(self.comma))
            }
            Value::Map(entries) => self.object(
                entries
                    .iter()
                    .map(|entry| (entry.key.as_str(), Some(&entry.value)))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{digest, pipfile, poetry};
    use mlops_audit_formats::data::Node;
    use mlops_audit_formats::toml;

    fn parsed(text: &str) -> Node {
        toml::read(text).documents.into_iter().next().unwrap_or_default()
    }

    #[test]
    fn poetry_hashes_what_it_installs_with_sorted_keys() {
        let manifest = parsed(
            "[tool.poetry]\nname = \"x\"\n[tool.poetry.dependencies]\npython = \"^3.12\"\nnumpy = {version = \"^2\", extras = [\"a\"]}\n",
        );
        let text = poetry(&manifest).expect("a manifest of Poetry");
        assert_eq!(
            text,
            r#"{"dependencies": {"numpy": {"extras": ["a"], "version": "^2"}, "python": "^3.12"}, "dev-dependencies": null, "extras": null, "source": null}"#
        );
    }

    #[test]
    fn a_manifest_in_two_forms_is_not_judged() {
        let manifest = parsed("[project]\ndependencies = [\"numpy\"]\n[tool.poetry]\nname = \"x\"\n");
        assert_eq!(poetry(&manifest), None);
    }

    #[test]
    fn pipenv_hashes_without_blanks() {
        let manifest = parsed("[packages]\nnumpy = \"*\"\n[requires]\npython_version = \"3.12\"\n");
        let text = r#"{"_meta":{"requires":{"python_version":"3.12"},"sources":[]},"default":{"numpy":"*"},"develop":{}}"#;
        assert_eq!(pipfile(&manifest), text);
    }

    #[test]
    fn the_digest_is_the_published_one() {
        assert_eq!(
            digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
