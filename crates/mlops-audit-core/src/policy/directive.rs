//! Comments to the audit: `# mlops-audit: ignore[reproducibility.seeds] drawn for a plot only`.

use mlops_audit_formats::comments::Comment;

use super::read::unknown_name;
use super::{PolicyProblem, Suppression};
use crate::evidence::Evidence;
use crate::judge::criteria;
use crate::read::ADDRESS;

/// Reads the comments: each silences the places of its line and of the next. What is wrong with one is told, and it
/// silences nothing.
pub(crate) fn directives(addressed: &[(String, Comment)]) -> (Vec<Suppression>, Vec<PolicyProblem>) {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (path, comment) in addressed {
        match one(path, comment) {
            Ok(directives) => found.extend(directives),
            Err(message) => problems.push(PolicyProblem {
                file: path.clone(),
                place: comment.place,
                message,
            }),
        }
    }
    (found, problems)
}

fn one(path: &str, comment: &Comment) -> Result<Vec<Suppression>, String> {
    const FORM: &str = "write '# mlops-audit: ignore[criterion] reason'";
    let text = comment.text.trim_start_matches('#').trim_start();
    let order = text.strip_prefix(ADDRESS).unwrap_or(text).trim();
    let rest = order
        .strip_prefix("ignore")
        .map(str::trim_start)
        .and_then(|rest| rest.strip_prefix('['))
        .ok_or_else(|| format!("'{order}' is no order to the audit; {FORM}"))?;
    let (names, reason) = rest
        .split_once(']')
        .ok_or_else(|| format!("'{order}' has no closing bracket; {FORM}"))?;
    let reason = reason.trim().trim_start_matches([':', '-', '–']).trim();
    if reason.is_empty() {
        return Err(format!("'{order}' gives no reason; {FORM}"));
    }
    names
        .split(',')
        .map(|name| {
            let name = name.trim();
            let known = criteria().find(|criterion| criterion.id.to_string() == name);
            let criterion = known.ok_or_else(|| {
                let ids: Vec<String> = criteria().map(|criterion| criterion.id.to_string()).collect();
                unknown_name(
                    "criterion",
                    name,
                    &ids.iter().map(String::as_str).collect::<Vec<_>>(),
                )
            })?;
            Ok(Suppression {
                criterion: criterion.id,
                reason: reason.to_owned(),
                paths: Vec::new(),
                place: Evidence::new(path, comment.place, "suppressed by a comment"),
                is_comment: true,
            })
        })
        .collect()
}
