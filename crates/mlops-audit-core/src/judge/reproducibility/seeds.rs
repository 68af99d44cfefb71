//! `reproducibility.seeds`; see the page beside this file.

use std::collections::{BTreeMap, BTreeSet};

use crate::advise::{Advice, Implementation};
use crate::audit::Kind;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::codebase::FileIndex;
use crate::extract::randomness::{Draw, EntryDraw, EntryRandomness, Seeded};
use crate::judge::insertion::{below_imports, lacking};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `reproducibility.seeds`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Reproducibility,
        name: "seeds",
    },
    label: "Seeds",
    looked_for: "every generator that training uses",
    page: include_str!("seeds.md"),
    judge,
    advise,
};

/// Most places that evidence and advice name.
const MOST: usize = 12;

fn judge(facts: &Facts<'_>) -> Judgement {
    let entries = counted(facts);
    if !entries.is_empty() || !facts.randomness.splits_beside.is_empty() {
        return judge_training(facts, &entries);
    }
    if let Some(entry) = facts.randomness.entries.first() {
        return Judgement::unmet("no seed is seen where training runs")
            .near("training that runs elsewhere", vec![entry.trains.clone()]);
    }
    if !facts.randomness.language_model_calls.is_empty() {
        return judge_language_models(facts);
    }
    if !facts.basis.training.sql.is_empty() {
        return Judgement::unmet("the models that SQL fits draw their splits without a seed")
            .near("models fitted in SQL", facts.basis.training.sql.clone());
    }
    Judgement::unmet("nothing is trained, so nothing is seeded")
}

/// The entry points that decide: the main ones, and in a course all of them.
pub(in crate::judge) fn counted<'facts>(facts: &'facts Facts<'_>) -> Vec<&'facts EntryRandomness> {
    let is_course = facts.assessment.kind == Kind::Course;
    let all = &facts.randomness.entries;
    let is_known = |entry: &&EntryRandomness| entry.is_seen || !entry.draws.is_empty();
    let main: Vec<&EntryRandomness> = all
        .iter()
        .filter(|entry| entry.is_main || is_course)
        .filter(is_known)
        .collect();
    if main.is_empty() {
        // The main run starts training elsewhere: what it trains is among the others.
        all.iter().filter(is_known).collect()
    } else {
        main
    }
}

fn judge_training(facts: &Facts<'_>, entries: &[&EntryRandomness]) -> Judgement {
    let mut draws = distinct(facts, entries);
    draws.extend(facts.randomness.splits_beside.iter().cloned());
    let (unseeded, rest): (Vec<&Draw>, Vec<&Draw>) = draws.iter().partition(|draw| draw.is_unseeded());
    let seeded: Vec<&Draw> = rest.iter().copied().filter(|draw| draw.is_seeded()).collect();
    let switched_off: Vec<Evidence> = entries
        .iter()
        .flat_map(|entry| entry.switched_off.clone())
        .collect();
    if unseeded.is_empty() {
        return if seeded.is_empty() {
            Judgement::met(
                "training is deterministic by default",
                deterministic(entries, &rest),
            )
        } else {
            Judgement::met("every source of randomness is seeded", proof(&seeded))
        };
    }
    let missing = format!("no seed for {}", listed(&unseeded));
    if !seeded.is_empty() {
        let mut evidence = proof(&seeded);
        evidence.extend(shown(&unseeded));
        return Judgement::partial(
            format!(
                "{} of {} sources seeded",
                sources(&seeded),
                sources(&seeded) + sources(&unseeded)
            ),
            evidence,
            missing,
        );
    }
    if !switched_off.is_empty() {
        let mut evidence = switched_off;
        evidence.extend(shown(&unseeded));
        return Judgement::partial("a seed is supported, and no setting gives it", evidence, missing);
    }
    let mut near: Vec<Evidence> = shown(&unseeded);
    near.extend(entries.iter().flat_map(|entry| entry.idle.clone()));
    Judgement::unmet(missing).near("unseeded draws", near)
}

