//! Dockerfiles: stages, instructions, the commands that `RUN`, `CMD` and `ENTRYPOINT` give.
//!
//! The text is scanned line by line: that reads broken files and templates as far as they go, with heredocs, which
//! a strict parser gives up on.

use rustc_hash::FxHashMap;

use crate::shell::{self, Script, Start};
use crate::{Place, Problem};

/// A Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dockerfile {
    /// What each `FROM` starts.
    pub stages: Vec<Stage>,
    /// All instructions in order.
    pub instructions: Vec<Instruction>,
    /// Directories that `WORKDIR` sets, resolved against the one before: stage, directory, place.
    pub workdirs: Vec<(u32, String, Place)>,
    /// What `COPY` and `ADD` bring in.
    pub copies: Vec<Copy>,
    /// Variables that `ENV` sets, and `ARG`s with a default: name, value, place.
    pub environment: Vec<(String, String, Place)>,
    /// Ports that `EXPOSE` names.
    pub exposed: Vec<String>,
    /// Lines that are no instruction.
    pub problems: Vec<Problem>,
}

/// A build stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// The image that it starts from, `ARG`s put in.
    pub image: String,
    /// Its name (`AS name`).
    pub name: Option<String>,
    /// Where it starts.
    pub place: Place,
}

/// An instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instruction {
    /// `RUN`, `COPY` …; the inner one of `ONBUILD`.
    pub keyword: String,
    /// The stage that it belongs to, as a position in [`Dockerfile::stages`]; 0 in front of the first too.
    pub stage: u32,
    /// Where it starts.
    pub place: Place,
    /// Its arguments as written, with continuation lines joined by a blank.
    pub text: String,
    /// The arguments as words: the exec form decoded, else split as a shell does.
    pub words: Vec<String>,
    /// What it runs, where it is `RUN`, `CMD`, `ENTRYPOINT` or `HEALTHCHECK`.
    pub script: Option<Script>,
    /// Whether it stood behind `ONBUILD`.
    pub on_build: bool,
}

/// A `COPY` or `ADD`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// What is copied.
    pub sources: Vec<String>,
    /// Where to.
    pub target: String,
    /// The stage or image of `--from`.
    pub from: Option<String>,
    /// The stage that it belongs to.
    pub stage: u32,
    /// Where it stands.
    pub place: Place,
}

const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Reads a Dockerfile.
pub fn read(text: &str) -> Dockerfile {
    let mut reader = Reader::new(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        at = reader.step(&lines, at);
    }
    reader.finish()
}

struct Reader {
    dockerfile: Dockerfile,
    escape: char,
    variables: FxHashMap<String, String>,
    /// Whether `SHELL` asked for `-e` or `pipefail`.
    errexit: bool,
    pipefail: bool,
    spent: usize,
    /// Whether a variable was not put in, since it grew too long.
    is_exceeded: bool,
}

/// Longest value of a variable that is put in, and most bytes that all of them may give.
const LONGEST_VALUE: usize = 1_000;
const MOST_BYTES: usize = 1_000_000;

/// One instruction's lines.
struct Lines {
    /// The lines joined by `\` and a line's end, comments blanked, so that positions stay right.
    raw: String,
    line: u32,
    next: usize,
}

impl Reader {
    fn new(text: &str) -> Self {
        let first = text.lines().take_while(|line| line.starts_with('#'));
        let escape = first
            .filter_map(|line| line.split_once('='))
            .find_map(|(key, value)| {
                let names_escape = key.trim_start_matches('#').trim().eq_ignore_ascii_case("escape");
                names_escape.then(|| value.trim().chars().next()).flatten()
            });
        Self {
            dockerfile: Dockerfile::default(),
            escape: escape.unwrap_or('\\'),
            variables: FxHashMap::default(),
            errexit: false,
            pipefail: false,
            spent: 0,
            is_exceeded: false,
        }
    }

    fn step(&mut self, lines: &[&str], at: usize) -> usize {
        let line = lines.get(at).map_or("", |line| line.trim());
        if line.is_empty() || line.starts_with('#') {
            return at + 1;
        }
        let instruction = self.collect(lines, at);
        let (keyword, rest) = split_keyword(&instruction.raw);
        let next = instruction.next;
        let upper = keyword.to_ascii_uppercase();
        if !KEYWORDS.contains(&upper.as_str()) {
            let what = "not an instruction of a Dockerfile";
            self.dockerfile.problems.push(Problem::at(instruction.line, what));
            return next;
        }
        let skipped = instruction.raw.len() - rest.len();
        let line = instruction.line + ends(instruction.raw.get(..skipped).unwrap_or_default());
        if upper == "ONBUILD" {
            let (keyword, inner) = split_keyword(rest);
            self.instruction(&keyword.to_ascii_uppercase(), inner, line, true);
        } else {
            self.instruction(&upper, rest, line, false);
        }
        next
    }

