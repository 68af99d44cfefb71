//! Finds the tests: by name and folder, by their class, or because something runs them by path.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Code, Expr, Language, Scope, ScopeKind};
use mlops_audit_formats::dotted::last_segment;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::fixtures::Fixtures;
use super::lost_routes::LostRoutes;
use super::modelling::{holders, modelling};
use super::pieces::{Piece, Pieces};
use super::{TestCase, TestScript, assertions, boundaries, imports, mocked, records};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, FileIndex, Node, Reached, Resolved, Site};
use crate::extract::runs::Target;

/// The files of tests.
pub(super) struct Suite {
    /// Whether each file holds tests, or what tests share.
    is_of_tests: Vec<bool>,
    /// Files that a test runner is given by path.
    run_by_path: BTreeSet<FileIndex>,
    /// Code that loads a model which was trained before.
    loading: Reached,
    /// Code that loads or asks a model, or builds one of the project's.
    modelling: Reached,
    /// All code of the tests, and all other code.
    tests: Reached,
    own: Reached,
    /// Code that runs a script of the project whole.
    running: Reached,
    /// The positions of the assertions in each piece of code of the tests.
    asserts: FxHashMap<Node, Vec<usize>>,
    fixtures: Fixtures,
    /// What the pieces of code of the tests say.
    pieces: Pieces,
    /// The files of figures that pipelines leave behind, with their definitions.
    metrics: Vec<(String, String)>,
    /// Routes that no application takes in.
    pub(super) lost_routes: LostRoutes,
}

impl Suite {
    /// Finds the files.
    pub(super) fn new(basis: &Basis<'_>) -> Self {
        let run_by_path = run_by_path(basis);
        let sources = (0..).zip(&basis.codebase.files);
        let is_of_tests: Vec<bool> = sources
            .map(|(file, source)| {
                source.is_test
                    || run_by_path.contains(&file)
                    || source.code.scopes.iter().any(is_unittest_class)
            })
            .collect();
        let mut suite = Self {
            is_of_tests,
            run_by_path,
            ..Self::empty()
        };
        let codebase = &basis.codebase;
        let loading = basis.uses.with(Role::LoadModel);
        suite.loading = holders(codebase, loading.map(|used| used.site(codebase)));
        suite.lost_routes = LostRoutes::new(basis, &suite);
        suite.metrics = records::metrics_of_pipelines(basis);
        suite.modelling = modelling(basis, &suite);
        suite.tests = codebase.whole(suite.files());
        suite.own = codebase.whole(
            (0..)
                .take(codebase.files.len())
                .filter(|file| !suite.contains(*file)),
        );
        let running = codebase.calls_by_method(|method| method == "run_path");
        suite.running = codebase.only(running.map(|site| codebase.node_of(site)));
        suite.asserts = asserts_by_code(codebase, suite.files());
        suite.fixtures = Fixtures::new(codebase, suite.files());
        suite.pieces = Pieces::new(codebase, &suite.is_of_tests);
        suite
    }

    /// No tests at all.
    pub(super) fn empty() -> Self {
        Self {
            is_of_tests: Vec::new(),
            run_by_path: BTreeSet::new(),
            loading: Reached::default(),
            modelling: Reached::default(),
            tests: Reached::default(),
            own: Reached::default(),
            running: Reached::default(),
            asserts: FxHashMap::default(),
            fixtures: Fixtures::default(),
            pieces: Pieces::default(),
            metrics: Vec::new(),
            lost_routes: LostRoutes::default(),
        }
    }

    /// The positions of the assertions that a piece of code of the tests makes itself.
    pub(super) fn asserts_in(&self, node: Node) -> &[usize] {
        self.asserts.get(&node).map_or(&[], Vec::as_slice)
    }

    /// The files that belong to the tests.
    fn files(&self) -> impl Iterator<Item = FileIndex> {
        let files = (0..).zip(&self.is_of_tests);
        files.filter(|(_, is_one)| **is_one).map(|(file, _)| file)
    }

    /// Whether a file belongs to the tests.
    pub(super) fn contains(&self, file: FileIndex) -> bool {
        self.is_of_tests.get(file as usize) == Some(&true)
    }

