//! The commands that documentation gives: in fenced blocks, indented blocks and inline code.

use mlops_audit_formats::shell::{self, Script};

/// What a page of documentation says, as far as facts rest on it.
#[derive(Clone, Debug, Default)]
pub struct Markdown {
    /// The commands, with the lines at which they stand.
    pub commands: Script,
    /// Links that the page gives, for data that a person has to fetch.
    pub links: Vec<String>,
    /// How long the prose is, in words.
    pub words: usize,
    /// The headings in order.
    pub headings: Vec<String>,
    /// Notebooks that the page names, without their folders, with the lines at which they do.
    pub notebooks: Vec<(String, u32)>,
}

/// Reads a page.
pub(super) fn read(text: &str) -> Markdown {
    let mut fence: Option<Fence> = None;
    let mut script = String::with_capacity(text.len() / 4);
    let mut page = Markdown::default();
    let mut continued = false;
    for (number, line) in text.lines().enumerate() {
        name_notebooks(line, u32::try_from(number + 1).unwrap_or(u32::MAX), &mut page);
        let trimmed = line.trim_start();
        if let Some(mark) = fence_mark(trimmed) {
            fence = match fence {
                Some(open) if trimmed.starts_with(open.mark) => None,
                Some(open) => Some(open),
                None => Some(Fence {
                    mark,
                    is_shell: is_shell(&trimmed[mark.len()..]),
                }),
            };
            script.push('\n');
            continued = false;
            continue;
        }
        let command = match &fence {
            Some(open) if open.is_shell => Some(without_prompt(trimmed)),
            Some(_) => None,
            None if line.starts_with("    ") || line.starts_with('\t') => Some(without_prompt(trimmed)),
            None => None,
        };
        if fence.is_none() {
            prose(line, &mut page);
        }
        match command {
            Some(command) if continued || is_command(command) => {
                script.push_str(command);
                continued = command.ends_with('\\');
            }
            _ => {
                continued = false;
                if fence.is_none() {
                    script.push_str(&inline_commands(line));
                }
            }
        }
        script.push('\n');
    }
    // A document that is still open at the end is closed on the last line of the page, and not below it.
    if !text.ends_with('\n') {
        script.pop();
    }
    page.commands = shell::read(&script);
    page
}

struct Fence {
    mark: &'static str,
    is_shell: bool,
}

fn fence_mark(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark))
}

fn is_shell(info: &str) -> bool {
    let language = info
        .trim()
        .trim_start_matches(['{', '.'])
        .split([' ', ',', '}', '{'])
        .next()
        .unwrap_or_default();
    matches!(
        language.to_ascii_lowercase().as_str(),
        "" | "sh"
            | "bash"
            | "shell"
            | "zsh"
            | "console"
            | "shell-session"
            | "terminal"
            | "text"
            | "txt"
            | "cmd"
            | "powershell"
            | "bat"
            | "batch"
            | "commandline"
            | "command"
            | "shellscript"
            | "python"
            | "ps1"
            | "pwsh"
            | "bash="
            | "makefile"
            | "code"
    )
}

fn without_prompt(line: &str) -> &str {
    let line = line.trim_start_matches("- ");
    for prompt in ["$ ", "> ", "# ", "% ", "! ", "!", "(venv) $ ", "PS> "] {
        if let Some(rest) = line.strip_prefix(prompt)
            && is_command(rest)
        {
            return rest;
        }
    }
    line
}

