//! Jupyter notebooks, nbformat 3 and 4.
//!
//! The code cells are joined to one module, so that names flow from cell to cell; each cell is parsed on its own,
//! so that an error in one does not hide the others. Spans are bytes of the joined text, which is no file: `written`
//! knows where its lines stand in the JSON.

mod json;
pub(crate) mod written;

use crate::code::{Code, Language, ShellLine};
use crate::comments::Comment;
use crate::data::Node;
use crate::python::lexical::Lexical;
use crate::python::places::Places;
use crate::texts::Texts;
use crate::{Place, Problem};

use json::{CodeCell, Notebook, parse};

/// Most cells whose source is no text that are told.
const PROBLEMS: usize = 100;

/// Reads a notebook.
pub fn read(text: &str) -> Code {
    read_sharing(text, &mut Texts::default())
}

/// Reads a notebook whose names and strings are shared with those of other files.
pub fn read_sharing(text: &str, texts: &mut Texts) -> Code {
    let notebook = match parse(text) {
        Ok(notebook) => notebook,
        Err(error) => {
            return Code {
                problems: vec![Problem::at(
                    u32::try_from(error.line()).unwrap_or(0),
                    format!("is no valid JSON: {error}"),
                )],
                ..crate::python::empty()
            };
        }
    };
    let mut code = match notebook.language() {
        Language::Python => read_python(&notebook.cells, texts),
        Language::R => read_joined(&notebook.cells, crate::r::read),
        Language::Julia => read_joined(&notebook.cells, crate::julia::read),
    };
    code.problems.splice(0..0, notebook.problems());
    code
}

/// The comments of the code cells; none where the file is no notebook.
pub(crate) fn comments(text: &str) -> Vec<Comment> {
    let Ok(notebook) = parse(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for cell in notebook.cells {
        for mut comment in crate::python::comments(&cell.source) {
            comment.place.cell = cell.number;
            found.push(comment);
        }
    }
    found
}

/// A cell with the lines of its source, each with the line of the file on which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellLines {
    /// Among all cells, from 1.
    pub number: u32,
    /// The lines of the source without their ends, each behind its line in the file, from 1.
    pub lines: Vec<(u32, String)>,
}

/// All cells with the lines of the file that their source stands on; none where the file is no notebook.
pub fn cells(text: &str) -> Vec<CellLines> {
    let data = crate::json::read(text.strip_prefix('\u{feff}').unwrap_or(text));
    let Some(notebook) = data.documents.first() else {
        return Vec::new();
    };
    let in_holder = |holder: &Node| {
        holder
            .get("cells")
            .map_or(Vec::new(), |cells| cells.items().to_vec())
    };
    let sheets = notebook.get("worksheets").map_or(&[][..], Node::items);
    let all = in_holder(notebook)
        .into_iter()
        .chain(sheets.iter().flat_map(in_holder));
    let numbered = (1..).zip(all);
    numbered
        .map(|(number, cell)| CellLines {
            number,
            lines: source_lines(&cell),
        })
        .collect()
}

fn source_lines(cell: &Node) -> Vec<(u32, String)> {
    let Some(source) = cell.get("source").or_else(|| cell.get("input")) else {
        return Vec::new();
    };
    let mut lines: Vec<(u32, String)> = Vec::new();
    let mut is_open = false;
    for part in source.one_or_many() {
        let text = part
            .as_str()
            .unwrap_or_default()
            .replace("\r\n", "\n")
            .replace('\r', "\n");
        for line in text.split_inclusive('\n') {
            let shown = line.trim_end_matches('\n');
            match lines.last_mut().filter(|_| is_open) {
                Some((_, known)) => known.push_str(shown),
                None => lines.push((part.place.line, shown.to_owned())),
            }
            is_open = !line.ends_with('\n');
        }
    }
    lines
}

impl Notebook {
    fn language(&self) -> Language {
        let name = self.languages.iter().flatten().next();
        match name.map(|name| name.to_ascii_lowercase()).as_deref() {
            Some("r" | "ir") => Language::R,
            Some(name) if name.starts_with("julia") => Language::Julia,
            _ => Language::Python,
        }
    }

    /// What of its structure could not be read.
    fn problems(&self) -> Vec<Problem> {
        let whole = self.problem.map(|what| Problem {
            place: Place::default(),
            what: what.to_owned(),
        });
        let partial = self.cells.iter().filter(|cell| cell.is_partial);
        let of_cells = partial.map(|cell| Problem {
            place: Place {
                cell: cell.number,
                line: 1,
            },
            what: "its source is not all text".to_owned(),
        });
        whole.into_iter().chain(of_cells.take(PROBLEMS)).collect()
    }
}

