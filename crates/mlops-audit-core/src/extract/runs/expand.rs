//! Follows a command to what it really runs: through make, shell scripts, task runners, containers and pipelines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Name, Origin};
use mlops_audit_formats::make::Makefile;
use mlops_audit_formats::shell::{self, Command, Program, Script};

use super::launches::{Launch, launching};
pub(crate) use super::paths::joined;
use super::paths::{folders_up, has_folder_of_start, rooted};
use super::understood::{Memory, Understood};
use super::{Context, Invocation, Target, containers, orchestrators, tasks};
use crate::extract::codebase::{FileIndex, Node, Resolved};
use crate::read::Document;

/// How many runners a command is followed through. A chain that is longer calls itself.
pub(super) const DEPTH: usize = 8;

/// Most invocations that one runner is followed to.
pub(super) const MOST: usize = 2_000;

/// Follows commands.
pub struct Expansion<'a> {
    pub(super) context: Context<'a>,
    /// Console scripts of the project's manifests, by name: the module and function that they start.
    console_scripts: BTreeMap<String, (String, String)>,
    /// What task runners can be asked for.
    pub(super) tasks: tasks::Tasks,
    /// The source files that start processes or pipelines, or hold shell lines, each with the calls that do.
    pub(super) launching: BTreeMap<FileIndex, Vec<Launch<'a>>>,
    /// What commands say and what they reach, as far as they were met.
    pub(super) memory: Memory,
}

/// Where a script stands that is to be followed.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The file that the commands stand in.
    pub path: String,
    /// Where the script's first line stands; lines of its commands are counted from there.
    pub place: Place,
    /// The folder that it runs in, relative to the root.
    pub directory: String,
    /// Name of the step or target.
    pub step: String,
    /// Whether the failure of the whole fails nothing.
    pub swallowed: bool,
    /// Whether it runs only under a condition.
    pub conditional: bool,
    /// Environment variables of the step.
    pub environment: Vec<(String, String)>,
    /// The chain that led here.
    pub via: Arc<[String]>,
}

impl Start {
    /// Where what these words lead to starts.
    pub(super) fn below(&self, words: &[String]) -> Self {
        Self {
            via: extended(&self.via, &words.join(" ")),
            ..self.clone()
        }
    }
}

impl<'a> Expansion<'a> {
    /// Notes the console scripts that manifests define.
    pub fn new(context: Context<'a>) -> Self {
        Self {
            context,
            console_scripts: tasks::console_scripts(context),
            tasks: tasks::Tasks::new(context),
            launching: launching(context.codebase),
            memory: Memory::default(),
        }
    }

    /// Follows the commands of a script whose text starts at `start`.
    pub fn script(&self, script: &Script, start: &Start) -> Vec<Invocation> {
        let mut found = Vec::new();
        self.follow_script(script, start, &mut found);
        found
    }

    /// Follows the commands of a text, as a shell with or without `-e` would run them.
    pub fn text(&self, text: &str, errexit: bool, start: &Start) -> Vec<Invocation> {
        self.script(&shell::read_with(text, errexit), start)
    }

    fn follow_script(&self, script: &Script, start: &Start, found: &mut Vec<Invocation>) {
        let mut at = start.clone();
        for command in &script.commands {
            if found.len() >= MOST {
                return;
            }
            at.place.line = start.place.line.max(1) + command.place.line.saturating_sub(1);
            at.swallowed = start.swallowed | command.swallowed;
            at.conditional = start.conditional | command.in_branch;
            at.environment.truncate(start.environment.len());
            at.environment.extend(command.environment.iter().cloned());
            match &command.directory {
                Some(directory) => {
                    at.directory = joined(&start.directory, &rooted(directory, &start.path));
                }
                None => at.directory.clone_from(&start.directory),
            }
            let words = match has_folder_of_start(&command.words) {
                true => Cow::Owned(
                    command
                        .words
                        .iter()
                        .map(|word| rooted(word, &start.path))
                        .collect(),
                ),
                false => Cow::Borrowed(&command.words),
            };
            self.follow(command, &words, &at, found);
        }
    }

