//! One checkout: which gaps it has, which fixes are offered, and what programs of others say of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, Limits};
use mlops_audit_core::inspect;
use mlops_audit_core::policy::Policy;
use mlops_audit_fix::FIXERS;
use serde::de::DeserializeOwned;

use super::reports::{Audit, Fix, Fixes, Place, rank};
use crate::copying::copy;

/// Parses each file of a folder that it is given, and prints the names of those that do not.
const PARSE: &str = "
import ast, json, os, sys, tomllib
for name in sys.argv[2:]:
    try:
        with open(os.path.join(sys.argv[1], name), 'rb') as file:
            content = file.read()
        if name.endswith('.py'):
            ast.parse(content)
        elif name.endswith('.ipynb'):
            json.loads(content)
        elif name.endswith('.toml'):
            tomllib.loads(content.decode())
    except (SyntaxError, ValueError, OSError):
        print(name)
";

/// The name that a user would give where the project has none for its model.
const MODEL_NAME: &str = "measured-model";

/// What was found of a checkout.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// The fixers whose gap it has.
    pub(crate) gaps: BTreeSet<&'static str>,
    /// The fixes that are offered.
    pub(crate) fixes: Vec<Held>,
    /// The fixers of the commands that are offered, one each.
    pub(crate) commands: Vec<String>,
    /// The criteria that fixes raise, each with the fixer.
    pub(crate) raised: BTreeSet<(&'static str, String)>,
    /// The fixer and the reason of each fix that is not offered.
    pub(crate) refused: Vec<(String, String)>,
    /// What did not hold, for the person who runs the task.
    pub(crate) doubts: Vec<String>,
}

/// A fix, and what was seen to hold of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Its fixer.
    pub(crate) fixer: &'static str,
    /// Git takes the patch that it is part of.
    pub(crate) applies: bool,
    /// Python parses what it edits.
    pub(crate) parses: bool,
    /// The places that it names are named no more.
    pub(crate) closes: bool,
    /// No verdict is lower.
    pub(crate) keeps: bool,
    /// Its fixer proposes nothing the second time.
    pub(crate) rests: bool,
}

impl Measured {
    /// Measures one checkout. It stays as it is: what is changed is a copy.
    pub(crate) fn of(program: &Path, checkout: &Path) -> anyhow::Result<Self> {
        let before: Audit = report(program, checkout, &["check"])?;
        let fixes: Fixes = report(program, checkout, &["fix", "--all", "--model-name", MODEL_NAME])?;
        let mut measured = Self {
            gaps: gaps(checkout)?,
            commands: fixes.commands.iter().map(|found| found.id.clone()).collect(),
            refused: fixes
                .unproved
                .iter()
                .map(|found| (found.id.clone(), found.why.clone()))
                .collect(),
            ..Self::default()
        };
        if fixes.fixes.is_empty() {
            return Ok(measured);
        }
        let folder = tempfile::tempdir()?;
        let work = folder.path().join("checkout");
        copy(checkout, &work)?;
        let applies = apply(&work, &fixes)?;
        let broken = unparsed(&work, &fixes.fixes)?;
        let after: Audit = report(program, &work, &["check"])?;
        let again: Fixes = report(program, &work, &["fix", "--all", "--model-name", MODEL_NAME])?;
        let keeps = is_no_lower(&before, &after);
        for fix in &fixes.fixes {
            let Some(fixer) = FIXERS.iter().find(|fixer| fixer.id == fix.id) else {
                continue;
            };
            let raised = fix
                .changes
                .iter()
                .filter(|one| rank(&one.after) > rank(&one.before));
            let raised = raised.map(|one| (fixer.id, one.criterion.clone()));
            measured.raised.extend(raised);
            let held = Held {
                fixer: fixer.id,
                applies,
                parses: fix.edits.iter().all(|edit| !broken.contains(&edit.path)),
                closes: is_closed(fix, &before, &after),
                keeps: keeps
                    && fix
                        .changes
                        .iter()
                        .all(|one| rank(&one.after) >= rank(&one.before)),
                rests: again.fixes.iter().all(|other| other.id != fix.id),
            };
            let all = held.applies && held.parses && held.closes && held.keeps && held.rests;
            if !all {
                measured.doubts.push(format!("{}: {held:?}", fix.title));
            }
            measured.fixes.push(held);
        }
        Ok(measured)
    }
}

