//! Whether a call runs: the switches around it, as defaults, configuration and commands set them.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{AssignmentKind, BlockKind, Call, Code, Comparison, Expr, Name, ScopeKind};
use mlops_audit_formats::data::Node as DataNode;
use rustc_hash::{FxHashMap, FxHashSet};

use super::given::{Given, Scalar, fields};
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, FileIndex, Node, Resolved, Site};
use crate::read::Format;

/// How many steps a switch is followed through names, parameters and callers.
const STEPS: u32 = 5;

/// An option of a command line.
#[derive(Clone, Debug)]
struct Flag {
    file: FileIndex,
    /// Its default; `None` where that is not known.
    default: Option<Scalar>,
}

/// All switches of a repository.
pub(super) struct Switches<'a> {
    codebase: &'a Codebase,
    /// What commands give.
    pub(super) given: Given,
    flags: BTreeMap<String, Vec<Flag>>,
    /// Fields of classes with their values, by name.
    fields: FxHashMap<&'a str, Vec<(FileIndex, &'a Expr)>>,
    /// Switches without which nothing is trained: `if args.do_train:`.
    of_training: BTreeSet<String>,
    /// Settings of configuration files by their last key.
    settings: FxHashMap<&'a str, Vec<Setting<'a>>>,
}

/// A setting of a configuration file.
struct Setting<'a> {
    /// The key of the section that it stands in, if there is one.
    section: Option<&'a str>,
    value: &'a DataNode,
    /// Whether a command or the code names the file.
    is_named: bool,
}

impl Setting<'_> {
    /// Whether the setting stands in a section that a path calls by this last part.
    fn is_in(&self, owner: &str) -> bool {
        let is_below = |outer: &str| outer.is_empty() || outer.ends_with('.');
        self.section
            .is_some_and(|section| section.strip_suffix(owner).is_some_and(is_below))
    }
}

impl<'a> Switches<'a> {
    /// Gathers them.
    pub(super) fn new(basis: &'a Basis<'_>) -> Self {
        let codebase = &basis.codebase;
        let mut switches = Self {
            codebase,
            given: Given::new(basis),
            flags: BTreeMap::new(),
            fields: fields(codebase),
            of_training: BTreeSet::new(),
            settings: FxHashMap::default(),
        };
        let flags = codebase.calls_by_method(makes_flag).filter_map(flag);
        for (name, flag) in flags.filter(|(_, flag)| !codebase.file(flag.file).is_test) {
            switches.flags.entry(name).or_default().push(flag);
        }
        switches.read_settings(basis);
        let sites = basis.training.sites.iter();
        switches.of_training = sites
            .filter_map(|site| {
                let call = codebase.file(site.file).code.calls.get(site.call as usize)?;
                switches.off_at(site.file, call.scope, call.block, 3)
            })
            .collect();
        switches
    }

    fn read_settings(&mut self, basis: &'a Basis<'_>) {
        let files = || {
            basis.documents.all_data().filter(|(file, _)| {
                matches!(
                    file.format,
                    Format::Yaml | Format::Toml | Format::Json | Format::Ini
                )
            })
        };
        let mentioned = mentioned(basis, files().map(|(file, _)| last_part(&file.path)));
        for (file, data) in files() {
            let is_named =
                self.given.configs.contains(&file.path) || mentioned.contains(last_part(&file.path));
            let mut left = 1000_u32;
            for document in &data.documents {
                document.walk(&mut |keys, value| {
                    if left == 0 {
                        return;
                    }
                    left -= 1;
                    if let [sections @ .., last] = keys {
                        self.settings.entry(*last).or_default().push(Setting {
                            section: sections.last().copied(),
                            value,
                            is_named,
                        });
                    }
                });
            }
        }
    }

    /// The switch that turns a call off, as the code writes it; `None` where it runs.
    pub(super) fn off(&self, site: Site<'_>) -> Option<String> {
        self.off_at(site.file, site.call.scope, site.call.block, 3)
            .filter(|switch| !self.of_training.contains(switch))
    }

