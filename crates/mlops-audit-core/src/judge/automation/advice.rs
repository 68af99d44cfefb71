//! What to do about gaps of automation, in this project's terms: its CI service, installer, scripts and image.

use super::{chain, snippets};
use crate::advise::{Advice, Implementation};
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::automation::{DeliveryKind, Shape};
use crate::judge::installing::trains_nothing;
use crate::judge::{Judged, Judgement, Verdict};

/// The service in whose terms is advised: the one that the project has, else the one of its host.
fn service(facts: &Facts<'_>) -> &'static str {
    let remote = facts
        .basis
        .listing
        .git
        .as_ref()
        .and_then(|git| git.remote.as_deref());
    let host = remote.and_then(|page| page.split('/').nth(2)).unwrap_or_default();
    let of_host = if host.contains("gitlab") {
        "GitLab CI"
    } else {
        "GitHub Actions"
    };
    facts.automation.means.service.unwrap_or(of_host)
}

fn gap(judgement: &Judgement) -> String {
    let mut gap = judgement.missing.join("; ");
    if let Some(place) = judgement.evidence.first() {
        gap.push_str(&format!(" ({})", place.location()));
    }
    gap
}

pub(super) fn pipeline(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    let first = facts.automation.chains.first();
    let (cause, recommendation) = match first.map(|chain| chain.shape) {
        None => ("no-pipeline", "Write the order of the steps down, so that one command runs them all and only repeats what has changed.".to_owned()),
        Some(Shape::Broken) => (
            "broken-pipeline",
            format!(
                "Mend the chain: {}.",
                first.and_then(|chain| chain.why.as_deref()).unwrap_or("a step is missing")
            ),
        ),
        Some(Shape::SideBySide) => (
            "unchained-steps",
            "Add one target that runs the existing steps in order.".to_owned(),
        ),
        Some(Shape::DataOnly) => (
            "data-pipeline-without-training",
            "Add the training as a step of the pipeline, and let it read what the pipeline writes.".to_owned(),
        ),
        Some(Shape::DeliveryOnly) => (
            "delivery-only-pipeline",
            "Put training and evaluation in front of the delivery steps, so that what is deployed was made by the same pipeline.".to_owned(),
        ),
        Some(Shape::Chained) => (
            "minority-pipeline",
            "Give the other projects of the repository a pipeline as well.".to_owned(),
        ),
    };
    let implementation = match first.map(|chain| chain.shape) {
        Some(Shape::SideBySide) => chain::chained(facts, first),
        Some(Shape::Broken) => broken(first.map_or(&[], |chain| &chain.evidence)),
        _ => chain::dvc(facts),
    };
    Advice {
        cause: cause.to_owned(),
        gap: gap(judgement),
        recommendation,
        implementation,
        tools: vec!["dvc".to_owned(), "make".to_owned()],
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}

/// The places that a broken chain has to be mended at.
fn broken(evidence: &[Evidence]) -> Implementation {
    let places = evidence
        .iter()
        .filter(|found| found.what.contains("does not exist"));
    let steps = places.fold(Implementation::default(), |steps, found| {
        steps.decide(format!("at {}: {}", found.location(), found.what))
    });
    let last = if steps.steps.is_empty() {
        "correct the paths and imports that the definition names, and run the whole chain once on a fresh clone"
    } else {
        "correct these, and run the whole chain once on a fresh clone"
    };
    steps.decide(last)
}

pub(super) fn ci(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    let means = &facts.automation.means;
    let has_tests = means.tests.is_some();
    let mut advice = Advice {
        cause: "no-ci".to_owned(),
        gap: gap(judgement),
        recommendation: format!(
            "Let {} run {} on every push and pull request.",
            service(facts),
            if has_tests { "the tests" } else { "tests" }
        ),
        implementation: snippets::ci(service(facts), facts),
        tools: vec![service(facts).to_owned()],
        fixable: false,
        locations: judgement.evidence.clone(),
    };
    if judgement.verdict == Verdict::Partial {
        advice.cause = "ci-without-tests".to_owned();
        if let Some(step) = judgement
            .evidence
            .first()
            .filter(|_| judgement.finding.contains("protect nothing"))
        {
            advice.cause = "tests-cannot-fail".to_owned();
            advice.recommendation =
                "Make the step that runs the tests fail its job when a test fails.".to_owned();
            advice.implementation = Implementation::default().decide(format!(
                "at {}: remove `|| true`, `continue-on-error` and whatever else swallows the exit code, mend what the tests import, and check with a failing test that the job turns red",
                step.location()
            ));
        } else {
            advice.recommendation = format!(
                "Add a job to {} that runs the tests; what is there stays.",
                service(facts)
            );
        }
    } else if let Some((runner, refusal)) = super::ci::refused(facts) {
        advice.cause = "ci-refused".to_owned();
        advice.recommendation = format!("Mend {}: nothing that stands in it is run.", runner.path);
        let how = match refusal.what.contains("merge conflict") {
            true => "resolve the merge conflict",
            false => {
                "mend the line; a value that holds a colon and a space stands in quotes, or on lines of its own below `run: |`"
            }
        };
        advice.implementation = Implementation::default().decide(format!("at {}: {how}", refusal.location()));
    } else if means.service.is_some() {
        advice.cause = "ci-not-on-change".to_owned();
    }
    advice
}

pub(super) fn cd(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    let kind = facts.automation.deliveries.first().map(|delivery| delivery.kind);
    let (cause, recommendation) = match kind {
        None => (
            "no-delivery",
            "Let a job build and push what the users get, after the tests have passed.",
        ),
        Some(DeliveryKind::BuiltOnly) => ("built-not-pushed", "Push what the job builds to a registry."),
        Some(DeliveryKind::ByDispatch) => (
            "delivery-by-person",
            "Start the delivery by a push to the main branch or a tag, not only by a person.",
        ),
        Some(DeliveryKind::Dead) => (
            "delivery-never-runs",
            "Bring the delivery to the place where its service reads it, and switch it on.",
        ),
        Some(DeliveryKind::Script | DeliveryKind::Manifests) => (
            "delivery-by-hand",
            "Let a job run the deployment that a person runs now.",
        ),
        Some(DeliveryKind::Automated) => (
            "minority-delivered",
            "Deliver the other projects of the repository in the same way.",
        ),
    };
    Advice {
        cause: cause.to_owned(),
        gap: gap(judgement),
        recommendation: recommendation.to_owned(),
        implementation: delivery(facts, kind, judgement),
        tools: match runs_script(facts, kind, judgement) {
            true => vec![service(facts).to_owned()],
            false => vec![service(facts).to_owned(), "docker".to_owned()],
        },
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}

/// Whether the delivery that is proposed runs a script that the project has.
fn runs_script(facts: &Facts<'_>, kind: Option<DeliveryKind>, judgement: &Judgement) -> bool {
    let place = judgement.evidence.first();
    kind == Some(DeliveryKind::Script)
        && place.is_some_and(|place| snippets::deploy_script(facts, place).is_some())
}

fn delivery(facts: &Facts<'_>, kind: Option<DeliveryKind>, judgement: &Judgement) -> Implementation {
    let start = Implementation::default();
    let whole = || snippets::cd(service(facts), facts);
    let Some(place) = judgement.evidence.first() else {
        return whole();
    };
    match kind {
        Some(DeliveryKind::ByDispatch) if place.path.contains(".github/workflows/") => start.change(
            &Evidence::file(&place.path, "starts the delivery"),
            "on:\n  push:\n    branches: [main]\n  workflow_dispatch:",
        ),
        Some(DeliveryKind::ByDispatch) => start.decide(format!(
            "at {}: remove the rule that asks for a person (such as `when: manual`) on the main branch",
            place.location()
        )),
        Some(DeliveryKind::BuiltOnly) if place.path.contains(".github/workflows/") => start.change(
            place,
            "- uses: docker/login-action@v4\n  with:\n    registry: ghcr.io\n    username: ${{ github.actor }}\n    password: ${{ secrets.GITHUB_TOKEN }}\n- uses: docker/build-push-action@v7\n  with:\n    push: true\n    tags: ghcr.io/${{ github.repository }}:${{ github.sha }}",
        ).decide("give the job `permissions: {contents: read, packages: write}`"),
        Some(DeliveryKind::Dead) => start.decide(format!(
            "{}: {}",
            place.location(),
            judgement.missing.join("; ")
        )),
        Some(DeliveryKind::Script) => {
            let script = snippets::deploy_script(facts, place);
            script.map_or_else(whole, |command| snippets::deploy(service(facts), facts, &command))
        }
        _ => whole(),
    }
}

/// What stands for retraining where others train the model.
fn evaluation_on_schedule(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    Advice {
        cause: "nothing-trained".to_owned(),
        gap: "Nothing is trained here, and nothing evaluates the model that is used on a schedule.".to_owned(),
        recommendation: format!(
            "Let {} run the model over labelled examples on a schedule, and change to another version of it only where its figures are better.",
            service(facts)
        ),
        implementation: Implementation::default()
            .decide("keep labelled examples, and write one command that runs the model over them and fails where a figure is below its bar")
            .decide(format!("let a scheduled job of {} run that command each week", service(facts))),
        tools: vec![service(facts).to_owned()],
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}

pub(super) fn ct(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    if trains_nothing(facts) {
        return evaluation_on_schedule(facts, judgement);
    }
    let partial = judgement.verdict == Verdict::Partial;
    let recommendation = if partial {
        "Give the run that trains a schedule, or an event of new data or drift, and compare the new model with the old one before it is promoted.".to_owned()
    } else {
        format!(
            "Let {} train on a schedule, and compare the new model with the old one before it is promoted.",
            service(facts)
        )
    };
    let (implementation, tool) = schedule(facts, judgement);
    Advice {
        cause: if partial {
            "training-without-schedule"
        } else {
            "training-by-hand"
        }
        .to_owned(),
        gap: gap(judgement),
        recommendation,
        implementation,
        tools: vec![tool],
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}

/// The schedule of the run that trains already, else of a job that does, and the tool that starts it.
fn schedule(facts: &Facts<'_>, judgement: &Judgement) -> (Implementation, String) {
    let own = || (snippets::ct(service(facts), facts), service(facts).to_owned());
    if judgement.verdict != Verdict::Partial {
        return own();
    }
    let path = judgement.evidence.first().map_or("", |found| found.path.as_str());
    if path.contains(".github/workflows/") {
        let lines = "on:\n  schedule:\n    - cron: \"0 4 * * 1\"\n  workflow_dispatch:";
        let place = Evidence::file(path, "starts the training");
        return (
            Implementation::default().change(&place, lines),
            service(facts).to_owned(),
        );
    }
    let words = judgement.finding.strip_prefix("the ").unwrap_or_default();
    match snippets::orchestrator_schedule(words) {
        Some(hint) => {
            let tool = words.split(' ').next().unwrap_or_default();
            (Implementation::default().decide(hint), tool.to_owned())
        }
        None if service(facts) == "Azure Pipelines" && path.ends_with(".yml") => {
            let place = Evidence::file(path, "starts the training");
            let start = Implementation::default();
            (
                start.change(&place, snippets::AZURE_SCHEDULE),
                service(facts).to_owned(),
            )
        }
        None => own(),
    }
}
