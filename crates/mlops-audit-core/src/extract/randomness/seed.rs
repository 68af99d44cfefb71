//! Whether an expression that is passed as a seed holds a fixed or configured value.

use super::fallback::is_fallback;
use super::settings::{fields, is_unrepeatable, settings};
use std::cell::Cell;
use std::collections::BTreeMap;

use mlops_audit_formats::code::{Argument, AssignmentKind, Call, Expr, Name, ScopeKind};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::extract::Basis;
use crate::extract::codebase::{Definition, FileIndex, Resolved, Site};

/// How many steps a value is followed.
pub(super) const STEPS: u32 = 7;

/// How many values are followed within another.
const NESTED: u32 = 3;

/// What a seed turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seed {
    /// Nothing is passed.
    Absent,
    /// `None`, `null`, the time, another random number.
    Off,
    /// A constant, or a value that configuration gives.
    Fixed,
}

/// Follows values to configuration and callers.
pub(super) struct Seeds<'a> {
    pub(super) basis: &'a Basis<'a>,
    /// Values of keys in configuration files: whether any is set, and whether any is null.
    settings: BTreeMap<String, Setting>,
    /// Defaults of command-line options by the name that they are read under.
    options: FxHashMap<String, Seed>,
    /// Defaults of the fields of the project's classes (dataclasses, Pydantic models, plain settings), by their names.
    fields: FxHashMap<&'a str, Seed>,
    /// How many values are being followed: code may define each by the other.
    open: Cell<u32>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Setting {
    pub(super) set: bool,
    pub(super) null: bool,
    pub(super) number: Option<f64>,
}

impl<'a> Seeds<'a> {
    pub(super) fn new(basis: &'a Basis<'a>) -> Self {
        let mut seeds = Self {
            basis,
            settings: settings(basis),
            options: FxHashMap::default(),
            fields: fields(basis),
            open: Cell::new(0),
        };
        seeds.options = seeds.command_line();
        seeds
    }

    /// What a call is given for the first of these arguments that it has, through spreads of dictionaries too.
    pub(super) fn of_call(&self, site: Site<'a>, names: &[String], position: Option<u32>) -> Seed {
        let mut best = Seed::Absent;
        for name in names {
            if let Some(value) = self.passed(site, name) {
                best = best.max(value);
            }
        }
        if best == Seed::Absent
            && let Some(position) = position
            && let Some(value) = site.call.positional(position as usize)
        {
            best = self.of(site.file, site.call.scope, value);
        }
        best
    }

    fn passed(&self, site: Site<'a>, name: &str) -> Option<Seed> {
        if let Some(value) = site.call.keyword(name) {
            return Some(self.of(site.file, site.call.scope, value));
        }
        let spreads = site
            .call
            .arguments
            .iter()
            .filter_map(|argument| match &argument.value {
                Expr::Spread(inner) => Some(inner.as_ref()),
                _ => None,
            });
        spreads
            .filter_map(|inner| match self.is_taken_over(site.file, inner) {
                true => self.of_same_class(site, name),
                false => self.in_mapping(site.file, site.call.scope, inner, name, STEPS),
            })
            .max()
    }

    /// Whether a mapping is what another estimator was made with: `**model.get_params()`.
    fn is_taken_over(&self, file: FileIndex, mapping: &Expr) -> bool {
        let call = self.basis.codebase.call_of(file, mapping);
        call.is_some_and(|site| site.call.method() == "get_params")
    }

    /// What the other calls of the same class are given for an argument.
    fn of_same_class(&self, site: Site<'a>, name: &str) -> Option<Seed> {
        let codebase = &self.basis.codebase;
        let class = codebase.target(site);
        let made = codebase.calls_by_target(|target| target == class).into_iter();
        made.filter_map(|made| Some(self.of(made.file, made.call.scope, made.call.keyword(name)?)))
            .max()
    }

