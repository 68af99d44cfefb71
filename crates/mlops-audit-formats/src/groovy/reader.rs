//! Tokens into stages, steps and triggers.

use super::lexer::{Kind, Token, lex};
use super::{Jenkinsfile, Stage};
use crate::shell::{self, Script, Start};
use crate::{Place, Problem, limits};

/// What a block is, by what stands in front of its brace.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Stage(usize),
    Function(usize),
    /// `environment`, `triggers`, `parameters`, `options` …
    Section(String),
    Post,
    /// A condition of `post`.
    Condition(String),
    /// `dir('x')`
    Directory(String),
    /// `warnError`, or `catchError` that leaves the build green.
    Lenient,
    Other,
}

struct Reader<'text> {
    text: &'text str,
    tokens: Vec<Token<'text>>,
    /// For each opening bracket the position of the closing one; the end for all else.
    partners: Vec<usize>,
    at: usize,
    blocks: Vec<Block>,
    /// Position of the token with which the statement starts.
    head: usize,
    file: Jenkinsfile,
    calls: usize,
    /// The stage without a name, once a step needed it.
    outside: Option<usize>,
}

/// Most tokens of one call's arguments that are looked at, most characters of them that are kept, most calls of a file.
const ARGUMENTS: usize = 1_000;
const LONGEST_RAW: usize = 500;
const CALLS: usize = 20_000;

const SECTIONS: [&str; 9] = [
    "agent",
    "environment",
    "input",
    "matrix",
    "options",
    "parameters",
    "tools",
    "triggers",
    "when",
];
const TRIGGERS: [&str; 4] = ["cron", "githubPush", "pollSCM", "upstream"];
const SHELLS: [&str; 4] = ["bat", "powershell", "pwsh", "sh"];
/// Words that are no calls, sorted.
const KEYWORDS: [&str; 24] = [
    "as",
    "assert",
    "case",
    "catch",
    "class",
    "def",
    "else",
    "finally",
    "for",
    "if",
    "import",
    "in",
    "instanceof",
    "new",
    "node",
    "pipeline",
    "return",
    "script",
    "stage",
    "steps",
    "switch",
    "throw",
    "try",
    "while",
];

/// Reads the text of a Groovy file.
pub(super) fn read(text: &str) -> Jenkinsfile {
    let tokens = lex(text);
    let mut reader = Reader {
        text,
        partners: partners(&tokens),
        tokens,
        at: 0,
        blocks: Vec::new(),
        head: 0,
        file: Jenkinsfile::default(),
        calls: 0,
        outside: None,
    };
    while reader.at < reader.tokens.len() {
        reader.step();
    }
    let mut file = reader.file;
    let parts = file.stages.iter().chain(&file.functions);
    let scripts = parts.flat_map(|part| part.commands.iter().map(|(script, _)| script));
    let of_scripts: Vec<Problem> = scripts.flat_map(|script| script.problems.clone()).collect();
    file.problems.extend(of_scripts);
    file
}

