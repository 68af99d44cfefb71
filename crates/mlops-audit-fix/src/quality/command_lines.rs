//! What a script takes from its command line, and with which words it is really run.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node, Site};
use mlops_audit_core::extract::runs::Target;
use mlops_audit_formats::code::Expr;

/// A command that runs a script.
pub(super) struct Command {
    /// The folder in which it is run.
    pub(super) folder: String,
    /// The words that follow the script; `None` where some of them stand for what people choose.
    words: Option<Vec<String>>,
}

/// The commands of the project and its documentation that run a script.
pub(super) fn commands(inspection: &Inspection<'_>, file: FileIndex) -> Vec<Command> {
    let basis = &inspection.facts().basis;
    let path = &basis.codebase.file(file).path;
    let name = path.rsplit('/').next().unwrap_or(path);
    let invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    invocations
        .filter(|found| matches!(found.target, Target::Source(target, _) if target == file))
        .map(|found| {
            let script = found.words.iter().position(|word| word.ends_with(name));
            let module = || Some(found.words.iter().position(|word| word == "-m")? + 1);
            let words = script
                .or_else(module)
                .and_then(|at| found.words.get(at + 1..))
                .filter(|words| words.iter().all(|word| is_plain(word)));
            // Who clones a repository goes into its folder first, which is the root here.
            let is_known = basis.listing.has_folder(&found.directory);
            Command {
                folder: if is_known {
                    found.directory.to_string()
                } else {
                    String::new()
                },
                words: words.map(<[String]>::to_vec),
            }
        })
        .collect()
}

/// Whether a word is meant as it is written.
fn is_plain(word: &str) -> bool {
    let stands_for_another = ["path/to", "PATH", "YOUR", "your"];
    !word.contains(|sign: char| "$<>{}*[]|;&\"'`~…".contains(sign))
        && !stands_for_another.iter().any(|part| word.contains(part))
}

/// The words that a script has to be given: `None` where it looks at none.
///
/// # Errors
/// Why they are not known.
pub(super) fn arguments(
    codebase: &Codebase,
    path: &str,
    nodes: &BTreeSet<Node>,
    commands: &[Command],
) -> Result<Option<Vec<String>>, String> {
    let refused = || Err(format!("{path} takes arguments of a command line"));
    if asks_a_person(codebase, nodes) {
        return refused();
    }
    let parses = |site: Site<'_>| matches!(site.call.method(), "parse_args" | "parse_known_args");
    let is_flag = |site: Site<'_>| site.call.method().starts_with("DEFINE_");
    let parser = any_call(codebase, nodes, parses);
    let raw = looks_at_words(codebase, nodes);
    if !parser && !raw && !any_call(codebase, nodes, is_flag) {
        return Ok(None);
    }
    if let Some(words) = commands.iter().find_map(|command| command.words.clone()) {
        return Ok(Some(words));
    }
    let needs_some = |site: Site<'_>| site.call.method() == "add_argument" && !is_optional(site);
    if raw || any_call(codebase, nodes, needs_some) {
        return refused();
    }
    Ok(Some(Vec::new()))
}

fn any_call(codebase: &Codebase, nodes: &BTreeSet<Node>, is_such: impl Fn(Site<'_>) -> bool) -> bool {
    nodes.iter().any(|node| codebase.calls_in(*node).any(&is_such))
}

/// Whether `add_argument` declares something that can be left out.
fn is_optional(site: Site<'_>) -> bool {
    let is_option = site
        .call
        .positional(0)
        .and_then(Expr::as_str)
        .is_some_and(|name| name.starts_with('-'));
    let may_lack = site
        .call
        .keyword("nargs")
        .and_then(Expr::as_str)
        .is_some_and(|count| matches!(count, "?" | "*"));
    let is_required = site
        .call
        .keyword("required")
        .is_some_and(|value| *value != Expr::Bool(false));
    (is_option || may_lack) && !is_required
}

/// Whether code asks somebody, or is a command of a package that ends the program itself.
pub(super) fn asks_a_person(codebase: &Codebase, nodes: &BTreeSet<Node>) -> bool {
    let asks = any_call(codebase, nodes, |site| {
        site.call.method() == "input" || matches!(codebase.target(site), "fire.Fire" | "typer.run")
    });
    let files: BTreeSet<FileIndex> = nodes.iter().map(|node| node.file).collect();
    asks || files.iter().any(|file| is_command(codebase, *file, nodes))
}

/// Whether code of a file that runs is a command of Click, Hydra or Typer.
fn is_command(codebase: &Codebase, file: FileIndex, nodes: &BTreeSet<Node>) -> bool {
    let mut scopes = (0..).zip(&codebase.file(file).code.scopes);
    scopes.any(|(at, scope)| {
        nodes.contains(&Node::definition(file, at))
            && scope.decorators.iter().any(|decorator| {
                let path = match decorator {
                    Expr::Name(name) => name.path.as_str(),
                    _ => codebase
                        .call_of(file, decorator)
                        .map_or("", |site| site.call.target.path.as_str()),
                };
                ["click.", "hydra.", "typer."]
                    .iter()
                    .any(|start| path.starts_with(start))
            })
    })
}

/// Whether code looks at `sys.argv` itself.
fn looks_at_words(codebase: &Codebase, nodes: &BTreeSet<Node>) -> bool {
    let hands_on = any_call(codebase, nodes, |site| {
        let mut given = site.call.arguments.iter();
        given.any(|argument| is_words(&argument.value))
    });
    let files: BTreeSet<FileIndex> = nodes.iter().map(|node| node.file).collect();
    hands_on
        || files.iter().any(|file| {
            let mut assigned = codebase.file(*file).code.assignments.iter();
            assigned.any(|found| {
                is_words(&found.value) && nodes.contains(&codebase.node_at(*file, found.scope, found.block))
            })
        })
}

/// `sys.argv`, `sys.argv[1]`
fn is_words(value: &Expr) -> bool {
    match value {
        Expr::Name(name) => name.path == "sys.argv",
        Expr::Subscript(base, _) => is_words(base),
        _ => false,
    }
}

/// Whether the code takes nothing from a command line or a person.
///
/// # Errors
/// That it does.
pub(super) fn asks_nobody(codebase: &Codebase, nodes: &BTreeSet<Node>, path: &str) -> Result<(), String> {
    let parses = |site: Site<'_>| matches!(site.call.method(), "parse_args" | "parse_known_args");
    let asks = asks_a_person(codebase, nodes)
        || looks_at_words(codebase, nodes)
        || any_call(codebase, nodes, parses);
    if asks {
        return Err(format!("{path} takes arguments of a command line"));
    }
    Ok(())
}
