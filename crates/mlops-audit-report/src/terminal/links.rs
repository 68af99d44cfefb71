//! The addresses of the places that an audit names, found by the words that name them in the report.

use std::collections::BTreeMap;

use mlops_audit_core::audit::Audit;
use mlops_audit_core::evidence::Evidence;

use super::harmless::harmless;
use super::view::Links;
use crate::hosting;

/// The places that get a link.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The path of each place, and the number of its address from 1, by the place as the report shows it.
    known: BTreeMap<String, (String, usize)>,
    addresses: Vec<String>,
}

impl Places {
    /// All places of the audit that have an address.
    pub(super) fn of(audit: &Audit, links: &Links) -> Self {
        let mut places = Self::default();
        if *links == Links::Off {
            return places;
        }
        let criteria = audit.principles.iter().flat_map(|principle| &principle.criteria);
        let evidence = criteria.flat_map(|criterion| &criterion.evidence);
        let advice = audit.recommendations.iter().flat_map(|advice| &advice.locations);
        for place in evidence
            .chain(advice)
            .chain(&audit.assessment.training_entry_points)
        {
            let Some(address) = address(audit, links, place) else {
                continue;
            };
            let number = places.addresses.len() + 1;
            let shown = harmless(&place.location());
            if let std::collections::btree_map::Entry::Vacant(entry) = places.known.entry(shown) {
                entry.insert((harmless(&place.path), number));
                places.addresses.push(address);
            }
        }
        places
    }

    /// The addresses; the first has number 1.
    pub(super) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The number and the path of the place that a word names. A word may leave out the path where it is that of the
    /// place before: `train.py:9, :14`.
    pub(super) fn find<'a>(&'a self, word: &str, path: &'a str) -> Option<(usize, &'a str)> {
        let found = match word.chars().next()? {
            ':' | '#' if !path.is_empty() => self.known.get(&format!("{path}{word}"))?,
            _ => self.known.get(word)?,
        };
        Some((found.1, &found.0))
    }
}

fn address(audit: &Audit, links: &Links, place: &Evidence) -> Option<String> {
    // Lines of a cell are no lines of the notebook's file.
    let line = Some(place.place.line).filter(|line| *line > 0 && place.place.cell == 0);
    match links {
        Links::Off => None,
        Links::Hosting => hosting::link(&audit.project, &place.path, line),
        Links::Files { root, before_line } => {
            let path = place.path.strip_suffix('/').unwrap_or(&place.path);
            if !hosting::can_be_committed(path) {
                return None;
            }
            let line = line.filter(|_| !before_line.is_empty());
            let line = line.map_or(String::new(), |line| format!("{before_line}{line}"));
            Some(format!("{root}/{}{line}", hosting::encoded(path)))
        }
    }
}
