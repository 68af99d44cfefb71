//! What starts a workflow of GitHub Actions, and which of it a job's condition leaves.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Node, Value};

use super::super::super::{Runner, Trigger, TriggerKind};
use super::{SERVICE, strings};

/// A workflow that another one starts inherits what starts that one. Those that keep to named branches, given by their
/// paths, are not started by its runs for pull requests: these are runs of other branches.
pub(super) fn link_upstream(runners: &mut [Runner], on_branches: &BTreeSet<String>) {
    for _ in 0..3 {
        let known: Vec<(String, Vec<Trigger>)> = runners
            .iter()
            .filter(|runner| runner.kind == SERVICE && runner.dead.is_none())
            .map(|runner| (runner.group.clone(), runner.triggers.clone()))
            .collect();
        for runner in runners.iter_mut().filter(|runner| runner.kind == SERVICE) {
            let upstream: Vec<String> = runner
                .triggers
                .iter()
                .filter_map(|trigger| match &trigger.kind {
                    TriggerKind::Upstream(name) => Some(name.clone()),
                    _ => None,
                })
                .collect();
            let place = runner
                .triggers
                .first()
                .map(|trigger| trigger.place)
                .unwrap_or_default();
            for (_, triggers) in known.iter().filter(|(group, _)| upstream.contains(group)) {
                for trigger in triggers
                    .iter()
                    .filter(|trigger| !matches!(trigger.kind, TriggerKind::Upstream(_)))
                    .filter(|trigger| {
                        trigger.kind != TriggerKind::PullRequest || !on_branches.contains(&runner.path)
                    })
                {
                    if !runner.triggers.iter().any(|found| found.kind == trigger.kind) {
                        runner.triggers.push(Trigger {
                            kind: trigger.kind.clone(),
                            place,
                        });
                    }
                }
            }
        }
    }
}

/// Whether the runs of other workflows start this one for some branches alone: `workflow_run: {branches: [main]}`.
pub(super) fn keeps_to_branches(workflow: &Node) -> bool {
    let on = workflow.get("on").or_else(|| workflow.get("true"));
    let branches = on.and_then(|on| on.at(&["workflow_run", "branches"]));
    branches.is_some_and(|branches| {
        let named = strings(branches);
        !named.is_empty() && !named.iter().any(|name| matches!(name.as_str(), "*" | "**"))
    })
}

/// What starts a workflow.
pub(super) fn triggers(workflow: &Node) -> Vec<Trigger> {
    let Some(on) = workflow.entry("on").or_else(|| workflow.entry("true")) else {
        return Vec::new();
    };
    let named: Vec<(String, Place, Option<&Node>)> = match &on.value.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.place, Some(&entry.value)))
            .collect(),
        _ => on
            .value
            .one_or_many()
            .into_iter()
            .map(|node| (node.text(), node.place, None))
            .collect(),
    };
    // GitHub refuses such a file, so that nothing of it runs.
    if named.iter().any(|(_, _, detail)| detail.is_some_and(holds_event)) {
        return Vec::new();
    }
    named
        .iter()
        .flat_map(|(name, place, detail)| trigger(name, *place, *detail))
        .collect()
}

/// Whether an event stands below another one, one step too far to the right: `push: {schedule: …}`.
fn holds_event(detail: &Node) -> bool {
    const EVENTS: &[&str] = &[
        "merge_group",
        "pull_request",
        "pull_request_target",
        "push",
        "release",
        "repository_dispatch",
        "schedule",
        "workflow_call",
        "workflow_dispatch",
        "workflow_run",
    ];
    detail
        .entries()
        .iter()
        .any(|entry| EVENTS.contains(&entry.key.as_str()))
}

fn trigger(name: &str, place: Place, detail: Option<&Node>) -> Vec<Trigger> {
    let one = |kind| vec![Trigger { kind, place }];
    match name {
        "push" => {
            let has = |key: &str| detail.is_some_and(|detail| detail.get(key).is_some());
            // A push trigger that names tags alone does not run for branches.
            let only_tags =
                (has("tags") || has("tags-ignore")) && !has("branches") && !has("branches-ignore");
            one(if only_tags {
                TriggerKind::Release
            } else {
                TriggerKind::Push
            })
        }
        "pull_request" | "pull_request_target" | "merge_group" => one(TriggerKind::PullRequest),
        "release" | "create" | "registry_package" => one(TriggerKind::Release),
        "workflow_run" => {
            let names = detail
                .and_then(|detail| detail.get("workflows"))
                .map(strings)
                .unwrap_or_default();
            names
                .into_iter()
                .map(|name| Trigger {
                    kind: TriggerKind::Upstream(name),
                    place,
                })
                .collect()
        }
        "schedule" => detail
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.entry("cron"))
            .map(|cron| Trigger {
                kind: TriggerKind::Schedule(cron.value.text()),
                place: cron.place,
            })
            .collect(),
        // A workflow that others call runs when they do; they are read with it.
        "workflow_call" => Vec::new(),
        // `workflow_dispatch`, `issues`, `issue_comment`, `pull_request_review`, `watch`, `deployment_status` …: none of
        // GitHub's other events is new data or an alarm. What sends a `repository_dispatch` is not to be seen.
        _ => one(TriggerKind::Person),
    }
}