    /// Follows a command, given its words with the folders that it starts in put in.
    fn follow(&self, command: &Command, words: &[String], start: &Start, found: &mut Vec<Invocation>) {
        if words.is_empty() || start.via.len() > DEPTH {
            return;
        }
        if command.heredoc.is_some() {
            let command = Command {
                words: words.to_vec(),
                ..command.clone()
            };
            if let Some(code) = command.program_on_input() {
                let mut at = start.clone();
                at.place.line += code.place.line.saturating_sub(command.place.line);
                let code = Program::PythonCode(code.text.clone());
                found.push(self.invocation(words, Some(code), Target::Tool, &at));
                return;
            }
        }
        let with_remote = over_ssh(command, words);
        let words = with_remote.as_deref().unwrap_or(words);
        let known = self.memory.understood(self.context.catalogue, words);
        let Some(program) = known.program.clone() else {
            found.push(self.understood(known, Target::Tool, start));
            return;
        };
        match &*program {
            Program::ShellFile { path, .. } => self.follow_shell_file(path, known, start, found),
            Program::Make {
                directory,
                targets,
                makefile,
            } => {
                let folder = joined(&start.directory, directory.as_deref().unwrap_or(""));
                self.follow_make(&folder, makefile.as_deref(), targets, words, start, found);
            }
            Program::ShellCode(code) => {
                let inner = Start {
                    via: extended(&start.via, &words[0]),
                    ..start.clone()
                };
                found.push(self.understood(known, Target::Tool, start));
                self.follow_script(&shell::read(code), &inner, found);
            }
            Program::Tool { name, arguments } => self.follow_tool(name, arguments, known, start, found),
            _ => {
                // A program that is asked how it is used does nothing else.
                let target = match words.iter().any(|word| word == "--help") {
                    true => Target::Tool,
                    false => self.target(&program, &start.directory),
                };
                let position = found.len();
                found.push(self.understood(known, target, start));
                self.follow_subprocesses(position, start, found);
            }
        }
    }

    /// An invocation of these words.
    pub(super) fn invocation(
        &self,
        words: &[String],
        program: Option<Program>,
        target: Target,
        start: &Start,
    ) -> Invocation {
        self.understood(
            Understood::new(self.context.catalogue, words, program),
            target,
            start,
        )
    }

    /// An invocation of a command whose words are understood.
    fn understood(&self, known: Understood, target: Target, start: &Start) -> Invocation {
        Invocation {
            words: known.words,
            program: known.program,
            target,
            matches: known.matches,
            path: self.memory.text(&start.path),
            place: start.place,
            step: self.memory.text(&start.step),
            directory: self.memory.text(&start.directory),
            swallowed: start.swallowed,
            conditional: start.conditional,
            environment: self.memory.environment(&start.environment),
            via: Arc::clone(&start.via),
        }
    }

    /// What a program runs, seen from a folder.
    fn target(&self, program: &Program, directory: &str) -> Target {
        match program {
            Program::PythonFile { path, .. }
            | Program::Notebook { path }
            | Program::RScript { path }
            | Program::Julia { path } => match self.source_file(directory, path) {
                Some(file) => run(file),
                None if path.contains(['$', '{', '*', '<']) => Target::Tool,
                None => Target::Missing(path.clone()),
            },
            Program::PythonModule { module, .. } => match self.module(directory, module) {
                Some(file) => run(self.main_of_package(file)),
                None if self.is_own_package(directory, module) => Target::Missing(module.clone()),
                None => Target::Tool,
            },
            Program::Tool { name, arguments } => self.target_of_tool(name, arguments, directory),
            _ => Target::Tool,
        }
    }

    /// What a tool runs: a module that it serves, or what a console script of the project starts.
    fn target_of_tool(&self, name: &str, arguments: &[String], directory: &str) -> Target {
        if let Some(file) = self.served_module(name, arguments, directory) {
            return run(file);
        }
        let Some((module, function)) = self.console_scripts.get(name) else {
            return Target::Tool;
        };
        let Some(file) = self.module("", module) else {
            return Target::Tool;
        };
        let name = Name {
            path: function.clone().into(),
            origin: Origin::Local,
        };
        match self.context.codebase.resolve(file, &name, 0) {
            Resolved::Definition(found) => Target::Source(
                found.file,
                vec![Node::module(file), Node::definition(found.file, found.scope)],
            ),
            _ => run(file),
        }
    }

    /// The source file that a path names, seen from a folder; a path that only fits from a folder above counts as
    /// well, since scripts and documented commands are written for the folder that people start them in.
    pub(super) fn source_file(&self, directory: &str, path: &str) -> Option<FileIndex> {
        let codebase = self.context.codebase;
        if let Some(found) = folders_up(directory).find_map(|folder| codebase.position(&joined(folder, path)))
        {
            return Some(found);
        }
        if let Some(rest) = behind_variable(path) {
            let mut near = folders_up(directory);
            let found = near.find_map(|folder| codebase.position(&joined(folder, rest)));
            return found.or_else(|| self.only_file(rest));
        }
        // In a container the folder is another one: `/app/src/train.py` is `src/train.py` here.
        let absolute = path.strip_prefix('/')?;
        let parts: Vec<&str> = absolute.split('/').collect();
        (1..parts.len()).find_map(|from| {
            let rest = parts[from..].join("/");
            codebase
                .position(&joined(directory, &rest))
                .or_else(|| codebase.position(&rest))
        })
    }

