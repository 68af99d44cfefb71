//! What a test function starts with: its fixtures, and the methods that prepare it.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Code, Scope, ScopeKind, Text};
use rustc_hash::FxHashSet;

use super::suite::decorator_path;
use crate::extract::codebase::{Codebase, FileIndex, Node};

/// The fixtures of all tests.
#[derive(Default)]
pub(super) struct Fixtures {
    /// Their names: most parameters are none.
    names: FxHashSet<Text>,
}

impl Fixtures {
    /// Finds them in these files.
    pub(super) fn new(codebase: &Codebase, files: impl Iterator<Item = FileIndex>) -> Self {
        let codes = files.map(|file| &codebase.file(file).code);
        let names = codes.flat_map(|code| {
            let scopes = code.scopes.iter();
            let fixtures = scopes.filter(|scope| is_fixture(code, scope));
            fixtures.map(|scope| scope.name.clone())
        });
        Self {
            names: names.collect(),
        }
    }

    /// A test function with its fixtures and the methods that prepare it.
    pub(super) fn entries(&self, codebase: &Codebase, file: FileIndex, scope: u32) -> Vec<Node> {
        let mut found = BTreeSet::new();
        let mut open = vec![(file, scope)];
        while let Some((file, scope)) = open.pop() {
            if !found.insert(Node::definition(file, scope)) {
                continue;
            }
            let code = &codebase.file(file).code;
            for parameter in &code.scopes[scope as usize].parameters {
                open.extend(self.fixture(codebase, file, &parameter.name));
            }
            let parent = code.scopes[scope as usize].parent;
            if code.scopes[parent as usize].kind == ScopeKind::Class {
                for (id, method) in (0..).zip(&code.scopes) {
                    if method.parent == parent && method.kind == ScopeKind::Function && prepares(method) {
                        open.push((file, id));
                    }
                }
            }
        }
        found.into_iter().collect()
    }

    /// The fixture of a name: in the file itself, else in the nearest `conftest.py`.
    fn fixture(&self, codebase: &Codebase, file: FileIndex, name: &str) -> Option<(FileIndex, u32)> {
        if !self.names.contains(name) {
            return None;
        }
        let path = &codebase.file(file).path;
        let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut places = vec![file];
        loop {
            let conftest = if folder.is_empty() {
                "conftest.py".to_owned()
            } else {
                format!("{folder}/conftest.py")
            };
            places.extend(codebase.position(&conftest));
            if folder.is_empty() {
                break;
            }
            folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        }
        places.into_iter().find_map(|place| {
            let code = &codebase.file(place).code;
            let mut scopes = code.scopes.iter();
            let id = scopes.position(|scope| scope.name == name && is_fixture(code, scope))?;
            Some((place, u32::try_from(id).ok()?))
        })
    }
}

fn is_fixture(code: &Code, scope: &Scope) -> bool {
    let mut decorators = scope.decorators.iter();
    scope.kind == ScopeKind::Function
        && decorators.any(|decorator| decorator_path(code, decorator).ends_with("fixture"))
}

fn prepares(method: &Scope) -> bool {
    matches!(
        method.name.as_str(),
        "setUp" | "setUpClass" | "asyncSetUp" | "setup_method" | "setup_class"
    )
}