fn judge_language_models(facts: &Facts<'_>) -> Judgement {
    let all: Vec<&Draw> = facts
        .randomness
        .language_model_calls
        .iter()
        .chain(&facts.randomness.other_draws)
        .collect();
    let (unseeded, rest): (Vec<&Draw>, Vec<&Draw>) = all.iter().partition(|draw| draw.is_unseeded());
    let seeded: Vec<&Draw> = rest.into_iter().filter(|draw| draw.is_seeded()).collect();
    if seeded.is_empty() && !facts.randomness.seedings.is_empty() {
        let mut evidence = facts.randomness.seedings.clone();
        evidence.extend(shown(&unseeded));
        return Judgement::partial(
            "one run seeds its generator, others do not",
            evidence,
            format!("no temperature 0 or seed for {}", listed(&unseeded)),
        );
    }
    if seeded.is_empty() {
        return Judgement::unmet("the language model is called without temperature 0 and without a seed")
            .near("sampled answers", shown(&unseeded));
    }
    if unseeded.is_empty() {
        return Judgement::met(
            "language models are called at temperature 0 or with a seed",
            proof(&seeded),
        );
    }
    let mut evidence = proof(&seeded);
    evidence.extend(shown(&unseeded));
    Judgement::partial(
        format!(
            "{} of {} sources seeded",
            seeded.len(),
            seeded.len() + unseeded.len()
        ),
        evidence,
        format!("no temperature 0 or seed for {}", listed(&unseeded)),
    )
}

/// The draws of all entry points, each call once; a call that one entry point seeds and another does not stays unseeded.
fn distinct(facts: &Facts<'_>, entries: &[&EntryRandomness]) -> Vec<Draw> {
    let randomness = &facts.randomness;
    let mut found: BTreeMap<(FileIndex, u32), EntryDraw> = BTreeMap::new();
    for draw in entries.iter().flat_map(|entry| &entry.draws).copied() {
        let kept = found.entry(randomness.call_of(draw)).or_insert(draw);
        if randomness.is_unseeded(draw) && !randomness.is_unseeded(*kept) {
            *kept = draw;
        }
    }
    found.into_values().map(|draw| randomness.draw(draw)).collect()
}

/// Draws of one generator in one file that no argument seeds are one source.
fn grouped<'draws>(draws: &[&'draws Draw]) -> Vec<&'draws Draw> {
    let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    draws
        .iter()
        .copied()
        .filter(|draw| {
            let what = if draw.argument.is_some() {
                draw.what.as_str()
            } else {
                ""
            };
            seen.insert((&draw.path, &draw.generator, what))
        })
        .collect()
}

fn sources(draws: &[&Draw]) -> usize {
    grouped(draws).len()
}

fn shown(draws: &[&Draw]) -> Vec<Evidence> {
    grouped(draws)
        .iter()
        .take(MOST)
        .map(|draw| draw.evidence())
        .collect()
}

/// What proves that draws are seeded: the seeding call, or the draw with its argument.
fn proof(seeded: &[&Draw]) -> Vec<Evidence> {
    let mut found: BTreeSet<Evidence> = BTreeSet::new();
    for draw in grouped(seeded) {
        found.insert(match &draw.state {
            Seeded::ByCall(by) => by.as_ref().clone(),
            _ => draw.evidence(),
        });
    }
    found.into_iter().take(MOST).collect()
}

fn deterministic(entries: &[&EntryRandomness], by_default: &[&Draw]) -> Vec<Evidence> {
    if by_default.is_empty() {
        entries
            .iter()
            .take(MOST)
            .map(|entry| entry.trains.clone())
            .collect()
    } else {
        shown(by_default)
    }
}

