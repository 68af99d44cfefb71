//! What must hold of the edited tree before a fix is shown.

use std::collections::BTreeMap;

use mlops_audit_core::audit::{Audit, Kind};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::{Verdict, criteria};

use crate::change::FileChange;
use crate::edit::Fix;

/// One side of a proof: an audit, and the places of the gap that are open by it.
pub(crate) struct Side<'view> {
    pub(crate) audit: &'view Audit,
    pub(crate) open: &'view [Evidence],
}

/// Holds the edited tree against the one before.
///
/// # Errors
/// What does not hold, in lower case.
pub(crate) fn prove(
    fix: &Fix,
    changes: &[FileChange],
    before: &Side<'_>,
    after: &Side<'_>,
) -> Result<(), String> {
    parses(changes, before.audit, after.audit)?;
    falls_nowhere(before.audit, after.audit)?;
    let left = closes(fix, before.open, after.open)?;
    let rises = fix
        .criteria
        .iter()
        .any(|id| verdict(after.audit, id) > verdict(before.audit, id));
    if !rises && (fix.closes.is_empty() || left == 0) {
        return Err(format!("no verdict of {} would rise", fix.criteria.join(", ")));
    }
    Ok(())
}

/// What is edited has no more problems than it had.
fn parses(changes: &[FileChange], before: &Audit, after: &Audit) -> Result<(), String> {
    let problems = |audit: &Audit, path: &str| {
        let unread = audit.project.unread.iter();
        let of_file = unread.filter(|unread| unread.path == path);
        of_file.map(|unread| unread.why.clone()).collect::<Vec<_>>()
    };
    for change in changes {
        let (was, is) = (problems(before, &change.path), problems(after, &change.path));
        if is.len() > was.len() {
            let what = is.iter().find(|why| !was.contains(why)).unwrap_or(&is[0]);
            return Err(format!("'{}' could not be read any more: {what}", change.path));
        }
    }
    Ok(())
}

/// No criterion is judged lower, and the repository stays what it is.
fn falls_nowhere(before: &Audit, after: &Audit) -> Result<(), String> {
    let (was, is) = (before.assessment.kind, after.assessment.kind);
    if was != is && is == Kind::NotMl {
        return Err(format!("the repository would be taken for '{is}'"));
    }
    for criterion in criteria() {
        let observed = |audit: &Audit| audit.criterion(criterion.id).map(|result| result.observed);
        let (was, is) = (observed(before), observed(after));
        if is < was {
            let shown = |verdict: Option<Verdict>| verdict.unwrap_or(Verdict::Unmet);
            return Err(format!(
                "{} would fall from {} to {}",
                criterion.id,
                shown(was),
                shown(is)
            ));
        }
    }
    Ok(())
}

/// Every place that the fix names is gone, and no other one came; gives how many are left. Lines move under edits, so
/// places of one file that say the same are counted.
fn closes(fix: &Fix, before: &[Evidence], after: &[Evidence]) -> Result<usize, String> {
    let counted = |places: &[Evidence]| {
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for place in places {
            *counts
                .entry((place.path.clone(), place.what.clone()))
                .or_default() += 1;
        }
        counts
    };
    let mut expected = counted(before);
    for place in &fix.closes {
        let key = (place.path.clone(), place.what.clone());
        match expected.get_mut(&key).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => return Err(format!("{} is no place of the gap", place.location())),
        }
    }
    for (key, count) in counted(after) {
        if count > expected.get(&key).copied().unwrap_or(0) {
            return Err(format!("'{}' would still be found in {}", key.1, key.0));
        }
    }
    Ok(after.len())
}

fn verdict(audit: &Audit, id: &str) -> Option<Verdict> {
    let criterion = mlops_audit_core::judge::criterion_named(id)?;
    audit.criterion(criterion.id).map(|result| result.observed)
}
