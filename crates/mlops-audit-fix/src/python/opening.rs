//! Where a run of a file begins: the function that it starts with, its `__main__` part, or the lines below its imports.

use std::collections::BTreeMap;

use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node};
use mlops_audit_formats::code::{Expr, Scope, ScopeKind};

/// Where the lines that a run begins with stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opening {
    /// At the start of a function, given by its scope.
    Function(u32),
    /// At the start of a function that an orchestrator runs in a process of its own.
    Step(u32),
    /// At the start of the `__main__` part.
    Main,
    /// Below the imports of the module.
    Module,
}

impl Opening {
    /// The scope of the function.
    pub fn scope(self) -> Option<u32> {
        match self {
            Self::Function(scope) | Self::Step(scope) => Some(scope),
            Self::Main | Self::Module => None,
        }
    }

    /// The latest places of a file that run before these pieces of code, each with those that it is before. A step of
    /// an orchestrator is a run of its own: what another step did does not reach it. `None` where no place of the file
    /// is sure to run before one of them.
    pub fn before(codebase: &Codebase, file: FileIndex, nodes: &[Node]) -> Option<BTreeMap<Self, Vec<Node>>> {
        let steps = steps(codebase, file);
        let mut found: BTreeMap<Self, Vec<Node>> = BTreeMap::new();
        let mut rest = Vec::new();
        for node in nodes {
            match step_around(codebase, file, &steps, *node) {
                Some(step) => found.entry(Self::Step(step)).or_default().push(*node),
                None => rest.push(*node),
            }
        }
        if !rest.is_empty() {
            found.insert(Self::of_one_process(codebase, file, &rest)?, rest);
        }
        Some(found)
    }

    fn of_one_process(codebase: &Codebase, file: FileIndex, nodes: &[Node]) -> Option<Self> {
        if nodes.iter().any(|node| node.scope == 0) {
            return Some(Self::Module);
        }
        let main = Node::main(file);
        if nodes.contains(&main) {
            return Some(Self::Main);
        }
        let leads = |from: Node| {
            let reached = codebase.reach_calls([from]);
            nodes.iter().all(|node| reached.contains(*node))
        };
        let scopes = (0u32..).zip(&codebase.file(file).code.scopes);
        let leading: Vec<u32> = scopes
            .filter(|(_, scope)| scope.kind == ScopeKind::Function && !scope.is_stub)
            .map(|(at, _)| at)
            .filter(|at| leads(Node::definition(file, *at)))
            .collect();
        let calls = |from: u32, to: u32| {
            let reached = codebase.reach_calls([Node::definition(file, from)]);
            from != to && reached.contains(Node::definition(file, to))
        };
        // Of two that lead there, the one that calls the other.
        let outermost: Vec<u32> = leading
            .iter()
            .copied()
            .filter(|at| !leading.iter().any(|other| calls(*other, *at)))
            .collect();
        match outermost.as_slice() {
            // Of a class, the part that makes the object comes before any of its methods.
            [only] if is_method(codebase, file, *only) && leads(main) => Some(Self::Main),
            [only] if !is_called_in_loop(codebase, file, *only) => Some(Self::Function(*only)),
            _ if leads(main) => Some(Self::Main),
            _ if codebase.is_script(file) || runs_at_top(codebase, file, nodes) => Some(Self::Module),
            _ => None,
        }
    }
}

fn is_method(codebase: &Codebase, file: FileIndex, scope: u32) -> bool {
    let code = &codebase.file(file).code;
    code.scopes[code.scopes[scope as usize].parent as usize].kind == ScopeKind::Class
}

/// Whether the top of a module runs all of these pieces of code, when nothing else is started.
fn runs_at_top(codebase: &Codebase, file: FileIndex, nodes: &[Node]) -> bool {
    let reached = codebase.reach([Node::module(file)]);
    nodes.iter().all(|node| reached.contains(*node))
}

fn is_called_in_loop(codebase: &Codebase, file: FileIndex, scope: u32) -> bool {
    codebase.calls_of(file).any(|site| {
        let callee = codebase.callee(site);
        let is_it = callee.is_some_and(|callee| callee.file == file && callee.scope == scope);
        is_it && codebase.file(file).code.in_loop(site.call.block)
    })
}

/// The functions of a file that an orchestrator runs, each in a process of its own.
fn steps(codebase: &Codebase, file: FileIndex) -> Vec<u32> {
    let scopes = (0u32..).zip(&codebase.file(file).code.scopes);
    scopes
        .filter(|(_, scope)| scope.kind == ScopeKind::Function && is_step(codebase, file, scope))
        .map(|(at, _)| at)
        .collect()
}

fn is_step(codebase: &Codebase, file: FileIndex, scope: &Scope) -> bool {
    const ORCHESTRATORS: &[&str] = &[
        "airflow", "clearml", "dagster", "flytekit", "kfp", "metaflow", "prefect", "zenml",
    ];
    const STEPS: &[&str] = &[
        "asset",
        "component",
        "create_component_from_func",
        "multi_asset",
        "op",
        "step",
        "task",
    ];
    scope.decorators.iter().any(|decorator| {
        let path = match decorator {
            Expr::Name(name) => name.path.as_str(),
            other => codebase
                .call_of(file, other)
                .map_or("", |site| codebase.target(site)),
        };
        let (first, last) = (path.split('.').next(), path.rsplit('.').next());
        first.is_some_and(|first| ORCHESTRATORS.contains(&first))
            && last.is_some_and(|last| STEPS.contains(&last))
    })
}

/// The last of the steps that leads to a piece of code: one step names the next, so earlier ones lead there as well.
fn step_around(codebase: &Codebase, file: FileIndex, steps: &[u32], node: Node) -> Option<u32> {
    let leading: Vec<u32> = steps
        .iter()
        .copied()
        .filter(|step| {
            codebase
                .reach_calls([Node::definition(file, *step)])
                .contains(node)
        })
        .collect();
    leading.iter().copied().find(|step| {
        let reached = codebase.reach_calls([Node::definition(file, *step)]);
        !leading
            .iter()
            .any(|other| other != step && reached.contains(Node::definition(file, *other)))
    })
}
