//! The fixers: one file each, with its page beside it.

mod ci;
mod data;
mod dependencies;
mod lock;
mod model_test;
mod registry;
mod seeds;
mod smoke_test;
mod tracking;

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::{Verdict, criterion_named};

use crate::edit::{Class, Fix};
use crate::given::Given;

/// Something that closes gaps of one or several criteria by edits.
pub struct Fixer {
    /// Its id, which is the name of its file: `seeds`.
    pub id: &'static str,
    /// The criteria that it is for, by their ids.
    pub criteria: &'static [&'static str],
    /// Whether its fixes are applied without being asked for by name.
    pub class: Class,
    /// What it does, in a few words: the line beside its id in lists.
    pub summary: &'static str,
    /// Its page: what it does, what it never does, and examples that are executed.
    pub page: &'static str,
    /// The fixes that it has for a tree. It is asked only where a criterion of its own is a gap that is spoken of.
    pub propose: fn(&Inspection<'_>) -> Vec<Fix>,
    /// The places of its gap that are open: what [`Fix::closes`] names is among them, and gone once the fix is made.
    pub open: fn(&Inspection<'_>) -> Vec<Evidence>,
}

impl Fixer {
    /// The fixes that it has for a tree, by what the user gave.
    pub fn proposals(&self, inspection: &Inspection<'_>, given: &Given) -> Vec<Fix> {
        match self.id {
            id if id == lock::FIXER.id => lock::proposals(inspection, given),
            id if id == registry::FIXER.id => registry::proposals(inspection, given),
            id if id == tracking::FIXER.id => tracking::proposals(inspection, given),
            _ => (self.propose)(inspection),
        }
    }

    /// Whether a repository has the gap that it answers: a criterion of its own is short of met, and where two fixers
    /// share one, by the part that is its own.
    pub fn has_gap(&self, inspection: &Inspection<'_>) -> bool {
        let criteria = self.criteria.iter().filter_map(|id| criterion_named(id));
        let mut results = criteria.filter_map(|known| inspection.audit.criterion(known.id));
        let is_short = results.any(|result| result.observed < Verdict::Met);
        let environment = &inspection.facts().environment;
        is_short
            && match self.id {
                id if id == dependencies::FIXER.id => !environment.undeclared.is_empty(),
                id if id == lock::FIXER.id => {
                    let mut manifests = environment.manifests.iter();
                    environment.manifests.is_empty()
                        || manifests.any(|found| !found.is_development && !found.floating().is_empty())
                }
                _ => true,
            }
    }
}

/// All fixers, in the order in which their fixes are made.
pub const FIXERS: &[&Fixer] = &[
    &seeds::FIXER,
    &registry::FIXER,
    &tracking::FIXER,
    &dependencies::FIXER,
    &lock::FIXER,
    &data::FIXER,
    &model_test::FIXER,
    &smoke_test::FIXER,
    &ci::FIXER,
];

/// The fixer with this id.
pub fn fixer(id: &str) -> Option<&'static Fixer> {
    FIXERS.iter().copied().find(|fixer| fixer.id == id)
}

/// The places that the audit's own recommendations for these criteria name: what most fixers have as their open places.
pub fn recommended_places(inspection: &Inspection<'_>, criteria: &[&str]) -> Vec<Evidence> {
    let ids: Vec<_> = criteria
        .iter()
        .filter_map(|id| Some(criterion_named(id)?.id))
        .collect();
    let mut places: Vec<Evidence> = inspection
        .audit
        .recommendations
        .iter()
        .filter(|one| one.criteria.iter().any(|id| ids.contains(id)))
        .flat_map(|one| one.locations.iter().cloned())
        .collect();
    places.sort();
    places.dedup();
    places
}
