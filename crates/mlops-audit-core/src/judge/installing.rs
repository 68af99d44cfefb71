//! How this project installs its environment, adds a package to it and runs a command in it, from the root.

use crate::audit::Kind;
use crate::extract::Facts;
use crate::extract::automation::{Installer, Means};
use crate::extract::environment::ManifestKind;

/// What a project without any declaration is told to use elsewhere in the report, by the language of its training.
pub(super) fn installer(means: &Means) -> Installer {
    let training = means.training.as_deref().unwrap_or_default();
    let training = apart(training).1;
    match means.installer {
        Installer::None if training.starts_with("Rscript") => Installer::Renv,
        Installer::None if training.starts_with("julia") => Installer::JuliaPkg,
        Installer::None => Installer::Uv,
        known => known,
    }
}

/// ` --option folder`, or nothing where the manifest stands at the root.
fn in_folder(means: &Means, option: &str) -> String {
    if means.folder.is_empty() {
        String::new()
    } else {
        format!(" {option} {}", means.folder)
    }
}

/// The folder that a command changes to first, and the command that it runs there.
fn apart(command: &str) -> (Option<&str>, &str) {
    let changed = command
        .strip_prefix("cd ")
        .and_then(|rest| rest.split_once(" && "));
    changed.map_or((None, command), |(folder, command)| (Some(folder), command))
}

/// The commands that install the environment on a runner that has the language.
pub(super) fn install(means: &Means) -> Vec<String> {
    let manifest = &means.manifest;
    let lines: Vec<String> = match installer(means) {
        Installer::Uv | Installer::None => vec![
            "pip install uv".to_owned(),
            format!("uv sync --locked{}", in_folder(means, "--project")),
        ],
        Installer::Poetry => vec![
            "pip install poetry".to_owned(),
            format!("poetry install{}", in_folder(means, "--project")),
        ],
        Installer::Pdm => vec![
            "pip install pdm".to_owned(),
            format!("pdm sync{}", in_folder(means, "--project")),
        ],
        Installer::Pipenv => vec![
            "pip install pipenv".to_owned(),
            format!("{}pipenv sync --dev", pipfile(means)),
        ],
        Installer::Pixi => vec![
            "curl -fsSL https://pixi.sh/install.sh | sh".to_owned(),
            format!("~/.pixi/bin/pixi install --locked{}", pixi(means)),
        ],
        Installer::Conda => vec![format!("conda env update --name base --file {manifest}")],
        Installer::Renv => vec!["Rscript -e 'install.packages(\"renv\"); renv::restore()'".to_owned()],
        Installer::JuliaPkg => vec!["julia --project -e 'using Pkg; Pkg.instantiate()'".to_owned()],
        Installer::PipProject if means.folder.is_empty() => vec!["pip install .".to_owned()],
        Installer::PipProject => vec![format!("pip install ./{}", means.folder)],
        Installer::PipRequirements => vec![format!("pip install -r {manifest}")],
    };
    lines
}

/// The step of a GitHub job that sets the language up.
pub(super) fn github_language(means: &Means) -> String {
    match installer(means) {
        Installer::Renv => "      - uses: r-lib/actions/setup-r@v2\n".to_owned(),
        Installer::JuliaPkg => "      - uses: julia-actions/setup-julia@v2\n".to_owned(),
        Installer::Conda => "      - uses: conda-incubator/setup-miniconda@v3\n".to_owned(),
        _ => format!(
            "      - uses: actions/setup-python@v6\n        with:\n          python-version: \"{}\"\n",
            means.python
        ),
    }
}

fn pipfile(means: &Means) -> String {
    if means.folder.is_empty() {
        String::new()
    } else {
        format!("PIPENV_PIPFILE={}/Pipfile ", means.folder)
    }
}

fn pixi(means: &Means) -> String {
    in_folder(means, "--manifest-path")
}

/// A command without the launcher of another manager than the one that installs the environment: what is not installed
/// cannot launch it.
pub(super) fn unlaunched<'text>(means: &Means, command: &'text str) -> &'text str {
    const LAUNCHERS: &[(&str, Installer)] = &[
        ("uv run ", Installer::Uv),
        ("poetry run ", Installer::Poetry),
        ("pdm run ", Installer::Pdm),
        ("pipenv run ", Installer::Pipenv),
        ("pixi run ", Installer::Pixi),
    ];
    // Anything else may be a task that the manager alone knows.
    const PROGRAMS: &[&str] = &["coverage", "pytest", "python", "python3", "tox", "nox"];
    let own = installer(means);
    let launched = LAUNCHERS
        .iter()
        .filter(|(_, manager)| *manager != own)
        .find_map(|(start, _)| command.strip_prefix(start));
    let is_program = |rest: &&str| {
        rest.split(' ')
            .next()
            .is_some_and(|word| PROGRAMS.contains(&word))
    };
    launched.filter(is_program).unwrap_or(command)
}

