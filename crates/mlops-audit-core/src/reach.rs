//! The graph of commands in brief: what starts what, and what that reaches in the end. Reports draw it.
//!
//! It is taken from the same facts that the criteria judge, and says nothing that they do not know.

use std::collections::BTreeSet;

use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::automation::{Step, Work};
use crate::extract::runs::{Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};

/// Something that runs commands: a job of a CI service, a target, a script, a pipeline, the commands of a README.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What kind of thing it is, as people call it: `GitHub Actions`, `Makefile`, `DVC`.
    pub kind: String,
    /// Name of the job, target or pipeline.
    pub name: String,
    /// Name of the workflow that it belongs to; may be empty.
    pub group: String,
    /// Where it is defined.
    pub evidence: Evidence,
    /// What starts it; empty where nothing does but a person.
    pub triggers: Vec<RunTrigger>,
    /// Why it never runs as committed; `None` where it can run.
    pub dead: Option<String>,
    /// Whether its failure fails nothing.
    pub failure_ignored: bool,
    /// What it does of substance, in order.
    pub steps: Vec<RunStep>,
}

/// What starts a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTrigger {
    /// In words: `push`, `schedule 0 3 * * 1`.
    pub what: String,
    /// Whether it needs a person.
    pub by_person: bool,
    /// Where that is written.
    pub evidence: Evidence,
}

/// A command with what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStep {
    /// What it does, in a word: `train`, `test`, `deploy`.
    pub work: &'static str,
    /// Whether it belongs to what an audit looks for first: training, tests, delivery, serving and the like.
    pub telling: bool,
    /// The command, and where it stands.
    pub evidence: Evidence,
    /// What led to it, outermost first: `make test`, `scripts/test.sh`.
    pub via: Vec<String>,
    /// The file of the project that it runs; empty where it runs none.
    pub file: String,
    /// Why it is a dead end; `None` where it is none.
    pub broken: Option<String>,
    /// Whether its failure fails nothing.
    pub swallowed: bool,
}

/// Takes the graph out of the facts: every runner that does something of substance, or that never runs.
pub(crate) fn runs(facts: &Facts<'_>) -> Vec<Run> {
    let jobs = facts.automation.with_runners(&facts.basis);
    let runs = jobs.map(|(runner, job)| Run {
        kind: kind(facts, &runner.kind),
        name: runner.name.clone(),
        group: runner.group.clone(),
        evidence: runner.evidence(String::new()),
        triggers: triggers(runner),
        dead: runner.dead.clone(),
        failure_ignored: runner.failure_ignored,
        steps: steps(facts, runner, &job.steps),
    });
    runs.filter(|run| run.dead.is_some() || run.steps.iter().any(RunStep::is_worth_showing))
        .collect()
}

impl RunStep {
    /// Whether a reader of the graph learns something from it.
    fn is_worth_showing(&self) -> bool {
        self.telling || self.broken.is_some()
    }
}

fn kind(facts: &Facts<'_>, kind: &RunnerKind) -> String {
    let tool = |id: &String| {
        let mut tools = facts.basis.catalogue.tools().iter();
        let known = tools.find(|(known, _)| known == id);
        known.map_or_else(|| id.clone(), |(_, tool)| tool.name.clone())
    };
    match kind {
        RunnerKind::Ci(name) | RunnerKind::Task(name) | RunnerKind::Platform(name) => (*name).to_owned(),
        RunnerKind::Make => "Makefile".to_owned(),
        RunnerKind::Script => "script".to_owned(),
        RunnerKind::Dvc => "DVC".to_owned(),
        RunnerKind::Orchestrator(id) => tool(id),
        RunnerKind::Image => "image".to_owned(),
        RunnerKind::Compose => "compose".to_owned(),
        RunnerKind::Documentation => "documentation".to_owned(),
    }
}

fn triggers(runner: &Runner) -> Vec<RunTrigger> {
    let in_words = |trigger: &Trigger| match &trigger.kind {
        TriggerKind::Push => "push".to_owned(),
        TriggerKind::PullRequest => "pull request".to_owned(),
        TriggerKind::Release => "tag or release".to_owned(),
        TriggerKind::Schedule(expression) => format!("schedule {expression}").trim_end().to_owned(),
        TriggerKind::Person => "a person".to_owned(),
        TriggerKind::Upstream(name) => format!("after {name}"),
        TriggerKind::Event(name) => format!("event {name}"),
    };
    let all = runner.triggers.iter().map(|trigger| RunTrigger {
        what: in_words(trigger),
        by_person: trigger.kind == TriggerKind::Person,
        evidence: Evidence::new(runner.path.clone(), trigger.place, String::new()),
    });
    let mut seen = BTreeSet::new();
    all.filter(|trigger| seen.insert(trigger.what.clone())).collect()
}

fn steps(facts: &Facts<'_>, runner: &Runner, steps: &[Step]) -> Vec<RunStep> {
    let shown = |step: &Step| {
        let invocation = &runner.invocations[step.invocation];
        let file = match &invocation.target {
            Target::Source(file, _) => facts.basis.codebase.file(*file).path.clone(),
            _ => String::new(),
        };
        RunStep {
            work: step.work.as_str(),
            telling: !matches!(step.work, Work::Install | Work::Keep | Work::Other | Work::Idle),
            evidence: invocation.evidence(invocation.line()),
            via: invocation.via.to_vec(),
            file,
            broken: broken(step, invocation),
            // A person who follows the documentation sees what fails.
            swallowed: invocation.swallowed && runner.kind != RunnerKind::Documentation,
        }
    };
    // An embedded program may leave a command of blank words behind, of which there is nothing to show.
    let steps = steps.iter().map(shown);
    steps.filter(|step| !step.evidence.what.is_empty()).collect()
}

fn broken(step: &Step, invocation: &Invocation) -> Option<String> {
    match (&step.broken, &invocation.target) {
        (Some(evidence), _) => Some(evidence.what.clone()),
        (None, Target::Missing(name)) => Some(format!("runs {name}, which does not exist")),
        (None, _) => None,
    }
}
