//! Text in, documents with positions out.
//!
//! This crate knows formats and nothing else: no criterion, no tool of machine learning, no disk. Each reader
//! takes text and gives a document plus the [`Problem`]s that it met; none of them fails, and none may panic or
//! abort on any input. What could be read of a broken file is in the document.

pub mod code;
pub mod code_text;
pub mod comments;
pub mod data;
pub mod decode;
pub mod dockerfile;
pub mod dotted;
pub mod encode;
pub mod groovy;
pub mod hcl;
pub mod ini;
pub mod json;
pub mod julia;
pub mod make;
pub mod notebook;
pub mod python;
pub mod r;
pub mod requirements;
pub mod shell;
pub mod texts;
pub mod toml;
pub mod yaml;

mod ledger;
mod limits;
mod operator;
mod outline;
mod span;
mod tokens;

pub use span::{LineIndex, Place, Problem, Span};
