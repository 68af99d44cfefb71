//! Messages that the jobs of CI services send: under which condition, and whether the job is one of production.

use std::collections::BTreeSet;

use mlops_audit_formats::data::Node as Data;

use super::system::starts_container;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::runs::{Invocation, Runner, Target};
use crate::extract::serving::words::has_stem;

/// The conditions of the step in which a command stands, and of its job, as written.
pub(super) fn condition(basis: &Basis<'_>, runner: &Runner, invocation: &Invocation) -> String {
    let mut found = Vec::new();
    for path in BTreeSet::from([runner.path.as_str(), &invocation.path]) {
        let Some(data) = basis.documents.data(path) else {
            continue;
        };
        for document in &data.documents {
            document.walk(&mut |keys, node| {
                let last = keys.last().copied().unwrap_or_default();
                let is_step = last == "steps" && (node.get("uses").is_some() || node.get("run").is_some());
                let is_job = keys.len() == 2 && keys[0] == "jobs" && keys[1] == runner.name
                    || keys.len() == 1 && keys[0] == runner.name;
                let line = invocation.place.line;
                let covers = *path == invocation.path && node.place.line <= line && line <= last_line(node);
                if (is_step && covers) || is_job {
                    for key in ["if", "when", "condition"] {
                        found.extend(node.get(key).map(Data::text).filter(|text| !text.is_empty()));
                    }
                }
            });
        }
    }
    found.join(" ")
}

/// The last line on which a step's keys stand, counting the lines of its script.
fn last_line(step: &Data) -> u32 {
    step.entries()
        .iter()
        .map(|entry| {
            let lines = u32::try_from(entry.value.text().lines().count()).unwrap_or(u32::MAX);
            entry.place.line.saturating_add(lines)
        })
        .max()
        .unwrap_or(step.place.line)
}

pub(super) fn on_failure(condition: &str) -> bool {
    condition.contains("failure()")
        || condition.contains("always()")
        || condition.contains("on_failure")
        || condition.contains("failed()")
        || condition.contains("!= 'success'")
        || condition.contains("== 'failure'")
}

/// Whether a command or action sends a message to somebody.
pub(super) fn sends_message(invocation: &Invocation) -> bool {
    let calls_hook = matches!(
        invocation.words.first().map(String::as_str),
        Some("curl" | "wget" | "http")
    ) && invocation.words.iter().any(|word| {
        has_stem(
            word,
            &[
                "slack",
                "discord",
                "teams",
                "telegram",
                "pagerduty",
                "opsgenie",
                "mattermost",
            ],
        ) || has_stem(word, &["webhook"])
    });
    let mails = matches!(
        invocation.words.first().map(String::as_str),
        Some("mail" | "mailx" | "sendmail" | "mutt")
    );
    let by_tool = invocation.has_role(Role::Alert) && !starts_container(&invocation.words);
    by_tool || calls_hook || mails
}

pub(super) fn name_of(invocation: &Invocation) -> String {
    match &invocation.target {
        Target::Action { uses, .. } => uses.split('@').next().unwrap_or(uses).to_owned(),
        _ => invocation.words.first().cloned().unwrap_or_default(),
    }
}

/// Whether the runs to which a job belongs train, deliver, or start by themselves: a failure of theirs is one of
/// production, where a failure of tests on a push is not.
pub(super) fn watches_production(basis: &Basis<'_>, runner: &Runner) -> bool {
    let group = basis.runs.runners.iter().filter(|other| {
        other.kind == runner.kind && other.path == runner.path && other.group == runner.group
    });
    group.into_iter().any(|job| {
        job.is_unattended()
            || job.invocations.iter().any(|invocation| {
                [Role::Deploy, Role::Publish, Role::Train, Role::ModelRegistry]
                    .into_iter()
                    .any(|role| invocation.has_role(role))
                    || basis
                        .runs
                        .reached(invocation)
                        .is_some_and(|reached| basis.training.trains(reached))
            })
    })
}
