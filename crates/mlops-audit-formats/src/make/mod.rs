//! Makefiles and justfiles: targets, what they need, and the lines that they run.

mod just;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use crate::{Place, Problem};

pub use just::read_justfile;

/// A Makefile or justfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Makefile {
    /// The rules in the order of the text.
    pub targets: Vec<Target>,
    /// Variables with their expanded values.
    pub variables: Vec<(String, String, Place)>,
    /// Files that `include` or `import` names.
    pub includes: Vec<String>,
    /// What is built when no target is named.
    pub default_goal: Option<String>,
    /// Whether each recipe is one script, and not one script a line.
    pub one_shell: bool,
    /// Where variables were not put in, since they grow or nest too much.
    pub problems: Vec<Problem>,
    /// The rules of each name, by their positions.
    by_name: FxHashMap<String, Vec<u32>>,
    /// The positions of the rules for patterns (`%.rds: %.R`) that have a recipe.
    patterns: Vec<u32>,
}

impl Makefile {
    /// The rules that have a name, in order.
    pub fn rules_of(&self, name: &str) -> impl Iterator<Item = &Target> {
        let found = self.by_name.get(name).into_iter().flatten();
        found.map(|position| &self.targets[*position as usize])
    }

    /// The rule that the first fitting pattern gives for a name, with what `%` stands for put in: for `model.rds`, the
    /// rule `%.rds: %.R` is `model.rds: model.R`. Of what it needs, `is_there` tells what no rule makes.
    pub fn rule_by_pattern(&self, name: &str, is_there: impl Fn(&str) -> bool) -> Option<Target> {
        self.patterns.iter().find_map(|position| {
            let rule = &self.targets[*position as usize];
            let stem = rule.names.iter().find_map(|pattern| stem(pattern, name))?;
            let found = rule.for_stem(name, stem);
            let mut needed = found.prerequisites.iter();
            needed
                .all(|path| self.by_name.contains_key(path) || is_there(path))
                .then_some(found)
        })
    }

    /// Notes which rules have which names, and which are for patterns, once all are read.
    fn index(&mut self) {
        for (position, target) in (0..).zip(&self.targets) {
            let is_pattern = target.names.iter().any(|name| name.contains('%'));
            if is_pattern && !target.recipe.is_empty() && self.patterns.len() < MOST_PATTERNS {
                self.patterns.push(position);
            }
            for name in &target.names {
                let found = self.by_name.entry(name.clone()).or_default();
                if found.last() != Some(&position) {
                    found.push(position);
                }
            }
        }
    }
}

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Its names.
    pub names: Vec<String>,
    /// What is made first.
    pub prerequisites: Vec<String>,
    /// The lines that it runs.
    pub recipe: Vec<RecipeLine>,
    /// Where it stands.
    pub place: Place,
    /// Whether it is no file; recipes of a justfile never are.
    pub is_phony: bool,
}

impl Target {
    /// What a rule for a pattern is for a name.
    fn for_stem(&self, name: &str, stem: &str) -> Self {
        let filled = |text: &str| text.replacen('%', stem, 1);
        let patterns = || self.names.iter().chain(&self.prerequisites);
        // The recipe holds what the pattern is called where it has `$@` and `$<`; other `%` are its own.
        let in_recipe = |line: &RecipeLine| {
            let patterns = patterns().filter(|pattern| pattern.len() > 1 && pattern.contains('%'));
            let text = patterns.fold(line.text.clone(), |text, pattern| {
                text.replace(pattern.as_str(), &filled(pattern))
            });
            RecipeLine {
                text: text.replace("$*", stem),
                ..line.clone()
            }
        };
        Self {
            names: vec![name.to_owned()],
            prerequisites: self.prerequisites.iter().map(|path| filled(path)).collect(),
            recipe: self.recipe.iter().map(in_recipe).collect(),
            ..self.clone()
        }
    }
}

/// What `%` of a pattern stands for in a name. A pattern that fits all names says nothing.
fn stem<'a>(pattern: &str, name: &'a str) -> Option<&'a str> {
    let (before, after) = pattern.split_once('%').filter(|_| pattern.len() > 1)?;
    let stem = name.strip_prefix(before)?.strip_suffix(after)?;
    (!stem.is_empty()).then_some(stem)
}

