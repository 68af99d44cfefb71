//! Stage 2: bytes in, documents with positions out.
//!
//! Decides by its name which reader takes a file. Nothing here fails: what cannot be read is [`Unread`] with its
//! reason, and what could be read of it counts. Only the project's own files are read.

mod conflicts;
mod format;
mod markdown;
mod unclosed;

use std::collections::BTreeMap;
use std::sync::Mutex;

use mlops_audit_formats::code::Code;
use mlops_audit_formats::comments::{self, Comment};
use mlops_audit_formats::data::{Data, Node};
use mlops_audit_formats::dockerfile::Dockerfile;
use mlops_audit_formats::groovy::Jenkinsfile;
use mlops_audit_formats::make::Makefile;
use mlops_audit_formats::requirements::Requirements;
use mlops_audit_formats::shell::Script;
use mlops_audit_formats::texts::Texts;
use mlops_audit_formats::{
    Place, Problem, decode, dockerfile, groovy, hcl, ini, json, julia, make, notebook, python, r,
    requirements, shell, toml, yaml,
};
use rayon::prelude::*;

pub use format::Format;
pub use markdown::Markdown;

use crate::audit::Unread;
use crate::discover::{File, Presence, Source, too_large, too_large_hit};

/// What a file says.
#[derive(Debug)]
pub enum Document {
    /// Python, a notebook, R, R Markdown, Julia.
    Code(Box<Code>),
    /// YAML, TOML, JSON, INI or HCL, in one tree.
    Data(Data),
    /// A requirements file.
    Requirements(Requirements),
    /// A shell or batch script.
    Shell(Script),
    /// A Makefile or justfile.
    Make(Makefile),
    /// A Dockerfile.
    Docker(Dockerfile),
    /// A Jenkinsfile or Groovy file.
    Groovy(Jenkinsfile),
    /// Markdown or reStructuredText: the commands that it documents.
    Markdown(Markdown),
    /// Anything else that is small and whose text some fact rests on (SQL, `.gitattributes`, a lock file of lines).
    Text(String),
}

/// A file with what it says.
#[derive(Debug)]
pub struct ReadFile {
    /// Path relative to the root.
    pub path: String,
    /// Which reader took it.
    pub format: Format,
    /// What it says.
    pub document: Document,
}

/// All documents of a repository.
#[derive(Debug, Default)]
pub struct Documents {
    /// The files that were read, sorted by path.
    pub files: Vec<ReadFile>,
    /// What could not be read, or only in part.
    pub unread: Vec<Unread>,
    /// Files that stop whatever runs them at marks of a merge conflict, each with the line of the first mark.
    pub conflicts: BTreeMap<String, u32>,
    /// Comments that are addressed to the audit, each with its file.
    pub addressed: Vec<(String, Comment)>,
    /// Limits that were hit, in words.
    pub limits_hit: Vec<String>,
}

impl Documents {
    /// The document of the file with this path.
    pub fn get(&self, path: &str) -> Option<&ReadFile> {
        self.files
            .binary_search_by(|file| file.path.as_str().cmp(path))
            .ok()
            .map(|at| &self.files[at])
    }

    /// The data tree of the file with this path.
    pub fn data(&self, path: &str) -> Option<&Data> {
        match &self.get(path)?.document {
            Document::Data(data) => Some(data),
            _ => None,
        }
    }

    /// The files that are refused as a whole by what they are written for, each with the line and the reason.
    pub fn refused(&self) -> impl Iterator<Item = (&str, Place, String)> {
        let conflicts = self.conflicts.iter().map(|(path, line)| {
            let why = "it holds a merge conflict that nobody has resolved".to_owned();
            (path.as_str(), Place::line(*line), why)
        });
        let data = self.all_data().filter_map(|(file, data)| {
            let place = data.refused.as_ref()?.place;
            let why = format!("its line {} is no valid YAML", place.line);
            Some((file.path.as_str(), place, why))
        });
        conflicts.chain(data)
    }

