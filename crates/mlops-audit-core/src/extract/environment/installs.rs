//! Commands that install packages: in CI, images, scripts, Makefiles, notebooks and the documentation.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::requirements::{self, Pin, Requirement, normalised};
use mlops_audit_formats::shell::{self, Program};

use super::packages::is_development_tool;
use super::{Install, InstallWhere};
use crate::extract::Basis;
use crate::extract::runs::RunnerKind;
use crate::parts::Parts;
use crate::read::Document;

/// All install commands, by file and place.
pub(super) fn read(basis: &Basis<'_>) -> Vec<Install> {
    let mut found = Vec::new();
    for runner in &basis.runs.runners {
        let place_kind = match &runner.kind {
            RunnerKind::Ci(_) if runner.dead.is_some() => continue,
            RunnerKind::Documentation => InstallWhere::Documentation,
            _ => InstallWhere::Automation,
        };
        for invocation in &runner.invocations {
            if let Some(mut install) = install_of(&invocation.words, &invocation.directory) {
                install.path = invocation.path.to_string();
                install.place = invocation.place;
                install.found = place_kind;
                found.push(install);
            }
        }
    }
    for file in &basis.documents.files {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match &file.document {
            Document::Docker(docker) => {
                for instruction in docker.instructions.iter().filter(|found| found.keyword == "RUN") {
                    let Some(script) = &instruction.script else {
                        continue;
                    };
                    for command in &script.commands {
                        let before = found.len();
                        add(&mut found, &command.words, folder, &file.path, instruction.place);
                        found[before..].iter_mut().for_each(|install| {
                            install.is_image = true;
                            install.is_beside = is_of_tracker(&file.path);
                        });
                    }
                }
            }
            Document::Shell(script) => {
                for command in &script.commands {
                    add(&mut found, &command.words, "", &file.path, command.place);
                }
            }
            Document::Make(make) => {
                for line in make.targets.iter().flat_map(|target| &target.recipe) {
                    for command in &shell::read(&line.text).commands {
                        add(&mut found, &command.words, folder, &file.path, line.place);
                    }
                }
            }
            Document::Groovy(jenkins) => {
                let scripts = jenkins
                    .stages
                    .iter()
                    .chain(&jenkins.functions)
                    .flat_map(|stage| &stage.commands);
                for (script, place) in scripts {
                    for command in &script.commands {
                        add(&mut found, &command.words, "", &file.path, *place);
                    }
                }
            }
            _ => {}
        }
    }
    for source in &basis.codebase.files {
        for line in &source.code.shell_lines {
            for command in &shell::read(&line.text).commands {
                add(&mut found, &command.words, "", &source.path, line.place);
            }
        }
    }
    found.sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
    found.dedup_by(|a, b| {
        a.path == b.path && a.place == b.place && a.packages == b.packages && a.files == b.files
    });
    found
}

/// Whether an image is one of a tracking server, in which none of the project's code runs.
fn is_of_tracker(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.contains("mlflow") || path.split('/').any(|folder| folder == "mlflow")
}

/// Notes the cells of notebooks beside the main training, and those that install none of the frameworks which the
/// project imports, where it imports any.
pub(super) fn mark_notebooks(basis: &Basis<'_>, installs: &mut [Install]) {
    let frameworks: BTreeSet<String> = basis
        .uses
        .imports
        .iter()
        .filter(|import| !basis.codebase.file(import.file).is_test)
        .map(|import| basis.catalogue.tool(import.tool))
        .filter(|tool| tool.framework.is_some())
        .flat_map(|tool| tool.packages.iter().map(|name| normalised(name)))
        .collect();
    let main: BTreeSet<&str> = basis
        .training
        .main_entries()
        .iter()
        .map(|entry| basis.codebase.file(entry.file).path.as_str())
        .collect();
    for install in installs
        .iter_mut()
        .filter(|install| install.path.ends_with(".ipynb"))
    {
        let has_framework =
            frameworks.is_empty() || install.packages.iter().any(|(name, _)| frameworks.contains(name));
        install.is_addition = install.files.is_empty() && !has_framework;
        install.is_beside = !main.contains(install.path.as_str());
    }
}

fn add(found: &mut Vec<Install>, words: &[String], folder: &str, path: &str, place: Place) {
    if let Some(mut install) = install_of(words, folder) {
        install.path = path.to_owned();
        install.place = place;
        install.found = InstallWhere::Automation;
        found.push(install);
    }
}