impl<'text> Reader<'text> {
    fn token(&self, at: usize) -> Option<&Token<'text>> {
        self.tokens.get(at)
    }

    fn is(&self, at: usize, mark: char) -> bool {
        self.token(at).is_some_and(|token| token.is(mark))
    }

    fn step(&mut self) {
        let Some(token) = self.token(self.at) else { return };
        match token.kind {
            Kind::Newline | Kind::Mark(';') => self.head = self.at + 1,
            Kind::Mark('{') => {
                let block = self.block();
                self.blocks.push(block);
                self.head = self.at + 1;
                if self.blocks.len() > limits::DEPTH {
                    self.gave_up("nested too deeply");
                }
            }
            Kind::Mark('}') => {
                self.blocks.pop();
                self.head = self.at + 1;
            }
            Kind::Word => self.word(),
            Kind::Mark(_) | Kind::String(_) => {}
        }
        self.at += 1;
    }

    /// Notes a bound that was met; the first tells enough.
    fn gave_up(&mut self, what: &str) {
        let line = self.token(self.at).map_or(0, |token| token.line);
        if self.file.problems.is_empty() {
            self.file.problems.push(Problem::at(line, what));
        }
    }

    /// What the brace at this position opens.
    fn block(&mut self) -> Block {
        let head = self.tokens.get(self.head..self.at).unwrap_or_default();
        let Some(first) = head.first() else {
            return Block::Other;
        };
        let place = Place::line(first.line);
        let string = head.iter().find_map(|token| match &token.kind {
            Kind::String(value) => Some(value.clone()),
            _ => None,
        });
        let name = first.text.to_owned();
        match name.as_str() {
            "stage" => {
                let name = string.unwrap_or_default();
                self.file.stages.push(Stage {
                    name,
                    place,
                    ..Stage::default()
                });
                Block::Stage(self.file.stages.len() - 1)
            }
            "post" => Block::Post,
            "dir" => Block::Directory(string.unwrap_or_default()),
            "warnError" => Block::Lenient,
            "catchError" if head.windows(3).any(|three| is_green(three)) => Block::Lenient,
            "when" => {
                let body = self.body();
                if let Some(stage) = self.stage() {
                    stage.when = Some(body);
                }
                Block::Section(name)
            }
            _ if SECTIONS.contains(&name.as_str()) && head.len() == 1 => Block::Section(name),
            _ if self.blocks.last() == Some(&Block::Post) => Block::Condition(name),
            _ => match function_name(head) {
                Some(name) if self.blocks.is_empty() || matches!(self.blocks.last(), Some(Block::Other)) => {
                    self.file.functions.push(Stage {
                        name,
                        place,
                        ..Stage::default()
                    });
                    Block::Function(self.file.functions.len() - 1)
                }
                _ => Block::Other,
            },
        }
    }

    /// The text between the brace at this position and its partner.
    fn body(&self) -> String {
        let start = self.token(self.at).map_or(0, |token| token.start + 1);
        let end = self
            .token(self.partner(self.at))
            .map_or(self.text.len(), |token| token.start);
        let body: String = self
            .text
            .get(start..end.min(start + ARGUMENTS))
            .unwrap_or_default()
            .chars()
            .take(LONGEST_RAW)
            .collect();
        body.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The position of the bracket that closes the one at `open`, or of the end.
    fn partner(&self, open: usize) -> usize {
        self.partners.get(open).copied().unwrap_or(self.tokens.len())
    }

    /// The stage or function around this position.
    fn stage(&mut self) -> Option<&mut Stage> {
        let around = self
            .blocks
            .iter()
            .rev()
            .take(limits::DEPTH)
            .find_map(|block| match block {
                Block::Stage(at) => Some((false, *at)),
                Block::Function(at) => Some((true, *at)),
                _ => None,
            });
        match around {
            Some((false, at)) => self.file.stages.get_mut(at),
            Some((true, at)) => self.file.functions.get_mut(at),
            None => None,
        }
    }

    /// The stage around this position, or the one without a name.
    fn owner(&mut self) -> Option<&mut Stage> {
        if self.stage().is_some() {
            return self.stage();
        }
        let at = *self.outside.get_or_insert_with(|| {
            self.file.stages.push(Stage::default());
            self.file.stages.len() - 1
        });
        self.file.stages.get_mut(at)
    }

    fn section(&self) -> Option<&str> {
        self.blocks
            .iter()
            .rev()
            .take(limits::DEPTH)
            .find_map(|block| match block {
                Block::Section(name) => Some(name.as_str()),
                _ => None,
            })
    }

    /// A word: a step, a call, an assignment of `environment`.
    fn word(&mut self) {
        let Some(token) = self.token(self.at) else { return };
        let (text, place) = (token.text, Place::line(token.line));
        let is_qualified = self.at > 0 && self.is(self.at - 1, '.');
        if self.section() == Some("environment") && self.at == self.head && self.is(self.at + 1, '=') {
            let value = self.value(self.at + 2);
            return self.file.environment.push((text.to_owned(), value, place));
        }
        if text == "Library" && self.at > 0 && self.is(self.at - 1, '@') {
            return self.libraries();
        }
        let Some((start, end)) = self.arguments() else {
            return;
        };
        self.calls += 1;
        if self.calls > CALLS {
            return self.gave_up("too many steps to be read");
        }
        let raw = self.raw(start, end);
        if TRIGGERS.contains(&text) && self.is_trigger() {
            let argument = self.first_string(start, end).unwrap_or(raw);
            return self.file.triggers.push((text.to_owned(), argument, place));
        }
        match self.section() {
            Some("parameters") => return self.parameter(start, end, place),
            Some("environment" | "triggers" | "when" | "options" | "agent" | "tools") => return,
            _ => {}
        }
        if text == "library" && !is_qualified {
            return self.libraries();
        }
        if KEYWORDS.contains(&text) || self.is_definition() {
            return;
        }
        self.call(place, start, end, raw);
    }

    /// Whether triggers are declared here: in `triggers { … }` or `pipelineTriggers([…])`.
    fn is_trigger(&self) -> bool {
        let near = self.at.saturating_sub(40);
        let before = self.tokens.get(near..self.at).unwrap_or_default();
        self.section() == Some("triggers") || before.iter().any(|token| token.is_word("pipelineTriggers"))
    }

    /// Whether the word is the name of a function that is being defined.
    fn is_definition(&self) -> bool {
        let before = self
            .at
            .checked_sub(1)
            .filter(|at| *at >= self.head)
            .and_then(|at| self.token(at));
        let is_declared = before.is_some_and(|token| token.kind == Kind::Word && !token.is_word("return"));
        is_declared && self.is(self.at + 1, '(') && self.is(self.partner(self.at + 1) + 1, '{')
    }

    fn call(&mut self, place: Place, start: usize, end: usize, raw: String) {
        let text = self.token(self.at).map_or("", |token| token.text);
        let name = self.qualified();
        let condition = self
            .blocks
            .iter()
            .rev()
            .take(limits::DEPTH)
            .find_map(|block| match block {
                Block::Condition(name) => Some(name.clone()),
                _ => None,
            });
        if let Some(condition) = condition {
            return self.file.post.push((condition, name, raw, place));
        }
        if SHELLS.contains(&text) && name == text {
            if let Some(script) = self.script(text, start, end)
                && let Some(owner) = self.owner()
            {
                owner.commands.push((script, place));
            }
            return;
        }
        if let Some(owner) = self.owner() {
            owner.calls.push((name, raw, place));
        }
    }

    /// The name with what it is called on: `docker.build`; `.push` on the result of a call.
    fn qualified(&self) -> String {
        let mut parts = vec![self.token(self.at).map_or("", |token| token.text)];
        let mut at = self.at;
        while at >= 2 && self.is(at - 1, '.') && parts.len() < 10 {
            let Some(before) = self.token(at - 2).filter(|token| token.kind == Kind::Word) else {
                parts.push("");
                break;
            };
            parts.push(before.text);
            at -= 2;
        }
        parts.reverse();
        parts.join(".")
    }

    /// The positions of the arguments of the word here: in brackets, or up to the line's end where the word starts
    /// the statement.
    fn arguments(&self) -> Option<(usize, usize)> {
        if self.is(self.at + 1, '(') {
            return Some((self.at + 2, self.partner(self.at + 1)));
        }
        let next = self.token(self.at + 1)?;
        let begins =
            self.at == self.head || self.at > 0 && (self.is(self.at - 1, '=') || self.is(self.at - 1, '.'));
        let takes = matches!(next.kind, Kind::String(_) | Kind::Word) || next.is('[');
        if !begins || !takes {
            return None;
        }
        let mut at = self.at + 1;
        while let Some(token) = self.token(at).filter(|_| at < self.at + ARGUMENTS) {
            match token.kind {
                Kind::Mark('(' | '[') => at = self.partner(at) + 1,
                Kind::Newline if !self.is(at - 1, ',') => break,
                Kind::Mark('{' | '}' | ';' | '=') => break,
                _ => at += 1,
            }
        }
        Some((self.at + 1, at))
    }

    fn raw(&self, start: usize, end: usize) -> String {
        let from = self.token(start).map_or(self.text.len(), |token| token.start);
        let last = end
            .checked_sub(1)
            .filter(|last| *last >= start)
            .and_then(|last| self.token(last));
        let to = last.map_or(from, |token| token.start + token.text.len());
        let raw = self.text.get(from..to).unwrap_or_default().trim();
        // Arguments that hold whole closures are cut: what is inside is read for itself.
        raw.chars().take(LONGEST_RAW).collect()
    }

    /// The value of the named argument `name: value`, as a position.
    fn named(&self, start: usize, end: usize, name: &str) -> Option<usize> {
        (start..end.min(start + ARGUMENTS))
            .find(|at| self.token(*at).is_some_and(|token| token.is_word(name)) && self.is(at + 1, ':'))
            .map(|at| at + 2)
    }

    fn first_string(&self, start: usize, end: usize) -> Option<String> {
        (start..end.min(start + ARGUMENTS))
            .find_map(|at| self.string_at(at))
            .cloned()
    }

    fn string_at(&self, at: usize) -> Option<&String> {
        match &self.token(at)?.kind {
            Kind::String(value) => Some(value),
            _ => None,
        }
    }

    /// What stands after `=` up to the line's end; a lone string as its value.
    fn value(&self, start: usize) -> String {
        let mut end = start;
        while self
            .token(end)
            .is_some_and(|token| token.kind != Kind::Newline && !token.is(';') && !token.is('}'))
        {
            end += 1;
        }
        match self.string_at(start) {
            Some(value) if end == start + 1 => value.clone(),
            _ => self.raw(start, end),
        }
    }

    fn parameter(&mut self, start: usize, end: usize, place: Place) {
        let name = self
            .named(start, end, "name")
            .and_then(|at| self.string_at(at))
            .cloned();
        let default = self.named(start, end, "defaultValue");
        let default = default.map(|at| match self.string_at(at) {
            Some(value) => value.clone(),
            None => self
                .token(at)
                .map_or(String::new(), |token| token.text.to_owned()),
        });
        if let Some(name) = name {
            self.file
                .parameters
                .push((name, default.unwrap_or_default(), place));
        }
    }

    fn libraries(&mut self) {
        let Some((start, end)) = self.arguments() else {
            return;
        };
        let names: Vec<String> = (start..end.min(start + ARGUMENTS))
            .filter_map(|at| self.string_at(at))
            .cloned()
            .collect();
        self.file.libraries.extend(names);
    }

    /// The script that a step runs.
    fn script(&self, step: &str, start: usize, end: usize) -> Option<Script> {
        let named = self.named(start, end, "script");
        let mut at =
            named.or_else(|| (start..end.min(start + ARGUMENTS)).find(|at| self.string_at(*at).is_some()))?;
        let line = self.token(at)?.line;
        let mut text = self.string_at(at)?.clone();
        // `'a' + 'b'`
        while self.is(at + 1, '+') && at + 2 < end {
            let Some(more) = self.string_at(at + 2) else { break };
            text.push_str(more);
            at += 2;
        }
        let begin = Start {
            errexit: step == "sh" && !text.starts_with("#!"),
            line,
            variables: self.known_environment(),
            ..Start::default()
        };
        let last = self.token(at)?;
        let further = last.text.matches('\n').count();
        let mut script = shell::read_from(&text, &begin);
        script.end_at(last.line + u32::try_from(further).unwrap_or(u32::MAX));
        let status = self
            .named(start, end, "returnStatus")
            .and_then(|at| self.token(at));
        let is_lenient = status.is_some_and(|token| token.is_word("true"))
            || self
                .blocks
                .iter()
                .rev()
                .take(limits::DEPTH)
                .any(|block| *block == Block::Lenient);
        let directory = self.directory();
        for command in &mut script.commands {
            command.swallowed |= is_lenient;
            command.directory = match (&directory, command.directory.take()) {
                (Some(outer), Some(inner)) if !inner.starts_with(['/', '~', '$']) => {
                    Some(format!("{outer}/{inner}"))
                }
                (Some(outer), None) => Some(outer.clone()),
                (_, inner) => inner,
            };
        }
        Some(script)
    }

    fn known_environment(&self) -> Vec<(String, String)> {
        let known = self
            .file
            .environment
            .iter()
            .filter(|(_, value, _)| value.len() < LONGEST_RAW && !value.contains(['(', '$']));
        known
            .take(100)
            .map(|(name, value, _)| (name.clone(), value.clone()))
            .collect()
    }

    /// The folder that the `dir` blocks around give.
    fn directory(&self) -> Option<String> {
        let folders: Vec<&str> = self
            .blocks
            .iter()
            .take(200)
            .filter_map(|block| match block {
                Block::Directory(folder) => Some(folder.trim_end_matches('/')),
                _ => None,
            })
            .collect();
        (!folders.is_empty()).then(|| folders.join("/"))
    }
}

