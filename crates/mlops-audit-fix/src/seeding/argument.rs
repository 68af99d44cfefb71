//! The argument that seeds a single call.

use mlops_audit_core::extract::randomness::Draw;

use crate::python::{Argument, Imports, Module, Needed};

/// The argument that seeds a draw, given the seed as code.
///
/// # Errors
/// Why no argument does, in lower case.
pub(crate) fn argument(
    module: &Module<'_>,
    draw: &Draw,
    position: Option<u32>,
    names: &[String],
    seed: &str,
    imports: &mut Imports,
) -> Result<Argument, String> {
    let Some(first) = names.first() else {
        return Err(format!("{} takes no seed", draw.what));
    };
    let scope = module.code.calls.get(draw.call.1 as usize).map(|call| call.scope);
    let value = match (draw.generator.as_str(), first.as_str()) {
        ("jax", _) => return Err("a key of JAX is handed on by hand: jax.random.key(42)".to_owned()),
        ("gymnasium", _) => return Err("an environment is seeded at its first reset only".to_owned()),
        ("optuna", "sampler") => {
            let sampler = Needed::below("optuna", "optuna", "samplers.TPESampler");
            format!("{}(seed={seed})", imports.name(module, scope, &sampler)?)
        }
        ("hyperopt", "rstate") => {
            let generator = Needed::below("numpy", "np", "random.default_rng");
            format!("{}({seed})", imports.name(module, scope, &generator)?)
        }
        (_, "seed" | "random_state" | "random_seed" | "session_id" | "entropy" | "x") => seed.to_owned(),
        (_, other) => return Err(format!("'{other}' of {} is no plain seed", draw.what)),
    };
    Ok(Argument {
        names: names.to_vec(),
        position,
        value,
    })
}