    fn off_at(&self, file: FileIndex, scope: u32, block: u32, depth: u32) -> Option<String> {
        let code = &self.codebase.file(file).code;
        for block in code.blocks_around(block) {
            let off = match &block.kind {
                BlockKind::If(condition) => {
                    (!self.can_be(file, block.scope, condition, true)).then_some(condition)
                }
                BlockKind::Else(condition) => {
                    (!self.can_be(file, block.scope, condition, false)).then_some(condition)
                }
                _ => None,
            };
            if let Some(condition) = off {
                return Some(described(condition));
            }
        }
        if depth == 0 {
            return None;
        }
        let node = self.codebase.node_at(file, scope, block);
        if matches!(node.scope, 0 | Node::MAIN) {
            return None;
        }
        let function = &code.scopes[node.scope as usize];
        let own = Definition {
            file,
            scope: node.scope,
        };
        let class = Definition {
            file,
            scope: function.parent,
        };
        let in_class = code.scopes[function.parent as usize].kind == ScopeKind::Class;
        self.off_for_all_callers(own, depth)
            .or_else(|| in_class.then(|| self.off_for_all_callers(class, depth)).flatten())
    }

    fn off_for_all_callers(&self, definition: Definition, depth: u32) -> Option<String> {
        let mut why = None;
        for site in self.codebase.callers_of(definition) {
            if self.codebase.node_of(site) == Node::definition(definition.file, definition.scope) {
                continue;
            }
            why = Some(self.off_at(site.file, site.call.scope, site.call.block, depth - 1)?);
        }
        why
    }

    /// Whether a condition can have this outcome. What is not known can.
    pub(super) fn can_be(&self, file: FileIndex, scope: u32, condition: &Expr, wanted: bool) -> bool {
        match condition {
            Expr::Not(inner) => self.can_be(file, scope, inner, !wanted),
            Expr::And(parts) if wanted => parts.iter().all(|part| self.can_be(file, scope, part, true)),
            Expr::And(parts) => parts.iter().any(|part| self.can_be(file, scope, part, false)),
            Expr::Or(parts) if wanted => parts.iter().any(|part| self.can_be(file, scope, part, true)),
            Expr::Or(parts) => parts.iter().all(|part| self.can_be(file, scope, part, false)),
            Expr::Compare(left, rest) => match rest.as_slice() {
                [(comparison, right)] => {
                    self.comparison_can_be(file, scope, (left, *comparison, right), wanted)
                }
                _ => true,
            },
            _ => self
                .possible(file, scope, condition)
                .is_none_or(|values| values.iter().any(|value| value.is_true() == wanted)),
        }
    }

    fn comparison_can_be(
        &self,
        file: FileIndex,
        scope: u32,
        (left, comparison, right): (&Expr, Comparison, &Expr),
        wanted: bool,
    ) -> bool {
        let Some(left) = self.possible(file, scope, left) else {
            return true;
        };
        let right: Vec<Scalar> = match (right, comparison) {
            (Expr::List(items), Comparison::In | Comparison::NotIn) => {
                match items.iter().map(Scalar::of_literal).collect() {
                    Some(items) => items,
                    None => return true,
                }
            }
            (_, Comparison::In | Comparison::NotIn) => return true,
            _ => match self.possible(file, scope, right) {
                Some(values) => values,
                None => return true,
            },
        };
        let equal = |a: &Scalar, b: &Scalar| match (a, b) {
            (Scalar::Thing, Scalar::Thing) => true,
            (Scalar::Text(a), Scalar::Text(b)) => a.eq_ignore_ascii_case(b),
            _ => a == b,
        };
        left.iter().any(|left| match comparison {
            Comparison::Equal | Comparison::Is => right.iter().any(|right| equal(left, right) == wanted),
            Comparison::NotEqual | Comparison::IsNot => {
                right.iter().any(|right| equal(left, right) != wanted)
            }
            Comparison::In => right.iter().any(|right| equal(left, right)) == wanted,
            Comparison::NotIn => right.iter().any(|right| equal(left, right)) != wanted,
            _ => true,
        })
    }

    /// The values that an expression can have; `None` where they are not known.
    pub(super) fn possible(&self, file: FileIndex, scope: u32, expr: &Expr) -> Option<Vec<Scalar>> {
        self.possible_within(file, scope, expr, STEPS)
    }

