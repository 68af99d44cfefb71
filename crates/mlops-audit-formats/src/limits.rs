//! Bounds on what a hostile file may cost. They are far above anything that people write.

/// Deepest nesting of a tree (mappings, lists, brackets) that a reader follows.
pub(crate) const DEPTH: usize = 200;

/// Most nodes that one data file may grow to, aliases expanded.
pub(crate) const NODES: usize = 2_000_000;

/// Most nodes that aliases may copy: people repeat a block with them, and only a bomb repeats repetitions.
pub(crate) const COPIES: usize = 200_000;

/// Longest run of chained operators, attributes or calls in one expression: the parser's tree would be dropped
/// recursively, which ends the process on a longer one.
pub(crate) const CHAIN: usize = 5_000;
