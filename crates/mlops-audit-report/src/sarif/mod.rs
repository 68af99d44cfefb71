//! SARIF 2.1.0, which code scanning services and editors read.
//!
//! Each criterion is a rule, with its page as help. Each gap is a result at a line of a file, with the line as snippet.
//! A met criterion gives nothing, so the list is empty where nothing is wrong, and where there is no machine learning.

mod place;
mod results;
mod rules;

use mlops_audit_core::audit::{Audit, Priority};
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::criteria;
use serde_json::{Map, Value, json};

use crate::Extras;
use crate::gaps::gaps;
use crate::terminal::Vocabulary;

/// Name of the root that every address is relative to, as code scanning services know it.
const ROOT: &str = "%SRCROOT%";

/// The address of the schema. It is only named; nothing is fetched.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Renders the log, which ends in a line break.
pub fn render(
    audit: &Audit,
    _vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
    excerpts: &Excerpts,
) -> String {
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [run(audit, extras, excerpts)],
    });
    crate::json::v1::pretty(&log)
}

fn run(audit: &Audit, extras: &Extras<'_>, excerpts: &Excerpts) -> Value {
    let project = &excerpts.landmarks.project;
    let mut run = json!({
        "tool": { "driver": {
            "name": "mlops-audit",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": criteria().map(rules::rule).collect::<Vec<_>>(),
        }},
        "automationDetails": { "id": format!("mlops-audit/{}", place::encoded(project)) },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the repository." } } },
        "invocations": [invocation(audit)],
    });
    if let Some(remote) = &audit.project.remote {
        let mut provenance = json!({ "repositoryUri": remote, "mappedTo": { "uriBaseId": ROOT } });
        if let Some(commit) = &audit.project.commit {
            provenance["revisionId"] = commit.as_str().into();
        }
        run["versionControlProvenance"] = json!([provenance]);
    }
    let mut all: Vec<Value> = gaps(audit, extras, excerpts)
        .iter()
        .map(results::result)
        .collect();
    all.extend(results::suppressed(audit, excerpts));
    run["results"] = all.into();
    run["properties"] = properties(audit, extras);
    run
}

/// What could not be seen is told, so that nobody takes it for absent.
fn invocation(audit: &Audit) -> Value {
    let unread = audit.project.unread.iter().map(|unread| {
        json!({
            "level": "warning",
            "message": { "text": results::escaped(&format!("not read: {}", unread.why)) },
            "locations": [{ "physicalLocation": { "artifactLocation": place::address(&unread.path) } }],
        })
    });
    let limits = audit.project.limits_hit.iter().map(|limit| {
        json!({
            "level": "warning",
            "message": { "text": results::escaped(&format!("a limit was hit: {limit}")) },
        })
    });
    let notifications: Vec<Value> = unread.chain(limits).collect();
    let mut invocation = json!({ "executionSuccessful": true });
    if !notifications.is_empty() {
        invocation["toolExecutionNotifications"] = notifications.into();
    }
    invocation
}

/// The numbers of the report, and the verdicts of all criteria: results hold the gaps only.
fn properties(audit: &Audit, extras: &Extras<'_>) -> Value {
    let mut properties = json!({ "kind": audit.assessment.kind.as_str() });
    if let Some(standing) = &audit.standing {
        properties["score"] = crate::json::v1::rounded(standing.score).into();
        properties["automationLevel"] = standing.automation_level.number().into();
        properties["maturity"] = standing.maturity.number().into();
        properties["recommendations"] = audit.recommendations.len().into();
    }
    let criteria = audit.principles.iter().flat_map(|principle| &principle.criteria);
    let verdicts = criteria.map(|result| (result.id.to_string(), Value::from(result.verdict.as_str())));
    properties["verdicts"] = verdicts.collect::<Map<_, _>>().into();
    if !extras.gates.is_empty() {
        let gates = extras
            .gates
            .iter()
            .map(|gate| json!({ "gate": gate.gate, "passed": gate.passed, "why": gate.why }));
        properties["gates"] = gates.collect::<Vec<_>>().into();
    }
    properties
}

const fn level(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical | Priority::High => "error",
        Priority::Medium => "warning",
        Priority::Low => "note",
    }
}
