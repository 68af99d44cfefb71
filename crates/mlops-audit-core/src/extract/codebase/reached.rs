//! What running a piece of code leads to: sets of nodes, and the graph that they are read off.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::FileIndex;
use super::circles::Components;
use super::graph::Node;

/// The numbers of a node and of one that it calls or refers to.
pub(super) type Edge = (u32, u32);

/// Gives each node a number of its own, in the order of the nodes: the scopes of a file, then its main part.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// The number of each file's first node; one more entry than there are files.
    pub(super) starts: Vec<u32>,
    /// The same numbers as a set: a bit for each node.
    modules: Vec<u64>,
}

impl Numbering {
    /// Numbers the nodes of files that have so many scopes each.
    pub(super) fn new(scopes: impl Iterator<Item = usize>) -> Self {
        let mut starts = vec![0];
        let mut next = 0;
        for scopes in scopes {
            next += u32::try_from(scopes).unwrap_or(u32::MAX - 1) + 1;
            starts.push(next);
        }
        let mut modules = vec![0; (next as usize).div_ceil(BITS) + 1];
        for start in &starts {
            modules[*start as usize / BITS] |= 1 << (*start as usize % BITS);
        }
        Self { starts, modules }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.last().map_or(0, |last| *last as usize)
    }

    fn of(&self, node: Node) -> Option<usize> {
        let numbers = self.range(node.file)?;
        let at = if node.scope == Node::MAIN {
            numbers.end - 1
        } else {
            numbers.start + node.scope as usize
        };
        (at < numbers.end).then_some(at)
    }

    /// These edges by numbers, without those from a node to itself.
    pub(super) fn edges(&self, edges: &[(Node, Node)]) -> Vec<Edge> {
        let number = |node| self.of(node).and_then(|number| u32::try_from(number).ok());
        let mut numbers = Vec::with_capacity(edges.len());
        let apart = edges.iter().filter(|(from, to)| from != to);
        numbers.extend(apart.filter_map(|(from, to)| Some((number(*from)?, number(*to)?))));
        numbers
    }

    fn range(&self, file: FileIndex) -> Option<Range<usize>> {
        let start = *self.starts.get(file as usize)? as usize;
        let end = *self.starts.get(file as usize + 1)? as usize;
        Some(start..end)
    }

    fn node(&self, number: usize) -> Node {
        self.node_of(self.file(number), number)
    }

    fn file(&self, number: usize) -> usize {
        self.starts.partition_point(|start| *start as usize <= number) - 1
    }

    /// The node with this number, which is one of this file.
    fn node_of(&self, file: usize, number: usize) -> Node {
        let scope = number - self.starts[file] as usize;
        let file = u32::try_from(file).unwrap_or(u32::MAX);
        if number + 1 == self.starts[file as usize + 1] as usize {
            Node::main(file)
        } else {
            Node::definition(file, u32::try_from(scope).unwrap_or(u32::MAX))
        }
    }

    /// Whether the node is the top level of a file.
    fn is_module(&self, number: usize) -> bool {
        self.modules[number / BITS] >> (number % BITS) & 1 == 1
    }
}

/// The pieces of code that something reaches. Files that stand beside each other reach each other, so only the stretch
/// between the first and the last node of the set is kept, a bit for each; copies share it.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    numbering: Arc<Numbering>,
    /// Position of the first word that is kept.
    first: usize,
    words: Arc<[u64]>,
}

const BITS: usize = u64::BITS as usize;

impl Reached {
    /// Whether this piece of code is reached.
    pub fn contains(&self, node: Node) -> bool {
        self.numbering.of(node).is_some_and(|number| self.has(number))
    }

    /// Whether any piece of a file is reached.
    pub fn touches(&self, file: FileIndex) -> bool {
        let numbers = self.numbering.range(file).unwrap_or_default();
        self.has_any(numbers)
    }