/// What a command installs; none where it is no install command.
fn install_of(words: &[String], directory: &str) -> Option<Install> {
    // Parts of the names of all tools that install, one of which stands in some word, behind whatever launchers.
    static TOOLS: Parts = Parts::new(&[
        "pip", "uv", "poetry", "pdm", "hatch", "pixi", "conda", "mamba", "setup.py",
    ]);
    if !words.iter().any(|word| TOOLS.any_in(word)) {
        return None;
    }
    let Program::Tool { name, arguments } = shell::program(words)? else {
        return python_setup(words, directory);
    };
    let arguments = arguments.as_slice();
    let first = arguments
        .iter()
        .find(|word| !word.starts_with('-'))
        .map(String::as_str);
    let mut install = Install::default();
    match (name.as_str(), first) {
        ("pip" | "pip3", Some("install")) => pip(&mut install, rest(arguments, "install"), directory),
        ("pip-sync", _) => pip_sync(&mut install, arguments, directory),
        ("uv", Some("pip")) => {
            let inner = rest(arguments, "pip");
            match inner.first().map(String::as_str) {
                Some("install") => pip(&mut install, &inner[1..], directory),
                Some("sync") => pip_sync(&mut install, &inner[1..], directory),
                _ => return None,
            }
        }
        ("uv", Some("sync" | "run"))
        | ("poetry" | "pdm", Some("install" | "sync"))
        | ("hatch", Some("env")) => {
            install.files.push(joined(directory, "pyproject.toml"));
            install.uses_lock = true;
        }
        ("pipenv", Some("install" | "sync")) => {
            install.files.push(joined(directory, "Pipfile"));
            install.uses_lock = true;
        }
        ("pixi", Some("install" | "run")) => {
            install.files.push(joined(directory, "pixi.toml"));
            install.uses_lock = true;
        }
        ("conda" | "mamba" | "micromamba", Some("env" | "create" | "install" | "update")) => {
            conda(&mut install, arguments, directory);
        }
        _ => return None,
    }
    (!install.files.is_empty() || !install.packages.is_empty()).then_some(install)
}

/// `python setup.py install`.
fn python_setup(words: &[String], directory: &str) -> Option<Install> {
    let at = words.iter().position(|word| word.ends_with("setup.py"))?;
    let verb = words.get(at + 1)?;
    matches!(verb.as_str(), "install" | "develop").then(|| Install {
        files: vec![joined(directory, &words[at])],
        ..Install::default()
    })
}

fn rest<'words>(arguments: &'words [String], verb: &str) -> &'words [String] {
    let at = arguments
        .iter()
        .position(|word| word == verb)
        .map_or(0, |at| at + 1);
    &arguments[at..]
}

fn pip_sync(install: &mut Install, arguments: &[String], directory: &str) {
    let files: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    if files.is_empty() {
        install.files.push(joined(directory, "requirements.txt"));
    }
    install
        .files
        .extend(files.into_iter().map(|file| joined(directory, file)));
}

/// Options of pip that take a value of their own.
const WITH_VALUE: &[&str] = &[
    "-c",
    "--constraint",
    "-f",
    "--find-links",
    "-i",
    "--index-url",
    "--extra-index-url",
    "--trusted-host",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--platform",
    "--python-version",
    "--timeout",
    "--retries",
    "--default-timeout",
    "--progress-bar",
    "--cache-dir",
    "--python",
];

fn pip(install: &mut Install, words: &[String], directory: &str) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let word = word.as_str();
        if let Some(file) = word
            .strip_prefix("--requirement=")
            .or_else(|| word.strip_prefix("-r").filter(|file| !file.is_empty()))
        {
            install.files.push(joined(directory, file));
        } else if matches!(word, "-r" | "--requirement") {
            install
                .files
                .extend(words.next().map(|file| joined(directory, file)));
        } else if WITH_VALUE.contains(&word) {
            words.next();
        } else if matches!(word, "-e" | "--editable") {
            install.local(words.next().map_or(".", String::as_str), directory);
        } else if word.starts_with('-') || word.starts_with('$') {
        } else if word.starts_with('.') || word.starts_with('/') && !word.ends_with(".txt") {
            install.local(word, directory);
        } else if let Some(requirement) = requirements::requirement(word) {
            let found = package(requirement);
            install.written.extend(found.is_some().then(|| word.to_owned()));
            install.packages.extend(found);
        }
    }
}

fn package(requirement: Requirement) -> Option<(String, bool)> {
    let is_exact = matches!(requirement.pin, Pin::Exact(_) | Pin::Url { fixed: true });
    (!requirement.name.is_empty() && !is_development_tool(&requirement.name))
        .then_some((requirement.name, is_exact))
}

fn conda(install: &mut Install, arguments: &[String], directory: &str) {
    let is_env = arguments.iter().any(|word| word == "env");
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if let Some(file) = word.strip_prefix("--file=") {
            install.files.push(joined(directory, file));
        } else if matches!(word.as_str(), "-f" | "--file") {
            install
                .files
                .extend(words.next().map(|file| joined(directory, file)));
        } else if matches!(
            word.as_str(),
            "-n" | "--name" | "-p" | "--prefix" | "-c" | "--channel"
        ) {
            words.next();
        } else if !word.starts_with('-')
            && !matches!(word.as_str(), "env" | "create" | "install" | "update")
            && !is_env
        {
            let requirement = requirements::conda(word);
            if requirement.name != "python" && requirement.name != "pip" {
                let name = requirement.name.clone();
                let found = package(requirement);
                install.written.extend(found.is_some().then_some(name));
                install.packages.extend(found);
            }
        }
    }
    if is_env && install.files.is_empty() {
        install.files.push(joined(directory, "environment.yml"));
        install.files.push(joined(directory, "environment.yaml"));
    }
}

impl Install {
    /// A folder whose own manifest is installed.
    fn local(&mut self, path: &str, directory: &str) {
        let path = path.split('[').next().unwrap_or(path);
        if path.ends_with(".whl") || path.ends_with(".gz") {
            return;
        }
        for name in ["pyproject.toml", "setup.py", "setup.cfg"] {
            self.files.push(joined(directory, &format!("{path}/{name}")));
        }
    }
}

/// A path seen from a folder, without `.` and `..`.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let whole = format!("{folder}/{path}");
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