/// A line of a recipe, its continuation lines joined to it with `\` and a line's end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipeLine {
    /// The line without its marks, variables put in.
    pub text: String,
    /// Where it starts.
    pub place: Place,
    /// Whether its failure is ignored (`-`).
    pub ignores_failure: bool,
}

/// Longest value of a variable, and most bytes that all expansions of a file may give.
const LONGEST_VALUE: usize = 10_000;
const MOST_BYTES: usize = 4_000_000;
/// So many rules for patterns are held against a name.
const MOST_PATTERNS: usize = 100;
/// Deepest nesting of variables in variables.
const DEPTH: usize = 16;

/// A line with its continuations, and the line on which it starts.
struct Logical {
    text: String,
    line: u32,
}

/// Reads a Makefile.
pub fn read(text: &str) -> Makefile {
    let mut reader = Reader::default();
    for logical in logical_lines(text) {
        reader.line(&logical);
    }
    reader.finish()
}

/// Joins lines that end in `\`; the line's end is kept, so that positions inside stay right.
fn logical_lines(text: &str) -> Vec<Logical> {
    let mut lines: Vec<Logical> = Vec::new();
    let mut goes_on = false;
    for (line, text) in (1..).zip(text.lines()) {
        match lines.last_mut().filter(|_| goes_on) {
            Some(last) => {
                last.text.push('\n');
                last.text.push_str(text);
            }
            None => lines.push(Logical {
                text: text.to_owned(),
                line,
            }),
        }
        goes_on = text.ends_with('\\') && !text.ends_with("\\\\");
    }
    lines
}

#[derive(Default)]
struct Reader {
    makefile: Makefile,
    values: FxHashMap<String, String>,
    /// The rule whose recipe is being read.
    open: bool,
    /// The variable of a `define` that is being read.
    define: Option<(String, String, u32)>,
    phony: Vec<String>,
    prefix: Option<char>,
    spent: usize,
    /// The variables whose values are being put in, one in the other.
    expanding: Vec<String>,
    /// The line that is being read.
    at: u32,
}

impl Reader {
    fn line(&mut self, logical: &Logical) {
        self.at = logical.line;
        if self.in_define(logical) {
            return;
        }
        let is_recipe = logical.text.starts_with(self.prefix.unwrap_or('\t'));
        if is_recipe && self.open {
            return self.recipe(logical.text.get(1..).unwrap_or_default(), logical.line);
        }
        let joined = logical.text.replace("\\\n", " ");
        let line = without_comment(&joined).trim();
        if line.is_empty() || is_conditional(line) {
            return;
        }
        if let Some(name) = line.strip_prefix("define ") {
            let name = name.trim_end_matches(['=', ':', '?', '+', ' ']).trim().to_owned();
            self.define = Some((name, String::new(), logical.line));
        } else if !self.include(line) && !self.assignment(line, logical.line) {
            self.rule(line, logical.line);
        }
    }

    fn in_define(&mut self, logical: &Logical) -> bool {
        let Some((name, body, line)) = &mut self.define else {
            return false;
        };
        if logical.text.trim() == "endef" {
            let (name, body, line) = (std::mem::take(name), std::mem::take(body), *line);
            self.define = None;
            self.set(&name, body, line);
        } else {
            if !body.is_empty() {
                body.push('\n');
            }
            body.push_str(logical.text.trim_start());
        }
        true
    }

    fn include(&mut self, line: &str) -> bool {
        let heads = ["include ", "-include ", "sinclude "];
        let Some(files) = heads.iter().find_map(|head| line.strip_prefix(head)) else {
            return false;
        };
        let files = self.expand(files);
        self.makefile
            .includes
            .extend(files.split_whitespace().map(str::to_owned));
        true
    }

    fn assignment(&mut self, line: &str, at: u32) -> bool {
        let line = ["export ", "override ", "unexport "]
            .iter()
            .fold(line, |line, head| line.strip_prefix(head).unwrap_or(line));
        let Some((name, operator, value)) = split_assignment(line) else {
            return false;
        };
        self.open = false;
        let value = self.expand(value);
        match operator {
            "?=" if self.values.contains_key(name) => {}
            "+=" => {
                let before = self.values.get(name).cloned().unwrap_or_default();
                let value = if before.is_empty() {
                    value
                } else {
                    format!("{before} {value}")
                };
                self.set(name, value, at);
            }
            _ => self.set(name, value, at),
        }
        true
    }

