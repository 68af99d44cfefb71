//! Who calls whom, and what a command reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use mlops_audit_formats::code::{Expr, Import, Name, Origin, ScopeKind};
use mlops_audit_formats::dotted::last_segment;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::meanings::Meanings;
use super::reached::{Edge, Graph, Numbering, Reached};
use super::resolve::number;
use super::{Codebase, Definition, FileIndex, Imported, Resolved, Site};

/// A piece of code that runs as a whole: a module's top level, its `__main__` part, or a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// The file.
    pub file: FileIndex,
    /// The scope; [`Node::MAIN`] for the part that runs only when the file is run as a script.
    pub scope: u32,
}

impl Node {
    /// The scope of the part below `if __name__ == "__main__":`.
    pub const MAIN: u32 = u32::MAX;

    /// A function, or the module where the scope is 0.
    pub const fn definition(file: FileIndex, scope: u32) -> Self {
        Self { file, scope }
    }

    /// The part of a file that runs only when the file is run as a script.
    pub const fn main(file: FileIndex) -> Self {
        Self {
            file,
            scope: Self::MAIN,
        }
    }

    /// The top level of a file, which runs also when the file is imported.
    pub const fn module(file: FileIndex) -> Self {
        Self { file, scope: 0 }
    }
}

/// What is found in one file.
struct Found<'code> {
    /// What leads straight to what.
    edges: Vec<(Node, Node)>,
    /// Functions and classes, each with what uses it.
    used: Vec<(Definition, Node)>,
    /// What the names of the file mean.
    meanings: Meanings<'code>,
}

/// What using a class leads to: looked up once somebody uses it, and not again.
type LedTo = FxHashMap<Definition, OnceLock<Vec<Node>>>;

impl Codebase {
    /// Who calls or refers to whom.
    pub(super) fn connected(&self) -> Graph {
        let files = || (0..number(self.files.len())).into_par_iter();
        let classes = self.classes();
        let numbering = Numbering::new(self.files.iter().map(|file| file.code.scopes.len()));
        let edges: Vec<Vec<Edge>> = files()
            .map(|file| numbering.edges(&self.edges_from(file, &classes)))
            .collect();
        Graph::new(Arc::new(numbering), edges.concat())
    }

