//! Training that reads nothing, because a function of the project draws the data: `mock_data()`, `simulate_customers()`.

use std::cell::OnceCell;

use mlops_audit_formats::dotted::last_segment;

use super::data::{Access, DataSource, Pin};
use crate::extract::Basis;
use crate::extract::codebase::Site;
use crate::extract::training::EntryPoint;

/// Words of functions that make data up.
const MAKERS: &[&str] = &[
    "dummy",
    "fake",
    "generate",
    "generated",
    "make",
    "mock",
    "simulate",
    "simulated",
    "synth",
    "synthetic",
    "toy",
];

/// Calls that draw data, and those that seed what draws it.
pub(super) struct Drawn<'a> {
    basis: &'a Basis<'a>,
    makers: Vec<Site<'a>>,
    /// Looked for when the first entry draws its data.
    seeds: OnceCell<Vec<Site<'a>>>,
}

impl<'a> Drawn<'a> {
    /// Looks for the calls that draw.
    pub(super) fn new(basis: &'a Basis<'_>) -> Self {
        let mut makers = basis.wanted().with_target_of(&["numpy"], draws).sites();
        makers.retain(|site| makes_up(basis, *site));
        Self {
            basis,
            makers,
            seeds: OnceCell::new(),
        }
    }

    /// The data that a run draws itself; `None` where no function that is named for it draws any.
    pub(super) fn by(&self, entry: &EntryPoint) -> Option<DataSource> {
        let codebase = &self.basis.codebase;
        let is_reached = |site: &&Site<'_>| entry.reached.contains(codebase.node_of(**site));
        let site = *self.makers.iter().find(is_reached)?;
        let seeds = self.seeds.get_or_init(|| seeds(self.basis));
        let seed = seeds.iter().copied().find(|site| is_reached(&site));
        Some(of_calls(self.basis, site, seed))
    }
}

/// The calls that seed what draws.
fn seeds<'a>(basis: &'a Basis<'_>) -> Vec<Site<'a>> {
    let is_generator = |target: &str| target.ends_with("default_rng") || target.ends_with("RandomState");
    let is_seeding = |target: &str| basis.catalogue.seeding(target).is_some();
    let may_seed = |target: &str| is_generator(target) || is_seeding(target);
    let mut seeds = basis.wanted().with_target(may_seed).sites();
    seeds.retain(|site| {
        !site.call.arguments.is_empty() || is_seeding(basis.uses.target(&basis.codebase, *site))
    });
    seeds
}

/// The data that a call draws, with the call that seeds it.
fn of_calls(basis: &Basis<'_>, site: Site<'_>, seed: Option<Site<'_>>) -> DataSource {
    let at = basis.codebase.evidence_at(site, "draws the data");
    DataSource {
        name: "generated data".to_owned(),
        pin: match seed {
            Some(_) => Pin::Generated,
            None => Pin::Nothing("is generated without a seed".to_owned()),
        },
        evidence: seed.map_or_else(
            || at.clone(),
            |seed| {
                basis
                    .codebase
                    .evidence_at(seed, "seeds the generator of the data")
            },
        ),
        read_at: at,
        node: Some(basis.codebase.node_of(site)),
        access: Access::Generator,
        is_downstream: false,
    }
}

/// Whether a call of this qualified name draws numbers.
fn draws(target: &str) -> bool {
    target.starts_with("numpy.random.")
        && matches!(
            last_segment(target),
            "normal"
                | "randn"
                | "rand"
                | "uniform"
                | "randint"
                | "choice"
                | "poisson"
                | "exponential"
                | "binomial"
        )
}

/// Whether a call that draws numbers stands in a function that is named for making data up.
fn makes_up(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let scopes = &basis.codebase.file(site.file).code.scopes;
    let name = scopes[site.call.scope as usize].name.to_ascii_lowercase();
    name.split('_').any(|word| MAKERS.contains(&word))
}
