//! What users and tools read, from audits that are built by hand.

mod json;
mod sample;
mod terminal;
