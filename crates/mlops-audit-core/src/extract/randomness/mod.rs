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

use super::Basis;
use super::codebase::{FileIndex, Reached};
use super::training::{EntryPoint, TrainingKind};
use crate::evidence::Evidence;
use calls::{DrawCall, RandomCalls};

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
    /// What it draws.
    pub draws: Vec<Draw>,
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
        let entries = basis
            .training
            .entries
            .iter()
            .filter_map(|entry| entry_randomness(basis, &calls, entry, main.contains(&entry.file)))
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

fn entry_randomness(
    basis: &Basis<'_>,
    calls: &RandomCalls<'_>,
    entry: &EntryPoint,
    is_main: bool,
) -> Option<EntryRandomness> {
    let first = basis.training.sites_of(entry).next()?;
    let mut reached = entry.reached.clone();
    calls.extend_by_targets(&mut reached);
    let seedings: Vec<_> = calls
        .seedings
        .iter()
        .filter(|seeding| reached.contains(seeding.node))
        .collect();
    let mut draws: Vec<Draw> = Vec::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut draw_calls: Vec<DrawCall> = calls
        .draws
        .iter()
        .filter(|draw| reached.contains(draw.node))
        .cloned()
        .collect();
    draw_calls.extend(implied(basis, entry, &reached, &draw_calls));
    for found in draw_calls {
        let mut draw = found.draw;
        if draw.state == Seeded::Never {
            let by = seedings.iter().enumerate().find(|(_, seeding)| {
                seeding.is_on
                    && seeding.seeds(&draw.generator)
                    && (seeding.node != found.node || seeding.evidence.place <= draw.place)
            });
            if let Some((position, seeding)) = by {
                used.insert(position);
                draw.state = Seeded::ByCall(Arc::new(seeding.evidence.clone()));
            }
        }
        draws.push(draw);
    }
    let idle = seedings
        .iter()
        .enumerate()
        .filter(|(position, seeding)| seeding.is_on && !used.contains(position))
        .map(|(_, seeding)| seeding.evidence.clone())
        .collect();
    let switched_off = seedings
        .iter()
        .filter(|seeding| seeding.is_switched_off)
        .map(|seeding| seeding.evidence.clone())
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
fn implied(basis: &Basis<'_>, entry: &EntryPoint, reached: &Reached, found: &[DrawCall]) -> Option<DrawCall> {
    const DEEP: &[&str] = &["torch", "tensorflow", "keras", "jax", "julia"];
    if found
        .iter()
        .any(|draw| DEEP.contains(&draw.draw.generator.as_str()))
    {
        return None;
    }
    let seeded_by_default = found.iter().any(|draw| draw.draw.state == Seeded::ByDefault);
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
        draw: Draw {
            path: basis.codebase.file(site.file).path.as_str().into(),
            place: site.place,
            what: format!("{generator} training").into(),
            generator: generator.into(),
            argument: None,
            state: Seeded::Never,
            call: (site.file, site.call),
        },
    })
}
