//! How urgent a gap is: by the criterion, its verdict and what the repository is.

use crate::audit::{Deployment, Priority};
use crate::evidence::Evidence;
use crate::judge::{CriterionId, Judged, Verdict};

use Priority::{Critical, High, Low, Medium};

/// Priority of an unmet criterion, with production risk and without.
const TABLE: &[(&str, Priority, Priority)] = &[
    ("automation.pipeline", High, Medium),
    ("automation.ci", High, Medium),
    ("automation.cd", High, Medium),
    ("automation.ct", Medium, Low),
    ("versioning.code", Critical, High),
    ("versioning.data", High, Medium),
    ("versioning.model", Critical, Medium),
    ("versioning.config", Medium, Medium),
    ("tracking.params", Medium, Medium),
    ("tracking.metrics", Medium, Medium),
    ("tracking.artifacts", Medium, Low),
    ("tracking.code", Medium, Low),
    ("testing.unit", Critical, High),
    ("testing.integration", High, Low),
    ("testing.model", High, Medium),
    ("testing.regression", Medium, Low),
    ("monitoring.system", High, Low),
    ("monitoring.model", High, Low),
    ("monitoring.data", High, Low),
    ("monitoring.alerts", High, Low),
    ("reproducibility.seeds", Medium, High),
    ("reproducibility.environment", Critical, High),
    ("reproducibility.rebuild", High, High),
];

/// Whether something is deployed, or trained on a schedule.
pub fn has_production_risk(judged: &Judged<'_>) -> bool {
    !judged.facts().assessment.deployment.is_empty() || judged.verdict("automation.ct") == Verdict::Met
}

/// How urgent a gap is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urgency {
    /// How urgent.
    pub priority: Priority,
    /// Why, in a few words.
    pub reason: String,
    /// How it followed, sentence by sentence.
    pub because: Vec<String>,
}

/// What shows the risk, in words with its place.
fn risk(judged: &Judged<'_>) -> String {
    let facts = judged.facts();
    if let Some((deployment, evidence)) = facts.serving.deployments.first() {
        let place = evidence.first().map(Evidence::location).unwrap_or_default();
        return format!("there is production risk: the project is deployed as {deployment} ({place})");
    }
    if let Some(intended) = facts.assessment.deployment.first() {
        return format!("there is production risk: the policy says that it is deployed as {intended}");
    }
    if judged.verdict("automation.ct") == Verdict::Met {
        return "there is production risk: it trains without a person".to_owned();
    }
    "there is no production risk: nothing is deployed, and nothing trains without a person".to_owned()
}

/// The priority of a gap, with the reason for it.
pub fn priority(judged: &Judged<'_>, id: CriterionId) -> Urgency {
    if let Some((priority, place)) = judged.policy().priorities.get(&id) {
        let said = format!("the policy says so ({})", place.location());
        return Urgency {
            priority: *priority,
            because: vec![format!("{id} is {priority}: {said}")],
            reason: said,
        };
    }
    let name = id.to_string();
    let at_risk = has_production_risk(judged);
    let deployment = &judged.facts().assessment.deployment;
    let (with, without) = TABLE
        .iter()
        .find(|(known, ..)| *known == name)
        .map_or((Low, Low), |(_, with, without)| (*with, *without));
    let mut priority = if at_risk { with } else { without };
    let mut reason = match (at_risk, deployment.first()) {
        (true, Some(deployment)) => format!("the project is deployed ({deployment})"),
        (true, None) => "the project trains without a person".to_owned(),
        (false, _) if without == High => {
            "whoever repeats the work depends on it, though nothing is deployed".to_owned()
        }
        (false, _) => "nothing is deployed".to_owned(),
    };
    let mut because = vec![
        format!("an unmet {id} is {with} with production risk and {without} without"),
        risk(judged),
    ];
    if name == "monitoring.system" && deployment.contains(&Deployment::Api) {
        priority = Critical;
        "an API is served without metrics of its operation".clone_into(&mut reason);
        because.push(format!("{reason}: {priority}"));
    }
    if name == "testing.model" && judged.verdict("automation.ct") == Verdict::Met {
        priority = Critical;
        "models are retrained and delivered without a person looking".clone_into(&mut reason);
        because.push(format!("{reason}: {priority}"));
    }
    if judged.verdict(&name) == Verdict::Partial {
        priority = one_below(priority);
        reason.push_str("; part of it is there, so it ranks one step lower");
        because.push(format!(
            "it is partial and not unmet, which is one step lower: {priority}"
        ));
    }
    Urgency {
        priority,
        reason,
        because,
    }
}

const fn one_below(priority: Priority) -> Priority {
    match priority {
        Critical => High,
        High => Medium,
        Medium | Low => Low,
    }
}

#[cfg(test)]
mod tests {
    use super::TABLE;
    use crate::judge::criteria;

    #[test]
    fn every_criterion_has_a_priority() {
        let names: Vec<String> = criteria().map(|criterion| criterion.id.to_string()).collect();
        let known: Vec<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, known);
    }
}
