//! Which reader takes which file.

use crate::discover::File;

/// The format of a file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Python source.
    Python,
    /// A Jupyter notebook.
    Notebook,
    /// R source.
    R,
    /// R Markdown or Quarto.
    RMarkdown,
    /// Julia source.
    Julia,
    /// YAML.
    Yaml,
    /// A lock file in YAML.
    YamlLock,
    /// TOML.
    Toml,
    /// A lock file in TOML.
    TomlLock,
    /// JSON, with comments tolerated.
    Json,
    /// INI.
    Ini,
    /// Terraform.
    Hcl,
    /// A requirements or constraints file of pip.
    Requirements,
    /// A shell or batch script.
    Shell,
    /// A Makefile.
    Make,
    /// A justfile.
    Just,
    /// A Dockerfile.
    Docker,
    /// A Jenkinsfile or Groovy file.
    Groovy,
    /// Markdown or reStructuredText.
    Markdown,
    /// Plain text.
    Text,
}

/// Lock files whose lines or hashes are looked at as text.
const TEXT_NAMES: &[&str] = &[
    ".dockerignore",
    ".gitattributes",
    ".gitignore",
    ".python-version",
    "Procfile",
    "VERSION",
    "runtime.txt",
];

impl Format {
    /// The format of a file by its name; `None` where no reader takes it.
    pub fn of(file: &File) -> Option<Self> {
        let name = file.name();
        Self::by_whole_name(name).or_else(|| Self::by_ending(&file.path, name, &file.extension()))
    }

    fn by_whole_name(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        Some(match name {
            "Pipfile" => Self::Toml,
            "poetry.lock" | "uv.lock" | "pdm.lock" | "pylock.toml" | "Cargo.lock" => Self::TomlLock,
            "Pipfile.lock" | "renv.lock" | "flake.lock" | "conanfile.lock" => Self::Json,
            "supervisord.conf" | "logging.conf" | "mlflow.conf" => Self::Ini,
            "pixi.lock" | "conda-lock.yml" | "pnpm-lock.yaml" => Self::YamlLock,
            "dvc.lock" | "MLproject" | "MLmodel" => Self::Yaml,
            "Snakefile" => Self::Text,
            "Tiltfile" | "BUILD.bazel" | "SConstruct" => return None,
            _ if TEXT_NAMES.contains(&name) => Self::Text,
            _ if lower == "makefile" || lower == "gnumakefile" || lower.ends_with(".mk") => Self::Make,
            _ if lower == "justfile" || lower == ".justfile" => Self::Just,
            _ if lower.starts_with("jenkinsfile") || lower.ends_with(".jenkinsfile") => Self::Groovy,
            _ if is_dockerfile(&lower) => Self::Docker,
            _ => return None,
        })
    }

    fn by_ending(path: &str, name: &str, ending: &str) -> Option<Self> {
        Some(match ending {
            "py" | "pyw" => Self::Python,
            "ipynb" => Self::Notebook,
            "r" => Self::R,
            "rmd" | "qmd" => Self::RMarkdown,
            "jl" => Self::Julia,
            "yaml" | "yml" | "dvc" | "cff" => Self::Yaml,
            "toml" => Self::Toml,
            "json" | "jsonc" => Self::Json,
            "ini" | "cfg" | "flake8" | "coveragerc" | "pylintrc" => Self::Ini,
            "tf" | "hcl" | "tfvars" => Self::Hcl,
            "sh" | "bash" | "zsh" | "bat" | "cmd" | "ps1" | "slurm" | "sbatch" | "pbs" => Self::Shell,
            "groovy" => Self::Groovy,
            "md" | "markdown" | "rst" => Self::Markdown,
            "sql" | "gin" | "service" | "smk" | "timer" | "crontab" => Self::Text,
            "txt" | "in" | "pip" if is_requirements(path, name) => Self::Requirements,
            "txt" if name.eq_ignore_ascii_case("readme.txt") => Self::Markdown,
            "" if name.eq_ignore_ascii_case("readme") => Self::Markdown,
            "" if path == ".dvc/config" || path.ends_with("/.dvc/config") => Self::Ini,
            "" if name == "crontab" => Self::Text,
            _ => return None,
        })
    }

    /// Largest file of the format that is read, in bytes. What is larger is data, whatever its name.
    pub const fn largest(self) -> u64 {
        match self {
            Self::Notebook => 512 << 20,
            Self::TomlLock | Self::YamlLock => 50 << 20,
            Self::Toml | Self::Yaml | Self::Json => 8 << 20,
            Self::Python | Self::R | Self::Julia | Self::RMarkdown | Self::Requirements => 5 << 20,
            _ => 2 << 20,
        }
    }
}

fn is_dockerfile(lower: &str) -> bool {
    lower == "dockerfile"
        || lower == "containerfile"
        || lower.starts_with("dockerfile.")
        || lower.starts_with("dockerfile_")
        || lower.starts_with("dockerfile-")
        || lower.ends_with(".dockerfile")
        || lower.ends_with("_dockerfile")
}

/// Requirements files go by many names: `requirements.txt`, `dev-requirements.txt`, `requirements/base.txt`.
fn is_requirements(path: &str, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let folder = path.rsplit('/').nth(1).unwrap_or_default().to_ascii_lowercase();
    lower.contains("requirement")
        || lower.contains("constraints")
        || lower == "reqs.txt"
        || lower.starts_with("requirements")
        || folder == "requirements"
        || folder == "reqs"
        || (lower.starts_with("environment") && lower.ends_with(".txt"))
}
