//! Closes gaps by editing: an audit with its facts in, fixes with their proof out.
//!
//! A [`Fixer`] proposes [`Fix`]es: edits of files that are there, and files that are new. [`plan`] makes each in memory
//! and audits the outcome before it is shown: the places that the fix names are gone, what it edits parses, and no
//! verdict fell. What cannot be proved is not offered. This crate is pure, as the audit is: it takes a
//! [`Source`](mlops_audit_core::discover::Source), and writes nothing.

mod certain;
mod change;
mod diff;
pub mod dvc;
mod edit;
pub mod fixers;
mod freeze;
mod given;
mod ignoring;
mod importing;
mod jobs;
mod lockers;
pub mod manifests;
mod needs;
mod overlay;
mod plan;
mod proof;
pub mod python;
mod quality;
mod reading;
mod recording;
mod rewrite;
mod seeding;
mod service;
mod test_files;
mod tool;
mod tracked;

pub use change::FileChange;
pub use diff::patch;
pub use edit::{Change, Class, Edit, Fix};
pub use fixers::{FIXERS, Fixer};
pub use freeze::{Freeze, Frozen};
pub use given::{Given, is_model_name};
pub use overlay::Overlay;
pub use plan::{Choice, Decision, Plan, Proved, Unproved, plan};
pub use rewrite::Rewrite;
pub use tool::Tool;
