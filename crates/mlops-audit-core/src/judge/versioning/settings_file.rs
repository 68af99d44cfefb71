//! The file of settings that is proposed: the one that the project has, else a new one with the values that the code has
//! now, and the lines that read it where they are used.

use mlops_audit_formats::code::{Call, Expr, Language};
use mlops_audit_formats::data::{Node, Value};

use crate::advise::Implementation;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::codebase::FileIndex;
use crate::extract::versioning::is_model_path;
use crate::extract::versioning::settings::Literal;
use crate::judge::insertion::{below_imports, lacking};
use crate::judge::installing::trains_nothing;

/// Most settings that a proposed file holds.
const MOST: usize = 8;

/// What is proposed.
pub(super) struct Proposal {
    /// The file.
    pub(super) file: String,
    /// Whether it holds hyper-parameters already.
    pub(super) is_filled: bool,
    /// The steps that lead to it.
    pub(super) implementation: Implementation,
}

/// The file, and the steps that lead to it.
pub(super) fn proposed(facts: &Facts<'_>, literals: &[&Literal]) -> Proposal {
    let found = existing(facts, literals);
    let is_filled = found.as_ref().is_some_and(|(_, is_filled)| *is_filled);
    let file = found.map_or_else(|| "params.yaml".to_owned(), |(file, _)| file);
    Proposal {
        implementation: steps(facts, &file, literals),
        file,
        is_filled,
    }
}

/// The file of settings that training reads already, or that waits to be read.
fn existing(facts: &Facts<'_>, literals: &[&Literal]) -> Option<(String, bool)> {
    let settings = &facts.versioning.settings;
    let codebase = &facts.basis.codebase;
    let fits = |place: &Evidence| {
        let file = codebase.position(&place.path);
        file.is_some_and(|file| !facts.basis.training.sites_in(file).is_empty())
    };
    let read = settings
        .entries
        .iter()
        .flat_map(|entry| &entry.files)
        .filter(|file| file.hyper_parameter.is_some() || fits(&file.read_at))
        .map(|file| (&file.path, file.hyper_parameter.is_some()));
    // One that nothing reads has to be of this training: it holds all that the code writes out.
    let taken = taken(literals).map(|(_, taken)| taken).unwrap_or_default();
    let holds_all = |path: &str| {
        let block = block_with(facts, path, &taken);
        block.is_some_and(|block| taken.iter().all(|literal| block.keys.contains(&literal.name)))
    };
    let unread = settings
        .unread
        .iter()
        .filter(|found| !is_model_path(&found.path) && holds_all(&found.path))
        .map(|found| (&found.path, true));
    let is_data = |(path, _): &(&String, bool)| {
        [".yaml", ".yml", ".json", ".toml"]
            .iter()
            .any(|ending| path.ends_with(ending))
    };
    let found = read.chain(unread).find(is_data);
    found.map(|(path, is_filled)| (path.clone(), is_filled))
}

fn steps(facts: &Facts<'_>, file: &str, literals: &[&Literal]) -> Implementation {
    let start = Implementation::default();
    let in_python: Vec<&Literal> = literals
        .iter()
        .copied()
        .filter(|literal| language(facts, literal) == Some(Language::Python))
        .collect();
    let Some((call, taken)) = taken(&in_python) else {
        let what = match trains_nothing(facts) {
            true => "the name of the model, thresholds and sizes",
            false => "the arguments that the code passes to the model, the split and the optimiser",
        };
        return start
            .decide(format!(
                "write {what} into {file}, under the names that the code gives them"
            ))
            .decide(format!(
                "read {file} once where the run starts, and hand the values on"
            ));
    };
    let block = block_with(facts, file, &taken);
    let start = match (&block, facts.basis.listing.file(file)) {
        (Some(_), Some(_)) => start,
        (None, Some(_)) => start.change(
            &Evidence::file(file, "holds settings"),
            written(file, &taken).trim_end(),
        ),
        (_, None) => start.create(file, written(file, &taken)),
    };
    let block = block.unwrap_or_else(|| Block::new(&taken));
    let place = &taken[0].evidence;
    let codebase = &facts.basis.codebase;
    let start = match codebase.position(&place.path) {
        Some(position) => start.add(&below_imports(codebase, position), reading(facts, position, file)),
        None => start.decide(format!("read {file} once where the run starts")),
    };
    start.change(place, handed(facts, call, &taken, &block))
}

