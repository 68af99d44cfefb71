//! The program as it is built here.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// The folder of what is built.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// The path of the program: of the one that is given, or else of one that is built in the dev profile.
pub(crate) fn given_or_built(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    match given {
        Some(given) => std::path::absolute(given)
            .ok()
            .filter(|program| program.is_file())
            .with_context(|| format!("there is no program '{}'", given.display())),
        None => build(),
    }
}

/// Builds the program in the dev profile. Gives its path.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--locked",
            "--bin",
            "mlops-audit",
        ])
        .status()
        .context("cargo cannot be started")?;
    ensure!(done.success(), "the program does not build");
    Ok(target()
        .join("debug")
        .join(format!("mlops-audit{}", std::env::consts::EXE_SUFFIX)))
}
