//! The commands that documentation gives: in fenced blocks, indented blocks and inline code.

use mlops_audit_formats::shell::{self, Foreign, Script};

use super::unclosed::{Scan, Unclosed};

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

/// How names of notebooks end.
const NOTEBOOK: &str = ".ipynb";

/// Most lines in which the end of a command that is left open is looked for.
const LOOK_AHEAD: usize = 100;

/// Reads a page.
pub(super) fn read(text: &str) -> Markdown {
    let mut reader = Reader {
        lines: text.lines().collect(),
        script: String::with_capacity(text.len() / 4),
        names_notebooks: text.contains(NOTEBOOK),
        ..Reader::default()
    };
    for number in 0..reader.lines.len() {
        reader.line(number);
        reader.script.push('\n');
    }
    // A document that is still open at the end is closed on the last line of the page, and not below it.
    if !text.ends_with('\n') {
        reader.script.pop();
    }
    Markdown {
        commands: shell::read(&reader.script),
        ..reader.page
    }
}

/// Goes through the lines of a page and writes its commands into one script, each on the line on which it stands.
#[derive(Default)]
struct Reader<'page> {
    lines: Vec<&'page str>,
    /// Whether any line names a notebook.
    names_notebooks: bool,
    fence: Option<Fence>,
    script: String,
    page: Markdown,
    /// Whether the line before asks for another one.
    is_continued: bool,
    /// Where in the script the present command starts.
    start: usize,
    /// How far it is indented.
    indent: usize,
    /// Up to which line the present command goes on, in quotes or a here-document.
    last: usize,
    /// Whether it is a here-document, whose last line is a word that must stand alone.
    is_document: bool,
}

impl Reader<'_> {
    fn line(&mut self, number: usize) {
        let line = self.lines[number];
        if self.names_notebooks {
            let counted = u32::try_from(number + 1).unwrap_or(u32::MAX);
            name_notebooks(line, counted, &mut self.page);
        }
        let trimmed = line.trim_start();
        if number > 0 && number <= self.last {
            let is_last = number == self.last;
            self.is_continued = is_last && !self.is_document && line.ends_with('\\');
            let is_word = is_last && self.is_document;
            let line = if is_word {
                line.trim()
            } else {
                without_indent(line, self.indent)
            };
            return self.script.push_str(line);
        }
        if let Some(mark) = fence_mark(trimmed) {
            self.is_continued = false;
            return self.fence = match self.fence.take() {
                Some(open) if trimmed.starts_with(open.mark) => None,
                Some(open) => Some(open),
                None => Some(Fence::new(mark, &trimmed[mark.len()..])),
            };
        }
        if self.fence.is_none() {
            prose(line, &mut self.page);
        }
        let is_code = match &self.fence {
            Some(open) => open.is_shell,
            None => is_indented(line),
        };
        let command = without_prompt(trimmed);
        if is_code && (self.is_continued || is_command(command)) {
            return match self.fence.as_ref().and_then(|fence| fence.foreign) {
                Some(foreign) => self.command(number, &foreign.translated(command)),
                None => self.command(number, command),
            };
        }
        self.is_continued = false;
        if self.fence.is_none() && line.contains('`') {
            self.script.push_str(&inline_commands(line));
        }
    }

    /// Writes a line of a block. What its command leaves open goes on in the lines of the block that close it; where none
    /// does, it is cut off.
    fn command(&mut self, number: usize, command: &str) {
        if !self.is_continued {
            self.start = self.script.len();
            let line = self.lines[number];
            self.indent = line.len() - line.trim_start().len();
        }
        self.script.push_str(command);
        if self.goes_on_without_mark(number, command) {
            self.script.push_str(" \\");
        }
        self.is_continued = self.script.ends_with('\\');
        if self.is_continued {
            return;
        }
        let mut scan = Scan::default();
        scan.read(&self.script[self.start..]);
        let Some(unclosed) = scan.unclosed() else {
            return;
        };
        let block = self.lines.iter().zip(0..).skip(number + 1).take(LOOK_AHEAD);
        let mut block = block.take_while(|(line, _)| self.is_in_block(line));
        let closed = block.find(|(line, _)| match &unclosed {
            Unclosed::Document(_, word) => line.trim() == word,
            Unclosed::Stretch(_) => {
                scan.read("\n");
                scan.read(line);
                !scan.is_open()
            }
        });
        match closed {
            Some((_, last)) => {
                self.last = last;
                self.is_document = matches!(unclosed, Unclosed::Document(..));
            }
            // The lines stay.
            None => {
                let rest = self.script.split_off(self.start + unclosed.at());
                self.script.extend(rest.matches('\n'));
            }
        }
    }

    /// Whether the next line of a fence is an option of this line's command, for which somebody forgot the backslash.
    fn goes_on_without_mark(&self, number: usize, command: &str) -> bool {
        let is_shell = self.fence.as_ref().is_some_and(|fence| fence.foreign.is_none());
        let next = self.lines.get(number + 1).map_or("", |line| line.trim_start());
        let option = next.strip_prefix("--").unwrap_or_default();
        is_shell
            && option.starts_with(|first: char| first.is_ascii_alphabetic())
            && !command.is_empty()
            && !command.ends_with('\\')
            && !command.contains('#')
    }

    /// Whether a line belongs to the block whose lines are being read.
    fn is_in_block(&self, line: &str) -> bool {
        match &self.fence {
            Some(open) => !line.trim_start().starts_with(open.mark),
            None => is_indented(line) || line.trim().is_empty(),
        }
    }
}