/// First words that make a line of documentation a command. Everything else in a block may be output or code.
const LAUNCHERS: &[&str] = &[
    "./gradlew",
    "Rscript",
    "accelerate",
    "airflow",
    "aws",
    "az",
    "azd",
    "bash",
    "bentoml",
    "bundle",
    "cd",
    "cmake",
    "composer",
    "conda",
    "cp",
    "curl",
    "dagster",
    "databricks",
    "deepspeed",
    "docker",
    "docker-compose",
    "dvc",
    "export",
    "flake8",
    "gcloud",
    "gdown",
    "git",
    "guild",
    "gunicorn",
    "hatch",
    "helm",
    "huggingface-cli",
    "inv",
    "invoke",
    "julia",
    "jupyter",
    "just",
    "kaggle",
    "kedro",
    "kubectl",
    "make",
    "mamba",
    "metaflow",
    "micromamba",
    "mkdir",
    "mlflow",
    "mpirun",
    "nohup",
    "nox",
    "npm",
    "papermill",
    "pdm",
    "pip",
    "pip3",
    "pipenv",
    "pixi",
    "poe",
    "poetry",
    "pre-commit",
    "prefect",
    "py",
    "pytest",
    "python",
    "python2",
    "python3",
    "ray",
    "rye",
    "sagemaker",
    "sbatch",
    "screen",
    "sh",
    "snakemake",
    "source",
    "spark-submit",
    "srun",
    "streamlit",
    "sudo",
    "task",
    "terraform",
    "torchrun",
    "tox",
    "tox.ini",
    "unzip",
    "uv",
    "uvicorn",
    "uvx",
    "wandb",
    "wget",
    "yarn",
    "zenml",
];

fn is_command(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| is_variable(word));
    let Some(first) = words.next() else { return false };
    let has_more = words.next().is_some();
    LAUNCHERS.binary_search(&first).is_ok()
        && (has_more || matches!(first, "make" | "tox" | "nox" | "pytest" | "snakemake" | "just"))
        || first.ends_with(".sh")
        || first.starts_with("./")
        || (first.starts_with("python") && first.len() <= 10 && has_more)
}

fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

/// Commands in `inline code`, joined by `;` so that they keep their line.
fn inline_commands(line: &str) -> String {
    let commands: Vec<&str> = line
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|span| without_prompt(span.trim()))
        .filter(|span| is_command(span))
        .collect();
    commands.join("; ")
}

fn prose(line: &str, page: &mut Markdown) {
    page.words += line.split_whitespace().count();
    if let Some(heading) = line.strip_prefix('#') {
        page.headings
            .push(heading.trim_start_matches('#').trim().to_owned());
    }
    for (at, _) in line.match_indices("http") {
        let link: String = line[at..]
            .chars()
            .take_while(|c| !c.is_whitespace() && !matches!(c, ')' | '>' | '"' | '`' | ']'))
            .collect();
        if link.contains("://") {
            page.links.push(link);
        }
    }
}

/// Names such as `train.ipynb`, whose blanks a link may write as `%20`.
/// A drawn tree of folders tells nobody to run anything.
fn name_notebooks(line: &str, number: u32, page: &mut Markdown) {
    if line.contains(['├', '└', '│']) || line.contains("|--") || line.contains("+--") {
        return;
    }
    for (at, ending) in line.match_indices(".ipynb") {
        let before = &line[..at];
        let start = before
            .rfind(['/', '(', '[', '`', '"', '\'', '<', '*', ' ', '\t', '\\'])
            .map_or(0, |start| start + 1);
        if start < at {
            let name = format!("{}{ending}", &before[start..]).replace("%20", " ");
            page.notebooks.push((name, number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_keep_their_lines() {
        let page = read(
            "# Use\n\nRun `python prepare.py` first.\n\n```bash\n$ python train.py \\\n    --epochs 3\nEpoch 1\n```\n",
        );
        let commands: Vec<(u32, String)> = page
            .commands
            .commands
            .iter()
            .map(|command| (command.place.line, command.words.join(" ")))
            .collect();
        assert_eq!(
            commands,
            [
                (3, "python prepare.py".to_owned()),
                (6, "python train.py --epochs 3".to_owned())
            ]
        );
        assert_eq!(page.headings, ["Use"]);
    }

    #[test]
    fn no_command_stands_below_the_page() {
        let page = read("`./<<a");
        let script = page.commands;
        assert_eq!(script.commands.len(), 1);
        assert!(script.commands.iter().all(|command| command.place.line == 1));
        assert!(script.problems.iter().all(|problem| problem.place.line == 1));
    }

    #[test]
    fn the_launchers_are_sorted() {
        assert!(LAUNCHERS.is_sorted());
    }
}
