//! Steps of machine learning that one command or trigger runs one after the other, and those that stand side by side.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::{Job, Step, Work, names};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Node, Reached};
use crate::extract::runs::{Runner, RunnerKind, TriggerKind};

/// How steps hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// One command or trigger runs them in order.
    Chained,
    /// They would be chained, but the definition cannot run as committed.
    Broken,
    /// They are chained, but process data that no training reads.
    DataOnly,
    /// They are chained, but only register or deploy.
    DeliveryOnly,
    /// Separate targets or commands of one file.
    SideBySide,
}

/// Steps of machine learning that belong together.
#[derive(Clone, Debug)]
pub struct Chain {
    /// How they hang together.
    pub shape: Shape,
    /// What defines them, in a few words: `DVC stages`, `GitHub Actions workflow`.
    pub definition: String,
    /// The steps in order, each once.
    pub works: Vec<Work>,
    /// One place for the definition and one for each step.
    pub evidence: Vec<Evidence>,
    /// Why it cannot run as committed.
    pub why: Option<String>,
    /// How directly it is meant as a pipeline; smaller is more.
    pub rank: u8,
}

/// The best chain first.
pub(super) fn rank(chains: &mut [Chain]) {
    chains.sort_by(|a, b| {
        (a.shape, a.rank, std::cmp::Reverse(a.works.len()), &a.evidence).cmp(&(
            b.shape,
            b.rank,
            std::cmp::Reverse(b.works.len()),
            &b.evidence,
        ))
    });
}

/// The chains of all runners.
pub(super) fn find(basis: &Basis<'_>, jobs: &[Job]) -> Vec<Chain> {
    let mut chains = Vec::new();
    let read = OnceCell::new();
    for group in groups(basis, jobs) {
        let mut together: Vec<Chain> = in_one_run(basis, jobs, &group)
            .iter()
            .filter_map(|jobs_of_run| chain(basis, jobs, jobs_of_run, &read))
            .collect();
        rank(&mut together);
        let best = together.into_iter().next();
        chains.extend(best.or_else(|| staged(basis, jobs, &group)));
    }
    chains.extend(side_by_side(basis, jobs));
    chains
}

