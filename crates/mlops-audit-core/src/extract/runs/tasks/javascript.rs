//! Scripts of `package.json`.

use mlops_audit_formats::data::Node;

use super::super::expand::{Start, joined};
use super::{Expansion, Line, Task};

/// Reads the scripts of a `package.json`.
pub(super) fn read(path: &str, document: &Node, tasks: &mut Vec<Task>) {
    for entry in document.get("scripts").map(Node::entries).unwrap_or_default() {
        let mut task = Task::new("npm", path, &entry.key, entry.place);
        task.lines.push(Line::new(entry.value.text(), entry.value.place));
        tasks.push(task);
    }
}

/// The scripts that `npm run x`, `yarn x`, `npm test` run, with those before and after them.
pub(super) fn wanted<'a>(
    expansion: &'a Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<&'a Task>> {
    let mut folder = start.directory.clone();
    let mut operands = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--prefix" | "-C" | "--cwd" | "--dir" => {
                folder = joined(&folder, words.next().map_or("", String::as_str));
            }
            "--" => break,
            _ if word.starts_with('-') => {}
            _ => operands.push(word.as_str()),
        }
    }
    let name = match operands.as_slice() {
        ["run" | "run-script", name, ..] => name,
        ["t" | "tst", ..] => "test",
        [name, ..] => name,
        [] => return None,
    };
    let known = expansion.tasks.nearest("npm", &folder);
    let by_name = |name: &str| known.iter().find(|task| task.name == name).copied();
    let main = by_name(name)?;
    Some(
        [
            by_name(&format!("pre{name}")),
            Some(main),
            by_name(&format!("post{name}")),
        ]
        .into_iter()
        .flatten()
        .collect(),
    )
}
