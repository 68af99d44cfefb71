//! What a test has to do so that code of the project runs as it is meant to.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{FileIndex, Node};
use mlops_audit_formats::code::ScopeKind;

use super::command_lines::{Command, arguments, asks_nobody, commands};
use crate::importing::{Origin, finds_all, origin, stands_alone};
use crate::needs::{Beside, Needs};

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The module that is imported; the path of the script where it is run as one.
    pub(crate) module: String,
    /// The folder that has to be on Python's path, where it is not the project's.
    pub(crate) folder: Option<String>,
    /// The folder in which it has to be started.
    pub(crate) start: String,
    /// What it needs beside itself.
    pub(crate) beside: Beside,
    /// The words that follow the script on its command line; `None` where it looks at none.
    pub(crate) arguments: Option<Vec<String>>,
    /// Whether it fits a model.
    pub(crate) trains: bool,
}

/// A run of a script by its path, as a command of the project or its documentation runs it, else without arguments from
/// where the project begins.
pub(super) fn run_of_script(inspection: &Inspection<'_>, file: FileIndex) -> Result<Run, String> {
    let basis = &inspection.facts().basis;
    let codebase = &basis.codebase;
    let path = codebase.file(file).path.clone();
    let reached = codebase.reach_script(file);
    let nodes: BTreeSet<Node> = reached.nodes().collect();
    let commands = commands(inspection, file);
    let arguments = arguments(codebase, &path, &nodes, &commands)?;
    let start = started_in(&path, &commands)
        .or_else(|| (!reads_files(inspection, &nodes)).then(String::new))
        .ok_or_else(|| format!("it is not sure from where {path} is run"))?;
    let folder = folder_of_imports(inspection, file, &start)
        .ok_or_else(|| format!("it is not sure from where {path} finds what it imports"))?;
    let beside = needs(inspection, &start).beside(&nodes, &[Node::module(file), Node::main(file)]);
    beside.clone().sure()?;
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
        beside,
        arguments,
    })
}

/// A call of a function. Where it has to be given something, what the code needs beside itself is told and no obstacle:
/// people see to it when they fill in what is given.
pub(super) fn run_of_function(
    inspection: &Inspection<'_>,
    file: FileIndex,
    function: &str,
    is_given: bool,
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
        .filter(Origin::can_be_named)
        .ok_or_else(|| format!("it is not sure from where {} finds what it imports", source.path))?;
    let starts = [Node::module(file), Node::definition(file, scope)];
    let beside = needs(inspection, &origin.start).beside(&nodes, &starts);
    if !is_given {
        beside.clone().sure()?;
    }
    let project = basis.listing.project.trim_end_matches('/');
    Ok(Run {
        trains: basis.training.trains(&called),
        module: origin.module,
        folder: (origin.folder != project).then_some(origin.folder),
        start: origin.start,
        beside,
        arguments: None,
    })
}

fn needs<'run>(inspection: &'run Inspection<'run>, start: &'run str) -> Needs<'run> {
    Needs {
        inspection,
        start,
        may_record: true,
    }
}

/// Whether code opens files, so that it matters where it is started.
fn reads_files(inspection: &Inspection<'_>, nodes: &BTreeSet<Node>) -> bool {
    let needs = needs(inspection, "");
    let codebase = &inspection.facts().basis.codebase;
    let mut sites = nodes.iter().flat_map(|node| codebase.calls_in(*node));
    sites.any(|site| needs.reads(site))
}

/// The folder that has to be on Python's path so that a script finds what it imports: `Some(None)` where it does anyhow.
fn folder_of_imports(inspection: &Inspection<'_>, file: FileIndex, start: &str) -> Option<Option<String>> {
    let codebase = &inspection.facts().basis.codebase;
    let path = &codebase.file(file).path;
    let own = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if stands_alone(codebase, file) || finds_all(codebase, file, "") && start.is_empty() {
        return Some(None);
    }
    let mut folders = [own, ""].into_iter();
    folders
        .find(|folder| finds_all(codebase, file, folder))
        .map(|folder| Some(folder.to_owned()))
}

/// The folder that a script is started in: the first that commands say, else the root where it stands there.
fn started_in(path: &str, commands: &[Command]) -> Option<String> {
    let is_above = |folder: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    let told = commands.iter().find(|command| is_above(&command.folder));
    match told.or(commands.first()) {
        Some(command) => Some(command.folder.clone()),
        None => (!path.contains('/')).then(String::new),
    }
}
