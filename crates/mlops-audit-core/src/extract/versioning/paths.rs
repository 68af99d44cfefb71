//! Which text an expression gives: a path, an address, a name, followed through names, joins, defaults and settings.

use std::borrow::Cow;

use mlops_audit_formats::code::{Expr, Name, ScopeKind};
use mlops_audit_formats::data::Value;
use rustc_hash::FxHashMap;

use super::assigned::{Assigned, name_or_key};
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, FileIndex, Resolved, Site};

/// How many steps an expression is followed.
const DEPTH: u32 = 10;

/// Most texts that one expression is taken to give.
const MOST: usize = 12;

/// What stands for a part that is not known.
pub const UNKNOWN: &str = "{}";

/// Follows expressions to their texts.
pub struct Texts<'a> {
    codebase: &'a Codebase,
    /// Defaults of command-line options by the name that they are read under.
    options: FxHashMap<String, Vec<(FileIndex, u32, &'a Expr)>>,
    /// Values that are assigned to a name or attribute anywhere.
    assigned: Assigned<'a>,
    /// Texts in configuration files by their last key, and by their last two: `model.path`.
    settings: FxHashMap<Cow<'a, str>, Vec<&'a str>>,
}

impl<'a> Texts<'a> {
    /// Notes what names can stand for.
    pub fn new(basis: &'a Basis<'_>) -> Self {
        let codebase = &basis.codebase;
        let mut texts = Self {
            codebase,
            options: FxHashMap::default(),
            assigned: Assigned::new(codebase),
            settings: FxHashMap::default(),
        };
        let may_declare = |method: &str| {
            matches!(
                method,
                "add_argument" | "add_option" | "option" | "DEFINE_string" | "Parameter" | "IncludeFile"
            )
        };
        for site in basis.wanted().with_method(may_declare).outside_tests() {
            texts.note_option(site);
        }
        texts.note_settings(basis);
        texts
    }

    fn note_option(&mut self, site: Site<'a>) {
        let call = site.call;
        let (flag, default) = match call.method() {
            "add_argument" | "add_option" => {
                let flag = call
                    .arguments
                    .iter()
                    .filter(|argument| argument.name.is_none())
                    .filter_map(|argument| argument.value.as_str())
                    .next_back();
                (
                    call.keyword("dest").and_then(Expr::as_str).or(flag),
                    call.keyword("default"),
                )
            }
            "option" => {
                let flag = call.arguments.iter().find_map(|argument| argument.value.as_str());
                (flag, call.keyword("default"))
            }
            "DEFINE_string" | "Parameter" | "IncludeFile" => (
                call.positional(0).and_then(Expr::as_str),
                call.argument("default", Some(1)),
            ),
            _ => return,
        };
        if let (Some(flag), Some(default)) = (flag, default) {
            let name = flag.trim_start_matches('-').replace('-', "_");
            let scope = call.scope;
            self.options
                .entry(name)
                .or_default()
                .push((site.file, scope, default));
        }
    }

    fn note_settings(&mut self, basis: &'a Basis<'_>) {
        let mut whole = String::new();
        for (file, data) in basis.documents.all_data() {
            if !is_settings_file(&file.path) {
                continue;
            }
            for document in &data.documents {
                document.walk(&mut |path, node| {
                    if let ([.., key], Value::String(text)) = (path, &node.value)
                        && text.len() < 300
                    {
                        self.settings.entry(Cow::Borrowed(*key)).or_default().push(text);
                        if let [.., section, key] = path {
                            whole.clear();
                            whole.extend([*section, ".", *key]);
                            self.note_setting(&whole, text);
                        }
                    }
                });
            }
        }
    }

    fn note_setting(&mut self, name: &str, text: &'a str) {
        match self.settings.get_mut(name) {
            Some(found) => found.push(text),
            None => {
                self.settings.insert(Cow::Owned(name.to_owned()), vec![text]);
            }
        }
    }

