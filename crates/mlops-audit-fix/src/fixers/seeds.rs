//! `seeds`: seeds what training draws; see the page beside this file.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node};
use mlops_audit_core::extract::randomness::{Draw, EntryRandomness};
use mlops_audit_core::judge::entries_to_seed;
use mlops_audit_formats::code::Expr;

use super::Fixer;
use crate::edit::{Class, Fix};
use crate::python::{Imports, Lines, Module, Opening};
use crate::seeding::{
    Drawing, Seeders, argument, for_call, for_run, is_script_language, is_seeded_by_run, seed_script,
    switches,
};

/// `seeds`
pub(super) const FIXER: Fixer = Fixer {
    id: "seeds",
    criteria: &["reproducibility.seeds"],
    class: Class::Safe,
    summary: "seeds the generators that training draws from, and gives a seed to the calls that take one",
    page: include_str!("seeds.md"),
    propose,
    open,
};

/// All unseeded draws, once for each run that makes them.
fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    let facts = inspection.facts();
    let entries = entries_to_seed(facts);
    let of_entries = entries
        .iter()
        .flat_map(|entry| facts.randomness.unseeded(entry).map(|draw| place(entry, draw)));
    let beside = facts.randomness.splits_beside.iter();
    of_entries
        .chain(beside.filter(|draw| draw.is_unseeded()).map(Draw::evidence))
        .collect()
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
    whole_run: Vec<(&'facts Draw, Evidence)>,
    /// Calls that take a seed, each with the places that are closed by giving it one.
    calls: BTreeMap<u32, (&'facts Draw, Vec<Evidence>)>,
}

impl<'facts> Work<'facts> {
    /// Gives a call its seed, which closes a place.
    fn give(&mut self, draw: &'facts Draw, closed: Evidence) {
        let (_, places) = self.calls.entry(draw.call.1).or_insert((draw, Vec::new()));
        places.push(closed);
    }
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    let facts = inspection.facts();
    let codebase = &facts.basis.codebase;
    let mut fixes = Vec::new();
    let mut work: BTreeMap<FileIndex, Work<'_>> = BTreeMap::new();
    for entry in entries_to_seed(facts) {
        if let Some(fix) = switch_on(inspection, entry) {
            fixes.push(fix);
            continue;
        }
        for draw in facts.randomness.unseeded(entry) {
            let closed = place(entry, draw);
            if by_run(inspection, draw) {
                let Some(file) = codebase.position(&entry.path) else {
                    continue;
                };
                work.entry(file).or_default().whole_run.push((draw, closed));
            } else {
                work.entry(draw.call.0).or_default().give(draw, closed);
            }
        }
    }
    for draw in facts
        .randomness
        .splits_beside
        .iter()
        .filter(|draw| draw.is_unseeded())
    {
        work.entry(draw.call.0).or_default().give(draw, draw.evidence());
    }
    for (file, work) in work {
        fixes.extend(of_file(inspection, file, work));
    }
    if fixes.is_empty() && facts.basis.training.sites.is_empty() {
        let why = match facts.randomness.language_model_calls.is_empty() {
            true => "nothing is trained, so nothing is drawn",
            false => "what language models draw is not seeded by an edit",
        };
        return vec![Fix::new(&FIXER, "seed what is drawn").impossible(why)];
    }
    fixes
}

/// Whether a draw is seeded where its run begins: it takes no seed of its own, or its call cannot be given one.
fn by_run(inspection: &Inspection<'_>, draw: &Draw) -> bool {
    if is_seeded_by_run(inspection.catalogue, draw) {
        return true;
    }
    let codebase = &inspection.facts().basis.codebase;
    let call = codebase.file(draw.call.0).code.calls.get(draw.call.1 as usize);
    // Without an argument of its own it draws from the generator of the whole run, which is what a mapping that is
    // spread into the call leaves it to.
    draw.generator == "numpy"
        && call.is_none_or(|call| {
            call.arguments
                .iter()
                .any(|found| matches!(found.value, Expr::Spread(_)))
        })
}

/// Gives a seed to the configuration that leaves it out, where the code asks it for one.
fn switch_on(inspection: &Inspection<'_>, entry: &EntryRandomness) -> Option<Fix> {
    let switches = switches(inspection, entry);
    let first = switches.first()?;
    let title = format!("give {} the seed that {} asks for", first.path, entry.path);
    let closed: Vec<Evidence> = inspection
        .facts()
        .randomness
        .unseeded(entry)
        .filter(|draw| by_run(inspection, draw))
        .map(|draw| place(entry, draw))
        .collect();
    if closed.is_empty() {
        return None;
    }
    let edits = switches.into_iter().map(|switch| switch.edit);
    Some(Fix::new(&FIXER, title).closing(closed).with(edits))
}

/// The fixes of one file: one of all that can be done, and one that says why for each thing that cannot.
fn of_file(inspection: &Inspection<'_>, file: FileIndex, work: Work<'_>) -> Vec<Fix> {
    let source = inspection.facts().basis.codebase.file(file);
    let title = format!("seed what {} draws", source.path);
    let refused = |why: &str| Fix::new(&FIXER, title.clone()).impossible(why);
    if is_script_language(source.code.language) {
        return vec![of_script(inspection, file, &work, &title).unwrap_or_else(|why| refused(&why))];
    }
    let Some(mut module) = Module::open(inspection, file) else {
        return vec![refused("it is Python 2, or does not parse as a whole")];
    };
    let (mut closed, mut fixes) = (Vec::new(), Vec::new());
    let mut imports = Imports::default();
    for (position, (draw, places)) in &work.calls {
        match give(inspection, &mut module, *position, draw, &mut imports) {
            Ok(()) => closed.extend(places.iter().cloned()),
            Err(why) => {
                let title = format!("seed {} ({})", draw.what, draw.evidence().location());
                fixes.push(Fix::new(&FIXER, title).impossible(why));
            }
        }
    }
    if module.add_imports(&imports.lines, &|_| false).is_err() {
        return vec![refused("it is empty")];
    }
    match seed_run(inspection, &mut module, &work.whole_run, &mut imports) {
        Ok(()) => closed.extend(work.whole_run.iter().map(|(_, place)| place.clone())),
        Err(why) => fixes.push(Fix::new(&FIXER, format!("seed the run of {}", source.path)).impossible(why)),
    }
    if !closed.is_empty() {
        let fix = Fix::new(&FIXER, title.clone()).closing(closed);
        fixes.insert(
            0,
            match module.rewrite.finish() {
                Some(edits) => fix.with(edits),
                None => refused("its lines cannot be followed byte by byte"),
            },
        );
    }
    fixes
}

fn of_script(
    inspection: &Inspection<'_>,
    file: FileIndex,
    work: &Work<'_>,
    title: &str,
) -> Result<Fix, String> {
    let code = &inspection.facts().basis.codebase.file(file).code;
    let all = work.whole_run.iter().map(|(draw, place)| (*draw, place));
    let all: Vec<(&Draw, &Evidence)> = all
        .chain(
            work.calls
                .values()
                .flat_map(|(draw, places)| places.iter().map(move |place| (*draw, place))),
        )
        .collect();
    let here = all.iter().filter(|(draw, _)| draw.call.0 == file);
    let first = here
        .filter_map(|(draw, _)| code.calls.get(draw.call.1 as usize))
        .map(|call| call.span.start)
        .min();
    let rewrite = seed_script(inspection, file, first)?;
    let edits = rewrite
        .finish()
        .ok_or("its lines cannot be followed byte by byte")?;
    let closed = all.iter().map(|(_, place)| (*place).clone());
    Ok(Fix::new(&FIXER, title).closing(closed).with(edits))
}

/// Gives a call the argument that seeds it.
fn give(
    inspection: &Inspection<'_>,
    module: &mut Module<'_>,
    position: u32,
    draw: &Draw,
    imports: &mut Imports,
) -> Result<(), String> {
    let basis = &inspection.facts().basis;
    let site = basis.codebase.site(module.file, position);
    let site = site.ok_or("no call makes it here")?;
    let call = site.call;
    let random = inspection
        .catalogue
        .randomness(basis.uses.target(&basis.codebase, site));
    let (names, at) = match random {
        Some((random, _)) => (random.argument.clone(), random.position),
        None => (draw.argument.iter().map(ToString::to_string).collect(), None),
    };
    let seed = for_call(inspection, module, call);
    let argument = argument(module, draw, at, &names, &seed, imports)?;
    module
        .give(call, &argument)
        .map_err(|refusal| refusal.to_string())
}

/// Seeds the generators of a run where it begins, and adds the imports that were asked for before.
fn seed_run(
    inspection: &Inspection<'_>,
    module: &mut Module<'_>,
    draws: &[(&Draw, Evidence)],
    imports: &mut Imports,
) -> Result<(), String> {
    let codebase = &inspection.facts().basis.codebase;
    let file = module.file;
    let nodes: Vec<Node> = draws
        .iter()
        .filter_map(|(draw, _)| node_of(codebase, draw))
        .collect();
    let openings = Opening::before(codebase, file, &nodes).ok_or("no place of it is sure to run before")?;
    let drawing = Drawing {
        codebase,
        draws: draws.iter().map(|(draw, _)| *draw).collect(),
        nodes,
    };
    let uses = drawing.statements(module);
    let is_use = |statement: usize| uses.contains(&statement);
    let files: BTreeSet<FileIndex> = draws.iter().map(|(draw, _)| draw.call.0).chain([file]).collect();
    let seeders = Seeders::new(inspection, file, &files);
    for (opening, nodes) in openings {
        let of_opening = draws
            .iter()
            .filter(|(draw, _)| node_of(codebase, draw).is_none_or(|node| nodes.contains(&node)));
        let generators: BTreeSet<&str> = of_opening.map(|(draw, _)| draw.generator.as_str()).collect();
        let seed = for_run(inspection, module, opening);
        let mut here = Lines {
            below: seed.below,
            ..Lines::default()
        };
        if opening == Opening::Module {
            let last = module.last_leading_import(&is_use);
            here.imports.upto = Some(last.map_or(0, |last| module.end_of(last)));
        }
        here.lines = seeders.lines(module, opening, &generators, &seed.text, &mut here.imports)?;
        here.imports.lines.retain(|line| !imports.lines.contains(line));
        module.open_with(opening, &here, &is_use)?;
        if !matches!(opening, Opening::Step(_)) {
            imports.lines.append(&mut here.imports.lines);
        }
    }
    Ok(())
}

fn node_of(codebase: &Codebase, draw: &Draw) -> Option<Node> {
    let (file, call) = draw.call;
    Some(codebase.node_of(codebase.site(file, call)?))
}
