//! An audit together with what it was made of, for whoever proposes changes to the repository.

use crate::audit::Audit;
use crate::catalogue::Catalogue;
use crate::discover::Source;
use crate::extract::Facts;
use crate::judge::Judged;

/// An audit with the facts and verdicts that it rests on, and the source whose text they were taken from.
pub struct Inspection<'run> {
    /// The files that were audited: those that the policy excludes are left out.
    pub source: &'run dyn Source,
    /// The known tools.
    pub catalogue: &'run Catalogue,
    /// The verdicts, with the facts behind them.
    pub judged: &'run Judged<'run>,
    /// What `audit` gives.
    pub audit: Audit,
}

impl<'run> Inspection<'run> {
    /// All that is known of the repository.
    pub fn facts(&self) -> &'run Facts<'run> {
        self.judged.facts()
    }
}