    /// What the code of one file calls or refers to.
    fn edges_from(&self, file: FileIndex, classes: &LedTo) -> Vec<(Node, Node)> {
        let mut found = Found {
            edges: Vec::new(),
            used: Vec::new(),
            meanings: Meanings::new(self, file),
        };
        self.connect_imports(file, &mut found);
        self.connect_calls(file, &mut found);
        self.connect_decorated(file, &mut found);
        self.connect_handlers(file, &mut found);
        let mut edges = found.edges;
        // Many pieces of a file use the same classes; what a class leads to is looked up once.
        found.used.sort_unstable();
        found.used.dedup();
        for same in found.used.chunk_by(|a, b| a.0 == b.0) {
            let used = same[0].0;
            let of_class = classes.get(&used);
            let of_other = if of_class.is_none() {
                self.led_to_by(used)
            } else {
                Vec::new()
            };
            let targets = of_class.map_or(&of_other, |led| led.get_or_init(|| self.led_to_by_class(used)));
            for (_, from) in same {
                edges.extend(targets.iter().map(|to| (*from, *to)));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// Notes which files of the project the imports name.
    pub(super) fn follow_imports(&mut self) {
        self.imported = (0..self.files.len())
            .into_par_iter()
            .map(|at| {
                let file = u32::try_from(at).unwrap_or(u32::MAX);
                let imports = self.files[at].code.imports.iter();
                imports.map(|import| self.followed(file, import)).collect()
            })
            .collect();
    }

    fn followed(&self, file: FileIndex, import: &Import) -> Imported {
        if self.is_outside(&import.module) {
            return Imported::default();
        }
        let module = self.resolve_module(file, &import.module);
        let Some(name) = import.name.as_ref().filter(|name| *name != "*") else {
            return Imported {
                module,
                ..Imported::default()
            };
        };
        let dot = if import.module.ends_with('.') { "" } else { "." };
        let whole = Name {
            path: format!("{}{dot}{name}", import.module).into(),
            origin: Origin::Import,
        };
        let (submodule, definition) = match self.resolve(file, &whole, 0) {
            Resolved::Definition(Definition { file, scope: 0 }) => (Some(file), Some(file)),
            Resolved::Definition(Definition { file, .. }) | Resolved::Variable(file, _) => (None, Some(file)),
            Resolved::External(_) | Resolved::Unknown => (None, None),
        };
        Imported {
            module,
            submodule,
            definition,
        }
    }

    fn connect_imports(&self, file: FileIndex, found: &mut Found<'_>) {
        let code = &self.file(file).code;
        for (import, imported) in self.imports_of(file) {
            let block = &code.blocks[import.block as usize];
            let from = self.node_at(file, block.scope, import.block);
            for module in [imported.module, imported.submodule].into_iter().flatten() {
                found.edges.push((from, Node::module(module)));
            }
        }
    }

    /// The project's module that an import names, as seen from a file.
    pub fn resolve_module(&self, file: FileIndex, path: &str) -> Option<FileIndex> {
        let name = Name {
            path: path.into(),
            origin: Origin::Import,
        };
        match self.resolve(file, &name, 0) {
            Resolved::Definition(Definition { file, scope: 0 }) => Some(file),
            _ => None,
        }
    }

    fn connect_calls<'code>(&'code self, file: FileIndex, found: &mut Found<'code>) {
        for site in self.calls_of(file) {
            let from = self.node_of(site);
            if let Resolved::Definition(definition) = self.resolved(site) {
                found.used.push((*definition, from));
            }
            // A pipeline that is compiled is written to a file. Nothing of it runs, unless the same file submits it.
            if self.target(site).starts_with("kfp.") && site.call.method() == "compile" && !self.submits(file)
            {
                continue;
            }
            for argument in &site.call.arguments {
                self.connect_references(from, site.call.scope, &argument.value, 3, found);
                if let Expr::String(text) = &argument.value {
                    self.connect_named_module(from, site, text, found);
                }
            }
        }
        let code = &self.file(file).code;
        for assignment in &code.assignments {
            let from = self.node_at(file, assignment.scope, assignment.block);
            self.connect_references(from, assignment.scope, &assignment.value, 3, found);
        }
    }

    /// Whether a file hands a pipeline to a service that runs it.
    fn submits(&self, file: FileIndex) -> bool {
        self.calls_of(file).any(|site| {
            let method = site.call.method();
            matches!(
                method,
                "submit" | "run_pipeline" | "create_recurring_run" | "create_schedule"
            ) || method.starts_with("create_run_from_")
                || method == "run" && self.target(site).ends_with("PipelineJob.run")
        })
    }

    /// A module of the project that a call names in a string: `import_module("steps.train")`, or a function of the
    /// project's own that runs a module by its name.
    fn connect_named_module(&self, from: Node, site: Site<'_>, text: &str, found: &mut Found<'_>) {
        let is_own = matches!(self.resolved(site), Resolved::Definition(found) if found.scope != 0);
        let imports = matches!(site.call.method(), "import_module" | "run_module");
        if !(is_own || imports) || !text.contains('.') || text.contains(['/', ' ', ':']) {
            return;
        }
        let Some(module) = self.absolute_module(from.file, text) else {
            return;
        };
        found.edges.push((from, Node::module(module)));
        if site.call.method() != "import_module" {
            found.edges.push((from, Node::main(module)));
        }
    }

    /// A function that is handed on by name may be called by whoever takes it.
    fn connect_references<'code>(
        &'code self,
        from: Node,
        scope: u32,
        expr: &'code Expr,
        depth: u32,
        found: &mut Found<'code>,
    ) {
        if depth == 0 {
            return;
        }
        if let Expr::Name(name) = expr {
            if let Resolved::Definition(definition) = found.meanings.of(name, scope)
                && definition.scope != 0
            {
                found.used.push((*definition, from));
            }
            return;
        }
        let mut follow = |expr: &'code Expr| self.connect_references(from, scope, expr, depth - 1, found);
        match expr {
            Expr::List(items) => items.iter().for_each(follow),
            Expr::Dict(entries) => entries.iter().for_each(|(_, value)| follow(value)),
            Expr::Spread(inner) => follow(inner),
            Expr::Choice(choice) => {
                follow(&choice.yes);
                follow(&choice.no);
            }
            _ => {}
        }
    }

    /// What using a definition leads to: a function that is called, a class that is made.
    fn led_to_by(&self, definition: Definition) -> Vec<Node> {
        match self.scope(definition).kind {
            // The module of a called function has been run before it.
            ScopeKind::Function => vec![
                Node::definition(definition.file, definition.scope),
                Node::module(definition.file),
            ],
            ScopeKind::Class => self.led_to_by_class(definition),
            ScopeKind::Module => vec![Node::module(definition.file)],
            ScopeKind::Lambda => Vec::new(),
        }
    }

    fn classes(&self) -> LedTo {
        let files = (0..).zip(&self.files);
        let classes = files.flat_map(|(file, source)| {
            let scopes = (0..).zip(&source.code.scopes);
            let classes = scopes.filter(|(_, scope)| scope.kind == ScopeKind::Class);
            classes.map(move |(scope, _)| (Definition { file, scope }, OnceLock::new()))
        });
        classes.collect()
    }

    /// An instance: its special methods run, and where it is a framework's (it has a base outside the project) the
    /// framework may call any of its methods.
    fn led_to_by_class(&self, class: Definition) -> Vec<Node> {
        let code = &self.file(class.file).code;
        let scope = self.scope(class);
        let has_outer_base = scope.bases.iter().any(|base| match base {
            Expr::Name(name) => matches!(
                self.resolve(class.file, name, scope.parent),
                Resolved::External(_)
            ),
            Expr::Call(_) => true,
            _ => false,
        });
        let own = self.functions_in(class);
        let mut found: Vec<Node> = own
            .filter(|method| has_outer_base || code.scopes[*method as usize].name.starts_with("__"))
            .map(|method| Node::definition(class.file, method))
            .collect();
        for base in &scope.bases {
            if let Expr::Name(name) = base
                && let Resolved::Definition(base) = self.resolve(class.file, name, scope.parent)
                && base != class
                && self.scope(base).kind == ScopeKind::Class
            {
                let base_code = &self.file(base.file).code;
                for method in self.functions_in(base) {
                    found.push(Node::definition(base.file, method));
                    let name = &base_code.scopes[method as usize].name;
                    found.extend(self.overrides(class, name));
                }
            }
        }
        found
    }

    /// The functions that stand directly in a class.
    fn functions_in(&self, class: Definition) -> impl Iterator<Item = u32> {
        let members = &self.names[class.file as usize].members;
        members.get(&class.scope).into_iter().flatten().copied()
    }

    /// A method that a base class of the project declares is called through it: the class's own version runs.
    fn overrides(&self, class: Definition, name: &str) -> impl Iterator<Item = Node> {
        let scopes = &self.file(class.file).code.scopes;
        let own = self.functions_in(class);
        own.filter(move |method| scopes[*method as usize].name == name)
            .map(move |method| Node::definition(class.file, method))
    }

    /// A function that a decorator from outside registers (a route, a flow, a command) runs once its module has run.
    fn connect_decorated(&self, file: FileIndex, found: &mut Found<'_>) {
        const PASSIVE: &[&str] = &[
            "staticmethod",
            "classmethod",
            "property",
            "abstractmethod",
            "overload",
            "cache",
            "lru_cache",
        ];
        // Steps and flows of orchestrators run when their pipeline does, and not because their module was imported.
        const ORCHESTRATORS: &[&str] = &[
            "airflow", "dagster", "flytekit", "kfp", "metaflow", "prefect", "zenml",
        ];
        let code = &self.file(file).code;
        for (position, scope) in code.scopes.iter().enumerate() {
            let id = u32::try_from(position).unwrap_or(u32::MAX);
            let registers = scope.decorators.iter().any(|decorator| {
                let path = match decorator {
                    Expr::Name(name) => name.path.as_str(),
                    Expr::Call(call) => code
                        .calls
                        .get(*call as usize)
                        .map_or("", |call| call.target.path.as_str()),
                    _ => "",
                };
                !path.is_empty()
                    && !PASSIVE.contains(&last_segment(path))
                    && !ORCHESTRATORS.contains(&path.split('.').next().unwrap_or_default())
            });
            if !registers {
                continue;
            }
            match scope.kind {
                ScopeKind::Function => {
                    let from = self.node_at(file, scope.parent, scope.block);
                    found.edges.push((from, Node::definition(file, id)));
                }
                ScopeKind::Class => {
                    let from = self.node_at(file, scope.parent, scope.block);
                    found.used.push((Definition { file, scope: id }, from));
                }
                ScopeKind::Module | ScopeKind::Lambda => {}
            }
        }
    }

    /// A function that a cloud calls with an event runs when its file is deployed.
    fn connect_handlers(&self, file: FileIndex, found: &mut Found<'_>) {
        for scope in self.handlers(file) {
            found
                .edges
                .push((Node::main(file), Node::definition(file, scope)));
        }
    }

    /// The functions of a file that a cloud calls with an event: `def handler(event, context)`.
    fn handlers(&self, file: FileIndex) -> impl Iterator<Item = u32> + '_ {
        let scopes = (0u32..).zip(&self.file(file).code.scopes);
        scopes.filter_map(|(position, scope)| {
            let is_handler = scope.kind == ScopeKind::Function
                && scope.parent == 0
                && matches!(scope.parameters.as_slice(), [event, context]
                    if event.name.trim_start_matches('_') == "event"
                        && context.name.trim_start_matches('_') == "context");
            is_handler.then_some(position)
        })
    }

