//! Workflow commands of GitHub Actions: annotations at the lines of gaps, in the log of the job that ran the audit.
//!
//! One annotation a recommendation, the critical ones first, because GitHub shows ten of each kind and no more. What a
//! baseline knows is not annotated. Gates that failed stand above all, and the numbers of the report below.

use mlops_audit_core::audit::{Audit, Priority, Recommendation};
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::CriterionId;

use crate::Extras;
use crate::gaps::{Known, Spot, known, spots};
use crate::sentence::sentence;
use crate::terminal::{Vocabulary, counted, harmless, level, score};

/// Renders the commands, one a line.
pub fn render(
    audit: &Audit,
    _vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
    excerpts: &Excerpts,
) -> String {
    let mut text = String::new();
    for gate in extras.gates.iter().filter(|gate| !gate.passed) {
        let title = format!("mlops-audit: the gate '{}' failed", gate.gate);
        text += &command("error", None, &title, &gate.why);
    }
    for recommendation in &audit.recommendations {
        let open: Vec<CriterionId> = recommendation
            .criteria
            .iter()
            .copied()
            .filter(|id| {
                extras
                    .baseline
                    .is_none_or(|baseline| known(baseline, *id) != Known::Still)
            })
            .collect();
        if let Some(first) = open.first() {
            let spots = spots(audit, recommendation, *first, excerpts);
            text += &annotation(recommendation, &open, spots.first());
        }
    }
    text + &command("notice", None, "mlops-audit", &numbers(audit, extras))
}

fn annotation(recommendation: &Recommendation, open: &[CriterionId], spot: Option<&Spot<'_>>) -> String {
    let kind = match recommendation.priority {
        Priority::Critical | Priority::High => "error",
        Priority::Medium => "warning",
        Priority::Low => "notice",
    };
    let ids: Vec<String> = open.iter().map(ToString::to_string).collect();
    let title = format!("{} ({})", ids.join(", "), recommendation.priority);
    let message = format!(
        "{} {}",
        sentence(&recommendation.gap),
        sentence(&recommendation.recommendation)
    );
    command(kind, spot, &title, &message)
}

/// What the audit comes to, in a line.
fn numbers(audit: &Audit, extras: &Extras<'_>) -> String {
    let Some(standing) = &audit.standing else {
        return "not an ML project".to_owned();
    };
    let mut text = format!(
        "score {}/6, maturity {}, {}",
        score(standing.score),
        level(standing.maturity),
        counted(audit.recommendations.len(), "recommendation")
    );
    if let Some(baseline) = extras.baseline {
        let new = baseline.new.len() + baseline.worse.len();
        text += &format!(
            "; beside the baseline {} new or worse, {} known",
            counted(new, "gap"),
            baseline.known.len()
        );
    }
    let unseen = audit.project.unread.len();
    if unseen > 0 {
        text += &format!("; {} could not be read whole", counted(unseen, "file"));
    }
    text
}

fn command(kind: &str, spot: Option<&Spot<'_>>, title: &str, message: &str) -> String {
    let title = property(&harmless(title));
    let place = spot.map_or_else(String::new, |spot| {
        format!("file={},line={},", path(spot.path), spot.shown_line())
    });
    format!("::{kind} {place}title={title}::{}\n", data(&harmless(message)))
}

/// The name of a file must be exact to be found, so only what a log would obey is replaced.
fn path(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for character in path.chars() {
        if character.is_control() && !matches!(character, '\r' | '\n') {
            text.extend(character.escape_unicode());
        } else {
            text.push(character);
        }
    }
    property(&text)
}

/// The escapes that GitHub documents for the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes for its properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, path, property};

    #[test]
    fn what_a_command_is_made_of_is_escaped() {
        assert_eq!(data("100%\r\nof: a, b"), "100%25%0D%0Aof: a, b");
        assert_eq!(property("a:b,c%0A"), "a%3Ab%2Cc%250A");
        assert_eq!(path("a\u{1b}[31m\nb.py"), "a\\u{1b}[31m%0Ab.py");
    }
}
