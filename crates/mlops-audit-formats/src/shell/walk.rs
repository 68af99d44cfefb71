//! The tree into a flat list of commands, with what is known where each runs.

use rustc_hash::FxHashMap;

use super::directory::joined;
use super::lexer::{Token, count_lines};
use super::parser::{Item, List, Node, Pipeline, Simple, parse};
use super::status::{Handler, checks, handler, leads_to_failure, waits};
use super::unwrap::{Unwrapped, unwrap};
use super::words::{Expanded, Variables, assignment, expand, value_of};
use super::{Command, Function, Heredoc, Joint, Script, Start};
use crate::{Place, Problem};

/// Deepest nesting of `bash -c`, `eval` and substitutions.
const DEPTH: usize = 12;
/// Most commands of a script, and most steps that its loops may cost.
const COMMANDS: usize = 20_000;
const STEPS: usize = 200_000;
/// Most items of a loop that are followed one by one.
const ITEMS: usize = 16;

/// What becomes of a failure at this point.
#[derive(Clone, Copy)]
struct Fate {
    /// A failing status here fails the script.
    counts: bool,
    /// `set -e` is heeded here, where it is on.
    heeds_errexit: bool,
}

#[derive(Default)]
struct Walker {
    script: Script,
    variables: Variables,
    directory: Option<String>,
    previous: Option<String>,
    stack: Vec<Option<String>>,
    errexit: bool,
    pipefail: bool,
    /// Whether a command that matters was met, so that a later `set -e` is not "from the start".
    started: bool,
    in_function: Option<String>,
    loops: usize,
    branches: usize,
    conditions: usize,
    depth: usize,
    steps: usize,
}

/// A text that is being walked, with the line on which it starts.
#[derive(Clone, Copy)]
struct Text<'text> {
    whole: &'text str,
    first: u32,
    /// Whether the status of a pipeline's parts is looked at.
    sees_parts: bool,
}

impl Text<'_> {
    fn place(self, line: u32) -> Place {
        Place::line((self.first + line).saturating_sub(1))
    }
}

/// Reads a script whose text is in the syntax of a shell.
pub(super) fn script(text: &str, start: &Start) -> Script {
    let mut walker = Walker {
        errexit: start.errexit,
        pipefail: start.pipefail,
        ..Walker::default()
    };
    for (name, value) in &start.variables {
        walker.variables.set(name, value.clone());
    }
    walker.shebang(text);
    let fate = Fate {
        counts: true,
        heeds_errexit: true,
    };
    walker.text(text, start.line, fate);
    if walker.variables.is_exceeded {
        walker.gave_up(start.line, "variables grow too long, or too many, to be put in");
    }
    walker.finish(start.variables.len())
}

impl Walker {
    fn shebang(&mut self, text: &str) {
        let first = text.lines().next().unwrap_or_default();
        if first.starts_with("#!") {
            let options: Vec<String> = first.split_whitespace().skip(1).map(str::to_owned).collect();
            self.options(&options);
        }
    }

    fn finish(mut self, given: usize) -> Script {
        self.script.errexit |= self.errexit && !self.started;
        if let Some(last) = self.script.commands.last_mut() {
            last.joint = Joint::Last;
        }
        self.swallow_by_call();
        self.script.variables = self.variables.all.split_off(given);
        self.script
    }

    /// Commands of a function all of whose calls are swallowed are swallowed too.
    fn swallow_by_call(&mut self) {
        let mut swallowed: FxHashMap<String, bool> = FxHashMap::default();
        for command in &self.script.commands {
            if let Some(name) = command.words.first() {
                let all = swallowed.entry(name.clone()).or_insert(true);
                *all = *all && command.swallowed;
            }
        }
        for function in self.script.functions.clone() {
            if swallowed.get(&function.name) == Some(&true) {
                for command in self
                    .script
                    .commands
                    .get_mut(function.commands)
                    .into_iter()
                    .flatten()
                {
                    command.swallowed = true;
                }
            }
        }
    }

