//! Bars outside tests: conditions on a metric, and what follows from them.

use mlops_audit_formats::code::{BlockKind, Comparison, Expr, Language, ScopeKind};
use mlops_audit_formats::dotted::last_segment;

use super::comparisons::registers;
use super::conditions::Conditions;
use super::decisions::{Decisions, is_decision};
use super::mlflow;
use super::quality::{Bar, Reader};
use super::suite::{Suite, is_exit};
use super::vocabulary::{any_word, has_stem, is_metric_name, words};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached, Site, SourceFile};

/// What follows where the bar is passed or missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// It is only printed or logged.
    Reported,
    /// It is stored or served with the model.
    Stored,
    /// The run fails, or the model is promoted, registered or deployed only then.
    Enforced,
}

/// A bar that a model has to pass, outside tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// What the metric is compared with.
    pub relative: bool,
    /// Whether every model passes it.
    pub vacuous: bool,
    /// What follows.
    pub consequence: Consequence,
    /// Whether something reaches it: a script, a pipeline, CI.
    pub is_reached: bool,
    /// Where the condition stands.
    pub evidence: Evidence,
}

/// The gates in the project's own code.
pub(super) fn find(basis: &Basis<'_>, suite: &Suite) -> Vec<Gate> {
    let mut gates = of_code(basis, suite);
    super::embedded::gates(basis, &mut gates);
    super::shell::gates(basis, &mut gates);
    commands(basis, &mut gates);
    gates.sort_by(|a, b| a.evidence.cmp(&b.evidence));
    gates
}

/// The gates in source files.
pub(super) fn of_code(basis: &Basis<'_>, suite: &Suite) -> Vec<Gate> {
    let reached = reached(basis, suite);
    let opened = Conditions::new(basis, suite);
    let decisions = Decisions::new(basis, &opened);
    let steps = basis
        .wanted()
        .with_role(&[Role::ModelTest, Role::RegressionTest])
        .with_target(|target| compares(target) || branches(target))
        .sites();
    let mut gates = Vec::new();
    for file in opened.files.iter().copied() {
        conditions(basis, file, &reached, (opened.of(file), &decisions), &mut gates);
        assertions(basis, file, &reached, &mut gates);
        stored(basis, file, &mut gates);
        let own = steps.partition_point(|site| site.file < file);
        let own = steps[own..].iter().take_while(|site| site.file == file);
        own.for_each(|site| step(basis, *site, &reached, &mut gates));
    }
    super::handed::gates(basis, suite, &reached, &mut gates);
    gates
}

/// All code that a script, a command or an entry point of training reaches.
pub(super) fn reached(basis: &Basis<'_>, suite: &Suite) -> Reached {
    let invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    let run = invocations.filter_map(|invocation| basis.runs.reached(invocation));
    let trained = basis.training.entries.iter().map(|entry| &entry.reached);
    // A file with a main part is run by somebody.
    let codebase = &basis.codebase;
    let is_run = |file: FileIndex, source: &SourceFile| {
        let is_script = source
            .code
            .blocks
            .iter()
            .any(|block| matches!(block.kind, BlockKind::Main));
        // A program inside a command runs with it.
        let is_program = !source.path.ends_with(".py") && source.code.language == Language::Python;
        !suite.contains(file) && (is_script || source.is_notebook || is_program)
    };
    let scripts = (0..)
        .zip(&codebase.files)
        .filter(|(file, source)| is_run(*file, source));
    let started = codebase.reach(scripts.flat_map(|(file, _)| [Node::module(file), Node::main(file)]));
    Reached::union(run.chain(trained).chain([&started]))
}

/// Conditions that set a bar themselves, or ask for a decision that was taken on one.
fn conditions(
    basis: &Basis<'_>,
    file: FileIndex,
    reached: &Reached,
    (opened, decisions): (&[(FileIndex, u32, Bar)], &Decisions),
    gates: &mut Vec<Gate>,
) {
    let codebase = &basis.codebase;
    let code = &codebase.file(file).code;
    if opened.is_empty() && decisions.is_empty() {
        return;
    }
    let mut opened = opened.iter().peekable();
    for (id, block) in (0u32..).zip(&code.blocks) {
        let (BlockKind::If(condition) | BlockKind::Else(condition)) = &block.kind else {
            continue;
        };
        let own = opened
            .next_if(|(_, opened, _)| *opened == id)
            .map(|(.., bar)| *bar);
        let Some(bar) = own.or_else(|| decisions.asked(basis, file, condition)) else {
            continue;
        };
        let Some((consequence, what)) = consequence(basis, file, id) else {
            continue;
        };
        // A decision that was taken elsewhere counts where something follows from it.
        if own.is_none() && consequence != Consequence::Enforced {
            continue;
        }
        gates.push(Gate {
            relative: bar == Bar::Relative,
            vacuous: bar == Bar::Vacuous,
            consequence,
            is_reached: reached.contains(codebase.node_at(file, block.scope, id)),
            evidence: codebase.evidence(file, block.place, what),
        });
    }
}