/// For each opening bracket the position of the closing one.
fn partners(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut partners = vec![tokens.len(); tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Mark('(' | '[' | '{') => open.push(at),
            Kind::Mark(')' | ']' | '}') => {
                if let Some(slot) = open.pop().and_then(|from: usize| partners.get_mut(from)) {
                    *slot = at;
                }
            }
            _ => {}
        }
    }
    partners
}

/// Whether `buildResult: 'SUCCESS'` or `'UNSTABLE'` stands here.
fn is_green(three: &[Token<'_>]) -> bool {
    let [name, colon, value] = three else { return false };
    let is_value =
        matches!(&value.kind, Kind::String(value) if matches!(value.as_str(), "SUCCESS" | "UNSTABLE"));
    name.is_word("buildResult") && colon.is(':') && is_value
}

/// The name in `def f(…)` or `void f(…)`.
fn function_name(head: &[Token<'_>]) -> Option<String> {
    let open = head.iter().position(|token| token.is('('))?;
    let [.., kind, name] = head.get(..open)? else {
        return None;
    };
    let is_defined =
        kind.kind == Kind::Word && name.kind == Kind::Word && !KEYWORDS[..5].contains(&kind.text);
    let is_call = kind.is_word("return") || kind.is_word("new") || kind.is_word("else");
    let ends = head.last().is_some_and(|token| token.is(')'));
    (is_defined && !is_call && ends).then(|| name.text.to_owned())
}
