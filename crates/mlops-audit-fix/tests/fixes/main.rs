//! Tests of the fixers as their users meet them: a repository before, and after.

mod cases;
mod pages;
mod refused;
mod seeds;
mod tests_written;
mod tracking;
mod tree;