    /// Adds what the readers of commands and variables gave up on.
    fn finish(mut self) -> Dockerfile {
        let scripts = self
            .dockerfile
            .instructions
            .iter()
            .filter_map(|found| found.script.as_ref());
        let of_scripts: Vec<Problem> = scripts.flat_map(|script| script.problems.clone()).collect();
        self.dockerfile.problems.extend(of_scripts);
        if self.is_exceeded {
            let what = "variables grow too long to be put in";
            self.dockerfile.problems.push(Problem::at(1, what));
        }
        self.dockerfile
    }

    /// The lines of the instruction that starts at `at`, with the bodies of its here-documents.
    fn collect(&self, lines: &[&str], at: usize) -> Lines {
        let mut raw = String::new();
        let mut next = at;
        while let Some(line) = lines.get(next) {
            next += 1;
            let trimmed = line.trim_end();
            let is_comment = next > at + 1 && trimmed.trim_start().starts_with('#');
            let goes_on =
                is_comment || (next > at + 1 && trimmed.is_empty()) || trimmed.ends_with(self.escape);
            if !is_comment {
                raw.push_str(trimmed.strip_suffix(self.escape).unwrap_or(trimmed));
            }
            // A last line that asks for another one is the last all the same.
            if !goes_on || next == lines.len() {
                break;
            }
            raw.push_str("\\\n");
        }
        let keyword = split_keyword(&raw).0.to_ascii_uppercase();
        if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            for delimiter in heredocs(&raw) {
                while let Some(line) = lines.get(next) {
                    next += 1;
                    raw.push('\n');
                    raw.push_str(line);
                    if line.trim_start_matches('\t').trim_end() == delimiter {
                        break;
                    }
                }
            }
        }
        let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
        Lines { raw, line, next }
    }

    fn stage(&self) -> u32 {
        u32::try_from(self.dockerfile.stages.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn instruction(&mut self, keyword: &str, raw: &str, line: u32, on_build: bool) {
        let place = Place::line(line);
        let (_, command) = split_flags(raw);
        let exec = exec_form(command);
        let text = raw.replace("\\\n", " ").trim().to_owned();
        let words = match &exec {
            Some(words) => words.clone(),
            None => split_words(&text),
        };
        if keyword == "FROM" {
            self.from(&words, place);
        }
        let script = self.script(keyword, raw, exec.as_deref(), line);
        self.dockerfile.instructions.push(Instruction {
            keyword: keyword.to_owned(),
            stage: self.stage(),
            place,
            text,
            words: words.clone(),
            script,
            on_build,
        });
        match keyword {
            "COPY" | "ADD" => self.copy(raw, place),
            "ENV" | "ARG" => self.environment(keyword, &words, place),
            "WORKDIR" => self.workdir(&words, place),
            "EXPOSE" => self.dockerfile.exposed.extend(words),
            "SHELL" => {
                self.pipefail = words.iter().any(|word| word == "pipefail");
                self.errexit = words
                    .iter()
                    .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('e'));
            }
            _ => {}
        }
    }

    fn from(&mut self, words: &[String], place: Place) {
        let mut words = words.iter().filter(|word| !word.starts_with("--"));
        let image = words.next().cloned().unwrap_or_default();
        let name = words
            .next()
            .filter(|word| word.eq_ignore_ascii_case("as"))
            .and_then(|_| words.next());
        let (image, name) = (self.substitute(&image), name.cloned());
        self.dockerfile.stages.push(Stage { image, name, place });
    }

    /// Puts in `$X`, `${X}` and `${X:-default}`.
    fn substitute(&mut self, text: &str) -> String {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            result.push_str(before);
            let (reference, length) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((inner, _)) => (inner, inner.len() + 2),
                None => {
                    let end = after
                        .find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
                        .unwrap_or(after.len());
                    (after.get(..end).unwrap_or_default(), end)
                }
            };
            rest = after.get(length..).unwrap_or_default();
            let (name, default) = match reference.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (reference, None),
            };
            let value = self.variables.get(name).map(String::as_str).or(default);
            let fits = |value: &&str| value.len() < LONGEST_VALUE && self.spent + value.len() < MOST_BYTES;
            self.is_exceeded |= value.is_some_and(|value| !fits(&value));
            match value.filter(fits) {
                Some(value) => {
                    self.spent += value.len();
                    result.push_str(value);
                }
                None => {
                    result.push('$');
                    result.push_str(after.get(..length).unwrap_or_default());
                }
            }
        }
        result + rest
    }

    fn environment(&mut self, keyword: &str, words: &[String], place: Place) {
        let is_pairs = words.first().is_some_and(|word| word.contains('='));
        let pairs: Vec<(String, String)> = match words.split_first() {
            Some((name, value)) if !is_pairs && keyword == "ENV" => vec![(name.clone(), value.join(" "))],
            _ => {
                let pairs = words.iter().filter_map(|word| word.split_once('='));
                pairs
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect()
            }
        };
        for (name, value) in pairs {
            let value = self.substitute(&value);
            self.variables.insert(name.clone(), value.clone());
            self.dockerfile.environment.push((name, value, place));
        }
    }

    fn workdir(&mut self, words: &[String], place: Place) {
        let stage = self.stage();
        let directory = self.substitute(words.first().map_or("", String::as_str));
        let before = self.dockerfile.workdirs.last().filter(|(of, _, _)| *of == stage);
        let directory = match before {
            Some((_, before, _)) if !directory.starts_with(['/', '$']) && before.len() < 4096 => {
                format!("{}/{directory}", before.trim_end_matches('/'))
            }
            _ => directory,
        };
        self.dockerfile.workdirs.push((stage, directory, place));
    }

    fn copy(&mut self, raw: &str, place: Place) {
        let (flags, rest) = split_flags(raw);
        // The body of a here-document is no source.
        let rest = if heredocs(rest).is_empty() {
            rest
        } else {
            first_logical(rest)
        };
        let joined = rest.replace("\\\n", " ");
        let mut sources = exec_form(rest).unwrap_or_else(|| split_words(&joined));
        let Some(target) = sources.pop() else { return };
        let from = flags
            .iter()
            .find_map(|flag| flag.strip_prefix("--from="))
            .map(str::to_owned);
        let stage = self.stage();
        let target = self.substitute(&target);
        self.dockerfile.copies.push(Copy {
            sources,
            target,
            from,
            stage,
            place,
        });
    }

    fn script(&self, keyword: &str, raw: &str, exec: Option<&[String]>, line: u32) -> Option<Script> {
        if !matches!(keyword, "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK") {
            return None;
        }
        let (_, command) = split_flags(raw);
        let skipped = raw.len() - command.len();
        let mut start = Start {
            errexit: self.errexit,
            pipefail: self.pipefail,
            line: line + ends(raw.get(..skipped).unwrap_or_default()),
            variables: Vec::new(),
        };
        if let Some(words) = exec {
            let quoted: Vec<String> = words
                .iter()
                .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
                .collect();
            return Some(shell::read_from(&quoted.join(" "), &start));
        }
        let command = match keyword {
            "HEALTHCHECK" => command.strip_prefix("CMD").unwrap_or_default(),
            _ => command,
        };
        // `RUN <<EOF`: the body is the script itself.
        if command.starts_with("<<") {
            let first = first_logical(command);
            start.line += ends(first) + 1;
            let body = command.get(first.len() + 1..).unwrap_or_default();
            let body = body.rsplit_once('\n').map_or("", |(body, _)| body);
            let program = first.split_once(' ').map_or("", |(_, program)| program);
            // What follows keeps its lines.
            let program = program.replace("\\\n", " ");
            let program = program.trim();
            if program.is_empty() {
                return Some(shell::read_from(body, &start));
            }
            start.line -= ends(first) + 1;
            let command = format!("{program} {command}");
            return Some(shell::read_from(&command, &start));
        }
        Some(shell::read_from(command, &start))
    }
}

