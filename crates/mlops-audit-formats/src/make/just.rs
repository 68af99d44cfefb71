//! Justfiles, read into the same form as Makefiles.

use rustc_hash::FxHashMap;

use super::{MOST_BYTES, Makefile, RecipeLine, Target, logical_lines, unmarked};
use crate::{Place, Problem};

/// Reads a justfile.
pub fn read_justfile(text: &str) -> Makefile {
    let mut makefile = Makefile::default();
    let mut values: FxHashMap<String, String> = FxHashMap::default();
    let mut open = false;
    let mut spent = 0;
    for logical in logical_lines(text) {
        let is_indented = logical.text.starts_with([' ', '\t']);
        let line = logical.text.trim();
        if line.is_empty() || (line.starts_with('#') && !(is_indented && line.starts_with("#!"))) {
            continue;
        }
        if is_indented {
            if let Some(target) = makefile.targets.last_mut().filter(|_| open) {
                target
                    .recipe
                    .extend(just_line(line, logical.line, &values, &mut spent));
            }
            continue;
        }
        open = just_top(line, logical.line, &mut makefile, &mut values);
    }
    if spent >= MOST_BYTES {
        let what = "variables grow too long to be put in";
        makefile.problems.push(Problem::at(1, what));
    }
    // A recipe with a `#!` line is one script.
    let is_script = |target: &Target| {
        target
            .recipe
            .first()
            .is_some_and(|line| line.text.starts_with("#!"))
    };
    for target in makefile.targets.iter_mut().filter(|target| is_script(target)) {
        join_recipe(target);
    }
    if makefile.default_goal.is_none() {
        let named = makefile
            .targets
            .iter()
            .find(|target| target.names.iter().any(|name| name == "default"));
        makefile.default_goal = named
            .or(makefile.targets.first())
            .and_then(|target| target.names.first())
            .cloned();
    }
    makefile.index();
    makefile
}

fn join_recipe(target: &mut Target) {
    let lines = std::mem::take(&mut target.recipe);
    let place = lines.first().map_or(target.place, |line| line.place);
    let mut text = String::new();
    let mut at = place.line;
    for line in &lines {
        while at < line.place.line {
            text.push('\n');
            at += 1;
        }
        at += line_ends(&line.text);
        text.push_str(&line.text);
    }
    target.recipe.push(RecipeLine {
        text,
        place,
        ignores_failure: false,
    });
}

fn line_ends(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

fn just_line(
    line: &str,
    at: u32,
    values: &FxHashMap<String, String>,
    spent: &mut usize,
) -> Option<RecipeLine> {
    let (text, marks) = unmarked(line);
    let text = just_expand(text, values, spent);
    (!text.is_empty()).then(|| RecipeLine {
        text,
        place: Place::line(at),
        ignores_failure: marks.contains('-'),
    })
}

/// Puts `{{name}}` in where its value is written out.
fn just_expand(text: &str, values: &FxHashMap<String, String>, spent: &mut usize) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        result.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            result.push_str("{{");
            rest = after;
            continue;
        };
        let value = values.get(name.trim());
        if let Some(value) = value {
            *spent += value.len();
        }
        match value.filter(|_| *spent < MOST_BYTES) {
            Some(value) => result.push_str(value),
            None => {
                result.push_str("{{");
                result.push_str(name);
                result.push_str("}}");
            }
        }
        rest = behind;
    }
    result + rest
}

/// A line that is not indented; says whether a recipe follows.
fn just_top(line: &str, at: u32, makefile: &mut Makefile, values: &mut FxHashMap<String, String>) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line);
    if line.starts_with("set ") || line.starts_with('[') || line.starts_with("mod ") {
        return false;
    }
    if let Some(file) = line
        .strip_prefix("import ")
        .or_else(|| line.strip_prefix("import? "))
    {
        makefile
            .includes
            .push(file.trim().trim_matches(['"', '\'']).to_owned());
        return false;
    }
    if let Some((name, value)) = line.split_once(":=") {
        let (name, value) = (name.trim().trim_start_matches("alias ").to_owned(), value.trim());
        if line.starts_with("alias ") {
            let names = vec![name];
            let prerequisites = vec![value.to_owned()];
            let place = Place::line(at);
            makefile.targets.push(Target {
                names,
                prerequisites,
                place,
                is_phony: true,
                recipe: Vec::new(),
            });
        } else {
            let literal = value.trim_matches(['"', '\'']);
            if literal.len() + 2 == value.len() && !literal.contains(['"', '\'']) {
                values.insert(name.clone(), literal.to_owned());
            }
            makefile
                .variables
                .push((name, literal.to_owned(), Place::line(at)));
        }
        return false;
    }
    let Some((head, dependencies)) = line.split_once(':') else {
        return false;
    };
    let Some(name) = head.split_whitespace().next() else {
        return false;
    };
    let dependencies = dependencies.split('#').next().unwrap_or_default();
    makefile.targets.push(Target {
        names: vec![name.trim_start_matches('@').to_owned()],
        prerequisites: just_dependencies(dependencies),
        recipe: Vec::new(),
        place: Place::line(at),
        is_phony: true,
    });
    true
}

/// `a (b "argument") && c`: the names alone.
fn just_dependencies(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_call = false;
    for word in text.split_whitespace().filter(|word| *word != "&&") {
        if !in_call {
            names.push(word.trim_matches(['(', ')']).to_owned());
        }
        in_call = (in_call || word.starts_with('(')) && !word.ends_with(')');
    }
    names
}