    /// Whether a file holds a function that a cloud calls with an event.
    pub fn handles_events(&self, file: FileIndex) -> bool {
        self.handlers(file).next().is_some()
    }

    /// Whether a file does something when it is run: it has a main part, calls at its top level, or a handler of events.
    pub fn is_script(&self, file: FileIndex) -> bool {
        let main = Node::main(file);
        self.file(file).is_notebook
            || self.graph.leads_on(main)
            || self.calls_of(file).any(|site| self.node_of(site) == main)
    }

    /// These pieces of code as a set, without what they lead to.
    pub fn only(&self, nodes: impl IntoIterator<Item = Node>) -> Reached {
        self.graph.only(nodes)
    }

    /// All code of these files.
    pub fn whole(&self, files: impl IntoIterator<Item = FileIndex>) -> Reached {
        self.only(files.into_iter().flat_map(|file| {
            let scopes = (0..).take(self.file(file).code.scopes.len());
            let parts = scopes.map(move |scope| Node::definition(file, scope));
            parts.chain([Node::main(file)])
        }))
    }

    /// All that runs when these pieces of code run.
    pub fn reach(&self, entries: impl IntoIterator<Item = Node>) -> Reached {
        self.graph.reach(entries)
    }

    /// All that runs when these pieces of code run, without what only the closed ones lead to.
    pub fn reach_past(&self, entries: impl IntoIterator<Item = Node>, closed: &[Node]) -> Reached {
        self.graph.reach_past(entries, closed)
    }

