//! `e2e`: makes the fixes of small projects and really runs them: what a fix promises is held against what happens.
//!
//! Each folder of `crates/mlops-audit-fix/tests/e2e` is a case; its README says what a case is made of. The packages
//! that the projects need are pinned there, and installed into an environment below the build's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;
use serde::Deserialize;

use crate::copying::copy;
use crate::program;

/// Where the cases stand.
const CASES: &str = "crates/mlops-audit-fix/tests/e2e";

/// Options of `cargo xtask e2e`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Run these cases only
    #[arg(value_name = "CASE")]
    cases: Vec<String>,

    /// The program that makes the fixes, in place of one that is built first
    #[arg(long = "bin", value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Run also the cases whose packages are gigabytes: PyTorch and what stands on it
    #[arg(long)]
    torch: bool,
}

/// What is run in a project, and what must be seen. `{cases}` in a word stands for the folder of the cases, and
/// `{environment}` for that of the environment which the project runs in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The command.
    run: Vec<String>,
    /// The fixers.
    fixers: Vec<String>,
    /// More options of `fix`.
    #[serde(default)]
    options: Vec<String>,
    /// What two runs before the fixes print.
    before: Seen,
    /// What two runs after the fixes print.
    after: Seen,
    /// What is installed for it.
    packages: Packages,
    /// Whether the project is committed to a Git repository of its own before it is fixed.
    #[serde(default)]
    git: bool,
    /// Commands that must succeed in the fixed project, after its runs.
    #[serde(default)]
    check: Vec<Vec<String>>,
    /// Variables of the environment.
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Seen {
    /// Something else each time.
    Differs,
    /// The same.
    Equal,
    /// It does not matter, and is not run before the fixes.
    Any,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum Packages {
    Small,
    Torch,
    Dvc,
}

/// Runs the cases, and tells of all that went wrong.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = program::target().join("e2e");
    let program = program::given_or_built(arguments.binary.as_deref())?;
    let cases = cases(arguments)?;
    ensure!(!cases.is_empty(), "no case was run");
    let needs_dvc = cases.values().any(|case| case.packages == Packages::Dvc);
    let (small, dvc) = std::thread::scope(|scope| {
        let dvc = scope.spawn(|| match needs_dvc {
            true => environment_of_dvc(&folder.join("venv-dvc")).map(Some),
            false => Ok(None),
        });
        let small = environment(&folder.join("venv"), arguments.torch);
        (small, dvc.join())
    });
    let small = small?;
    let dvc = dvc.map_err(|_| anyhow!("the environment of DVC could not be made"))??;
    let runners = cases.iter().map(|(name, case)| Runner {
        name,
        case,
        source: Path::new(CASES).join(name),
        work: folder.join("work").join(name),
        bin: match case.packages {
            Packages::Dvc => dvc.as_ref().unwrap_or(&small),
            Packages::Small | Packages::Torch => &small,
        },
        program: &program,
    });
    let failures = run_all(runners);
    ensure!(failures.is_empty(), "cases failed: {}", failures.join(", "));
    Ok(())
}

/// How many cases run at a time. Each has folders of its own, and mostly waits for one Python to import its packages.
const AT_A_TIME: usize = 2;

/// Runs cases, some beside each other, and tells of each. Gives the names of those that failed.
fn run_all<'run>(runners: impl Iterator<Item = Runner<'run>> + Send) -> Vec<&'run str> {
    let queue = Mutex::new(runners);
    let failures = Mutex::new(Vec::new());
    // A worker that panicked leaves the lists as they are.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(runner) = next() {
            match runner.run() {
                Ok(()) => println!("{}: ok", runner.name),
                Err(error) => {
                    println!("{}: {error:#}", runner.name);
                    failures
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(runner.name);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(work);
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_unstable();
    failures
}

fn cases(arguments: &Arguments) -> anyhow::Result<BTreeMap<String, Case>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(CASES).with_context(|| format!("'{CASES}' cannot be listed"))? {
        let path = entry?.path();
        let file = path.join("case.toml");
        if !file.is_file() {
            continue;
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&file)?;
        let case: Case = toml::from_str(&text).with_context(|| format!("'{}' is no case", file.display()))?;
        let is_wanted = arguments.cases.is_empty() || arguments.cases.contains(&name);
        if is_wanted && (case.packages != Packages::Torch || arguments.torch) {
            found.insert(name, case);
        }
    }
    Ok(found)
}

/// Makes the environment of most cases. Gives its folder of programs.
fn environment(folder: &Path, torch: bool) -> anyhow::Result<PathBuf> {
    let mut files = vec!["requirements.txt"];
    if torch {
        files.push("requirements-torch.txt");
    }
    installed(folder, &files, &[])
}