/// Jobs that one trigger runs: those of one definition, or of CI jobs those that wait for each other.
fn groups(basis: &Basis<'_>, jobs: &[Job]) -> Vec<Vec<usize>> {
    let runner = |position: usize| &basis.runs.runners[jobs[position].runner];
    let mut parent: Vec<usize> = (0..jobs.len()).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    let mut by_name: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut by_group: BTreeMap<&str, usize> = BTreeMap::new();
    for position in 0..jobs.len() {
        by_name.insert((&runner(position).path, &runner(position).name), position);
        by_group.entry(&runner(position).group).or_insert(position);
    }
    for position in 0..jobs.len() {
        let at = runner(position);
        let joins = matches!(
            at.kind,
            RunnerKind::Ci(_)
                | RunnerKind::Compose
                | RunnerKind::Platform(_)
                | RunnerKind::Dvc
                | RunnerKind::Orchestrator(_)
        );
        if !joins {
            continue;
        }
        let upstream = at.triggers.iter().filter_map(|trigger| match &trigger.kind {
            TriggerKind::Upstream(name) => by_group.get(name.as_str()),
            _ => None,
        });
        let needed = at
            .needs
            .iter()
            .filter_map(|need| by_name.get(&(at.path.as_str(), need.as_str())));
        let others: Vec<usize> = needed.chain(upstream).copied().collect();
        for other in others {
            let (a, b) = (root(&mut parent, position), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for position in 0..jobs.len() {
        groups
            .entry(root(&mut parent, position))
            .or_default()
            .push(position);
    }
    groups.into_values().collect()
}

/// The jobs of a group that one event starts, for each event: where a condition keeps a job of a workflow to pull requests,
/// it never runs with one that waits for pushes.
fn in_one_run(basis: &Basis<'_>, jobs: &[Job], group: &[usize]) -> Vec<Vec<usize>> {
    let runner = |position: &usize| &basis.runs.runners[jobs[*position].runner];
    let is_narrowed = |position: &usize| runner(position).kind == RunnerKind::Ci("GitHub Actions");
    if !group.iter().all(is_narrowed) {
        return vec![group.to_vec()];
    }
    let triggers = group.iter().flat_map(|position| &runner(position).triggers);
    let kinds: BTreeSet<&TriggerKind> = triggers.map(|trigger| &trigger.kind).collect();
    let runs_on = |position: &usize, kind: &TriggerKind| {
        let mut own = runner(position).triggers.iter().map(|trigger| &trigger.kind);
        runner(position).triggers.is_empty()
            || own.any(|own| {
                // A tag is pushed, too.
                own == kind || *kind == TriggerKind::Release && *own == TriggerKind::Push
            })
    };
    let mut runs: Vec<Vec<usize>> = kinds
        .into_iter()
        .map(|kind| {
            let started = group.iter().copied();
            started.filter(|position| runs_on(position, kind)).collect()
        })
        .collect();
    if runs.is_empty() {
        runs.push(group.to_vec());
    }
    runs.sort();
    runs.dedup();
    runs
}

/// The steps of one group, each program once.
fn distinct<'jobs>(basis: &Basis<'_>, jobs: &'jobs [Job], group: &[usize]) -> Vec<(&'jobs Step, usize)> {
    let mut seen: BTreeSet<(Work, &str)> = BTreeSet::new();
    let mut steps = Vec::new();
    let mut has_trained = false;
    for position in group {
        let runner = &basis.runs.runners[jobs[*position].runner];
        let counts_any = is_orchestrated(&runner.kind) && !is_timer(&runner.kind);
        for step in &jobs[*position].steps {
            has_trained |= step.trains;
            // What a job of CI publishes after it has trained is the model, in a package or an image.
            let is_step = step.work.is_ml()
                || counts_any && step.work == Work::Other
                || has_trained && is_ci(&runner.kind) && step.work == Work::Publish;
            if is_step && seen.insert((step.work, step.subject.as_str())) {
                steps.push((step, jobs[*position].runner));
            }
        }
    }
    steps
}

fn is_orchestrated(kind: &RunnerKind) -> bool {
    matches!(
        kind,
        RunnerKind::Dvc | RunnerKind::Orchestrator(_) | RunnerKind::Platform(_)
    )
}

/// Whether a runner is nothing but a clock: what it starts may be anything, and is a step where its work is one.
fn is_timer(kind: &RunnerKind) -> bool {
    matches!(
        kind,
        RunnerKind::Platform("cloud scheduler" | "cron" | "scheduler" | "systemd timer")
    )
}

/// Whether these steps are several: for orchestrators two programs, elsewhere two kinds of work.
fn is_several(steps: &[&Step], orchestrated: bool) -> bool {
    let works: BTreeSet<Work> = steps.iter().map(|step| step.work).collect();
    let subjects: BTreeSet<&str> = steps.iter().map(|step| step.subject.as_str()).collect();
    if orchestrated {
        subjects.len() >= 2
    } else {
        works.len() >= 2 && subjects.len() >= 2
    }
}

/// The files that training names, once it is asked for them.
type ReadByTraining<'a> = OnceCell<FxHashSet<&'a str>>;

fn chain<'a>(
    basis: &'a Basis<'_>,
    jobs: &[Job],
    group: &[usize],
    read: &ReadByTraining<'a>,
) -> Option<Chain> {
    let first = &basis.runs.runners[jobs[*group.first()?].runner];
    if matches!(first.kind, RunnerKind::Documentation | RunnerKind::Image) {
        return None;
    }
    let orchestrated = is_orchestrated(&first.kind);
    let all = distinct(basis, jobs, group);
    let certain: Vec<&(&Step, usize)> = all
        .iter()
        .filter(|(step, runner)| {
            orchestrated
                || !basis.runs.runners[*runner].invocations[step.invocation].conditional
                || is_ci(&first.kind)
        })
        .collect();
    let steps: Vec<&Step> = certain.iter().map(|(step, _)| *step).collect();
    if !is_several(&steps, orchestrated) {
        return None;
    }
    let learns = steps
        .iter()
        .any(|step| step.work.is_learning() || step.trains || step.evaluates);
    let kinds: BTreeSet<Work> = steps
        .iter()
        .map(|step| step.work)
        .filter(|work| matches!(work, Work::Ingest | Work::Register | Work::Deploy))
        .collect();
    if !orchestrated && !learns && kinds.len() < 2 {
        return None;
    }
    let (shape, why) = shape(basis, jobs, group, &steps, read);
    let mut evidence = vec![first.evidence(definition(first))];
    evidence.extend(steps.iter().take(8).map(|step| step.evidence.clone()));
    Some(Chain {
        shape,
        definition: definition(first),
        works: steps.iter().map(|step| step.work).collect(),
        evidence,
        why,
        rank: standing(&first.kind),
    })
}

/// Names of the environments that a delivery goes through one after the other.
const ENVIRONMENTS: &[&[&str]] = &[
    &["dev", "development"],
    &["test", "qa", "uat"],
    &["staging", "stage", "stg", "preprod"],
    &["canary", "shadow"],
    &["prod", "production", "prd"],
];

/// A delivery through two or more environments: a pipeline, though no step of it learns anything.
fn staged(basis: &Basis<'_>, jobs: &[Job], group: &[usize]) -> Option<Chain> {
    let first = &basis.runs.runners[jobs[*group.first()?].runner];
    if !is_ci(&first.kind) {
        return None;
    }
    let mut reached: BTreeMap<usize, &Step> = BTreeMap::new();
    for position in group {
        let runner = &basis.runs.runners[jobs[*position].runner];
        let deploys = |step: &&Step| step.work == Work::Deploy && step.broken.is_none();
        for step in jobs[*position].steps.iter().filter(deploys) {
            let named = names::words(&runner.invocations[step.invocation].step);
            let named = named.into_iter().chain(names::words(&runner.name));
            let environment = named.into_iter().find_map(|word| {
                ENVIRONMENTS
                    .iter()
                    .position(|names| names.contains(&word.as_ref()))
            });
            if let Some(environment) = environment {
                reached.entry(environment).or_insert(step);
            }
        }
    }
    if reached.len() < 2 {
        return None;
    }
    let mut evidence = vec![first.evidence(definition(first))];
    evidence.extend(reached.values().map(|step| step.evidence.clone()));
    Some(Chain {
        shape: Shape::DeliveryOnly,
        definition: definition(first),
        works: reached.values().map(|step| step.work).collect(),
        evidence,
        why: None,
        rank: standing(&first.kind),
    })
}

fn is_ci(kind: &RunnerKind) -> bool {
    matches!(kind, RunnerKind::Ci(_))
}

/// Whether a chain holds.
fn shape<'a>(
    basis: &'a Basis<'_>,
    jobs: &[Job],
    group: &[usize],
    steps: &[&Step],
    read: &ReadByTraining<'a>,
) -> (Shape, Option<String>) {
    let dead = group
        .iter()
        .find_map(|position| basis.runs.runners[jobs[*position].runner].dead.clone());
    if let Some(why) = dead {
        return (Shape::Broken, Some(why));
    }
    if let Some(broken) = steps.iter().find_map(|step| step.broken.as_ref()) {
        return (
            Shape::Broken,
            Some(format!("{} ({})", broken.what, broken.location())),
        );
    }
    if steps
        .iter()
        .any(|step| step.trains || step.evaluates || step.work == Work::Train)
    {
        return (Shape::Chained, None);
    }
    if !steps.iter().any(|step| step.work.is_learning()) {
        let delivers = steps
            .iter()
            .any(|step| matches!(step.work, Work::Deploy | Work::Register));
        return (
            if delivers {
                Shape::DeliveryOnly
            } else {
                Shape::DataOnly
            },
            None,
        );
    }
    let read = || read.get_or_init(|| read_by_training(basis));
    if basis.training.is_empty() || feeds_training(basis, jobs, group, read()) {
        (Shape::Chained, None)
    } else {
        (Shape::DataOnly, None)
    }
}

