//! How good the model is by the project's own code: which figure it computes on held-out data, how a test gets at it, and
//! which value of it the repository records.

mod command_lines;
mod draft;
mod figures;
mod measures;
mod named;
mod records;
mod runs;

pub(crate) use draft::{Bar, Draft, shown};
pub(crate) use figures::figures;
pub(crate) use records::record;
