//! Requirements of Python packages: requirements files, and the requirement strings of `pyproject.toml`, conda
//! and Poetry.

mod pin;

use std::ops::Range;

pub use pin::Pin;

use crate::{LineIndex, Place, Problem, Span};

/// What a requirements or constraints file says.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// The packages that it names, in order.
    pub requirements: Vec<Requirement>,
    /// Files that it includes with `-r`, relative to its own folder.
    pub includes: Vec<(String, Place)>,
    /// Constraints files that it names with `-c`.
    pub constraints: Vec<(String, Place)>,
    /// Addresses of `--index-url`, `--extra-index-url` and `--find-links`.
    pub indexes: Vec<(String, Place)>,
    /// Whether pip-compile, uv or a like tool wrote it: its pins are a lock and not a person's choice.
    pub is_compiled: bool,
    /// Lines that are no requirement and no option.
    pub problems: Vec<Problem>,
}

/// One required package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// The name as PEP 503 normalises it: `scikit-learn` for `Scikit_Learn`. Empty where only a path or an
    /// address is given.
    pub name: String,
    /// The name as written.
    pub raw_name: String,
    /// The extras, as written: `["cuda"]` for `jax[cuda]`.
    pub extras: Vec<String>,
    /// The version constraint as written, without outer space or parentheses; empty where there is none.
    pub specifier: String,
    /// How far the constraint fixes the version.
    pub pin: Pin,
    /// The environment marker as written, without its semicolon.
    pub marker: Option<String>,
    /// The address or path that the package is installed from.
    pub url: Option<String>,
    /// How many `--hash` options it has.
    pub hashes: u32,
    /// Whether it is installed with `-e`.
    pub editable: bool,
    /// Where it stands; the default for a requirement that was read from a string.
    pub place: Place,
    /// Its bytes with its options and continuation lines; empty for one that was read from a string.
    pub span: Span,
}

/// Reads a requirements or constraints file, the output of `pip freeze`, or of `conda list --export`.
pub fn read(text: &str) -> Requirements {
    let lines = LineIndex::new(text);
    let mut found = Requirements {
        is_compiled: has_compiler_header(text),
        ..Requirements::default()
    };
    for logical in logical_lines(text) {
        let start = u32::try_from(logical.bytes.start).unwrap_or(u32::MAX);
        let span = Span {
            start,
            end: u32::try_from(logical.bytes.end).unwrap_or(u32::MAX),
        };
        found.line(&logical.text, Place::line(lines.line(start)), span);
    }
    found
}

/// Reads one PEP 508 requirement: `torch[cuda]>=2,<3 ; python_version < "3.12"`, `x @ git+https://…`. None
/// where the line does not begin with a package's name or consist of an address.
pub fn requirement(line: &str) -> Option<Requirement> {
    let line = line.trim();
    if is_address(line) {
        return Some(addressed(line));
    }
    let (raw_name, rest) = split_name(line)?;
    let (extras, rest) = split_extras(rest)?;
    let mut requirement = Requirement {
        name: normalised(raw_name),
        raw_name: raw_name.to_owned(),
        extras,
        ..Requirement::default()
    };
    if let Some(address) = rest.strip_prefix('@') {
        let (url, marker) = split_marker(address.trim_start(), "; ", " ;");
        requirement.pin = pin::of_url(url);
        requirement.url = Some(url.to_owned());
        requirement.marker = marker;
        return Some(requirement);
    }
    let (specifier, marker) = split_marker(rest, ";", ";");
    let specifier = specifier
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(specifier)
        .trim();
    requirement.marker = marker;
    requirement.pin = pin::of_specifier(specifier)?;
    requirement.specifier = specifier.to_owned();
    Some(requirement)
}

/// Reads a dependency of a conda environment: `numpy=1.26`, `conda-forge::python=3.10`, `pip`.
///
/// A single `=` matches by prefix, so that it fixes a version only if three numbers or a build follow.
pub fn conda(spec: &str) -> Requirement {
    let spec = spec.split('#').next().unwrap_or_default().trim();
    let spec = spec.rsplit_once("::").map_or(spec, |(_, rest)| rest);
    // `numpy[version='>=1.8']` is a spelling that conda itself exports.
    let (spec, bracket) = match spec.split_once('[') {
        Some((name, rest)) => (
            name,
            rest.split_once("version=")
                .map(|(_, version)| version.trim_end_matches(']')),
        ),
        None => (spec, None),
    };
    let end = spec
        .find(|sign: char| sign.is_whitespace() || "=<>!~".contains(sign))
        .unwrap_or(spec.len());
    let (raw_name, rest) = spec.split_at(end);
    let bracketed = bracket.map(|version| version.trim_matches(['\'', '"']));
    let specifier = bracketed.unwrap_or(rest).trim();
    Requirement {
        name: normalised(raw_name),
        raw_name: raw_name.to_owned(),
        pin: pin::of_conda(specifier),
        specifier: specifier.to_owned(),
        ..Requirement::default()
    }
}