    /// The texts that an expression may give, [`UNKNOWN`] for each part that is not known. None where nothing is.
    pub fn of(&self, file: FileIndex, scope: u32, expr: &'a Expr) -> Vec<String> {
        let mut found = self.follow(file, scope, expr, DEPTH);
        let is_blank = |text: &str| text.trim_matches(['/', '.', ' ']).is_empty();
        found.retain(|text| match text.contains(UNKNOWN) {
            true => !is_blank(&text.replace(UNKNOWN, "")),
            false => !is_blank(text),
        });
        found.sort();
        found.dedup();
        found.truncate(MOST);
        found
    }

    /// The values that are assigned to an attribute of this name anywhere, where there are few; a property's as well.
    pub fn assigned_anywhere(&self, name: &str) -> Vec<(FileIndex, u32, &'a Expr)> {
        let hidden = format!("_{name}");
        let mut found = self.assigned.of(name);
        found.extend(self.assigned.of(&hidden));
        found
    }

    fn follow(&self, file: FileIndex, scope: u32, expr: &'a Expr, depth: u32) -> Vec<String> {
        if depth == 0 {
            return Vec::new();
        }
        let inner = |expr: &'a Expr| self.follow(file, scope, expr, depth - 1);
        match expr {
            Expr::String(text) => vec![text.to_string()],
            Expr::Format(text, holes) => self.filled(file, scope, text, holes, depth),
            Expr::Name(name) => self.of_name(file, scope, expr, name, depth),
            Expr::Subscript(base, key) => self.of_item(file, scope, base, key, depth),
            Expr::Attribute(base, attribute) => match attribute.as_str() {
                "parent" => vec![UNKNOWN.to_owned()],
                "value" => inner(base),
                name => self.named(name, depth),
            },
            Expr::Call(_) => self.of_call(file, expr, depth),
            Expr::Binary(left, operator, right) if operator == "/" => {
                joined(&inner(left), &inner(right), "/")
            }
            Expr::Binary(left, operator, right) if operator == "+" => joined(&inner(left), &inner(right), ""),
            Expr::Binary(left, operator, _) if operator == "%" => inner(left)
                .iter()
                .map(|text| text.replace("%s", UNKNOWN).replace("%d", UNKNOWN))
                .collect(),
            Expr::Choice(choice) => [inner(&choice.yes), inner(&choice.no)].concat(),
            Expr::Or(items) | Expr::List(items) => items.iter().take(MOST).flat_map(inner).collect(),
            Expr::Spread(value) => inner(value),
            _ => Vec::new(),
        }
    }

    fn filled(&self, file: FileIndex, scope: u32, text: &str, holes: &'a [Expr], depth: u32) -> Vec<String> {
        let mut found = text.to_owned();
        let mut from = 0;
        for hole in holes {
            let Some(at) = found[from..].find(UNKNOWN).map(|at| at + from) else {
                break;
            };
            let value = self.follow(file, scope, hole, depth - 1);
            let value = value.first().map_or(UNKNOWN, String::as_str);
            found.replace_range(at..at + UNKNOWN.len(), value);
            from = at + value.len();
        }
        vec![found]
    }

