//! `fix`: close gaps by edits, each proved by another audit before it is shown.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use mlops_audit_core::compare::Difference;
use mlops_audit_core::discover::{Disk, unrestorable};
use mlops_audit_fix::dvc::Stored;
use mlops_audit_fix::{Choice, Decision, FileChange, Freeze, Given, Plan, Proved, Tool, plan};
use mlops_audit_report::fixes::{self, Outcome, Reader};
use mlops_audit_report::terminal::harmless;

use super::Ending;
use crate::cli::{FixArguments, FixFormat};
use crate::freezing;
use crate::running;
use crate::session;
use crate::terminal;
use crate::writing;

/// Plans the fixes, shows them, and makes them where that is asked for.
pub(crate) fn run(arguments: &FixArguments) -> anyhow::Result<Ending> {
    let reader = reader(arguments);
    if arguments.list {
        say(&fixes::list())?;
        return Ok(Ending::Holds);
    }
    if arguments.interactive && !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        anyhow::bail!(
            "--interactive asks questions, and there is no terminal to ask at; use --apply or --only"
        );
    }
    let limits = arguments.project.limits.limits();
    let source = Disk::open(&arguments.project.path, arguments.project.root.as_deref(), limits)?;
    let (policy, catalogue) = session::rules(&source, &arguments.project.policy)?;
    let choice = choice(arguments);
    let given = given(arguments, &source)?;
    let plan = {
        // A spinner and a question would write over each other.
        let _progress = (!arguments.interactive).then(|| terminal::Progress::start("looking for fixes"));
        let mut decide = Asking {
            reader,
            takes_rest: !arguments.interactive,
        };
        session::with_threads(arguments.project.limits.threads, || {
            plan(&source, &catalogue, &policy, &choice, &given, &mut |proved| {
                decide.about(proved)
            })
        })?
    };
    let root = source_root(&source);
    let makes = arguments.apply || arguments.interactive;
    if makes && !plan.files.is_empty() {
        if !arguments.allow_dirty {
            restorable(Path::new(&root), &plan.files)?;
        }
        let objects: Vec<&Stored> = plan.fixes.iter().flat_map(|proved| &proved.fix.stored).collect();
        let untrackers = if arguments.untrack {
            untrackers(&plan)?
        } else {
            Vec::new()
        };
        writing::write(Path::new(&root), &plan.files, &objects)?;
        for tool in untrackers {
            running::run(Path::new(&root), tool)?;
        }
    }
    let outcome = if makes { Outcome::Made } else { Outcome::Offered };
    if arguments.run_locker {
        return run_lockers(arguments, &source, &plan);
    }
    show(arguments, &plan, outcome, reader)?;
    Ok(Ending::Holds)
}

/// What takes the data that DVC is to pin out of Git's index.
fn untrackers(plan: &Plan) -> anyhow::Result<Vec<&Tool>> {
    let pinning = plan.fixes.iter().filter(|proved| !proved.fix.stored.is_empty());
    let tools: Option<Vec<&Tool>> = pinning.map(|proved| proved.fix.tool.as_ref()).collect();
    tools.context(
        "no DVC remote is configured, so nobody else could have the data once it is out of Git; name one (dvc remote \
         add --default NAME URL), or leave --untrack out (nothing was changed)",
    )
}

/// What the user gave that no fixer may choose.
fn given(arguments: &FixArguments, source: &Disk) -> anyhow::Result<Given> {
    let environment = arguments.environment.as_deref();
    let interpreter = environment.map(|environment| freezing::interpreter(environment, source));
    Ok(Given {
        interpreter: interpreter.transpose()?,
        model_name: arguments.model_name.clone(),
    })
}

/// What makes a lock file.
enum Locker<'plan> {
    Tool(&'plan Tool),
    Environment(&'plan Freeze),
}

impl Locker<'_> {
    fn folder(&self) -> &str {
        match self {
            Self::Tool(tool) => &tool.folder,
            Self::Environment(freeze) => &freeze.folder,
        }
    }

    fn renames(&self) -> Option<&(String, String)> {
        match self {
            Self::Tool(tool) => tool.renames.as_ref(),
            Self::Environment(freeze) => freeze.renames.as_ref(),
        }
    }

    fn writes(&self) -> &str {
        match self {
            Self::Tool(tool) => &tool.writes,
            Self::Environment(freeze) => &freeze.writes,
        }
    }

    fn call(&self) -> String {
        match self {
            Self::Tool(tool) => tool.call(),
            Self::Environment(freeze) => freeze.call(),
        }
    }

    /// Makes the lock file, and gives what it leaves out.
    fn run(&self, root: &Path) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Tool(tool) => running::run(root, tool).map(|()| Vec::new()),
            Self::Environment(freeze) => freezing::freeze(root, freeze),
        }
    }
}