/// The line without as many blanks as the line with the command has in front.
fn without_indent(line: &str, indent: usize) -> &str {
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    &line[blanks.min(indent)..]
}

fn is_indented(line: &str) -> bool {
    line.starts_with("    ") || line.starts_with('\t')
}

struct Fence {
    mark: &'static str,
    is_shell: bool,
    /// The shell of Windows that it is for.
    foreign: Option<Foreign>,
}

impl Fence {
    /// A fence with what stands behind its mark.
    fn new(mark: &'static str, info: &str) -> Self {
        let name = info.trim().trim_start_matches(['{', '.']);
        let name = name.split([' ', ',', '}', '{']).next().unwrap_or_default();
        let language = name.to_ascii_lowercase();
        Self {
            mark,
            is_shell: is_shell(&language),
            foreign: match language.as_str() {
                "bat" | "batch" | "cmd" => Some(Foreign::Batch),
                "powershell" | "ps1" | "pwsh" => Some(Foreign::PowerShell),
                _ => None,
            },
        }
    }
}

fn fence_mark(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark))
}

fn is_shell(language: &str) -> bool {
    matches!(
        language,
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

/// Commands in `inline code`, joined by `;` so that they keep their line. Each ends where its code does.
fn inline_commands(line: &str) -> String {
    let commands: Vec<&str> = line
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|span| without_prompt(span.trim()))
        .filter(|span| is_command(span))
        .map(|span| {
            let mut scan = Scan::default();
            scan.read(span);
            match scan.unclosed() {
                Some(unclosed) => &span[..unclosed.at()],
                None => span.trim_end_matches('\\'),
            }
        })
        .collect();
    commands.join("; ")
}

fn prose(line: &str, page: &mut Markdown) {
    page.words += words(line);
    if let Some(heading) = line.strip_prefix('#') {
        page.headings
            .push(heading.trim_start_matches('#').trim().to_owned());
    }
    if !line.contains(':') {
        return;
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

/// How many words a line has.
fn words(line: &str) -> usize {
    if !line.is_ascii() {
        return line.split_whitespace().count();
    }
    let mut words = 0;
    let mut was_blank = true;
    for byte in line.bytes() {
        let is_blank = matches!(byte, b' ' | b'\t'..=b'\r');
        words += usize::from(was_blank && !is_blank);
        was_blank = is_blank;
    }
    words
}

/// Names such as `train.ipynb`, whose blanks a link may write as `%20`.
/// A drawn tree of folders tells nobody to run anything.
fn name_notebooks(line: &str, number: u32, page: &mut Markdown) {
    if !line.contains(NOTEBOOK) {
        return;
    }
    if line.contains(['├', '└', '│']) || line.contains("|--") || line.contains("+--") {
        return;
    }
    for (at, ending) in line.match_indices(NOTEBOOK) {
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

    fn commands(text: &str) -> Vec<(u32, String)> {
        let commands = read(text).commands.commands.into_iter();
        commands
            .map(|command| (command.place.line, command.words.join(" ")))
            .collect()
    }

    #[test]
    fn an_option_on_a_line_of_its_own_belongs_to_the_command() {
        let page = "```sh\npython train.py\n--depth 3\npython score.py --all\n```\n\n--- \n";
        let expected = [
            (2, "python train.py --depth 3".to_owned()),
            (4, "python score.py --all".to_owned()),
        ];
        assert_eq!(commands(page), expected);
        let prose = "Run `python train.py`\n--depth is an option of it.\n";
        assert_eq!(commands(prose), [(1, "python train.py".to_owned())]);
    }

    #[test]
    fn inline_code_takes_in_nothing_of_the_page() {
        for opened in ["cat <<EOF", "python -c \"x", "./a 'x", "./a $(b", "./a \\"] {
            let page = format!("Run `{opened}` or `make a`.\nThen `python train.py`.\n");
            let found = commands(&page);
            assert_eq!(found.last(), Some(&(2, "python train.py".to_owned())), "{opened}");
        }
    }

    #[test]
    fn what_a_block_leaves_open_ends_with_it() {
        for opened in ["cat <<EOF", "python -c \"x", "make sure you don't"] {
            for (open, line, close) in [("```sh\n", "", "```\n"), ("", "    ", "\n")] {
                let page = format!("{open}{line}{opened}\n{line}python a.py\n{close}\n`python b.py`\n");
                let found: Vec<String> = commands(&page).into_iter().map(|(_, words)| words).collect();
                assert_eq!(found.last().map(String::as_str), Some("python b.py"), "{page}");
                assert!(found.contains(&"python a.py".to_owned()), "{page}");
            }
        }
    }

    #[test]
    fn documents_and_quotes_of_a_block_are_read() {
        let page = "```sh\npython - <<EOF\nimport a\n  b\n  EOF\npython -c \"\nmake x\n\"\npython c.py \\\n  <<X\npython d.py\n```\n";
        let script = read(page).commands;
        let documents: Vec<&str> = script
            .commands
            .iter()
            .filter_map(|command| Some(command.heredoc.as_ref()?.text.as_str()))
            .collect();
        assert_eq!(documents, ["import a\n  b\n"]);
        let list = read("- Do\n  ```sh\n  python - <<EOF\n  import a\n    b\n  EOF\n  ```\n").commands;
        let document = list.commands[0].heredoc.as_ref();
        assert_eq!(
            document.map(|document| document.text.as_str()),
            Some("import a\n  b\n")
        );
        assert_eq!(
            commands(page),
            [
                (2, "python -".to_owned()),
                (6, "python -c \nmake x\n".to_owned()),
                (9, "python c.py".to_owned()),
                (11, "python d.py".to_owned()),
            ]
        );
    }

    #[test]
    fn each_block_is_read_in_its_own_syntax() {
        let page = "```powershell\n$env:A = \"b\"\npython a\\b.py `\n  --x $env:A\n```\n\n```sh\npython c.py \\\n  --y\n```\n";
        assert_eq!(
            commands(page),
            [
                (3, "python a/b.py --x $A".to_owned()),
                (8, "python c.py --y".to_owned())
            ]
        );
    }

    #[test]
    fn a_block_of_windows_needs_no_mark_of_its_shell() {
        let page = "```powershell\npython scripts\\train.py `\n  --epochs 3\n```\n\n```bat\npython scripts\\test.py ^\n  --fast\n```\n";
        assert_eq!(
            commands(page),
            [
                (2, "python scripts/train.py --epochs 3".to_owned()),
                (7, "python scripts/test.py --fast".to_owned())
            ]
        );
    }

    #[test]
    fn what_a_block_of_windows_leaves_open_ends_with_it() {
        let page = "```cmd\npython a.py \"x\n```\n\n```cmd\npython b.py\n```\n";
        let found = commands(page);
        assert!(found.contains(&(6, "python b.py".to_owned())), "{found:?}");
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
