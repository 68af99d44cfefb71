//! What each command of a runner does: by what it reaches, else by what its tool is for. Names only tell which step
//! of machine learning a real program is.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use mlops_audit_formats::code::{Expr, Text};
use mlops_audit_formats::shell::Program;
use rustc_hash::FxHashMap;

use super::imports::OwnImports;
use super::works::{can_fail, hides_script, is_transfer_or_code, starts_elsewhere, tool_work, work_of};
use super::{Work, names};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Resolved};
use crate::extract::runs::{Invocation, Runner, RunnerKind, Target};

/// A command or action of a runner, with what it does.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does in the first place.
    pub work: Work,
    /// Position of the invocation in its runner.
    pub invocation: usize,
    /// Whether it fits a model.
    pub trains: bool,
    /// Whether it computes a metric of a model.
    pub evaluates: bool,
    /// Whether it stores a model in a registry or hub.
    pub registers: bool,
    /// Whether it deploys from its own code.
    pub deploys: bool,
    /// What tells it from other steps: the program and where in it the step starts.
    pub subject: String,
    /// Why it cannot run as committed.
    pub broken: Option<Evidence>,
    /// Where it stands, and what it runs.
    pub evidence: Evidence,
}

/// What a piece of code is used for.
#[derive(Clone, Debug, Default)]
pub(super) struct Abilities {
    pub(super) roles: BTreeSet<Role>,
    pub(super) trains: bool,
    pub(super) tests: bool,
    /// How many calls it makes: a stub makes none.
    pub(super) calls: usize,
    /// The call that stops it, as it does not fit the function.
    pub(super) misfit: Option<Evidence>,
}

impl Abilities {
    /// Whether something that it calls deploys, or puts models into a registry.
    fn delivers(&self) -> bool {
        self.roles.contains(&Role::Deploy) || self.roles.contains(&Role::ModelRegistry)
    }
}

/// Roles that tell what a program does.
const TELLING: &[Role] = &[
    Role::Evaluate,
    Role::EvaluateLlm,
    Role::Predict,
    Role::LoadData,
    Role::PrepareData,
    Role::ValidateData,
    Role::PinnedDataset,
    Role::HubDataset,
    Role::ModelRegistry,
    Role::LoadModel,
    Role::SaveModel,
    Role::Store,
    Role::Deploy,
    Role::Publish,
    Role::ServeApi,
    Role::ServeApp,
    Role::RunTests,
    Role::MonitorData,
];

/// So many calls show that a program does something; more are not counted.
pub(super) const ENOUGH_CALLS: usize = 3;

/// What running each source file does, by the pieces of code that the run starts at.
type KnownAbilities = BTreeMap<(FileIndex, Vec<Node>), Rc<Abilities>>;

