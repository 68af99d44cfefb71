//! Brings the labelled repositories here, each at the commit that was labelled.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::label::Label;

/// Clones what is not there yet. What is there is taken at its word if it stands at the label's commit.
pub(crate) fn clone_all(labels: &[Label], from: &str, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("'{}' cannot be created", folder.display()))?;
    for label in labels {
        let target = folder.join(&label.name);
        if head(&target).is_some_and(|commit| commit == label.commit) {
            continue;
        }
        eprintln!("cloning {}", label.github);
        if !target.exists() {
            let url = format!("{from}{}", label.github);
            git(folder, &["clone", "--quiet", "--no-checkout", &url, &label.name])?;
        }
        git(&target, &["checkout", "--quiet", "--detach", &label.commit])?;
    }
    Ok(())
}

fn head(checkout: &Path) -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(checkout)
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs Git without hooks of the clone, and without fetching large files that no verdict reads.
fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .current_dir(folder)
        .status()
        .context("git cannot be started")?;
    anyhow::ensure!(
        status.success(),
        "git {} failed in '{}'",
        arguments.join(" "),
        folder.display()
    );
    Ok(())
}
