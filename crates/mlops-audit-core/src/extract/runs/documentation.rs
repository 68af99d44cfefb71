//! Commands that the documentation gives: a person runs them.

use mlops_audit_formats::Place;

use super::expand::Start;
use super::{Context, Expansion, Runner, RunnerKind};
use crate::read::Document;

/// Reads the commands of all pages, the README of the project first.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for file in &context.documents.files {
        let Document::Markdown(page) = &file.document else {
            continue;
        };
        if page.commands.commands.is_empty() {
            continue;
        }
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let start = Start {
            path: file.path.clone(),
            place: Place::line(1),
            directory: folder.to_owned(),
            step: "documentation".to_owned(),
            ..Start::default()
        };
        runners.push(Runner {
            kind: RunnerKind::Documentation,
            path: file.path.clone(),
            place: Place::line(page.commands.commands[0].place.line),
            name: file.path.clone(),
            group: file.path.clone(),
            triggers: Vec::new(),
            dead: None,
            failure_ignored: false,
            needs: Vec::new(),
            invocations: expansion.script(&page.commands, &start),
        });
    }
}
