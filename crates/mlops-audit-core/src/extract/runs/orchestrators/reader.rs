//! What the readers of all orchestrators need: decorated functions, calls by package, values as text, steps.

use std::sync::Arc;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{BlockKind, Expr, Name, Scope, ScopeKind};

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::text::{text_of, written};
use crate::extract::codebase::{Codebase, Definition, FileIndex, Node, Resolved, Site};

/// How many names, wrappers or sub-flows are followed.
pub(super) const DEPTH: u32 = 6;

/// A function or class that a decorator from outside the project marks.
#[derive(Clone, Copy)]
pub(super) struct Decorated<'a> {
    /// The function or class.
    pub definition: Definition,
    /// Its scope.
    pub scope: &'a Scope,
    /// The decorator, where it is called.
    pub call: Option<Site<'a>>,
}

/// Looks things up for the readers of orchestrators.
pub(super) struct Reader<'a> {
    pub context: Context<'a>,
    pub expansion: &'a Expansion<'a>,
    /// Decorated definitions, by the decorator's qualified name.
    decorated: Vec<(String, Decorated<'a>)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(context: Context<'a>, expansion: &'a Expansion<'a>) -> Self {
        Self {
            context,
            expansion,
            decorated: decorated(context.codebase),
        }
    }

    pub(super) fn codebase(&self) -> &'a Codebase {
        self.context.codebase
    }

    /// The calls of a package, in the order of files and text.
    pub(super) fn calls_of(&self, root: &str) -> impl Iterator<Item = (&'a str, Site<'a>)> + '_ {
        let codebase = self.context.codebase;
        let sites = codebase.calls_of_package(root).into_iter();
        sites
            .filter(|site| !codebase.file(site.file).is_test)
            .map(|site| (codebase.target(site), site))
    }

    /// What a package's decorators mark, with the decorator's qualified name.
    pub(super) fn decorated_by(&self, root: &str) -> impl Iterator<Item = (&str, Decorated<'a>)> {
        self.decorated
            .iter()
            .filter(move |(path, _)| {
                path.strip_prefix(root)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            .map(|(path, decorated)| (path.as_str(), *decorated))
    }

    /// A runner without steps that nothing starts.
    pub(super) fn runner(&self, kind: RunnerKind, path: &str, place: Place, name: &str) -> Runner {
        Runner {
            kind,
            path: path.to_owned(),
            place,
            name: name.to_owned(),
            group: name.to_owned(),
            triggers: Vec::new(),
            dead: None,
            failure_ignored: false,
            needs: Vec::new(),
            invocations: Vec::new(),
        }
    }

    /// A runner that a source file defines. It is dead where the file imports a module that is not there.
    pub(super) fn source_runner(&self, tool: &str, file: FileIndex, place: Place, name: &str) -> Runner {
        let kind = RunnerKind::Orchestrator(tool.to_owned());
        let mut runner = self.runner(kind, &self.codebase().file(file).path, place, name);
        runner.dead = self
            .missing_import(file)
            .map(|module| format!("it imports {module}, which does not exist"));
        runner
    }

    /// The path of a file.
    pub(super) fn path(&self, file: FileIndex) -> &'a str {
        &self.codebase().file(file).path
    }

    /// Where the commands of a step stand.
    pub(super) fn start(&self, file: FileIndex, place: Place, step: &str) -> Start {
        Start {
            path: self.path(file).to_owned(),
            place,
            step: step.to_owned(),
            ..Start::default()
        }
    }

    /// The text of an expression, as far as it can be followed; parts that are not known become `$X`.
    pub(super) fn text(&self, file: FileIndex, scope: u32, expr: &Expr) -> Option<String> {
        text_of(self.codebase(), file, scope, expr, DEPTH)
    }

    /// The text of an argument.
    pub(super) fn argument(&self, site: Site<'a>, keyword: &str, position: Option<usize>) -> Option<String> {
        self.text(site.file, site.call.scope, site.call.argument(keyword, position)?)
    }

    /// The path that an argument names, seen from the root.
    pub(super) fn path_argument(
        &self,
        site: Site<'a>,
        keyword: &str,
        position: Option<usize>,
    ) -> Option<String> {
        let text = self.argument(site, keyword, position)?;
        Some(text.trim_start_matches("file://").to_owned())
    }

    /// The words of a command line, a list of words, or both.
    pub(super) fn command(&self, site: Site<'a>, expr: &Expr) -> Option<String> {
        let (file, value) = self.codebase().value(site.file, site.call.scope, expr);
        match value {
            Expr::List(items) => {
                let words: Vec<String> = items
                    .iter()
                    .map(|item| {
                        self.text(file, site.call.scope, item)
                            .unwrap_or_else(|| "$X".to_owned())
                    })
                    .collect();
                Some(command_line(&words))
            }
            _ => self.text(site.file, site.call.scope, expr),
        }
    }

    /// The function or class of the project that an expression stands for: by its name, through `partial`, a wrapper
    /// (`task(f)`), or a call of it.
    pub(super) fn definition(
        &self,
        file: FileIndex,
        scope: u32,
        expr: &Expr,
        depth: u32,
    ) -> Option<Definition> {
        let depth = depth.checked_sub(1)?;
        match expr {
            Expr::Name(name) => match self.codebase().resolve(file, name, scope) {
                Resolved::Definition(found) if found.scope != 0 => Some(found),
                Resolved::Variable(other, position) => {
                    let value = &self.codebase().file(other).code.assignments[position as usize].value;
                    self.definition(other, 0, value, depth)
                }
                _ => {
                    let (other, value) = self.codebase().value(file, scope, expr);
                    (value != expr).then(|| self.definition(other, scope, value, depth))?
                }
            },
            Expr::Call(_) => {
                let site = self.codebase().call_of(file, expr)?;
                if let Some(found) = self.codebase().callee(site).filter(|found| found.scope != 0) {
                    return Some(found);
                }
                let handed = ["python_callable", "func", "fn", "f", "function", "flow"]
                    .iter()
                    .find_map(|keyword| site.call.keyword(keyword))
                    .or_else(|| site.call.positional(0));
                handed
                    .and_then(|expr| self.definition(file, site.call.scope, expr, depth))
                    .or_else(|| self.receiver_within(site, depth))
            }
            Expr::Attribute(inner, _) => self.definition(file, scope, inner, depth),
            _ => None,
        }
    }

    /// The function of the project on which a method is called: `train` in `train.submit(x)`, `flow` in
    /// `flow.with_options(…).serve()`.
    pub(super) fn receiver(&self, site: Site<'a>) -> Option<Definition> {
        self.receiver_within(site, 3)
    }

    /// The same with a limit: `flow = flow.with_options(…)` leads to itself.
    fn receiver_within(&self, site: Site<'a>, depth: u32) -> Option<Definition> {
        let written = match &site.call.callee {
            Expr::Attribute(inner, _) => return self.definition(site.file, site.call.scope, inner, depth),
            Expr::Name(name) => name,
            _ => return None,
        };
        // The target is the qualified name; the callee is as written, which counts for variables.
        [&site.call.target, written].into_iter().find_map(|name| {
            let (head, _) = name.path.rsplit_once('.')?;
            let head = Expr::Name(Name {
                path: head.into(),
                origin: name.origin,
            });
            self.definition(site.file, site.call.scope, &head, depth)
        })
    }

    /// The function that a call runs, itself or as a task (`train(x)`, `train.submit(x)`).
    pub(super) fn called(&self, site: Site<'a>) -> Option<Definition> {
        let callee = self.codebase().callee(site).filter(|found| found.scope != 0);
        callee.or_else(|| self.receiver(site))
    }

    /// The calls that stand in a function itself, in order.
    pub(super) fn calls_in(&self, definition: Definition) -> impl Iterator<Item = Site<'a>> + '_ {
        let code = &self.codebase().file(definition.file).code;
        self.codebase().calls_of(definition.file).filter(move |site| {
            let mut owner = site.call.scope;
            while matches!(code.scopes[owner as usize].kind, ScopeKind::Lambda) {
                owner = code.scopes[owner as usize].parent;
            }
            owner == definition.scope
        })
    }

    /// A step that runs a function of the project.
    pub(super) fn function_step(&self, start: &Start, definition: Definition) -> Vec<Invocation> {
        let codebase = self.codebase();
        let scope = codebase.scope(definition);
        let mut nodes = Vec::new();
        if codebase.file(definition.file).path != start.path {
            nodes.push(Node::module(definition.file));
        }
        if scope.kind == ScopeKind::Class {
            nodes.extend(
                self.methods(definition)
                    .map(|(id, _)| Node::definition(definition.file, id)),
            );
        } else {
            nodes.push(Node::definition(definition.file, definition.scope));
        }
        let words = [scope.qualified.to_string()];
        let mut step = self
            .expansion
            .invocation(&words, None, Target::Source(definition.file, nodes), start);
        // The name of a function is no command.
        step.matches = Arc::default();
        let mut found = vec![step];
        self.expansion.follow_subprocesses(0, start, &mut found);
        found
    }

    /// The methods of a class, in the order of the text.
    pub(super) fn methods(&self, class: Definition) -> impl Iterator<Item = (u32, &'a Scope)> {
        let code = &self.codebase().file(class.file).code;
        (0u32..).zip(&code.scopes).filter(move |(id, scope)| {
            *id != 0 && scope.parent == class.scope && scope.kind == ScopeKind::Function
        })
    }

    /// A step that runs a script of the project, seen from a folder.
    pub(super) fn script_step(&self, start: &Start, path: &str, arguments: &str) -> Vec<Invocation> {
        let program = match path.rsplit('.').next() {
            Some("sh" | "bash") => "bash",
            Some("R" | "r") => "Rscript",
            Some("ipynb") => "papermill",
            _ => "python",
        };
        self.commands(
            &format!("{program} '{}' {arguments}", path.replace('\'', "")),
            start,
        )
    }

    /// The commands of a step. Inside an image its folders go by other names: a script that is not where the command
    /// says is the project's one file that ends so.
    pub(super) fn commands(&self, text: &str, start: &Start) -> Vec<Invocation> {
        let mut found = self.expansion.text(text, true, start);
        for invocation in &mut found {
            let Target::Missing(path) = &invocation.target else {
                continue;
            };
            let elsewhere = path.starts_with('/')
                || (!invocation.directory.is_empty()
                    && !self.context.listing.has_folder(&invocation.directory));
            if !elsewhere {
                continue;
            }
            invocation.target = match self.by_ending(path) {
                Some(file) => Target::Source(file, vec![Node::module(file), Node::main(file)]),
                None if invocation.directory.is_empty() => continue,
                None => Target::Tool,
            };
        }
        found
    }

    /// The one source file whose path ends as this one does.
    pub(super) fn by_ending(&self, path: &str) -> Option<FileIndex> {
        let path = joined("", path);
        let mut rest = path.as_str();
        loop {
            let ending = format!("/{rest}");
            let mut fitting = (0u32..)
                .zip(&self.codebase().files)
                .filter(|(_, file)| file.path == rest || file.path.ends_with(&ending));
            if let Some((first, _)) = fitting.next() {
                return fitting.next().is_none().then_some(first);
            }
            rest = rest.split_once('/')?.1;
        }
    }

    /// A step that a tool runs, with no code of the project behind it.
    pub(super) fn tool_step(&self, start: &Start, site: Site<'a>, words: &[String]) -> Invocation {
        let mut step = self.expansion.invocation(words, None, Target::Tool, start);
        let target = self.codebase().target(site);
        step.matches = self.context.catalogue.call(target, Some(site.call)).into();
        step
    }

    /// An expression as it would be written.
    pub(super) fn written(&self, file: FileIndex, scope: u32, expr: &Expr) -> String {
        written(self.codebase(), file, scope, expr, 4)
    }

    /// What a schedule's expression starts the pipeline by; nothing for `None` and its like.
    pub(super) fn schedule(&self, file: FileIndex, scope: u32, expr: &Expr) -> Option<TriggerKind> {
        let (_, value) = self.codebase().value(file, scope, expr);
        if matches!(value, Expr::None | Expr::Bool(false))
            || matches!(value, Expr::List(items) if items.is_empty())
        {
            return None;
        }
        let text = self.written(file, scope, expr);
        let idle = matches!(
            text.trim(),
            "" | "None" | "null" | "@once" | "once" | "never" | "manual"
        );
        (!idle).then_some(TriggerKind::Schedule(text))
    }

    /// A module that a file imports from the project and that is not there.
    pub(super) fn missing_import(&self, file: FileIndex) -> Option<String> {
        let codebase = self.codebase();
        let source = codebase.file(file);
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        source.code.imports.iter().find_map(|import| {
            let guarded = source.code.blocks_around(import.block).any(|block| {
                matches!(
                    block.kind,
                    BlockKind::Try | BlockKind::Except(_) | BlockKind::If(_) | BlockKind::Else(_)
                )
            });
            let (top, rest) = import.module.split_once('.')?;
            if guarded || top.is_empty() || codebase.resolve_module(file, &import.module).is_some() {
                return None;
            }
            let is_external = self.context.catalogue.import_roots().contains(top);
            let roots = [folder, "", "src"];
            let package = roots
                .iter()
                .map(|root| joined(root, top))
                .find(|place| self.has_source(place))?;
            let path = joined(&package, &rest.replace('.', "/"));
            let exists = self.context.listing.has_folder(&path)
                || ["py", "pyx", "so", "ipynb"]
                    .iter()
                    .any(|ending| self.context.listing.file(&format!("{path}.{ending}")).is_some());
            (!is_external && !exists).then(|| import.module.to_string())
        })
    }

    /// Whether a folder holds Python modules.
    fn has_source(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        let files = &self.codebase().files;
        let at = files.partition_point(|file| file.path.as_str() < prefix.as_str());
        files[at..]
            .iter()
            .take_while(|file| file.path.starts_with(&prefix))
            .any(|file| file.path.ends_with(".py"))
    }
}

