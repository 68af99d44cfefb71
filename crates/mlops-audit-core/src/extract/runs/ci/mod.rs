//! Jobs of CI services: one file a service, all giving [`Runner`]s.

mod azure;
mod bitbucket;
mod circleci;
mod cloudbuild;
mod github;
mod gitlab;
mod jenkins;
mod parameters;
mod pieces;
mod plain;
mod rules;
mod travis;

use super::{Context, Expansion, Runner};

/// Reads the jobs of every CI service.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    github::read(context, expansion, runners);
    gitlab::read(context, expansion, runners);
    circleci::read(context, expansion, runners);
    azure::read(context, expansion, runners);
    jenkins::read(context, expansion, runners);
    travis::read(context, expansion, runners);
    bitbucket::read(context, expansion, runners);
    cloudbuild::read(context, expansion, runners);
    plain::read(context, expansion, runners);
}