/// Whether training reads a file that these runners write.
fn feeds_training(basis: &Basis<'_>, jobs: &[Job], group: &[usize], read: &FxHashSet<&str>) -> bool {
    let is_read = |path: &str| file_name(path).is_some_and(|name| read.contains(name));
    let runners = group
        .iter()
        .map(|position| &basis.runs.runners[jobs[*position].runner]);
    let invocations = || runners.clone().flat_map(|runner| &runner.invocations);
    if invocations().any(|invocation| invocation.words.iter().skip(1).any(|word| is_read(word))) {
        return true;
    }
    let reached = Reached::union(invocations().filter_map(|invocation| basis.runs.reached(invocation)));
    basis.uses.with(Role::PrepareData).any(|found| {
        let site = found.site(&basis.codebase);
        reached.contains(found.node(&basis.codebase))
            && site.call.arguments.iter().any(|argument| {
                let (_, value) = basis.codebase.value(site.file, site.call.scope, &argument.value);
                value.as_str().is_some_and(is_read)
            })
    })
}

/// The names of files in the texts of training.
fn read_by_training<'a>(basis: &'a Basis<'_>) -> FxHashSet<&'a str> {
    let reached = Reached::union(basis.training.entries.iter().map(|entry| &entry.reached));
    let mut names = FxHashSet::default();
    for file in reached.files() {
        let is_whole = reached.contains(Node::module(file));
        for text in &basis.codebase.file(file).code.strings {
            if is_whole || reached.contains(Node::definition(file, text.scope)) {
                names.extend(file_name(&text.value));
            }
        }
    }
    names
}