    fn of_name(&self, file: FileIndex, scope: u32, expr: &'a Expr, name: &Name, depth: u32) -> Vec<String> {
        if name.path == "__file__" {
            return vec![UNKNOWN.to_owned()];
        }
        let (other, value) = self.codebase.value(file, scope, expr);
        if value != expr {
            let scope = if other == file { scope } else { 0 };
            let found = self.follow(other, scope, value, depth - 1);
            if !found.is_empty() {
                return found;
            }
        }
        if let Resolved::Variable(other, position) = self.codebase.resolve(file, name, scope) {
            let assignment = &self.codebase.file(other).code.assignments[position as usize];
            if assignment.value != *expr {
                return self.follow(other, 0, &assignment.value, depth - 1);
            }
        }
        if !name.path.contains('.') {
            let handed = self.handed(file, scope, &name.path, depth);
            if !handed.is_empty() {
                return handed;
            }
            let bound = self.codebase.assignments(file, scope, &name.path).next();
            if let Some(bound) = bound.filter(|bound| bound.value != *expr) {
                return self.follow(file, bound.scope, &bound.value, depth - 1);
            }
            // A function of a framework's step gets what the command line or the settings call by the same name.
            return self.option(&name.path, depth);
        }
        if name.path.ends_with(".parent") || name.path.contains(".parents") {
            return vec![UNKNOWN.to_owned()];
        }
        if let Some(kept) = self.kept(file, scope, expr, name, depth) {
            return kept;
        }
        let mut own = self.codebase.assignments_to(file, &name.path);
        let own = own.find(|found| found.value != *expr && !name.path.starts_with("self."));
        if let Some(own) = own {
            let found = self.follow(file, own.scope, &own.value, depth - 1);
            if !found.is_empty() {
                return found;
            }
        }
        self.named(name_or_key(&name.path), depth)
    }

    /// What the class around the scope keeps under `self.name`; nothing where it keeps nothing there.
    fn kept(
        &self,
        file: FileIndex,
        scope: u32,
        expr: &'a Expr,
        name: &Name,
        depth: u32,
    ) -> Option<Vec<String>> {
        let code = &self.codebase.file(file).code;
        let class = code
            .scopes_around(scope)
            .find(|(_, around)| around.kind == ScopeKind::Class)
            .map(|(id, _)| id);
        let class = class.filter(|_| name.path.starts_with("self."))?;
        let set = self.codebase.assignments_to(file, &name.path);
        let own =
            set.filter(|set| set.value != *expr && code.scopes_around(set.scope).any(|(id, _)| id == class));
        let values: Vec<_> = own.take(MOST).map(|set| (set.scope, &set.value)).collect();
        let texts = |(scope, value)| self.follow(file, scope, value, depth - 1);
        (!values.is_empty()).then(|| values.into_iter().flat_map(texts).collect())
    }

    /// What callers hand to a parameter.
    fn handed(&self, file: FileIndex, scope: u32, name: &str, depth: u32) -> Vec<String> {
        let code = &self.codebase.file(file).code;
        let owner = code
            .scopes_around(scope)
            .find_map(|(id, found)| Some((id, found, found.parameters.iter().position(|p| p.name == name)?)));
        let Some((id, function, position)) = owner else {
            return Vec::new();
        };
        let takes_self = function
            .parameters
            .first()
            .is_some_and(|first| matches!(first.name.as_str(), "self" | "cls"));
        let mut definitions = vec![Definition { file, scope: id }];
        if function.name == "__init__" {
            definitions.push(Definition {
                file,
                scope: function.parent,
            });
        }
        let position = if takes_self {
            position.saturating_sub(1)
        } else {
            position
        };
        let callers = definitions
            .iter()
            .flat_map(|found| self.codebase.callers_of(*found));
        let mut found = Vec::new();
        for Site { file, call, .. } in callers.take(MOST) {
            if let Some(value) = call.argument(name, Some(position)) {
                found.extend(self.follow(file, call.scope, value, depth - 1));
            }
        }
        found
    }

    /// What an attribute or key of this name stands for anywhere: an option's default, a setting, an assignment.
    fn named(&self, name: &str, depth: u32) -> Vec<String> {
        let option = self.option(name, depth);
        if !option.is_empty() {
            return option;
        }
        let assigned = self.assigned.of(name).into_iter();
        let mut found: Vec<String> = assigned
            .flat_map(|(file, scope, value)| self.follow(file, scope, value, depth.min(4) - 1))
            .collect();
        if found.is_empty() {
            found = self.setting(name);
        }
        found
    }

    fn option(&self, name: &str, depth: u32) -> Vec<String> {
        let defaults = self.options.get(name).into_iter().flatten().take(MOST);
        let mut found: Vec<String> = defaults
            .flat_map(|(file, scope, value)| self.follow(*file, *scope, value, depth.min(5) - 1))
            .collect();
        if found.is_empty() {
            found = self.setting(name);
        }
        found
    }