    fn possible_within(&self, file: FileIndex, scope: u32, expr: &Expr, steps: u32) -> Option<Vec<Scalar>> {
        if let Some(value) = Scalar::of_literal(expr) {
            return Some(vec![value]);
        }
        if steps == 0 {
            return None;
        }
        match expr {
            Expr::Name(name) => self.of_name(file, scope, name, steps),
            Expr::Subscript(base, key) => {
                let path = format!("{}.{}", dotted(base)?, key.as_str()?);
                self.of_path(file, &path, steps)
            }
            Expr::Attribute(base, name) => self.of_path(file, &format!("{}.{name}", dotted(base)?), steps),
            Expr::Call(index) => {
                let call = self.codebase.file(file).code.calls.get(*index as usize)?;
                self.of_call(file, scope, call, steps)
            }
            Expr::Choice(choice) => self.union(file, scope, [&choice.yes, &choice.no], steps),
            Expr::Or(parts) => self.union(file, scope, parts, steps),
            Expr::And(_) | Expr::Not(_) | Expr::Compare(..) => Some(
                [true, false]
                    .into_iter()
                    .filter(|wanted| self.can_be(file, scope, expr, *wanted))
                    .map(Scalar::Bool)
                    .collect(),
            ),
            _ => None,
        }
    }

