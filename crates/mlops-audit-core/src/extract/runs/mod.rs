//! Who runs what: the graph of commands.
//!
//! A [`Runner`] is anything that runs commands in order: a job of a CI service, a Makefile target, a script, a DVC
//! stage list, an orchestrator's pipeline, the commands of a README. Its commands are followed through make, shell
//! scripts, tox, npm, containers and the like down to [`Invocation`]s of source files and tools. Dead ends are facts
//! too: a script that does not exist, a workflow that its service does not read, a failure that is swallowed.

mod ci;
mod containers;
mod documentation;
mod expand;
mod launches;
mod orchestrators;
mod paths;
mod tasks;
#[cfg(test)]
mod tests;
mod understood;

use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Text;
use mlops_audit_formats::shell::Program;

pub use expand::Expansion;
pub(crate) use expand::joined;

use super::codebase::{Codebase, FileIndex, Node, Reached};
use crate::catalogue::{Catalogue, Match, Role};
use crate::discover::Listing;
use crate::evidence::Evidence;
use crate::read::Documents;

/// What the readers of runners look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Which files there are.
    pub listing: &'a Listing,
    /// What they say.
    pub documents: &'a Documents,
    /// The source files together.
    pub codebase: &'a Codebase,
    /// The known tools.
    pub catalogue: &'a Catalogue,
}

/// What kind of thing runs the commands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunnerKind {
    /// A job of a CI service, by the service's name (`GitHub Actions`).
    Ci(&'static str),
    /// A target of a Makefile or justfile.
    Make,
    /// A shell script.
    Script,
    /// A task of npm, tox, nox, poe, hatch, invoke and the like, by its runner's name.
    Task(&'static str),
    /// A DVC pipeline.
    Dvc,
    /// A pipeline of an orchestrator, by the tool's id in the catalogue.
    Orchestrator(String),
    /// The command of an image.
    Image,
    /// The services of a compose file.
    Compose,
    /// A job, cron job or workflow of Kubernetes, or another job definition of a platform.
    Platform(&'static str),
    /// Commands that the documentation gives: a person runs them.
    Documentation,
}

/// What starts a runner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerKind {
    /// A push to a branch.
    Push,
    /// A pull or merge request.
    PullRequest,
    /// A tag or release.
    Release,
    /// A time, with the expression as written.
    Schedule(String),
    /// A person (`workflow_dispatch`, `when: manual`).
    Person,
    /// Another runner, by its name.
    Upstream(String),
    /// An event from outside: new data, an alarm, a webhook; with its name.
    Event(String),
}

/// What starts a runner, and where that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// What starts it.
    pub kind: TriggerKind,
    /// Where that is written.
    pub place: Place,
}

/// Something that runs commands in order.
#[derive(Clone, Debug)]
pub struct Runner {
    /// What kind of thing it is.
    pub kind: RunnerKind,
    /// The file that defines it.
    pub path: String,
    /// Where the definition stands.
    pub place: Place,
    /// Name of the job, target or pipeline.
    pub name: String,
    /// Name of what it belongs to: the workflow of a job. Jobs of one group run in one go.
    pub group: String,
    /// What starts it. Empty where nothing does but a person.
    pub triggers: Vec<Trigger>,
    /// Why it never runs as committed (`the workflow stands outside .github/workflows`, `if: false`); `None` where it
    /// can run.
    pub dead: Option<String>,
    /// Whether its failure fails nothing (`continue-on-error`, `allow_failure`).
    pub failure_ignored: bool,
    /// Jobs or targets of the same group that run before it.
    pub needs: Vec<String>,
    /// What it runs, in order, followed to the end.
    pub invocations: Vec<Invocation>,
}

/// What an invocation runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A source file of the project, with the pieces of code at which it starts.
    Source(FileIndex, Vec<Node>),
    /// A file or module that should be the project's own and does not exist, as it was named.
    Missing(String),
    /// A tool.
    Tool,
    /// A CI action, orb or plugin, with its inputs.
    Action {
        /// Its name and version as written.
        uses: Text,
        /// Its inputs.
        inputs: Arc<[(String, String)]>,
    },
}

