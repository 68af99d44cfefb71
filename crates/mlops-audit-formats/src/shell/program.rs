//! What a command runs, looked at through its launchers.

use super::launch::{Gives, behind, behind_module};
use super::unwrap::{base, shell_code};

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// `python train.py`
    PythonFile {
        /// The file.
        path: String,
        /// What it is given.
        arguments: Vec<String>,
    },
    /// `python -m package.train`
    PythonModule {
        /// The module.
        module: String,
        /// What it is given.
        arguments: Vec<String>,
    },
    /// `python -c "…"`
    PythonCode(String),
    /// `papermill in.ipynb out.ipynb`, `jupyter nbconvert --execute x.ipynb`
    Notebook {
        /// The notebook.
        path: String,
    },
    /// `Rscript x.R`
    RScript {
        /// The file.
        path: String,
    },
    /// `Rscript -e "…"`
    RCode(String),
    /// `julia x.jl`
    Julia {
        /// The file.
        path: String,
    },
    /// `bash x.sh`, `./x.sh`
    ShellFile {
        /// The file.
        path: String,
        /// What it is given.
        arguments: Vec<String>,
    },
    /// `bash -c "…"` behind a launcher, such as `docker run image sh -c "…"`; to be read as a script.
    ShellCode(String),
    /// `make -C dir target`
    Make {
        /// The directory of `-C`.
        directory: Option<String>,
        /// The targets; none for the default goal.
        targets: Vec<String>,
        /// The file of `-f`.
        makefile: Option<String>,
    },
    /// Any other program.
    Tool {
        /// Its name without a path.
        name: String,
        /// What it is given.
        arguments: Vec<String>,
    },
}

/// Modules whose `python -m` form is the command-line tool of the same name, sorted.
const TOOLS: [&str; 44] = [
    "alembic",
    "autopep8",
    "bandit",
    "bentoml",
    "black",
    "build",
    "coverage",
    "dagster",
    "dbt",
    "dvc",
    "flake8",
    "great_expectations",
    "gunicorn",
    "invoke",
    "ipykernel",
    "isort",
    "jupyter",
    "kedro",
    "locust",
    "mkdocs",
    "mlflow",
    "mypy",
    "nox",
    "papermill",
    "pdoc",
    "pip",
    "pip_audit",
    "poetry",
    "pre_commit",
    "prefect",
    "pylint",
    "pyright",
    "pytest",
    "ruff",
    "safety",
    "sphinx",
    "streamlit",
    "tox",
    "twine",
    "unittest",
    "uv",
    "uvicorn",
    "virtualenv",
    "wandb",
];

/// Deepest chain of launchers that is followed.
const DEPTH: usize = 8;

/// What `words` run; `None` where they are empty.
pub fn program(words: &[String]) -> Option<Program> {
    through(words, 0)
}

fn through(words: &[String], depth: usize) -> Option<Program> {
    let first = words.first()?;
    if depth < DEPTH {
        match behind(words) {
            Some((rest, Gives::Command)) => return through(command_behind(rest), depth + 1),
            Some((rest, Gives::Python)) => return python(rest, depth + 1),
            None => {}
        }
    }
    let arguments = words.get(1..).unwrap_or_default();
    let name = base(first);
    // `uv run -m x` leaves the module alone behind `-m`.
    if matches!(name, "-m" | "--module") {
        return module(arguments, depth + 1);
    }
    if is_python(name) {
        return python(arguments, depth + 1).or_else(|| tool(name, arguments));
    }
    let known = match name {
        "mlflow" if first_is(arguments, "run") => None,
        "jupyter" | "jupyter-nbconvert" | "nbconvert" => nbconvert(words),
        "papermill" => operand(
            arguments,
            &["-p", "-f", "-k", "-r", "-y", "-b", "--cwd", "--kernel"],
        )
        .map(|path| notebook(path)),
        "Rscript" | "Rscript.sh" | "littler" => r(arguments),
        "R" => r_batch(arguments),
        "julia" => julia(arguments),
        "streamlit" if first_is(arguments, "run") => file_of(arguments.get(1..).unwrap_or_default()),
        "fastapi" if arguments.len() > 1 => {
            operand(arguments.get(1..)?, &["--host", "--port"]).and_then(|path| file(path))
        }
        "uvicorn" | "gunicorn" | "hypercorn" | "daphne" => application(arguments),
        "make" | "gmake" | "mingw32-make" => Some(make(arguments)),
        "bash" | "sh" | "zsh" | "dash" | "ash" | "ksh" | "source" | "." | "pwsh" | "powershell" => {
            shell(words)
        }
        _ => by_extension(first, arguments),
    };
    known.or_else(|| tool(name, arguments))
}

