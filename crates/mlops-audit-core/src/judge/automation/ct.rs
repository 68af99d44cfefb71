//! `automation.ct`; see the page beside this file.

use super::advice;
use crate::advise::Advice;
use crate::audit::Kind;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::automation::Step;
use crate::extract::runs::{Runner, RunnerKind, TriggerKind};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `automation.ct`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Automation,
        name: "ct",
    },
    label: "CT",
    looked_for: "a schedule or event that starts training",
    page: include_str!("ct.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    // An application that trains nothing is judged by the runs that evaluate it.
    let stands_for_training = facts.assessment.kind == Kind::LlmApp;
    let training: Vec<(&Runner, &Step)> = facts
        .automation
        .with_runners(&facts.basis)
        .filter(|(runner, _)| is_automation(runner))
        .flat_map(|(runner, job)| {
            let step = job
                .steps
                .iter()
                .filter(|step| step.trains || stands_for_training && step.evaluates)
                .min_by_key(|step| step.broken.is_some());
            step.map(|step| (runner, step))
        })
        .collect();
    let runs = |runner: &Runner, step: &Step| runner.dead.is_none() && step.broken.is_none();
    if let Some((runner, step)) = training
        .iter()
        .find(|(runner, step)| runner.is_unattended() && runs(runner, step))
    {
        let all: Vec<Evidence> = training
            .iter()
            .filter(|(runner, step)| runner.is_unattended() && runs(runner, step))
            .map(|(_, step)| step.evidence.clone())
            .collect();
        return unattended(facts, runner, step, &all);
    }
    if !facts.automation.scheduled_in_code.is_empty() {
        return Judgement::met(
            "the code schedules its training",
            facts.automation.scheduled_in_code.clone(),
        );
    }
    if let Some((runner, step)) = training.iter().find(|(runner, step)| runs(runner, step)) {
        return Judgement::partial(
            format!("{} trains when {}", name(runner), starter(runner)),
            vec![runner.evidence("defines the run"), step.evidence.clone()],
            "no schedule, new data or alarm starts the training",
        );
    }
    if let Some((runner, step)) = training.iter().find(|(runner, _)| runner.is_unattended()) {
        let why = step.broken.as_ref().map_or_else(
            || runner.dead.clone().unwrap_or_default(),
            |broken| format!("it {}", broken.what),
        );
        return Judgement::partial(
            format!("{} would train on a schedule", name(runner)),
            vec![runner.evidence("defines the run"), step.evidence.clone()],
            format!("the scheduled training cannot run: {why}"),
        );
    }
    by_hand(facts)
}

/// Whether a runner is more than a local command: CI, an orchestrator, a platform, an image or a timer.
fn is_automation(runner: &Runner) -> bool {
    match &runner.kind {
        RunnerKind::Ci(_) | RunnerKind::Platform(_) => true,
        RunnerKind::Orchestrator(tool) => runner.is_automatic() || !is_local(tool),
        RunnerKind::Documentation => false,
        RunnerKind::Make
        | RunnerKind::Script
        | RunnerKind::Task(_)
        | RunnerKind::Dvc
        | RunnerKind::Image
        | RunnerKind::Compose => runner.is_unattended(),
    }
}

/// Tools whose pipelines a person runs on one machine, as `dvc repro` or `make` do.
fn is_local(tool: &str) -> bool {
    matches!(
        tool,
        "mlflow"
            | "snakemake"
            | "targets"
            | "ploomber"
            | "hamilton"
            | "spacy"
            | "cwl"
            | "guild"
            | "kedro"
            | "nextflow"
    )
}

fn unattended(facts: &Facts<'_>, runner: &Runner, step: &Step, all: &[Evidence]) -> Judgement {
    let trigger = runner
        .triggers
        .iter()
        .find(|trigger| matches!(trigger.kind, TriggerKind::Schedule(_) | TriggerKind::Event(_)));
    let finding = match trigger.map(|trigger| &trigger.kind) {
        Some(TriggerKind::Event(event)) => format!("{} trains on {event}", name(runner)),
        _ => format!("{} trains on a schedule", name(runner)),
    };
    let mut evidence = vec![step.evidence.clone()];
    match trigger.filter(|trigger| trigger.place.line > 0) {
        Some(trigger) => evidence.push(Evidence::new(
            runner.path.clone(),
            trigger.place,
            "starts the training by itself",
        )),
        None => evidence.push(runner.evidence("starts the training by itself")),
    }
    if super::is_minority(facts, all) {
        return Judgement::partial(
            finding,
            evidence,
            "only a minority of the projects is retrained by itself",
        );
    }
    Judgement::met(finding, evidence)
}

fn name(runner: &Runner) -> String {
    match &runner.kind {
        RunnerKind::Ci(service) => (*service).to_owned(),
        RunnerKind::Orchestrator(tool) => format!("the {tool} pipeline"),
        RunnerKind::Platform(platform) => (*platform).to_owned(),
        _ => runner.name.clone(),
    }
}

fn starter(runner: &Runner) -> &'static str {
    if runner.runs_on_change() {
        "code changes"
    } else if runner.is_automatic() {
        "a version is released"
    } else {
        "a person starts it"
    }
}

/// Training that a person starts, and schedules that start something else.
fn by_hand(facts: &Facts<'_>) -> Judgement {
    let unmet = Judgement::unmet("a person starts every training");
    let near = facts
        .automation
        .with_runners(&facts.basis)
        .find(|(runner, job)| runner.is_unattended() && !job.steps.is_empty());
    match near {
        Some((runner, _)) => unmet.near(
            "a schedule starts something else than training",
            vec![runner.evidence("is started by itself, and trains nothing")],
        ),
        None => unmet,
    }
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::ct(judged, judgement)
}
