//! Where a run of the tracker begins, so that all that is recorded belongs to it and as little as possible is indented
//! anew.

use mlops_audit_core::extract::codebase::{Node, Site};
use mlops_audit_formats::code::ScopeKind;
use mlops_audit_formats::python::StatementKind;

use super::edited::{leading_imports, step_of};
use super::{Edited, Scene, Spot};

/// Where a run of the tracker begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Around one statement, which calls a function that leads to all that is recorded: the spot's node.
    Around(Spot),
    /// Above a statement: the first of the `__main__` part.
    Above(Spot),
    /// Below the imports of a script, which are given by the last of them; at its top where it has none.
    Script(Option<Spot>),
    /// Above the first statement of a function that a framework or a command calls.
    Function(Spot),
}

impl Start {
    /// The start that comes before all of these pieces of code; `None` where no place of the file is sure to.
    pub(crate) fn before(scene: &Scene<'_>, edited: &mut Edited<'_>, nodes: &[Node]) -> Option<Self> {
        let file = scene.file;
        if nodes.contains(&Node::module(file)) {
            return Self::script(scene, edited);
        }
        let main = edited
            .module(file)?
            .layout
            .block_of(None, 0)
            .find_map(|(at, found)| (found.kind == StatementKind::Main).then_some(at));
        if nodes.contains(&Node::main(file)) {
            return Self::first_of(edited, file, main?);
        }
        let leading = leading(scene, edited, main, nodes);
        match leading.as_slice() {
            [(spot, site)] => {
                let codebase = scene.codebase();
                let callee = codebase.callee(*site)?;
                let scope = codebase.scope(callee);
                if scope.decorators.is_empty() && is_plain(edited, *spot)? {
                    return Some(Self::Around(Spot {
                        node: Node::definition(callee.file, callee.scope),
                        ..*spot
                    }));
                }
                if scope.decorators.is_empty() {
                    return Self::at_main_or_top(scene, edited, main);
                }
                (callee.file == file)
                    .then(|| Self::function(edited, file, callee.scope))
                    .flatten()
            }
            [] => Self::of_called(scene, edited, nodes),
            _ => Self::at_main_or_top(scene, edited, main),
        }
    }

    fn at_main_or_top(scene: &Scene<'_>, edited: &mut Edited<'_>, main: Option<usize>) -> Option<Self> {
        match main {
            Some(main) => Self::first_of(edited, scene.file, main),
            None => Self::script(scene, edited),
        }
    }

