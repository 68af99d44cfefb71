//! What files of configuration construct: `_target_: …WandbLogger` of Hydra, `class_path` with `init_args` of
//! Lightning's command line.

use mlops_audit_formats::code::{Argument, Call, Expr, Name, Origin, ScopeKind, Text};
use mlops_audit_formats::data::{Node as DataNode, Value};
use mlops_audit_formats::dotted::last_segment;
use mlops_audit_formats::{Place, Span};

use super::given::Given;
use super::{hydra, lightning};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Resolved, Site};

/// Something that a file of configuration constructs.
#[derive(Clone, Debug)]
pub(in crate::extract) struct Constructed {
    /// The file.
    pub(super) path: String,
    /// Where it names what it constructs.
    pub(super) place: Place,
    /// What that is called.
    pub(super) target: String,
    /// The call that it stands for.
    pub(super) call: Call,
}

impl Constructed {
    /// The class without its module.
    pub(in crate::extract) fn class(&self) -> &str {
        last_segment(&self.target)
    }

    /// Whether it is a logger that is told to keep the model with the run.
    pub(in crate::extract) fn keeps_model(&self) -> bool {
        let told = self.call.keyword("log_model");
        self.class().ends_with("Logger")
            && told.is_some_and(|told| matches!(told, Expr::Bool(true) | Expr::String(_)))
    }

    /// Evidence where it is configured.
    pub(in crate::extract) fn evidence(&self) -> Evidence {
        let what = format!("configures {}", self.class());
        Evidence::new(self.path.clone(), self.place, what)
    }
}

/// What the configuration of a run of this file constructs, as its code and the commands that start it compose it.
pub(in crate::extract) fn of_run(basis: &Basis<'_>, given: &Given, file: FileIndex) -> Vec<Constructed> {
    let mut found = Vec::new();
    for main in hydra::mains(basis, file) {
        hydra::compose(basis, given, main, &mut found);
    }
    let command_line = lightning::command_line(basis, file);
    let passed: &[(String, String)] = given.by_file.get(&file).map_or(&[], Vec::as_slice);
    for (key, value) in passed {
        let is_file = value.ends_with(".yaml") || value.ends_with(".yml");
        if matches!(key.as_str(), "config" | "c") || is_file && command_line.is_some() {
            in_file(basis, &located(basis, file, value), &mut found);
        }
    }
    for path in command_line
        .into_iter()
        .flat_map(|site| default_files(basis, site))
    {
        in_file(basis, &located(basis, file, path), &mut found);
    }
    found
}

/// The path of a configuration file that a command names: from the root, or else from the folder of the script, in which
/// many commands are given.
fn located(basis: &Basis<'_>, script: FileIndex, path: &str) -> String {
    let path = path.trim_start_matches("./");
    let script = &basis.codebase.file(script).path;
    let beside = script
        .rsplit_once('/')
        .map(|(folder, _)| format!("{folder}/{path}"));
    let is_there = |path: &str| basis.documents.data(path).is_some();
    beside
        .filter(|beside| !is_there(path) && is_there(beside))
        .unwrap_or_else(|| path.to_owned())
}

/// The configuration files that a command line reads without being told: `parser_kwargs={"default_config_files": …}`.
fn default_files<'a>(basis: &'a Basis<'_>, site: Site<'a>) -> Vec<&'a str> {
    fn gather<'e>(expr: &'e Expr, depth: u32, found: &mut Vec<&'e str>) {
        match expr {
            Expr::String(text) if text.ends_with(".yaml") || text.ends_with(".yml") => found.push(text),
            Expr::List(items) if depth > 0 => items.iter().for_each(|item| gather(item, depth - 1, found)),
            Expr::Dict(entries) if depth > 0 => {
                entries
                    .iter()
                    .for_each(|(_, value)| gather(value, depth - 1, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Some(value) = site.call.keyword("parser_kwargs") {
        let (_, value) = basis.codebase.value(site.file, site.call.scope, value);
        gather(value, 3, &mut found);
    }
    found
}

/// Adds what a file of configuration constructs.
pub(super) fn in_file(basis: &Basis<'_>, path: &str, found: &mut Vec<Constructed>) {
    let Some(data) = basis.documents.data(path) else {
        return;
    };
    for document in &data.documents {
        document.walk(&mut |_, node| found.extend(constructed(path, node)));
    }
}

/// What a mapping constructs, if it names a class.
fn constructed(path: &str, node: &DataNode) -> Option<Constructed> {
    let (key, named) = ["_target_", "class_path"]
        .iter()
        .find_map(|key| Some((*key, node.get(key)?)))?;
    let written = named.as_str()?;
    // Lightning's command line finds its own loggers by their bare names.
    let is_bare = key == "class_path" && !written.contains('.') && written.ends_with("Logger");
    let target = match is_bare {
        true => format!("lightning.pytorch.loggers.{written}"),
        false => written.to_owned(),
    };
    let arguments = match key {
        "class_path" => node.get("init_args").map_or(&[][..], DataNode::entries),
        _ => node.entries(),
    };
    let arguments = arguments
        .iter()
        .filter(|entry| entry.key != key)
        .map(|entry| Argument {
            name: Some(Text::from(entry.key.as_str())),
            value: expression(&entry.value),
            span: Span::default(),
        });
    let name = Name {
        path: Text::from(target.as_str()),
        origin: Origin::Import,
    };
    Some(Constructed {
        path: path.to_owned(),
        place: named.place,
        call: Call {
            callee: Expr::Name(name.clone()),
            target: name,
            arguments: arguments.collect(),
            block: 0,
            scope: 0,
            place: named.place,
            span: Span::default(),
        },
        target,
    })
}

/// A value of configuration as code would write it.
fn expression(node: &DataNode) -> Expr {
    match &node.value {
        Value::Null => Expr::None,
        Value::Bool(value) => Expr::Bool(*value),
        Value::Number(number) => Expr::Number(*number),
        Value::String(text) => Expr::String(Text::from(text.as_str())),
        Value::List(_) | Value::Map(_) => Expr::Other,
    }
}

/// The code of the project that configuration constructs: the methods of its classes, and all that they reach.
pub(super) fn reached(basis: &Basis<'_>, constructed: &[Constructed]) -> Reached {
    let codebase = &basis.codebase;
    let mut nodes = Vec::new();
    for one in constructed {
        let Resolved::Definition(definition) = codebase.resolve(0, &one.call.target, 0) else {
            continue;
        };
        nodes.push(Node::module(definition.file));
        let scopes = (0..).zip(&codebase.file(definition.file).code.scopes);
        let own = scopes.filter(|(position, scope)| {
            let is_it = *position == definition.scope || scope.parent == definition.scope;
            is_it && scope.kind == ScopeKind::Function
        });
        nodes.extend(own.map(|(position, _)| Node::definition(definition.file, position)));
    }
    codebase.reach(nodes)
}
