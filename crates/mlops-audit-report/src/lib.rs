//! Renderings of one audit: the boxed terminal report, Markdown and the JSON contract.
//!
//! A rendering takes a finished [`Audit`](mlops_audit_core::audit::Audit) and gives text. It decides no verdict
//! and ranks nothing: what stands in the audit is what a reader meets, in the order in which it stands there.

pub mod difference;
mod extras;
mod hosting;
pub mod html;
pub mod json;
pub mod markdown;
pub mod standard;
pub mod terminal;

pub use extras::{Extras, Target};