/// `uv run -m x` is `python -m x`, and a bare file is run with Python.
fn command_behind(words: &[String]) -> &[String] {
    match words.first() {
        Some(first) if first == "--" => words.get(1..).unwrap_or_default(),
        _ => words,
    }
}

fn tool(name: &str, arguments: &[String]) -> Option<Program> {
    (!name.is_empty()).then(|| Program::Tool {
        name: name.to_owned(),
        arguments: arguments.to_vec(),
    })
}

fn is_python(name: &str) -> bool {
    if matches!(
        name,
        "$PYTHON" | "${PYTHON}" | "$(PYTHON)" | "py" | "ipython" | "pypy" | "pypy3"
    ) {
        return true;
    }
    let version = name.strip_prefix("python");
    version.is_some_and(|version| {
        version
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c == 'w')
    })
}

fn first_is(arguments: &[String], word: &str) -> bool {
    arguments.first().is_some_and(|first| first == word)
}

/// What Python's own command line runs.
fn python(arguments: &[String], depth: usize) -> Option<Program> {
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        let rest = arguments.get(at + 1..).unwrap_or_default();
        let is_short = word.starts_with('-') && !word.starts_with("--");
        match word.as_str() {
            "--module" => return module(rest, depth),
            "-W" | "-X" | "--check-hash-based-pycs" => at += 2,
            "-" => return None,
            _ if is_short && word.ends_with('m') => return module(rest, depth),
            _ if is_short && word.ends_with('c') => return rest.first().cloned().map(Program::PythonCode),
            _ if word.starts_with('-') => at += 1,
            _ if word.ends_with(".ipynb") => return Some(notebook(word)),
            _ => {
                let (path, arguments) = (word.clone(), rest.to_vec());
                return Some(Program::PythonFile { path, arguments });
            }
        }
    }
    None
}

fn module(words: &[String], depth: usize) -> Option<Program> {
    let (module, arguments) = words.split_first()?;
    if depth < DEPTH {
        if let Some(rest) = behind_module(module, arguments) {
            return python(rest, depth + 1);
        }
        let head = module.split('.').next().unwrap_or(module);
        if TOOLS.binary_search(&head).is_ok() && (head == module || matches!(head, "jupyter")) {
            return through(&tool_words(head, arguments), depth + 1);
        }
    }
    Some(Program::PythonModule {
        module: module.clone(),
        arguments: arguments.to_vec(),
    })
}

fn tool_words(name: &str, arguments: &[String]) -> Vec<String> {
    let name = match name {
        "pre_commit" => "pre-commit",
        "pip_audit" => "pip-audit",
        name => name,
    };
    std::iter::once(name.to_owned())
        .chain(arguments.iter().cloned())
        .collect()
}

/// The first word that is neither an option nor the value of one of `valued`.
fn operand<'words>(words: &'words [String], valued: &[&str]) -> Option<&'words String> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if !word.starts_with('-') {
            return Some(word);
        }
        at += 1 + usize::from(valued.contains(&word.as_str()));
    }
    None
}

fn notebook(path: &str) -> Program {
    Program::Notebook {
        path: path.to_owned(),
    }
}

fn file(path: &str) -> Option<Program> {
    path.ends_with(".py").then(|| Program::PythonFile {
        path: path.to_owned(),
        arguments: Vec::new(),
    })
}

fn file_of(words: &[String]) -> Option<Program> {
    let at = words.iter().position(|word| word.ends_with(".py"))?;
    Some(Program::PythonFile {
        path: words.get(at)?.clone(),
        arguments: words.get(at + 1..).unwrap_or_default().to_vec(),
    })
}

/// Only `--execute` runs the notebook; without it, it is converted.
fn nbconvert(words: &[String]) -> Option<Program> {
    let runs = words
        .iter()
        .any(|word| matches!(word.as_str(), "--execute" | "execute" | "run"));
    let path = words.iter().find(|word| word.ends_with(".ipynb"))?;
    runs.then(|| notebook(path))
}

fn r(arguments: &[String]) -> Option<Program> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-e" => return words.next().cloned().map(Program::RCode),
            _ if word.starts_with('-') => {}
            _ => return Some(Program::RScript { path: word.clone() }),
        }
    }
    None
}

