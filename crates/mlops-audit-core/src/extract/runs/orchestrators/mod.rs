//! To be written.

use super::expand::Start;
use super::{Context, Expansion, Invocation, Runner};

/// Reads runners of this kind.
pub(super) fn read(_context: Context<'_>, _expansion: &Expansion<'_>, _runners: &mut Vec<Runner>) {}

/// Follows a tool that runs other commands: `None` where it is no such tool.
pub(super) fn follow(
    _context: Context<'_>,
    _expansion: &Expansion<'_>,
    _name: &str,
    _arguments: &[String],
    _start: &Start,
) -> Option<Vec<Invocation>> {
    None
}
