//! The audit of a machine-learning repository, as one function: `read`, `extract`, `judge`, `advise`.
//!
//! Each stage is a folder of this crate and imports only from the stages before it. `discover` alone touches the
//! disk; everything else is a pure function of its arguments: no clock, no environment, no randomness, and the same
//! result at any number of threads.

pub mod advise;
pub mod audit;
pub mod catalogue;
pub mod discover;
pub mod evidence;
pub mod extract;
pub mod judge;
pub mod read;

use audit::{Audit, Kind, ProjectSummary};
use catalogue::Catalogue;
use discover::Source;

/// Audits a repository.
pub fn audit(source: &dyn Source, catalogue: &Catalogue) -> Audit {
    let mut documents = read::read(source);
    let listing = source.listing();
    let files_read = documents.files.len();
    let mut unread = listing.unread.clone();
    unread.append(&mut documents.unread);
    unread.sort();
    let facts = extract::extract(listing, &mut documents, catalogue);
    let judged = judge::judge(&facts);
    let is_ml = facts.assessment.kind != Kind::NotMl;
    let standing = judged.standing();
    let mut assessment = facts.assessment.clone();
    assessment.state = standing.automation_level;
    Audit {
        project: ProjectSummary {
            root: listing.root.clone(),
            path: listing.path.clone(),
            commit: listing.git.as_ref().and_then(|git| git.commit.clone()),
            files_read,
            unread,
            limits_hit: listing.limits_hit.clone(),
            policy: audit::PolicyOrigin::None,
        },
        assessment,
        principles: judged.principles(),
        standing: is_ml.then_some(standing),
        recommendations: if is_ml {
            advise::advise(&judged)
        } else {
            Vec::new()
        },
    }
}
