//! Tests of the fixers as their users meet them: a repository before, and after.

mod pages;
mod tree;
