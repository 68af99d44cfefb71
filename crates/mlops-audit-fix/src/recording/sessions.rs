//! The run of a tracker that the code opens itself, and what is sure to stand within it.

use std::collections::BTreeSet;

use mlops_audit_core::catalogue::Role;
use mlops_audit_core::extract::codebase::{Codebase, Definition, Node, Site};
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
    /// The bodies of `try` that it opens in: below them it may have failed.
    tried: Vec<u32>,
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
            tried: tried(code, site.call.block),
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
        let mut within = BTreeSet::new();
        for site in calls {
            let Some(callee) = self.codebase.callee(site) else {
                continue;
            };
            let reached = self
                .codebase
                .reach_calls([Node::definition(callee.file, callee.scope)]);
            if !reached.contains(node) {
                continue;
            }
            if !self.lasts(site.call.block, site.call.span.start) {
                return false;
            }
            within.extend(reached.nodes());
        }
        let closes_before = within.iter().any(|found| {
            let mut calls = self.codebase.calls_in(*found);
            calls.any(|site| closes(site.call) && !(*found == node && site.call.span.start > spot.offset))
        });
        within.contains(&node) && !closes_before && self.is_all_within(node, &within)
    }

    /// Whether all calls that lead to a piece of code stand in the session. `within` is what those of its own scope
    /// lead to.
    fn is_all_within(&self, node: Node, within: &BTreeSet<Node>) -> bool {
        let own = self.codebase.node_of(self.site);
        let mut seen = BTreeSet::from([node]);
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let definition = Definition {
                file: node.file,
                scope: node.scope,
            };
            for site in self.codebase.callers_of(definition) {
                if self.codebase.file(site.file).is_test {
                    continue;
                }
                let from = self.codebase.node_of(site);
                if from == own {
                    if !self.lasts(site.call.block, site.call.span.start) {
                        return false;
                    }
                } else if !within.contains(&from) {
                    return false;
                } else if seen.insert(from) {
                    open.push(from);
                }
            }
        }
        true
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
        let is_in = |own: u32| stands_in(code, block, own);
        self.tried.iter().all(|own| is_in(*own))
            && match self.block {
                Some(own) => is_in(own),
                None => offset > self.site.call.span.end && !is_closed(self.codebase, self.site, offset),
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

/// Whether a block stands in another one.
fn stands_in(code: &Code, block: u32, other: u32) -> bool {
    let other = &code.blocks[other as usize];
    code.blocks_around(block)
        .any(|around| std::ptr::eq(around, other))
}

/// The bodies of `try` around a block.
fn tried(code: &Code, block: u32) -> Vec<u32> {
    let blocks = (0u32..).zip(&code.blocks);
    let tries = blocks.filter(|(_, found)| matches!(found.kind, BlockKind::Try));
    tries
        .map(|(at, _)| at)
        .filter(|at| stands_in(code, block, *at))
        .collect()
}

/// Whether what opens in one block is sure to have opened in another one, as far as failures decide it.
pub(super) fn is_tried_together(code: &Code, opening: u32, block: u32) -> bool {
    let tried = tried(code, opening);
    tried.iter().all(|own| stands_in(code, block, *own))
}

/// Whether the code of the opening closes the session again before a byte, itself or by what it calls.
pub(super) fn is_closed(codebase: &Codebase, opening: Site<'_>, offset: u32) -> bool {
    let code = &codebase.file(opening.file).code;
    let calls = codebase.calls_of(opening.file).filter(|site| {
        let start = site.call.span.start;
        // A loop comes back to what stands before the closing.
        let is_before = start < offset || code.in_loop(site.call.block) && !code.in_loop(opening.call.block);
        site.call.scope == opening.call.scope && opening.call.span.end < start && is_before
    });
    calls.into_iter().any(|site| {
        closes(site.call)
            || codebase.callee(site).is_some_and(|callee| {
                let reached = codebase.reach_calls([Node::definition(callee.file, callee.scope)]);
                let mut inner = reached.nodes().flat_map(|node| codebase.calls_in(node));
                inner.any(|site| closes(site.call))
            })
    })
}

/// Whether a call closes a session.
fn closes(call: &Call) -> bool {
    matches!(call.method(), "end_run" | "finish")
}