/// Reads the constraint that Poetry has for a package: `^1.2` and `~1.2` are ranges, a bare `1.2.3` is exact.
pub fn poetry(name: &str, spec: &str) -> Requirement {
    let specifier = spec.trim();
    Requirement {
        name: normalised(name),
        raw_name: name.to_owned(),
        pin: pin::of_poetry(specifier),
        specifier: specifier.to_owned(),
        ..Requirement::default()
    }
}

/// The name by which package indexes compare packages, as PEP 503 defines it.
pub fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for sign in name.chars() {
        match sign {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            _ => out.extend(sign.to_lowercase()),
        }
    }
    out
}

/// A line with its continuations joined and its comment removed.
struct Logical {
    text: String,
    bytes: Range<usize>,
}

fn logical_lines(text: &str) -> Vec<Logical> {
    let mut found = Vec::new();
    let mut open: Option<Logical> = None;
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let start = at;
        at += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        // The second half of `\r\n` is no line.
        if content.is_empty()
            && line == "\n"
            && text.get(..start).is_some_and(|before| before.ends_with('\r'))
        {
            continue;
        }
        let (content, continues) = match content.strip_suffix('\\') {
            Some(content) if !content.trim_start().starts_with('#') => (content, true),
            _ => (content, false),
        };
        let code = without_comment(content).trim();
        let first = start + content.len() - content.trim_start().len();
        let logical = open.get_or_insert(Logical {
            text: String::new(),
            bytes: first..first,
        });
        if !code.is_empty() {
            if !logical.text.is_empty() {
                logical.text.push(' ');
            }
            logical.text.push_str(code);
            logical.bytes.end = first + code.len();
        }
        if !continues {
            found.extend(open.take());
        }
    }
    found.extend(open);
    found.retain(|logical| !logical.text.is_empty());
    found
}

