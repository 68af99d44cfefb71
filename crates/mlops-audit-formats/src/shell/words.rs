//! Words as written into words as the program sees them: quotes removed, known variables put in.

use super::lexer::past;

/// The folder in which the script itself stands, as a `cd "$(dirname "$0")"` gives it.
pub const SCRIPT_DIRECTORY: &str = "${SCRIPT_DIRECTORY}";

/// The top of the work tree, as `$(git rev-parse --show-toplevel)` gives it.
pub const REPOSITORY_ROOT: &str = "${REPOSITORY_ROOT}";

/// Longest value that is put in for a variable, and most bytes put in for all words of a script.
const LONGEST_VALUE: usize = 10_000;
const MOST_BYTES: usize = 1_000_000;
/// Most substitutions of one word that are looked into.
const SUBSTITUTIONS: usize = 200;

/// Variables of a script with their values so far.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// Every assignment in order; the last one of a name counts.
    pub(super) all: Vec<(String, String)>,
    latest: rustc_hash::FxHashMap<String, usize>,
    spent: usize,
    /// Whether something was not put in, or not looked into, since it grew too much.
    pub(super) is_exceeded: bool,
}

impl Variables {
    /// Notes an assignment.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.latest.insert(name.to_owned(), self.all.len());
        self.all.push((name.to_owned(), value));
    }

    /// The value, where it is known and may still be put in.
    fn get(&mut self, name: &str) -> Option<String> {
        let (_, value) = self.latest.get(name).and_then(|at| self.all.get(*at))?;
        let fits = value.len() <= LONGEST_VALUE && self.spent + value.len() <= MOST_BYTES;
        if fits {
            self.spent += value.len();
        } else {
            self.is_exceeded = true;
        }
        fits.then(|| value.clone())
    }
}

/// Command substitutions of a word, as bytes of the word.
pub(super) struct Expanded {
    /// The words that it gives; more than one where an unquoted variable holds several.
    pub(super) words: Vec<String>,
    /// Texts of `$(…)`, `` `…` ``, `<(…)`, with the byte of the word at which each starts.
    pub(super) commands: Vec<(String, usize)>,
}

/// Expands one word as written.
pub(super) fn expand(raw: &str, variables: &mut Variables) -> Expanded {
    let mut expander = Expander {
        raw,
        at: 0,
        variables,
        words: Vec::new(),
        current: None,
        commands: Vec::new(),
    };
    expander.run();
    Expanded {
        words: expander.words,
        commands: expander.commands,
    }
}

struct Expander<'raw, 'variables> {
    raw: &'raw str,
    at: usize,
    variables: &'variables mut Variables,
    words: Vec<String>,
    current: Option<String>,
    commands: Vec<(String, usize)>,
}

impl Expander<'_, '_> {
    fn run(&mut self) {
        while let Some(character) = self.peek() {
            match character {
                '\'' => self.single(),
                '"' => self.double(),
                '\\' => self.escaped(false),
                '$' | '`' => self.dollar(false),
                '<' | '>' => self.process(),
                '{' if self.rest().starts_with("{{") => self.raw_stretch(),
                _ => self.plain(character),
            }
        }
        self.words.extend(self.current.take());
    }

