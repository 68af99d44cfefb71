//! Notebooks that Databricks exports as modules: their magics are comments.

use crate::Place;
use crate::code::ShellLine;

const MARK: &str = "# MAGIC ";

/// The commands in `# MAGIC` comments.
pub(super) fn shell_lines(text: &str) -> Vec<ShellLine> {
    let mut lines = Vec::new();
    if !text.contains(MARK) {
        return lines;
    }
    let mut in_shell = false;
    for (number, line) in (1..).zip(text.lines()) {
        let Some(magic) = line.strip_prefix(MARK).map(str::trim) else {
            in_shell = false;
            continue;
        };
        let command = if magic == "%sh" {
            in_shell = true;
            continue;
        } else if in_shell && !magic.starts_with('%') {
            (!magic.is_empty() && !magic.starts_with('#')).then(|| magic.to_owned())
        } else {
            in_shell = magic.starts_with("%sh ");
            crate::notebook::line_command(magic)
        };
        lines.extend(command.map(|text| ShellLine {
            text,
            place: Place::line(number),
        }));
    }
    lines
}
