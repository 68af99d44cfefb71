//! How good the model is by the project's own code: which figure it computes on held-out data, how a test gets at it, and
//! which value of it the repository records.

mod figures;
mod measures;
mod records;
mod runs;

pub(crate) use figures::{Figure, Way, figures};
pub(crate) use records::{Record, record};