/// Runs the lockers, and says what they did to the verdicts.
fn run_lockers(arguments: &FixArguments, source: &Disk, plan: &Plan) -> anyhow::Result<Ending> {
    let lockers = plan.commands.iter().filter_map(|fix| {
        let tool = fix.tool.as_ref().map(Locker::Tool);
        tool.or_else(|| fix.freeze.as_ref().map(Locker::Environment))
    });
    let lockers: Vec<Locker<'_>> = lockers.collect();
    if lockers.is_empty() {
        anyhow::bail!(
            "no lock file is to be made by a tool that can be run; --only lock --verbose shows what there is to do"
        );
    }
    let before = session::audit_source(source, &arguments.project.policy)?.audit;
    let root = source_root(source);
    for locker in lockers {
        if !arguments.allow_dirty {
            lockable(Path::new(&root), source, &locker)?;
        }
        let left_out = locker.run(Path::new(&root))?;
        say(&format!("wrote {}\n", locker.writes()))?;
        for line in left_out {
            say(&format!(
                "left out, for only this machine could install it: {}\n",
                harmless(&line)
            ))?;
        }
    }
    let limits = arguments.project.limits.limits();
    let source = Disk::open(&arguments.project.path, arguments.project.root.as_deref(), limits)?;
    let after = session::audit_source(&source, &arguments.project.policy)?.audit;
    let difference = Difference::between(("before", &before), ("after", &after));
    say(&format!(
        "\nVerdicts that changed:\n{}",
        fixes::changes(&difference)
    ))?;
    Ok(Ending::Holds)
}

/// Holds that Git could bring back what a locker writes over.
fn lockable(root: &Path, source: &Disk, locker: &Locker<'_>) -> anyhow::Result<()> {
    use mlops_audit_core::discover::Source as _;
    let inside = |name: &str| match locker.folder() {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    let renamed = locker.renames().map(|(from, _)| inside(from));
    let touched: Vec<String> = renamed
        .into_iter()
        .chain([locker.writes().to_owned()])
        .filter(|path| source.listing().file(path).is_some())
        .collect();
    let found = unrestorable(root, touched.iter().map(String::as_str));
    match found.0.first() {
        None => Ok(()),
        Some((path, why)) => anyhow::bail!(
            "Git could not bring back '{path}': {why}; commit first, or give --allow-dirty ('{}' was not run)",
            locker.call()
        ),
    }
}

/// A terminal is read by a person; so is what is painted for one.
fn reader(arguments: &FixArguments) -> Reader {
    let colour = terminal::style(true, arguments.no_color).colour;
    if colour || std::io::stdout().is_terminal() {
        Reader::Person { colour }
    } else {
        Reader::Program
    }
}

fn choice(arguments: &FixArguments) -> Choice {
    match (arguments.all, arguments.only.is_empty()) {
        (true, _) => Choice::All,
        (false, false) => Choice::Only(arguments.only.clone()),
        (false, true) => Choice::Safe,
    }
}

fn source_root(source: &Disk) -> String {
    use mlops_audit_core::discover::Source as _;
    source.listing().root.clone()
}

fn show(arguments: &FixArguments, plan: &Plan, outcome: Outcome, reader: Reader) -> anyhow::Result<()> {
    let shown = match arguments.format {
        FixFormat::Json => fixes::json(plan, outcome).into_bytes(),
        FixFormat::Terminal => fixes::terminal(plan, outcome, arguments.verbose, reader),
    };
    terminal::print_bytes(&shown).context("the fixes cannot be printed")
}

/// Holds that Git could bring back what is about to be changed.
fn restorable(root: &Path, files: &[FileChange]) -> anyhow::Result<()> {
    let existing = files.iter().filter(|file| file.before.is_some());
    let found = unrestorable(root, existing.map(|file| file.path.as_str()));
    let [(path, why), rest @ ..] = found.0.as_slice() else {
        return Ok(());
    };
    let more = match rest.len() {
        0 => String::new(),
        more => format!(", and {more} more files alike"),
    };
    anyhow::bail!(
        "Git could not bring back '{path}': {why}{more}; commit first, or give --allow-dirty (nothing was changed)"
    )
}

/// Asks a person about each fix, unless all are taken.
struct Asking {
    reader: Reader,
    takes_rest: bool,
}

impl Asking {
    fn about(&mut self, proved: &Proved) -> Decision {
        if self.takes_rest {
            return Decision::Take;
        }
        loop {
            let shown = fixes::one(proved, self.reader);
            let asked = terminal::print_bytes(&shown).and_then(|()| say_io("make this fix [y,n,a,q,?]? "));
            let mut answer = String::new();
            if asked.is_err() || !matches!(std::io::stdin().read_line(&mut answer), Ok(read) if read > 0) {
                return Decision::Stop;
            }
            match answer.trim() {
                "y" | "yes" => return Decision::Take,
                "n" | "no" => return Decision::Leave,
                "q" | "quit" => return Decision::Stop,
                "a" | "all" => {
                    self.takes_rest = true;
                    return Decision::Take;
                }
                _ => {
                    let help = "y: make it; n: leave it out; a: make it and all that follow; q: make those taken so \
                                far, and no more\n";
                    if say_io(help).is_err() {
                        return Decision::Stop;
                    }
                }
            }
        }
    }
}

fn say_io(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn say(text: &str) -> anyhow::Result<()> {
    terminal::print(text).context("the list cannot be printed")
}