/// A command that is really run, or a CI action.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The command's words; the action's name alone for an action.
    pub words: Arc<[String]>,
    /// What kind of command it is.
    pub program: Option<Arc<Program>>,
    /// What it runs.
    pub target: Target,
    /// What the catalogue says of the command or action.
    pub matches: Arc<[Match]>,
    /// The file in which the command itself stands.
    pub path: Text,
    /// Where in that file.
    pub place: Place,
    /// Name of the step, target or stage in which it stands.
    pub step: Text,
    /// The folder that it runs in, relative to the root; empty for the root.
    pub directory: Text,
    /// Whether its failure fails nothing.
    pub swallowed: bool,
    /// Whether it runs only under a condition that may be off.
    pub conditional: bool,
    /// Environment variables that are set for it.
    pub environment: Arc<[(String, String)]>,
    /// The chain that led here, outermost first: `make test`, `scripts/test.sh`.
    pub via: Arc<[String]>,
}

/// The graph of commands of a repository.
#[derive(Debug, Default)]
pub struct Runs {
    /// All runners, by kind and place.
    pub runners: Vec<Runner>,
    /// What running each source file reaches, by the pieces of code that the run starts at.
    reached: ReachedBy,
    /// The files that are refused as a whole by what they are written for.
    refused: BTreeMap<String, Evidence>,
}

/// What running each source file reaches, by the pieces of code that the run starts at.
type ReachedBy = BTreeMap<FileIndex, BTreeMap<Vec<Node>, Reached>>;

impl Runs {
    /// Reads the runners of a repository.
    pub fn new(context: Context<'_>) -> Self {
        let expansion = Expansion::new(context);
        let mut runners = Vec::new();
        ci::read(context, &expansion, &mut runners);
        tasks::read(context, &expansion, &mut runners);
        containers::read(context, &expansion, &mut runners);
        orchestrators::read(context, &expansion, &mut runners);
        documentation::read(context, &expansion, &mut runners);
        let refused = refused(context);
        stop_refused(&refused, &mut runners);
        narrow_to_project(context.listing, &mut runners);
        for runner in &mut runners {
            runner.invocations.shrink_to_fit();
        }
        runners
            .sort_by(|a, b| (&a.kind, &a.path, a.place, &a.name).cmp(&(&b.kind, &b.path, b.place, &b.name)));
        let mut reached = ReachedBy::new();
        for invocation in runners.iter().flat_map(|runner| &runner.invocations) {
            if let Target::Source(file, nodes) = &invocation.target {
                let known = reached.entry(*file).or_default();
                if !known.contains_key(nodes) {
                    let found = expansion.memory.reached(context.codebase, *file, nodes);
                    known.insert(nodes.clone(), found);
                }
            }
        }
        Self {
            runners,
            reached,
            refused,
        }
    }

    /// The jobs of CI services that can run as committed.
    pub fn live_jobs(&self) -> impl Iterator<Item = &Runner> {
        self.runners
            .iter()
            .filter(|runner| matches!(runner.kind, RunnerKind::Ci(_)) && runner.dead.is_none())
    }

    /// Why what stands in a file does not run, where the whole file is refused by what it is written for.
    pub fn refusal_of(&self, path: &str) -> Option<&Evidence> {
        self.refused.get(path)
    }

    /// Why a command does not run, where the file in which it stands, or that it runs, is refused as a whole.
    pub fn refusal(&self, codebase: &Codebase, invocation: &Invocation) -> Option<&Evidence> {
        let run = || match &invocation.target {
            Target::Source(file, _) => self.refused.get(&codebase.file(*file).path),
            _ => None,
        };
        self.refused.get(invocation.path.as_str()).or_else(run)
    }

    /// The code that an invocation reaches; nothing where it runs no source file of the project.
    pub fn reached(&self, invocation: &Invocation) -> Option<&Reached> {
        match &invocation.target {
            Target::Source(file, nodes) => self.reached.get(file)?.get(nodes),
            _ => None,
        }
    }

    /// What each run of a source file of the project reaches, each way to start one once.
    pub fn all_reached(&self) -> impl Iterator<Item = &Reached> {
        self.reached.values().flat_map(BTreeMap::values)
    }

