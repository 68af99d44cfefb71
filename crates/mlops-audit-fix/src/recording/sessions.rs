//! The run of a tracker that the code opens itself, and what is sure to stand within it.

use mlops_audit_core::catalogue::Role;
use mlops_audit_core::extract::codebase::{Codebase, Node, Site};
use mlops_audit_formats::code::{BlockKind, Call, Code, Expr};
use mlops_audit_formats::python::StatementKind;

use super::{Binding, Dialect, Edited, Parameters, Scene, Spot};
use crate::python::Argument;

/// The one place where a run opens a session of its tracker.
pub(crate) struct Session<'run> {
    codebase: &'run Codebase,
    /// The call that opens it.
    pub(crate) site: Site<'run>,
    /// The block that it lasts for; `None` where it lasts until the end.
    block: Option<u32>,
}

impl<'run> Session<'run> {
    /// The session of this tracker; `None` where there are several, or one that a condition opens.
    pub(crate) fn of(scene: &Scene<'run>, tracker: &str) -> Option<Self> {
        match openings(scene, tracker).as_slice() {
            [only] => Self::opened(scene, *only),
            _ => None,
        }
    }

    /// All sessions of this tracker that no condition opens.
    pub(crate) fn all(scene: &Scene<'run>, tracker: &str) -> Vec<Self> {
        let opened = openings(scene, tracker).into_iter();
        opened.filter_map(|site| Self::opened(scene, site)).collect()
    }

    /// That of one call, where no condition stands before it.
    fn opened(scene: &Scene<'run>, site: Site<'run>) -> Option<Self> {
        let codebase = scene.codebase();
        let code = &codebase.file(site.file).code;
        let mut around = code.blocks_around(site.call.block);
        let is_sure = around.all(|block| {
            matches!(
                block.kind,
                BlockKind::Body | BlockKind::Main | BlockKind::With(_) | BlockKind::Try
            )
        });
        is_sure.then(|| Self {
            codebase,
            site,
            block: managed(code, site),
        })
    }

    /// Whether a statement is executed within the session.
    pub(crate) fn covers(&self, spot: Spot) -> bool {
        let node = spot.node;
        if node == self.codebase.node_of(self.site) {
            return self.lasts(spot.block, spot.offset);
        }
        let calls = self
            .codebase
            .calls_of(self.site.file)
            .filter(|site| site.call.scope == self.site.call.scope);
        let mut leading = calls
            .filter(|site| {
                self.codebase.callee(*site).is_some_and(|callee| {
                    self.codebase
                        .reach_calls([Node::definition(callee.file, callee.scope)])
                        .contains(node)
                })
            })
            .peekable();
        leading.peek().is_some() && leading.all(|site| self.lasts(site.call.block, site.call.span.start))
    }

    /// Records parameters in the session, in which their names are bound or before it opens.
    pub(crate) fn put_parameters(
        &self,
        edited: &mut Edited<'_>,
        given: &Parameters,
        dialect: Dialect,
    ) -> Option<()> {
        let line = dialect.parameters(&given.mapping);
        let (spot, is_above) = match given.binding {
            Binding::Below(spot) | Binding::Module(spot) => (spot, false),
            Binding::Function(spot) => (spot, true),
        };
        let own = self.codebase.node_of(self.site);
        if self.covers(spot) && !(is_above && spot.node == own) {
            edited.needs(spot.file, dialect.package(), dialect.import());
            return match is_above {
                true => edited.put_above(spot, &[line]),
                false => edited.put_below(spot, &[line]),
            };
        }
        let is_global = matches!(given.binding, Binding::Module(_)) && spot.file == self.site.file;
        if spot.node != own && !is_global
            || spot.node == own && !is_above && spot.offset > self.site.call.span.start
        {
            return None;
        }
        if dialect == Dialect::Wandb {
            let argument = Argument {
                names: vec!["config".to_owned()],
                position: None,
                value: given.mapping.clone(),
            };
            return edited
                .module(self.site.file)?
                .give(self.site.call, &argument)
                .ok();
        }
        self.put_first(edited, line)
    }

    /// Puts a line at the start of the session.
    fn put_first(&self, edited: &mut Edited<'_>, line: String) -> Option<()> {
        let call = self.site.call;
        let opening = edited.spot(self.site.file, call.scope, call.block, call.span.start);
        let module = edited.module(self.site.file)?;
        let statement = module.layout.innermost(call.span.start)?;
        if module.layout.statements[statement].kind != StatementKind::With {
            return edited.put_below(opening?, &[line]);
        }
        let first = module.layout.block_of(Some(statement), 0).next()?.1.span.start;
        let first = edited.spot(self.site.file, call.scope, call.block, first)?;
        edited.put_above_comments(first, &[line])
    }

    fn lasts(&self, block: u32, offset: u32) -> bool {
        let code = &self.codebase.file(self.site.file).code;
        match self.block {
            Some(own) => code
                .blocks_around(block)
                .any(|around| std::ptr::eq(around, &code.blocks[own as usize])),
            None => offset > self.site.call.span.end && !is_closed(code, self.site.call, offset),
        }
    }
}

/// The calls of a run that open a session of this tracker.
pub(super) fn openings<'run>(scene: &Scene<'run>, tracker: &str) -> Vec<Site<'run>> {
    const OPENING: &[&str] = &["mlflow.start_run", "wandb.init"];
    let codebase = scene.codebase();
    let basis = &scene.inspection.facts().basis;
    let opened = basis.uses.with(Role::TrackRun).filter_map(|found| {
        let site = found.site(codebase);
        let is_it = basis.catalogue.tool(found.tool).tracker.as_deref() == Some(tracker);
        let opens = OPENING.contains(&codebase.target(site));
        (is_it && opens && scene.reached.contains(codebase.node_of(site))).then_some(site)
    });
    opened.collect()
}

/// The block that a session lasts for, where a `with` opens it.
pub(super) fn managed(code: &Code, site: Site<'_>) -> Option<u32> {
    (0u32..)
        .zip(&code.blocks)
        .find_map(|(at, block)| match &block.kind {
            BlockKind::With(managers) => managers.contains(&Expr::Call(site.index)).then_some(at),
            _ => None,
        })
}

/// Whether the code of the opening closes the session again before a byte.
pub(super) fn is_closed(code: &Code, opening: &Call, offset: u32) -> bool {
    code.calls.iter().any(|call| {
        let is_between = opening.span.end < call.span.start && call.span.start < offset;
        call.scope == opening.scope && is_between && matches!(call.method(), "end_run" | "finish")
    })
}
