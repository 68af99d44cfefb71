//! What training draws at random, and what seeds it.

mod calls;
mod handed;
mod search;
mod seed;
mod settings;

use std::collections::BTreeSet;
use std::sync::Arc;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Text;
use rustc_hash::FxHashMap;

use super::Basis;
use super::codebase::{FileIndex, Reached};
use super::training::{EntryPoint, TrainingKind};
use crate::evidence::Evidence;
use calls::{DrawCall, RandomCalls, SeedingCall};

/// What training draws at random, and what seeds it.
#[derive(Debug, Default)]
pub struct Randomness {
    /// Each training entry point with its draws, by file.
    pub entries: Vec<EntryRandomness>,
    /// Calls of language models outside tests, each a draw.
    pub language_model_calls: Vec<Draw>,
    /// Other draws outside tests, for repositories that train nothing.
    pub other_draws: Vec<Draw>,
    /// Splits of data in steps that training does not reach.
    pub splits_beside: Vec<Draw>,
    /// Calls that seed a generator, for repositories that train nothing.
    pub seedings: Vec<Evidence>,
}

/// A training entry point with what it draws.
#[derive(Clone, Debug)]
pub struct EntryRandomness {
    /// The file that is run.
    pub path: String,
    /// Whether it counts as a main one: somebody is told to run it or something runs it, or nothing is run at all.
    pub is_main: bool,
    /// Whether the code that fits is seen: a framework is imported. What runs elsewhere may draw anything.
    pub is_seen: bool,
    /// The first place that fits a model.
    pub trains: Evidence,
    /// What it draws; entries that reach the same code share its draws.
    pub draws: Vec<Arc<Draw>>,
    /// Calls that would seed, but whose value a setting leaves out.
    pub switched_off: Vec<Evidence>,
    /// Calls that seed a generator from which nothing is drawn, or too late.
    pub idle: Vec<Evidence>,
}

/// A call that draws random numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// The file.
    pub path: Text,
    /// Where it stands.
    pub place: Place,
    /// What is called, in short: `RandomForestClassifier`.
    pub what: Text,
    /// The generator that it draws from.
    pub generator: Text,
    /// The argument that would seed it, where it has one.
    pub argument: Option<Text>,
    /// What seeds it.
    pub state: Seeded,
    /// Position of the file and of the call in it.
    pub call: (FileIndex, u32),
}

/// What seeds a draw.
#[derive(Clone, Debug, PartialEq)]
pub enum Seeded {
    /// Its own argument.
    ByArgument,
    /// The library, without being asked.
    ByDefault,
    /// A call that seeds the generator.
    ByCall(Arc<Evidence>),
    /// Nothing.
    Never,
}

impl Draw {
    /// Evidence at the draw.
    pub fn evidence(&self) -> Evidence {
        let what = match (&self.state, &self.argument) {
            (Seeded::ByArgument, Some(argument)) => format!("{} with {argument}", self.what),
            (Seeded::ByArgument, None) => format!("{}, seeded", self.what),
            (Seeded::ByDefault, _) => format!("{}, repeatable by default", self.what),
            (Seeded::ByCall(_), _) => format!("{}, seeded before", self.what),
            (Seeded::Never, Some(argument)) => format!("{} without {argument}", self.what),
            (Seeded::Never, None) => format!("{} draws unseeded", self.what),
        };
        Evidence::new(self.path.as_str(), self.place, what)
    }

    /// Whether something of the project's own seeds it.
    pub fn is_seeded(&self) -> bool {
        matches!(self.state, Seeded::ByArgument | Seeded::ByCall(_))
    }

    /// Whether two runs draw differently.
    pub fn is_unseeded(&self) -> bool {
        self.state == Seeded::Never
    }
}

impl Randomness {
    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>) -> Self {
        let calls = RandomCalls::new(basis);
        let main: BTreeSet<FileIndex> = main_files(basis);
        let mut seeded = SeededDraws::default();
        let entries = basis
            .training
            .entries
            .iter()
            .filter_map(|entry| {
                let is_main = main.contains(&entry.file);
                entry_randomness(basis, &calls, &mut seeded, entry, is_main)
            })
            .collect();
        let trains_nothing = basis.training.is_empty();
        let (language_model_calls, other_draws) = if trains_nothing {
            calls.without_training()
        } else {
            (Vec::new(), Vec::new())
        };
        let seedings = if trains_nothing {
            let drawn = |generator: &String| other_draws.iter().any(|draw| draw.generator == *generator);
            calls
                .seedings
                .iter()
                .filter(|seeding| seeding.is_on && seeding.generators.iter().any(drawn))
                .map(|seeding| seeding.evidence.clone())
                .collect()
        } else {
            Vec::new()
        };
        let mut reached = Reached::default();
        for entry in &basis.training.entries {
            reached.extend(&entry.reached);
        }
        let mut run = Reached::default();
        for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
            if let Some(found) = basis.runs.reached(invocation) {
                run.extend(found);
            }
        }
        Self {
            splits_beside: if trains_nothing {
                Vec::new()
            } else {
                calls.splits_beside(&reached, &run)
            },
            entries,
            language_model_calls,
            other_draws,
            seedings,
        }
    }
}

/// The files whose training counts: those of the main entries, without separate searches for hyper-parameters.
fn main_files(basis: &Basis<'_>) -> BTreeSet<FileIndex> {
    let entries = basis.training.main_entries();
    let searches = |entry: &&&EntryPoint| search::is_separate(basis, entry);
    let is_lesson = |entry: &&&EntryPoint| is_lesson(&basis.codebase.file(entry.file).path);
    let plain: BTreeSet<FileIndex> = entries
        .iter()
        .filter(|entry| !searches(entry) && !is_lesson(entry))
        .map(|entry| entry.file)
        .collect();
    if plain.is_empty() {
        entries.iter().map(|entry| entry.file).collect()
    } else {
        plain
    }
}