/// Makes the environment of DVC, whose requirements others contradict. What it needs only for configurations by Hydra
/// comes without a wheel, so that its packages are installed as they are listed, and no others.
fn environment_of_dvc(folder: &Path) -> anyhow::Result<PathBuf> {
    installed(folder, &["requirements-dvc.txt"], &["--no-deps"])
}

/// Makes an environment, unless it has the packages already. Gives its folder of programs.
fn installed(folder: &Path, files: &[&str], options: &[&str]) -> anyhow::Result<PathBuf> {
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let files: Vec<PathBuf> = files.iter().map(|file| Path::new(CASES).join(file)).collect();
    let wanted: String = files.iter().map(fs::read_to_string).collect::<Result<_, _>>()?;
    let mark = folder.join("installed.txt");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed.contains(&wanted)) {
        return Ok(bin);
    }
    must(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let mut install = Command::new(bin.join("python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ]);
    install.args(options);
    for file in &files {
        install.arg("--requirement").arg(file);
    }
    must(&mut install)?;
    fs::write(mark, wanted)?;
    Ok(bin)
}

/// One case under way.
struct Runner<'run> {
    name: &'run str,
    case: &'run Case,
    source: PathBuf,
    work: PathBuf,
    bin: &'run Path,
    program: &'run Path,
}

impl Runner<'_> {
    fn run(&self) -> anyhow::Result<()> {
        if self.case.before != Seen::Any {
            self.twice("before", self.case.before, |_| Ok(()))?;
        }
        let fixed = self.twice("after", self.case.after, |project| {
            let fixers = self.case.fixers.join(",");
            let mut fix = Command::new(self.program);
            // The folder is a project of its own, and no part of this repository.
            fix.args(["fix", "--apply", "--allow-dirty", "--only", &fixers])
                .args(self.filled(&self.case.options)?)
                .arg("--root")
                .arg(project)
                .arg(project);
            must(&mut fix).map(drop)
        })?;
        for check in &self.case.check {
            must(&mut self.command(check, &fixed)?)?;
        }
        Ok(())
    }

    /// Runs a fresh copy of the project twice, once it is prepared.
    fn twice(
        &self,
        name: &str,
        seen: Seen,
        prepare: impl Fn(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let project = self.work.join(name);
        if project.exists() {
            fs::remove_dir_all(&project)?;
        }
        copy(&self.source.join("project"), &project)?;
        if self.case.git {
            commit(&project)?;
        }
        prepare(&project)?;
        let first = must(&mut self.command(&self.case.run, &project)?)?;
        let second = must(&mut self.command(&self.case.run, &project)?)?;
        ensure!(
            !first.trim().is_empty(),
            "{name}: a run prints nothing that could be compared"
        );
        match seen {
            Seen::Differs => ensure!(first != second, "{name}: two runs print the same: {first}"),
            Seen::Equal => ensure!(first == second, "{name}: two runs differ:\n{first}{second}"),
            Seen::Any => {}
        }
        Ok(project)
    }

    /// A command in the project, with the programs of the environment before others.
    fn command(&self, words: &[String], project: &Path) -> anyhow::Result<Command> {
        let [program, arguments @ ..] = words else {
            bail!("a command is empty")
        };
        let bin = self.bin.canonicalize()?;
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin.clone()).chain(std::env::split_paths(&others)))?;
        let own = bin.join(program);
        let mut command = Command::new(if own.exists() { own } else { PathBuf::from(program) });
        command
            .args(self.filled(arguments)?)
            .current_dir(project)
            .env("PATH", path)
            .envs(&self.case.environment);
        Ok(command)
    }

    /// Words with what stands for folders.
    fn filled(&self, words: &[String]) -> anyhow::Result<Vec<String>> {
        let cases = Path::new(CASES).canonicalize()?;
        let environment = self.bin.canonicalize()?;
        let environment = environment.parent().unwrap_or(&environment);
        let (cases, environment) = (cases.to_string_lossy(), environment.to_string_lossy());
        let fill = |word: &String| {
            word.replace("{cases}", &cases)
                .replace("{environment}", &environment)
        };
        Ok(words.iter().map(fill).collect())
    }
}

/// Commits a project to a Git repository of its own.
fn commit(project: &Path) -> anyhow::Result<()> {
    let commands: [&[&str]; 3] = [
        &["init", "--quiet"],
        &["add", "."],
        &["commit", "--quiet", "--message", "Start"],
    ];
    for words in commands {
        // Neither a signature nor a hook of the person who runs this is asked for.
        let mut git = Command::new("git");
        git.args(["-c", "user.name=e2e", "-c", "user.email=e2e@example.com"])
            .args(["-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"])
            .args(words)
            .current_dir(project);
        must(&mut git)?;
    }
    Ok(())
}

/// Runs a command that has to succeed. Gives what it prints.
fn must(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} cannot be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    ensure!(
        output.status.success(),
        "{command:?} ended with {}:\n{}",
        output.status,
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
