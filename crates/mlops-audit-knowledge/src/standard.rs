//! The standards, as their TOML files say them.

use std::sync::LazyLock;

use mlops_audit_core::judge::Verdict;
use serde::Deserialize;

/// A published standard, in words of our own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// The name of its file.
    #[serde(skip)]
    pub id: String,
    /// What it is called.
    pub name: String,
    /// How it counts.
    pub kind: Kind,
    /// Which edition is meant.
    pub edition: String,
    /// Who published it.
    pub publisher: String,
    /// Where it can be read.
    pub source: String,
    /// What a reader has to know before the list.
    pub note: String,
    /// What it asks for.
    pub items: Vec<Item>,
}

/// How a standard counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Half a point or a point an item; the smallest section counts (ML Test Score).
    Points,
    /// Levels that rest on each other.
    Levels,
    /// A list.
    Items,
}

/// One thing that a standard asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its number in the standard.
    pub id: String,
    /// The part that it stands in.
    pub section: String,
    /// The level that asks for it, where the standard has levels.
    #[serde(default)]
    pub level: Option<u8>,
    /// What it asks for, in words of our own.
    pub title: String,
    /// How far files can show it.
    pub visible: Visibility,
    /// Criteria that give evidence toward it, each with the least verdict: `testing.unit=met`.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Against what the item was checked.
    #[serde(default)]
    pub checked: Option<String>,
    /// It stands from memory.
    #[serde(default)]
    pub unverified: bool,
}

/// How far files can show what an item asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// The criteria ask for the same.
    Files,
    /// The criteria give evidence toward it, and something of it is seen nowhere.
    Partly,
    /// Files could show something, and no criterion looks.
    Unasked,
    /// No file shows it.
    Outside,
}

impl Item {
    /// The criteria that give evidence toward it, each with the least verdict.
    pub fn needs(&self) -> impl Iterator<Item = (&str, Verdict)> {
        self.evidence.iter().filter_map(|need| {
            let (criterion, word) = need.split_once('=')?;
            let verdict = Verdict::ALL.iter().find(|verdict| verdict.as_str() == word)?;
            Some((criterion, *verdict))
        })
    }
}

const FILES: &[(&str, &str)] = &[
    ("ml-test-score", include_str!("../standards/ml-test-score.toml")),
    ("google-levels", include_str!("../standards/google-levels.toml")),
    (
        "microsoft-levels",
        include_str!("../standards/microsoft-levels.toml"),
    ),
    ("se4ml", include_str!("../standards/se4ml.toml")),
    ("eu-ai-act", include_str!("../standards/eu-ai-act.toml")),
    ("nist-ai-rmf", include_str!("../standards/nist-ai-rmf.toml")),
    ("iso-42001", include_str!("../standards/iso-42001.toml")),
];

/// All standards.
pub fn standards() -> &'static [Standard] {
    static STANDARDS: LazyLock<Vec<Standard>> = LazyLock::new(|| {
        FILES
            .iter()
            .map(|(id, text)| {
                let mut standard: Standard = toml::from_str(text).expect("a test reads every file");
                (*id).clone_into(&mut standard.id);
                standard
            })
            .collect()
    });
    &STANDARDS
}

/// The standard of this id.
pub fn standard(id: &str) -> Option<&'static Standard> {
    standards().iter().find(|standard| standard.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use mlops_audit_core::judge::criterion_named;

    use super::*;

    #[test]
    fn every_item_names_criteria_that_exist_and_says_what_it_was_checked_against() {
        for standard in standards() {
            let mut ids = BTreeSet::new();
            for item in &standard.items {
                let place = format!("{} {}", standard.id, item.id);
                assert!(ids.insert(&item.id), "{place} occurs twice");
                assert_eq!(
                    item.needs().count(),
                    item.evidence.len(),
                    "{place} has evidence that is none"
                );
                for (criterion, verdict) in item.needs() {
                    assert!(
                        criterion_named(criterion).is_some(),
                        "{place} names '{criterion}'"
                    );
                    assert!(verdict != Verdict::Unmet, "{place} asks for nothing");
                }
                assert!(
                    item.checked.is_some() != item.unverified,
                    "{place} is checked or from memory"
                );
                let has_evidence = !item.evidence.is_empty();
                let can_be_seen = matches!(item.visible, Visibility::Files | Visibility::Partly);
                assert_eq!(
                    has_evidence, can_be_seen,
                    "{place}: what can be seen has criteria"
                );
                assert_eq!(item.level.is_some(), standard.kind == Kind::Levels, "{place}");
            }
        }
    }

    #[test]
    fn the_ml_test_score_has_four_sections_of_seven() {
        let score = standard("ml-test-score").expect("the standard is there");
        let mut sections: BTreeMap<&str, usize> = BTreeMap::new();
        for item in &score.items {
            *sections.entry(&item.section).or_default() += 1;
        }
        assert_eq!(sections.into_values().collect::<Vec<_>>(), [7, 7, 7, 7]);
    }

    #[test]
    fn every_criterion_is_asked_for_by_a_standard() {
        for criterion in mlops_audit_core::judge::criteria() {
            assert!(!crate::asked_by(criterion.id).is_empty(), "{}", criterion.id);
        }
    }
}