    /// All tests with what they do.
    pub(super) fn cases(&self, basis: &Basis<'_>, idle: &BTreeSet<FileIndex>) -> Vec<TestCase> {
        let files: Vec<FileIndex> = self.files().collect();
        let used = self.own.without(&basis.codebase.whole(idle.iter().copied()));
        let cases = files.par_iter().map(|file| self.cases_of(basis, &used, *file));
        cases.flatten_iter().collect()
    }

    fn cases_of(&self, basis: &Basis<'_>, used: &Reached, file: FileIndex) -> Vec<TestCase> {
        let source = basis.codebase.file(file);
        if !basis.listing.in_project(&source.path) || source.is_notebook {
            return Vec::new();
        }
        let broken = imports::broken(basis, file);
        let tests = match source.code.language {
            Language::Python => self.python_tests(basis, file),
            Language::R | Language::Julia => whole_file(basis, file).into_iter().collect(),
        };
        let cases = tests.into_iter().map(|(scope, count)| {
            let mut case = self.case(basis, used, file, (scope, count));
            case.broken.clone_from(&broken);
            case
        });
        cases.collect()
    }

    /// The scopes of the test functions of a Python file.
    fn python_tests(&self, basis: &Basis<'_>, file: FileIndex) -> Vec<(u32, usize)> {
        let code = &basis.codebase.file(file).code;
        let mut found = Vec::new();
        for (position, scope) in code.scopes.iter().enumerate().skip(1) {
            if scope.kind != ScopeKind::Function || !scope.name.starts_with("test") {
                continue;
            }
            let parent = &code.scopes[scope.parent as usize];
            let in_place = match parent.kind {
                ScopeKind::Module => scope.name.starts_with("test_"),
                ScopeKind::Class => is_unittest_class(parent) || parent.name.starts_with("Test"),
                ScopeKind::Function | ScopeKind::Lambda => false,
            };
            if in_place && !is_step(basis, code, scope) {
                found.push((u32::try_from(position).unwrap_or(u32::MAX), 1));
            }
        }
        found
    }

    fn case(
        &self,
        basis: &Basis<'_>,
        used: &Reached,
        file: FileIndex,
        (scope, count): (u32, usize),
    ) -> TestCase {
        let codebase = &basis.codebase;
        let source = codebase.file(file);
        let entries = if scope == 0 {
            (0..source.code.scopes.len())
                .filter_map(|at| u32::try_from(at).ok())
                .map(|id| Node::definition(file, id))
                .collect()
        } else {
            self.fixtures.entries(codebase, file, scope)
        };
        let mut reached = codebase.reach_calls(entries);
        for script in self.run_scripts(codebase, &reached) {
            reached.extend(&codebase.reach_script(script));
        }
        let mut nodes: Vec<Node> = reached.shared(&self.tests).nodes().collect();
        // The test itself comes before its fixtures and helpers.
        let test = Node::definition(file, scope);
        if let Some(at) = nodes.iter().position(|node| *node == test) {
            nodes[..=at].rotate_right(1);
        }
        let piece = |node: &Node| Some((*node, self.pieces.of(basis, self, *node)?));
        let mut pieces: Vec<(Node, &Piece)> = nodes.iter().filter_map(piece).collect();
        let runs_own_code = reached.meets(&self.own);
        let runs_used_code = reached.meets(used);
        let scope_of = &source.code.scopes[scope as usize];
        let mut own = pieces.iter();
        let touches_own_code =
            runs_own_code || own.any(|(node, piece)| piece.names_own_code(basis, self, *node));
        // What stands at the top of the file (a test client, the model) takes part in each of its tests.
        let module = Node::module(file);
        if scope != 0 {
            nodes.push(module);
            pieces.extend(piece(&module));
        }
        let trains = basis.training.trains(&reached) && !mocked::replaces_training(basis, &nodes, &reached);
        let holds = |set: &Reached| set.meets(&reached) || set.contains(module);
        let loads_model = !trains && holds(&self.loading);
        let asks_model = || holds(&self.modelling) && !mocked::fakes_model(basis, self, &nodes);
        let involves_model = trains || loads_model || asks_model();
        let assertions = assertions::of(codebase, &pieces, &scope_of.qualified);
        let name = if scope == 0 {
            source.path.clone()
        } else {
            scope_of.name.to_string()
        };
        TestCase {
            file,
            evidence: codebase.evidence(file, scope_of.place, format!("test {name}")),
            name,
            count,
            touches_own_code,
            runs_own_code,
            runs_used_code,
            loads_model,
            involves_model,
            reads_metrics: records::reads(basis, &nodes, &self.metrics),
            boundaries: boundaries::of(basis, trains, &pieces),
            unfilled: pieces.iter().find_map(|(_, piece)| piece.unfilled.clone()),
            assertions,
            nodes,
            broken: None,
        }
    }

