//! Renderings of one audit: the boxed terminal report, pages for people, and the forms that other tools read.
//!
//! A rendering takes a finished [`Audit`](mlops_audit_core::audit::Audit) and gives text. It decides no verdict
//! and ranks nothing: what stands in the audit is what a reader meets, in the order in which it stands there.

pub mod badge;
pub mod difference;
mod extras;
pub mod fixes;
mod gaps;
pub mod github;
pub mod gitlab;
mod hosting;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
mod sentence;
pub mod standard;
pub mod terminal;

pub use extras::{Extras, Target};
