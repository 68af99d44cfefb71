//! An audit beside something else: what must hold of it, what was known before, how it stood at another commit.

mod baseline;
mod difference;
mod gate;

pub use baseline::{Baseline, Comparison, Gap};
pub use difference::{Change, Difference};
pub use gate::{GateResult, check};
