//! All source files together: names followed across files, and who calls whom.

mod called;
mod circles;
mod fields;
mod graph;
mod groups;
mod handed;
mod index;
mod meanings;
mod modules;
mod reached;
mod resolve;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{
    Assignment, BlockKind, Call, Code, Expr, Import, Return, Scope, ScopeKind, Text,
};
use rustc_hash::{FxHashMap, FxHashSet};

pub(in crate::extract) use called::At;
pub use graph::Node;
pub use reached::Reached;
pub use resolve::Resolved;
pub(in crate::extract) use resolve::number;

use crate::evidence::Evidence;

/// Position of a source file in [`Codebase::files`].
pub type FileIndex = u32;

/// A source file or notebook.
#[derive(Debug)]
pub struct SourceFile {
    /// Path relative to the root.
    pub path: String,
    /// What it says.
    pub code: Code,
    /// Whether it is a notebook.
    pub is_notebook: bool,
    /// Whether it is a test, by its name or folder.
    pub is_test: bool,
}

/// A function, class or module of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Definition {
    /// The file that holds it.
    pub file: FileIndex,
    /// Its scope in that file; 0 is the module.
    pub scope: u32,
}

/// A call with the file that it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Site<'code> {
    /// Position of the file.
    pub file: FileIndex,
    /// Position of the call in the file.
    pub index: u32,
    /// The call.
    pub call: &'code Call,
}

/// The files of the project that an import names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The module that something is taken from.
    pub module: Option<FileIndex>,
    /// The module that is taken from a package: `from package import module`.
    pub submodule: Option<FileIndex>,
    /// The file that defines what is taken, also where a package hands it on.
    pub definition: Option<FileIndex>,
}

/// All source files of the project together.
#[derive(Debug, Default)]
pub struct Codebase {
    /// The files, sorted by path.
    pub files: Vec<SourceFile>,
    /// Dotted module names, with every folder that could be on the import path left out, to files.
    modules: FxHashMap<String, Vec<FileIndex>>,
    /// What the dotted names of modules start with.
    roots: FxHashSet<String>,
    /// Files by path.
    by_path: FxHashMap<String, FileIndex>,
    /// Python files by path without ending; packages by that of their folder.
    by_module: FxHashMap<String, FileIndex>,
    /// What is looked up by name in each file.
    names: Vec<index::Names>,
    /// The calls of all files by names of theirs.
    called: called::Called,
    /// The calls outside tests of each function and class of the project, sorted by what they call.
    callers: Vec<(Definition, At)>,
    /// The scope of the node in which each call of each file is executed.
    owners: Vec<Vec<u32>>,
    /// The calls of each file by that scope.
    owned: Vec<index::Owned>,
    /// Methods by name, where exactly one class of the project defines it.
    methods: FxHashMap<Text, Option<Definition>>,
    /// Top-level names that are known third-party packages, which the project's own modules do not shadow from afar.
    external: std::collections::BTreeSet<String>,
    /// What each call of each file means.
    links: Vec<meanings::Links>,
    /// What the names that are imported and called in each file mean, as far as they may be the project's own.
    known: Vec<FxHashMap<Text, Resolved>>,
    /// What each import of each file names.
    imported: Vec<Vec<Imported>>,
    /// Who calls or refers to whom.
    graph: reached::Graph,
}

impl Codebase {
    /// Follows names across these files. `external` are the import names of known third-party packages and of Python's own
    /// modules.
    pub fn new(mut files: Vec<SourceFile>, external: std::collections::BTreeSet<String>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut codebase = Self::default();
        codebase.files = files;
        codebase.external = external;
        codebase.index();
        codebase.own();
        codebase.link();
        codebase.follow_imports();
        codebase.note_callers();
        let (graph, called) = rayon::join(
            || codebase.connected(),
            || called::Called::new(&codebase.files, &codebase.links),
        );
        codebase.graph = graph;
        codebase.called = called;
        codebase
    }

