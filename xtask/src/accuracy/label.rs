//! The labels: what people decided of each repository, with their reasons.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use mlops_audit_core::judge::{CriterionId, Verdict, criteria};
use serde::Deserialize;

/// What people decided of one repository at one commit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    /// Name of the checkout's folder: `owner__name`.
    pub(crate) name: String,
    /// `owner/name`.
    pub(crate) github: String,
    /// The commit that was read, in full hex.
    pub(crate) commit: String,
    /// What the repository is.
    pub(crate) assessment: AssessmentLabel,
    /// The experiment trackers in use.
    pub(crate) tools: Vec<String>,
    /// What was decided of each criterion.
    pub(crate) verdicts: BTreeMap<String, VerdictLabel>,
    /// The level that follows from the verdicts.
    pub(crate) automation_level: u8,
    /// The score that follows from the verdicts.
    pub(crate) score: f64,
    /// What was contested, and how it was settled.
    #[serde(default)]
    #[expect(dead_code, reason = "for the reader of the label")]
    pub(crate) notes: String,
}

/// What the repository is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssessmentLabel {
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) kind_accept: Vec<String>,
    pub(crate) frameworks: Vec<String>,
    pub(crate) training_code: String,
    #[serde(default)]
    pub(crate) training_code_accept: Vec<String>,
    pub(crate) deployment: Vec<String>,
}

/// What was decided of one criterion.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerdictLabel {
    verdict: String,
    /// Places: `path:line` or `path#cellN`.
    pub(crate) evidence: Vec<String>,
    /// The deciding facts.
    pub(crate) why: String,
    /// Other verdicts that count as right, where two readings are defensible.
    #[serde(default)]
    accept: Vec<String>,
}

impl Label {
    /// All labels of a folder, by name. An error names the file.
    pub(crate) fn read_all(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("the labels in '{}' cannot be listed", folder.display()))?;
        let mut labels = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let text = std::fs::read_to_string(&path)?;
                let label: Self = serde_json::from_str(&text)
                    .with_context(|| format!("'{}' is no label", path.display()))?;
                labels.push(label);
            }
        }
        labels.sort_by(|a, b| a.name.cmp(&b.name));
        anyhow::ensure!(!labels.is_empty(), "no labels in '{}'", folder.display());
        Ok(labels)
    }

    /// What was decided of a criterion.
    pub(crate) fn verdict(&self, id: CriterionId) -> Option<&VerdictLabel> {
        self.verdicts.get(&id.to_string())
    }
}

impl VerdictLabel {
    /// The verdict itself; `None` where the word is no verdict.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        named(&self.verdict)
    }

    /// Whether this verdict counts as right.
    pub(crate) fn accepts(&self, verdict: Verdict) -> bool {
        self.verdict == verdict.as_str() || self.accept.iter().any(|other| other == verdict.as_str())
    }
}

fn named(word: &str) -> Option<Verdict> {
    Verdict::ALL
        .iter()
        .copied()
        .find(|verdict| verdict.as_str() == word)
}

/// The ids of all criteria, in the rubric's order.
pub(crate) fn ids() -> impl Iterator<Item = CriterionId> {
    criteria().map(|criterion| criterion.id)
}

#[cfg(test)]
mod tests {
    use mlops_audit_core::judge::Verdicts;

    use super::*;

    fn labels() -> Vec<Label> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/accuracy/labels");
        Label::read_all(&folder).expect("the labels of the project")
    }

    #[test]
    fn every_label_decides_every_criterion_by_places_and_a_reason() {
        for label in labels() {
            let known: Vec<String> = ids().map(|id| id.to_string()).collect();
            assert!(
                label.verdicts.keys().all(|name| known.contains(name)),
                "{}",
                label.name
            );
            assert_eq!(label.commit.len(), 40, "{}", label.name);
            assert_eq!(label.name, label.github.replace('/', "__"));
            for id in ids() {
                let found = label.verdict(id).expect("every criterion is decided");
                let verdict = found.verdict().expect("the word is a verdict");
                assert!(!found.why.is_empty(), "{}: {id} has no reason", label.name);
                assert!(
                    verdict == Verdict::Unmet || !found.evidence.is_empty(),
                    "{}: {id} is credited without a place",
                    label.name
                );
                assert!(
                    found.accept.iter().all(|word| named(word).is_some()),
                    "{}: {id}",
                    label.name
                );
            }
        }
    }

    #[test]
    fn level_and_score_of_a_label_follow_from_its_verdicts() {
        for label in labels().iter().filter(|label| label.assessment.kind != "not-ml") {
            let verdicts: Verdicts = ids()
                .filter_map(|id| Some((id, label.verdict(id)?.verdict()?)))
                .collect();
            let standing = verdicts.standing();
            assert_eq!(
                standing.automation_level.number(),
                label.automation_level,
                "{}",
                label.name
            );
            assert!(
                (standing.score - label.score).abs() < 0.001,
                "{}: {}",
                label.name,
                standing.score
            );
        }
    }
}