/// What happens in a block that a bar opens; `None` where nothing of interest does.
fn consequence(basis: &Basis<'_>, file: FileIndex, block: u32) -> Option<(Consequence, String)> {
    let codebase = &basis.codebase;
    let code = &codebase.file(file).code;
    let inside = |inner: u32| code.is_within(inner, block);
    let in_loop = code.in_loop(block);
    let mut reported = None;
    let mut stops = code.raises.iter().any(|raise| inside(raise.block));
    for site in codebase.calls_of(file).filter(|site| inside(site.call.block)) {
        if promotes(basis, site, in_loop) {
            return Some(promoted(site));
        }
        stops |= is_exit(basis, site) || cancels_run(basis, site);
        if matches!(site.call.method(), "print" | "info" | "warning" | "error") {
            reported = Some((
                Consequence::Reported,
                "only reports a metric against its bar".to_owned(),
            ));
        }
    }
    if stops {
        return Some((Consequence::Enforced, "stops below a bar for a metric".to_owned()));
    }
    if let Some(site) = behind_return(basis, file, block).filter(|_| !in_loop) {
        return Some(promoted(site));
    }
    // `promoted = True` counts where something asks for it later.
    for flag in code.assignments.iter().filter(|found| inside(found.block)) {
        let is_flag = matches!(flag.value, Expr::Bool(_) | Expr::String(_)) && is_decision(&flag.target);
        if is_flag && is_asked(codebase, file, &flag.target, flag.scope, in_loop) {
            return Some((
                Consequence::Enforced,
                "decides on a metric against its bar".to_owned(),
            ));
        }
        if is_flag {
            reported = Some((
                Consequence::Stored,
                "notes whether a metric passes its bar".to_owned(),
            ));
        }
    }
    reported
}

/// Whether a call ends the run of a platform before its later steps: `run.parent.cancel()` of Azure Machine Learning.
fn cancels_run(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let target = basis.uses.target(&basis.codebase, site);
    matches!(site.call.method(), "cancel" | "fail")
        && target.starts_with("azureml.")
        && target.split(['.', '(', ')']).any(|part| part == "Run")
}

fn promoted(site: Site<'_>) -> (Consequence, String) {
    let what = format!("calls {} only past a bar for a metric", site.call.method());
    (Consequence::Enforced, what)
}

/// The call behind a block that lets a model through, where the block leaves the function before it:
/// `if not better: return`.
fn behind_return<'a>(basis: &'a Basis<'_>, file: FileIndex, block: u32) -> Option<Site<'a>> {
    let codebase = &basis.codebase;
    let code = &codebase.file(file).code;
    let opened = &code.blocks[block as usize];
    let line = |place: mlops_audit_formats::Place| (place.cell, place.line);
    let outside = |inner: u32| !code.is_within(inner, block);
    let after = |place| line(place) > line(opened.place);
    let next = codebase
        .calls_of(file)
        .filter(|site| site.call.scope == opened.scope && after(site.call.place) && outside(site.call.block))
        .map(|site| line(site.call.place))
        .min()?;
    let leaves = code.returning.iter().any(|found| code.is_within(*found, block));
    if !leaves {
        return None;
    }
    codebase.calls_of(file).find(|site| {
        site.call.scope == opened.scope
            && line(site.call.place) >= next
            && outside(site.call.block)
            && promotes(basis, *site, false)
    })
}

/// Whether something later asks for a flag: a condition, or whoever gets it returned.
fn is_asked(codebase: &Codebase, file: FileIndex, flag: &str, scope: u32, in_loop: bool) -> bool {
    let code = &codebase.file(file).code;
    let conditions = code.blocks.iter().any(|block| match &block.kind {
        BlockKind::If(condition) => block.scope == scope && mentions_name(condition, flag),
        _ => false,
    });
    let returned = code.returns.iter().any(|result| {
        result.scope == scope && matches!(&result.value, Expr::Name(name) if name.path == flag)
    });
    conditions || (returned && !in_loop)
}