/// Whether a file shows how something is done, by its name or folder.
fn is_lesson(path: &str) -> bool {
    path.to_ascii_lowercase().split(['/', '_', '-', '.']).any(|word| {
        matches!(
            word,
            "tutorial" | "tutorials" | "example" | "examples" | "demo" | "demos"
        )
    })
}

/// Draws that a call seeds, by the positions of both: each is made once, whatever number of entries reaches it.
type SeededDraws = FxHashMap<(usize, usize), Arc<Draw>>;

fn entry_randomness(
    basis: &Basis<'_>,
    calls: &RandomCalls<'_>,
    seeded: &mut SeededDraws,
    entry: &EntryPoint,
    is_main: bool,
) -> Option<EntryRandomness> {
    let first = basis.training.sites_of(entry).next()?;
    let mut reached = entry.reached.clone();
    calls.extend_by_targets(&mut reached);
    let seedings: Vec<(usize, &SeedingCall)> = (0..)
        .zip(&calls.seedings)
        .filter(|(_, seeding)| reached.contains(seeding.node))
        .collect();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut draws: Vec<Arc<Draw>> = Vec::new();
    let found: Vec<(usize, &DrawCall)> = (0..)
        .zip(&calls.draws)
        .filter(|(_, found)| reached.contains(found.node))
        .collect();
    let implied = implied(basis, entry, &reached, found.iter().map(|(_, found)| *found));
    let implied = implied.iter().map(|found| (None, found));
    let found = found.iter().map(|(position, found)| (Some(*position), *found));
    for (position, found) in found.chain(implied) {
        let by = seedings.iter().find(|(_, seeding)| {
            found.draw.state == Seeded::Never
                && seeding.is_on
                && seeding.seeds(&found.draw.generator)
                && (seeding.node != found.node || seeding.evidence.place <= found.draw.place)
        });
        let Some((seeding, by)) = by else {
            draws.push(Arc::clone(&found.draw));
            continue;
        };
        used.insert(*seeding);
        let make = || {
            let state = Seeded::ByCall(Arc::new(by.evidence.clone()));
            let draw = Draw::clone(&found.draw);
            Arc::new(Draw { state, ..draw })
        };
        draws.push(match position {
            Some(position) => Arc::clone(seeded.entry((position, *seeding)).or_insert_with(make)),
            None => make(),
        });
    }
    let idle = seedings
        .iter()
        .filter(|(position, seeding)| seeding.is_on && !used.contains(position))
        .map(|(_, seeding)| seeding.evidence.clone())
        .collect();
    let switched_off = seedings
        .iter()
        .filter(|(_, seeding)| seeding.is_switched_off)
        .map(|(_, seeding)| seeding.evidence.clone())
        .collect();
    let mut imports = basis.uses.imports.iter();
    let is_seen = imports
        .any(|import| basis.catalogue.tool(import.tool).framework.is_some() && reached.touches(import.file));
    Some(EntryRandomness {
        is_seen,
        path: basis.codebase.file(entry.file).path.clone(),
        is_main,
        trains: basis
            .codebase
            .evidence(first.file, first.place, format!("trains: {}", first.what)),
        draws,
        switched_off,
        idle,
    })
}

/// A loop of a deep-learning framework draws its initial weights and its batches, also where the model is made by
/// code that is not understood.
fn implied<'calls>(
    basis: &Basis<'_>,
    entry: &EntryPoint,
    reached: &Reached,
    mut found: impl Iterator<Item = &'calls DrawCall> + Clone,
) -> Option<DrawCall> {
    const DEEP: &[&str] = &["torch", "tensorflow", "keras", "jax", "julia"];
    if found
        .clone()
        .any(|draw| DEEP.contains(&draw.draw.generator.as_str()))
    {
        return None;
    }
    let seeded_by_default = found.any(|draw| draw.draw.state == Seeded::ByDefault);
    let site = basis.training.sites_of(entry).find(|site| {
        site.kind == TrainingKind::Loop
            || (site.kind == TrainingKind::Fit && !site.what.contains(|c: char| c.is_ascii_uppercase()))
    })?;
    if seeded_by_default && site.kind != TrainingKind::Loop {
        return None;
    }
    let files: BTreeSet<FileIndex> = reached.files().collect();
    let frameworks: BTreeSet<&str> = basis
        .uses
        .imports
        .iter()
        .filter(|import| files.contains(&import.file))
        .filter_map(|import| basis.catalogue.tool(import.tool).framework.as_deref())
        .collect();
    let generator = [
        ("pytorch", "torch"),
        ("lightning", "torch"),
        ("tensorflow", "tensorflow"),
        ("keras", "keras"),
    ]
    .iter()
    .find(|(framework, _)| frameworks.contains(framework))
    .map(|(_, generator)| *generator)?;
    // A file that imports a framework beside scikit-learn may fit a model of the latter.
    if site.kind == TrainingKind::Fit && frameworks.contains("scikit-learn") {
        return None;
    }
    Some(DrawCall {
        node: site.node,
        draw: Arc::new(Draw {
            path: basis.codebase.file(site.file).path.as_str().into(),
            place: site.place,
            what: format!("{generator} training").into(),
            generator: generator.into(),
            argument: None,
            state: Seeded::Never,
            call: (site.file, site.call),
        }),
    })
}
