//! JUnit XML, which most CI services show as test results: one suite a principle, one case a criterion, and a suite of
//! the gates.
//!
//! A service takes a failure for a broken build, and gaps alone break nothing. So a case fails only where a gate asked
//! for it and did not get it, and there is a failure exactly where the exit status is 1. Every other gap, partial or
//! unmet, is skipped with what is missing, and a met criterion passes.

use std::fmt::Write as _;

use mlops_audit_core::audit::{Audit, CriterionResult, PrincipleResult, Recommendation};
use mlops_audit_core::compare::GateResult;
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::{CriterionId, Verdict};

use crate::Extras;
use crate::gaps::{Known, known};
use crate::sentence::sentence;
use crate::terminal::{Vocabulary, harmless, score};

/// Renders the document.
pub fn render(
    audit: &Audit,
    vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
    _excerpts: &Excerpts,
) -> String {
    let mut suites: Vec<Suite> = audit
        .principles
        .iter()
        .map(|principle| of_principle(audit, principle, vocabulary, extras))
        .collect();
    if !extras.gates.is_empty() {
        suites.push(of_gates(extras.gates));
    }
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"mlops-audit\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
        cases().count(),
        cases().filter(|case| case.is_failure()).count()
    );
    for (at, suite) in suites.iter().enumerate() {
        write_suite(
            &mut xml,
            suite,
            if at == 0 { properties(audit) } else { Vec::new() },
        );
    }
    xml.push_str("</testsuites>\n");
    xml
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

struct Case {
    /// The group that services list it under.
    class: String,
    name: String,
    outcome: Outcome,
    /// What the verdict rests on.
    output: String,
}

enum Outcome {
    Passed,
    /// With a message and the whole text.
    Skipped(String, String),
    /// The same.
    Failed(String, String),
}

impl Case {
    fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(..))
    }

    fn is_skipped(&self) -> bool {
        matches!(self.outcome, Outcome::Skipped(..))
    }
}

fn of_principle(
    audit: &Audit,
    principle: &PrincipleResult,
    vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
) -> Suite {
    let case = |result: &CriterionResult| Case {
        class: format!("mlops-audit.{}", result.id.principle),
        name: format!("{} ({})", result.id, vocabulary.label(result.id).label),
        outcome: outcome(audit, result, extras),
        output: evidence(result),
    };
    Suite {
        name: principle.principle.to_string(),
        cases: principle.criteria.iter().map(case).collect(),
    }
}

fn outcome(audit: &Audit, result: &CriterionResult, extras: &Extras<'_>) -> Outcome {
    if result.verdict == Verdict::Met {
        return Outcome::Passed;
    }
    let missing = result.missing.join("; ");
    if audit.standing.is_none() {
        return Outcome::Skipped("not an ML project".to_owned(), missing);
    }
    let message = format!("{}: {missing}", result.verdict);
    let mut advice = audit.recommendations.iter();
    let Some(recommendation) = advice.find(|one| one.criteria.contains(&result.id)) else {
        return Outcome::Skipped(format!("{message} (suppressed)"), reasons(audit, result.id));
    };
    let text = told(recommendation);
    if extras.gates.iter().any(|gate| gate.failing.contains(&result.id)) {
        return Outcome::Failed(message, text);
    }
    let is_known = extras
        .baseline
        .is_some_and(|baseline| known(baseline, result.id) == Known::Still);
    let note = if is_known { " (known by the baseline)" } else { "" };
    Outcome::Skipped(format!("{message}{note}"), text)
}

fn told(recommendation: &Recommendation) -> String {
    let mut text = format!(
        "{}\n{}\nPriority: {}",
        sentence(&recommendation.gap),
        sentence(&recommendation.recommendation),
        recommendation.priority
    );
    for place in &recommendation.locations {
        let _ = write!(text, "\n{}", place.location());
    }
    text
}

fn reasons(audit: &Audit, id: CriterionId) -> String {
    let all = audit.policy.suppressed.iter();
    let of_gap = all.filter(|one| one.criteria.contains(&id));
    let reasons: Vec<String> = of_gap
        .map(|one| format!("{} ({})", one.reason, one.place.location()))
        .collect();
    reasons.join("\n")
}

