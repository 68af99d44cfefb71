//! The figures as a table for a terminal, with every disagreement.

use std::fmt::Write as _;

use super::figures::{Compared, Figures};

/// Every disagreement, then the table by criterion, then the figures of the whole.
pub(crate) fn render(compared: &[Compared<'_>], figures: &Figures, only: Option<&str>) -> String {
    let mut text = disagreements(compared, only);
    let _ = writeln!(
        text,
        "\n{:32} {:>3} {:>8} {:>9} {:>6}",
        "criterion", "n", "agree", "opposite", "kappa"
    );
    for (id, agreement) in &figures.criteria {
        let kappa = agreement
            .kappa
            .map(|kappa| format!("{kappa:.2}"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "{id:32} {:>3} {:>7.1}% {:>9} {kappa:>6}",
            agreement.pairs,
            100.0 * agreement.share(),
            agreement.opposite
        );
    }
    let all = &figures.all;
    let _ = writeln!(
        text,
        "\n{} repositories, {} verdicts: {:.2} % agree, {} opposite, weighted kappa {:.3}",
        figures.repositories,
        all.pairs,
        100.0 * all.share(),
        all.opposite,
        all.kappa.unwrap_or(1.0)
    );
    for (name, figure) in &figures.assessment {
        let _ = writeln!(text, "{name}: {figure:.3}");
    }
    text
}

fn disagreements(compared: &[Compared<'_>], only: Option<&str>) -> String {
    let mut text = String::new();
    for one in compared {
        for pair in one.pairs().filter(|pair| !pair.is_right) {
            if only.is_some_and(|part| !pair.id.to_string().contains(part)) {
                continue;
            }
            let _ = writeln!(
                text,
                "{}: {}: labelled {}, given {}",
                one.label.name, pair.id, pair.labelled, pair.given
            );
            if let Some(label) = one.label.verdict(pair.id) {
                let _ = writeln!(text, "    label: {} {:?}", label.why, label.evidence);
            }
            if let Some(result) = one.audit.criterion(pair.id) {
                for found in &result.evidence {
                    let _ = writeln!(text, "    audit: {} {}", found.location(), found.what);
                }
                for missing in &result.missing {
                    let _ = writeln!(text, "    missing: {missing}");
                }
            }
        }
    }
    text
}