/// `R -e "…"`, `R CMD BATCH x.R`, `R -f x.R`, `R --file=x.R`.
fn r_batch(arguments: &[String]) -> Option<Program> {
    let value = |option: &str| arguments.iter().skip_while(|word| *word != option).nth(1);
    if let Some(code) = value("-e") {
        return Some(Program::RCode(code.clone()));
    }
    let is_batch = first_is(arguments, "CMD") && arguments.iter().any(|word| word == "BATCH");
    let named = arguments.iter().find_map(|word| word.strip_prefix("--file="));
    let script = arguments
        .iter()
        .find(|word| is_batch && (word.ends_with(".R") || word.ends_with(".r")));
    let path = script
        .or_else(|| value("-f"))
        .cloned()
        .or_else(|| named.map(str::to_owned))?;
    Some(Program::RScript { path })
}

fn julia(arguments: &[String]) -> Option<Program> {
    let valued = ["-t", "-p", "-J", "-L", "-C", "--threads", "--procs"];
    if arguments
        .iter()
        .any(|word| matches!(word.as_str(), "-e" | "-E" | "--eval"))
    {
        return None;
    }
    let path = operand(arguments, &valued)?.clone();
    Some(Program::Julia { path })
}

/// `uvicorn package.main:app` runs the module.
fn application(arguments: &[String]) -> Option<Program> {
    let named = |word: &&String| {
        let (module, object) = word.split_once(':')?;
        let is_dotted = |text: &str| text.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric());
        let object = object.split('(').next().unwrap_or(object);
        let fits = !module.is_empty() && is_dotted(module) && is_dotted(object) && !object.is_empty();
        (fits && !module.starts_with(|c: char| c.is_ascii_digit())).then_some(())
    };
    let at = arguments.iter().position(|word| named(&word).is_some())?;
    let module = arguments.get(at)?.split(':').next()?.to_owned();
    let mut arguments = arguments.to_vec();
    arguments.remove(at);
    Some(Program::PythonModule { module, arguments })
}

fn make(arguments: &[String]) -> Program {
    let (mut directory, mut makefile, mut targets) = (None, None, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if let Some(value) = word.strip_prefix("--directory=") {
            directory = Some(value.to_owned());
        } else if let Some(value) = word
            .strip_prefix("--file=")
            .or_else(|| word.strip_prefix("--makefile="))
        {
            makefile = Some(value.to_owned());
        } else if matches!(word.as_str(), "-C" | "--directory") {
            directory = words.next().cloned();
        } else if matches!(word.as_str(), "-f" | "--file" | "--makefile") {
            makefile = words.next().cloned();
        } else if let Some(value) = word.strip_prefix("-C") {
            directory = Some(value.to_owned());
        } else if !word.starts_with('-') && !word.contains('=') && !word.chars().all(|c| c.is_ascii_digit()) {
            targets.push(word.clone());
        }
    }
    Program::Make {
        directory,
        targets,
        makefile,
    }
}

fn shell(words: &[String]) -> Option<Program> {
    if let Some((code, _)) = shell_code(words) {
        return Some(Program::ShellCode(code));
    }
    let arguments = words.get(1..)?;
    let at = arguments.iter().position(|word| {
        !word.starts_with(['-', '+'])
            && !matches!(word.as_str(), "pipefail" | "errexit" | "Bypass" | "Unrestricted")
    })?;
    let path = arguments.get(at)?.clone();
    let is_environment = path.ends_with("/activate") || path.ends_with("/conda.sh") || path.ends_with(".env");
    (!is_environment).then(|| Program::ShellFile {
        path,
        arguments: arguments.get(at + 1..).unwrap_or_default().to_vec(),
    })
}

/// A file that is itself the program: `./train.py`, `scripts/run.sh`.
fn by_extension(path: &str, arguments: &[String]) -> Option<Program> {
    let (path, arguments) = (path.to_owned(), arguments.to_vec());
    let extension = path.rsplit_once('.').map(|(_, extension)| extension)?;
    match extension {
        "py" => Some(Program::PythonFile { path, arguments }),
        "sh" | "bash" | "bat" | "cmd" | "ps1" => Some(Program::ShellFile { path, arguments }),
        "R" | "r" => Some(Program::RScript { path }),
        "jl" => Some(Program::Julia { path }),
        _ => None,
    }
}
