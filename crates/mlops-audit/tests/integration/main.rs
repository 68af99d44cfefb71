//! Tests of the whole: the pages of the criteria, the catalogue's examples, the binary as its users run it, the laws.

mod advised;
mod advised_commands;
mod book;
mod catalogue;
mod command;
mod contract;
mod corpora;
mod deployments;
mod examples;
mod explain;
mod fix;
#[cfg(unix)]
mod fix_interactive;
mod fix_lock;
mod fix_tools;
mod formats;
mod gates;
mod honesty;
mod hostile;
mod kinds;
mod laws;
mod markdown;
mod pages;
mod policy;
mod properties;
mod readme;
mod remedies;
mod runs;
mod traps;
