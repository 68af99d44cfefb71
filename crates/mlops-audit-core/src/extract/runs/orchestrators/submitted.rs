//! Jobs that are submitted to a cluster as a YAML file with the command in it: `anyscale jobs submit job.yaml`,
//! `sky launch task.yaml`; and sweeps, whose file names the program: `wandb sweep sweep.yaml`.

use mlops_audit_formats::Place;

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation};

/// The keys under which such files keep their commands, in the order in which these run.
const COMMANDS: &[&str] = &["setup", "entrypoint", "run"];

/// Follows the commands of the file that is submitted; `None` where none of the arguments is such a file.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    let (path, root) = arguments.iter().find_map(|argument| {
        let path = joined(&start.directory, argument);
        let root = context.documents.root(&path)?;
        Some((path, root))
    })?;
    let mut found = Vec::new();
    for entry in COMMANDS.iter().filter_map(|key| root.entry(key)) {
        let text = entry.value.as_str()?;
        // A block scalar starts on the line after its key.
        let line = entry.place.line + u32::from(text.contains('\n'));
        let inner = Start {
            path: path.clone(),
            place: Place::line(line),
            step: entry.key.clone(),
            ..start.clone()
        };
        found.extend(expansion.text(text, false, &inner));
    }
    (!found.is_empty()).then_some(found)
}

/// Follows the program of a sweep; `None` where none of the arguments is the file of one.
pub(super) fn follow_sweep(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    let (path, program) = arguments.iter().skip(1).find_map(|argument| {
        let path = joined(&start.directory, argument);
        let program = context.documents.root(&path)?.entry("program")?;
        Some((path, program))
    })?;
    let name = program.value.as_str()?;
    let inner = Start {
        path,
        place: program.place,
        ..start.clone()
    };
    let found = expansion.text(&format!("python '{}'", name.replace('\'', "")), false, &inner);
    (!found.is_empty()).then_some(found)
}