    /// Notes why the reader goes no further; the first time stands for all.
    fn gave_up(&mut self, line: u32, what: &str) {
        if self.script.problems.is_empty() {
            self.script.problems.push(Problem::at(line, what));
        }
    }

    fn text(&mut self, text: &str, first: u32, fate: Fate) {
        if self.depth >= DEPTH {
            self.gave_up(first, "nested too deeply");
            return;
        }
        self.depth += 1;
        let (list, was_too_deep) = parse(text);
        if was_too_deep {
            self.gave_up(first, "nested too deeply");
        }
        let sees_parts = text.contains("PIPESTATUS");
        self.list(
            Text {
                whole: text,
                first,
                sees_parts,
            },
            &list,
            fate,
        );
        self.depth -= 1;
    }

    fn list(&mut self, text: Text<'_>, list: &List<'_>, fate: Fate) {
        let last = list.items.len().saturating_sub(1);
        for (at, item) in list.items.iter().enumerate() {
            let rest = list.items.get(at + 1..).unwrap_or_default();
            let checked = rest.first().is_some_and(|next| checks(next, text.whole));
            let waited = item.is_background && rest.iter().take(8).any(|later| waits(later, text.whole));
            let counts = (at == last && !item.is_background && fate.counts) || checked || waited;
            let heeds_errexit = fate.heeds_errexit && !item.is_background;
            let from = self.script.commands.len();
            self.item(
                text,
                item,
                Fate {
                    counts,
                    heeds_errexit,
                },
            );
            self.join(
                from,
                if item.is_background {
                    Joint::Background
                } else {
                    Joint::Then
                },
            );
        }
    }

    /// Notes how the last command is joined on, where one was listed since `from`.
    fn join(&mut self, from: usize, joint: Joint) {
        if let Some(command) = self
            .script
            .commands
            .get_mut(from..)
            .and_then(<[Command]>::last_mut)
        {
            command.joint = joint;
        }
    }

    fn item(&mut self, text: Text<'_>, item: &Item<'_>, fate: Fate) {
        let last = item.pipelines.len().saturating_sub(1);
        let fates = self.fates(text, item, fate);
        for (at, (pipeline, fate)) in item.pipelines.iter().zip(fates).enumerate() {
            let from = self.script.commands.len();
            self.pipeline(text, pipeline, fate);
            if at < last {
                self.join(from, if pipeline.then_or { Joint::Or } else { Joint::And });
            }
        }
    }

    /// What becomes of a failure of each pipeline; decided from the last to the first, since a handler that
    /// decides hands on its own fate.
    fn fates(&self, text: Text<'_>, item: &Item<'_>, fate: Fate) -> Vec<Fate> {
        let last = item.pipelines.len().saturating_sub(1);
        let mut fates = vec![fate; item.pipelines.len()];
        // Where the next `||` leads.
        let mut handled: Option<bool> = None;
        for at in (0..item.pipelines.len()).rev() {
            let (Some(pipeline), Some(slot)) = (item.pipelines.get(at), fates.get_mut(at)) else {
                continue;
            };
            if at == last {
                let heeded = fate.heeds_errexit && self.errexit;
                slot.counts = (fate.counts || heeded) && !pipeline.is_negated;
            } else {
                slot.heeds_errexit = false;
                slot.counts = handled.unwrap_or(fate.counts) && !pipeline.is_negated;
            }
            let counts = slot.counts;
            if at > 0 && item.pipelines.get(at - 1).is_some_and(|before| before.then_or) {
                handled = Some(match handler(pipeline, text.whole) {
                    Handler::Fails => true,
                    Handler::Swallows => false,
                    Handler::Decides => counts,
                });
            }
        }
        fates
    }

