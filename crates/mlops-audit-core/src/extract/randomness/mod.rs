//! What training draws at random, and what seeds it.

mod calculated;
mod calls;
mod elsewhere;
mod fallback;
mod handed;
mod search;
mod seed;
mod settings;
mod unfed;

use std::collections::BTreeSet;
use std::sync::Arc;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Text;

use super::Basis;
use super::codebase::{FileIndex, Node, Reached, number};
use super::training::{EntryPoint, TrainingKind, TrainingSite};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use calls::{RandomCalls, SeedingCall};

/// What training draws at random, and what seeds it.
#[derive(Debug, Default)]
pub struct Randomness {
    /// Each training entry point with its draws, by file.
    pub entries: Vec<EntryRandomness>,
    /// The draws that entry points share.
    draws: Vec<Draw>,
    /// The calls that seed them.
    seeds: Vec<Arc<Evidence>>,
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
    /// What it draws: see [`Randomness::draw`].
    pub draws: Vec<EntryDraw>,
    /// Calls that would seed, but whose value a setting leaves out.
    pub switched_off: Vec<Evidence>,
    /// Calls that seed a generator from which nothing is drawn, or too late.
    pub idle: Vec<Evidence>,
}

/// What an entry point draws, and what seeds it there: hundreds of entries may reach thousands of draws each.
#[derive(Clone, Copy, Debug)]
pub struct EntryDraw {
    draw: u32,
    /// [`EntryDraw::BY_NO_CALL`] where no call seeds it.
    seed: u32,
}

impl EntryDraw {
    const BY_NO_CALL: u32 = u32::MAX;
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
        let mut implied = Vec::new();
        let entries = basis
            .training
            .entries
            .iter()
            .filter_map(|entry| {
                let is_main = main.contains(&entry.file);
                entry_randomness(basis, &calls, &mut implied, entry, is_main)
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
        let splits_beside = if trains_nothing {
            Vec::new()
        } else {
            let entries = basis.training.entries.iter();
            let reached = Reached::union(entries.map(|entry| &entry.reached));
            let invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
            let run = invocations.filter_map(|invocation| basis.runs.reached(invocation));
            calls.splits_beside(&reached, &Reached::union(run))
        };
        let seeds = calls.seedings.into_iter().map(|seeding| seeding.evidence);
        let draws = calls.draws.into_iter().map(|found| found.draw);
        Self {
            splits_beside,
            entries,
            seeds: seeds.map(Arc::new).collect(),
            draws: draws.chain(implied).collect(),
            language_model_calls,
            other_draws,
            seedings,
        }
    }
}

impl Randomness {
    /// A draw of an entry point, with what seeds it there.
    pub fn draw(&self, found: EntryDraw) -> Draw {
        let draw = self.draws[found.draw as usize].clone();
        match self.seeds.get(found.seed as usize) {
            Some(seed) => Draw {
                state: Seeded::ByCall(Arc::clone(seed)),
                ..draw
            },
            None => draw,
        }
    }

    /// Whether two runs of an entry point draw differently here.
    pub fn is_unseeded(&self, found: EntryDraw) -> bool {
        found.seed == EntryDraw::BY_NO_CALL && self.draws[found.draw as usize].is_unseeded()
    }

    /// The file and the position in it of the call that draws.
    pub fn call_of(&self, found: EntryDraw) -> (FileIndex, u32) {
        self.draws[found.draw as usize].call
    }

    /// What an entry point draws unseeded.
    pub fn unseeded<'a>(&'a self, entry: &'a EntryRandomness) -> impl Iterator<Item = &'a Draw> {
        let found = entry.draws.iter().filter(|found| self.is_unseeded(**found));
        found.map(|found| &self.draws[found.draw as usize])
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

/// What an entry point draws. What it is taken to draw without a call that says so is added to `implied`.
fn entry_randomness(
    basis: &Basis<'_>,
    calls: &RandomCalls<'_>,
    implied: &mut Vec<Draw>,
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
    let mut found: Vec<(usize, Node, &Draw)> = (0..)
        .zip(&calls.draws)
        .filter(|(_, found)| reached.contains(found.node))
        .map(|(position, found)| (position, found.node, &found.draw))
        .collect();
    let more = implied_draw(basis, entry, &reached, found.iter().map(|(.., draw)| *draw));
    if let Some((node, draw)) = &more {
        found.push((calls.draws.len() + implied.len(), *node, draw));
    }
    let mut draws = Vec::with_capacity(found.len());
    for (position, node, draw) in found {
        let may_seed = |(_, seeding): &&(usize, &SeedingCall)| {
            seeding.is_on
                && seeding.seeds(&draw.generator)
                && (seeding.node != node || seeding.evidence.place <= draw.place)
        };
        let by = match draw.state {
            Seeded::Never => seedings.iter().find(may_seed),
            _ => None,
        };
        used.extend(by.map(|(seeding, _)| *seeding));
        draws.push(EntryDraw {
            draw: number(position),
            seed: by.map_or(EntryDraw::BY_NO_CALL, |(seeding, _)| number(*seeding)),
        });
    }
    implied.extend(more.map(|(_, draw)| draw));
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

/// Whether a call fits by a framework whose models start from weights that are drawn.
fn fits_deep(basis: &Basis<'_>, site: &TrainingSite) -> bool {
    const FRAMEWORKS: &[&str] = &["keras", "lightning", "pytorch", "tensorflow"];
    let mut fits = basis.uses.of(site.file, site.call);
    fits.any(|found| {
        let framework = basis.catalogue.tool(found.tool).framework.as_deref();
        found.role == Role::Train && framework.is_some_and(|framework| FRAMEWORKS.contains(&framework))
    })
}

/// A loop of a deep-learning framework draws its initial weights and its batches, also where the model is made by
/// code that is not understood.
fn implied_draw<'calls>(
    basis: &Basis<'_>,
    entry: &EntryPoint,
    reached: &Reached,
    mut found: impl Iterator<Item = &'calls Draw> + Clone,
) -> Option<(Node, Draw)> {
    const DEEP: &[&str] = &["torch", "tensorflow", "keras", "jax", "julia"];
    if found.clone().any(|draw| DEEP.contains(&draw.generator.as_str())) {
        return None;
    }
    let seeded_by_default = found.any(|draw| draw.state == Seeded::ByDefault);
    let site = basis.training.sites_of(entry).find(|site| {
        site.kind == TrainingKind::Loop
            || (site.kind == TrainingKind::Fit
                && (fits_deep(basis, site) || !site.what.contains(|c: char| c.is_ascii_uppercase())))
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
    if site.kind == TrainingKind::Fit && frameworks.contains("scikit-learn") && !fits_deep(basis, site) {
        return None;
    }
    let draw = Draw {
        path: basis.codebase.file(site.file).path.as_str().into(),
        place: site.place,
        what: format!("{generator} training").into(),
        generator: generator.into(),
        argument: None,
        state: Seeded::Never,
        call: (site.file, site.call),
    };
    Some((site.node, draw))
}