/// The last part of a path that names a file or folder of data.
fn file_name(path: &str) -> Option<&str> {
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    let is_data = name.contains('.') && !name.ends_with(".py") && !name.contains(' ') && name.len() > 3;
    is_data.then_some(name)
}

fn definition(runner: &Runner) -> String {
    match &runner.kind {
        RunnerKind::Ci(service) => format!("{service} workflow"),
        RunnerKind::Make => format!("make target {}", runner.name),
        RunnerKind::Script => "shell script".to_owned(),
        RunnerKind::Task(tool) => format!("{tool} task {}", runner.name),
        RunnerKind::Dvc => "DVC stages".to_owned(),
        RunnerKind::Orchestrator(tool) => format!("{tool} pipeline"),
        RunnerKind::Compose => "compose services".to_owned(),
        RunnerKind::Platform(platform) => format!("{platform} jobs"),
        RunnerKind::Image | RunnerKind::Documentation => "commands".to_owned(),
    }
}

const fn standing(kind: &RunnerKind) -> u8 {
    match kind {
        RunnerKind::Dvc | RunnerKind::Orchestrator(_) => 0,
        RunnerKind::Platform(_) => 1,
        RunnerKind::Ci(_) => 2,
        RunnerKind::Make | RunnerKind::Script | RunnerKind::Task(_) => 3,
        RunnerKind::Image | RunnerKind::Compose | RunnerKind::Documentation => 4,
    }
}

/// Targets or commands of one file that are steps, which nothing runs in order.
fn side_by_side(basis: &Basis<'_>, jobs: &[Job]) -> Vec<Chain> {
    let mut files: BTreeMap<(&RunnerKind, &str), Vec<usize>> = BTreeMap::new();
    for (position, job) in jobs.iter().enumerate() {
        let runner = &basis.runs.runners[job.runner];
        if matches!(
            runner.kind,
            RunnerKind::Make
                | RunnerKind::Script
                | RunnerKind::Task(_)
                | RunnerKind::Platform("scheduler" | "cron")
        ) {
            files
                .entry((&runner.kind, &runner.path))
                .or_default()
                .push(position);
        }
    }
    let mut found = Vec::new();
    for group in files.into_values() {
        let steps: Vec<&Step> = distinct(basis, jobs, &group)
            .into_iter()
            .map(|(step, _)| step)
            .filter(|step| step.broken.is_none())
            .collect();
        if !is_several(&steps, true) || !steps.iter().any(|step| step.work.is_learning()) {
            continue;
        }
        let first = &basis.runs.runners[jobs[group[0]].runner];
        let kind = match first.kind {
            RunnerKind::Make => "make targets",
            RunnerKind::Task(_) => "tasks",
            RunnerKind::Platform(_) => "timers of one file",
            _ => "commands of a script",
        };
        found.push(Chain {
            shape: Shape::SideBySide,
            definition: kind.to_owned(),
            works: steps.iter().map(|step| step.work).collect(),
            evidence: steps.iter().take(8).map(|step| step.evidence.clone()).collect(),
            why: None,
            rank: standing(&first.kind),
        });
    }
    found
}