    /// The functions that these pieces of code call, directly or not, without what merely importing a file runs: what the
    /// top level of a module registers has been run before.
    pub fn reach_calls(&self, entries: impl IntoIterator<Item = Node>) -> Reached {
        self.graph.reach_functions(entries)
    }

    /// These pieces of code, and the functions of the same files that lead to them: what a framework or a command starts
    /// is the outermost of them.
    pub fn callers_in_file(&self, nodes: impl IntoIterator<Item = Node>) -> BTreeSet<Node> {
        let mut found: BTreeSet<Node> = nodes.into_iter().collect();
        let files: BTreeSet<FileIndex> = found.iter().map(|node| node.file).collect();
        let mut callers: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
        for (from, to) in files.iter().flat_map(|file| self.graph.edges_of(*file)) {
            let is_call = from.file == to.file && to.scope != 0 && from.scope != 0;
            if is_call {
                callers.entry(to).or_default().push(from);
            }
        }
        let mut open: Vec<Node> = found.iter().copied().collect();
        while let Some(node) = open.pop() {
            for caller in callers.get(&node).into_iter().flatten() {
                if found.insert(*caller) {
                    open.push(*caller);
                }
            }
        }
        found
    }

    /// What builds objects out of a configuration reaches the classes and functions that the configuration names:
    /// `instantiate(cfg.model)` those below `model`, by their dotted path.
    pub fn connect_built(&mut self, named: &BTreeMap<String, BTreeSet<String>>) {
        let mut added: Vec<(Node, Node)> = Vec::new();
        for site in self.calls() {
            if !self.target(site).starts_with("hydra.utils.") || self.file(site.file).is_test {
                continue;
            }
            let last = site
                .call
                .arguments
                .first()
                .and_then(|argument| match &argument.value {
                    Expr::Name(name) => name.path.rsplit_once('.').map(|(_, last)| last),
                    Expr::Attribute(_, last) => Some(last.as_str()),
                    Expr::Subscript(_, key) => key.as_str(),
                    _ => None,
                });
            let from = self.node_of(site);
            for path in last.and_then(|last| named.get(last)).into_iter().flatten() {
                let name = Name {
                    path: path.clone().into(),
                    origin: Origin::Import,
                };
                if let Resolved::Definition(definition) = self.resolve(site.file, &name, 0) {
                    let used = self.led_to_by(definition);
                    let methods = self.methods_of(definition);
                    added.extend(used.into_iter().chain(methods).map(|to| (from, to)));
                }
            }
        }
        if !added.is_empty() {
            self.graph = self.graph.with(added);
        }
    }

    /// All methods of a class: of what a configuration builds, no call can be followed to its class.
    fn methods_of(&self, class: Definition) -> Vec<Node> {
        if self.scope(class).kind != ScopeKind::Class {
            return Vec::new();
        }
        let methods = self.functions_in(class);
        let nodes =
            methods.flat_map(|method| [Node::definition(class.file, method), Node::module(class.file)]);
        nodes.collect()
    }

    /// All that runs when this file is run as a script.
    pub fn reach_script(&self, file: FileIndex) -> Reached {
        self.reach([Node::module(file), Node::main(file)])
    }
}
