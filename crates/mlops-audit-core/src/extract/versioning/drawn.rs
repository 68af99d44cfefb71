//! Training that reads nothing, because a function of the project draws the data: `mock_data()`, `simulate_customers()`.

use super::data::{Access, DataSource, Pin};
use crate::extract::Basis;
use crate::extract::codebase::Site;
use crate::extract::training::EntryPoint;
use crate::extract::uses::last_segment;

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
    makers: Vec<Site<'a>>,
    seeds: Vec<Site<'a>>,
}

impl<'a> Drawn<'a> {
    /// Looks at all calls.
    pub(super) fn new(basis: &'a Basis<'_>) -> Self {
        let codebase = &basis.codebase;
        let mut makers = basis.wanted().with_target(draws).sites();
        makers.retain(|site| makes_up(basis, *site));
        let is_generator = |target: &str| target.ends_with("default_rng") || target.ends_with("RandomState");
        let is_seeding = |target: &str| basis.catalogue.seeding(target).is_some();
        let mut seeds = Vec::new();
        if !makers.is_empty() {
            let may_seed = |target: &str| is_generator(target) || is_seeding(target);
            seeds = basis.wanted().with_target(may_seed).sites();
            seeds.retain(|site| {
                !site.call.arguments.is_empty() || is_seeding(basis.uses.target(codebase, *site))
            });
        }
        Self { makers, seeds }
    }

    /// The data that a run draws itself; `None` where no function that is named for it draws any.
    pub(super) fn by(&self, basis: &Basis<'_>, entry: &EntryPoint) -> Option<DataSource> {
        let is_reached = |site: &&Site<'_>| entry.reached.contains(basis.codebase.node_of(**site));
        let site = *self.makers.iter().find(is_reached)?;
        let seed = self.seeds.iter().copied().find(|site| is_reached(&site));
        Some(of_calls(basis, site, seed))
    }
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
