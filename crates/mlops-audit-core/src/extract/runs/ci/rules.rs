//! What GitLab's `rules` let a pipeline or job run for.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::Node;

use super::super::{Trigger, TriggerKind};

/// What the expression of a rule asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Condition {
    /// Nothing, or what an ordinary push fulfils.
    Always,
    /// These events.
    Events(Vec<TriggerKind>),
    /// A variable that nothing in the repository sets.
    Off,
}

/// The schedule of a project stands in its settings; a rule shows only that there is one.
pub(super) fn schedule() -> TriggerKind {
    TriggerKind::Schedule("a pipeline schedule of the project".to_owned())
}

/// Reads a rule's expression with the variables that are known.
pub(super) fn condition(text: &str, variables: &[(String, String)]) -> Condition {
    if text.trim().is_empty() {
        return Condition::Always;
    }
    let mut kinds: Vec<TriggerKind> = Vec::new();
    let mut is_off = false;
    for part in text.split("||") {
        match alternative(part, variables) {
            Condition::Always => return Condition::Always,
            Condition::Off => is_off = true,
            Condition::Events(found) => {
                for kind in found {
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
            }
        }
    }
    if kinds.is_empty() && is_off {
        Condition::Off
    } else {
        Condition::Events(kinds)
    }
}

/// An expression without `||`: all of its terms must hold.
fn alternative(text: &str, variables: &[(String, String)]) -> Condition {
    let mut kind = None;
    for term in text.split("&&") {
        let term = term.trim().trim_matches(['(', ')', ' ']);
        let is_negated = term.contains("!=") || term.contains("!~") || term.starts_with('!');
        let found = if term.contains("CI_PIPELINE_SOURCE") {
            let value = term.rsplit(['=', '~']).next().unwrap_or_default();
            source(value.trim().trim_matches(['"', '\'', '/', ' ']))
        } else if term.contains("CI_MERGE_REQUEST") {
            Some(TriggerKind::PullRequest)
        } else if term.contains("CI_COMMIT_TAG") {
            let asks_for_none = term.contains("null") && term.contains("==");
            (!asks_for_none).then_some(TriggerKind::Release)
        } else if term.contains("CI_COMMIT_BRANCH")
            || term.contains("CI_COMMIT_REF")
            || term.contains("CI_DEFAULT_BRANCH")
            || term.contains("CI_COMMIT_MESSAGE")
            || term.contains("CI_COMMIT_TITLE")
        {
            Some(TriggerKind::Push)
        } else {
            if !term.contains("$CI_") && !is_set(term, variables) {
                return Condition::Off;
            }
            None
        };
        if is_negated {
            // What is not a tag or a schedule is an ordinary run.
            continue;
        }
        // The event says more than the branch that stands beside it.
        if kind.is_none() || found.as_ref().is_some_and(|found| *found != TriggerKind::Push) {
            kind = found.or(kind);
        }
    }
    kind.map_or(Condition::Always, |kind| Condition::Events(vec![kind]))
}

fn source(value: &str) -> Option<TriggerKind> {
    Some(match value {
        "schedule" => schedule(),
        "merge_request_event" | "external_pull_request_event" => TriggerKind::PullRequest,
        "push" => TriggerKind::Push,
        "web" | "api" | "trigger" | "chat" => TriggerKind::Person,
        "pipeline" | "parent_pipeline" => TriggerKind::Upstream(String::new()),
        _ => return None,
    })
}

/// Whether a term about a variable of the project's own holds with the values that are written down.
fn is_set(term: &str, variables: &[(String, String)]) -> bool {
    let name: String = term
        .trim_start_matches(['!', '(', ' '])
        .trim_start_matches('$')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    let value = variables
        .iter()
        .rev()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.as_str());
    let wanted = |operator: &str| {
        term.split_once(operator)
            .map(|(_, wanted)| wanted.trim().trim_matches(['"', '\'']).to_owned())
    };
    if let Some(wanted) = wanted("==") {
        return match value {
            Some(value) => value == wanted,
            None => wanted == "null" || wanted.is_empty(),
        };
    }
    if let Some(wanted) = wanted("!=") {
        return match value {
            Some(value) => value != wanted,
            None => wanted != "null",
        };
    }
    if term.contains("=~") || term.contains("!~") {
        return term.contains("!~") || value.is_some();
    }
    value.is_some_and(|value| !value.is_empty())
}

/// What `workflow: rules` lets pipelines run for.
#[derive(Debug)]
pub(super) struct Allowed {
    /// The kinds of events with the places of their rules; `None` where anything starts a pipeline.
    kinds: Option<Vec<Trigger>>,
    refused: Vec<TriggerKind>,
}

impl Allowed {
    /// Reads the rules of a workflow.
    pub(super) fn new(rules: Option<&Node>) -> Self {
        let mut allowed = Self {
            kinds: None,
            refused: Vec::new(),
        };
        let mut kinds: Vec<Trigger> = Vec::new();
        for rule in rules.map(Node::items).unwrap_or_default() {
            let text = rule.get("if").map(Node::text).unwrap_or_default();
            let never = rule.get("when").map(Node::text).as_deref() == Some("never");
            match condition(&text, &[]) {
                Condition::Events(found) if never => allowed.refused.extend(found),
                Condition::Events(found) => kinds.extend(found.into_iter().map(|kind| Trigger {
                    kind,
                    place: rule.place,
                })),
                Condition::Always if never && text.is_empty() => break,
                Condition::Always if !never => return allowed,
                _ => {}
            }
        }
        if rules.is_some() && !kinds.is_empty() {
            allowed.kinds = Some(kinds);
        }
        allowed
    }

    /// Whether a pipeline runs for this kind of event.
    pub(super) fn allows(&self, kind: &TriggerKind) -> bool {
        let listed = |kinds: &Vec<Trigger>| kinds.iter().any(|trigger| trigger.kind == *kind);
        // A person who starts a pipeline starts it on a branch.
        let by_hand = *kind == TriggerKind::Person
            && self
                .kinds
                .as_ref()
                .is_some_and(|kinds| kinds.iter().any(|trigger| trigger.kind == TriggerKind::Push));
        !self.refused.contains(kind) && (by_hand || self.kinds.as_ref().is_none_or(listed))
    }

    /// What an ordinary job runs for.
    pub(super) fn kinds(&self) -> Vec<TriggerKind> {
        match &self.kinds {
            Some(kinds) => kinds.iter().map(|trigger| trigger.kind.clone()).collect(),
            None => [TriggerKind::Push]
                .into_iter()
                .filter(|kind| !self.refused.contains(kind))
                .collect(),
        }
    }

    /// What an ordinary job runs for, at the places of the workflow's rules or else at the job's.
    pub(super) fn triggers(&self, place: Place) -> Vec<Trigger> {
        match &self.kinds {
            Some(kinds) => kinds.clone(),
            None => self
                .kinds()
                .into_iter()
                .map(|kind| Trigger { kind, place })
                .collect(),
        }
    }
}
