//! What is kept of a lock file: the scalars of its root and of the root's tables, and of each package what names it.
//!
//! Who asks a lock file asks which packages it has and what it was made from. Hashes, files and dependencies are most of
//! its text, and nobody asks for them.

#[cfg(test)]
use crate::data::{Entry, Node, Value};

/// Most values that are kept of one file.
pub(crate) const KEPT: usize = 500_000;

/// Whether the root's list of this name holds the packages.
pub(crate) fn is_packages(key: &str) -> bool {
    matches!(key, "package" | "packages")
}

/// Whether the scalar of this name is kept of a package: its name, or the address that ends in it.
pub(crate) fn names_package(key: &str) -> bool {
    matches!(key, "conda" | "name" | "pypi")
}

/// The outline of a whole file, for what is read as a whole.
#[cfg(test)]
pub(crate) fn outline(root: &Node) -> Node {
    let is_scalar = |entry: &&Entry| !matches!(entry.value.value, Value::List(_) | Value::Map(_));
    let kept = |node: &Node, wanted: &dyn Fn(&str) -> bool| -> Value {
        let entries = node.entries().iter().filter(is_scalar);
        Value::Map(entries.filter(|entry| wanted(&entry.key)).cloned().collect())
    };
    let entries = root.entries().iter().filter_map(|entry| {
        let value = match &entry.value.value {
            Value::List(items) if is_packages(&entry.key) => {
                let maps = items.iter().filter(|item| matches!(item.value, Value::Map(_)));
                let items = maps.map(|item| Node {
                    value: kept(item, &names_package),
                    ..item.clone()
                });
                Value::List(items.collect())
            }
            Value::List(_) => return None,
            Value::Map(_) => kept(&entry.value, &|_| true),
            scalar => scalar.clone(),
        };
        Some(Entry {
            value: Node {
                value,
                ..entry.value.clone()
            },
            ..entry.clone()
        })
    });
    Node {
        value: Value::Map(entries.collect()),
        ..root.clone()
    }
}

/// The keys and values of an outline, without places and without tables of which nothing is kept.
#[cfg(test)]
pub(crate) fn shown(root: &Node) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in root.entries() {
        let of = |node: &Node| -> String {
            let all = node.entries().iter();
            all.map(|entry| format!("{}@{}={:?} ", entry.key, entry.place.line, entry.value.value))
                .collect()
        };
        match &entry.value.value {
            Value::List(items) => lines.extend(
                items
                    .iter()
                    .map(|item| format!("{}[]@{}: {}", entry.key, item.place.line, of(item))),
            ),
            Value::Map(entries) if entries.is_empty() => {}
            Value::Map(_) => lines.push(format!("{}: {}", entry.key, of(&entry.value))),
            value => lines.push(format!("{}@{}={value:?}", entry.key, entry.place.line)),
        }
    }
    lines
}