    /// The one source file outside tests whose path ends like this.
    fn only_file(&self, path: &str) -> Option<FileIndex> {
        let codebase = self.context.codebase;
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = format!("/{path}");
        let fitting = self.memory.files_named(codebase, name).iter().filter(|file| {
            let source = codebase.file(**file);
            !source.is_test && (source.path == path || source.path.ends_with(&ending))
        });
        only(fitting).copied()
    }

    /// The file of a module, seen from a folder.
    pub(super) fn module(&self, directory: &str, module: &str) -> Option<FileIndex> {
        let path = module.replace('.', "/");
        let codebase = self.context.codebase;
        let places = [
            directory.to_owned(),
            joined(directory, "src"),
            String::new(),
            "src".to_owned(),
        ];
        for place in &places {
            for ending in [".py", "/__main__.py", "/__init__.py"] {
                if let Some(file) = codebase.position(&joined(place, &format!("{path}{ending}"))) {
                    return Some(file);
                }
            }
        }
        // A package that is installed from a sub-folder.
        if !module.contains('.') {
            return None;
        }
        let ends = [format!("/{path}.py"), format!("/{path}/__main__.py")];
        let name = ends[0].rsplit('/').next().unwrap_or_default();
        let packages = (name != "__main__.py").then_some("__main__.py");
        let named = |name: &str| self.memory.files_named(codebase, name);
        let candidates = named(name).iter().chain(packages.map_or(&[][..], named));
        let fitting = candidates.filter(|file| {
            let path = &codebase.file(**file).path;
            ends.iter().any(|end| path.ends_with(end.as_str()))
        });
        only(fitting).copied()
    }

    /// `python -m package` runs the package's `__main__`.
    fn main_of_package(&self, file: FileIndex) -> FileIndex {
        let path = &self.context.codebase.file(file).path;
        path.strip_suffix("__init__.py")
            .and_then(|folder| self.context.codebase.position(&format!("{folder}__main__.py")))
            .unwrap_or(file)
    }

    fn is_own_package(&self, directory: &str, module: &str) -> bool {
        let top = module.split('.').next().unwrap_or(module);
        [
            joined(directory, top),
            top.to_owned(),
            joined(directory, &format!("src/{top}")),
            format!("src/{top}"),
        ]
        .iter()
        .any(|folder| self.context.listing.has_folder(folder))
    }

    /// The module behind `uvicorn app.main:app`, `gunicorn`, `streamlit run app.py`.
    fn served_module(&self, name: &str, arguments: &[String], directory: &str) -> Option<FileIndex> {
        match name {
            "uvicorn" | "gunicorn" | "hypercorn" | "granian" | "waitress-serve" | "celery" => arguments
                .iter()
                .filter(|argument| !argument.starts_with('-'))
                .find_map(|argument| self.module(directory, argument.split(':').next()?)),
            "streamlit" | "gradio" | "chainlit" | "panel" | "bokeh" | "fastapi" | "voila" | "marimo" => {
                arguments
                    .iter()
                    .find(|argument| argument.ends_with(".py") || argument.ends_with(".ipynb"))
                    .and_then(|argument| self.source_file(directory, argument))
            }
            _ => None,
        }
    }

    fn follow_shell_file(&self, path: &str, known: Understood, start: &Start, found: &mut Vec<Invocation>) {
        let script = folders_up(&start.directory).find_map(|folder| {
            let place = joined(folder, path);
            match &self.context.documents.get(&place)?.document {
                Document::Shell(script) => Some((place, script)),
                _ => None,
            }
        });
        let Some((place, script)) = script else {
            let target = if path.contains(['$', '{', '<']) || path.starts_with('/') || path.starts_with('~') {
                Target::Tool
            } else {
                Target::Missing(path.to_owned())
            };
            found.push(self.understood(known, target, start));
            return;
        };
        let inner = Start {
            path: place,
            place: Place::line(1),
            ..start.below(&known.words)
        };
        self.follow_script(script, &inner, found);
    }

