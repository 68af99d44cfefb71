//! What a test has to do so that code of the project runs as it is meant to.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node};
use mlops_audit_core::extract::runs::Target;
use mlops_audit_formats::code::{Expr, ScopeKind};

use crate::importing::{finds_all, origin, stands_alone};
use crate::needs::Needs;

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The module that is imported; the path of the script where it is run as one.
    pub(crate) module: String,
    /// The folder that has to be on Python's path, where it is not the project's.
    pub(crate) folder: Option<String>,
    /// The folder in which it has to be started.
    pub(crate) start: String,
    /// Files that it reads and the repository does not hold.
    pub(crate) lacking: Vec<String>,
    /// Whether it fits a model.
    pub(crate) trains: bool,
}

/// A run of a script by its path, without arguments, from where the project begins.
pub(super) fn run_of_script(inspection: &Inspection<'_>, file: FileIndex) -> Result<Run, String> {
    let basis = &inspection.facts().basis;
    let codebase = &basis.codebase;
    let path = codebase.file(file).path.clone();
    let reached = codebase.reach_script(file);
    let nodes: BTreeSet<Node> = reached.nodes().collect();
    asks_nobody(codebase, &nodes, &path)?;
    let start = started_in(inspection, file)?;
    let own = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = if stands_alone(codebase, file) || finds_all(codebase, file, "") && start.is_empty() {
        None
    } else if finds_all(codebase, file, own) {
        Some(own.to_owned())
    } else {
        return Err(format!("it is not sure from where {path} finds what it imports"));
    };
    let lacking = needs(inspection, &start, &nodes)?;
    Ok(Run {
        trains: basis.training.trains(&reached),
        module: match start.as_str() {
            "" => path,
            start => match path.strip_prefix(start).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => rest.to_owned(),
                None => return Err(format!("{path} does not stand in {start}, from where it is run")),
            },
        },
        folder,
        start,
        lacking,
    })
}

/// A call of a function that needs no arguments.
pub(super) fn run_of_function(
    inspection: &Inspection<'_>,
    file: FileIndex,
    function: &str,
) -> Result<Run, String> {
    let basis = &inspection.facts().basis;
    let codebase = &basis.codebase;
    let source = codebase.file(file);
    let imported = codebase.reach([Node::module(file)]);
    if basis.training.trains(&imported) {
        return Err(format!("importing {} trains already", source.path));
    }
    let scope = source
        .code
        .scopes
        .iter()
        .position(|scope| scope.parent == 0 && scope.kind == ScopeKind::Function && scope.name == function)
        .and_then(|at| u32::try_from(at).ok())
        .ok_or_else(|| format!("{function} is no function of {}", source.path))?;
    let called = codebase.reach_calls([Node::definition(file, scope)]);
    let nodes: BTreeSet<Node> = imported
        .nodes()
        .chain(called.nodes())
        .filter(|node| node.scope != Node::MAIN)
        .collect();
    asks_nobody(codebase, &nodes, &source.path)?;
    let origin = origin(inspection, file)
        .ok_or_else(|| format!("it is not sure from where {} finds what it imports", source.path))?;
    let lacking = needs(inspection, &origin.start, &nodes)?;
    let project = basis.listing.project.trim_end_matches('/');
    Ok(Run {
        trains: basis.training.trains(&called),
        module: origin.module,
        folder: (origin.folder != project).then_some(origin.folder),
        start: origin.start,
        lacking,
    })
}

fn needs(inspection: &Inspection<'_>, start: &str, nodes: &BTreeSet<Node>) -> Result<Vec<String>, String> {
    let needs = Needs {
        inspection,
        start,
        may_record: true,
    };
    needs.lacking(nodes)
}

/// Whether the code takes nothing from a command line or a person.
fn asks_nobody(codebase: &Codebase, nodes: &BTreeSet<Node>, path: &str) -> Result<(), String> {
    let asks = nodes.iter().any(|node| {
        let mut sites = codebase.calls_in(*node);
        sites.any(|site| {
            matches!(site.call.method(), "parse_args" | "parse_known_args" | "input")
                || matches!(codebase.target(site), "fire.Fire" | "typer.run")
                || site
                    .call
                    .arguments
                    .iter()
                    .any(|argument| is_arguments(&argument.value))
        })
    });
    let files: BTreeSet<FileIndex> = nodes.iter().map(|node| node.file).collect();
    let reads = files.iter().any(|file| {
        let code = &codebase.file(*file).code;
        let assigned = code
            .assignments
            .iter()
            .filter(|found| nodes.contains(&codebase.node_at(*file, found.scope, found.block)));
        assigned.into_iter().any(|found| is_arguments(&found.value))
    });
    let is_command = files.iter().any(|file| {
        let scopes = codebase.file(*file).code.scopes.iter().enumerate();
        scopes.into_iter().any(|(at, scope)| {
            let is_run = u32::try_from(at).is_ok_and(|at| nodes.contains(&Node::definition(*file, at)));
            is_run
                && scope.decorators.iter().any(|decorator| {
                    let path = match decorator {
                        Expr::Name(name) => name.path.as_str(),
                        _ => codebase
                            .call_of(*file, decorator)
                            .map_or("", |site| site.call.target.path.as_str()),
                    };
                    ["click.", "hydra.", "typer."]
                        .iter()
                        .any(|start| path.starts_with(start))
                })
        })
    });
    if asks || reads || is_command {
        return Err(format!("{path} takes arguments of a command line"));
    }
    Ok(())
}

/// `sys.argv`, `sys.argv[1]`
fn is_arguments(value: &Expr) -> bool {
    match value {
        Expr::Name(name) => name.path == "sys.argv",
        Expr::Subscript(base, _) => is_arguments(base),
        _ => false,
    }
}

/// The folder that a script is started in: what commands say, else the root where it stands there.
fn started_in(inspection: &Inspection<'_>, file: FileIndex) -> Result<String, String> {
    let basis = &inspection.facts().basis;
    let path = &basis.codebase.file(file).path;
    let invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    let mut folders: Vec<&str> = invocations
        .filter(|found| matches!(found.target, Target::Source(target, _) if target == file))
        .map(|found| found.directory.as_str())
        // Who clones a repository goes into its folder first, which is the root here.
        .map(|folder| {
            if basis.listing.has_folder(folder) {
                folder
            } else {
                ""
            }
        })
        .collect();
    folders.sort_unstable();
    folders.dedup();
    match folders.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] if !path.contains('/') => Ok(String::new()),
        _ => Err(format!("it is not sure from where {path} is run")),
    }
}
