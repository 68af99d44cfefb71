//! The JSON contract that tools rely on, one module for each major version of it.

pub mod v1;

pub use v1::{render, schema};
