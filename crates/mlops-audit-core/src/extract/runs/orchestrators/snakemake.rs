//! Snakemake: the rules of a Snakefile, found by their lines.

use mlops_audit_formats::Place;

use super::super::expand::Start;
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind};
use super::reader::Reader;
use crate::read::Document;

/// A rule's name and place, with the sections that run something.
struct Rule {
    name: String,
    place: Place,
    /// Kind of section (`shell`, `script`, `notebook`), its text, and its line.
    runs: Vec<(String, String, u32)>,
}

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (path, text) in snakefiles(reader.context) {
        let rules = rules(text);
        let Some(first) = rules.first() else { continue };
        let kind = RunnerKind::Orchestrator("snakemake".to_owned());
        let mut runner = reader.runner(kind, path, first.place, path);
        runner.invocations = invocations(reader.expansion, path, &rules, &Start::default());
        runners.push(runner);
    }
}

/// `snakemake --cores 1`.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    start: &Start,
) -> Option<Vec<Invocation>> {
    let found: Vec<Invocation> = snakefiles(context)
        .flat_map(|(path, text)| invocations(expansion, path, &rules(text), start))
        .collect();
    (!found.is_empty()).then_some(found)
}

fn snakefiles<'a>(context: Context<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    context.documents.files.iter().filter_map(|file| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        match &file.document {
            Document::Text(text) if name == "Snakefile" || name.ends_with(".smk") => {
                Some((file.path.as_str(), text.as_str()))
            }
            _ => None,
        }
    })
}

fn invocations(expansion: &Expansion<'_>, path: &str, rules: &[Rule], start: &Start) -> Vec<Invocation> {
    // Commands run where Snakemake is started; scripts are named from the Snakefile's folder.
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for rule in rules {
        for (kind, text, line) in &rule.runs {
            let mut at = Start {
                path: path.to_owned(),
                place: Place::line(*line),
                step: rule.name.clone(),
                ..start.clone()
            };
            let command = if kind == "shell" {
                text.replace("{{", "")
                    .replace("}}", "")
                    .replace('{', "$")
                    .replace('}', "")
            } else {
                folder.clone_into(&mut at.directory);
                let program = match text.rsplit('.').next() {
                    Some("R" | "r") => "Rscript",
                    Some("ipynb") => "papermill",
                    Some("jl") => "julia",
                    Some("sh") => "bash",
                    _ => "python",
                };
                format!("{program} '{}'", text.replace('\'', ""))
            };
            found.extend(expansion.text(&command, true, &at));
        }
    }
    found
}

/// The rules of a Snakefile.
fn rules(text: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut section: Option<(String, String, u32)> = None;
    let mut quotes: Option<&str> = None;
    for (line, number) in text.lines().zip(1u32..) {
        let trimmed = line.trim();
        if quotes.is_none() {
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let head = trimmed
                .strip_prefix("rule ")
                .or_else(|| trimmed.strip_prefix("checkpoint "));
            if let Some(name) = head.and_then(|head| head.strip_suffix(':'))
                && !line.starts_with([' ', '\t'])
            {
                close(&mut rules, &mut section);
                rules.push(Rule {
                    name: name.trim().to_owned(),
                    place: Place::line(number),
                    runs: Vec::new(),
                });
                continue;
            }
            if let Some((key, rest)) = trimmed.split_once(':').filter(|(key, _)| is_word(key)) {
                close(&mut rules, &mut section);
                if matches!(key, "shell" | "script" | "notebook") {
                    section = Some((key.to_owned(), String::new(), number));
                }
                take(rest, &mut section, &mut quotes, number);
                continue;
            }
            if !line.starts_with([' ', '\t']) {
                close(&mut rules, &mut section);
                continue;
            }
        }
        take(line, &mut section, &mut quotes, number);
    }
    close(&mut rules, &mut section);
    rules
}

fn close(rules: &mut [Rule], section: &mut Option<(String, String, u32)>) {
    if let Some(done) = section.take()
        && !done.1.trim().is_empty()
        && let Some(rule) = rules.last_mut()
    {
        rule.runs.push((done.0, done.1.trim().to_owned(), done.2));
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Takes the strings of a line into the section.
fn take<'a>(
    line: &'a str,
    section: &mut Option<(String, String, u32)>,
    quotes: &mut Option<&'a str>,
    number: u32,
) {
    let mut add = |text: &str| {
        if let Some((_, whole, at)) = section {
            if whole.is_empty() && !text.trim().is_empty() {
                *at = number;
            }
            whole.push_str(text);
        }
    };
    let mut rest = line;
    loop {
        if let Some(mark) = *quotes {
            match rest.split_once(mark) {
                Some((text, behind)) => {
                    add(text);
                    *quotes = None;
                    rest = behind;
                }
                None => {
                    add(rest);
                    add("\n");
                    // Only triple quotes go on to the next line.
                    if mark.len() == 1 {
                        *quotes = None;
                    }
                    return;
                }
            }
        } else {
            let Some(at) = rest.find(['"', '\'', '#']) else {
                return;
            };
            let from = &rest[at..];
            if from.starts_with('#') {
                return;
            }
            let length = if from.starts_with("\"\"\"") || from.starts_with("'''") {
                3
            } else {
                1
            };
            *quotes = Some(&from[..length]);
            rest = &from[length..];
        }
    }
}
