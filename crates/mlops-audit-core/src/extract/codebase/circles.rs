//! Pieces of code that lead to each other in a circle, and what each such circle leads to.

use std::sync::OnceLock;

use super::reached::{Bits, Graph, Reached};

/// The circles of a graph, and what those lead to that hold a module's top level.
#[derive(Debug)]
pub(super) struct Components {
    /// The component of each node. Components that one leads to have smaller numbers than itself.
    of: Vec<u32>,
    /// What a component leads to, kept once it was asked for; nothing is kept of those without a module.
    closures: Vec<Option<OnceLock<Reached>>>,
    /// A node of each component.
    member: Vec<u32>,
}

impl Components {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut search = Search::new(graph.numbering.len());
        for start in 0..graph.numbering.len() {
            search.visit(graph, start);
        }
        let mut closures: Vec<Option<OnceLock<Reached>>> = Vec::new();
        closures.resize_with(search.members.len(), || None);
        for start in &graph.numbering.starts {
            if let Some(component) = search.component.get(*start as usize) {
                closures[*component as usize] = Some(OnceLock::new());
            }
        }
        Self {
            of: search.component,
            closures,
            member: search.members,
        }
    }

    /// What the component of a node leads to, where it is one that is kept.
    pub(super) fn closure(&self, graph: &Graph, number: usize) -> Option<&Reached> {
        let component = self.of[number] as usize;
        let cell = self.closures[component].as_ref()?;
        if let Some(known) = cell.get() {
            return Some(known);
        }
        // Those that it leads to come first, so that each is put together from what is known already.
        let mut pending = vec![component];
        let mut seen = Bits::new(self.member.len());
        let mut open = vec![self.member[component] as usize];
        let mut visited = Bits::new(self.of.len());
        while let Some(at) = open.pop() {
            if !visited.insert(at) {
                continue;
            }
            let component = self.of[at] as usize;
            let cell = self.closures[component].as_ref();
            if cell.is_some_and(|cell| cell.get().is_some()) {
                continue;
            }
            if seen.insert(component) && cell.is_some() {
                pending.push(component);
            }
            open.extend(graph.targets(at).iter().map(|to| *to as usize));
        }
        pending.sort_unstable();
        pending.dedup();
        for component in pending {
            if let Some(cell) = &self.closures[component] {
                cell.get_or_init(|| self.put_together(graph, component));
            }
        }
        cell.get()
    }

    fn put_together(&self, graph: &Graph, component: usize) -> Reached {
        let start = self.member[component] as usize;
        graph.search(
            std::iter::once(start),
            |_| true,
            |at| self.closures[self.of[at] as usize].as_ref()?.get(),
        )
    }
}

/// Tarjan's search for strongly connected components, with a stack of its own.
struct Search {
    component: Vec<u32>,
    members: Vec<u32>,
    /// When each node was met, from 1; 0 where it was not.
    met: Vec<u32>,
    lowest: Vec<u32>,
    clock: u32,
    /// Nodes whose component is still open.
    held: Vec<usize>,
    /// The path of the search: a node, and which of its targets is next.
    path: Vec<(usize, usize)>,
}

const NO_COMPONENT: u32 = u32::MAX;

impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            component: vec![NO_COMPONENT; nodes],
            members: Vec::new(),
            met: vec![0; nodes],
            lowest: vec![0; nodes],
            clock: 0,
            held: Vec::new(),
            path: Vec::new(),
        }
    }

    fn visit(&mut self, graph: &Graph, start: usize) {
        if self.met[start] != 0 {
            return;
        }
        self.meet(start);
        while let Some((at, next)) = self.path.last_mut() {
            let at = *at;
            let Some(target) = graph.targets(at).get(*next) else {
                self.leave(at);
                continue;
            };
            *next += 1;
            let target = *target as usize;
            if self.met[target] == 0 {
                self.meet(target);
            } else if self.component[target] == NO_COMPONENT {
                self.lowest[at] = self.lowest[at].min(self.met[target]);
            }
        }
    }

    fn meet(&mut self, node: usize) {
        self.clock += 1;
        self.met[node] = self.clock;
        self.lowest[node] = self.clock;
        self.held.push(node);
        self.path.push((node, 0));
    }

    fn leave(&mut self, node: usize) {
        self.path.pop();
        if let Some((parent, _)) = self.path.last() {
            self.lowest[*parent] = self.lowest[*parent].min(self.lowest[node]);
        }
        if self.lowest[node] != self.met[node] {
            return;
        }
        let component = u32::try_from(self.members.len()).unwrap_or(NO_COMPONENT);
        self.members.push(u32::try_from(node).unwrap_or(u32::MAX));
        while let Some(member) = self.held.pop() {
            self.component[member] = component;
            if member == node {
                break;
            }
        }
    }
}