    /// The first document of the data file with this path, which is the only one in most formats.
    pub fn root(&self, path: &str) -> Option<&Node> {
        self.data(path)?.documents.first()
    }

    /// All files that were read as data, with their trees.
    pub fn all_data(&self) -> impl Iterator<Item = (&ReadFile, &Data)> {
        self.files.iter().filter_map(|file| match &file.document {
            Document::Data(data) => Some((file, data)),
            _ => None,
        })
    }
}

/// Reads all files of the project's own that some reader takes. Each thread shares what is written alike in the files that
/// it reads. The largest are started first, so that no core waits long at the end; the result does not depend on the
/// order.
pub fn read(source: &dyn Source) -> Documents {
    let mut wanted: Vec<(&File, Format)> = source
        .listing()
        .files
        .iter()
        .filter(|file| file.is_own() && file.presence != Presence::Missing)
        .filter_map(|file| Some((file, Format::of(file)?)))
        .collect();
    wanted.sort_by(|(a, _), (b, _)| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    let shared = Mutex::new(Vec::new());
    let outcomes: Vec<Outcome> = wanted
        .par_iter()
        .with_max_len(1)
        .map(|(file, format)| {
            let mut texts = shared
                .lock()
                .ok()
                .and_then(|mut idle| idle.pop())
                .unwrap_or_default();
            let outcome = read_file(source, file, *format, &mut texts);
            if let Ok(mut idle) = shared.lock() {
                idle.push(texts);
            }
            outcome
        })
        .collect();
    let mut documents = Documents::default();
    for outcome in outcomes {
        documents.files.extend(outcome.file);
        documents.unread.extend(outcome.unread);
        documents.conflicts.extend(outcome.conflict);
        documents.addressed.extend(outcome.addressed);
    }
    documents.files.sort_by(|a, b| a.path.cmp(&b.path));
    documents.unread.sort();
    documents.limits_hit.extend(too_large_files(source, &wanted));
    documents
        .addressed
        .sort_by(|(a, first), (b, second)| a.cmp(b).then(first.place.cmp(&second.place)));
    documents
}

/// The user's limit, where files are larger that a reader would have taken.
fn too_large_files(source: &dyn Source, wanted: &[(&File, Format)]) -> Option<String> {
    let largest = source.listing().largest;
    let left_out = || {
        let too_large = wanted
            .iter()
            .filter(|(file, format)| file.size > largest && largest < format.largest());
        too_large.map(|(file, _)| file.path.as_str())
    };
    let first = left_out().min()?;
    Some(too_large_hit(largest, left_out().count(), first))
}

/// What came of one file.
#[derive(Default)]
struct Outcome {
    file: Option<ReadFile>,
    unread: Vec<Unread>,
    conflict: Option<(String, u32)>,
    addressed: Vec<(String, Comment)>,
}

fn read_file(source: &dyn Source, file: &File, format: Format, texts: &mut Texts) -> Outcome {
    let unread = |why: String| Unread {
        path: file.path.clone(),
        path_bytes: None,
        why,
    };
    // The smaller of the two limits holds: what the user allows, and what is still a text of this format.
    let largest = format.largest().min(source.listing().largest);
    if file.size > largest {
        return failed(unread(too_large(largest)));
    }
    let bytes = match source.read(file) {
        Ok(bytes) if bytes.len() as u64 > largest => return failed(unread(too_large(largest))),
        Ok(bytes) => bytes,
        Err(why) => return failed(unread(why)),
    };
    let decoded = decode::decode_owned(bytes);
    if decoded.is_binary {
        return failed(unread("binary content".to_owned()));
    }
    let mut problems: Vec<Unread> = decoded.problem.into_iter().map(unread).collect();
    let document = parse(&decoded.text, format, texts);
    // One line a file: the first problem stands for those that follow from it.
    problems.extend(
        problems_of(&document)
            .first()
            .map(|problem| unread(described(problem))),
    );
    let conflict = conflicts::stopping(&decoded.text, format, problems_of(&document));
    Outcome {
        file: Some(ReadFile {
            path: file.path.clone(),
            format,
            document,
        }),
        unread: problems,
        conflict: conflict.map(|line| (file.path.clone(), line)),
        addressed: addressed(&file.path, &decoded.text, format),
    }
}

fn failed(why: Unread) -> Outcome {
    Outcome {
        unread: vec![why],
        ..Outcome::default()
    }
}

/// What a comment to the audit starts with, after its sign.
pub(crate) const ADDRESS: &str = "mlops-audit:";

/// The comments that are addressed to the audit. Nearly no file has one, so it is looked for before comments are told
/// from strings.
fn addressed(path: &str, text: &str, format: Format) -> Vec<(String, Comment)> {
    if !text.contains(ADDRESS) {
        return Vec::new();
    }
    let comments = match format {
        Format::Python => comments::python(text),
        Format::Notebook => comments::notebook(text),
        Format::R
        | Format::Yaml
        | Format::YamlLock
        | Format::Toml
        | Format::TomlLock
        | Format::Hcl
        | Format::Requirements
        | Format::Shell
        | Format::Make
        | Format::Just
        | Format::Docker => comments::hash(text),
        _ => Vec::new(),
    };
    let to_us = |comment: &Comment| {
        comment
            .text
            .trim_start_matches('#')
            .trim_start()
            .starts_with(ADDRESS)
    };
    comments
        .into_iter()
        .filter(to_us)
        .map(|comment| (path.to_owned(), comment))
        .collect()
}

fn described(problem: &Problem) -> String {
    match (problem.place.cell, problem.place.line) {
        (0, 0) => problem.what.clone(),
        (0, line) => format!("line {line}: {}", problem.what),
        (cell, line) => format!("cell {cell}, line {line}: {}", problem.what),
    }
}

fn parse(text: &str, format: Format, texts: &mut Texts) -> Document {
    match format {
        Format::Python => Document::Code(Box::new(python::read_sharing(text, texts))),
        Format::Notebook => Document::Code(Box::new(notebook::read_sharing(text, texts))),
        Format::R => Document::Code(Box::new(r::read(text))),
        Format::RMarkdown => Document::Code(Box::new(r::read_markdown(text))),
        Format::Julia => Document::Code(Box::new(julia::read(text))),
        Format::Yaml => Document::Data(yaml::read(text)),
        Format::YamlLock => Document::Data(yaml::read_lock(text)),
        Format::Toml => Document::Data(toml::read(text)),
        Format::TomlLock => Document::Data(toml::read_lock(text)),
        Format::Json => Document::Data(json::read(text)),
        Format::Ini => Document::Data(ini::read(text)),
        Format::Hcl => Document::Data(hcl::read(text)),
        Format::Requirements => Document::Requirements(requirements::read(text)),
        Format::Shell => Document::Shell(shell::read(text)),
        Format::Make => Document::Make(make::read(text)),
        Format::Just => Document::Make(make::read_justfile(text)),
        Format::Docker => Document::Docker(dockerfile::read(text)),
        Format::Groovy => Document::Groovy(groovy::read(text)),
        Format::Markdown => Document::Markdown(markdown::read(text)),
        Format::Text => Document::Text(text.to_owned()),
    }
}

fn problems_of(document: &Document) -> &[Problem] {
    match document {
        Document::Code(code) => &code.problems,
        Document::Data(data) => &data.problems,
        Document::Requirements(requirements) => &requirements.problems,
        Document::Shell(script) => &script.problems,
        Document::Make(makefile) => &makefile.problems,
        Document::Docker(dockerfile) => &dockerfile.problems,
        Document::Groovy(jenkinsfile) => &jenkinsfile.problems,
        Document::Markdown(page) => &page.commands.problems,
        _ => &[],
    }
}
