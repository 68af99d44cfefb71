//! What to do about gaps: the project's own tracker where it has one, else the one that fits its framework.

use mlops_audit_formats::code::Language;

use super::lines;
use crate::advise::{Advice, Implementation};
use crate::audit::Kind;
use crate::evidence::Evidence;
use crate::extract::tracking::{Aspect, Weakness};
use crate::judge::insertion::language_of;
use crate::judge::installing::{add_package, trains_nothing};
use crate::judge::{Judged, Judgement, Verdict};

/// Says what to do about a gap in one aspect.
pub(super) fn advise(judged: &Judged<'_>, judgement: &Judgement, aspect: Aspect) -> Advice {
    let tracking = &judged.facts().tracking;
    let weakness = tracking.of(aspect).find_map(|record| record.weakness);
    if weakness == Some(Weakness::Vanishes) {
        return lasting_store(judged, judgement);
    }
    if !tracking.has_tracker() {
        return no_tracker(judged);
    }
    extend(judged, judgement, aspect)
}

/// The runs that lack a record: main ones, by their training line.
fn entries(judged: &Judged<'_>, aspect: Option<Aspect>) -> Vec<Evidence> {
    let tracking = &judged.facts().tracking;
    let main = tracking.main_units();
    let is_covered = |unit: usize| {
        aspect.is_some_and(|aspect| {
            tracking
                .of(aspect)
                .any(|record| record.weakness.is_none() && record.units.contains(&unit))
        })
    };
    let codebase = &judged.facts().basis.codebase;
    let mut open: Vec<Evidence> = main
        .iter()
        .filter(|unit| !is_covered(**unit))
        .map(|unit| tracking.units[*unit].evidence.clone())
        .collect();
    // What is advised is written in Python where anything of it trains.
    open.sort_by_key(|place| language_of(codebase, place) != Language::Python);
    open.truncate(8);
    open
}

/// The switch that turns a tracker off, where one does.
fn switched_off(judged: &Judged<'_>) -> Option<(String, String, Evidence)> {
    let idle = judged
        .facts()
        .tracking
        .idle
        .iter()
        .find(|idle| idle.why.ends_with("is off"))?;
    Some((idle.tool.clone(), idle.why.clone(), idle.evidence.clone()))
}

/// Where nothing is trained, what a run leaves is that of an evaluation.
fn no_evaluation(judged: &Judged<'_>) -> Advice {
    let version = match judged.facts().assessment.kind {
        Kind::LlmApp => "the ids of the models and the version of the prompts",
        _ => "the checksum of the weights",
    };
    Advice {
        cause: "no-tracker".to_owned(),
        gap: "no experiment tracker is in use, and no evaluation of the model that is used is recorded".to_owned(),
        recommendation: format!(
            "Run the model over labelled examples, and record that run with MLflow: {version}, the settings, the figures and the Git commit"
        ),
        implementation: Implementation::default()
            .run(add_package(judged.facts(), "mlflow"))
            .decide("keep labelled examples, and write a script that runs the model over them and computes its figures")
            .decide(format!("open an MLflow run around it, and log {version} and the settings as parameters, the figures as metrics and the table of answers as an artifact")),
        tools: vec!["MLflow".to_owned()],
        fixable: false,
        locations: Vec::new(),
    }
}