    /// The value of a key in a mapping that is spread into a call.
    fn in_mapping(&self, file: FileIndex, scope: u32, expr: &'a Expr, key: &str, steps: u32) -> Option<Seed> {
        if steps == 0 {
            return None;
        }
        if let Expr::Name(name) = expr
            && let Some(set) = self.set_item(file, scope, &name.path, key)
        {
            return Some(set);
        }
        let (file, expr) = self.basis.codebase.value(file, scope, expr);
        match expr {
            Expr::Dict(entries) => entries.iter().rev().find_map(|(found, value)| match found {
                Some(found) if found.as_str() == Some(key) => Some(self.of(file, scope, value)),
                Some(_) => None,
                None => {
                    let inner = match value {
                        Expr::Spread(inner) => inner,
                        other => other,
                    };
                    self.in_mapping(file, scope, inner, key, steps - 1)
                }
            }),
            Expr::Binary(left, operator, right) if operator == "|" => self
                .in_mapping(file, scope, right, key, steps - 1)
                .or_else(|| self.in_mapping(file, scope, left, key, steps - 1)),
            Expr::Call(_) => {
                let site = self.basis.codebase.call_of(file, expr)?;
                match site.call.keyword(key) {
                    Some(value) => Some(self.of(file, site.call.scope, value)),
                    None => self.setting(key).or_else(|| self.in_any_dictionary(file, key)),
                }
            }
            // A mapping that comes from a file, a search or a caller: some dictionary of the project gives the key.
            _ => self.setting(key).or_else(|| self.in_any_dictionary(file, key)),
        }
    }

    /// `params["seed"] = …` in the function or module whose variable `params` is.
    fn set_item(&self, file: FileIndex, scope: u32, variable: &str, key: &str) -> Option<Seed> {
        let code = &self.basis.codebase.file(file).code;
        let item = |target: &str| {
            let inner = target
                .strip_prefix(variable)?
                .strip_prefix('[')?
                .strip_suffix(']')?;
            (inner.trim_matches(['"', '\'']) == key).then_some(())
        };
        let around: Vec<u32> = code.scopes_around(scope).map(|(id, _)| id).collect();
        code.assignments
            .iter()
            .filter(|found| around.contains(&found.scope) && item(&found.target).is_some())
            .map(|found| self.of(file, found.scope, &found.value))
            .max()
    }

    fn setting(&self, key: &str) -> Option<Seed> {
        let found = self.settings.get(key)?;
        Some(if found.null || !found.set {
            Seed::Off
        } else {
            Seed::Fixed
        })
    }

    /// What files of settings and commands give for a key.
    pub(super) fn configured(&self, key: &str) -> Seed {
        let option = format!("--{key}");
        match passed(self.basis).contains(option.as_str()) {
            true => Seed::Fixed,
            false => self.setting(key).unwrap_or(Seed::Absent),
        }
    }

    /// Whether a dictionary written in this file has the key with a number.
    fn in_any_dictionary(&self, file: FileIndex, key: &str) -> Option<Seed> {
        let code = &self.basis.codebase.file(file).code;
        let values = code
            .assignments
            .iter()
            .map(|assignment| &assignment.value)
            .chain(code.returns.iter().map(|found| &found.value));
        values
            .filter_map(|value| dictionary_value(value, key, 3))
            .map(|value| self.of(file, 0, value))
            .max()
    }

    /// What an expression is as a seed.
    pub(super) fn of(&self, file: FileIndex, scope: u32, expr: &'a Expr) -> Seed {
        if self.open.get() > NESTED {
            return Seed::Fixed;
        }
        self.open.set(self.open.get() + 1);
        let found = self.within(file, scope, expr, STEPS);
        self.open.set(self.open.get() - 1);
        found
    }

