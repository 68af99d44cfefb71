//! Outputs for which DVC refuses to run a pipeline: named twice, or kept by Git.

use std::collections::BTreeMap;

use mlops_audit_formats::Place;
use mlops_audit_formats::data::Node;

use super::super::super::Context;
use super::super::super::expand::joined;
use super::{Stage, folder_of, stages_of};
use crate::discover::Presence;

/// The outputs of a stage that DVC keeps in its cache: all but those with `cache: false`.
pub(super) fn cached(stage: &Node) -> impl Iterator<Item = &str> {
    let keys = ["outs", "metrics", "plots"].into_iter();
    let items = keys.filter_map(|key| stage.get(key)).flat_map(Node::items);
    items.flat_map(|item| {
        let plain = item.as_str();
        let with_options = item.entries().iter().filter(|entry| {
            let cache = entry.value.get("cache").and_then(Node::as_bool);
            cache != Some(false)
        });
        plain
            .into_iter()
            .chain(with_options.map(|entry| entry.key.as_str()))
    })
}

/// The pipelines that DVC refuses, each with the place and the reason.
pub(in super::super) fn refused(context: Context<'_>) -> Vec<(String, Place, String)> {
    let paths = context.documents.all_data().map(|(file, _)| file.path.as_str());
    let pipelines = paths.filter(|path| path.rsplit('/').next() == Some("dvc.yaml"));
    pipelines
        .filter_map(|path| {
            let folder = folder_of(path);
            let stages = stages_of(context, folder)?;
            let (place, why) = named_twice(&stages).or_else(|| kept_by_git(context, folder, &stages))?;
            Some((path.to_owned(), place, why))
        })
        .collect()
}

/// An output that two stages have, or one stage twice. One that holds a value which is not known may be several.
fn named_twice(stages: &[Stage]) -> Option<(Place, String)> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for stage in stages {
        for output in stage.outputs.iter().filter(|output| is_known(output)) {
            if let Some(other) = known.insert(output, &stage.name) {
                let by = match other == stage.name {
                    true => format!("twice by the stage {other}"),
                    false => format!("by the stages {other} and {}", stage.name),
                };
                return Some((stage.place, format!("the output {output} is named {by}")));
            }
        }
    }
    None
}

/// An output that lies in Git as well, where no run of the pipeline has been locked.
fn kept_by_git(context: Context<'_>, folder: &str, stages: &[Stage]) -> Option<(Place, String)> {
    let is_locked = context.listing.file(&joined(folder, "dvc.lock")).is_some();
    let settings = context.documents.data(".dvc/config");
    let without_git = settings.is_some_and(|settings| {
        let setting = settings
            .documents
            .first()
            .and_then(|root| root.at(&["core", "no_scm"]));
        setting.is_some_and(|value| value.text().eq_ignore_ascii_case("true"))
    });
    if is_locked || without_git {
        return None;
    }
    let in_git = |path: &str| {
        let file = context.listing.file(path);
        file.is_some_and(|file| file.presence != Presence::Untracked)
    };
    stages.iter().find_map(|stage| {
        let mut outputs = stage.cached.iter().filter(|output| is_known(output));
        let kept = outputs.find(|output| in_git(output))?;
        let why = format!("Git tracks {kept}, an output that DVC is to keep in its cache");
        Some((stage.place, why))
    })
}

/// Whether no part of a path is a value that is filled in when the pipeline runs.
fn is_known(path: &str) -> bool {
    !path.contains('$') && !path.is_empty()
}