    fn pipeline(&mut self, text: Text<'_>, pipeline: &Pipeline<'_>, fate: Fate) {
        let last = pipeline.stages.len().saturating_sub(1);
        let directory = self.directory.clone();
        for (at, stage) in pipeline.stages.iter().enumerate() {
            let is_last = at == last;
            let counts = fate.counts && (is_last || self.pipefail || text.sees_parts);
            let heeds_errexit = fate.heeds_errexit && (is_last || self.pipefail);
            let from = self.script.commands.len();
            self.node(
                text,
                stage,
                Fate {
                    counts,
                    heeds_errexit,
                },
            );
            if !is_last {
                self.join(from, Joint::Pipe);
            }
        }
        if last > 0 {
            self.directory = directory;
        }
    }

    fn node(&mut self, text: Text<'_>, node: &Node<'_>, fate: Fate) {
        self.steps += 1;
        if self.steps > STEPS || self.script.commands.len() > COMMANDS {
            self.gave_up(0, "too many commands, or loops that repeat too much");
            return;
        }
        match node {
            Node::Simple(simple) => self.simple(text, simple, fate),
            Node::Group(list) => self.list(text, list, fate),
            Node::Subshell(list) => self.subshell(text, list, fate),
            Node::If(..) => self.conditional(text, node, fate),
            Node::For(name, items, body) => self.for_loop(text, name, items, body, fate),
            Node::While(condition, body) => {
                self.condition(text, condition, false);
                self.looped(text, body, fate);
            }
            Node::Case(branches) => {
                for branch in branches {
                    self.branch(text, branch, fate);
                }
            }
            Node::Function(name, line, body) => self.function(text, name, *line, body),
        }
    }

    fn subshell(&mut self, text: Text<'_>, list: &List<'_>, fate: Fate) {
        let (directory, errexit, pipefail) = (self.directory.clone(), self.errexit, self.pipefail);
        self.list(text, list, fate);
        (self.directory, self.errexit, self.pipefail) = (directory, errexit, pipefail);
    }

    fn condition(&mut self, text: Text<'_>, list: &List<'_>, counts: bool) {
        self.conditions += 1;
        let heeds_errexit = false;
        self.list(
            text,
            list,
            Fate {
                counts,
                heeds_errexit,
            },
        );
        // A negation in a condition does not hide the failure: the branch decides about it.
        self.conditions -= 1;
    }

    fn branch(&mut self, text: Text<'_>, list: &List<'_>, fate: Fate) {
        self.branches += 1;
        let directory = self.directory.clone();
        self.list(text, list, fate);
        self.directory = directory;
        self.branches -= 1;
    }

    fn conditional(&mut self, text: Text<'_>, node: &Node<'_>, fate: Fate) {
        let Node::If(branches, otherwise) = node else {
            return;
        };
        let bytes = |start: usize, end: usize| text.whole.get(start..end).unwrap_or_default();
        let end = otherwise.items.last().map_or(0, |item| item.end);
        let start = otherwise.items.first().map_or(0, |item| item.start);
        for (at, branch) in branches.iter().enumerate() {
            let first = branch
                .condition
                .items
                .last()
                .and_then(|item| item.pipelines.last());
            let is_negated = first.is_some_and(|pipeline| pipeline.is_negated);
            let on_failure = match branches.get(at + 1) {
                _ if is_negated => bytes(branch.start, branch.end),
                Some(next) => bytes(next.start, next.end),
                None => bytes(start, end),
            };
            let counts = leads_to_failure(on_failure, text.whole);
            let from = self.script.commands.len();
            self.condition(text, &branch.condition, counts);
            if is_negated && counts {
                for command in self.script.commands.get_mut(from..).into_iter().flatten() {
                    command.swallowed = false;
                }
            }
            self.branch(text, &branch.body, fate);
        }
        self.branch(text, otherwise, fate);
    }

