//! Which statements at the top of a module draw: a run has to be seeded above the first of them.

use std::collections::BTreeSet;

use mlops_audit_core::extract::codebase::{Codebase, Definition, FileIndex, Node, Site};
use mlops_audit_core::extract::randomness::Draw;
use mlops_audit_formats::code::ScopeKind;

use crate::python::Module;

/// Draws, with the pieces of code that make them.
pub(crate) struct Drawing<'run> {
    pub(crate) codebase: &'run Codebase,
    pub(crate) draws: Vec<&'run Draw>,
    pub(crate) nodes: Vec<Node>,
}

impl Drawing<'_> {
    /// The statements at the top of a module that draw: by a call, or by importing what draws while it is loaded.
    pub(crate) fn statements(&self, module: &Module<'_>) -> BTreeSet<usize> {
        let calls = self.at_top(module.file).filter(|site| self.draws_by(*site));
        let imports = module.code.imports.iter().filter(|import| import.block == 0);
        let imports = imports.filter(|import| {
            let loaded = self.codebase.resolve_module(module.file, &import.module);
            loaded.is_some_and(|loaded| loaded != module.file && self.draws_when_loaded(loaded))
        });
        let starts = calls
            .map(|site| site.call.span.start)
            .chain(imports.map(|import| import.span.start));
        starts
            .filter_map(|start| module.layout.outermost(start))
            .collect()
    }

    fn at_top(&self, file: FileIndex) -> impl Iterator<Item = Site<'_>> {
        let calls = self.codebase.calls_of(file);
        calls.filter(move |site| self.codebase.node_of(*site) == Node::module(file))
    }

    fn draws_by(&self, site: Site<'_>) -> bool {
        let draws_itself = self.draws.iter().any(|draw| draw.call == (site.file, site.index));
        draws_itself
            || self
                .codebase
                .callee(site)
                .is_some_and(|callee| self.is_drawn_in(callee))
    }

    fn is_drawn_in(&self, callee: Definition) -> bool {
        // Of a class, no one piece of code is what a call of it runs.
        if self.codebase.scope(callee).kind == ScopeKind::Class {
            return true;
        }
        let reached = self
            .codebase
            .reach_calls([Node::definition(callee.file, callee.scope)]);
        self.nodes.iter().any(|node| reached.contains(*node))
    }

    fn draws_when_loaded(&self, file: FileIndex) -> bool {
        let reached = self.codebase.reach([Node::module(file)]);
        if !self.nodes.iter().any(|node| reached.contains(*node)) {
            return false;
        }
        let mut loaded = reached.nodes().filter(|node| node.scope == 0);
        loaded.any(|node| {
            let mut calls = self.at_top(node.file);
            calls.any(|site| {
                let is_of_class = self
                    .codebase
                    .callee(site)
                    .is_some_and(|callee| self.codebase.scope(callee).kind == ScopeKind::Class);
                !is_of_class && self.draws_by(site)
            })
        })
    }
}
