//! What is known of the six principles, and what published standards ask of them.
//!
//! The pages of the criteria stand beside their code, in the core; here stand the pages of the principles
//! (`principles/*.md`) and the standards (`standards/*.toml`), in words of our own. [`view`] shows an audit as a
//! standard would see it.

mod pages;
mod standard;
mod view;

use mlops_audit_core::judge::{CriterionId, Principle};

pub use pages::{book, criterion_page, principle_with_criteria, standard_page, title};
pub use standard::{Item, Kind, Standard, Visibility, standard, standards};
pub use view::{Points, Status, Summary, View, ViewedItem, view};

/// The page of a principle: what it means, its levels or parts, practices, pitfalls.
pub const fn principle_page(principle: Principle) -> &'static str {
    match principle {
        Principle::Automation => include_str!("../principles/automation.md"),
        Principle::Versioning => include_str!("../principles/versioning.md"),
        Principle::Tracking => include_str!("../principles/tracking.md"),
        Principle::Testing => include_str!("../principles/testing.md"),
        Principle::Monitoring => include_str!("../principles/monitoring.md"),
        Principle::Reproducibility => include_str!("../principles/reproducibility.md"),
    }
}

/// The items of all standards that ask for a criterion, each with its standard.
pub fn asked_by(criterion: CriterionId) -> Vec<(&'static Standard, &'static Item)> {
    let name = criterion.to_string();
    standards()
        .iter()
        .flat_map(|standard| standard.items.iter().map(move |item| (standard, item)))
        .filter(|(_, item)| item.needs().any(|(needed, _)| needed == name))
        .collect()
}
