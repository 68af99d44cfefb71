//! How data, models and settings are kept.

mod assigned;
mod classes;
mod commands;
mod config_modules;
pub mod data;
mod drawn;
mod generators;
mod groups;
mod handed;
mod hyper_parameters;
mod kaggle;
mod kedro;
mod locations;
mod model_paths;
pub mod models;
pub(in crate::extract) mod numbered;
pub mod paths;
mod readers;
mod saves;
pub mod settings;
mod settings_calls;
mod settings_files;
mod settings_modules;
mod shelves;
mod sources;
mod stores;
pub(super) mod wording;

use mlops_audit_formats::code::ScopeKind;
use mlops_audit_formats::dotted::last_segment;
use rustc_hash::FxHashSet;

use super::Basis;
use super::codebase::{Node, Reached};
use crate::evidence::Evidence;
use crate::read::Document;

pub use data::{Data, DataSource, Pin};
pub(crate) use locations::is_content;
pub(crate) use model_paths::is_model_path;
pub use models::{Models, Store, StoreKind};
pub(super) use saves::is_default_run_folder;
pub use settings::{EntrySettings, Settings};
pub(super) use wording::is_by_product;

/// How code, data, models and settings are kept.
#[derive(Debug, Default)]
pub struct Versioning {
    /// What tells which version of the code this is.
    pub code: CodeHistory,
    /// Where training takes its data from.
    pub data: Data,
    /// Where trained models go.
    pub models: Models,
    /// Where training takes its settings from.
    pub settings: Settings,
}

/// What tells which version of the code this is.
#[derive(Debug, Default)]
pub struct CodeHistory {
    /// A repository with a commit.
    pub repository: Option<Evidence>,
    /// Metadata that names the commit which the files were exported from.
    pub export: Option<Evidence>,
    /// A repository without any commit.
    pub is_empty: bool,
}

impl Versioning {
    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>) -> Self {
        let texts = paths::Texts::new(basis);
        let shelves = shelves::Shelves::new(basis);
        let live = live(basis);
        Self {
            code: code_history(basis),
            data: data::gather(basis, &texts, &shelves, &live),
            models: models::gather(basis, &texts, &shelves, &live),
            settings: settings::gather(basis, &texts),
        }
    }
}

/// All code outside tests that runs when some file of the project is run or imported.
fn live(basis: &Basis<'_>) -> Reached {
    let files = (0u32..).zip(&basis.codebase.files);
    let nodes = files
        .filter(|(_, file)| !file.is_test)
        .flat_map(|(at, _)| [Node::module(at), Node::main(at)]);
    let reached = basis.codebase.reach(nodes);
    let named = basis.codebase.reach(named_in_settings(basis));
    let started = basis.runs.all_reached();
    Reached::union([&reached, &named].into_iter().chain(started))
}

/// Methods of classes that a configuration names for the code to instantiate (`_target_: src.data.Loader`,
/// `"type": "Loader"`).
fn named_in_settings(basis: &Basis<'_>) -> Vec<Node> {
    let mut named: FxHashSet<&str> = FxHashSet::default();
    for (file, data) in basis.documents.all_data() {
        if !paths::is_settings_file(&file.path) {
            continue;
        }
        for document in &data.documents {
            document.walk(&mut |path, node| {
                let makes = matches!(
                    path.last().copied(),
                    Some("_target_" | "type" | "class" | "class_path" | "name" | "target")
                );
                if let Some(text) = node.as_str().filter(|text| makes && text.len() < 200) {
                    named.insert(last_segment(text));
                }
            });
        }
    }
    let mut nodes = Vec::new();
    for (at, file) in (0u32..).zip(&basis.codebase.files) {
        if file.is_test || named.is_empty() {
            continue;
        }
        for (id, scope) in (0u32..).zip(&file.code.scopes) {
            if scope.kind != ScopeKind::Function {
                continue;
            }
            let parent = &file.code.scopes[scope.parent as usize];
            if parent.kind == ScopeKind::Class && named.contains(parent.name.as_str()) {
                nodes.push(Node::definition(at, id));
            }
        }
    }
    nodes
}

fn code_history(basis: &Basis<'_>) -> CodeHistory {
    let mut history = CodeHistory::default();
    if let Some(git) = &basis.listing.git {
        match &git.commit {
            Some(commit) => {
                let short: String = commit.chars().take(12).collect();
                history.repository = Some(Evidence::file(
                    ".git",
                    format!("a Git repository at commit {short}"),
                ));
            }
            None => history.is_empty = true,
        }
    }
    history.export = basis.listing.files.iter().find_map(export_metadata);
    history
}

/// Files that version control leaves in an export, or in a working copy of another system than Git.
fn export_metadata(file: &crate::discover::File) -> Option<Evidence> {
    let path = file.path.as_str();
    let what = match path {
        ".git_archival.txt" | ".git_archival.json" => "metadata of a Git archive",
        ".hg_archival.txt" => "metadata of a Mercurial archive",
        ".svn/entries" | ".svn/wc.db" => "metadata of a Subversion working copy",
        ".hg/requires" | ".hg/dirstate" => "metadata of a Mercurial repository",
        _ => return None,
    };
    Some(Evidence::file(path, what))
}

/// The lines of a plain text file of the project.
fn text<'a>(basis: &'a Basis<'_>, path: &str) -> Option<&'a str> {
    match &basis.documents.get(path)?.document {
        Document::Text(text) => Some(text),
        _ => None,
    }
}