/// What starts a job whose condition names the events that it wants.
pub(super) fn narrowed(triggers: &[Trigger], condition: &str) -> Vec<Trigger> {
    let mut found: Vec<Trigger> = Vec::new();
    for part in condition.split("||") {
        for trigger in triggers {
            let kept = kept(trigger, part);
            found.extend(kept.filter(|kept| !found.contains(kept)));
        }
    }
    found
}

/// A trigger as an alternative of a condition leaves it.
fn kept(trigger: &Trigger, condition: &str) -> Option<Trigger> {
    let wanted = events(condition, "==");
    if !wanted.is_empty() && !wanted.iter().any(|event| is_event(&trigger.kind, event)) {
        return None;
    }
    if events(condition, "!=")
        .iter()
        .any(|event| is_event(&trigger.kind, event))
    {
        return None;
    }
    let asks_for_tag = (condition.contains("refs/tags") || condition.contains("ref_type == 'tag'"))
        && !condition.contains('!');
    if asks_for_tag {
        return match trigger.kind {
            TriggerKind::Push | TriggerKind::Release => Some(Trigger {
                kind: TriggerKind::Release,
                place: trigger.place,
            }),
            TriggerKind::Person => Some(trigger.clone()),
            _ => None,
        };
    }
    // Pull requests run on their own ref, not on a branch.
    let asks_for_branch = condition.contains("github.ref ==") || condition.contains("github.ref_name ==");
    if asks_for_branch && trigger.kind == TriggerKind::PullRequest {
        return None;
    }
    // An input has a value only where a person gives one.
    let asks_for_input = condition.contains("inputs.") && condition.contains("== ");
    (!asks_for_input || trigger.kind == TriggerKind::Person).then(|| trigger.clone())
}

/// The events that a condition compares with.
fn events<'text>(condition: &'text str, operator: &str) -> Vec<&'text str> {
    condition
        .split("github.event_name")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start().strip_prefix(operator)?.trim_start();
            let rest = rest.strip_prefix(['\'', '"'])?;
            rest.split(['\'', '"']).next()
        })
        .collect()
}

fn is_event(kind: &TriggerKind, event: &str) -> bool {
    match kind {
        TriggerKind::Push => event == "push",
        TriggerKind::PullRequest => event.starts_with("pull_request") || event == "merge_group",
        TriggerKind::Release => matches!(event, "release" | "push" | "create"),
        TriggerKind::Schedule(_) => event == "schedule",
        TriggerKind::Person => !matches!(
            event,
            "push"
                | "pull_request"
                | "pull_request_target"
                | "merge_group"
                | "release"
                | "create"
                | "schedule"
                | "workflow_run"
        ),
        TriggerKind::Upstream(_) => event == "workflow_run",
        TriggerKind::Event(name) => event == name,
    }
}

/// A job that needs another one runs only when that one does, and never where that one is dead.
pub(super) fn follow_needs(runners: &mut [Runner], independent: &[String]) {
    for _ in 0..4 {
        let known: Vec<(String, String, Vec<Trigger>, bool)> = runners
            .iter()
            .map(|runner| {
                let key = (runner.path.clone(), runner.name.clone());
                (key.0, key.1, runner.triggers.clone(), runner.dead.is_some())
            })
            .collect();
        for runner in runners.iter_mut().filter(|runner| runner.dead.is_none()) {
            if independent.contains(&runner.name) {
                continue;
            }
            for need in runner.needs.clone() {
                let Some((_, _, triggers, is_dead)) = known
                    .iter()
                    .find(|(path, name, _, _)| *path == runner.path && *name == need)
                else {
                    continue;
                };
                if *is_dead {
                    runner.dead = Some(format!("it needs the job '{need}', which never runs"));
                }
                runner.triggers.retain(|own| {
                    triggers.iter().any(|trigger| {
                        trigger.kind == own.kind
                            || (trigger.kind == TriggerKind::Push && own.kind == TriggerKind::Release)
                    })
                });
            }
        }
    }
}

/// Whether a step's condition may leave it out of an ordinary run on the main branch.
pub(super) fn is_selective(condition: &str) -> bool {
    let plain = condition
        .trim()
        .trim_start_matches("${{")
        .trim_end_matches("}}")
        .trim();
    let is_ordinary = |term: &str| {
        let term = term.trim().trim_matches(['(', ')', ' ']);
        term.is_empty()
            || matches!(term, "always" | "success" | "true")
            || term.starts_with("!cancelled")
            || term.contains("github.ref")
            || term.contains("github.event_name")
            || term.contains("github.base_ref")
            || term.contains("github.repository")
            || term.contains("runner.os")
            || term.contains("matrix.")
    };
    plain.split("||").all(|part| !part.split("&&").all(is_ordinary))
}