/// A comment begins at the line's start or after white space: addresses have `#egg=`.
fn without_comment(line: &str) -> &str {
    let is_start = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = line.match_indices('#').find(|(at, _)| is_start(*at));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// Tools say in the first lines who wrote the file, and `# via` at each package why it is there.
fn has_compiler_header(text: &str) -> bool {
    let mut comments = text
        .lines()
        .map(str::trim)
        .filter_map(|line| line.split_once('#'))
        .map(|(_, rest)| rest.trim());
    comments.any(|comment| {
        let lower = comment.to_ascii_lowercase();
        lower == "via"
            || lower.starts_with("via ")
            || lower.contains("autogenerated by")
            || lower.starts_with("pip-compile")
            || lower.starts_with("uv pip compile")
    })
}

impl Requirement {
    /// Whether its constraint takes a version; it does where either is none that PEP 440 knows.
    pub fn admits(&self, version: &str) -> bool {
        pin::admits(&self.specifier, version)
    }
}

impl Requirements {
    fn line(&mut self, line: &str, place: Place, span: Span) {
        if line.starts_with('-') && self.option(line, place, span) {
            return;
        }
        let (line, hashes) = without_options(line);
        self.is_compiled |= hashes > 0;
        let read = requirement(&line).or_else(|| exported(&line));
        match read {
            Some(requirement) => self.requirements.push(Requirement {
                hashes,
                place,
                span,
                ..requirement
            }),
            None => self.problem(place, &line),
        }
    }

    /// Reads a line that is an option; an unknown one is none of our concern.
    fn option(&mut self, line: &str, place: Place, span: Span) -> bool {
        let (name, value) = split_option(line);
        let value = value.trim_matches(['"', '\'']).to_owned();
        match name {
            "-r" | "--requirement" | "--requirements" => self.includes.push((value, place)),
            "-c" | "--constraint" | "--constraints" => self.constraints.push((value, place)),
            "-i" | "--index-url" | "--extra-index-url" | "--pypi-url" | "-f" | "--find-links" => {
                self.indexes.push((value, place));
            }
            "-e" | "--editable" => {
                let read = requirement(&value).filter(|read| read.url.is_some());
                self.requirements.push(Requirement {
                    editable: true,
                    place,
                    span,
                    ..read.unwrap_or_else(|| addressed(&value))
                });
            }
            _ if name.starts_with("--") => {}
            _ => return false,
        }
        true
    }

    fn problem(&mut self, place: Place, line: &str) {
        let short: String = line.chars().take(60).collect();
        self.problems.push(Problem {
            place,
            what: format!("no requirement: {short}"),
        });
    }
}

/// An option and its value: `-r x`, `-rx`, `--requirement=x`.
fn split_option(line: &str) -> (&str, &str) {
    let is_end = |sign: char| sign == '=' || sign.is_whitespace();
    let end = match line.starts_with("--") {
        true => line.find(is_end).unwrap_or(line.len()),
        false => line.char_indices().nth(2).map_or(line.len(), |(at, _)| at),
    };
    let (name, value) = line.split_at(end);
    (name, value.trim_start_matches(is_end).trim())
}

/// The requirement without options such as `--hash=sha256:…`, and how many hashes it has.
fn without_options(line: &str) -> (String, u32) {
    let start = line.find(" --").unwrap_or(line.len());
    let (requirement, options) = line.split_at(start);
    let hashes = options
        .split_whitespace()
        .filter(|word| word.starts_with("--hash"))
        .count();
    (
        requirement.trim().to_owned(),
        u32::try_from(hashes).unwrap_or(u32::MAX),
    )
}

/// `name=1.2=build`, as `conda list --export` writes into files that people call requirements.
fn exported(line: &str) -> Option<Requirement> {
    let (name, rest) = split_name(line)?;
    let is_spec = rest.starts_with('=') && !rest.starts_with("==") && !rest.contains(char::is_whitespace);
    is_spec.then(|| Requirement {
        raw_name: name.to_owned(),
        ..conda(line)
    })
}

/// Whether the text is where a package is and not what it is called.
fn is_address(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let has_scheme = first.find("://").is_some_and(|at| {
        first[..at]
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '+' | '.' | '-'))
    });
    let is_archive =
        [".whl", ".tar.gz", ".zip"].iter().any(|end| first.ends_with(end)) && !first.contains("==");
    has_scheme
        || is_archive
        || first.starts_with(['.', '/', '~'])
        || first.starts_with("git@")
        || first.starts_with("file:")
}

/// A requirement that is only an address; its name is that of `#egg=` or of the wheel, where there is one.
fn addressed(text: &str) -> Requirement {
    let (url, marker) = split_marker(text, "; ", " ;");
    let raw_name = pin::name_in_url(url).unwrap_or_default();
    Requirement {
        name: normalised(raw_name),
        raw_name: raw_name.to_owned(),
        pin: pin::of_url(url),
        url: Some(url.to_owned()),
        marker,
        ..Requirement::default()
    }
}

/// The name at the start, and what follows it.
fn split_name(line: &str) -> Option<(&str, &str)> {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.');
    let end = line.find(|sign| !is_part(sign)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let is_name = name.starts_with(|sign: char| sign.is_ascii_alphanumeric())
        && name.ends_with(|sign: char| sign.is_ascii_alphanumeric());
    is_name.then(|| (name, rest.trim_start()))
}

fn split_extras(rest: &str) -> Option<(Vec<String>, &str)> {
    let Some(inner) = rest.strip_prefix('[') else {
        return Some((Vec::new(), rest));
    };
    let (extras, rest) = inner.split_once(']')?;
    let extras = extras
        .split(',')
        .map(str::trim)
        .filter(|extra| !extra.is_empty())
        .map(str::to_owned);
    Some((extras.collect(), rest.trim_start()))
}

/// What stands before the semicolon, and the marker after it. Addresses may hold a semicolon without space
/// around it.
fn split_marker<'text>(text: &'text str, sign: &str, other: &str) -> (&'text str, Option<String>) {
    let at = [text.find(sign), text.find(other)].into_iter().flatten().min();
    let Some(at) = at else {
        return (text.trim(), None);
    };
    let marker = text[at..].trim_start().trim_start_matches(';').trim();
    (text[..at].trim(), (!marker.is_empty()).then(|| marker.to_owned()))
}

#[cfg(test)]
mod tests;
