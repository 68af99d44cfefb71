//! Parameters of templates and commands: `<< parameters.x >>`, `${{ parameters.x }}`.

use mlops_audit_formats::data::{Node, Value};

/// Named values, the later ones before the earlier ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The defaults that a definition declares, as a mapping or as a list with names, and over them what is given.
    pub(super) fn new(declared: Option<&Node>, given: Option<&Node>, outer: &Self) -> Self {
        let mut values = Vec::new();
        let declared = declared.map_or_else(Vec::new, |node| match &node.value {
            Value::List(items) => items
                .iter()
                .map(|item| (item.get("name").map(Node::text).unwrap_or_default(), item))
                .collect(),
            _ => node
                .entries()
                .iter()
                .map(|entry| (entry.key.clone(), &entry.value))
                .collect(),
        });
        for (name, node) in declared {
            let default = node.get("default").unwrap_or(node);
            if !matches!(default.value, Value::Map(_) | Value::List(_) | Value::Null) {
                values.push((name, default.text()));
            }
        }
        for entry in given.map(Node::entries).unwrap_or_default() {
            if !matches!(entry.value.value, Value::Map(_) | Value::List(_)) {
                values.push((entry.key.clone(), outer.fill(&entry.value.text())));
            }
        }
        Self(values)
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The text with the parameters put in that are known.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (open, close) in [("<<", ">>"), ("${{", "}}")] {
            if text.contains(open) {
                text = self.fill_between(&text, open, close);
            }
        }
        text
    }

    fn fill_between(&self, text: &str, open: &str, close: &str) -> String {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(open) {
            result.push_str(before);
            let Some((inner, behind)) = after.split_once(close) else {
                result.push_str(open);
                rest = after;
                continue;
            };
            let value = inner
                .trim()
                .strip_prefix("parameters.")
                .and_then(|name| self.get(name.trim()));
            match value {
                Some(value) => {
                    result.push_str(value);
                    rest = behind;
                }
                None => {
                    result.push_str(open);
                    rest = after;
                }
            }
        }
        result.push_str(rest);
        result
    }
}
