//! The roadmap, and the shortest way to a level of maturity: check-box Markdown, to be copied into an issue.

use mlops_audit_core::audit::{Audit, Standing};

use super::level;
use super::page::{Page, Paragraph};
use super::recommendations::outcome;
use super::text::{Text, Tone};
use crate::{Extras, Target};

pub(super) fn write(page: &mut Page, audit: &Audit, standing: &Standing, extras: &Extras<'_>) {
    if extras.plan {
        roadmap(page, audit, standing);
    }
    if let Some(target) = &extras.target {
        way(page, audit, standing, target);
    }
}

fn roadmap(page: &mut Page, audit: &Audit, standing: &Standing) {
    heading(page, "# MLOps Implementation Roadmap");
    let parts = [
        ("Immediate (Week 1)", &audit.roadmap.immediate),
        ("Short-term (Month 1)", &audit.roadmap.short_term),
        ("Medium-term (Quarter 1)", &audit.roadmap.medium_term),
    ];
    for (title, steps) in parts {
        heading(page, &format!("## {title}"));
        page.blank();
        if steps.is_empty() {
            page.verbatim(0, "Nothing.");
        }
        items(page, audit, standing, steps);
    }
}

fn way(page: &mut Page, audit: &Audit, standing: &Standing, target: &Target<'_>) {
    heading(page, &format!("# Way to level {}", level(target.level)));
    page.blank();
    match target.steps {
        None => page.paragraph(&plain(
            "What is recommended does not reach it: a gap in its way is suppressed.",
        )),
        Some([]) => page.paragraph(&plain(&format!(
            "It is reached already: the maturity is {}.",
            level(standing.maturity)
        ))),
        Some(steps) => items(page, audit, standing, steps),
    }
}

fn items(page: &mut Page, audit: &Audit, standing: &Standing, steps: &[usize]) {
    for advice in steps.iter().filter_map(|at| audit.recommendations.get(*at)) {
        let criteria: Vec<String> = advice.criteria.iter().map(ToString::to_string).collect();
        let text = format!(
            "{} ({}; {})",
            advice.recommendation.trim_end_matches('.'),
            criteria.join(", "),
            outcome(advice, standing)
        );
        page.paragraph(&Paragraph {
            indent: 0,
            lead: Text::plain("- [ ] "),
            body: Text::plain(&text),
        });
    }
}

fn heading(page: &mut Page, text: &str) {
    page.blank();
    page.paragraph(&Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::toned(Tone::Heading, text),
    });
}

fn plain(text: &str) -> Paragraph {
    Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::plain(text),
    }
}
