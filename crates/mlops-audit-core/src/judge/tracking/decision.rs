//! How all four criteria are decided: which of the runs that count are recorded, and how well.

use std::collections::BTreeSet;

use crate::audit::Kind;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::tracking::{Aspect, HomeMade, Record, Weakness};
use crate::judge::Judgement;

/// Most places that a verdict names.
const PLACES: usize = 6;

/// Decides one aspect. `noun` is what is recorded, in the plural.
pub(super) fn decide(facts: &Facts<'_>, aspect: Aspect, noun: &str) -> Judgement {
    let tracking = &facts.tracking;
    let main = tracking.main_units();
    let strong: Vec<&Record> = tracking
        .of(aspect)
        .filter(|record| record.weakness.is_none())
        .collect();
    let by_project: Vec<&HomeMade> = tracking.home_made_of(aspect).collect();
    let covered: BTreeSet<usize> = strong
        .iter()
        .flat_map(|record| record.units.iter().copied())
        .collect();
    let evidence = places(
        strong.iter().map(|record| (&record.evidence, &record.units)),
        &main,
    );
    if !strong.is_empty() {
        let reached = main.intersection(&covered).count();
        if covers(facts, reached, main.len()) {
            return Judgement::met(tools(&strong), evidence);
        }
        let left = uncovered(facts, &main, &covered);
        return Judgement::partial(
            format!(
                "{} in {}",
                tools(&strong),
                share(facts, reached, covered.len(), main.len())
            ),
            evidence,
            format!("no tracker records the {noun} of {left}"),
        );
    }
    let weak: Vec<&Record> = tracking.of(aspect).collect();
    if let Some(weakness) = weak.first().and_then(|record| record.weakness) {
        let evidence = places(weak.iter().map(|record| (&record.evidence, &record.units)), &main);
        return Judgement::partial(tools(&weak), evidence, missing_of(weakness, noun));
    }
    if !by_project.is_empty() {
        let evidence = places(
            by_project.iter().map(|record| (&record.evidence, &record.units)),
            &main,
        );
        let how = by_project[0].how;
        if aspect == Aspect::Code {
            let covered: BTreeSet<usize> = by_project
                .iter()
                .flat_map(|record| record.units.iter().copied())
                .collect();
            let reached = main.intersection(&covered).count();
            return if covers(facts, reached, main.len()) {
                Judgement::met(how, evidence)
            } else {
                let left = uncovered(facts, &main, &covered);
                Judgement::partial(
                    how,
                    evidence,
                    format!("nothing ties the runs of {left} to a commit"),
                )
            };
        }
        return Judgement::partial(
            format!("home-made: {how}"),
            evidence,
            format!("no experiment tracker records the {noun}; runs cannot be listed and compared"),
        );
    }
    unmet(facts, aspect, noun)
}

/// Whether a practice that so many of the runs have is the project's.
fn covers(facts: &Facts<'_>, reached: usize, all: usize) -> bool {
    match facts.assessment.kind {
        Kind::Course => 2 * reached >= all,
        _ => 2 * reached > all || all == 0,
    }
}

fn unmet(facts: &Facts<'_>, aspect: Aspect, noun: &str) -> Judgement {
    let tracking = &facts.tracking;
    let judgement = match (tracking.units.is_empty(), tracking.has_tracker(), aspect) {
        (true, ..) => Judgement::unmet("nothing is trained or evaluated here, and no tracker is used"),
        (_, true, Aspect::Code) => {
            Judgement::unmet("the tracker that is used does not record the commit, and nothing else does")
        }
        (_, true, _) => Judgement::unmet(format!("no call hands the {noun} to the tracker")),
        (_, false, Aspect::Code) => Judgement::unmet("no run knows the commit that it ran from"),
        (_, false, _) => Judgement::unmet(format!("no run records its {noun}")),
    };
    let idle: Vec<_> = tracking
        .idle
        .iter()
        .filter(|idle| idle.aspect == aspect)
        .collect();
    if let Some(first) = idle.first() {
        let evidence = idle
            .iter()
            .take(PLACES)
            .map(|idle| idle.evidence.clone())
            .collect();
        return judgement.near(format!("{}, but {}", first.tool, first.why), evidence);
    }
    if let Some(first) = tracking
        .only_imported
        .first()
        .filter(|_| aspect != Aspect::Artifacts)
    {
        let evidence = vec![first.clone()];
        return judgement.near("a tracker is imported, but it records no run", evidence);
    }
    judgement
}

fn missing_of(weakness: Weakness, noun: &str) -> String {
    match weakness {
        Weakness::NameOnly => "only the model's name is logged, not the hyper-parameters".to_owned(),
        Weakness::DefaultsOnly => {
            format!("the pipeline's default records are all there is; log the {noun} explicitly")
        }
        Weakness::Vanishes => {
            "the runs are kept in a local folder of the CI job, which vanishes with its runner".to_owned()
        }
    }
}

/// The tools by name, each once, in the order of their first record.
fn tools(records: &[&Record]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for record in records {
        if !names.contains(&record.tool.as_str()) {
            names.push(&record.tool);
        }
    }
    names.join(", ")
}

fn share(facts: &Facts<'_>, reached: usize, covered: usize, all: usize) -> String {
    let what = if facts.basis.training.entries.is_empty() {
        "runs"
    } else {
        "training entry points"
    };
    if reached == 0 {
        return format!("{covered} of the lesser {what}");
    }
    format!("{reached} of {all} {what}")
}

/// The files of the runs that nothing records, the first few by name.
fn uncovered(facts: &Facts<'_>, main: &BTreeSet<usize>, covered: &BTreeSet<usize>) -> String {
    let left: Vec<&str> = main
        .difference(covered)
        .map(|unit| {
            facts
                .basis
                .codebase
                .file(facts.tracking.units[*unit].file)
                .path
                .as_str()
        })
        .collect();
    match left.as_slice() {
        [] => "the other training entry points".to_owned(),
        [one] => (*one).to_owned(),
        [first, second] => format!("{first} and {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}

/// The places to name: those of main runs first, two of a file at most.
fn places<'e>(
    records: impl Iterator<Item = (&'e Evidence, &'e BTreeSet<usize>)>,
    main: &BTreeSet<usize>,
) -> Vec<Evidence> {
    let mut sorted: Vec<(bool, &Evidence)> = records
        .map(|(evidence, units)| (units.is_disjoint(main), evidence))
        .collect();
    sorted.sort();
    let mut found: Vec<Evidence> = Vec::new();
    for (_, evidence) in sorted {
        let of_file = found.iter().filter(|other| other.path == evidence.path).count();
        if of_file < 2 && found.len() < PLACES && !found.contains(evidence) {
            found.push(evidence.clone());
        }
    }
    found
}