/// R and Julia: the cells are read as one text, whose lines are then given back to their cells.
fn read_joined(cells: &[CodeCell], read: fn(&str) -> Code) -> Code {
    let mut text = String::new();
    let mut starts: Vec<(u32, u32)> = Vec::new();
    let mut line = 1;
    for cell in cells {
        starts.push((line, cell.number));
        let lines = lines_of_other_languages(&cell.source);
        line += count(lines.matches('\n').count());
        text.push_str(&lines);
    }
    let mut code = read(&text);
    code.code_cells = count(cells.len());
    let relocate = |place: &mut Place| {
        let at = starts.partition_point(|(start, _)| *start <= place.line);
        if let Some((start, number)) = at.checked_sub(1).and_then(|at| starts.get(at)) {
            *place = Place {
                cell: *number,
                line: place.line + 1 - start,
            };
        }
    };
    code.imports
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code.scopes
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code.blocks
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code.calls.iter_mut().for_each(|found| relocate(&mut found.place));
    code.assignments
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code.asserts
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code.returns
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code.strings
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code.problems
        .iter_mut()
        .for_each(|found| relocate(&mut found.place));
    code
}

/// The lines of a cell of R or Julia, each with a line break. Magics and shell lines are not of the language.
fn lines_of_other_languages(source: &str) -> String {
    let is_magic = |line: &str| line.starts_with('%') || line.starts_with('!');
    let lines = source.lines();
    lines
        .map(|line| {
            if is_magic(line) {
                "\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect()
}

fn read_python(cells: &[CodeCell], texts: &mut Texts) -> Code {
    let mut joined = Joined::default();
    for cell in cells {
        joined.add(cell);
    }
    let places = Places::in_cells(&joined.text, joined.first_lines);
    let mut code = crate::python::read_cells(&joined.text, &joined.ranges, &places, texts);
    code.shell_lines = joined.shell_lines;
    joined.problems.append(&mut code.problems);
    code.problems = joined.problems;
    code.code_cells = count(cells.len());
    code
}

/// The code cells as one module.
#[derive(Default)]
struct Joined {
    text: String,
    ranges: Vec<std::ops::Range<u32>>,
    first_lines: Vec<(u32, u32)>,
    lines: u32,
    shell_lines: Vec<ShellLine>,
    problems: Vec<Problem>,
}

impl Joined {
    fn add(&mut self, cell: &CodeCell) {
        let mut code = self.python_of(cell);
        let refusal = crate::python::refusal(&code);
        let too_long = self.text.len() + code.len() > u32::MAX as usize / 2;
        if refusal.is_some() || too_long {
            let what = refusal.unwrap_or("is too long to be read");
            self.problems.push(Problem {
                place: Place {
                    cell: cell.number,
                    line: 1,
                },
                what: what.to_owned(),
            });
            code.clear();
        }
        if !self.ranges.is_empty() {
            self.text.push('\n');
        }
        self.first_lines.push((self.lines + 1, cell.number));
        self.lines += count(code.matches('\n').count()) + 1;
        let start = count(self.text.len());
        self.text.push_str(&code);
        self.ranges.push(start..count(self.text.len()));
    }

    /// The cell's Python with as many lines as the cell has; its commands go to the shell lines.
    fn python_of(&mut self, cell: &CodeCell) -> String {
        let mut code = String::with_capacity(cell.source.len());
        let mut lexical = Lexical::new();
        let mut mode = Mode::Code;
        let mut lines = (1..).zip(cell.source.split('\n'));
        let mut first = true;
        while let Some((number, line)) = lines.next() {
            if number > 1 {
                code.push('\n');
            }
            let place = Place {
                cell: cell.number,
                line: number,
            };
            if first && !line.trim().is_empty() {
                first = false;
                if let Some(magic) = line.trim().strip_prefix("%%") {
                    mode = cell_magic(magic, &mut code);
                    continue;
                }
            }
            match mode {
                Mode::Skip => {}
                Mode::Shell => {
                    let command = continued(line, &mut lines, &mut code);
                    self.shell(command.trim(), place);
                }
                Mode::Code => {
                    let replaced = if lexical.at_statement() { magic(line) } else { None };
                    match replaced {
                        None => {
                            lexical.feed(line.as_bytes());
                            code.push_str(line);
                        }
                        Some(replaced) => {
                            lexical.feed(replaced.code.as_bytes());
                            code.push_str(&replaced.code);
                            if replaced.is_command {
                                let whole = continued(line, &mut lines, &mut code);
                                let command = magic(&whole).and_then(|whole| whole.command);
                                self.shell(&command.unwrap_or_default(), place);
                            }
                        }
                    }
                }
            }
        }
        code
    }

    fn shell(&mut self, command: &str, place: Place) {
        if !command.is_empty() && !command.starts_with('#') {
            self.shell_lines.push(ShellLine {
                text: command.to_owned(),
                place,
            });
        }
    }
}

/// What the lines of a cell are.
#[derive(Clone, Copy)]
enum Mode {
    Code,
    Shell,
    Skip,
}

/// A line with a magic, as Python.
struct Replaced {
    code: String,
    /// Whether a command may go on in the next line after a backslash.
    is_command: bool,
    command: Option<String>,
}

/// What the rest of a cell is after `%%name …` in its first line.
fn cell_magic(magic: &str, code: &mut String) -> Mode {
    let (name, rest) = magic.split_once(char::is_whitespace).unwrap_or((magic, ""));
    match name {
        "bash" | "sh" | "shell" | "system" | "sx" | "!" => Mode::Shell,
        "script"
            if rest
                .split_whitespace()
                .next()
                .is_some_and(|shell| shell.ends_with("sh")) =>
        {
            Mode::Shell
        }
        "script" | "writefile" | "file" | "html" | "HTML" | "latex" | "markdown" | "md" | "javascript"
        | "js" | "svg" | "SVG" | "sql" | "bigquery" | "cmd" | "perl" | "ruby" | "R" | "r" | "julia"
        | "scala" | "cpp" | "cu" | "configure" | "sparksql" | "powershell" | "cython" | "ai" => Mode::Skip,
        "time" | "timeit" | "prun" if !rest.trim().is_empty() => {
            code.push_str(without_options(rest.trim()));
            Mode::Code
        }
        _ => Mode::Code,
    }
}

/// Joins lines that end in a backslash; in the code they stay empty.
fn continued<'a>(line: &str, lines: &mut impl Iterator<Item = (u32, &'a str)>, code: &mut String) -> String {
    let mut command = line.to_owned();
    while let Some(open) = command.trim_end().strip_suffix('\\') {
        let length = open.len();
        let Some((_, next)) = lines.next() else {
            break;
        };
        code.push('\n');
        command.truncate(length);
        command.push_str(next.trim_start());
    }
    command
}

/// The line as Python, if it holds a magic, a command or a question.
fn magic(line: &str) -> Option<Replaced> {
    let body = line.trim_start();
    let indent = &line[..line.len() - body.len()];
    let body = body.trim_end();
    let pass = |command: Option<String>| {
        Some(Replaced {
            code: format!("{indent}pass"),
            is_command: command.is_some(),
            command,
        })
    };
    if let Some(timed) = ["%time ", "%timeit ", "%prun ", "%memit "]
        .iter()
        .find_map(|name| body.strip_prefix(name))
    {
        return Some(Replaced {
            code: format!("{indent}{}", without_options(timed.trim_start())),
            is_command: false,
            command: None,
        });
    }
    if body.starts_with(['!', '%']) {
        return pass(line_command(body));
    }
    if body.starts_with('?') || (body.ends_with('?') && !body.contains(['#', '"', '\''])) {
        return pass(None);
    }
    if ["pip install ", "conda install "]
        .iter()
        .any(|start| body.starts_with(start))
    {
        return pass(Some(body.to_owned()));
    }
    let (target, value) = body.split_once('=')?;
    let value = value.trim_start();
    let names = |character: char| character.is_alphanumeric() || "_., ".contains(character);
    if value.starts_with(['!', '%']) && !value.starts_with("!=") && target.chars().all(names) {
        let command = line_command(value);
        return Some(Replaced {
            code: format!("{indent}{target}= None"),
            is_command: command.is_some(),
            command,
        });
    }
    None
}

/// Skips `-n 10 -r 3` before the code of `%timeit`.
fn without_options(mut code: &str) -> &str {
    while code.starts_with('-') {
        let (option, rest) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
        code = rest.trim_start();
        if option.len() == 2
            && let Some((value, rest)) = code.split_once(char::is_whitespace)
            && value.bytes().all(|byte| byte.is_ascii_digit())
        {
            code = rest.trim_start();
        }
    }
    code
}

/// The command of `!command` or of a magic that stands for one.
pub(crate) fn line_command(magic: &str) -> Option<String> {
    if let Some(command) = magic.strip_prefix('!') {
        return Some(command.trim_start_matches('!').trim().to_owned());
    }
    let body = magic.strip_prefix('%')?;
    let (name, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let rest = rest.trim();
    match name {
        "pip" | "conda" | "mamba" | "uv" | "poetry" | "cd" => Some(format!("{name} {rest}")),
        "sh" | "system" | "sx" | "bash" if !rest.is_empty() => Some(rest.to_owned()),
        "run" if !rest.is_empty() => Some(format!("python {rest}")),
        _ => None,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