    /// Whether a piece of code of the tests uses a name of the project's own: calls it, hands it on or compares it.
    pub(super) fn names_own_code(&self, basis: &Basis<'_>, node: Node) -> bool {
        let codebase = &basis.codebase;
        let code = &codebase.file(node.file).code;
        let own = |scope: u32, expr: &Expr| self.is_own(basis, node.file, scope, expr, 4);
        calls_in(codebase, node).any(|site| {
            self.is_own_target(basis, site)
                || site
                    .call
                    .arguments
                    .iter()
                    .any(|argument| own(site.call.scope, &argument.value))
                || patches_own_code(basis, site)
        }) || self
            .asserts_in(node)
            .iter()
            .map(|position| &code.asserts[*position])
            .any(|found| own(found.scope, &found.test))
    }

    /// The scripts of the project that this code runs whole: `runpy.run_path("train.py")`.
    fn run_scripts(&self, codebase: &Codebase, reached: &Reached) -> Vec<FileIndex> {
        if !self.running.meets(reached) {
            return Vec::new();
        }
        let running = reached.shared(&self.running);
        let sites = running.nodes().flat_map(|node| codebase.calls_in(node));
        let runs = sites.filter(|site| codebase.target(*site) == "runpy.run_path");
        runs.filter_map(|site| script_named(codebase, site.call.positional(0)?.as_str()?))
            .collect()
    }

    fn is_own_target(&self, basis: &Basis<'_>, site: Site<'_>) -> bool {
        match basis.codebase.resolved(site) {
            Resolved::Definition(definition) => !self.contains(definition.file),
            Resolved::Variable(file, _) => !self.contains(*file),
            Resolved::External(_) => false,
            Resolved::Unknown => {
                site.call.target.path.contains('.') && self.is_own_module(basis, site.file, &site.call.target)
            }
        }
    }

    /// Whether a name starts with a module of the project.
    fn is_own_module(
        &self,
        basis: &Basis<'_>,
        file: FileIndex,
        name: &mlops_audit_formats::code::Name,
    ) -> bool {
        if name.origin != mlops_audit_formats::code::Origin::Import {
            return false;
        }
        let mut path = name.path.as_str();
        while let Some((shorter, _)) = path.rsplit_once('.') {
            if shorter.trim_start_matches('.').is_empty() {
                return false;
            }
            if let Some(module) = basis.codebase.resolve_module(file, shorter) {
                return !self.contains(module);
            }
            path = shorter;
        }
        false
    }

    fn is_own(&self, basis: &Basis<'_>, file: FileIndex, scope: u32, expr: &Expr, depth: u32) -> bool {
        if depth == 0 {
            return false;
        }
        let inner = |expr: &Expr| self.is_own(basis, file, scope, expr, depth - 1);
        match expr {
            Expr::Name(name) => match basis.codebase.resolve(file, name, scope) {
                Resolved::Definition(Definition { file, .. }) | Resolved::Variable(file, _) => {
                    !self.contains(file)
                }
                Resolved::Unknown => self.is_own_module(basis, file, name),
                Resolved::External(_) => false,
            },
            Expr::Subscript(base, _) | Expr::Attribute(base, _) | Expr::Not(base) | Expr::Spread(base) => {
                inner(base)
            }
            Expr::Binary(left, _, right) => inner(left) || inner(right),
            Expr::Compare(first, rest) => inner(first) || rest.iter().any(|(_, expr)| inner(expr)),
            Expr::And(items) | Expr::Or(items) | Expr::List(items) => items.iter().any(inner),
            _ => false,
        }
    }

