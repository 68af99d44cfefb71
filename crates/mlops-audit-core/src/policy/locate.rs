//! Where the policy of a project stands: beside it, or at the root of the repository.

use super::{Policy, PolicyError, read};
use crate::audit::PolicyOrigin;
use crate::discover::{Presence, Source};

/// Name of a policy file.
pub const FILE_NAME: &str = "mlops-audit.toml";

/// The policy that the repository itself carries: `mlops-audit.toml`, else `[tool.mlops-audit]` of `pyproject.toml`; of
/// the project that is judged, else of the root. Without any, the default.
///
/// # Errors
/// What is wrong with the policy, line by line. A `pyproject.toml` that cannot be parsed has no policy: the audit lists
/// it as unread.
pub fn of_project(source: &dyn Source) -> Result<Policy, PolicyError> {
    let listing = source.listing();
    let mut folders = vec![listing.project.as_str()];
    if !listing.project.is_empty() {
        folders.push("");
    }
    for folder in folders {
        for (name, origin) in [
            (FILE_NAME, PolicyOrigin::ProjectFile),
            ("pyproject.toml", PolicyOrigin::Pyproject),
        ] {
            let path = format!("{folder}{name}");
            let Some(file) = listing
                .file(&path)
                .filter(|file| file.presence != Presence::Missing)
            else {
                continue;
            };
            let bytes = source
                .read(file)
                .map_err(|why| PolicyError::unreadable(&path, &why))?;
            let text = String::from_utf8_lossy(&bytes);
            if let Some(policy) = read(&text, &path, origin)? {
                return Ok(policy);
            }
        }
    }
    Ok(Policy {
        obeys_comments: true,
        ..Policy::default()
    })
}
