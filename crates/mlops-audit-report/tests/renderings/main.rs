//! What users and tools read, from audits that are built by hand.

mod html;
mod json;
mod markdown;
mod sample;
mod terminal;
