//! A script that a configuration gives as a list of commands, which one shell runs.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Node, Value};
use mlops_audit_formats::shell;

use super::super::expand::Start;
use super::super::{Expansion, Invocation};

/// How a service's shell is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shell {
    /// Whether it stops at the first failure.
    pub(super) errexit: bool,
    /// Whether a pipeline fails with any of its commands.
    pub(super) pipefail: bool,
}

/// A shell that stops at the first failure, in a pipeline too.
pub(super) const STRICT: Shell = Shell {
    errexit: true,
    pipefail: true,
};

/// A shell that stops at the first failure.
pub(super) const ERREXIT: Shell = Shell {
    errexit: true,
    pipefail: false,
};

/// A shell whose last command decides.
pub(super) const LENIENT: Shell = Shell {
    errexit: false,
    pipefail: false,
};

/// Commands that one shell runs in order, each with the place that it is written at.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    text: String,
    /// File and line of each line of the text.
    origins: Vec<(String, u32)>,
}

impl Pieces {
    /// Adds a command of one or more lines.
    pub(super) fn push(&mut self, path: &str, text: &str, place: Place) {
        for (at, line) in (0..).zip(text.lines()) {
            self.text.push_str(line);
            self.text.push('\n');
            self.origins
                .push((path.to_owned(), place.line.saturating_add(at)));
        }
    }

    /// Adds a scalar, or the scalars of a list and of the lists in it.
    pub(super) fn push_node(&mut self, path: &str, node: &Node) {
        match &node.value {
            Value::List(items) => {
                for item in items {
                    self.push_node(path, item);
                }
            }
            Value::Map(entries) => {
                // `- echo: text` is what an unquoted colon makes of a command.
                for entry in entries {
                    let text = format!("{}: {}", entry.key, entry.value.text());
                    self.push(path, &text, entry.place);
                }
            }
            _ => self.push(path, &node.text(), node.place),
        }
    }

    /// Follows the commands.
    pub(super) fn run(&self, expansion: &Expansion<'_>, shell: Shell, start: &Start) -> Vec<Invocation> {
        let script = shell::read_from(
            &self.text,
            &shell::Start {
                errexit: shell.errexit,
                pipefail: shell.pipefail,
                variables: start.environment.clone(),
                ..shell::Start::default()
            },
        );
        let at = Start {
            place: Place::line(1),
            ..start.clone()
        };
        let mut found = expansion.script(&script, &at);
        for invocation in &mut found {
            // What a launcher's `bash -c` runs stands in the same lines.
            let own = invocation.path == at.path;
            let line = usize::try_from(invocation.place.line).unwrap_or_default();
            if own && let Some((path, line)) = self.origins.get(line.saturating_sub(1)) {
                invocation.path = expansion.memory.text(path);
                invocation.place = Place::line(*line);
            }
        }
        found
    }
}