/// Classifies invocations. What a program reaches is looked at once.
pub(super) struct Reader<'a> {
    basis: &'a Basis<'a>,
    imports: &'a OwnImports,
    roles: BTreeMap<Node, BTreeSet<Role>>,
    /// The pieces of code that have roles.
    with_roles: Reached,
    training: BTreeSet<Node>,
    /// The pieces of code that ask a service to train, looked for when the first program is asked about.
    asking: OnceCell<Reached>,
    known: RefCell<KnownAbilities>,
    /// What commands of tools do, by where their words lie: those of a script are shared by all that start it.
    tools: RefCell<FxHashMap<*const String, (&'a Invocation, Work)>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(basis: &'a Basis<'a>, imports: &'a OwnImports) -> Self {
        let mut roles: BTreeMap<Node, BTreeSet<Role>> = BTreeMap::new();
        for role in TELLING {
            for found in basis.uses.with(*role) {
                roles
                    .entry(found.node(&basis.codebase))
                    .or_default()
                    .insert(*role);
            }
        }
        Self {
            basis,
            imports,
            with_roles: basis.codebase.only(roles.keys().copied()),
            roles,
            training: basis.training.sites.iter().map(|site| site.node).collect(),
            asking: OnceCell::new(),
            known: RefCell::default(),
            tools: RefCell::default(),
        }
    }

    /// The steps of a runner, without those that do nothing of substance.
    pub(super) fn steps(&self, runner: &'a Runner) -> Vec<Step> {
        let mut served: BTreeSet<&str> = BTreeSet::new();
        let mut steps = Vec::new();
        for (position, invocation) in runner.invocations.iter().enumerate() {
            // What a server starts when somebody asks it to is not run by whoever starts the server.
            if !served.is_empty() && invocation.via.iter().any(|outer| served.contains(outer.as_str())) {
                continue;
            }
            let Some(step) = self.step(runner, position) else {
                continue;
            };
            if let (Work::Serve, Target::Source(file, _)) = (step.work, &invocation.target) {
                served.insert(&self.basis.codebase.file(*file).path);
            }
            steps.push(step);
        }
        steps.shrink_to_fit();
        steps
    }

    /// What a command or action does; `None` where that is nothing of substance.
    fn step(&self, runner: &'a Runner, position: usize) -> Option<Step> {
        let invocation = &runner.invocations[position];
        let is_ci = matches!(runner.kind, RunnerKind::Ci(_));
        let starts_training = is_ci && self.starts_training_elsewhere(runner, invocation);
        // Most commands of scripts are idle. What Python does that is written inside a command, its own words tell.
        let is_inline = matches!(invocation.program.as_deref(), Some(Program::PythonCode(_)));
        let is_tool = invocation.target == Target::Tool && !is_inline;
        if is_tool && !starts_training && self.tool_work(invocation) == Work::Idle {
            return None;
        }
        let mut step = Step {
            work: Work::Other,
            invocation: position,
            trains: false,
            evaluates: false,
            registers: false,
            deploys: false,
            subject: String::new(),
            broken: None,
            evidence: invocation.evidence(String::new()),
        };
        match &invocation.target {
            Target::Source(file, nodes) => self.source(runner, invocation, *file, nodes, &mut step),
            Target::Missing(name) => {
                step.work = self.missing(invocation, name);
                step.trains = step.work == Work::Train;
                step.evaluates = step.work == Work::Evaluate;
                step.subject.clone_from(name);
                step.broken = Some(invocation.evidence(format!("runs {name}, which does not exist")));
            }
            Target::Tool => self.tool(invocation, &mut step),
            Target::Action { uses, inputs } => {
                step.work = super::commands::action(self.basis, invocation, uses, inputs);
                step.subject = uses.to_string();
            }
        }
        if starts_training {
            step.work = Work::Train;
            step.trains = true;
        } else if step.work == Work::Other && is_ci && is_transfer_or_code(invocation) {
            // A command of no known tool is what its step says it is.
            step.work = names::clear(&invocation.step).unwrap_or(Work::Other);
        } else if step.work == Work::Other && !self.training.is_empty() && hides_script(invocation) {
            step.work = names::clear(&invocation.step).unwrap_or(Work::Other);
            step.trains = step.work == Work::Train;
        }
        if step.work == Work::Idle {
            return None;
        }
        let refusal = self.basis.runs.refusal(&self.basis.codebase, invocation);
        step.broken = step.broken.or_else(|| refusal.cloned());
        step.evidence.what = match step.work {
            Work::Other => format!("runs {}", invocation.line()),
            work => format!("{}: {}", work.as_str(), invocation.line()),
        };
        Some(step)
    }

    fn source(
        &self,
        runner: &Runner,
        invocation: &Invocation,
        file: FileIndex,
        nodes: &[Node],
        step: &mut Step,
    ) {
        let source = self.basis.codebase.file(file);
        let abilities = self.abilities(file, nodes);
        // A file whose training is known, and not reached from here, does not train because of its name.
        let trains_otherwise = !abilities.trains && self.training.iter().any(|node| node.file == file);
        let hint = self
            .hint(runner, invocation, file, nodes)
            .filter(|hint| *hint != Work::Train || !trains_otherwise);
        step.subject = format!("{} {}", source.path, self.functions(nodes).join(" "));
        if let Some(argument) = distinguishing_argument(invocation) {
            step.subject.push_str(&argument);
        }
        let is_test = source.is_test && can_fail(&source.code);
        step.work = if is_test || abilities.tests || invocation.has_role(Role::RunTests) {
            Work::Test
        } else {
            work_of(&abilities, hint, invocation)
        };
        if step.work == Work::Deploy && !abilities.delivers() && !self.leaves(file, nodes) {
            step.work = Work::Other;
        }
        if self.asks_for_training(file, nodes, &abilities) {
            step.work = Work::Train;
        }
        let is_program = !matches!(step.work, Work::Test | Work::Serve);
        step.trains = is_program
            && (abilities.trains && !matches!(hint, Some(Work::Evaluate | Work::Predict | Work::Deploy))
                || step.work == Work::Train);
        step.evaluates = is_program
            && (step.work == Work::Evaluate
                || abilities.roles.contains(&Role::Evaluate)
                || abilities.roles.contains(&Role::EvaluateLlm));
        step.registers = is_program && abilities.roles.contains(&Role::ModelRegistry);
        step.deploys = is_program && (abilities.roles.contains(&Role::Deploy) || step.work == Work::Deploy);
        step.broken = self.imports.of(file).or(abilities.misfit.as_ref()).cloned();
    }

    /// Whether a program asks a service to train. The project must have training code that the service could run.
    fn asks_for_training(&self, file: FileIndex, nodes: &[Node], abilities: &Abilities) -> bool {
        if abilities.trains || abilities.tests || self.training.is_empty() {
            return false;
        }
        let asking = self.asking.get_or_init(|| asking(self.basis));
        !asking.is_empty() && self.reached(file, nodes).meets(asking)
    }

    /// Whether a program does anything outside the folders that it copies files between: starts another program, or asks
    /// a package that may.
    fn leaves(&self, file: FileIndex, nodes: &[Node]) -> bool {
        const LOCAL: &[&str] = &[
            "argparse",
            "click",
            "collections",
            "dataclasses",
            "datetime",
            "glob",
            "hashlib",
            "joblib",
            "json",
            "logging",
            "loguru",
            "os",
            "pathlib",
            "pickle",
            "re",
            "rich",
            "shutil",
            "sys",
            "tempfile",
            "time",
            "typing",
            "yaml",
        ];
        let codebase = &self.basis.codebase;
        let reached = self.reached(file, nodes);
        let mut sites = reached.nodes().flat_map(|node| codebase.calls_in(node));
        sites.any(|site| match codebase.resolved(site) {
            Resolved::External(path) => {
                let root = path.split('.').next().unwrap_or(path);
                !LOCAL.contains(&root) || matches!(path.as_str(), "os.system" | "os.popen")
            }
            _ => false,
        })
    }

    /// What a program that should exist would do, by its name.
    fn missing(&self, invocation: &Invocation, name: &str) -> Work {
        if name.contains("test_") || invocation.has_role(Role::RunTests) {
            return Work::Test;
        }
        let stem = name.rsplit('/').next().unwrap_or(name);
        names::hinted(stem.trim_end_matches(".py"))
            .or_else(|| names::clear(&invocation.step))
            .unwrap_or(Work::Other)
    }

    fn tool_work(&self, invocation: &'a Invocation) -> Work {
        let mut tools = self.tools.borrow_mut();
        let (of, work) = tools
            .entry(invocation.words.as_ptr())
            .or_insert_with(|| (invocation, tool_work(invocation)));
        // A reader of pipelines may have changed what the catalogue says of one of them.
        match of.matches == invocation.matches && of.program == invocation.program {
            true => *work,
            false => tool_work(invocation),
        }
    }

    fn tool(&self, invocation: &'a Invocation, step: &mut Step) {
        step.work = self.tool_work(invocation);
        step.subject = invocation.words.join(" ");
        step.trains = step.work == Work::Train;
        step.evaluates = step.work == Work::Evaluate;
        step.registers = step.work == Work::Register;
        step.deploys = step.work == Work::Deploy;
        if let Some(Program::PythonCode(code)) = invocation.program.as_deref() {
            self.inline(code, step);
        }
    }

    /// `python -c "from src.train import main; main()"` runs what it imports and calls.
    fn inline(&self, code: &str, step: &mut Step) {
        let called = called_names(code);
        for module in imported_modules(code) {
            let found = [format!("{module}.py"), format!("src/{module}.py")]
                .iter()
                .find_map(|path| self.basis.codebase.position(path));
            let Some(file) = found else { continue };
            let called: Vec<Node> = self
                .basis
                .codebase
                .file(file)
                .code
                .scopes
                .iter()
                .enumerate()
                .filter(|(id, scope)| *id > 0 && called.contains(scope.name.as_str()))
                .map(|(id, _)| Node::definition(file, u32::try_from(id).unwrap_or(u32::MAX)))
                .chain([Node::module(file)])
                .collect();
            let abilities = self.abilities(file, &called);
            step.trains |= abilities.trains;
            step.evaluates |= abilities.roles.contains(&Role::Evaluate);
            let hint = names::hinted(module.rsplit('/').next().unwrap_or_default());
            let work = work_of(&abilities, hint, &EMPTY);
            if work.is_ml() {
                step.work = work;
                step.subject = module;
            }
        }
    }

    /// Whether a job starts, on a machine or service that the repository does not show, what its names call training:
    /// `ssh host docker run …`, `gcloud run jobs execute retrain`. The project must have training code that could run.
    fn starts_training_elsewhere(&self, runner: &Runner, invocation: &Invocation) -> bool {
        if !matches!(invocation.target, Target::Tool)
            || self.basis.training.is_empty()
            || !starts_elsewhere(invocation)
        {
            return false;
        }
        let trains = |name: &str| names::clear(name) == Some(Work::Train);
        trains(&invocation.step)
            || trains(&runner.name)
            || invocation.words.iter().skip(1).any(|word| trains(word))
    }

    fn abilities(&self, file: FileIndex, nodes: &[Node]) -> Rc<Abilities> {
        let key = (file, nodes.to_vec());
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let reached = self.reached(file, nodes);
        let mut found = Abilities::default();
        for node in reached.shared(&self.with_roles).nodes() {
            found.roles.extend(self.roles.get(&node).into_iter().flatten());
        }
        found.trains = self.training.iter().any(|node| reached.contains(*node));
        let codebase = &self.basis.codebase;
        let calls = reached.nodes().flat_map(|node| codebase.calls_in(node));
        let telling = calls.filter(|site| !matches!(site.call.method(), "print" | "info" | "echo"));
        found.calls = telling.take(ENOUGH_CALLS).count();
        found.tests = found.roles.contains(&Role::RunTests);
        found.misfit = super::signatures::stopping(codebase, nodes);
        let found = Rc::new(found);
        self.known.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    /// What a step reaches that starts at some functions of a file: not what the file does besides.
    fn reached(&self, file: FileIndex, nodes: &[Node]) -> Reached {
        let functions: Vec<Node> = nodes
            .iter()
            .copied()
            .filter(|node| node.scope != 0 && node.scope != Node::MAIN)
            .collect();
        if functions.is_empty() {
            self.basis.codebase.reach(nodes.iter().copied())
        } else {
            self.basis.codebase.reach_past(functions, &[Node::module(file)])
        }
    }

    fn functions(&self, nodes: &[Node]) -> Vec<String> {
        nodes
            .iter()
            .filter(|node| node.scope != 0 && node.scope != Node::MAIN)
            .filter_map(|node| {
                let scopes = &self.basis.codebase.file(node.file).code.scopes;
                scopes
                    .get(node.scope as usize)
                    .map(|scope| scope.qualified.to_string())
            })
            .collect()
    }

    /// Which step of machine learning the names around a program say it is.
    fn hint(
        &self,
        runner: &Runner,
        invocation: &Invocation,
        file: FileIndex,
        nodes: &[Node],
    ) -> Option<Work> {
        let functions = self.functions(nodes);
        if !functions.is_empty() && is_task(&runner.kind) {
            // A task of a pipeline is named itself; its file is named for the whole.
            return functions
                .iter()
                .find_map(|name| names::hinted(name))
                .or_else(|| names::hinted(&invocation.step));
        }
        let by_function = functions.iter().find_map(|name| names::clear(name));
        let by_argument = || distinguishing_argument(invocation).and_then(|argument| names::clear(&argument));
        let path = &self.basis.codebase.file(file).path;
        let stem = path.rsplit('/').next().unwrap_or(path);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let by_step = || {
            let names_steps =
                is_task(&runner.kind) || matches!(runner.kind, RunnerKind::Make | RunnerKind::Task(_));
            names_steps.then(|| names::clear(&invocation.step)).flatten()
        };
        by_function
            .or_else(by_argument)
            .or_else(|| names::clear(stem))
            .or_else(by_step)
            .or_else(|| names::hinted(stem))
    }
}

