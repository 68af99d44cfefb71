//! Jobs of CI services: one file a service, all giving [`Runner`]s.

mod github;
mod gitlab;
mod jenkins;
mod pieces;
mod rules;

use super::{Context, Expansion, Runner};

/// Reads the jobs of every CI service.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    github::read(context, expansion, runners);
    gitlab::read(context, expansion, runners);
    jenkins::read(context, expansion, runners);
}