    /// In a script: below its imports.
    fn script(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Self> {
        let module = edited.module(scene.file)?;
        let last = leading_imports(module).last().copied();
        Some(Self::Script(last.map(|statement| at_top(scene.file, statement))))
    }

    fn first_of(edited: &mut Edited<'_>, file: u32, block: usize) -> Option<Self> {
        let module = edited.module(file)?;
        let (_, first) = module.layout.block_of(Some(block), 0).next()?;
        let start = first.span.start;
        let spot = edited.spot(file, 0, 0, start)?;
        Some(Self::Above(Spot {
            node: Node::main(file),
            ..spot
        }))
    }

    /// At the start of a function, below its docstring.
    fn function(edited: &mut Edited<'_>, file: u32, scope: u32) -> Option<Self> {
        let spot = first_statement(edited, file, scope)?;
        Some(Self::Function(spot))
    }

    /// In the one function that leads to all of the code, where nothing of the project calls it.
    fn of_called(scene: &Scene<'_>, edited: &mut Edited<'_>, nodes: &[Node]) -> Option<Self> {
        let codebase = scene.codebase();
        let file = scene.file;
        let scopes = (0u32..).zip(&codebase.file(file).code.scopes);
        let leads: Vec<u32> = scopes
            .filter(|(_, scope)| scope.kind == ScopeKind::Function && !scope.is_stub && scope.parent == 0)
            .map(|(at, _)| at)
            .filter(|at| {
                let reached = codebase.reach_calls([Node::definition(file, *at)]);
                nodes.iter().all(|node| reached.contains(*node))
            })
            .collect();
        let is_called = |at: &u32| {
            codebase.calls_of(file).any(|site| {
                let callee = codebase.callee(site);
                callee.is_some_and(|callee| callee.file == file && callee.scope == *at)
            })
        };
        let outermost: Vec<u32> = leads.into_iter().filter(|at| !is_called(at)).collect();
        match outermost.as_slice() {
            [only] => Self::function(edited, file, *only),
            _ => None,
        }
    }

    /// Whether a statement is executed within the run.
    pub(crate) fn covers(self, scene: &Scene<'_>, spot: Spot) -> bool {
        let codebase = scene.codebase();
        let leads = |from: Node| codebase.reach_calls([from]).contains(spot.node);
        match self {
            Self::Around(_) if spot.node.scope == 0 || spot.node.scope == Node::MAIN => false,
            Self::Around(around) => leads(around.node),
            Self::Above(first) if spot.node == Node::main(scene.file) => spot.statement >= first.statement,
            Self::Script(last) if spot.node == Node::module(scene.file) => {
                last.is_none_or(|last| spot.statement > last.statement)
            }
            Self::Above(_) | Self::Script(_) => spot.node.scope != 0,
            Self::Function(first) if spot.node == first.node => spot.statement >= first.statement,
            Self::Function(first) => leads(first.node),
        }
    }

    /// Whether the lines that begin the run see what a statement at the top of the file, or of its `__main__` part,
    /// binds.
    pub(crate) fn sees(self, scene: &Scene<'_>, spot: Spot) -> bool {
        let module = Node::module(scene.file);
        match self {
            Self::Around(around) => {
                [module, Node::main(scene.file)].contains(&spot.node) && spot.statement < around.statement
            }
            Self::Above(first) => spot.node == module && spot.statement < first.statement,
            Self::Script(last) => {
                spot.node == module && last.is_some_and(|last| spot.statement < last.statement)
            }
            Self::Function(_) => spot.node == module,
        }
    }

    /// Puts the lines that are to stand before the run, and those that begin it.
    pub(crate) fn write(
        self,
        edited: &mut Edited<'_>,
        file: u32,
        before: &[String],
        within: &[String],
    ) -> Option<()> {
        const OPEN: &str = "mlflow.start_run()";
        let begun = |open: String| -> Vec<String> {
            let open = (!within.is_empty()).then_some(open);
            before.iter().cloned().chain(open).collect()
        };
        let rest = within.iter().skip(1).cloned();
        match self {
            Self::Around(spot) => {
                edited.put_above(spot, &begun(format!("with {OPEN}:")))?;
                if !within.is_empty() {
                    indent(edited, spot, &rest.collect::<Vec<String>>())?;
                }
                Some(())
            }
            Self::Above(spot) => edited.put_above_comments(
                spot,
                &begun(OPEN.to_owned()).into_iter().chain(rest).collect::<Vec<_>>(),
            ),
            Self::Function(spot) => {
                // A function may be called again while the run of its last call is open.
                let open =
                    "mlflow.start_run(nested=True)  # a run may be open when this is called again".to_owned();
                edited.put_above_comments(spot, &begun(open).into_iter().chain(rest).collect::<Vec<_>>())
            }
            Self::Script(last) => {
                let is_notebook = edited.module(file)?.rewrite.code().parts().len() > 1;
                let mut lines = begun(OPEN.to_owned());
                if is_notebook && !within.is_empty() {
                    let at = lines.len() - 1;
                    lines.insert(
                        at,
                        "mlflow.end_run()  # of an earlier execution of this cell".to_owned(),
                    );
                }
                lines.extend(rest);
                script(edited, file, last, lines)
            }
        }
    }
}

/// Puts lines below the imports of a script, with a blank line on either side.
fn script(edited: &mut Edited<'_>, file: u32, last: Option<Spot>, mut lines: Vec<String>) -> Option<()> {
    if let Some(last) = last {
        let module = edited.module(file)?;
        let at = module.end_of(last.statement);
        let code = module.rewrite.code();
        let below = &code.text()[code.line_at(at).end..code.part_at(at).end];
        if below.lines().nth(1).is_some_and(|next| !next.trim().is_empty()) {
            lines.push(String::new());
        }
        lines.insert(0, String::new());
        return edited.put_below(last, &lines);
    }
    let module = edited.module(file)?;
    let mut top = module.layout.block_of(None, 0);
    let statement = top.find(|(_, found)| found.kind != StatementKind::Docstring)?.0;
    drop(top);
    lines.push(String::new());
    edited.put_above(at_top(file, statement), &lines)
}

/// Indents a statement once more, with lines above it.
fn indent(edited: &mut Edited<'_>, spot: Spot, above: &[String]) -> Option<()> {
    let module = edited.module(spot.file)?;
    let span = module.layout.statements[spot.statement].span;
    let (start, end) = (span.start as usize, span.end as usize);
    let text = module.text()[start..end].to_owned();
    let step = step_of(module);
    let indentation = module.indentation(start);
    let line_end = module.rewrite.code().line_end();
    let above: String = above
        .iter()
        .map(|line| format!("{step}{line}{line_end}{indentation}"))
        .collect();
    module.rewrite.insert(start, format!("{above}{step}"));
    for (at, _) in text.match_indices('\n') {
        if !text[at + 1..].starts_with(['\n', '\r']) {
            module.rewrite.insert(start + at + 1, step);
        }
    }
    Some(())
}

/// The first statement of a function below its docstring.
pub(super) fn first_statement(edited: &mut Edited<'_>, file: u32, at: u32) -> Option<Spot> {
    let module = edited.module(file)?;
    let scope = module.code.scopes.get(at as usize)?;
    let function = module.layout.statements.iter().position(|statement| {
        let is_named = matches!(&statement.kind, StatementKind::Function(name) if *name == scope.name);
        is_named && statement.span.start <= scope.span.start && statement.span.end == scope.span.end
    })?;
    let mut body = module.layout.block_of(Some(function), 0);
    let first = body.find(|(_, statement)| statement.kind != StatementKind::Docstring)?;
    let start = first.1.span.start;
    drop(body);
    let spot = edited.spot(file, 0, 0, start)?;
    Some(Spot {
        node: Node::definition(file, at),
        ..spot
    })
}

/// A statement at the top of a module, or of its `__main__` part.
fn at_top(file: u32, statement: usize) -> Spot {
    Spot {
        file,
        statement,
        node: Node::module(file),
        block: 0,
        offset: 0,
    }
}

/// The statements of the `__main__` part, or else of the top of the module, that lead to all of the code, each with its
/// call.
fn leading<'run>(
    scene: &Scene<'run>,
    edited: &mut Edited<'_>,
    main: Option<usize>,
    nodes: &[Node],
) -> Vec<(Spot, Site<'run>)> {
    let codebase = scene.codebase();
    let file = scene.file;
    let Some(module) = edited.module(file) else {
        return Vec::new();
    };
    let statements: Vec<(usize, u32, u32)> = module
        .layout
        .block_of(main, 0)
        .filter(|(_, found)| {
            !matches!(
                found.kind,
                StatementKind::Function(_) | StatementKind::Class(_) | StatementKind::Main
            )
        })
        .map(|(at, found)| (at, found.span.start, found.span.end))
        .collect();
    let mut found: Vec<(Spot, Site<'run>)> = Vec::new();
    for (statement, start, end) in statements {
        let mut within = codebase
            .calls_of(file)
            .filter(|site| start <= site.call.span.start && site.call.span.end <= end);
        let leads = within.find(|site| {
            codebase.callee(*site).is_some_and(|callee| {
                let reached = codebase.reach_calls([Node::definition(callee.file, callee.scope)]);
                nodes.iter().all(|node| reached.contains(*node))
            })
        });
        if let Some(site) = leads {
            found.push((at_top(file, statement), site));
        }
    }
    found
}

/// Whether a statement is a plain one, such as a call or an assignment, that stands on lines of its own and holds no
/// text of several lines.
fn is_plain(edited: &mut Edited<'_>, spot: Spot) -> Option<bool> {
    let module = edited.module(spot.file)?;
    let statement = &module.layout.statements[spot.statement];
    let (is_other, start) = (statement.kind == StatementKind::Other, statement.span.start);
    let text = &module.text()[start as usize..statement.span.end as usize];
    let is_simple = is_other && !text.contains("\"\"\"") && !text.contains("'''");
    let found = edited.spot(spot.file, 0, 0, start);
    Some(is_simple && found.is_some_and(|found| found.statement == spot.statement))
}