    fn union<'e>(
        &self,
        file: FileIndex,
        scope: u32,
        parts: impl IntoIterator<Item = &'e Expr>,
        steps: u32,
    ) -> Option<Vec<Scalar>> {
        let mut values = Vec::new();
        for part in parts {
            values.extend(self.possible_within(file, scope, part, steps - 1)?);
        }
        Some(values)
    }

    fn of_name(&self, file: FileIndex, scope: u32, name: &Name, steps: u32) -> Option<Vec<Scalar>> {
        let code = &self.codebase.file(file).code;
        if !name.path.contains('.') {
            let nearest = self
                .codebase
                .assignments(file, scope, &name.path)
                .next()
                .map(|found| found.scope);
            if let Some(nearest) = nearest {
                // `try: import mlflow` with `mlflow = None` below `except`: the name may stand for the module.
                if imported_in(code, nearest, &name.path) {
                    return None;
                }
                let assigned = code
                    .assignments
                    .iter()
                    .filter(|found| found.scope == nearest && found.target == name.path);
                return self.of_assignments(file, assigned, &name.path, steps);
            }
            for (id, around) in code.scopes_around(scope) {
                if let Some(position) = around.parameters.iter().position(|p| p.name == name.path) {
                    return self.of_parameter(Definition { file, scope: id }, position, steps);
                }
            }
        }
        if let Resolved::Variable(other, position) = self.codebase.resolve(file, name, scope) {
            let target = &self.codebase.file(other).code.assignments[position as usize].target;
            let assigned = self.codebase.file(other).code.assignments.iter();
            let assigned = assigned.filter(|found| found.scope == 0 && found.target == *target);
            return self.of_assignments(other, assigned, target, steps);
        }
        self.of_path(file, &name.path, steps)
    }

    fn of_assignments<'e>(
        &self,
        file: FileIndex,
        assigned: impl Iterator<Item = &'e mlops_audit_formats::code::Assignment>,
        target: &str,
        steps: u32,
    ) -> Option<Vec<Scalar>> {
        let mut values = Vec::new();
        for found in assigned {
            let is_plain = matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated);
            if found.element.is_some() || !is_plain {
                return None;
            }
            values.extend(self.possible_within(file, found.scope, &found.value, steps - 1)?);
            if found.scope == 0 {
                values.extend(self.given.values.get(target).into_iter().flatten().cloned());
            }
        }
        (!values.is_empty()).then_some(values)
    }

    /// What a parameter is given: its default where some call leaves it out, and what the calls pass.
    fn of_parameter(&self, function: Definition, position: usize, steps: u32) -> Option<Vec<Scalar>> {
        let scope = self.codebase.scope(function);
        let parameter = &scope.parameters[position];
        let default = || -> Option<Vec<Scalar>> {
            let mut values = match &parameter.default {
                Some(default) => self.possible_within(function.file, scope.parent, default, steps - 1)?,
                None => Vec::new(),
            };
            if (!scope.decorators.is_empty() || parameter.default.is_none())
                && let Some(flag) = self.of_flag(function.file, &parameter.name)
            {
                values.extend(flag);
            }
            values.extend(
                self.given
                    .values
                    .get(parameter.name.as_str())
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            (!values.is_empty()).then_some(values)
        };
        let parent = &self.codebase.file(function.file).code.scopes[scope.parent as usize];
        let is_method = parent.kind == ScopeKind::Class;
        let called = if is_method && scope.name == "__init__" {
            Definition {
                file: function.file,
                scope: scope.parent,
            }
        } else {
            function
        };
        let mut callers = self.codebase.callers_of(called).peekable();
        if callers.peek().is_none() {
            return default();
        }
        let at = position.checked_sub(usize::from(is_method))?;
        let mut values = Vec::new();
        for Site { file, call, .. } in callers {
            if call
                .arguments
                .iter()
                .any(|found| matches!(found.value, Expr::Spread(_)))
            {
                return None;
            }
            match call.argument(&parameter.name, Some(at)) {
                Some(value) => values.extend(self.possible_within(file, call.scope, value, steps - 1)?),
                None => values.extend(default()?),
            }
        }
        Some(values)
    }

    fn of_flag(&self, file: FileIndex, name: &str) -> Option<Vec<Scalar>> {
        let flags = self.flags.get(name)?;
        let here: Vec<&Flag> = flags.iter().filter(|flag| flag.file == file).collect();
        let flags = if here.is_empty() {
            flags.iter().collect()
        } else {
            here
        };
        let mut values = Vec::new();
        for flag in flags {
            values.push(flag.default.clone()?);
        }
        values.extend(self.given.values.get(name).into_iter().flatten().cloned());
        Some(values)
    }

    /// A dotted path: an option of the command line, a field of a configuration class, a setting of a file.
    fn of_path(&self, file: FileIndex, path: &str, steps: u32) -> Option<Vec<Scalar>> {
        let (owner, last) = path.rsplit_once('.')?;
        if owner == "self" || owner == "cls" {
            let code = &self.codebase.file(file).code;
            let assigned = code.assignments.iter().filter(|found| found.target == path);
            if let Some(values) = self.of_assignments(file, assigned, path, steps) {
                return Some(values);
            }
            if code.assignments.iter().any(|found| found.target == path) {
                return None;
            }
        }
        if let Some(values) = self.of_flag(file, last) {
            return Some(values);
        }
        if self.flags.contains_key(last) {
            return None;
        }
        let set = self.of_settings(path, last);
        if let Some(fields) = self.fields.get(last) {
            let mut values = set.unwrap_or_default();
            for (file, value) in fields {
                values.extend(self.possible_within(*file, 0, value, steps - 1)?);
            }
            values.extend(self.given.values.get(last).into_iter().flatten().cloned());
            return Some(values);
        }
        set
    }

    fn of_settings(&self, path: &str, last: &str) -> Option<Vec<Scalar>> {
        let settings = self.settings.get(last)?;
        // The more of the path fits, the surer the setting is meant: `cfg.wandb.enabled` is `wandb.enabled`.
        let owner = path.rsplit('.').nth(1).unwrap_or_default();
        let mut found: Vec<&Setting<'_>> = settings.iter().filter(|setting| setting.is_in(owner)).collect();
        if found.is_empty() {
            let is_everyday = matches!(
                last,
                "enabled" | "enable" | "name" | "type" | "mode" | "use" | "log"
            );
            if is_everyday {
                return None;
            }
            found = settings.iter().collect();
        }
        if found.iter().any(|setting| setting.is_named) {
            found.retain(|setting| setting.is_named);
        }
        let mut values: Vec<Scalar> = found
            .iter()
            .map(|setting| Scalar::of_node(setting.value))
            .collect();
        values.extend(self.given.values.get(last).into_iter().flatten().cloned());
        Some(values)
    }

    /// `cfg.get("wandb", False)`, `getattr(args, "wandb", False)`, `bool(x)`.
    fn of_call(&self, file: FileIndex, scope: u32, call: &Call, steps: u32) -> Option<Vec<Scalar>> {
        let name = call.target.path.as_str();
        match call.method() {
            "bool" | "str" | "int" if name == call.method() => {
                self.possible_within(file, scope, call.positional(0)?, steps - 1)
            }
            "getattr" if name == "getattr" => {
                let owner = dotted(call.positional(0)?)?;
                let path = format!("{owner}.{}", call.positional(1)?.as_str()?);
                self.of_path(file, &path, steps)
                    .or_else(|| self.possible_within(file, scope, call.positional(2)?, steps - 1))
            }
            "get" if !name.starts_with("os.") => {
                let owner = match &call.callee {
                    Expr::Name(name) => name.path.strip_suffix(".get").unwrap_or(&name.path).to_owned(),
                    Expr::Attribute(base, _) => dotted(base)?,
                    _ => return None,
                };
                let path = format!("{owner}.{}", call.positional(0)?.as_str()?);
                self.of_path(file, &path, steps)
                    .or_else(|| Some(vec![Scalar::of_literal(call.positional(1)?)?]))
            }
            _ => None,
        }
    }

    /// Whether this is an option of a command line, and its default.
    pub(super) fn option(&self, file: FileIndex, name: &str) -> Option<Option<Scalar>> {
        let flags = self.flags.get(name)?;
        let here = flags
            .iter()
            .find(|flag| flag.file == file)
            .or_else(|| flags.first())?;
        Some(here.default.clone())
    }
}