    fn rest(&self) -> &str {
        self.raw.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn append(&mut self, text: &str) {
        self.current.get_or_insert_default().push_str(text);
    }

    fn plain(&mut self, character: char) {
        self.current.get_or_insert_default().push(character);
        self.at += character.len_utf8();
    }

    /// The stretch that starts here, up to its closing bracket; moves past it.
    fn stretch(&mut self) -> String {
        let mut end = past(self.raw, self.at);
        while !self.raw.is_char_boundary(end) {
            end += 1;
        }
        let text = self.raw.get(self.at..end).unwrap_or_default().to_owned();
        self.at = end.max(self.at + 1);
        text
    }

    fn raw_stretch(&mut self) {
        let text = self.stretch();
        self.append(&text);
    }

    fn single(&mut self) {
        let text = self.stretch();
        let inner = text.strip_prefix('\'').unwrap_or(&text);
        let inner = inner.strip_suffix('\'').unwrap_or(inner).to_owned();
        self.append(&inner);
    }

    fn double(&mut self) {
        self.at += 1;
        self.append("");
        while let Some(character) = self.peek() {
            match character {
                '"' => {
                    self.at += 1;
                    break;
                }
                '\\' => self.escaped(true),
                '$' | '`' => self.dollar(true),
                _ => self.plain(character),
            }
        }
    }

    fn escaped(&mut self, in_double: bool) {
        self.at += 1;
        let Some(character) = self.peek() else {
            return self.append("\\");
        };
        if character == '\n' {
            self.at += 1;
            return;
        }
        if in_double && !matches!(character, '$' | '`' | '"' | '\\') {
            self.append("\\");
        }
        self.plain(character);
    }

    fn note(&mut self, command: String, offset: usize) {
        if self.commands.len() < SUBSTITUTIONS {
            self.commands.push((command, offset));
        } else {
            self.variables.is_exceeded = true;
        }
    }

    fn process(&mut self) {
        if self.raw.as_bytes().get(self.at + 1) != Some(&b'(') {
            let character = self.peek().unwrap_or('<');
            return self.plain(character);
        }
        let start = self.at;
        self.at += 1;
        let text = self.stretch();
        self.note(inner(&text, "(", ")"), start + 2);
        self.append(&format!("<{text}"));
    }

    fn dollar(&mut self, in_double: bool) {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with('`') || (rest.starts_with("$(") && !rest.starts_with("$((")) {
            return self.command(start);
        }
        if rest.starts_with("$((") || rest.starts_with("${{") {
            return self.raw_stretch();
        }
        if rest.starts_with("$'") {
            self.at += 1;
            return self.single();
        }
        if rest.starts_with("${") {
            let text = self.stretch();
            return self.braced(&text, in_double);
        }
        let name: String = rest.chars().skip(1).take_while(|c| is_name(*c)).collect();
        self.at += 1 + name.len();
        let numbered = name.starts_with(|c: char| c.is_ascii_digit());
        match (!name.is_empty() && !numbered)
            .then(|| self.variables.get(&name))
            .flatten()
        {
            Some(value) => self.value(&value, in_double),
            None if name == "PWD" => self.append("."),
            None => self.append(&format!("${name}")),
        }
    }

    fn command(&mut self, start: usize) {
        let text = self.stretch();
        let (inner, offset) = match text.strip_prefix('`') {
            Some(_) => (inner(&text, "`", "`"), 1),
            None => (inner(&text, "$(", ")"), 2),
        };
        match known_folder(&inner) {
            Some(folder) => self.append(&folder),
            None => {
                self.append(&text);
                self.note(inner, start + offset);
            }
        }
    }

    /// `${X}`, `${X:-default}`, `${X[@]}`.
    fn braced(&mut self, text: &str, in_double: bool) {
        let body = inner(text, "${", "}");
        let name: String = body.chars().take_while(|c| is_name(*c)).collect();
        let operation = body.get(name.len()..).unwrap_or_default();
        if text == "${0%/*}" || text == "${BASH_SOURCE%/*}" || text == "${BASH_SOURCE[0]%/*}" {
            return self.append(SCRIPT_DIRECTORY);
        }
        let default = operation
            .strip_prefix(":-")
            .or_else(|| operation.strip_prefix('-'));
        let default = default.or_else(|| operation.strip_prefix(":="));
        let is_array = matches!(operation, "[@]" | "[*]");
        let is_plain = operation.is_empty() || is_array || default.is_some() || operation.starts_with(":?");
        let numbered = name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty();
        let value = (is_plain && !numbered)
            .then(|| self.variables.get(&name))
            .flatten();
        match (value, default) {
            (Some(value), _) => self.value(&value, in_double && !is_array),
            (None, Some(default)) if !default.is_empty() && !default.contains(['$', '`']) => {
                let bare = default.trim_matches(['"', '\'']).to_owned();
                self.value(&bare, in_double);
            }
            (None, _) if name == "PWD" && is_plain => self.append("."),
            _ => self.append(text),
        }
    }

    /// A variable's value, split at blanks unless it is quoted.
    fn value(&mut self, value: &str, in_double: bool) {
        if in_double {
            return self.append(value);
        }
        if value.starts_with([' ', '\t', '\n']) {
            self.words.extend(self.current.take());
        }
        for (at, word) in value.split_whitespace().enumerate() {
            if at > 0 {
                self.words.extend(self.current.take());
            }
            self.append(word);
        }
        if value.ends_with([' ', '\t', '\n']) {
            self.words.extend(self.current.take());
        }
    }
}

fn inner(text: &str, open: &str, close: &str) -> String {
    let text = text.strip_prefix(open).unwrap_or(text);
    text.strip_suffix(close).unwrap_or(text).to_owned()
}

/// Whether a variable's name may hold this character.
pub(super) fn is_name(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// The folder that a substitution such as `$(cd "$(dirname "$0")/.." && pwd)` is known to give.
fn known_folder(command: &str) -> Option<String> {
    if command.trim() == "pwd" {
        return Some(".".to_owned());
    }
    if command.contains("git rev-parse --show-toplevel") {
        return Some(REPOSITORY_ROOT.to_owned());
    }
    let names_itself = command.contains("$0") || command.contains("BASH_SOURCE") || command.contains("${0}");
    let folders = command.matches("dirname ").count();
    if !names_itself || folders == 0 {
        return None;
    }
    let up = folders - 1 + command.matches("/..").count();
    Some(format!("{SCRIPT_DIRECTORY}{}", "/..".repeat(up.min(20))))
}

/// Splits `NAME=value` as written; `None` where it is no assignment.
pub(super) fn assignment(raw: &str) -> Option<(&str, &str)> {
    let (name, value) = raw.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_plain =
        !name.is_empty() && name.chars().all(is_name) && !name.starts_with(|c: char| c.is_ascii_digit());
    is_plain.then_some((name, value))
}

/// The value of an assignment as one text: quotes removed, an array's items joined by blanks.
pub(super) fn value_of(raw: &str, variables: &mut Variables) -> Expanded {
    let Some(items) = raw
        .strip_prefix('(')
        .map(|raw| raw.strip_suffix(')').unwrap_or(raw))
    else {
        let expanded = expand(raw, variables);
        return Expanded {
            words: vec![expanded.words.join(" ")],
            commands: expanded.commands,
        };
    };
    let mut words = Vec::new();
    let mut commands = Vec::new();
    for token in super::lexer::lex(items) {
        if token.kind == super::lexer::Kind::Word {
            let expanded = expand(token.text, variables);
            words.extend(expanded.words);
            commands.extend(expanded.commands);
        }
    }
    Expanded {
        words: vec![words.join(" ")],
        commands,
    }
}
