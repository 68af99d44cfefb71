//! Tests of the whole: the pages of the criteria, the catalogue's examples, the binary as its users run it.

mod catalogue;
mod pages;