    fn for_loop(&mut self, text: Text<'_>, name: &str, items: &[Token<'_>], body: &List<'_>, fate: Fate) {
        let mut values = Vec::new();
        for item in items {
            let Expanded { words, commands } = expand(item.text, &mut self.variables);
            self.substitutions(text, item, &commands, fate.counts);
            values.extend(words);
        }
        let is_known = |value: &String| !value.contains(['$', '*', '`', '?']);
        let follows =
            !values.is_empty() && values.len() <= ITEMS && values.iter().all(is_known) && self.loops < 2;
        if !follows {
            // A value from an earlier assignment would be wrong in the loop.
            self.variables.set(name, format!("${name}"));
            return self.looped(text, body, fate);
        }
        for value in values {
            self.variables.set(name, value);
            self.looped(text, body, fate);
        }
    }

    fn looped(&mut self, text: Text<'_>, body: &List<'_>, fate: Fate) {
        self.loops += 1;
        let directory = self.directory.clone();
        self.list(text, body, fate);
        self.directory = directory;
        self.loops -= 1;
    }

    fn function(&mut self, text: Text<'_>, name: &str, line: u32, body: &Node<'_>) {
        let outer = self.in_function.replace(name.to_owned());
        let (directory, errexit) = (self.directory.take(), self.errexit);
        let start = self.script.commands.len();
        let fate = Fate {
            counts: true,
            heeds_errexit: true,
        };
        self.node(text, body, fate);
        (self.directory, self.errexit) = (directory, errexit);
        self.in_function = outer;
        self.script.functions.push(Function {
            name: name.to_owned(),
            place: text.place(line),
            commands: start..self.script.commands.len(),
        });
    }

    /// Lists the commands inside `$(…)` of a word.
    fn substitutions(
        &mut self,
        text: Text<'_>,
        token: &Token<'_>,
        commands: &[(String, usize)],
        counts: bool,
    ) {
        for (command, offset) in commands {
            let before = token.text.get(..*offset).unwrap_or_default();
            let line = text.place(token.line + count_lines(before)).line;
            let (directory, errexit) = (self.directory.clone(), self.errexit);
            let heeds_errexit = false;
            self.text(
                command,
                line,
                Fate {
                    counts,
                    heeds_errexit,
                },
            );
            (self.directory, self.errexit) = (directory, errexit);
        }
    }

    fn simple(&mut self, text: Text<'_>, simple: &Simple<'_>, fate: Fate) {
        self.steps += simple.words.len();
        let mut command = Command {
            place: text.place(simple.line),
            ..self.blank(fate)
        };
        let names_command = simple.words.iter().any(|word| assignment(word.text).is_none());
        for word in &simple.words {
            let assigned = command.words.is_empty().then(|| assignment(word.text)).flatten();
            let Some((name, value)) = assigned else {
                let Expanded { words, commands } = expand(word.text, &mut self.variables);
                // Only the outer command's status is seen.
                self.substitutions(text, word, &commands, false);
                command.words.extend(words);
                continue;
            };
            let Expanded { words, commands } = value_of(value, &mut self.variables);
            self.substitutions(text, word, &commands, fate.counts && !names_command);
            let value = words.into_iter().next().unwrap_or_default();
            if names_command {
                command.environment.push((name.to_owned(), value));
            } else if value.starts_with("$(") && value.ends_with(')') && !commands.is_empty() {
                // What a command prints is not known; the name says more.
                self.variables.set(name, format!("${name}"));
            } else {
                self.variables.set(name, value);
            }
        }
        self.redirections(text, simple, &mut command);
        self.run(command, fate);
    }

    /// A command of this point, still without words.
    fn blank(&self, fate: Fate) -> Command {
        Command {
            condition: self.conditions > 0,
            in_function: self.in_function.clone(),
            in_loop: self.loops > 0,
            in_branch: self.branches > 0,
            swallowed: !(fate.counts || (fate.heeds_errexit && self.errexit)),
            directory: self.directory.clone(),
            ..Command::default()
        }
    }

    fn redirections(&mut self, text: Text<'_>, simple: &Simple<'_>, command: &mut Command) {
        for (operator, target) in &simple.redirections {
            if let Some((body, line)) = operator.body {
                let place = text.place(line);
                command.heredoc = Some(Heredoc {
                    text: body.to_owned(),
                    place,
                });
            }
            let Some(target) = target else { continue };
            let name = expand(target.text, &mut self.variables).words.join(" ");
            match operator.text {
                "<<<" => {
                    let place = text.place(target.line);
                    command.heredoc = Some(Heredoc { text: name, place });
                }
                "<" | "0<" => command.reads = Some(name),
                ">" | ">>" | "1>" | "1>>" | ">|" | "&>" | "&>>" => command.writes = Some(name),
                _ => {}
            }
        }
    }

    /// Takes the wrappers off and lists what is left, or notes the effect of a builtin.
    fn run(&mut self, mut command: Command, fate: Fate) {
        let line = command.place.line;
        match unwrap(&mut command) {
            Unwrapped::Command => {}
            Unwrapped::Script { text, errexit } => {
                let before = (self.directory.clone(), self.errexit, self.pipefail);
                self.errexit = errexit;
                self.text(
                    &text,
                    line,
                    Fate {
                        heeds_errexit: !command.swallowed,
                        counts: !command.swallowed,
                    },
                );
                (self.directory, self.errexit, self.pipefail) = before;
                return;
            }
            Unwrapped::Here(text) => return self.text(&text, line, fate),
        }
        let Some(first) = command.words.first() else {
            return;
        };
        match first.as_str() {
            "cd" | "pushd" | "popd" | "Set-Location" | "chdir" => self.change(&command.words),
            "set" | "shopt" | "setopt" => self.options(command.words.get(1..).unwrap_or_default()),
            "export" | "declare" | "local" | "readonly" | "typeset" => self.declare(&command.words),
            "trap" => {
                let on_error = command.words.last().is_some_and(|last| last == "ERR");
                self.errexit |= on_error && command.words.iter().any(|word| word.contains("exit"));
            }
            _ => self.list_command(command),
        }
    }

    fn list_command(&mut self, command: Command) {
        let talks = ["echo", "printf", ":", "true", "source", "."];
        let is_real = command
            .words
            .first()
            .is_some_and(|first| !talks.contains(&first.as_str()));
        if is_real && !self.started && self.in_function.is_none() {
            self.started = true;
            self.script.errexit = self.errexit;
        }
        self.script.commands.push(command);
    }

    fn declare(&mut self, words: &[String]) {
        for (name, value) in words.iter().filter_map(|word| assignment(word)) {
            self.variables.set(name, value.to_owned());
        }
    }

    /// `set -euo pipefail`, `set +e`, and the options of a `#!` line.
    fn options(&mut self, words: &[String]) {
        let mut takes_name: Option<bool> = None;
        for word in words {
            if let Some(on) = takes_name.take() {
                match word.as_str() {
                    "errexit" => self.errexit = on,
                    "pipefail" => self.pipefail = on,
                    _ => {}
                }
                continue;
            }
            let on = word.starts_with('-');
            if !(on || word.starts_with('+')) || word.starts_with("--") {
                continue;
            }
            if word.contains('e') {
                self.errexit = on;
            }
            if word.ends_with('o') {
                takes_name = Some(on);
            }
        }
    }

    fn change(&mut self, words: &[String]) {
        let target = words.iter().skip(1).find(|word| {
            word.as_str() == "-"
                || !word.starts_with(['-', '/'])
                || word.starts_with('/') && word.as_str() != "/d" && word.as_str() != "/D"
        });
        let before = self.directory.clone();
        match (words.first().map(String::as_str), target.map(String::as_str)) {
            (Some("popd"), _) => self.directory = self.stack.pop().flatten(),
            (_, Some("-")) => self.directory = self.previous.take(),
            (_, None) => self.directory = Some("~".to_owned()),
            (first, Some(target)) => {
                if first == Some("pushd") && self.stack.len() < DEPTH {
                    self.stack.push(before.clone());
                }
                self.directory = joined(before.as_deref(), target);
            }
        }
        self.previous = before;
    }
}