/// The fixers whose gap a checkout has.
fn gaps(checkout: &Path) -> anyhow::Result<BTreeSet<&'static str>> {
    let source = Disk::open(checkout, Some(checkout), Limits::default())?;
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    Ok(inspect(&source, &catalogue, &Policy::default(), |inspection| {
        let fixers = FIXERS.iter().filter(|fixer| fixer.has_gap(&inspection));
        fixers.map(|fixer| fixer.id).collect()
    }))
}

/// What the program reports of a folder.
fn report<T: DeserializeOwned>(program: &Path, folder: &Path, command: &[&str]) -> anyhow::Result<T> {
    let output = Command::new(program)
        .args(command)
        .args(["--format", "json", "--root"])
        .arg(folder)
        .arg(folder)
        .output()
        .with_context(|| format!("'{}' cannot be started", program.display()))?;
    serde_json::from_slice(&output.stdout).with_context(|| {
        format!(
            "{} gives no report: {}",
            command.join(" "),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// Makes the changes by Git, and tells it of the files that are new. Gives whether it takes them.
fn apply(work: &Path, fixes: &Fixes) -> anyhow::Result<bool> {
    let is_taken = git(work, &["apply", "--check", "-"], fixes.patch.as_bytes())?;
    if !is_taken {
        return Ok(false);
    }
    ensure!(
        git(work, &["apply", "-"], fixes.patch.as_bytes())?,
        "git apply fails where git apply --check does not"
    );
    if work.join(".git").exists() {
        let files = edited(&fixes.fixes);
        let words = ["add", "--force", "--"].into_iter().chain(files.iter().copied());
        git(work, &words.collect::<Vec<_>>(), b"")?;
    }
    Ok(true)
}

/// Runs Git without hooks of the checkout. Gives whether it succeeds.
fn git(work: &Path, arguments: &[&str], input: &[u8]) -> anyhow::Result<bool> {
    let mut child = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .current_dir(work)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("git cannot be started")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    Ok(child.wait()?.success())
}

fn edited(fixes: &[Fix]) -> BTreeSet<&str> {
    let edits = fixes.iter().flat_map(|fix| &fix.edits);
    edits.map(|edit| edit.path.as_str()).collect()
}

/// The edited files that Python does not parse. It is started elsewhere, where no file of the checkout tells a manager of
/// versions which one to take.
fn unparsed(work: &Path, fixes: &[Fix]) -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new("python3")
        .args(["-I", "-c", PARSE])
        .arg(work.canonicalize()?)
        .args(edited(fixes))
        .current_dir(std::env::temp_dir())
        .output()
        .context("python3 cannot be started")?;
    ensure!(
        output.status.success(),
        "python3 could not parse: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8_lossy(&output.stdout);
    Ok(names.lines().map(str::to_owned).collect())
}

fn is_no_lower(before: &Audit, after: &Audit) -> bool {
    let after = after.criteria();
    let mut before = before.criteria().into_iter();
    before.all(|(id, rank)| after.get(id).copied().flatten() >= rank)
}

/// Whether the places of a fix are named less often than before, as far as the recommendations named them.
fn is_closed(fix: &Fix, before: &Audit, after: &Audit) -> bool {
    let (before, after) = (before.places(&fix.criteria), after.places(&fix.criteria));
    let mut closed: BTreeMap<&Place, usize> = BTreeMap::new();
    for place in &fix.closes {
        *closed.entry(place).or_default() += 1;
    }
    closed.iter().all(|(place, count)| {
        let named = before.get(place).copied().unwrap_or(0);
        after.get(place).copied().unwrap_or(0) <= named.saturating_sub(*count)
    })
}