    /// The pieces of code, sorted.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        // Numbers grow, so the file of one is seldom far from that of the number before it.
        let starts = &self.numbering.starts;
        let mut file = None;
        self.numbers().map(move |number| {
            let mut at = file.unwrap_or_else(|| self.numbering.file(number));
            while starts[at + 1] as usize <= number {
                at += 1;
            }
            file = Some(at);
            self.numbering.node_of(at, number)
        })
    }

    /// The pieces of code of one file, sorted.
    pub fn nodes_in(&self, file: FileIndex) -> impl Iterator<Item = Node> + '_ {
        let numbers = self.numbering.range(file).unwrap_or_default();
        let own = numbers.filter(|number| self.has(*number));
        own.map(move |number| self.numbering.node_of(file as usize, number))
    }

    /// The files of which any piece is reached, sorted.
    pub fn files(&self) -> impl Iterator<Item = FileIndex> + '_ {
        let mut next = 0;
        std::iter::from_fn(move || {
            let file = self.numbering.file(self.first_from(next)?);
            next = self.numbering.starts[file + 1] as usize;
            u32::try_from(file).ok()
        })
    }

    /// The first member that is not smaller than this number.
    fn first_from(&self, number: usize) -> Option<usize> {
        let at = (number / BITS).max(self.first);
        let skipped = if at * BITS < number { number % BITS } else { 0 };
        let words = self.words.get(at - self.first..)?;
        let mut words = (at..).zip(words).map(|(position, word)| match position == at {
            true => (position, word >> skipped << skipped),
            false => (position, *word),
        });
        let (position, word) = words.find(|(_, word)| *word != 0)?;
        Some(position * BITS + word.trailing_zeros() as usize)
    }

    /// Whether nothing is reached.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether any piece of code is reached by both.
    pub fn meets(&self, other: &Self) -> bool {
        let mut both = self.overlap(other);
        both.any(|at| self.words[at - self.first] & other.words[at - other.first] != 0)
    }

    /// The pieces of code that both reach.
    #[must_use]
    pub fn shared(&self, other: &Self) -> Self {
        let overlap = self.overlap(other);
        let both = |at: usize| self.words[at - self.first] & other.words[at - other.first];
        Self {
            numbering: Arc::clone(&self.numbering),
            first: overlap.start,
            words: overlap.map(both).collect(),
        }
    }

    /// The positions of the words that both keep.
    fn overlap(&self, other: &Self) -> Range<usize> {
        let start = self.first.max(other.first);
        let words = |set: &Self| set.words.get(start - set.first..).map_or(0, <[u64]>::len);
        start..start + words(self).min(words(other))
    }

    /// The pieces of code that this one reaches, and the other does not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let others = |at: usize| at.checked_sub(other.first).and_then(|at| other.words.get(at));
        let words = (self.first..).zip(&*self.words);
        Self {
            numbering: Arc::clone(&self.numbering),
            first: self.first,
            words: words
                .map(|(at, word)| word & !others(at).copied().unwrap_or_default())
                .collect(),
        }
    }

    /// All that any of these reaches.
    pub fn union<'reached>(all: impl IntoIterator<Item = &'reached Self>) -> Self {
        let mut all = all.into_iter().filter(|reached| !reached.words.is_empty());
        let Some(first) = all.next() else {
            return Self::default();
        };
        let mut bits = Bits::new(first.numbering.len());
        bits.join(first);
        all.for_each(|reached| bits.join(reached));
        bits.into_reached(&first.numbering)
    }

    /// Adds what another one reaches.
    pub fn extend(&mut self, other: &Self) {
        if !other.words.is_empty() {
            *self = Self::union([&*self, other]);
        }
    }

    fn has(&self, number: usize) -> bool {
        let word = (number / BITS)
            .checked_sub(self.first)
            .and_then(|at| self.words.get(at));
        word.is_some_and(|word| word >> (number % BITS) & 1 == 1)
    }

    /// Whether any of these numbers is a member.
    fn has_any(&self, numbers: Range<usize>) -> bool {
        let first = numbers.start / BITS;
        let mut words = (first..numbers.end.div_ceil(BITS)).map(|at| {
            let kept = at.checked_sub(self.first).and_then(|at| self.words.get(at));
            let word = kept.copied().unwrap_or_default();
            let from = numbers.start.saturating_sub(at * BITS);
            let behind = (at + 1) * BITS - numbers.end.min((at + 1) * BITS);
            (word >> from << from) << behind
        });
        words.any(|word| word != 0)
    }

    fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        let words = self.words.iter().enumerate();
        words.flat_map(move |(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some((self.first + at) * BITS + bit)
            })
        })
    }
}

/// A set of numbers while it grows.
pub(super) struct Bits {
    words: Vec<u64>,
    /// The words from which and up to which members lie; the first is behind the other while there are none.
    first: usize,
    end: usize,
}

impl Bits {
    pub(super) fn new(numbers: usize) -> Self {
        Self {
            words: vec![0; numbers.div_ceil(BITS)],
            first: usize::MAX,
            end: 0,
        }
    }