    fn within(&self, file: FileIndex, scope: u32, expr: &'a Expr, steps: u32) -> Seed {
        if steps == 0 {
            return Seed::Fixed;
        }
        match expr {
            Expr::None => Seed::Off,
            Expr::Name(name) => self.of_name(file, scope, name, steps),
            Expr::Call(_) => self
                .basis
                .codebase
                .call_of(file, expr)
                .map_or(Seed::Fixed, |site| self.of_result(site, steps)),
            Expr::Subscript(base, key) => match key.as_str() {
                Some(key) => self.of_item(file, scope, base, key, steps),
                None => Seed::Fixed,
            },
            Expr::Attribute(_, key) => self.of_key(key),
            Expr::Choice(choice) => self.within(file, scope, &choice.yes, steps - 1).max(self.within(
                file,
                scope,
                &choice.no,
                steps - 1,
            )),
            Expr::Or(values) => values
                .iter()
                .map(|value| self.within(file, scope, value, steps - 1))
                .max()
                .unwrap_or(Seed::Fixed),
            Expr::Binary(left, _, right) => {
                self.within(file, scope, left, steps - 1)
                    .min(self.within(file, scope, right, steps - 1))
            }
            _ => Seed::Fixed,
        }
    }

    /// A key of configuration: what its files or command-line options say; configured where they say nothing.
    fn of_key(&self, key: &str) -> Seed {
        match (
            self.options.get(key),
            self.setting(key),
            self.fields.get(key).copied(),
        ) {
            (Some(Seed::Off), Some(Seed::Fixed), _) => Seed::Fixed,
            (_, Some(setting), _) => setting,
            (Some(option), None, _) => *option,
            (None, None, Some(field)) => field,
            (None, None, None) => Seed::Fixed,
        }
    }

    fn of_name(&self, file: FileIndex, scope: u32, name: &'a Name, steps: u32) -> Seed {
        let codebase = &self.basis.codebase;
        let code = &codebase.file(file).code;
        let plain = |kind: AssignmentKind| {
            matches!(
                kind,
                AssignmentKind::Plain | AssignmentKind::Annotated | AssignmentKind::Loop
            )
        };
        // The nearest function whose own name or parameter it is.
        for (id, around) in code.scopes_around(scope) {
            let local = codebase
                .assignments_to(file, &name.path)
                .rev()
                .find(|found| found.scope == id && plain(found.kind) && !is_fallback(code, found));
            if let Some(found) = local {
                if found.kind == AssignmentKind::Loop || found.element.is_some() {
                    return Seed::Fixed;
                }
                let is_itself = found.value == Expr::Name(name.clone());
                if !is_itself {
                    return self.within(file, found.scope, &found.value, steps - 1);
                }
            }
            if around
                .parameters
                .iter()
                .any(|parameter| parameter.name == name.path)
            {
                return self.of_parameter(file, id, &name.path, steps - 1);
            }
        }
        if let Some((base, key)) = name.path.rsplit_once('.') {
            return self.of_attribute(file, scope, base, key, steps);
        }
        match codebase.resolve(file, name, scope) {
            Resolved::Variable(other, position) => {
                let value = &codebase.file(other).code.assignments[position as usize].value;
                self.within(other, 0, value, steps - 1)
            }
            _ => Seed::Fixed,
        }
    }

    /// `self.seed`, `args.seed`, `config.seed`, `settings.SEED`.
    fn of_attribute(&self, file: FileIndex, scope: u32, base: &str, key: &str, steps: u32) -> Seed {
        let codebase = &self.basis.codebase;
        let code = &codebase.file(file).code;
        let whole = format!("{base}.{key}");
        if base == "self" || base == "cls" {
            let class = code
                .scopes_around(scope)
                .find(|(_, scope)| scope.kind == ScopeKind::Class)
                .map(|(id, _)| id);
            let set = class.and_then(|class| {
                code.assignments.iter().find(|found| {
                    (found.target == whole && code.scopes_around(found.scope).any(|(id, _)| id == class))
                        || (found.target == key && found.scope == class)
                })
            });
            if let Some(set) = set {
                return self.within(file, set.scope, &set.value, steps - 1);
            }
            return self.of_key(key);
        }
        let name = Name {
            path: whole.into(),
            origin: mlops_audit_formats::code::Origin::Import,
        };
        if let Resolved::Variable(other, position) = codebase.resolve(file, &name, scope) {
            let value = &codebase.file(other).code.assignments[position as usize].value;
            return self.within(other, 0, value, steps - 1);
        }
        self.of_key(key)
    }

