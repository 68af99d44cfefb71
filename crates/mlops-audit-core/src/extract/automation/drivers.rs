//! Scripts whose purpose is to run the steps: each step in a module of its own that is named for it.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Language;

use super::imports::OwnImports;
use super::{Chain, Shape, Work, names};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached};

/// Fewest modules of steps that make a script a driver.
const FEWEST: usize = 3;

/// Names of modules that say nothing of themselves; their folder does.
const GENERIC: &[&str] = &[
    "__init__",
    "main",
    "run",
    "core",
    "base",
    "component",
    "step",
    "app",
    "__main__",
];

/// All drivers.
pub(super) fn find(basis: &Basis<'_>, imports: &OwnImports) -> Vec<Chain> {
    let codebase = &basis.codebase;
    let scripts = (0..u32::try_from(codebase.files.len()).unwrap_or(u32::MAX))
        .filter(|file| !codebase.file(*file).is_test)
        .flat_map(|file| [Node::module(file), Node::main(file)]);
    let run = codebase.reach(scripts);
    let training: BTreeSet<FileIndex> = basis.training.sites.iter().map(|site| site.file).collect();
    (0..u32::try_from(codebase.files.len()).unwrap_or(u32::MAX))
        .filter(|file| {
            let source = codebase.file(*file);
            source.code.language == Language::Python
                && !source.is_test
                && !source.is_notebook
                && !training.contains(file)
                && basis.listing.in_project(&source.path)
                && is_meant_as_driver(&source.path)
        })
        .filter_map(|file| driver(basis, imports, file, &run))
        .collect()
}

/// A script that is named for one step is that step.
fn is_meant_as_driver(path: &str) -> bool {
    let stem = stem(path);
    let words = names::words(stem);
    let names_driver = words.iter().any(|word| {
        matches!(
            word.as_ref(),
            "pipeline"
                | "pipelines"
                | "main"
                | "run"
                | "workflow"
                | "flow"
                | "orchestrator"
                | "driver"
                | "runner"
        )
    });
    names_driver || names::clear(stem).is_none()
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The step that a module is named for, by its own name or, where that says nothing, by its folder's.
fn module_step(path: &str) -> Option<Work> {
    let own = stem(path);
    let named = if GENERIC.contains(&own) {
        path.rsplit('/').nth(1).unwrap_or_default()
    } else {
        own
    };
    let words = names::words(named);
    let is = |word: &str| words.iter().any(|found| found == word);
    if is("utils") || is("config") || is("helpers") || is("constants") || is("schema") && words.len() == 1 {
        return None;
    }
    names::clear(named).or_else(|| {
        let is_data = is("data") || is("dataset") || is("datasets");
        let gets = ["load", "extract", "extraction", "get", "pull", "sync"];
        let loads_data = is_data && gets.into_iter().any(is);
        let makes_data = is_data && ["make", "process", "processing", "build"].into_iter().any(is);
        let indexes = (is("index") || is("indexer") || is("embed") || is("embedding") || is("scrape"))
            && words.len() <= 2;
        if loads_data {
            Some(Work::Ingest)
        } else {
            (makes_data || indexes).then_some(Work::Prepare)
        }
    })
}

fn driver(basis: &Basis<'_>, imports: &OwnImports, file: FileIndex, run: &Reached) -> Option<Chain> {
    let codebase = &basis.codebase;
    let mut steps: BTreeMap<FileIndex, (Work, Place, String)> = BTreeMap::new();
    let mut seen: BTreeSet<FileIndex> = BTreeSet::new();
    for site in codebase.calls_of(file) {
        let Some(callee) = codebase.callee(site) else {
            continue;
        };
        let is_other = callee.file != file && run.contains(codebase.node_of(site));
        if !is_other || !seen.insert(callee.file) {
            continue;
        }
        let module = &codebase.file(callee.file).path;
        if let Some(work) = module_step(module) {
            steps
                .entry(callee.file)
                .or_insert((work, site.call.place, stem(module).to_owned()));
        }
    }
    let broken = imports.of(file);
    let named: Vec<Work> = if broken.is_some() {
        imported_steps(basis, file)
    } else {
        Vec::new()
    };
    let mut ordered: Vec<&(Work, Place, String)> = steps.values().collect();
    ordered.sort_by_key(|(_, place, _)| *place);
    let works: Vec<Work> = if named.len() > ordered.len() {
        named
    } else {
        ordered.iter().map(|(work, ..)| *work).collect()
    };
    let kinds: BTreeSet<Work> = works.iter().copied().collect();
    if works.len() < FEWEST || kinds.len() < 2 || !works.iter().any(|work| work.is_learning()) {
        return None;
    }
    let path = &codebase.file(file).path;
    let mut evidence: Vec<Evidence> = ordered
        .iter()
        .map(|(work, place, module)| {
            Evidence::new(path.clone(), *place, format!("{}: calls {module}", work.as_str()))
        })
        .collect();
    evidence.extend(broken.cloned());
    // A step whose module cannot be imported stops the driver as well.
    let why = broken.or_else(|| steps.keys().find_map(|step| imports.of(*step)));
    Some(Chain {
        shape: if why.is_some() {
            Shape::Broken
        } else {
            Shape::Chained
        },
        definition: "driver script".to_owned(),
        works,
        evidence,
        why: why.map(|found| format!("{} ({})", found.what, found.location())),
        rank: 3,
    })
}

/// The steps that a file's imports from the project name, whether their modules exist or not.
fn imported_steps(basis: &Basis<'_>, file: FileIndex) -> Vec<Work> {
    let mut modules: BTreeSet<&str> = BTreeSet::new();
    let source = basis.codebase.file(file);
    source
        .code
        .imports
        .iter()
        .filter(|import| basis.catalogue.imported(&import.module).is_empty())
        .filter(|import| modules.insert(&import.module))
        .filter_map(|import| module_step(&format!("{}.py", import.module.replace('.', "/"))))
        .collect()
}