/// Those of these names of files that a text of the code ends in.
fn mentioned<'a>(basis: &Basis<'_>, names: impl Iterator<Item = &'a str>) -> FxHashSet<&'a str> {
    let names: FxHashSet<&str> = names.collect();
    // Few texts end like any of them.
    let mut ends = [false; 256];
    for last in names.iter().filter_map(|name| name.as_bytes().last()) {
        ends[usize::from(*last)] = true;
    }
    let own = basis.codebase.files.iter().filter(|source| !source.is_test);
    let texts = own.flat_map(|source| &source.code.strings);
    let fitting = texts.filter(|text| {
        let last = text.value.as_bytes().last();
        last.is_some_and(|last| ends[usize::from(*last)])
    });
    fitting
        .filter_map(|text| names.get(last_part(&text.value)).copied())
        .collect()
}

/// The name of a file in its path.
fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a scope binds a name by an import as well.
fn imported_in(code: &Code, scope: u32, name: &str) -> bool {
    code.imports.iter().any(|import| {
        import.alias.split('.').next() == Some(name)
            && code
                .blocks
                .get(import.block as usize)
                .is_some_and(|block| block.scope == scope)
    })
}

/// A dotted path of names and of string keys: `cfg["wandb"]` is `cfg.wandb`.
pub(super) fn dotted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) => Some(name.path.to_string()),
        Expr::Attribute(base, name) => Some(format!("{}.{name}", dotted(base)?)),
        Expr::Subscript(base, key) => Some(format!("{}.{}", dotted(base)?, key.as_str()?)),
        _ => None,
    }
}

/// The switch as people know it.
fn described(condition: &Expr) -> String {
    match condition {
        Expr::Not(inner) => described(inner),
        Expr::And(parts) | Expr::Or(parts) => parts.first().map_or_else(String::new, described),
        Expr::Compare(left, _) => described(left),
        Expr::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        other => dotted(other).unwrap_or_else(|| "a condition".to_owned()),
    }
}

/// The option that a call defines: argparse, click, absl.
fn makes_flag(method: &str) -> bool {
    matches!(method, "add_argument" | "option") || method.starts_with("DEFINE_")
}

/// What such a call declares.
fn flag(site: Site<'_>) -> Option<(String, Flag)> {
    let call = site.call;
    let is_absl = call.method().starts_with("DEFINE_");
    let texts: Vec<&str> = call
        .arguments
        .iter()
        .filter(|argument| argument.name.is_none())
        .filter_map(|argument| argument.value.as_str())
        .collect();
    let long = texts.iter().find(|text| text.starts_with("--"));
    let first = long.or_else(|| texts.first())?;
    let written = call.keyword("dest").and_then(Expr::as_str).unwrap_or(first);
    let name = written.split('/').next().unwrap_or(written);
    let name = name.trim_start_matches('-').replace('-', "_");
    let default = if is_absl {
        call.argument("default", Some(1))
    } else {
        call.keyword("default")
    };
    let action = call.keyword("action").and_then(Expr::as_str);
    let is_flag = call.keyword("is_flag") == Some(&Expr::Bool(true)) || written.contains('/');
    let default = match (default, action) {
        (Some(value), _) => Scalar::of_literal(value),
        (None, Some("store_true")) => Some(Scalar::Bool(false)),
        (None, Some("store_false")) => Some(Scalar::Bool(true)),
        (None, _) if is_flag => Some(Scalar::Bool(false)),
        (None, _) if call.keyword("required") == Some(&Expr::Bool(true)) => None,
        (None, _) if !written.starts_with('-') => None,
        (None, _) => Some(Scalar::Null),
    };
    Some((
        name,
        Flag {
            file: site.file,
            default,
        },
    ))
}