    fn of_item(&self, file: FileIndex, scope: u32, base: &'a Expr, key: &str, steps: u32) -> Seed {
        let (holder, value) = self.basis.codebase.value(file, scope, base);
        if let Expr::Dict(entries) = value {
            let found = entries
                .iter()
                .rev()
                .find(|(found, _)| found.as_ref().and_then(Expr::as_str) == Some(key));
            if let Some((_, value)) = found {
                return self.within(holder, scope, value, steps - 1);
            }
        }
        self.of_key(key)
    }

    /// A parameter: what its callers pass, or else its default; configured where nobody calls it.
    fn of_parameter(&self, file: FileIndex, scope: u32, name: &str, steps: u32) -> Seed {
        if steps == 0 {
            return Seed::Fixed;
        }
        let code = &self.basis.codebase.file(file).code;
        let function = &code.scopes[scope as usize];
        let Some(index) = function.parameters.iter().position(|found| found.name == name) else {
            return Seed::Fixed;
        };
        let parent = &code.scopes[function.parent as usize];
        let is_method = parent.kind == ScopeKind::Class;
        let called = if is_method && function.name == "__init__" {
            function.parent
        } else {
            scope
        };
        let position = if is_method {
            index.checked_sub(1)
        } else {
            Some(index)
        };
        let default = function.parameters[index]
            .default
            .as_ref()
            .map(|default| match default {
                Expr::None => Seed::Off,
                // `seed: int = typer.Option(None)` and the like.
                Expr::Call(_) => self
                    .basis
                    .codebase
                    .call_of(file, default)
                    .and_then(|site| site.call.argument("default", Some(0)))
                    .map_or(Seed::Fixed, |value| match value {
                        Expr::None => Seed::Off,
                        _ => Seed::Fixed,
                    }),
                _ => Seed::Fixed,
            });
        let callers = self.basis.codebase.callers_of(Definition { file, scope: called });
        let passed = callers
            .take(20)
            .filter_map(|site| {
                let value = site.call.argument(name, position)?;
                Some(self.within(site.file, site.call.scope, value, steps.min(4) - 1))
            })
            .max();
        match (passed, default) {
            (Some(passed), Some(default)) => passed.max(default),
            (Some(passed), None) => passed,
            (None, Some(default)) => match self.options.get(name) {
                Some(option) => default.max(*option),
                None => default,
            },
            (None, None) => Seed::Fixed,
        }
    }

    /// The result of a call: of another generator, of a reader of configuration, of the clock.
    pub(super) fn of_result(&self, site: Site<'a>, steps: u32) -> Seed {
        let codebase = &self.basis.codebase;
        let path = self.basis.uses.target(codebase, site);
        if let Some((random, _)) = self.basis.catalogue.randomness(path) {
            if random.seeded_by_default {
                return Seed::Fixed;
            }
            return match self.of_call(site, &random.argument, random.position) {
                Seed::Fixed => Seed::Fixed,
                _ => Seed::Off,
            };
        }
        if is_unrepeatable(path) {
            return Seed::Off;
        }
        match site.call.method() {
            "manual_seed" | "PRNGKey" | "key" | "RandomState" | "default_rng" | "Random"
            | "check_random_state" => site.call.arguments.first().map_or(Seed::Off, |argument| {
                self.within(site.file, site.call.scope, &argument.value, steps - 1)
            }),
            "get" | "getint" | "getenv" | "pop" => self.of_getter(site.file, site.call, steps),
            "int" | "abs" | "str" => site.call.positional(0).map_or(Seed::Fixed, |value| {
                self.within(site.file, site.call.scope, value, steps - 1)
            }),
            "Generator" if path.contains("torch") && !path.contains("manual_seed") => Seed::Off,
            _ => Seed::Fixed,
        }
    }

    fn of_getter(&self, file: FileIndex, call: &'a Call, steps: u32) -> Seed {
        let key = call
            .arguments
            .iter()
            .rev()
            .find_map(|found: &Argument| found.value.as_str());
        let setting = key.and_then(|key| self.setting(key));
        let default = call
            .keyword("default")
            .or_else(|| call.keyword("fallback"))
            .or_else(|| call.positional(1))
            .filter(|value| value.as_str() != key)
            .map(|value| self.within(file, call.scope, value, steps - 1));
        setting.or(default).unwrap_or(Seed::Fixed)
    }