    /// Files that are named as tests are and hold none of these.
    pub(super) fn scripts(&self, basis: &Basis<'_>, cases: &[TestCase]) -> Vec<TestScript> {
        let mut found = Vec::new();
        let run: BTreeSet<FileIndex> = basis.runs.run_files().collect();
        let with_tests: BTreeSet<FileIndex> = cases.iter().map(|case| case.file).collect();
        for file in self.files().filter(|file| !with_tests.contains(file)) {
            let source = basis.codebase.file(file);
            let name = source.path.rsplit('/').next().unwrap_or_default();
            let named = name.starts_with("test") || name.ends_with("_test.py") || name.ends_with("_tests.py");
            let code = &source.code;
            if source.is_notebook
                || !named
                || !basis.listing.in_project(&source.path)
                || code.language != Language::Python
            {
                continue;
            }
            let exits = basis.codebase.calls_of(file).any(|site| is_exit(basis, site));
            found.push(TestScript {
                evidence: basis.codebase.evidence(
                    file,
                    mlops_audit_formats::Place::line(1),
                    "is named as a test and holds no test function",
                ),
                can_fail: exits || !code.asserts.is_empty() || !code.raises.is_empty(),
                is_run: run.contains(&file) || self.run_by_path.contains(&file),
            });
        }
        found
    }

    /// Own modules with functions that no test reaches, the one with the most functions first.
    pub(super) fn untested(
        &self,
        basis: &Basis<'_>,
        cases: &[TestCase],
    ) -> Vec<(crate::evidence::Evidence, Vec<String>)> {
        let codebase = &basis.codebase;
        let nodes = cases
            .iter()
            .filter(|case| case.can_run())
            .flat_map(|case| case.nodes.iter().copied());
        let tested = codebase.reach_calls(nodes);
        let mut found = Vec::new();
        for (at, source) in codebase.files.iter().enumerate() {
            let file = u32::try_from(at).unwrap_or(u32::MAX);
            let counts = !source.is_notebook
                && !self.contains(file)
                && !tested.touches(file)
                && source.code.language == Language::Python
                && basis.listing.in_project(&source.path);
            if !counts {
                continue;
            }
            let functions: Vec<&Scope> = source
                .code
                .scopes
                .iter()
                .filter(|scope| {
                    scope.kind == ScopeKind::Function && scope.parent == 0 && !scope.name.starts_with('_')
                })
                .collect();
            let Some(first) = functions.first() else { continue };
            let names: Vec<String> = functions.iter().map(|scope| scope.name.to_string()).collect();
            found.push((codebase.evidence(file, first.place, "no test reaches it"), names));
        }
        found.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
        found
    }
}

/// The calls that a piece of code makes itself, in order; those of a module with those of its main part.
pub(super) fn calls_in(codebase: &Codebase, node: Node) -> impl Iterator<Item = Site<'_>> {
    let main = (node.scope == 0).then(|| codebase.calls_in(Node::main(node.file)));
    let mut main = main.into_iter().flatten().peekable();
    let mut own = codebase.calls_in(node).peekable();
    std::iter::from_fn(move || match (own.peek(), main.peek()) {
        (Some(first), Some(second)) if second.index < first.index => main.next(),
        (Some(_), _) => own.next(),
        (None, _) => main.next(),
    })
}

/// Whether a call ends the program with a failure.
pub(super) fn is_exit(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let exits = matches!(
        basis.codebase.target(site),
        "sys.exit" | "exit" | "quit" | "os._exit" | "os.abort" | "pytest.fail"
    );
    let succeeds = match site.call.positional(0) {
        None | Some(Expr::None) => true,
        Some(Expr::Number(code)) => *code == 0.0,
        Some(_) => false,
    };
    exits && !(succeeds && site.call.method() != "abort")
}

