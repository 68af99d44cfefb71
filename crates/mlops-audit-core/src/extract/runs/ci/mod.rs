//! Jobs of CI services: one file a service, all giving [`Runner`]s.

mod github;

use super::{Context, Expansion, Runner};

/// Reads the jobs of every CI service.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    github::read(context, expansion, runners);
}