fn mentions_name(expr: &Expr, wanted: &str) -> bool {
    match expr {
        Expr::Name(name) => name.path == wanted,
        Expr::Not(inner) => mentions_name(inner, wanted),
        Expr::And(items) | Expr::Or(items) => items.iter().any(|item| mentions_name(item, wanted)),
        Expr::Compare(first, rest) => {
            mentions_name(first, wanted) || rest.iter().any(|(_, expr)| mentions_name(expr, wanted))
        }
        _ => false,
    }
}

/// Whether a call lets a model through: registers, promotes, deploys or publishes it. Saving one counts outside loops,
/// where it is no checkpoint of the best epoch.
pub(super) fn promotes(basis: &Basis<'_>, site: Site<'_>, in_loop: bool) -> bool {
    let has = |role| basis.uses.has(site.file, site.index, role);
    // `from stages import main as update_model_stages` is called by the name that says what it does.
    let written = match &site.call.callee {
        Expr::Name(name) => name.path.rsplit('.').next().unwrap_or_default(),
        _ => "",
    };
    let method = format!("{} {written}", site.call.method());
    let tokens = words(&method);
    let named = tokens.iter().any(|word| {
        [
            "promot",
            "regist",
            "deploy",
            "publish",
            "transition",
            "approv",
            "champion",
        ]
        .iter()
        .any(|part| word.starts_with(part))
    }) || method.contains("registered_model_alias")
        || method.contains("model_stage")
        || method.contains("version_stage");
    // A record of the decision promotes nothing.
    let is_record = basis
        .codebase
        .callee(site)
        .is_some_and(|definition| basis.codebase.scope(definition).kind == ScopeKind::Class);
    let pushes = tokens
        .iter()
        .any(|word| matches!(word.as_str(), "push" | "upload" | "release"));
    let saves = tokens.iter().any(|word| {
        matches!(
            word.as_str(),
            "save" | "dump" | "copy" | "copyfile" | "move" | "replace"
        )
    }) && (tokens.iter().any(|word| word == "model")
        || has(Role::SaveModel)
        || basis.codebase.target(site).starts_with("shutil."));
    let saves = saves || has(Role::SaveModel);
    let saves = saves && !(has(Role::SaveModel) && keeps_figures(basis, site));
    let reaches_registry = || {
        basis.codebase.callee(site).is_some_and(|definition| {
            definition.scope != 0 && registers(basis, Node::definition(definition.file, definition.scope))
        })
    };
    named && !is_record && !in_loop
        || has(Role::ModelRegistry)
        || !in_loop && (pushes || saves || has(Role::Deploy) || has(Role::Publish) || reaches_registry())
}

/// Whether what a call saves is no model, but how good one was and where it lies: `dump({"path": …, "rmse": …})`.
fn keeps_figures(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let is_about = |word: &str| {
        matches!(
            word,
            "path" | "file" | "name" | "time" | "timestamp" | "date" | "epoch" | "step" | "version" | "id"
        )
    };
    let is_of_model = |name: &str| has_stem(name, &["model", "state", "weight"]);
    let is_figure = |name: &str| is_metric_name(name) && !is_of_model(name);
    let Some(saved) = site.call.positional(0) else {
        return false;
    };
    match basis.codebase.value(site.file, site.call.scope, saved).1 {
        Expr::Dict(entries) => {
            let mut keys = entries.iter().map(|(key, _)| key.as_ref().and_then(Expr::as_str));
            let says_so = |key: &str| is_figure(key) || any_word(key, is_about) && !is_of_model(key);
            !entries.is_empty() && keys.all(|key| key.is_some_and(says_so))
        }
        Expr::Name(name) => is_figure(last_segment(&name.path)),
        _ => false,
    }
}

/// `assert accuracy > 0.8` in the code of the pipeline.
fn assertions(basis: &Basis<'_>, file: FileIndex, reached: &Reached, gates: &mut Vec<Gate>) {
    let codebase = &basis.codebase;
    for assert in &codebase.file(file).code.asserts {
        let reader = Reader::outside_tests(basis, file, assert.scope);
        if let Some(bar) = reader.bars(&assert.test).first().copied() {
            gates.push(Gate {
                relative: bar == Bar::Relative,
                vacuous: bar == Bar::Vacuous,
                consequence: Consequence::Enforced,
                is_reached: reached.contains(codebase.node_at(file, assert.scope, assert.block)),
                evidence: codebase.evidence(file, assert.place, "asserts a bar for a metric"),
            });
        }
    }
}

