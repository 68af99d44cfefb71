//! `monitoring.alerts`; see the page beside this file.

use super::{messages, project};
use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `monitoring.alerts`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Monitoring,
        name: "alerts",
    },
    label: "Alerts",
    looked_for: "rules, webhooks, messages",
    page: include_str!("alerts.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let alerts = &facts.monitoring.alerts;
    if !alerts.notified.is_empty() {
        return Judgement::met(
            "somebody is notified",
            [&alerts.notified[..], &alerts.reactions].concat(),
        );
    }
    if !alerts.reactions.is_empty() {
        return Judgement::met("drift starts a reaction", alerts.reactions.clone());
    }
    let partly = [
        (
            &alerts.defaults,
            "failure mails of the scheduler or CI only",
            "nobody is told when the service, the model or the data goes wrong",
        ),
        (
            &alerts.unloaded_rules,
            "alert rules that no configuration loads",
            "no `rule_files` in use loads the alert rules",
        ),
        (
            &alerts.rules_without_metrics,
            "alert rules without metrics",
            "nothing exports the metrics that the alert rules ask for",
        ),
        (
            &alerts.broken,
            "a message or reaction that cannot run",
            "what would notify or react names something that does not exist",
        ),
        (
            &alerts.switched_off,
            "a message that is switched off",
            "the variable that switches the message on is off by default, and nothing committed sets it",
        ),
    ];
    for (evidence, finding, missing) in partly {
        if !evidence.is_empty() {
            return Judgement::partial(finding, evidence.clone(), missing);
        }
    }
    let unmet = Judgement::unmet("nobody is told when something goes wrong");
    if alerts.uncalled.is_empty() && !alerts.of_machines.is_empty() {
        unmet.near(
            "a message about machines that neither train nor serve",
            alerts.of_machines.clone(),
        )
    } else if alerts.uncalled.is_empty() {
        unmet
    } else {
        unmet.near("a notification that nothing triggers", alerts.uncalled.clone())
    }
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    if let Some(advice) = project::nothing_runs(facts) {
        return advice;
    }
    let alerts = &facts.monitoring.alerts;
    let gap = match judgement.finding.as_str() {
        "" => "Nobody is told when the service, the model or a scheduled run goes wrong.".to_owned(),
        found => format!("Nobody is told for certain when something goes wrong. What was found: {found}."),
    };
    let (recommendation, implementation, tool) = if !alerts.unloaded_rules.is_empty() {
        messages::load_rules(facts, &alerts.unloaded_rules)
    } else if !facts.monitoring.system.exported.is_empty() {
        messages::alert_rule(facts)
    } else {
        messages::failure_message(facts)
    };
    Advice {
        cause: "no-alert".to_owned(),
        gap,
        recommendation,
        implementation,
        tools: vec![tool.to_owned()],
        fixable: false,
        locations: messages::alert_places(facts, judgement),
    }
}