    /// What a value is where it need not be a seed: its plain text, for conditions such as `shuffle=True`.
    pub(super) fn plain(&self, site: Site<'a>, name: &str) -> Option<Plain> {
        let value = site
            .call
            .keyword(name)
            .map(|value| (site.file, value))
            .or_else(|| {
                site.call
                    .arguments
                    .iter()
                    .find_map(|argument| match &argument.value {
                        Expr::Spread(inner) => {
                            let (file, inner) = self.basis.codebase.value(site.file, site.call.scope, inner);
                            let Expr::Dict(entries) = inner else { return None };
                            let entry = entries
                                .iter()
                                .find(|(key, _)| key.as_ref().and_then(Expr::as_str) == Some(name));
                            entry.map(|(_, value)| (file, value))
                        }
                        _ => None,
                    })
            })?;
        let (_, value) = self.basis.codebase.value(value.0, site.call.scope, value.1);
        if let Some(key) = configured_key(value)
            && let Some(number) = self.settings.get(key).and_then(|found| found.number)
        {
            return Some(Plain::Text(number.to_string()));
        }
        let text = crate::catalogue::pattern::written(value);
        Some(if text.is_empty() {
            Plain::Unknown
        } else {
            Plain::Text(text)
        })
    }

    /// Defaults of `--seed` options of argparse, click and the like; a command that passes the option sets it.
    fn command_line(&self) -> FxHashMap<String, Seed> {
        let mut found: FxHashMap<String, Seed> = FxHashMap::default();
        let passed = passed(self.basis);
        let is_option = |method: &str| matches!(method, "add_argument" | "option" | "Option" | "add_option");
        for site in self.basis.codebase.calls_by_method(is_option) {
            if self.basis.codebase.file(site.file).is_test {
                continue;
            }
            let flag = site
                .call
                .arguments
                .iter()
                .filter(|argument| argument.name.is_none())
                .filter_map(|argument| argument.value.as_str())
                .find(|flag| flag.starts_with("--"));
            let Some(flag) = flag else { continue };
            let name = flag
                .trim_start_matches('-')
                .split(['/', ' '])
                .next()
                .unwrap_or_default();
            let value = match site.call.keyword("default") {
                Some(value) => match self.basis.codebase.value(site.file, site.call.scope, value).1 {
                    Expr::None => Seed::Off,
                    _ => Seed::Fixed,
                },
                None if site.call.keyword("required").is_some() => Seed::Fixed,
                None => Seed::Off,
            };
            let value = if value == Seed::Off && passed.contains(flag) {
                Seed::Fixed
            } else {
                value
            };
            let entry = found.entry(name.replace('-', "_")).or_insert(value);
            *entry = (*entry).max(value);
        }
        found
    }
}

/// The options that commands pass, without their values.
fn passed<'a>(basis: &'a Basis<'_>) -> FxHashSet<&'a str> {
    let invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    let words = invocations.flat_map(|invocation| invocation.words.iter());
    words
        .filter(|word| word.starts_with("--"))
        .map(|word| word.split('=').next().unwrap_or(word))
        .collect()
}

/// A plain value, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// As code writes it.
    Text(String),
    /// Something that only a run knows.
    Unknown,
}

fn configured_key(value: &Expr) -> Option<&str> {
    match value {
        Expr::Name(name) => name.path.rsplit('.').next(),
        Expr::Attribute(_, key) => Some(key),
        Expr::Subscript(_, key) => key.as_str(),
        _ => None,
    }
}

fn dictionary_value<'e>(value: &'e Expr, key: &str, depth: u32) -> Option<&'e Expr> {
    let Expr::Dict(entries) = value else { return None };
    let own = entries
        .iter()
        .find(|(found, _)| found.as_ref().and_then(Expr::as_str) == Some(key))
        .map(|(_, value)| value);
    own.or_else(|| {
        let deeper = depth.checked_sub(1)?;
        entries
            .iter()
            .find_map(|(_, value)| dictionary_value(value, key, deeper))
    })
}
