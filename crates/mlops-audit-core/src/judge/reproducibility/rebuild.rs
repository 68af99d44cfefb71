//! `reproducibility.rebuild`; see the page beside this file.

use crate::advise::{Advice, Implementation};
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::versioning::data::Access;
use crate::judge::installing::add_package;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle, Verdict};

/// `reproducibility.rebuild`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Reproducibility,
        name: "rebuild",
    },
    label: "Can rebuild from scratch",
    looked_for: "environment, data, command",
    page: include_str!("rebuild.md"),
    judge,
    advise,
};

const ENVIRONMENT: &str = "no declared dependencies";
const DATA: &str = "no data that code or the commit gives";
const COMMAND: &str = "no documented or automated command that trains";

fn judge(facts: &Facts<'_>) -> Judgement {
    let environment = (super::environment::CRITERION.judge)(facts);
    let has_environment = environment.verdict != Verdict::Unmet;
    let data = &facts.environment.data;
    // Where nothing is trained and no language model is called, there is no data of training either.
    let runs_anything = !facts.basis.training.is_empty() || !facts.randomness.language_model_calls.is_empty();
    let has_data = runs_anything && data.is_obtainable();
    let commands = &facts.environment.commands;
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    if has_environment {
        evidence.extend(environment.evidence.iter().take(1).cloned());
    } else {
        missing.push(ENVIRONMENT.to_owned());
    }
    if has_data {
        evidence.extend(data.proof());
    } else {
        missing.push(missing_data(facts));
        evidence.extend(data.missing.iter().take(2).map(|found| found.evidence.clone()));
    }
    if commands.is_empty() {
        missing.push(COMMAND.to_owned());
    } else {
        evidence.extend(commands.iter().take(2).cloned());
    }
    match missing.len() {
        0 if environment.verdict == Verdict::Met => {
            Judgement::met("environment, data and command are there", evidence)
        }
        0 => Judgement::partial(
            "all is there, but the environment is not fixed",
            evidence,
            "the dependencies have no exact versions",
        ),
        1 => Judgement::partial("one ingredient is missing", evidence, missing.remove(0)),
        _ => {
            let finding = if evidence.is_empty() {
                ""
            } else {
                "a part is there"
            };
            Judgement::unmet(missing.join(", ")).near(finding, evidence)
        }
    }
}

fn missing_data(facts: &Facts<'_>) -> String {
    match facts.environment.data.missing.first() {
        Some(found) => format!("{DATA} (training {})", found.what),
        None => DATA.to_owned(),
    }
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    let data = &facts.environment.data;
    let is_documented = !facts.environment.commands.is_empty();
    if data.is_obtainable() && is_documented {
        // Only the environment is open, which is that criterion's gap as well: one cause, one recommendation.
        return super::environment::advise(judged, judgement);
    }
    let mut steps = Implementation::default();
    let mut tools = Vec::new();
    if judged.verdict("reproducibility.environment") != Verdict::Met {
        steps = steps.decide("fix the environment first, as reproducibility.environment asks");
    }
    if !data.is_obtainable() {
        steps = steps.then(obtainable(facts));
        tools.push("DVC".to_owned());
    }
    if !is_documented {
        steps = steps.then(documented_command(judged));
        tools.push("Make".to_owned());
    }
    Advice {
        cause: if data.is_obtainable() { "command-missing" } else { "data-missing" }.to_owned(),
        gap: judgement.missing.join("; "),
        recommendation: "Give a new colleague all three ingredients: the fixed environment, data that code fetches, and the one command that trains; then try them in a fresh clone."
            .to_owned(),
        implementation: steps,
        tools,
        fixable: false,
        locations: data.missing.iter().take(6).map(|found| found.evidence.clone()).collect(),
    }
}

/// The commands that put the data where a clone can fetch it.
fn obtainable(facts: &Facts<'_>) -> Implementation {
    let listing = facts.basis.listing;
    let is_set_up = listing.file(".dvc/config").is_some();
    let start = if is_set_up {
        String::new()
    } else {
        format!("{}\ndvc init\n", add_package(facts, "dvc[s3]"))
    };
    let name = facts
        .versioning
        .data
        .entries
        .iter()
        .flat_map(|(_, sources)| sources)
        .filter(|source| source.access == Access::File && !source.name.contains(' '))
        .map(|source| source.name.as_str())
        .find(|name| !name.starts_with(['/', '~', '.']) && !name.contains([':', '\\']));
    Implementation::default()
        .run(format!(
            "{start}dvc remote add --default storage s3://BUCKET/PATH\ndvc add \"{}\"\ndvc push",
            name.unwrap_or("data")
        ))
        .decide("a clone fetches the data by `dvc pull`: say so in the README")
}

/// The lines for the README that run the project's own training.
fn documented_command(judged: &Judged<'_>) -> Implementation {
    let basis = &judged.facts().basis;
    let start = Implementation::default();
    let Some(entry) = basis.training.main_entries().first().copied() else {
        return start.decide("write into the README which command runs the whole");
    };
    let file = basis.codebase.file(entry.file);
    let path = if file.path.contains(' ') {
        format!("'{}'", file.path)
    } else {
        file.path.clone()
    };
    let command = match file.path.rsplit('.').next() {
        Some("ipynb") => format!("jupyter nbconvert --to notebook --execute --inplace {path}"),
        Some("R" | "r") => format!("Rscript {path}"),
        Some("jl") => format!("julia --project {path}"),
        _ => format!("python {path}"),
    };
    let lines = format!("## Training\n\n```sh\n{command}\n```\n");
    match basis.listing.file("README.md") {
        Some(_) => start.add(
            &Evidence::file("README.md", "tells how to run it"),
            lines.trim_end(),
        ),
        None => start.create("README.md", lines),
    }
}