/// A command inside the installed environment.
pub(super) fn within(means: &Means, command: &str) -> String {
    if let (Some(folder), command) = apart(command) {
        let mut there = means.clone();
        there.folder = seen_from(folder, &means.folder);
        return format!("cd {folder} && {}", within(&there, command));
    }
    // Jobs have conda at hand and activate none of its environments.
    if installer(means) == Installer::Conda && !command.starts_with("conda ") {
        return format!("conda run --name base {command}");
    }
    const LAUNCHERS: &[&str] = &[
        "uv ", "poetry ", "pdm ", "pipenv ", "pixi ", "make", "tox", "nox", "just",
    ];
    if LAUNCHERS.iter().any(|start| command.starts_with(start)) {
        return command.to_owned();
    }
    match installer(means) {
        Installer::Uv => format!("uv run{} {command}", in_folder(means, "--project")),
        Installer::Poetry => format!("poetry{} run {command}", in_folder(means, "--project")),
        Installer::Pdm => format!("pdm run{} {command}", in_folder(means, "--project")),
        Installer::Pipenv => format!("{}pipenv run {command}", pipfile(means)),
        Installer::Pixi => format!("~/.pixi/bin/pixi run{} {command}", pixi(means)),
        _ => command.to_owned(),
    }
}

/// A folder of the project as it is named in another one; nothing where it is that one or around it, as managers look
/// for their manifest upwards.
fn seen_from(from: &str, folder: &str) -> String {
    let from = from.trim_matches('/');
    let is_around = folder.is_empty() || from == folder || from.starts_with(&format!("{folder}/"));
    if is_around {
        return String::new();
    }
    let up = "../".repeat(from.split('/').filter(|part| !part.is_empty()).count());
    format!("{up}{folder}")
}

/// Whether the project declares a package already, where its environment is declared.
fn declares(facts: &Facts<'_>, name: &str) -> bool {
    let means = &facts.automation.means;
    let of_project = facts.environment.manifests.iter().filter(|manifest| {
        let lock = manifest.lock.as_ref().map(|lock| lock.path.as_str());
        manifest.path == means.manifest
            || lock == Some(means.manifest.as_str())
            || manifest.folder() == means.folder
    });
    of_project
        .flat_map(|manifest| &manifest.dependencies)
        .any(|found| found.name == name)
}

/// The commands that add a package to the project and install it; nothing where it is declared already.
pub(super) fn add_package(facts: &Facts<'_>, package: &str) -> String {
    let means = &facts.automation.means;
    let manifest = &means.manifest;
    // Extras are no part of the name, and a shell would take their brackets for a pattern.
    let name = package.split('[').next().unwrap_or(package);
    if declares(facts, name) {
        return String::new();
    }
    let package = if name == package {
        name.to_owned()
    } else {
        format!("\"{package}\"")
    };
    let is_poetry = facts
        .environment
        .manifests
        .iter()
        .any(|found| found.path == *manifest && found.kind == ManifestKind::Poetry);
    match means.installer {
        Installer::Uv => format!("uv add{} {package}", in_folder(means, "--project")),
        Installer::Poetry => format!("poetry add{} {package}", in_folder(means, "--project")),
        Installer::PipProject if is_poetry => {
            format!("poetry add{} {package}", in_folder(means, "--project"))
        }
        Installer::PipProject if manifest.ends_with("pyproject.toml") => {
            format!("uv add{} {package}", in_folder(means, "--project"))
        }
        Installer::Pdm => format!("pdm add{} {package}", in_folder(means, "--project")),
        Installer::Pipenv => format!("{}pipenv install {package}", pipfile(means)),
        Installer::Pixi => format!("pixi add --pypi{} {package}", pixi(means)),
        Installer::Renv => format!("Rscript -e 'renv::install(\"{name}\"); renv::snapshot()'"),
        Installer::JuliaPkg => format!("julia --project -e 'using Pkg; Pkg.add(\"{name}\")'"),
        Installer::Conda => {
            format!("conda install --channel conda-forge {package}  # and list it in {manifest}")
        }
        Installer::PipRequirements => {
            format!("pip install {package}\npip freeze | grep -i \"^{name}==\" >> {manifest}")
        }
        Installer::PipProject => format!("pip install {package}"),
        Installer::None if is_of_r(means) => format!("Rscript -e 'install.packages(\"{name}\")'"),
        Installer::None => format!("pip install {package}"),
    }
}

/// Whether the project only uses models that others have trained: no code fits one, and no command does.
pub(super) fn trains_nothing(facts: &Facts<'_>) -> bool {
    let mut jobs = facts.automation.jobs.iter();
    let mut is_trained = || jobs.any(|job| job.steps.iter().any(|step| step.trains));
    facts.basis.training.is_empty() && (facts.assessment.kind == Kind::LlmApp || !is_trained())
}

/// Whether what trains is written in R.
pub(super) fn is_of_r(means: &Means) -> bool {
    let training = means.training.as_deref().unwrap_or_default();
    apart(training).1.starts_with("Rscript")
}

/// The commands that set DVC up, with the client of a store (`dvc[s3]`) where data goes there.
pub(super) fn start_dvc(facts: &Facts<'_>, package: &str) -> String {
    // DVC is a program of its own, whatever the language of the project.
    let install = match is_of_r(&facts.automation.means) {
        true if package == "dvc" => "pip install dvc".to_owned(),
        true => format!("pip install \"{package}\""),
        false => add_package(facts, package),
    };
    format!("{install}\ndvc init").trim_start().to_owned()
}
