//! `seeds`: seeds what training draws; see the page beside this file.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node};
use mlops_audit_core::extract::randomness::{Draw, EntryRandomness};
use mlops_audit_core::judge::entries_to_seed;

use super::Fixer;
use crate::edit::{Class, Fix};
use crate::python::{Argument, Imports, Module, Needed, Opening};

/// `seeds`
pub(super) const FIXER: Fixer = Fixer {
    id: "seeds",
    criteria: &["reproducibility.seeds"],
    class: Class::Safe,
    summary: "seeds the generators that training draws from, and passes seeds to the calls that take one",
    page: include_str!("seeds.md"),
    propose,
    open,
};

/// What is seeded with where the project has no seed of its own.
const SEED: &str = "42";

/// All unseeded draws, once for each run that makes them.
fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    let facts = inspection.facts();
    let entries = entries_to_seed(facts);
    let of_entries = entries
        .iter()
        .flat_map(|entry| unseeded(entry).map(|draw| place(entry, draw)));
    let beside = facts.randomness.splits_beside.iter();
    of_entries
        .chain(beside.filter(|draw| draw.is_unseeded()).map(Draw::evidence))
        .collect()
}

fn unseeded(entry: &EntryRandomness) -> impl Iterator<Item = &Draw> {
    entry.draws.iter().filter(|draw| draw.is_unseeded())
}

/// The place of a draw in the run of an entry point: each run has to be seeded for itself.
fn place(entry: &EntryRandomness, draw: &Draw) -> Evidence {
    let mut evidence = draw.evidence();
    if entry.path != draw.path {
        evidence.what = format!("{} when {} runs", evidence.what, entry.path);
    }
    evidence
}

/// What is to be done in one file.
#[derive(Default)]
struct Work<'facts> {
    /// What is drawn from generators of a whole run that begins here.
    whole_run: Vec<&'facts Draw>,
    /// Calls that take a seed, by their position.
    calls: BTreeMap<u32, &'facts Draw>,
    /// The places that this closes.
    closes: Vec<Evidence>,
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    let facts = inspection.facts();
    let codebase = &facts.basis.codebase;
    let entries = entries_to_seed(facts);
    let mut work: BTreeMap<FileIndex, Work<'_>> = BTreeMap::new();
    for entry in &entries {
        for draw in unseeded(entry) {
            let by_run = whole_run_seed(&draw.generator).is_some() && is_of_whole_run(draw);
            let file = if by_run {
                codebase.position(&entry.path)
            } else {
                Some(draw.call.0)
            };
            let Some(file) = file else { continue };
            let here = work.entry(file).or_default();
            here.closes.push(place(entry, draw));
            if by_run {
                here.whole_run.push(draw);
            } else {
                here.calls.insert(draw.call.1, draw);
            }
        }
    }
    for draw in facts
        .randomness
        .splits_beside
        .iter()
        .filter(|draw| draw.is_unseeded())
    {
        let here = work.entry(draw.call.0).or_default();
        here.closes.push(draw.evidence());
        here.calls.insert(draw.call.1, draw);
    }
    work.iter()
        .filter_map(|(file, work)| fix(inspection, codebase, *file, work))
        .collect()
}

/// Whether one call at the start of a run seeds a draw, and not an argument of its own.
fn is_of_whole_run(draw: &Draw) -> bool {
    draw.argument.is_none()
        || matches!(
            draw.generator.as_str(),
            "keras" | "tensorflow" | "torch" | "python"
        )
}

/// The call that seeds a generator for a whole run.
fn whole_run_seed(generator: &str) -> Option<Needed> {
    let needed = |module, alias, name| Some(Needed { module, alias, name });
    match generator {
        "python" => needed("random", "random", "seed"),
        "numpy" => needed("numpy", "np", "random.seed"),
        "torch" => needed("torch", "torch", "manual_seed"),
        "keras" => needed("keras", "keras", "utils.set_random_seed"),
        "tensorflow" => needed("tensorflow", "tf", "keras.utils.set_random_seed"),
        _ => None,
    }
}

fn fix(inspection: &Inspection<'_>, codebase: &Codebase, file: FileIndex, work: &Work<'_>) -> Option<Fix> {
    let mut module = Module::open(inspection, file)?;
    for (call, draw) in &work.calls {
        let call = module.code.calls.get(*call as usize)?;
        module.give(call, &argument(inspection, draw)?).ok()?;
    }
    if !work.whole_run.is_empty() {
        seed_run(codebase, &mut module, &work.whole_run)?;
    }
    let title = format!("seed what {} draws", codebase.file(file).path);
    Some(
        Fix::new(&FIXER, title)
            .closing(work.closes.clone())
            .with(module.rewrite.finish()?),
    )
}

/// The argument that seeds a draw.
fn argument(_: &Inspection<'_>, draw: &Draw) -> Option<Argument> {
    Some(Argument {
        names: vec![draw.argument.clone()?],
        position: None,
        value: SEED.to_owned(),
    })
}

/// Seeds the generators of a run where it begins.
fn seed_run(codebase: &Codebase, module: &mut Module<'_>, draws: &[&Draw]) -> Option<()> {
    let file = module.file;
    let nodes: Vec<Node> = draws.iter().filter_map(|draw| node_of(codebase, draw)).collect();
    let opening = Opening::before(codebase, file, &nodes)?;
    let generators: BTreeSet<&str> = draws.iter().map(|draw| draw.generator.as_str()).collect();
    let mut imports = Imports::default();
    let mut lines = Vec::new();
    for generator in generators {
        let name = imports.name(module, whole_run_seed(generator)?);
        lines.push(format!("{name}({SEED})"));
    }
    let uses: BTreeSet<usize> = draws
        .iter()
        .filter(|draw| draw.call.0 == file)
        .filter_map(|draw| {
            module
                .layout
                .outermost(module.code.calls.get(draw.call.1 as usize)?.span.start)
        })
        .collect();
    module
        .open_with(opening, &imports.lines, &lines, &|statement| {
            uses.contains(&statement)
        })
        .then_some(())
}

fn node_of(codebase: &Codebase, draw: &Draw) -> Option<Node> {
    let (file, call) = draw.call;
    let site = codebase.calls_of(file).nth(call as usize)?;
    Some(codebase.node_of(site))
}
