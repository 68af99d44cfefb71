//! How a generator is seeded: by which call, with which value, in which language.

mod argument;
mod first_use;
mod generators;
mod project;
mod scripts;
mod switch;
mod value;

pub(crate) use argument::argument;
pub(crate) use first_use::Drawing;
pub(crate) use generators::{Seeders, is_seeded_by_run};
pub(crate) use scripts::{is_script_language, seed_script};
pub(crate) use switch::switches;
pub(crate) use value::{for_call, for_run};

/// What is seeded with where the project has no seed of its own.
pub(crate) const SEED: &str = "42";

/// Names under which projects keep a seed.
pub(crate) fn is_seed_name(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().trim_matches('_'),
        "seed"
            | "random_seed"
            | "randomseed"
            | "random_state"
            | "global_seed"
            | "manual_seed"
            | "rand_seed"
            | "rng_seed"
            | "seed_value"
            | "default_seed"
            | "default_random_state"
    )
}