    /// Adds a number; whether it is new.
    pub(super) fn insert(&mut self, number: usize) -> bool {
        let at = number / BITS;
        let mask = 1 << (number % BITS);
        let is_new = self.words[at] & mask == 0;
        self.words[at] |= mask;
        self.first = self.first.min(at);
        self.end = self.end.max(at + 1);
        is_new
    }

    fn join(&mut self, reached: &Reached) {
        let end = reached.first + reached.words.len();
        for (mine, other) in self.words[reached.first..end].iter_mut().zip(&*reached.words) {
            *mine |= other;
        }
        self.first = self.first.min(reached.first);
        self.end = self.end.max(end);
    }

    fn into_reached(self, numbering: &Arc<Numbering>) -> Reached {
        let first = self.first.min(self.end);
        Reached {
            numbering: Arc::clone(numbering),
            first,
            words: self.words[first..self.end].into(),
        }
    }
}

/// Who calls or refers to whom, by numbers.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) numbering: Arc<Numbering>,
    /// Where the targets of each node start; one more entry than there are nodes.
    offsets: Vec<u32>,
    targets: Vec<u32>,
    components: OnceLock<Components>,
}

impl Graph {
    /// The graph of these edges, in any order.
    pub(super) fn new(numbering: Arc<Numbering>, mut edges: Vec<Edge>) -> Self {
        edges.sort_unstable();
        edges.dedup();
        let mut offsets = Vec::with_capacity(numbering.len() + 1);
        let mut at = 0;
        for node in 0..=numbering.len() {
            while edges.get(at).is_some_and(|(from, _)| (*from as usize) < node) {
                at += 1;
            }
            offsets.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        Self {
            numbering,
            offsets,
            // Not by consuming the edges, whose place in memory they would keep.
            targets: edges.iter().map(|(_, to)| *to).collect(),
            components: OnceLock::new(),
        }
    }

    /// The same graph with more edges.
    pub(super) fn with(&self, more: Vec<(Node, Node)>) -> Self {
        let own = (0u32..).zip(0..self.numbering.len());
        let own = own.flat_map(|(from, node)| self.targets(node).iter().map(move |to| (from, *to)));
        let edges = own.chain(self.numbering.edges(&more)).collect();
        Self::new(Arc::clone(&self.numbering), edges)
    }

    /// Whether anything is called or referred to from here.
    pub(super) fn leads_on(&self, node: Node) -> bool {
        self.numbering
            .of(node)
            .is_some_and(|number| !self.targets(number).is_empty())
    }

    /// What the edges from the nodes of one file lead to.
    pub(super) fn edges_of(&self, file: FileIndex) -> impl Iterator<Item = (Node, Node)> + '_ {
        let numbers = self.numbering.range(file).unwrap_or_default();
        numbers.flat_map(move |from| {
            let targets = self.targets(from).iter();
            targets.map(move |to| (self.numbering.node(from), self.numbering.node(*to as usize)))
        })
    }

    pub(super) fn targets(&self, from: usize) -> &[u32] {
        match (self.offsets.get(from), self.offsets.get(from + 1)) {
            (Some(start), Some(end)) => &self.targets[*start as usize..*end as usize],
            _ => &[],
        }
    }

    /// All that these nodes lead to, themselves included.
    ///
    /// Importing one file of a large package often runs all of it, and hundreds of scripts import the same package. So
    /// what a module's top level leads to is kept, once for all modules that import each other in a circle.
    pub(super) fn reach(&self, entries: impl IntoIterator<Item = Node>) -> Reached {
        let components = self.components.get_or_init(|| Components::new(self));
        self.search(
            self.numbers(entries),
            |_| true,
            |number| components.closure(self, number),
        )
    }