/// A block of a file of settings.
struct Block {
    /// The keys that lead to it.
    path: Vec<String>,
    /// Its own keys.
    keys: Vec<String>,
}

impl Block {
    /// The block that is written anew.
    fn new(taken: &[&Literal]) -> Self {
        Self {
            path: vec!["model".to_owned()],
            keys: taken.iter().map(|literal| literal.name.clone()).collect(),
        }
    }

    /// Whether a call that takes these settings can take the whole block: it holds nothing else.
    fn is_whole(&self, call: Option<&Call>, taken: &[&Literal]) -> bool {
        let is_taken = |key: &String| {
            taken.iter().any(|literal| literal.name == *key)
                || call.is_some_and(|call| call.keyword(key).is_some())
        };
        !self.path.is_empty() && self.keys.iter().all(is_taken)
    }
}

fn language(facts: &Facts<'_>, literal: &Literal) -> Option<Language> {
    let codebase = &facts.basis.codebase;
    let file = codebase.position(&literal.evidence.path)?;
    Some(codebase.file(file).code.language)
}

/// The call that takes most of the settings and is a class, whose arguments can be handed over as one group, else the
/// first one, with what it takes.
fn taken<'literals>(literals: &[&'literals Literal]) -> Option<(&'literals str, Vec<&'literals Literal>)> {
    let is_class = |call: &str| {
        call.rsplit('.')
            .next()
            .is_some_and(|name| name.starts_with(char::is_uppercase))
    };
    let calls = literals.iter().map(|literal| literal.call.as_str());
    let call = calls
        .filter(|call| is_class(call))
        .max_by_key(|call| literals.iter().filter(|other| other.call == *call).count())
        .or_else(|| literals.first().map(|literal| literal.call.as_str()))?;
    let first = literals.iter().find(|literal| literal.call == call)?;
    // Another call of the same class elsewhere has values of its own.
    let mut found: Vec<&Literal> = Vec::new();
    for literal in literals {
        let is_same = literal.call == call
            && literal.evidence.path == first.evidence.path
            && literal.evidence.place.cell == first.evidence.place.cell;
        let is_new = found.iter().all(|other| other.name != literal.name);
        if is_same && is_new && found.len() < MOST {
            found.push(literal);
        }
    }
    Some((call, found))
}

/// The text of a new block of the file.
fn written(file: &str, literals: &[&Literal]) -> String {
    let is_json = file.ends_with(".json");
    let is_toml = file.ends_with(".toml");
    let mut lines: Vec<String> = Vec::new();
    for literal in literals {
        lines.push(match (is_json, is_toml) {
            (true, _) => format!("    \"{}\": {}", literal.name, value(&literal.value)),
            (_, true) => format!("{} = {}", literal.name, value(&literal.value)),
            _ => format!("  {}: {}", literal.name, value(&literal.value)),
        });
    }
    match (is_json, is_toml) {
        (true, _) => format!("{{\n  \"model\": {{\n{}\n  }}\n}}\n", lines.join(",\n")),
        (_, true) => format!("[model]\n{}\n", lines.join("\n")),
        _ => format!("model:\n{}\n", lines.join("\n")),
    }
}

/// The first block of an existing file that holds one of these settings.
fn block_with(facts: &Facts<'_>, file: &str, literals: &[&Literal]) -> Option<Block> {
    let (_, data) = facts
        .basis
        .documents
        .all_data()
        .find(|(found, _)| found.path == file)?;
    let holds = |node: &Node| {
        let entries = node.entries();
        let has = |name: &str| entries.iter().any(|entry| entry.key == name);
        !entries.is_empty() && literals.iter().any(|literal| has(&literal.name))
    };
    let mut open: Vec<(Vec<String>, &Node)> = vec![(Vec::new(), data.documents.first()?)];
    while let Some((path, node)) = open.pop() {
        if holds(node) {
            let keys = node.entries().iter().map(|entry| entry.key.clone()).collect();
            return Some(Block { path, keys });
        }
        if let Value::Map(entries) = &node.value
            && path.len() < 4
        {
            for entry in entries.iter().rev() {
                let mut below = path.clone();
                below.push(entry.key.clone());
                open.push((below, &entry.value));
            }
        }
    }
    None
}

