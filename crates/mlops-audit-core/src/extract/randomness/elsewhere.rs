//! Estimators whose seed is given elsewhere than where they are made: by the ensemble that makes copies of them, or by
//! `set_params`.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Assignment, Expr};
use mlops_audit_formats::dotted::last_segment;
use rustc_hash::{FxHashMap, FxHashSet};

use super::seed::{Seed, Seeds};
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site};

/// Seeds that estimators are given elsewhere.
pub(super) struct Elsewhere<'a> {
    basis: &'a Basis<'a>,
    /// The calls that make estimators which a seeded ensemble copies and seeds.
    copied: FxHashSet<(FileIndex, u32)>,
    /// Where something is fitted, by the file and by what it is called.
    fitted: FxHashMap<(FileIndex, &'a str), Vec<Place>>,
    /// The calls of `set_params`, by the file and by what they are called on.
    set: FxHashMap<(FileIndex, &'a str), Vec<Site<'a>>>,
    /// The names that the results of calls are given, in the files that hold such calls.
    named: FxHashMap<(FileIndex, u32), Vec<&'a Assignment>>,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn new(basis: &'a Basis<'a>, seeds: &Seeds<'a>) -> Self {
        let codebase = &basis.codebase;
        let mut found = Self {
            basis,
            copied: FxHashSet::default(),
            fitted: FxHashMap::default(),
            set: FxHashMap::default(),
            named: FxHashMap::default(),
        };
        for site in codebase.calls_by_method(|method| method.starts_with("fit")) {
            if let Some(receiver) = receiver(site) {
                let places = found.fitted.entry((site.file, receiver)).or_default();
                places.push(site.call.place);
            }
        }
        for site in codebase.calls_by_method(|method| method == "set_params") {
            if let Some(receiver) = receiver(site) {
                found.set.entry((site.file, receiver)).or_default().push(site);
            }
        }
        let files: BTreeSet<FileIndex> = found.set.keys().map(|(file, _)| *file).collect();
        for file in files {
            for set in &codebase.file(file).code.assignments {
                if let Expr::Call(call) = set.value {
                    found.named.entry((file, call)).or_default().push(set);
                }
            }
        }
        let seed = ["random_state".to_owned()];
        for site in codebase.calls_by_target(seeds_copies) {
            let named = ["estimator", "base_estimator"]
                .iter()
                .find_map(|name| site.call.keyword(name));
            let Some(given) = named.or_else(|| site.call.positional(0)) else {
                continue;
            };
            if seeds.of_call(site, &seed, None) != Seed::Fixed {
                continue;
            }
            found.copied.extend(found.made(site, given));
        }
        found
    }

    /// The call that makes what an ensemble is given, unless that is fitted by itself as well.
    fn made(&self, site: Site<'a>, given: &'a Expr) -> Option<(FileIndex, u32)> {
        let codebase = &self.basis.codebase;
        let name = match given {
            Expr::Call(call) => return Some((site.file, *call)),
            Expr::Name(name) => name,
            _ => return None,
        };
        // Cells and branches use one name again and again.
        let mut set = codebase.assignments(site.file, site.call.scope, &name.path);
        let set = set.find(|set| set.place <= site.call.place)?;
        let mut later = codebase.assignments_to(site.file, &name.path);
        let end = later
            .find(|later| later.place > set.place)
            .map(|later| later.place);
        let fitted = self.fitted.get(&(site.file, name.path.as_str()));
        let is_fitted = fitted
            .into_iter()
            .flatten()
            .any(|place| *place > set.place && end.is_none_or(|end| *place < end));
        match &set.value {
            Expr::Call(call) if !is_fitted => Some((site.file, *call)),
            _ => None,
        }
    }

    /// Whether an estimator that is made here is seeded elsewhere.
    pub(super) fn seeds(&self, seeds: &Seeds<'a>, site: Site<'a>, names: &[String]) -> bool {
        if self.copied.contains(&(site.file, site.index)) {
            return true;
        }
        let mut named = self.named.get(&(site.file, site.index)).into_iter().flatten();
        named.any(|named| {
            let set = self.set.get(&(site.file, named.target.as_str()));
            set.into_iter()
                .flatten()
                .any(|set| set.call.scope == named.scope && seeds.of_call(*set, names, None) == Seed::Fixed)
        })
    }
}

/// The name of what a method is called on, as written.
fn receiver(site: Site<'_>) -> Option<&str> {
    let written = site.call.callee.as_name().unwrap_or(&site.call.target);
    written.path.rsplit_once('.').map(|(receiver, _)| receiver)
}

/// Whether an ensemble of this name hands seeds of its own to the copies of the estimator that it is given.
fn seeds_copies(target: &str) -> bool {
    (target.starts_with("sklearn.") || target.starts_with("imblearn."))
        && matches!(
            last_segment(target),
            "AdaBoostClassifier"
                | "AdaBoostRegressor"
                | "BaggingClassifier"
                | "BaggingRegressor"
                | "BalancedBaggingClassifier"
        )
}