    /// All that these nodes lead to, as far as `enters` lets the search go, themselves included. What `known` tells to be
    /// led to by a node is taken as it is.
    pub(super) fn search<'known>(
        &self,
        entries: impl Iterator<Item = usize>,
        enters: impl Fn(usize) -> bool,
        known: impl Fn(usize) -> Option<&'known Reached>,
    ) -> Reached {
        let mut bits = Bits::new(self.numbering.len());
        let mut open: Vec<usize> = entries.filter(|entry| bits.insert(*entry)).collect();
        while let Some(number) = open.pop() {
            match known(number) {
                Some(known) => bits.join(known),
                None => {
                    let targets = self.targets(number).iter().map(|to| *to as usize);
                    open.extend(targets.filter(|to| enters(*to) && bits.insert(*to)));
                }
            }
        }
        bits.into_reached(&self.numbering)
    }

    /// These nodes alone.
    pub(super) fn only(&self, nodes: impl IntoIterator<Item = Node>) -> Reached {
        let mut bits = Bits::new(self.numbering.len());
        for number in self.numbers(nodes) {
            bits.insert(number);
        }
        bits.into_reached(&self.numbering)
    }

    /// All that these nodes lead to without any of the closed ones.
    pub(super) fn reach_past(&self, entries: impl IntoIterator<Item = Node>, closed: &[Node]) -> Reached {
        let closed: BTreeSet<usize> = self.numbers(closed.iter().copied()).collect();
        let entries = self.numbers(entries).filter(|number| !closed.contains(number));
        self.search(entries, |to| !closed.contains(&to), |_| None)
    }

    /// All that these nodes lead to without running a module's top level.
    pub(super) fn reach_functions(&self, entries: impl IntoIterator<Item = Node>) -> Reached {
        self.search(
            self.numbers(entries),
            |to| !self.numbering.is_module(to),
            |_| None,
        )
    }

    fn numbers(&self, nodes: impl IntoIterator<Item = Node>) -> impl Iterator<Item = usize> {
        nodes.into_iter().filter_map(|node| self.numbering.of(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node as file and scope.
    type Written = (u32, u32);

    /// Three files of four scopes each; the edges are pairs of file and scope.
    fn graph(edges: &[(Written, Written)]) -> Graph {
        let numbering = Arc::new(Numbering::new([4, 4, 4].into_iter()));
        let node = |(file, scope)| Node::definition(file, scope);
        let edges: Vec<_> = edges.iter().map(|(from, to)| (node(*from), node(*to))).collect();
        let edges = numbering.edges(&edges);
        Graph::new(numbering, edges)
    }

    #[test]
    fn circles_of_imports_reach_the_same() {
        let graph = graph(&[
            ((0, 0), (1, 0)),
            ((1, 0), (2, 0)),
            ((2, 0), (1, 0)),
            ((2, 0), (2, 3)),
            ((0, 0), (0, Node::MAIN)),
        ]);
        let all: Vec<Node> = graph.reach([Node::module(0)]).nodes().collect();
        let of = Node::definition;
        assert_eq!(all, [of(0, 0), Node::main(0), of(1, 0), of(2, 0), of(2, 3)]);
        let circle = [of(1, 0), of(2, 0), of(2, 3)];
        assert_eq!(graph.reach([Node::module(1)]).nodes().collect::<Vec<_>>(), circle);
        assert_eq!(graph.reach([Node::module(2)]).nodes().collect::<Vec<_>>(), circle);
    }

    #[test]
    fn what_was_kept_is_what_a_plain_search_finds() {
        arbtest::arbtest(|input| {
            let edge = |input: &mut arbtest::arbitrary::Unstructured<'_>| {
                let mut node = || Ok((input.int_in_range(0..=2)?, input.int_in_range(0..=3)?));
                Ok((node()?, node()?))
            };
            let count = input.int_in_range(0..=20)?;
            let edges: Vec<_> = (0..count).map(|_| edge(input)).collect::<Result<_, _>>()?;
            let graph = graph(&edges);
            for file in 0..3 {
                for scope in 0..4 {
                    let start = [Node::definition(file, scope)];
                    let reached = graph.reach(start);
                    let kept: Vec<Node> = reached.nodes().collect();
                    for other in 0..4 {
                        let is_touched = kept.iter().any(|node| node.file == other);
                        assert_eq!(reached.touches(other), is_touched, "{other} from {file}:{scope}");
                    }
                    let plain: Vec<Node> = graph
                        .search(graph.numbers(start), |_| true, |_| None)
                        .nodes()
                        .collect();
                    assert_eq!(kept, plain, "from {file}:{scope} by {edges:?}");
                }
            }
            Ok(())
        });
    }

    #[test]
    fn sets_grow_by_others() {
        let graph = graph(&[((0, 1), (0, 2)), ((2, 1), (2, 2))]);
        let mut reached = graph.reach([Node::definition(2, 1)]);
        assert!(!reached.touches(0));
        reached.extend(&graph.reach([Node::definition(0, 1)]));
        assert_eq!(reached.files().collect::<Vec<_>>(), [0, 2]);
        assert!(reached.contains(Node::definition(0, 2)) && !reached.contains(Node::main(0)));
        assert!(Reached::default().is_empty() && !reached.is_empty());
        assert!(reached.meets(&graph.only([Node::definition(2, 2)])));
        assert!(!reached.meets(&graph.only([Node::definition(1, 2)])));
    }
}
