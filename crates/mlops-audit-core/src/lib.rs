//! The audit of a machine-learning repository, as one function: `read`, `extract`, `judge`, `advise`.
//!
//! Each stage is a folder of this crate and imports only from the stages before it. `discover` alone touches the
//! disk; everything else is a pure function of its arguments: no clock, no environment, no randomness, and the same
//! result at any number of threads.

pub mod advise;
pub mod audit;
pub mod catalogue;
pub mod compare;
pub mod discover;
pub mod evidence;
pub mod excerpts;
pub mod extract;
mod inspection;
pub mod judge;
pub mod landmarks;
mod parts;
pub mod policy;
pub mod reach;
pub mod read;

use audit::{Assessment, AttestationStatus, Audit, Kind, PolicyEffect, ProjectSummary};
use catalogue::Catalogue;
use discover::{Excluding, Source};
use judge::{Judged, Verdict};
use policy::Policy;

pub use inspection::Inspection;

/// Audits a repository. The tools of the policy count where the catalogue has them.
pub fn audit(source: &dyn Source, catalogue: &Catalogue, policy: &Policy) -> Audit {
    inspect(source, catalogue, policy, |found| found.audit)
}

/// Audits a repository in a process that ends soon after: the facts, which are millions of small pieces, are left for
/// the system to take back as a whole.
pub fn audit_at_last(source: &dyn Source, catalogue: &Catalogue, policy: &Policy) -> Audit {
    inspect_and(source, catalogue, policy, |found| found.audit, Afterwards::Leave)
}

/// Audits a repository, and lets `look` see the facts as well, which live as long as it runs.
pub fn inspect<T>(
    source: &dyn Source,
    catalogue: &Catalogue,
    policy: &Policy,
    look: impl FnOnce(Inspection<'_>) -> T,
) -> T {
    inspect_and(source, catalogue, policy, look, Afterwards::Free)
}

/// What becomes of the facts after an audit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    Free,
    Leave,
}

fn inspect_and<T>(
    source: &dyn Source,
    catalogue: &Catalogue,
    policy: &Policy,
    look: impl FnOnce(Inspection<'_>) -> T,
    afterwards: Afterwards,
) -> T {
    let source = Excluding::new(source, &policy.exclude);
    let mut documents = read::read(&source);
    let listing = source.listing();
    let files_read = documents.files.len();
    let mut unread = listing.unread.clone();
    unread.append(&mut documents.unread);
    unread.sort();
    let mut limits_hit = listing.limits_hit.clone();
    limits_hit.append(&mut documents.limits_hit);
    let addressed = std::mem::take(&mut documents.addressed);
    let mut facts = extract::extract(listing, &mut documents, catalogue);
    intend(&mut facts.assessment, policy);
    let judged = judge::judge(&facts, policy);
    let standing = judged.standing();
    let is_ml = facts.assessment.kind != Kind::NotMl;
    let mut assessment = facts.assessment.clone();
    assessment.state = standing.automation_level;
    let mut effect = PolicyEffect {
        file: policy.file.clone(),
        excluded: source.excluded(),
        attestations: attestations(&judged, policy),
        ..PolicyEffect::default()
    };
    let mut suppressions = policy.suppressions.clone();
    if policy.obeys_comments {
        let (directives, problems) = policy::directives(&addressed);
        suppressions.extend(directives);
        effect.problems = problems;
    }
    let mut recommendations = if is_ml {
        advise::advise(&judged)
    } else {
        advise::Ranked::default()
    };
    recommendations = advise::suppress(recommendations, suppressions, &mut effect);
    let audit = Audit {
        runs: reach::runs(&facts),
        project: ProjectSummary {
            root: listing.root.clone(),
            path: listing.path.clone(),
            commit: listing.git.as_ref().and_then(|git| git.commit.clone()),
            remote: listing.git.as_ref().and_then(|git| git.remote.clone()),
            files_read,
            unread,
            limits_hit,
            policy: policy.origin,
        },
        assessment,
        principles: judged.principles(),
        standing: is_ml.then_some(standing),
        roadmap: advise::roadmap(&recommendations),
        recommendations,
        policy: effect,
    };
    let seen = look(Inspection {
        source: &source,
        catalogue,
        judged: &judged,
        audit,
    });
    if afterwards == Afterwards::Leave {
        std::mem::forget(facts);
        std::mem::forget(documents);
    }
    seen
}

/// Adds the deployment that the policy says is intended.
fn intend(assessment: &mut Assessment, policy: &Policy) {
    let observed = &assessment.deployment;
    assessment.intended = policy
        .deployment
        .iter()
        .copied()
        .filter(|intended| !observed.contains(intended))
        .collect();
    assessment.deployment.extend(&assessment.intended);
    assessment.deployment.sort_unstable();
}

fn attestations(judged: &Judged<'_>, policy: &Policy) -> Vec<(policy::Attestation, AttestationStatus)> {
    let status = |attestation: &policy::Attestation| {
        let criterion = judge::criterion(attestation.criterion);
        let observed = judged
            .judgements()
            .find(|(known, _)| criterion.is_some_and(|criterion| criterion.id == known.id));
        if observed.is_some_and(|(_, judgement)| judgement.verdict == Verdict::Met) {
            AttestationStatus::NotNeeded
        } else if attestation.is_in_force(policy.today) {
            AttestationStatus::InForce
        } else {
            AttestationStatus::Expired
        }
    };
    let all = policy.attestations.iter();
    all.map(|attestation| (attestation.clone(), status(attestation)))
        .collect()
}
