//! `dist`: builds the program as it is handed out, which is some tenths faster than `cargo build --release` makes it.
//!
//! The program is built twice: first so that it counts which way its code goes, then, after it has audited this
//! repository and whatever else is named, laid out by those counts and linked as one. Python's own library is a good
//! thing to name: there is much of it, and it is everywhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::program;

/// What the task takes.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Trees that are audited for their counts, beside this repository
    #[arg(value_name = "DIR")]
    directories: Vec<PathBuf>,
}

/// How often each tree is audited: what happens once for each start is to weigh as little as it does on a large tree.
const ROUNDS: usize = 3;

/// Prints the path of the program.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = std::path::absolute(program::target().join("dist-counts"))?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let counting = build("counting", &format!("-Cprofile-generate={}", folder.display()))?;
    let own = [PathBuf::from(".")];
    for directory in own.iter().chain(&arguments.directories) {
        for format in ["terminal", "json"] {
            for _ in 0..ROUNDS {
                let mut audit = Command::new(&counting);
                audit.arg("check").arg(directory).args(["--format", format]);
                audit.stdout(Stdio::null()).stderr(Stdio::null());
                audit.status().context("the counting program cannot be started")?;
            }
        }
    }
    let counts = folder.join("all.profdata");
    let mut merge = Command::new(profdata()?);
    merge.args(["merge", "--output"]).arg(&counts).arg(&folder);
    let merged = merge.status().context("the counts cannot be put together")?;
    ensure!(merged.success(), "the counts cannot be put together");
    let program = build("dist", &format!("-Cprofile-use={}", counts.display()))?;
    println!("{}", program.display());
    Ok(())
}

/// Builds the program in the dist profile, in a folder of its own. Gives its path. The platform is named, though it is
/// this one, so that the flags hold for the program alone: what only runs while it is built would be counted too.
fn build(name: &str, flags: &str) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = program::target().join(name);
    let platform = printed("host-tuple")?;
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--locked",
        "--package",
        "mlops-audit",
        "--profile",
        "dist",
        "--target",
        &platform,
    ]);
    build.arg("--target-dir").arg(&target).env("RUSTFLAGS", flags);
    let done = build.status().context("cargo cannot be started")?;
    ensure!(done.success(), "the program does not build");
    Ok(target
        .join(&platform)
        .join("dist")
        .join(format!("mlops-audit{}", std::env::consts::EXE_SUFFIX)))
}

/// The compiler's own program for counts, which has to be of its version.
fn profdata() -> anyhow::Result<PathBuf> {
    let libraries = printed("target-libdir")?;
    let found = Path::new(&libraries)
        .parent()
        .map(|folder| {
            folder
                .join("bin")
                .join(format!("llvm-profdata{}", std::env::consts::EXE_SUFFIX))
        })
        .filter(|program| program.is_file());
    found.context("llvm-profdata is not installed: run `rustup component add llvm-tools`")
}

/// What the compiler says of itself.
fn printed(what: &str) -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = Command::new(rustc)
        .args(["--print", what])
        .output()
        .context("rustc cannot be started")?;
    Ok(String::from_utf8_lossy(&printed.stdout).trim().to_owned())
}