fn ends(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// The text up to the first line end that is not a continuation.
fn first_logical(text: &str) -> &str {
    let end = text
        .match_indices('\n')
        .find(|(at, _)| !text.get(..*at).unwrap_or_default().ends_with('\\'));
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

fn split_keyword(raw: &str) -> (&str, &str) {
    let raw = raw.trim_start();
    let end = raw
        .find(|c: char| c.is_whitespace() || c == '\\')
        .unwrap_or(raw.len());
    let (keyword, rest) = raw.split_at(end);
    (keyword, skip_blanks(rest))
}

/// Skips blanks and continuations.
fn skip_blanks(mut text: &str) -> &str {
    loop {
        let next = text.trim_start();
        let next = next.strip_prefix("\\\n").unwrap_or(next);
        if next.len() == text.len() {
            return text;
        }
        text = next;
    }
}

/// The `--flag=value`s in front, and the rest.
fn split_flags(raw: &str) -> (Vec<&str>, &str) {
    let mut flags = Vec::new();
    let mut rest = raw;
    while rest.starts_with("--") {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (flag, behind) = rest.split_at(end);
        flags.push(flag);
        rest = skip_blanks(behind);
    }
    (flags, rest)
}

/// The words of `["a", "b"]`.
fn exec_form(command: &str) -> Option<Vec<String>> {
    let joined = command.replace("\\\n", " ");
    joined
        .trim()
        .starts_with('[')
        .then(|| serde_json::from_str(joined.trim()).ok())
        .flatten()
}

fn split_words(text: &str) -> Vec<String> {
    shlex::split(text).unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect())
}

/// The delimiters of the here-documents that the instruction's first line opens.
fn heredocs(raw: &str) -> Vec<String> {
    let line = first_logical(raw);
    let delimiters = line.match_indices("<<").filter_map(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let rest = line.get(at + 2..).unwrap_or_default();
        if before.ends_with('<') || rest.starts_with('<') {
            return None;
        }
        let rest = rest.trim_start_matches('-').trim_start_matches(['"', '\'']);
        let end = rest
            .find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
            .then(|| name.to_owned())
    });
    delimiters.collect()
}

#[cfg(test)]
mod tests;