/// Two places by name, and how many more there are.
fn listed(draws: &[&Draw]) -> String {
    let groups = grouped(draws);
    let named: Vec<String> = groups
        .iter()
        .take(2)
        .map(|draw| format!("{} ({})", draw.what, draw.evidence().location()))
        .collect();
    match groups.len().saturating_sub(2) {
        0 => named.join(" and "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    let entries = counted(facts);
    let draws = if entries.is_empty() {
        facts.randomness.language_model_calls.clone()
    } else {
        distinct(facts, &entries)
    };
    let unseeded: Vec<&Draw> = draws.iter().filter(|draw| draw.is_unseeded()).collect();
    let tools: BTreeSet<&str> = unseeded
        .iter()
        .filter_map(|draw| tool_of(&draw.generator))
        .collect();
    Advice {
        cause: "unseeded".to_owned(),
        gap: judgement.missing.join("; "),
        recommendation: recommended(&entries, &draws).to_owned(),
        implementation: seeded(facts, &unseeded),
        tools: tools.into_iter().map(str::to_owned).collect(),
        fixable: unseeded.iter().any(|draw| draw.argument.is_some()),
        locations: shown(&unseeded),
    }
}

fn recommended(entries: &[&EntryRandomness], draws: &[Draw]) -> &'static str {
    match (entries, draws) {
        ([], []) => {
            "Put one seed into the configuration, and hand it to every generator where the training that is to come starts."
        }
        ([], _) => {
            "Call the language model at temperature 0, or pass a seed, in every run that is compared with another."
        }
        _ => "Put one seed into the configuration and hand it to every generator before anything is drawn.",
    }
}

/// The calls that seed generators for a whole run below the imports of each file, then the arguments of single calls.
fn seeded(facts: &Facts<'_>, unseeded: &[&Draw]) -> Implementation {
    let codebase = &facts.basis.codebase;
    let mut files: BTreeMap<FileIndex, BTreeSet<(&str, &str)>> = BTreeMap::new();
    let mut arguments: Vec<(Evidence, String)> = Vec::new();
    for draw in unseeded {
        if let Some(global) = seeds_globally(draw)
            .then(|| global_seed(&draw.generator))
            .flatten()
        {
            files.entry(draw.call.0).or_default().insert(global);
        } else if arguments.len() < MOST {
            arguments.push((draw.evidence(), argument_of(draw)));
        }
    }
    let mut steps = Implementation::default();
    for (file, calls) in files.iter().take(3) {
        let imports = calls
            .iter()
            .map(|(import, _)| *import)
            .filter(|import| !import.is_empty());
        let mut text = lacking(codebase, *file, &imports.collect::<Vec<_>>());
        if !text.is_empty() {
            text.push('\n');
        }
        let calls: Vec<&str> = calls.iter().map(|(_, call)| *call).collect();
        text += &calls.join("\n");
        steps = steps.add(&below_imports(codebase, *file), text);
    }
    if files.len() > 3 {
        steps = steps.decide(format!(
            "seed the other {} files that train in the same way",
            files.len() - 3
        ));
    }
    for (place, call) in &arguments {
        steps = steps.change(place, call);
    }
    if steps.steps.is_empty() {
        return steps.decide("set one seed in the configuration, and pass it on wherever something is drawn");
    }
    steps
}

/// Whether one call at the start of a run seeds a draw, and not an argument of its own.
fn seeds_globally(draw: &Draw) -> bool {
    draw.argument.is_none()
        || matches!(
            draw.generator.as_str(),
            "keras" | "tensorflow" | "torch" | "python"
        )
}

/// The import and the call that seed a generator for the whole run.
fn global_seed(generator: &str) -> Option<(&'static str, &'static str)> {
    Some(match generator {
        "torch" => ("import torch", "torch.manual_seed(42)"),
        "keras" => ("import keras", "keras.utils.set_random_seed(42)"),
        "tensorflow" => ("import tensorflow as tf", "tf.keras.utils.set_random_seed(42)"),
        "numpy" => ("import numpy as np", "np.random.seed(42)"),
        "python" => ("import random", "random.seed(42)"),
        "r" => ("", "set.seed(42)"),
        "julia" => ("using Random", "Random.seed!(42)"),
        _ => return None,
    })
}

/// The call with the argument that seeds it.
fn argument_of(draw: &Draw) -> String {
    match (draw.generator.as_str(), &draw.argument) {
        ("language-model", _) => format!("{}(..., temperature=0)", draw.what),
        ("optuna", _) => "optuna.create_study(sampler=optuna.samplers.TPESampler(seed=42))".to_owned(),
        ("hyperopt", _) => format!(
            "{}(..., rstate=np.random.default_rng(42))  # np.random.RandomState(42) below hyperopt 0.2.7",
            draw.what
        ),
        ("jax", _) => "key = jax.random.key(42)".to_owned(),
        (_, Some(argument)) => format!("{}(..., {argument}=42)", draw.what),
        _ => format!("{}(..., seed=42)", draw.what),
    }
}

fn tool_of(generator: &str) -> Option<&'static str> {
    Some(match generator {
        "torch" => "PyTorch",
        "keras" => "Keras",
        "tensorflow" => "TensorFlow",
        "numpy" | "numpy-generator" => "NumPy",
        "optuna" => "Optuna",
        "r" => "R",
        "julia" => "Julia",
        _ => return None,
    })
}