    fn set(&mut self, name: &str, value: String, line: u32) {
        match name {
            ".DEFAULT_GOAL" => self.makefile.default_goal = Some(value.clone()),
            ".RECIPEPREFIX" => self.prefix = value.chars().next(),
            _ => {}
        }
        if value.len() <= LONGEST_VALUE {
            self.values.insert(name.to_owned(), value.clone());
            self.makefile
                .variables
                .push((name.to_owned(), value, Place::line(line)));
        } else {
            self.gave_up("a variable is too long to be put in");
        }
    }

    /// Notes a bound that was met; the first tells enough.
    fn gave_up(&mut self, what: &str) {
        if self.makefile.problems.is_empty() {
            self.makefile.problems.push(Problem::at(self.at, what));
        }
    }

    fn rule(&mut self, line: &str, at: u32) {
        self.open = false;
        let Some((names, rest)) = line.split_once(':') else {
            return;
        };
        let rest = rest.trim_start_matches(':');
        let (prerequisites, inline) = match rest.split_once(';') {
            Some((prerequisites, inline)) => (prerequisites, Some(inline)),
            None => (rest, None),
        };
        // `target: VARIABLE = value` gives a variable to one target.
        if let Some((name, _, value)) = split_assignment(prerequisites) {
            let value = self.expand(value);
            if !self.values.contains_key(name) {
                self.set(name, value, at);
            }
            return;
        }
        // `targets: pattern: prerequisites`.
        let prerequisites = prerequisites.rsplit(": ").next().unwrap_or(prerequisites);
        let split = |text: String| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let (names, prerequisites) = (split(self.expand(names)), split(self.expand(prerequisites)));
        match names.first().map(String::as_str) {
            None => return,
            Some(".PHONY") => return self.phony.extend(prerequisites),
            Some(".ONESHELL") => return self.makefile.one_shell = true,
            Some(_) => {}
        }
        let prerequisites = prerequisites.into_iter().filter(|name| name != "|").collect();
        self.makefile.targets.push(Target {
            names,
            prerequisites,
            place: Place::line(at),
            ..Target::default()
        });
        self.open = true;
        if let Some(inline) = inline {
            self.recipe(inline, at);
        }
    }

    fn recipe(&mut self, text: &str, at: u32) {
        let Some(target) = self.makefile.targets.last() else {
            return;
        };
        let automatic = Automatic {
            target: target.names.first().cloned().unwrap_or_default(),
            prerequisites: target.prerequisites.clone(),
        };
        let (text, marks) = unmarked(text);
        let text = self.expand_with(text, Some(&automatic), 0);
        // A variable made by `define` holds several lines, each a line of the recipe.
        for (offset, line) in split_define(&text).into_iter().enumerate() {
            let (line, more) = unmarked(line);
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let recipe = RecipeLine {
                text: line.trim_end().to_owned(),
                place: Place::line(at),
                ignores_failure: marks.contains('-')
                    || (offset > 0 || !more.is_empty()) && more.contains('-'),
            };
            if let Some(target) = self.makefile.targets.last_mut() {
                target.recipe.push(recipe);
            }
        }
    }

    fn expand(&mut self, text: &str) -> String {
        self.expand_with(text.trim(), None, 0)
    }