/// The pieces of code that ask a service to train: `requests.post("http://api:8000/train")`.
fn asking(basis: &Basis<'_>) -> Reached {
    let codebase = &basis.codebase;
    let sends = |target: &str| {
        matches!(
            target,
            "requests.post" | "requests.put" | "httpx.post" | "httpx.put"
        )
    };
    let sites = codebase.calls_by_target(sends).into_iter().filter(|site| {
        let address = site.call.argument("url", Some(0));
        let value = address.map(|address| codebase.value(site.file, site.call.scope, address).1);
        let text = match value {
            Some(Expr::String(text) | Expr::Format(text, _)) => text.as_str(),
            _ => "",
        };
        let path = text.split_once("://").map_or(text, |(_, rest)| rest);
        let mut segments = path.split(['/', '?']).skip(1);
        segments.any(|segment| names::clear(segment) == Some(Work::Train))
    });
    codebase.only(sites.map(|site| codebase.node_of(site)))
}

/// Whether a runner's invocations are the named tasks of a pipeline.
fn is_task(kind: &RunnerKind) -> bool {
    matches!(
        kind,
        RunnerKind::Dvc | RunnerKind::Orchestrator(_) | RunnerKind::Platform(_)
    )
}

static EMPTY: std::sync::LazyLock<Invocation> = std::sync::LazyLock::new(|| Invocation {
    words: Arc::default(),
    program: None,
    target: Target::Tool,
    matches: Arc::default(),
    path: Text::new(),
    place: mlops_audit_formats::Place::default(),
    step: Text::new(),
    directory: Text::new(),
    swallowed: false,
    conditional: false,
    environment: Arc::default(),
    via: Arc::default(),
});