/// The lines that read the file.
fn reading(facts: &Facts<'_>, position: FileIndex, file: &str) -> String {
    let codebase = &facts.basis.codebase;
    let (module, call) = match file.rsplit('.').next() {
        Some("json") => ("import json", "json.loads"),
        Some("toml") => ("import tomllib", "tomllib.loads"),
        _ => ("import yaml", "yaml.safe_load"),
    };
    let imports = lacking(codebase, position, &["from pathlib import Path", module]);
    format!("{imports}\nparams = {call}(Path(\"{file}\").read_text())")
}

/// The call with the settings from the file; the arguments that stay in the code stay in the call.
fn handed(facts: &Facts<'_>, name: &str, taken: &[&Literal], block: &Block) -> String {
    let path: String = block.path.iter().map(|key| format!("[\"{key}\"]")).collect();
    let call = called(facts, name, &taken[0].evidence);
    let is_class = name
        .rsplit('.')
        .next()
        .is_some_and(|name| name.starts_with(char::is_uppercase));
    if !is_class || !block.is_whole(call, taken) {
        let known = taken.iter().filter(|literal| block.keys.contains(&literal.name));
        let each: Vec<String> = known
            .map(|literal| format!("{0}=params{path}[\"{0}\"]", literal.name))
            .collect();
        return format!("{name}(..., {})", each.join(", "));
    }
    let rest: Option<Vec<String>> = call.map(|call| {
        let left = call.arguments.iter().filter(|argument| {
            let name = argument.name.as_deref();
            block.keys.iter().all(|key| Some(key.as_str()) != name)
        });
        let shown = left.map(|argument| {
            let value = shown(&argument.value)?;
            Some(match &argument.name {
                Some(name) => format!("{name}={value}"),
                None => value,
            })
        });
        shown
            .map(|argument| argument.unwrap_or_else(|| "...".to_owned()))
            .collect()
    });
    let mut rest = rest.unwrap_or_default();
    // What cannot be shown stays as it is, and is said once.
    let has_more = rest.iter().any(|argument| argument == "...");
    rest.retain(|argument| argument != "...");
    if has_more {
        rest.insert(0, "...".to_owned());
        rest.sort_by_key(|argument| argument.contains('='));
    }
    rest.push(format!("**params{path}"));
    format!("{name}({})", rest.join(", "))
}

/// The call of this name at a place, or around it.
fn called<'facts>(facts: &'facts Facts<'_>, name: &str, place: &Evidence) -> Option<&'facts Call> {
    let codebase = &facts.basis.codebase;
    let file = codebase.position(&place.path)?;
    let calls = &codebase.file(file).code.calls;
    let last = name.rsplit('.').next().unwrap_or(name);
    let mut same = calls
        .iter()
        .filter(|call| call.method() == last && call.place.cell == place.place.cell);
    same.clone()
        .find(|call| call.place.line == place.place.line)
        .or_else(|| same.rfind(|call| call.place.line <= place.place.line))
}

/// A value as code, where it is a plain one.
fn shown(value: &Expr) -> Option<String> {
    Some(match value {
        Expr::Bool(true) => "True".to_owned(),
        Expr::Bool(false) => "False".to_owned(),
        Expr::None => "None".to_owned(),
        Expr::Number(number) => number.to_string(),
        Expr::String(text) if !text.contains(['"', '\\', '\n']) => format!("\"{text}\""),
        _ => return None,
    })
}

/// A Python literal as YAML, JSON and TOML write it.
fn value(value: &str) -> String {
    match value {
        "True" => "true".to_owned(),
        "False" => "false".to_owned(),
        "None" => "null".to_owned(),
        text if text.starts_with('\'') => format!("\"{}\"", text.trim_matches('\'')),
        other => other.to_owned(),
    }
}