    fn follow_make(
        &self,
        folder: &str,
        makefile: Option<&str>,
        targets: &[String],
        words: &[String],
        start: &Start,
        found: &mut Vec<Invocation>,
    ) {
        let names = makefile.map_or_else(|| vec!["Makefile", "makefile", "GNUmakefile"], |name| vec![name]);
        let places = [folder, ""];
        let make = places
            .iter()
            .flat_map(|folder| names.iter().map(|name| joined(folder, name)))
            .find_map(|place| match &self.context.documents.get(&place)?.document {
                Document::Make(make) => Some((place.clone(), make)),
                _ => None,
            });
        let Some((path, make)) = make else {
            found.push(self.invocation(words, None, Target::Missing(joined(folder, names[0])), start));
            return;
        };
        let wanted: Vec<String> = if targets.is_empty() {
            make.default_goal
                .clone()
                .or_else(|| make.targets.first()?.names.first().cloned())
                .into_iter()
                .collect()
        } else {
            targets.to_vec()
        };
        let inner = Start {
            path,
            directory: folder.to_owned(),
            ..start.below(words)
        };
        let mut done = Vec::new();
        for target in &wanted {
            if !self.follow_target(make, target, &inner, &mut done, found) {
                found.push(self.invocation(words, None, Target::Missing(format!("make {target}")), start));
            }
        }
    }

    /// Whether a path is that of a file, seen from the folder in which something runs.
    fn is_there(&self, start: &Start, path: &str) -> bool {
        self.context
            .listing
            .file(&joined(&start.directory, path))
            .is_some()
    }

    /// Runs a target's prerequisites and then its recipe. Gives whether there is such a target.
    pub(super) fn follow_target(
        &self,
        make: &Makefile,
        name: &str,
        start: &Start,
        done: &mut Vec<String>,
        found: &mut Vec<Invocation>,
    ) -> bool {
        if done.iter().any(|earlier| earlier == name) {
            return true;
        }
        done.push(name.to_owned());
        let own = || make.rules_of(name);
        let lacks_recipe = own().all(|rule| rule.recipe.is_empty());
        let by_pattern = lacks_recipe.then(|| make.rule_by_pattern(name, |path| self.is_there(start, path)));
        let by_pattern = by_pattern.flatten();
        let mut exists = false;
        for target in own().chain(&by_pattern) {
            exists = true;
            if done.len() > 200 {
                return true;
            }
            for prerequisite in &target.prerequisites {
                self.follow_target(make, prerequisite, start, done, found);
            }
            if make.one_shell && target.recipe.len() > 1 {
                let at = Start {
                    place: target.recipe[0].place,
                    step: name.to_owned(),
                    ..start.clone()
                };
                let lines: Vec<&str> = target.recipe.iter().map(|line| line.text.as_str()).collect();
                self.follow_script(&shell::read_with(&lines.join("\n"), false), &at, found);
                continue;
            }
            for line in &target.recipe {
                let at = Start {
                    place: line.place,
                    step: name.to_owned(),
                    swallowed: start.swallowed || line.ignores_failure,
                    ..start.clone()
                };
                // Each line of a recipe is a shell of its own that fails by its last command.
                let script = shell::read_with(&line.text, true);
                self.follow_script(&script, &at, found);
            }
        }
        exists
    }

    /// Follows a tool, which may run other commands.
    fn follow_tool(
        &self,
        name: &str,
        arguments: &[String],
        known: Understood,
        start: &Start,
        found: &mut Vec<Invocation>,
    ) {
        // Most tools run nothing else.
        let inner = || start.below(&known.words);
        let followed = tasks::follow(self.context, self, &known.words, name, arguments, start)
            .or_else(|| containers::follow(self.context, self, name, arguments, &inner))
            .or_else(|| orchestrators::follow(self.context, self, name, arguments, &inner));
        if let Some(invocations) = followed {
            // The command itself counts as well (`tox` runs tests, `dvc repro` a pipeline).
            found.push(self.understood(known, Target::Tool, start));
            found.extend(invocations);
            return;
        }
        let target = self.target_of_tool(name, arguments, &start.directory);
        let is_source = target != Target::Tool;
        let position = found.len();
        found.push(self.understood(known, target, start));
        if is_source {
            self.follow_subprocesses(position, start, found);
        }
    }
}

/// Running a file as a script.
fn run(file: FileIndex) -> Target {
    Target::Source(file, vec![Node::module(file), Node::main(file)])
}

/// What follows a folder that a variable names: `train.py` of `${SCRIPTS}/train.py`.
fn behind_variable(path: &str) -> Option<&str> {
    let (folder, rest) = path.split_once('/')?;
    (folder.starts_with('$') && !rest.contains('$')).then_some(rest)
}

/// The words of `ssh host << EOF` with the lines that the other machine runs, as if each had been given in quotes.
fn over_ssh(command: &Command, words: &[String]) -> Option<Vec<String>> {
    let lines = command
        .heredoc
        .as_ref()
        .filter(|_| words[0] == "ssh")?
        .text
        .lines();
    let lines = lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    Some(words.iter().cloned().chain(lines.map(str::to_owned)).collect())
}

/// The one thing that there is; `None` where there are more.
fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// A chain with one more step.
pub(super) fn extended(via: &[String], step: &str) -> Arc<[String]> {
    via.iter().cloned().chain([step.to_owned()]).collect()
}
