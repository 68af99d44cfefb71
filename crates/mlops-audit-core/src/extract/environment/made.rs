//! Files that the project itself makes: its code writes them, or its commands fetch them.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;

use super::reading::{fetches, text_of};
use crate::extract::Basis;

/// The files that the project makes, gathered when the first one is asked about.
pub(super) struct Made<'a> {
    basis: &'a Basis<'a>,
    /// The paths that code writes to, and those of outputs of pipelines.
    written: OnceCell<BTreeSet<String>>,
    /// The words of commands that fetch something.
    fetched: OnceCell<BTreeSet<&'a str>>,
}

impl<'a> Made<'a> {
    /// Nothing is gathered so far.
    pub(super) fn new(basis: &'a Basis<'a>) -> Self {
        Self {
            basis,
            written: OnceCell::new(),
            fetched: OnceCell::new(),
        }
    }

    /// Whether the project's own code or pipeline writes a file of this name.
    pub(super) fn is_written(&self, name: &str) -> bool {
        let written = self.written.get_or_init(|| written(self.basis));
        written.iter().any(|path| path.ends_with(name))
    }

    /// Whether a command writes a file of this name that comes from an address.
    pub(super) fn is_fetched(&self, name: &str) -> bool {
        let fetched = self.fetched.get_or_init(|| {
            let runners = self.basis.runs.runners.iter();
            let invocations = runners.flat_map(|runner| &runner.invocations);
            let fetching = invocations.filter(|invocation| fetches(&invocation.words));
            let words = fetching.flat_map(|invocation| invocation.words.iter());
            words.map(String::as_str).collect()
        });
        fetched.iter().any(|word| word.ends_with(name))
    }
}

fn written(basis: &Basis<'_>) -> BTreeSet<String> {
    let may_write = |method: &str| {
        let starts = ["to_", "write", "save"];
        starts.iter().any(|start| method.starts_with(start)) || matches!(method, "dump" | "open")
    };
    let mut written = BTreeSet::new();
    for site in basis.codebase.calls_by_method(may_write) {
        let mode = || site.call.positional(1).and_then(Expr::as_str);
        if site.call.method() != "open" || mode().is_some_and(|mode| mode.contains('w')) {
            let values = site.call.arguments.iter().map(|argument| &argument.value);
            written.extend(values.filter_map(|value| text_of(basis, site, value, 3)));
        }
    }
    for (file, data) in basis.documents.all_data() {
        if file.path.ends_with("dvc.yaml") {
            for document in &data.documents {
                document.walk(&mut |path, node| {
                    if path.contains(&"outs") {
                        written.extend(node.as_str().map(str::to_owned));
                    }
                });
            }
        }
    }
    written
}
