//! The gaps as results, and those that were silenced.

use mlops_audit_core::audit::{Audit, Suppressed};
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::{CriterionId, criteria};
use serde_json::{Value, json};

use super::{level, place};
use crate::gaps::{Gap, Known, Spot, digest, home, located};
use crate::sentence::sentence;
use crate::terminal::harmless;

/// Key of the fingerprint. Its number grows when it is made of something else.
const FINGERPRINT: &str = "mlopsAuditGap/v1";

/// How many other places a message links to.
const LINKS: usize = 10;

/// A gap as a result.
pub(super) fn result(gap: &Gap<'_>) -> Value {
    let advice = gap.recommendation;
    let mut text = format!(
        "{} {}\nPriority: {}.",
        escaped(&gap.what()),
        escaped(&sentence(&advice.recommendation)),
        escaped(&priority(gap))
    );
    text += &links(&gap.spots);
    let mut result = outline(gap.result.id, level(advice.priority), &text, &gap.spots);
    result["partialFingerprints"] = json!({ FINGERPRINT: gap.fingerprint });
    if let Some(known) = gap.known {
        result["baselineState"] = match known {
            Known::New => "new",
            Known::Worse => "updated",
            Known::Still => "unchanged",
        }
        .into();
    }
    result["properties"] = json!({
        "verdict": gap.result.verdict.as_str(),
        "recommendation": advice.id,
        "priority": advice.priority.as_str(),
        "reason": advice.reason,
        "implementation": advice.implementation,
        "tools": advice.tools,
        "effort": advice.effort.as_str(),
    });
    result
}

fn priority(gap: &Gap<'_>) -> String {
    let advice = gap.recommendation;
    if advice.reason.is_empty() {
        advice.priority.to_string()
    } else {
        format!("{}, {}", advice.priority, advice.reason.trim_end_matches('.'))
    }
}

/// What services show is the first place; the message leads to the others.
fn links(spots: &[Spot<'_>]) -> String {
    let others: Vec<String> = spots
        .iter()
        .enumerate()
        .skip(1)
        .take(LINKS)
        .map(|(at, spot)| {
            let line = if spot.line > 0 {
                format!(":{}", spot.line)
            } else {
                String::new()
            };
            format!("[{}{line}]({at})", escaped(spot.path))
        })
        .collect();
    if others.is_empty() {
        String::new()
    } else {
        format!("\nAlso at {}.", others.join(", "))
    }
}

fn outline(id: CriterionId, level: &str, text: &str, spots: &[Spot<'_>]) -> Value {
    let rule = criteria().position(|criterion| criterion.id == id);
    let mut result = json!({
        "ruleId": id.to_string(),
        "ruleIndex": rule,
        "level": level,
        "message": { "text": text },
        "locations": [],
    });
    let Some((first, others)) = spots.split_first() else {
        return result;
    };
    result["locations"] = json!([{ "physicalLocation": place::physical(first) }]);
    let related: Vec<Value> = others
        .iter()
        .enumerate()
        .map(|(at, spot)| {
            let mut location = json!({ "id": at + 1, "physicalLocation": place::physical(spot) });
            if !spot.what.is_empty() {
                location["message"] = json!({ "text": escaped(spot.what) });
            }
            location
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

/// What was silenced, as results that say by whom and why. A gap that several words silence is one result.
pub(super) fn suppressed<'a>(audit: &'a Audit, excerpts: &'a Excerpts) -> Vec<Value> {
    let mut found: Vec<(CriterionId, bool, Vec<&Suppressed>)> = Vec::new();
    for one in &audit.policy.suppressed {
        let wholly = one.criteria.first().copied();
        let id = wholly.or_else(|| named(&one.recommendation));
        let Some(id) = id else { continue };
        let is_whole = wholly.is_some();
        match found
            .iter_mut()
            .find(|(known, whole, _)| *known == id && *whole == is_whole)
        {
            Some((_, _, all)) => all.push(one),
            None => found.push((id, is_whole, vec![one])),
        }
    }
    found
        .iter()
        .map(|(id, is_whole, all)| silenced(audit, *id, *is_whole, all, excerpts))
        .collect()
}

/// The criterion that the id of a recommendation begins with.
fn named(recommendation: &str) -> Option<CriterionId> {
    let name = recommendation.split(':').next().unwrap_or_default();
    mlops_audit_core::judge::criterion_named(name).map(|criterion| criterion.id)
}

fn silenced<'a>(
    audit: &'a Audit,
    id: CriterionId,
    is_whole: bool,
    all: &[&'a Suppressed],
    excerpts: &'a Excerpts,
) -> Value {
    let mut spots: Vec<Spot<'a>> = all
        .iter()
        .flat_map(|one| located(&one.locations, excerpts))
        .collect();
    if spots.is_empty() {
        spots.extend(home(audit, id, excerpts));
    }
    let result = audit.criterion(id);
    let missing = result.map(|result| result.missing.join("; ")).unwrap_or_default();
    let lines = all.iter().flat_map(|one| &one.locations);
    let line = lines
        .filter_map(|place| excerpts.get(place))
        .map(|excerpt| excerpt.marked_line().trim())
        .min();
    let scope = if is_whole { "gap" } else { "places" };
    let fingerprint = digest(&[
        &excerpts.landmarks.project,
        &id.to_string(),
        scope,
        line.unwrap_or_default(),
    ]);
    let text = escaped(&sentence(&missing)) + &links(&spots);
    let mut value = outline(id, "warning", &text, &spots);
    value["partialFingerprints"] = json!({ FINGERPRINT: fingerprint });
    value["suppressions"] = all
        .iter()
        .map(|one| suppression(audit, one, excerpts))
        .collect::<Vec<_>>()
        .into();
    if let Some(result) = result {
        value["properties"] = json!({ "verdict": result.verdict.as_str() });
    }
    value
}

fn suppression(audit: &Audit, one: &Suppressed, excerpts: &Excerpts) -> Value {
    let is_comment = one.place.path != audit.policy.file;
    let mut suppression = json!({
        "kind": if is_comment { "inSource" } else { "external" },
        "status": "accepted",
        "justification": one.reason,
    });
    if is_comment {
        let spot = located(std::slice::from_ref(&one.place), excerpts);
        if let Some(spot) = spot.first() {
            suppression["location"] = json!({ "physicalLocation": place::physical(spot) });
        }
    }
    suppression
}

/// Text inside a message, in which brackets would make a link. What would deceive its reader becomes visible.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in harmless(text).chars() {
        if matches!(character, '[' | ']') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