/// `{"passed": accuracy >= 0.8}`: the outcome is kept, and gates nothing.
fn stored(basis: &Basis<'_>, file: FileIndex, gates: &mut Vec<Gate>) {
    let codebase = &basis.codebase;
    let code = &codebase.file(file).code;
    for assignment in &code.assignments {
        let Expr::Dict(entries) = &assignment.value else {
            continue;
        };
        let reader = Reader::outside_tests(basis, file, assignment.scope);
        let bar = entries
            .iter()
            .filter(|(_, value)| matches!(value, Expr::Compare(..) | Expr::Call(_)))
            .filter(|(key, _)| {
                key.as_ref()
                    .and_then(Expr::as_str)
                    .is_some_and(|key| is_decision(key) || key.contains("meets"))
            })
            .find_map(|(_, value)| reader.bars(value).first().copied());
        if let Some(bar) = bar {
            gates.push(Gate {
                relative: bar == Bar::Relative,
                vacuous: bar == Bar::Vacuous,
                consequence: Consequence::Stored,
                is_reached: true,
                evidence: codebase.evidence(file, assignment.place, "keeps whether a metric passes its bar"),
            });
        }
    }
}

/// Whether a call of this qualified name is a condition of SageMaker that compares.
fn compares(target: &str) -> bool {
    let is_condition = |last: &str| last.starts_with("Condition") && last.contains("Than");
    target.starts_with("sagemaker.") && is_condition(last_segment(target))
}

/// Whether a call of this qualified name is a condition of Kubeflow.
fn branches(target: &str) -> bool {
    matches!(last_segment(target), "Condition" | "If")
        && (target.starts_with("kfp.") || target.contains("dsl."))
}

/// A condition of an orchestrator, or a check of an evaluation library.
fn step(basis: &Basis<'_>, site: Site<'_>, reached: &Reached, gates: &mut Vec<Gate>) {
    let codebase = &basis.codebase;
    let target = basis.uses.target(codebase, site);
    if mlflow::is_evaluation(target) {
        return evaluation(basis, site, reached, gates);
    }
    let last = last_segment(target);
    let has = |role| basis.uses.has(site.file, site.index, role);
    let reader = Reader::outside_tests(basis, site.file, site.call.scope);
    let compared = branches(target)
        && site.call.positional(0).is_some_and(|expr| match expr {
            Expr::Compare(_, rest) => rest.iter().any(|(operator, bar)| {
                !matches!(operator, Comparison::Equal | Comparison::NotEqual)
                    && reader.number(bar).is_none_or(|bar| bar > 0.0)
            }),
            _ => false,
        });
    let absolute = compares(target) || compared || has(Role::ModelTest) && enforces(last);
    let relative = has(Role::RegressionTest);
    for (applies, relative) in [(absolute, false), (relative, true)] {
        if applies {
            gates.push(Gate {
                relative,
                vacuous: false,
                consequence: Consequence::Enforced,
                is_reached: true,
                evidence: codebase.evidence_at(site, format!("sets a bar with {last}")),
            });
        }
    }
}

/// An evaluation by MLflow with thresholds.
fn evaluation(basis: &Basis<'_>, site: Site<'_>, reached: &Reached, gates: &mut Vec<Gate>) {
    let codebase = &basis.codebase;
    let asked = mlflow::thresholds(basis, site);
    for (applies, relative) in [(asked.absolute, false), (asked.relative, true)] {
        if applies {
            gates.push(Gate {
                relative,
                vacuous: false,
                consequence: mlflow::consequence(basis, site),
                is_reached: reached.contains(codebase.node_of(site)),
                evidence: codebase.evidence_at(site, format!("sets a bar with {}", site.call.method())),
            });
        }
    }
}

/// Whether a check of an evaluation library can stop what runs it.
fn enforces(name: &str) -> bool {
    name.contains("Threshold")
        || name.contains("CheckStep")
        || name.starts_with("validate_")
        || name.starts_with("assert")
}

/// Evaluation suites that are run as commands and fail by their exit code.
fn commands(basis: &Basis<'_>, gates: &mut Vec<Gate>) {
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        for invocation in runner
            .invocations
            .iter()
            .filter(|found| found.has_role(Role::ModelTest))
        {
            gates.push(Gate {
                relative: false,
                vacuous: false,
                consequence: if invocation.swallowed || runner.failure_ignored {
                    Consequence::Reported
                } else {
                    Consequence::Enforced
                },
                is_reached: true,
                evidence: invocation.evidence(format!("runs {}", invocation.line())),
            });
        }
    }
}