    /// The file at this position.
    pub fn file(&self, index: FileIndex) -> &SourceFile {
        &self.files[index as usize]
    }

    /// The imports of a file, each with the files of the project that it names.
    pub fn imports_of(&self, file: FileIndex) -> impl Iterator<Item = (&Import, Imported)> {
        let imports = &self.file(file).code.imports;
        imports.iter().zip(self.imported[file as usize].iter().copied())
    }

    /// The imports of a file that bring all names of a module: `from module import *`.
    pub fn stars_of(&self, file: FileIndex) -> impl Iterator<Item = &Import> {
        let imports = &self.file(file).code.imports;
        let stars = self.names[file as usize].stars.iter();
        stars.map(|position| &imports[*position as usize])
    }

    /// The position of the file with this path.
    pub fn position(&self, path: &str) -> Option<FileIndex> {
        self.by_path.get(path).copied()
    }

    /// The scope of a definition.
    pub fn scope(&self, definition: Definition) -> &Scope {
        &self.file(definition.file).code.scopes[definition.scope as usize]
    }

    /// All calls of all files.
    pub fn calls(&self) -> impl Iterator<Item = Site<'_>> {
        (0..self.files.len()).flat_map(|file| self.calls_of(u32::try_from(file).unwrap_or(u32::MAX)))
    }

    /// All calls of the files that are no tests.
    pub fn calls_outside_tests(&self) -> impl Iterator<Item = Site<'_>> {
        self.without_tests().flat_map(|(file, _)| self.calls_of(file))
    }

    /// The calls outside tests of a function or class of the project, in the order of [`Codebase::calls`].
    pub fn callers_of(&self, definition: Definition) -> impl Iterator<Item = Site<'_>> {
        let start = self.callers.partition_point(|(called, _)| *called < definition);
        self.callers[start..]
            .iter()
            .take_while(move |(called, _)| *called == definition)
            .filter_map(|(_, (file, index))| self.site(*file, *index))
    }

    /// The calls outside tests of all functions and classes of the project, sorted by what they call.
    pub fn calls_of_definitions(&self) -> impl Iterator<Item = Site<'_>> {
        let found = self.callers.iter();
        found.filter_map(|(_, (file, index))| self.site(*file, *index))
    }

    /// The files that are no tests, each with its index.
    pub fn without_tests(&self) -> impl Iterator<Item = (FileIndex, &SourceFile)> {
        (0..).zip(&self.files).filter(|(_, file)| !file.is_test)
    }

    /// The calls of one file.
    pub fn calls_of(&self, file: FileIndex) -> impl Iterator<Item = Site<'_>> {
        let calls = &self.file(file).code.calls;
        calls.iter().enumerate().map(move |(index, call)| Site {
            file,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            call,
        })
    }

    /// What a call means.
    pub fn resolved(&self, site: Site<'_>) -> &Resolved {
        self.links[site.file as usize].of(site.index)
    }

    /// The qualified name of what a call calls, where it leaves the project; else the name as far as it is known.
    pub fn target<'code>(&'code self, site: Site<'code>) -> &'code str {
        match self.resolved(site) {
            Resolved::External(path) => path,
            _ => &site.call.target.path,
        }
    }

    /// The function or class of the project that a call calls.
    pub fn callee(&self, site: Site<'_>) -> Option<Definition> {
        match self.resolved(site) {
            Resolved::Definition(definition) => Some(*definition),
            _ => None,
        }
    }

    /// The call at a position of a file.
    pub fn site(&self, file: FileIndex, index: u32) -> Option<Site<'_>> {
        let call = self.file(file).code.calls.get(index as usize)?;
        Some(Site { file, index, call })
    }

    /// The call that an expression of this file is.
    pub fn call_of(&self, file: FileIndex, expr: &Expr) -> Option<Site<'_>> {
        match expr {
            Expr::Call(index) => self.site(file, *index),
            _ => None,
        }
    }

    /// Evidence at a place of a file.
    pub fn evidence(&self, file: FileIndex, place: Place, what: impl Into<String>) -> Evidence {
        Evidence::new(self.file(file).path.clone(), place, what)
    }

    /// Evidence at a call.
    pub fn evidence_at(&self, site: Site<'_>, what: impl Into<String>) -> Evidence {
        self.evidence(site.file, site.call.place, what)
    }

    /// The node of the graph in which a call is executed.
    pub fn node_of(&self, site: Site<'_>) -> Node {
        Node::definition(site.file, self.owners[site.file as usize][site.index as usize])
    }

    /// The calls that a node executes itself, in order.
    pub fn calls_in(&self, node: Node) -> impl Iterator<Item = Site<'_>> {
        let calls = &self.file(node.file).code.calls;
        let owned = self.owned[node.file as usize].of(node.scope);
        owned.iter().map(move |index| Site {
            file: node.file,
            index: *index,
            call: &calls[*index as usize],
        })
    }

    /// The node of the graph in which something of this scope and block is executed.
    pub fn node_at(&self, file: FileIndex, scope: u32, block: u32) -> Node {
        let code = &self.file(file).code;
        let runs_as_script = || {
            code.blocks_around(block)
                .any(|block| matches!(block.kind, BlockKind::Main))
        };
        // A class body, a lambda and a comprehension run where they are written.
        let owner = code
            .scopes_around(scope)
            .find(|(_, scope)| matches!(scope.kind, ScopeKind::Function | ScopeKind::Module))
            .map_or(0, |(id, _)| id);
        if owner == 0 && runs_as_script() {
            Node::main(file)
        } else {
            Node::definition(file, owner)
        }
    }

    /// The assignments of a name as written (`x`, `self.model`) in a scope or those around it, the nearest scope first
    /// and within a scope the last first.
    pub fn assignments<'code>(
        &'code self,
        file: FileIndex,
        scope: u32,
        target: &'code str,
    ) -> impl Iterator<Item = &'code Assignment> {
        let code = &self.file(file).code;
        let found = self.assignments_to(file, target);
        code.scopes_around(scope)
            .flat_map(move |(id, _)| found.clone().rev().filter(move |found| found.scope == id))
    }

    /// The assignments of a file to a target as written, in any scope, in order.
    pub fn assignments_to(
        &self,
        file: FileIndex,
        target: &str,
    ) -> impl DoubleEndedIterator<Item = &Assignment> + Clone {
        let assignments = &self.file(file).code.assignments;
        let names = &self.names[file as usize];
        let group = names.targets.get(target);
        let found = group.map_or(&[][..], |group| names.assigned.at(*group as usize));
        found.iter().map(|position| &assignments[*position as usize])
    }

    /// What a function of the project returns, in order.
    pub fn returns_of(&self, function: Definition) -> impl Iterator<Item = &Return> {
        let returns = &self.file(function.file).code.returns;
        let scope = |position: &u32| returns[*position as usize].scope;
        let returned = &self.names[function.file as usize].returned;
        let start = returned.partition_point(|position| scope(position) < function.scope);
        returned[start..]
            .iter()
            .map(|position| &returns[*position as usize])
            .take_while(move |found| found.scope == function.scope)
    }

    /// Follows an expression to the plain value behind it: through names, attributes of the project's configuration
    /// classes, parameter defaults, and module-level constants of other files. Gives the expression itself where it
    /// leads nowhere.
    pub fn value<'code>(
        &'code self,
        file: FileIndex,
        scope: u32,
        expr: &'code Expr,
    ) -> (FileIndex, &'code Expr) {
        self.value_within(file, scope, expr, 6)
    }
}

/// The facts of a large tree are millions of small pieces, which take as long to let go of as some families take to
/// gather: that happens beside whatever comes next.
impl Drop for Codebase {
    fn drop(&mut self) {
        let files = std::mem::take(&mut self.files);
        rayon::spawn(move || drop(files));
    }
}