/// A trigger.
pub(super) fn trigger(kind: TriggerKind, place: Place) -> Trigger {
    Trigger { kind, place }
}

/// Words as one command line; a word that is a script of its own (after `-c`) stays one word.
pub(super) fn command_line(words: &[String]) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        let plain = word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./=:@,+$%".contains(&byte));
        if plain && !word.is_empty() {
            line.push_str(word);
        } else {
            line.push_str(&format!("'{}'", word.replace('\'', "\"")));
        }
    }
    line
}

/// Whether a call is an item of a `with` statement around a block.
pub(super) fn stands_in(codebase: &Codebase, site: Site<'_>, context: u32) -> bool {
    let code = &codebase.file(site.file).code;
    let mut block = site.call.block;
    loop {
        let Some(found) = code.blocks.get(block as usize) else {
            return false;
        };
        if let BlockKind::With(items) = &found.kind
            && items.contains(&Expr::Call(context))
        {
            return true;
        }
        if found.parent == block {
            return false;
        }
        block = found.parent;
    }
}

fn decorated(codebase: &Codebase) -> Vec<(String, Decorated<'_>)> {
    let mut found = Vec::new();
    for (file, source) in (0u32..).zip(&codebase.files) {
        if source.is_test {
            continue;
        }
        for (id, scope) in (0u32..).zip(&source.code.scopes).skip(1) {
            for decorator in &scope.decorators {
                let call = codebase.call_of(file, decorator);
                let resolved = match (decorator, call) {
                    (Expr::Name(name), _) => codebase.resolve(file, name, scope.parent),
                    (_, Some(site)) => codebase.resolved(site).clone(),
                    _ => continue,
                };
                if let Resolved::External(path) = resolved {
                    let definition = Definition { file, scope: id };
                    found.push((
                        path.to_string(),
                        Decorated {
                            definition,
                            scope,
                            call,
                        },
                    ));
                }
            }
        }
    }
    found
}
