//! `automation.ci`; see the page beside this file.

use super::advice;
use crate::advise::Advice;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::automation::{Job, Step, Work};
use crate::extract::runs::{Runner, RunnerKind};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `automation.ci`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Automation,
        name: "ci",
    },
    label: "CI",
    looked_for: "GitHub Actions, GitLab CI, Jenkins, CircleCI",
    page: include_str!("ci.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let on_change: Vec<(&Runner, &Job, &Step)> = facts
        .automation
        .live_ci(&facts.basis)
        .filter(|(runner, _)| runner.runs_on_change())
        .flat_map(|(runner, job)| job.steps.iter().map(move |step| (runner, job, step)))
        .collect();
    let checks: Vec<&(&Runner, &Job, &Step)> = on_change.iter().filter(|(.., step)| checks(step)).collect();
    let mut good = checks
        .iter()
        .filter(|(runner, _, step)| can_fail(facts, runner, step))
        .peekable();
    let any = good.peek().copied();
    let is_smoke = |job: &Job, step: &Step| {
        step.work == Work::Test && facts.automation.follows_deployment(&facts.basis, job, step)
    };
    if let Some((runner, _, step)) = good.find(|(_, job, step)| !is_smoke(job, step)) {
        return met(runner, step);
    }
    if let Some((.., step)) = any {
        return Judgement::partial(
            "the only test runs after the deployment",
            vec![step.evidence.clone()],
            "no CI job runs tests before it deploys",
        );
    }
    if let Some((.., step)) = checks.first() {
        return only_reports(facts, step);
    }
    // The step that says most of what the job is for; one of a kind that is not known says least.
    let telling = on_change.iter().find(|(.., step)| step.work != Work::Other);
    if let Some((runner, _, step)) = telling.or(on_change.first()) {
        return Judgement::partial(
            format!("{} without tests: {}", service(runner), works(&on_change)),
            vec![step.evidence.clone()],
            "no CI job runs the tests, the training or the evaluation",
        );
    }
    without_ci(facts)
}

/// Whether a step runs the tests, the training or the evaluation.
fn checks(step: &Step) -> bool {
    step.work == Work::Test || step.work == Work::Evaluate || step.trains
}

/// Whether the step can fail its job, and there is something that it really runs.
fn can_fail(facts: &Facts<'_>, runner: &Runner, step: &Step) -> bool {
    let invocation = &runner.invocations[step.invocation];
    let runs_tests = step.work != Work::Test || facts.automation.tests_can_run(step);
    !invocation.swallowed && !runner.failure_ignored && step.broken.is_none() && runs_tests
}

fn met(runner: &Runner, step: &Step) -> Judgement {
    let what = match step.work {
        Work::Test => "runs the tests",
        Work::Evaluate => "runs the evaluation",
        _ => "runs the training",
    };
    let mut evidence = vec![step.evidence.clone()];
    let trigger = runner.triggers.iter().find(|trigger| trigger.place.line > 0);
    if let Some(trigger) = trigger.filter(|_| evidence[0].path == runner.path) {
        evidence.push(Evidence::new(
            runner.path.clone(),
            trigger.place,
            "starts on a change",
        ));
    }
    Judgement::met(format!("{} {what}", service(runner)), evidence)
}

fn only_reports(facts: &Facts<'_>, step: &Step) -> Judgement {
    let mut evidence = vec![step.evidence.clone()];
    let missing = if let Some(broken) = &step.broken {
        evidence.push(broken.clone());
        format!("what CI runs cannot run: it {}", broken.what)
    } else if let Some(stopped) = facts
        .automation
        .unimportable_tests
        .as_ref()
        .filter(|_| step.work == Work::Test)
    {
        evidence.push(stopped.clone());
        "every test module fails to import, so no test is run".to_owned()
    } else if step.work == Work::Test && !facts.automation.has_tests {
        "CI calls a test runner, but there is no test".to_owned()
    } else {
        "the tests cannot fail their job, because the exit code is thrown away".to_owned()
    };
    Judgement::partial("tests in CI that protect nothing", evidence, missing)
}

/// The file of CI that would run the tests on a change, were it not refused as a whole: its runner and the reason.
pub(super) fn refused<'a>(facts: &'a Facts<'_>) -> Option<(&'a Runner, &'a Evidence)> {
    let jobs = || {
        let jobs = facts.automation.with_runners(&facts.basis);
        jobs.filter(|(runner, job)| {
            matches!(runner.kind, RunnerKind::Ci(_)) && runner.runs_on_change() && !job.steps.is_empty()
        })
    };
    let refusal = |runner: &'a Runner| Some((runner, facts.basis.runs.refusal_of(&runner.path)?));
    let mut checking = jobs().filter(|(_, job)| job.steps.iter().any(checks));
    checking
        .find_map(|(runner, _)| refusal(runner))
        .or_else(|| jobs().find_map(|(runner, _)| refusal(runner)))
}

fn without_ci(facts: &Facts<'_>) -> Judgement {
    if let Some((runner, refusal)) = refused(facts) {
        let missing = format!(
            "no CI service runs the tests on push or pull request: the job {}",
            refusal.what
        );
        return Judgement::unmet(missing).near(
            format!("{} that runs nothing: it {}", service(runner), refusal.what),
            vec![refusal.clone()],
        );
    }
    let near = facts
        .automation
        .with_runners(&facts.basis)
        .find(|(runner, job)| matches!(runner.kind, RunnerKind::Ci(_)) && !job.steps.is_empty());
    match near {
        Some((runner, _)) => {
            let why = runner
                .dead
                .clone()
                .unwrap_or_else(|| "neither a push nor a pull request starts it".to_owned());
            Judgement::unmet("no CI service runs the tests on push or pull request").near(
                format!("{} that does not run on changes: {why}", service(runner)),
                vec![runner.evidence(why.clone())],
            )
        }
        None => Judgement::unmet("no CI service runs the tests"),
    }
}

fn service(runner: &Runner) -> &str {
    match &runner.kind {
        RunnerKind::Ci(service) => service,
        _ => "CI",
    }
}

/// What CI does, in words: `lint, build`.
fn works(steps: &[(&Runner, &Job, &Step)]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for (.., step) in steps {
        let word = step.work.as_str();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.truncate(4);
    words.join(", ")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::ci(judged, judgement)
}
