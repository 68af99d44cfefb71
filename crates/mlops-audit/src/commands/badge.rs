//! `badge`: one number of the audit as a picture, or for a service that draws badges.

use mlops_audit_report::badge::badge;

use super::Ending;
use crate::cli::{BadgeArguments, BadgeFormat};
use crate::outputs::{self, Destination};
use crate::session::{self, Reread};

/// Audits the project and writes its badge.
pub(crate) fn run(arguments: &BadgeArguments) -> anyhow::Result<Ending> {
    let destination = Destination::of(arguments.output.as_deref());
    destination.check()?;
    let audited = session::audit(&arguments.project, Reread::Nothing)?;
    let badge = badge(&audited.audit, arguments.what.into());
    let text = match arguments.format {
        BadgeFormat::Svg => badge.svg(),
        BadgeFormat::Endpoint => badge.endpoint(),
    };
    outputs::deliver(&[(destination, text)])?;
    Ok(Ending::Holds)
}