/// The assertions of these files by the code that makes them.
fn asserts_by_code(
    codebase: &Codebase,
    files: impl Iterator<Item = FileIndex>,
) -> FxHashMap<Node, Vec<usize>> {
    let mut found: FxHashMap<Node, Vec<usize>> = FxHashMap::default();
    for file in files {
        for (position, assert) in codebase.file(file).code.asserts.iter().enumerate() {
            let node = codebase.node_at(file, assert.scope, assert.block);
            found.entry(node).or_default().push(position);
        }
    }
    found
}

/// The script at a path from the root, else the only one that the path can mean from some folder.
fn script_named(codebase: &Codebase, path: &str) -> Option<FileIndex> {
    let end = format!("/{path}");
    let mut others = (0..)
        .zip(&codebase.files)
        .filter(|(_, file)| file.path.ends_with(&end));
    let inside = || {
        others
            .next()
            .filter(|_| others.next().is_none())
            .map(|(at, _)| at)
    };
    codebase.position(path).or_else(inside)
}

/// The dotted name of a decorator.
pub(super) fn decorator_path<'code>(code: &'code Code, decorator: &'code Expr) -> &'code str {
    match decorator {
        Expr::Name(name) => &name.path,
        Expr::Call(call) => code
            .calls
            .get(*call as usize)
            .map_or("", |call| call.target.path.as_str()),
        _ => "",
    }
}

fn is_unittest_class(scope: &Scope) -> bool {
    scope.kind == ScopeKind::Class
        && scope.bases.iter().any(|base| match base {
            Expr::Name(name) => {
                let last = name.path.rsplit('.').next().unwrap_or_default();
                last.ends_with("TestCase")
            }
            _ => false,
        })
}

/// Steps of orchestrators may be named `test_…`.
fn is_step(basis: &Basis<'_>, code: &Code, scope: &Scope) -> bool {
    scope.decorators.iter().any(|decorator| {
        let path = decorator_path(code, decorator);
        let last = last_segment(path);
        matches!(
            last,
            "op" | "asset" | "task" | "flow" | "step" | "component" | "fixture"
        ) || basis
            .catalogue
            .call(path, None)
            .iter()
            .any(|found| matches!(found.role, Role::Pipeline | Role::PipelineStep | Role::ServeApi))
    })
}

/// Files that pytest or unittest is given by path: in CI, a Makefile, a script, the documentation.
fn run_by_path(basis: &Basis<'_>) -> BTreeSet<FileIndex> {
    let mut found = BTreeSet::new();
    for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
        let tests = invocation.has_role(Role::RunTests)
            || invocation
                .words
                .iter()
                .take(4)
                .any(|word| matches!(word.as_str(), "pytest" | "unittest" | "py.test"));
        if !tests || matches!(invocation.target, Target::Action { .. }) {
            continue;
        }
        for word in invocation.words.iter() {
            let path = word.split("::").next().unwrap_or(word);
            let path = path.trim_start_matches("./").trim_end_matches('/');
            if !path.ends_with(".py") {
                continue;
            }
            let inside = if invocation.directory.is_empty() {
                path.to_owned()
            } else {
                format!("{}/{path}", invocation.directory)
            };
            found.extend(
                basis
                    .codebase
                    .position(&inside)
                    .or_else(|| basis.codebase.position(path)),
            );
        }
    }
    found
}

/// In R and Julia the tests of a file count together: the module, and how many tests it names.
fn whole_file(basis: &Basis<'_>, file: FileIndex) -> Option<(u32, usize)> {
    let code = &basis.codebase.file(file).code;
    let count = code
        .calls
        .iter()
        .filter(|call| matches!(call.method(), "test_that" | "@testset" | "it" | "describe"))
        .count();
    let asserts =
        code.calls.iter().any(|call| call.method().starts_with("expect_")) || !code.asserts.is_empty();
    (count > 0 || asserts).then_some((0, count.max(1)))
}

/// `patch("package.module.name")` names code of the project by a string.
fn patches_own_code(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let names = matches!(
        site.call.method(),
        "import_module" | "run_path" | "run_module" | "__import__"
    );
    let text = site.call.positional(0).and_then(Expr::as_str);
    names
        && text.is_some_and(|text| {
            basis.codebase.resolve_module(site.file, text).is_some()
                || script_named(&basis.codebase, text).is_some()
        })
}
