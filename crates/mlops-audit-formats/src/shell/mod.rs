//! Shell scripts: which commands run, where, and whether their failure counts.
//!
//! The reader follows what can be followed without running anything: lists, pipelines, branches, loops over written
//! items, functions, sub-shells, substitutions, `cd`, plain variables, and the wrappers around a command
//! (`sudo`, `timeout`, `bash -c` …). Batch files and PowerShell are read as far as they resemble it.

mod directory;
mod foreign;
mod launch;
mod lexer;
mod parser;
mod program;
mod status;
#[cfg(test)]
mod tests;
mod unwrap;
mod walk;
mod words;

use std::ops::Range;

use crate::{Place, Problem};

pub use foreign::Foreign;
pub use program::{Program, program};
pub use words::{REPOSITORY_ROOT, SCRIPT_DIRECTORY};

/// A script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The commands in the order of the text, those of functions, substitutions and `bash -c` among them. `cd`,
    /// `set` and assignments are not listed: their effect is noted on the others.
    pub commands: Vec<Command>,
    /// The functions that the script defines.
    pub functions: Vec<Function>,
    /// Whether the script stops at the first failure, from its first real command on.
    pub errexit: bool,
    /// Assignments in order, exported ones too, as far as their values are known.
    pub variables: Vec<(String, String)>,
    /// Where the reader gave up.
    pub problems: Vec<Problem>,
}

impl Script {
    /// Puts what stands below a line onto it. A text whose lines were written as `\n` has more of them than the file.
    pub(crate) fn end_at(&mut self, line: u32) {
        let commands = self.commands.iter_mut().flat_map(|command| {
            let heredoc = command.heredoc.as_mut().map(|heredoc| &mut heredoc.place);
            std::iter::once(&mut command.place).chain(heredoc)
        });
        let functions = self.functions.iter_mut().map(|function| &mut function.place);
        let problems = self.problems.iter_mut().map(|problem| &mut problem.place);
        for place in commands.chain(functions).chain(problems) {
            place.line = place.line.min(line);
        }
    }
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub place: Place,
    /// Its commands, as positions in [`Script::commands`].
    pub commands: Range<usize>,
}

/// How a command is joined to the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joint {
    /// A line's end or `;`.
    #[default]
    Then,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
    /// No command follows.
    Last,
}

/// The body of a here-document, or the word of `<<<`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The text.
    pub text: String,
    /// Where it starts.
    pub place: Place,
}

/// A command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments without quotes; a variable that the script does not make known stays `$X` or `${X}`.
    pub words: Vec<String>,
    /// Assignments in front of the command.
    pub environment: Vec<(String, String)>,
    /// Where it stands.
    pub place: Place,
    /// How it is joined to the next command.
    pub joint: Joint,
    /// Whether it stands in the condition of `if` or `while`.
    pub condition: bool,
    /// The function in whose body it stands.
    pub in_function: Option<String>,
    /// Whether it stands in a loop.
    pub in_loop: bool,
    /// Whether it stands in a branch of `if` or `case`.
    pub in_branch: bool,
    /// Whether its failure cannot fail the script.
    pub swallowed: bool,
    /// The directory that it runs in, relative to where the script starts; `None` where the script does not change it.
    pub directory: Option<String>,
    /// The file that its output goes to.
    pub writes: Option<String>,
    /// The file that its input comes from.
    pub reads: Option<String>,
    /// The here-document that it is given.
    pub heredoc: Option<Heredoc>,
}

impl Command {
    /// The Python program that the command takes from its input: `python - <<EOF`.
    pub fn program_on_input(&self) -> Option<&Heredoc> {
        let (first, rest) = self.words.split_first()?;
        let name = first.rsplit('/').next().unwrap_or(first);
        let reads = name.starts_with("python") && rest.iter().all(|word| word.starts_with('-'));
        self.heredoc.as_ref().filter(|_| reads)
    }
}

/// How a script is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// Whether it is run with `-e`.
    pub errexit: bool,
    /// Whether it is run with `-o pipefail`.
    pub pipefail: bool,
    /// The line of the file on which the text starts.
    pub line: u32,
    /// Variables that are known from outside.
    pub variables: Vec<(String, String)>,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            errexit: false,
            pipefail: false,
            line: 1,
            variables: Vec::new(),
        }
    }
}

/// The words as one line, which a shell splits into them again: for programs that are started without a shell.
pub fn line_of<'word>(words: impl IntoIterator<Item = &'word str>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:@,+%{}[]".contains(&byte);
    let quoted = words.into_iter().map(|word| match word {
        "" => "''".to_owned(),
        _ if word.bytes().all(is_plain) => word.to_owned(),
        _ => format!("'{}'", word.replace('\'', "'\\''")),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Reads a script that is started without options.
pub fn read(text: &str) -> Script {
    read_from(text, &Start::default())
}

/// Reads a script that is started with or without `-e`.
pub fn read_with(text: &str, errexit: bool) -> Script {
    let start = Start {
        errexit,
        ..Start::default()
    };
    read_from(text, &start)
}

/// Reads a script that is started in this way. The given variables are not among [`Script::variables`].
pub fn read_from(text: &str, start: &Start) -> Script {
    walk::script(&foreign::translate(text), start)
}