fn no_tracker(judged: &Judged<'_>) -> Advice {
    let entries = entries(judged, None);
    let place = entries
        .first()
        .map_or_else(|| "the training script".to_owned(), Evidence::location);
    let home_made = !judged.facts().tracking.home_made.is_empty();
    if entries.is_empty() && trains_nothing(judged.facts()) && switched_off(judged).is_none() {
        return no_evaluation(judged);
    }
    if let Some((tool, why, evidence)) = switched_off(judged) {
        return Advice {
            cause: "no-tracker".to_owned(),
            gap: format!(
                "{tool} is built in at {}, but {why} in every committed configuration and documented command",
                evidence.location()
            ),
            recommendation: format!(
                "Switch {tool} on by default: set the flag in the committed configuration, or pass it in the training command of the README"
            ),
            implementation: Implementation::default().decide(format!(
                "at {}: change the default of the switch ({why}) to on, and let a debug configuration turn it off",
                evidence.location()
            )),
            tools: vec![tool],
            fixable: false,
            locations: vec![evidence],
        };
    }
    let gap = if home_made {
        format!(
            "no experiment tracker is in use: runs that start at {place} leave files of their own, which nobody can list, compare or search"
        )
    } else {
        format!(
            "no experiment tracker is in use: nothing of a run that starts at {place} is kept but what it overwrites"
        )
    };
    Advice {
        cause: "no-tracker".to_owned(),
        gap,
        recommendation: format!(
            "Record each run with MLflow: parameters, metrics, the model and the Git commit arrive together; start at {place}"
        ),
        implementation: lines::first_tracker(judged.facts(), entries.first()),
        tools: vec!["MLflow".to_owned()],
        fixable: false,
        locations: entries,
    }
}

fn lasting_store(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let place = judgement
        .evidence
        .first()
        .map(Evidence::location)
        .unwrap_or_default();
    let names_it = |words: &[String]| {
        let script = judgement.evidence.first().map_or("", |found| found.path.as_str());
        words.iter().any(|word| word.ends_with(script))
    };
    let job = judged
        .facts()
        .basis
        .runs
        .runners
        .iter()
        .filter(|runner| runner.path.contains(".github/workflows/"))
        .find(|runner| runner.invocations.iter().any(|found| names_it(&found.words)))
        .map(|runner| runner.evidence("trains"));
    let lines = "env:\n  MLFLOW_TRACKING_URI: ${{ secrets.MLFLOW_TRACKING_URI }}";
    Advice {
        cause: "store-vanishes".to_owned(),
        gap: format!("the runs logged at {place} go to a local MLflow folder of the CI job and vanish with its runner"),
        recommendation: "Send the runs to a tracking server that outlives the runner, or keep the folder as an artifact of the job".to_owned(),
        implementation: match job {
            Some(job) => Implementation::default().change(&job, lines),
            None => Implementation::default()
                .decide("set MLFLOW_TRACKING_URI in the job that trains to a server that stays"),
        },
        tools: vec!["MLflow".to_owned()],
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}

/// With a tracker in use, only what is missing.
fn extend(judged: &Judged<'_>, judgement: &Judgement, aspect: Aspect) -> Advice {
    let tracking = &judged.facts().tracking;
    let first = tracking
        .of(aspect)
        .chain(tracking.records.iter())
        .find(|record| record.id.is_some())
        .or_else(|| tracking.records.first());
    let (tool, id) = first.map_or(("the tracker", ""), |record| {
        (record.tool.as_str(), record.id.as_deref().unwrap_or_default())
    });
    let locations = entries(judged, Some(aspect));
    let place = locations
        .first()
        .map_or_else(|| "the training script".to_owned(), Evidence::location);
    let (word, cause) = match aspect {
        Aspect::Params => ("hyper-parameters", "params-not-logged"),
        Aspect::Metrics => ("metrics", "metrics-not-logged"),
        Aspect::Artifacts => ("model and plots", "artifacts-not-logged"),
        Aspect::Code => ("commit", "commit-not-logged"),
    };
    let is_partial = judgement.verdict == Verdict::Partial;
    let missing = judgement.missing.first().cloned().unwrap_or_default();
    let gap = if is_partial {
        format!("{tool} is in use, but {missing}")
    } else {
        let verb = if aspect == Aspect::Code { "is" } else { "are" };
        format!("{tool} is in use, but the {word} of the run at {place} {verb} not recorded")
    };
    let recommendation = if aspect == Aspect::Code {
        format!("Log the commit with each run that starts at {place}")
    } else {
        format!("Hand the {word} to {tool} in each run, first at {place}")
    };
    Advice {
        cause: cause.to_owned(),
        gap,
        recommendation,
        implementation: lines::of_tracker(judged.facts(), id, aspect, locations.first()),
        tools: vec![tool.to_owned()],
        fixable: false,
        locations,
    }
}