fn evidence(result: &CriterionResult) -> String {
    let mut text = String::new();
    if let Some(attestation) = &result.attested {
        let (statement, owner) = (&attestation.statement, &attestation.owner);
        let _ = writeln!(
            text,
            "{statement} (attested by {owner} until {})",
            attestation.expires
        );
    }
    for found in &result.evidence {
        let _ = writeln!(text, "{}: {}", found.location(), found.what);
    }
    text
}

fn of_gates(gates: &[GateResult]) -> Suite {
    let case = |gate: &GateResult| Case {
        class: "mlops-audit.gates".to_owned(),
        name: gate.gate.clone(),
        outcome: if gate.passed {
            Outcome::Passed
        } else {
            Outcome::Failed(gate.why.clone(), String::new())
        },
        output: if gate.passed {
            gate.why.clone()
        } else {
            String::new()
        },
    };
    Suite {
        name: "gates".to_owned(),
        cases: gates.iter().map(case).collect(),
    }
}

/// The numbers of the report.
fn properties(audit: &Audit) -> Vec<(&'static str, String)> {
    let mut properties = vec![("kind", audit.assessment.kind.to_string())];
    if let Some(standing) = &audit.standing {
        properties.push(("score", score(standing.score)));
        properties.push(("automation-level", standing.automation_level.number().to_string()));
        properties.push(("maturity", standing.maturity.number().to_string()));
        properties.push(("recommendations", audit.recommendations.len().to_string()));
    }
    properties
}

fn write_suite(xml: &mut String, suite: &Suite, properties: Vec<(&str, String)>) {
    let count = |is: fn(&Case) -> bool| suite.cases.iter().filter(|case| is(case)).count();
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
        escaped(&suite.name),
        suite.cases.len(),
        count(Case::is_failure),
        count(Case::is_skipped)
    );
    if !properties.is_empty() {
        xml.push_str("    <properties>\n");
        for (name, value) in properties {
            let _ = writeln!(
                xml,
                "      <property name=\"{name}\" value=\"{}\"/>",
                escaped(&value)
            );
        }
        xml.push_str("    </properties>\n");
    }
    for case in &suite.cases {
        write_case(xml, case);
    }
    xml.push_str("  </testsuite>\n");
}

fn write_case(xml: &mut String, case: &Case) {
    let _ = write!(
        xml,
        "    <testcase classname=\"{}\" name=\"{}\"",
        escaped(&case.class),
        escaped(&case.name)
    );
    let mut inside = String::new();
    let mut element = |name: &str, message: &str, text: &str| {
        let (message, text) = (escaped(message), escaped(text));
        let _ = writeln!(inside, "      <{name} message=\"{message}\">{text}</{name}>");
    };
    match &case.outcome {
        Outcome::Passed => {}
        Outcome::Skipped(message, text) => element("skipped", message, text),
        Outcome::Failed(message, text) => element("failure", message, text),
    }
    if !case.output.is_empty() {
        let output = escaped(&case.output);
        let _ = writeln!(inside, "      <system-out>{output}</system-out>");
    }
    if inside.is_empty() {
        xml.push_str("/>\n");
    } else {
        let _ = write!(xml, ">\n{inside}    </testcase>\n");
    }
}

/// Text for an element or an attribute. What XML forbids, and what would deceive a reader, becomes a visible escape;
/// only line breaks stay.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            escaped.push_str("&#10;");
        }
        for character in harmless(line).chars() {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                // Neither is a character of XML.
                '\u{fffe}' | '\u{ffff}' => escaped.extend(character.escape_unicode()),
                _ => escaped.push(character),
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_forbids_becomes_visible() {
        assert_eq!(
            escaped("a<b>&\"]]>\u{1}\u{fffe}\n\t"),
            "a&lt;b&gt;&amp;&quot;]]&gt;\\u{1}\\u{fffe}&#10;\\t"
        );
    }
}