/// An argument that chooses what a program does: `main.py train`, `--stage=train`, `--mode train`.
fn distinguishing_argument(invocation: &Invocation) -> Option<String> {
    let arguments = match invocation.program.as_deref()? {
        Program::PythonFile { arguments, .. }
        | Program::PythonModule { arguments, .. }
        | Program::Tool { arguments, .. } => arguments,
        _ => return None,
    };
    let chooses = |name: &str| {
        matches!(
            name.trim_start_matches('-'),
            "stage" | "step" | "mode" | "task" | "action" | "job" | "command" | "do" | "pipeline"
        )
    };
    let first = arguments
        .first()
        .filter(|word| !word.starts_with('-') && !word.contains(['/', '.', '$', '=']));
    let by_option = || {
        arguments
            .iter()
            .enumerate()
            .find_map(|(at, word)| match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") && chooses(name) => Some(value.to_owned()),
                None if word.starts_with("--") && chooses(word) => arguments.get(at + 1).cloned(),
                _ if word == "--train" => Some("train".to_owned()),
                _ => None,
            })
    };
    first.cloned().or_else(by_option)
}

/// The modules that a few lines of Python import, as paths without their ending.
fn imported_modules(code: &str) -> Vec<String> {
    let words: Vec<&str> = code
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '.'))
        .filter(|word| !word.is_empty())
        .collect();
    words
        .windows(2)
        .filter(|pair| matches!(pair[0], "from" | "import"))
        .map(|pair| pair[1].replace('.', "/"))
        .collect()
}

/// The names that a few lines of Python call, also those that they import under another name. To import is not to run.
fn called_names(code: &str) -> BTreeSet<&str> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut called: BTreeSet<&str> = code
        .match_indices('(')
        .filter_map(|(at, _)| {
            let before = code[..at].trim_end();
            let start = before
                .rfind(|letter| !is_name(letter))
                .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
            (start < before.len()).then(|| &before[start..])
        })
        .collect();
    let words: Vec<&str> = code
        .split(|letter: char| !is_name(letter))
        .filter(|word| !word.is_empty())
        .collect();
    for renamed in words.windows(3).filter(|three| three[1] == "as") {
        if called.contains(renamed[2]) {
            called.insert(renamed[0]);
        }
    }
    called
}