    /// The texts of the settings with this last key.
    fn setting(&self, name: &str) -> Vec<String> {
        let texts = self.settings.get(name).into_iter().flatten();
        texts.take(MOST).map(|text| (*text).to_owned()).collect()
    }

    fn of_item(&self, file: FileIndex, scope: u32, base: &'a Expr, key: &'a Expr, depth: u32) -> Vec<String> {
        let Some(key) = key.as_str() else {
            // One of several that a table or list holds.
            let (other, value) = self.codebase.value(file, scope, base);
            return match value {
                Expr::Dict(entries) => entries
                    .iter()
                    .take(MOST)
                    .flat_map(|(_, value)| self.follow(other, 0, value, depth - 1))
                    .collect(),
                Expr::List(_) => self.follow(other, 0, value, depth - 1),
                _ => Vec::new(),
            };
        };
        // `config["model"]["path"]` is the path of that section and of no other.
        if let Expr::Subscript(_, section) = base
            && let Some(section) = section.as_str()
        {
            let found = self.setting(&format!("{section}.{key}"));
            if !found.is_empty() {
                return found;
            }
        }
        let (other, value) = self.codebase.value(file, scope, base);
        if let Expr::Dict(entries) = value {
            let entry = entries
                .iter()
                .find(|(name, _)| name.as_ref().and_then(Expr::as_str) == Some(key));
            if let Some((_, value)) = entry {
                return self.follow(other, 0, value, depth - 1);
            }
        }
        self.named(key, depth)
    }

    fn of_call(&self, file: FileIndex, expr: &'a Expr, depth: u32) -> Vec<String> {
        let Some(site) = self.codebase.call_of(file, expr) else {
            return Vec::new();
        };
        let call = site.call;
        let scope = call.scope;
        let inner = |expr: &'a Expr| self.follow(file, scope, expr, depth - 1);
        let receiver = || match &call.callee {
            Expr::Attribute(base, _) => inner(base),
            Expr::Name(name) => {
                let (base, _) = name.path.rsplit_once('.').unwrap_or_default();
                let bound = self.codebase.assignments(file, scope, base).next();
                bound.map_or_else(Vec::new, |bound| {
                    self.follow(file, bound.scope, &bound.value, depth - 1)
                })
            }
            _ => Vec::new(),
        };
        let target = self.codebase.target(site);
        match call.method() {
            "join" if target.contains("path") => self.parts(&site, Vec::new(), depth),
            "joinpath" => self.parts(&site, receiver(), depth),
            "Path" | "PurePath" | "PosixPath" | "UPath" => self.parts(&site, Vec::new(), depth),
            "format" => receiver(),
            "abspath" | "realpath" | "expanduser" | "expandvars" | "normpath" | "str" | "fspath"
            | "to_absolute_path"
                if !call.arguments.is_empty() =>
            {
                call.positional(0).map_or_else(Vec::new, inner)
            }
            "resolve" | "absolute" | "as_posix" | "expanduser" | "strip" | "lower" | "as_uri" => {
                let found = receiver();
                if found.is_empty() {
                    vec![UNKNOWN.to_owned()]
                } else {
                    found
                }
            }
            "dirname" | "getcwd" | "cwd" | "get_original_cwd" | "home" | "here" => vec![UNKNOWN.to_owned()],
            "getenv" | "get" | "pop" => {
                let default = call.argument("default", Some(1)).map_or_else(Vec::new, inner);
                if default.is_empty() {
                    let key = call.positional(0).and_then(Expr::as_str);
                    key.map_or_else(Vec::new, |key| self.named(key, depth))
                } else {
                    default
                }
            }
            "file.path" | "path" => self.parts(&site, Vec::new(), depth),
            "paste0" => self.parts(&site, Vec::new(), depth),
            "Field" | "field" | "Option" | "Argument" | "Parameter" | "IncludeFile" => {
                let default = call.argument("default", Some(usize::from(call.method() == "IncludeFile")));
                default.map_or_else(Vec::new, inner)
            }
            _ => self.returned(site, depth),
        }
    }