    /// Puts in variables; functions such as `$(shell …)` and unknown variables are kept.
    fn expand_with(&mut self, text: &str, automatic: Option<&Automatic>, depth: usize) -> String {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            result.push_str(before);
            let (reference, length) = reference(after);
            rest = after.get(length..).unwrap_or_default();
            match self.value(reference, automatic, depth) {
                Some(value) => result.push_str(&value),
                None => {
                    result.push('$');
                    result.push_str(after.get(..length).unwrap_or_default());
                }
            }
        }
        result.push_str(rest);
        self.spent += result.len();
        result
    }

    fn value(&mut self, name: &str, automatic: Option<&Automatic>, depth: usize) -> Option<String> {
        if let Some(value) = automatic.and_then(|automatic| automatic.get(name)) {
            return Some(value);
        }
        match name {
            // Recipes write `$$` for the shell's `$`.
            "$" if automatic.is_some() => return Some("$".to_owned()),
            "MAKE" => return Some("make".to_owned()),
            "CURDIR" => return Some(".".to_owned()),
            _ => {}
        }
        let name = name
            .strip_prefix("call ")
            .map_or(name, |call| call.split(',').next().unwrap_or(call).trim());
        let value = self.values.get(name).cloned()?;
        // Its own name in its value is that of the environment: `PATH := bin:$(PATH)`.
        if self.expanding.last().is_some_and(|around| around == name) {
            return None;
        }
        if depth >= DEPTH || self.spent >= MOST_BYTES {
            self.gave_up("variables are nested too deeply, or grow too long, to be put in");
            return None;
        }
        Some(match value.contains('$') {
            true => {
                self.expanding.push(name.to_owned());
                let expanded = self.expand_with(&value, automatic, depth + 1);
                self.expanding.pop();
                expanded
            }
            false => {
                self.spent += value.len();
                value
            }
        })
    }

    fn finish(mut self) -> Makefile {
        let phony: rustc_hash::FxHashSet<String> = self.phony.into_iter().collect();
        for target in &mut self.makefile.targets {
            target.is_phony = target.names.iter().any(|name| phony.contains(name));
        }
        if self.makefile.default_goal.is_none() {
            let mut names = self
                .makefile
                .targets
                .iter()
                .filter_map(|target| target.names.first());
            self.makefile.default_goal = names
                .find(|name| !name.starts_with('.') && !name.contains('%'))
                .cloned();
        }
        self.makefile.index();
        self.makefile
    }
}

/// What `$@`, `$<` and `$^` stand for.
struct Automatic {
    target: String,
    prerequisites: Vec<String>,
}

impl Automatic {
    fn get(&self, name: &str) -> Option<String> {
        match name {
            "@" => Some(self.target.clone()),
            "<" => self.prerequisites.first().cloned(),
            "^" | "+" if self.prerequisites.len() < 100 => Some(self.prerequisites.join(" ")),
            "@D" => Some(
                self.target
                    .rsplit_once('/')
                    .map_or(".", |(directory, _)| directory)
                    .to_owned(),
            ),
            "@F" => self.target.rsplit('/').next().map(str::to_owned),
            _ => None,
        }
    }
}

/// The name behind a `$`, and how many bytes it takes with its brackets.
fn reference(after: &str) -> (&str, usize) {
    let close = match after.bytes().next() {
        Some(b'(') => b')',
        Some(b'{') => b'}',
        _ => {
            let length = after.chars().next().map_or(0, char::len_utf8);
            return (after.get(..length).unwrap_or_default(), length);
        }
    };
    let open = after.as_bytes().first().copied();
    let mut depth = 0_usize;
    for (at, byte) in after.bytes().enumerate() {
        if Some(byte) == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
        }
        if depth == 0 {
            return (after.get(1..at).unwrap_or_default(), at + 1);
        }
    }
    (after.get(1..).unwrap_or_default(), after.len())
}

/// The line without a comment.
fn without_comment(line: &str) -> &str {
    match line.find('#') {
        Some(at) if at == 0 || !line.get(..at).unwrap_or_default().ends_with('\\') => {
            line.get(..at).unwrap_or_default()
        }
        _ => line,
    }
}

/// Both branches of a conditional are read, so its own lines say nothing.
fn is_conditional(line: &str) -> bool {
    let first = line.split([' ', '(', '\t']).next().unwrap_or_default();
    matches!(first, "ifeq" | "ifneq" | "ifdef" | "ifndef" | "else" | "endif")
}

/// Name, operator and value of `NAME := value`.
fn split_assignment(line: &str) -> Option<(&str, &str, &str)> {
    let (head, value) = line.split_once('=')?;
    let (name, operator) = ["::", ":", "?", "+", "!"]
        .iter()
        .find_map(|mark| {
            let name = head.strip_suffix(mark)?;
            Some((
                name,
                match *mark {
                    "?" => "?=",
                    "+" => "+=",
                    _ => "=",
                },
            ))
        })
        .unwrap_or((head, "="));
    let name = name.trim();
    let is_name = !name.is_empty() && !name.contains([' ', ':', '\t', '$', '"', '\'']);
    is_name.then_some((name, operator, value.trim()))
}

/// The line without `@`, `-`, `+` in front, and those marks.
fn unmarked(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let text = line.trim_start_matches(['@', '-', '+', ' ', '\t']);
    (text, line.get(..line.len() - text.len()).unwrap_or_default())
}

/// Splits at line ends that no `\` precedes.
fn split_define(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('\n') {
        if !text.get(..at).unwrap_or_default().ends_with('\\') {
            parts.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}