    /// The files that somebody or something runs as scripts.
    pub fn run_files(&self) -> impl Iterator<Item = FileIndex> + '_ {
        self.reached.keys().copied()
    }
}

/// The files that are refused as a whole, and what stands in them with them: those that cannot be read, and pipelines that
/// their tool finds at odds with themselves.
fn refused(context: Context<'_>) -> BTreeMap<String, Evidence> {
    let unreadable = context.documents.refused();
    let unreadable = unreadable.map(|(path, place, why)| (path.to_owned(), place, why));
    let mut refused = BTreeMap::new();
    for (path, place, why) in unreadable.chain(orchestrators::refused(context)) {
        let evidence = Evidence::new(
            path.clone(),
            place,
            format!("stands in {path}, which is refused: {why}"),
        );
        refused.entry(path).or_insert(evidence);
    }
    refused
}

/// Marks what refused files define. The group of a job may be the file that its own one is included by.
fn stop_refused(refused: &BTreeMap<String, Evidence>, runners: &mut [Runner]) {
    for runner in runners.iter_mut().filter(|runner| runner.dead.is_none()) {
        let mut paths = [&runner.path, &runner.group].into_iter();
        let refusal = paths.find_map(|path| refused.get(path));
        runner.dead = refusal.map(|refusal| format!("it {}", refusal.what));
    }
}

/// Leaves out what has nothing to do with the project that is judged. Where that is a folder of a larger repository,
/// jobs and targets around it count only for what they run of it.
fn narrow_to_project(listing: &Listing, runners: &mut Vec<Runner>) {
    let folder = listing.project.trim_end_matches('/');
    if folder.is_empty() {
        return;
    }
    for runner in runners
        .iter_mut()
        .filter(|runner| !listing.in_project(&runner.path))
    {
        runner
            .invocations
            .retain(|invocation| concerns_folder(listing, folder, invocation));
    }
    runners.retain(|runner| listing.in_project(&runner.path) || !runner.invocations.is_empty());
}

fn concerns_folder(listing: &Listing, folder: &str, invocation: &Invocation) -> bool {
    let is_named = match &invocation.target {
        Target::Source(..) => true,
        Target::Action { inputs, .. } => inputs.iter().any(|(_, value)| value.contains(folder)),
        Target::Missing(_) | Target::Tool => invocation.words.iter().any(|word| word.contains(folder)),
    };
    is_named || invocation.directory.starts_with(folder) || listing.in_project(&invocation.path)
}

impl Runner {
    /// Whether a push or pull request starts it.
    pub fn runs_on_change(&self) -> bool {
        self.triggers
            .iter()
            .any(|trigger| matches!(trigger.kind, TriggerKind::Push | TriggerKind::PullRequest))
    }

    /// Whether something other than a person starts it.
    pub fn is_automatic(&self) -> bool {
        self.triggers
            .iter()
            .any(|trigger| trigger.kind != TriggerKind::Person)
    }

    /// Whether a time or an event starts it, without anybody changing the code.
    pub fn is_unattended(&self) -> bool {
        self.triggers
            .iter()
            .any(|trigger| matches!(trigger.kind, TriggerKind::Schedule(_) | TriggerKind::Event(_)))
    }

    /// Evidence at its definition.
    pub fn evidence(&self, what: impl Into<String>) -> Evidence {
        Evidence::new(self.path.clone(), self.place, what)
    }
}

impl Invocation {
    /// Whether the catalogue gives the command or action this role.
    pub fn has_role(&self, role: Role) -> bool {
        self.matches.iter().any(|found| found.role == role)
    }

    /// Evidence at the command.
    pub fn evidence(&self, what: impl Into<String>) -> Evidence {
        Evidence::new(self.path.to_string(), self.place, what)
    }

    /// The command as one line, cut where it is long.
    pub fn line(&self) -> String {
        const LONGEST: usize = 72;
        let mut line = String::new();
        for word in self.words.iter().flat_map(|word| word.split_whitespace()) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            if line.len() > LONGEST
                && let Some((at, _)) = line.char_indices().nth(LONGEST)
            {
                line.truncate(at);
                line.push('…');
                break;
            }
        }
        line
    }
}