    /// What a function of the project returns.
    fn returned(&self, site: Site<'_>, depth: u32) -> Vec<String> {
        let Some(definition) = self.codebase.callee(site) else {
            return Vec::new();
        };
        let code = &self.codebase.file(definition.file).code;
        code.returns
            .iter()
            .filter(|found| found.scope == definition.scope && definition.scope != 0)
            .take(4)
            .flat_map(|found| self.follow(definition.file, found.scope, &found.value, depth.min(5) - 1))
            .collect()
    }

    fn parts(&self, site: &Site<'a>, start: Vec<String>, depth: u32) -> Vec<String> {
        let mut found = start;
        for argument in &site.call.arguments {
            if argument.name.is_some() {
                continue;
            }
            let part = self.follow(site.file, site.call.scope, &argument.value, depth - 1);
            found = if found.is_empty() && std::ptr::eq(argument, &site.call.arguments[0]) {
                if part.is_empty() {
                    vec![UNKNOWN.to_owned()]
                } else {
                    part
                }
            } else {
                joined(&found, &part, "/")
            };
        }
        found
    }
}

/// Each left part with each right one; a part that is not known gives [`UNKNOWN`].
fn joined(left: &[String], right: &[String], between: &str) -> Vec<String> {
    let unknown = [UNKNOWN.to_owned()];
    let left = if left.is_empty() { &unknown[..] } else { left };
    let right = if right.is_empty() { &unknown[..] } else { right };
    let mut found = Vec::new();
    for a in left.iter().take(4) {
        for b in right.iter().take(4) {
            found.push(if between == "/" && b.starts_with('/') {
                b.clone()
            } else if between == "/" {
                format!("{}/{b}", a.trim_end_matches('/'))
            } else {
                format!("{a}{between}{b}")
            });
        }
    }
    found
}

/// Whether a data file may hold settings of the project, rather than of a tool that works on it.
pub fn is_settings_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    const TOOLS: &[&str] = &[
        "package.json",
        "package-lock.json",
        "pyproject.toml",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "pixi.lock",
        "pixi.toml",
        "pipfile",
        "pipfile.lock",
        "renv.lock",
        "cargo.toml",
        "cargo.lock",
        "project.toml",
        "manifest.toml",
        "dvc.yaml",
        "dvc.lock",
        "mkdocs.yml",
        "mkdocs.yaml",
        "readthedocs.yml",
        ".readthedocs.yml",
        ".readthedocs.yaml",
        ".pre-commit-config.yaml",
        ".pre-commit-config.yml",
        "environment.yml",
        "environment.yaml",
        "conda.yaml",
        "conda.yml",
        "citation.cff",
        "tsconfig.json",
        "vercel.json",
        "render.yaml",
        "setup.cfg",
        "tox.ini",
        "pytest.ini",
        "mypy.ini",
        "alembic.ini",
        "codecov.yml",
        ".codecov.yml",
        "_config.yml",
        "skaffold.yaml",
        "chart.yaml",
        "prometheus.yml",
        "prometheus.yaml",
        "mlproject",
        "mlmodel",
        "cloudbuild.yaml",
        "buildspec.yml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        ".gitlab-ci.yml",
        "app.yaml",
        "airflow.cfg",
        "dependabot.yml",
        "conda-lock.yml",
    ];
    !(TOOLS.contains(&name.as_str())
        || name.ends_with(".dvc")
        || name.ends_with(".tf")
        || name.ends_with(".tfvars")
        || name.starts_with("docker-compose")
        || name.starts_with("compose.")
        || path.starts_with(".github/")
        || path.starts_with(".vscode/")
        || path.starts_with(".idea/")
        || path.contains("/.github/")
        || path.contains("k8s/")
        || path.contains("kubernetes/")
        || path.contains("grafana")
        || path.starts_with(".dvc/"))
}
