//! What to do: every recommendation by priority, and the roadmap as check boxes where it was asked for.

use mlops_audit_core::audit::{AutomationLevel, Recommendation, Standing};

use super::escape::{block, text};
use super::{Page, and_more, listed};
use crate::sentence::sentence;
use crate::terminal::{counted, counts_of, in_capitals, level, meaning, names, outcome};
use crate::{Extras, Target};

/// How many places a gap names at most.
const PLACES: usize = 3;

/// All recommendations, or the `top` most urgent ones.
pub(super) fn write(page: &mut Page<'_>, standing: &Standing, top: Option<usize>) {
    let audit = page.audit;
    let all = audit.recommendations.as_slice();
    let shown = &all[..top.unwrap_or(all.len()).min(all.len())];
    page.block(format!("### Recommendations: {}", counts_of(all)));
    for (index, one) in shown.iter().enumerate() {
        let opens_a_priority = index == 0 || shown[index - 1].priority != one.priority;
        let mut section = String::new();
        if opens_a_priority {
            section = format!("**{}: {}**\n\n", in_capitals(one.priority), meaning(one.priority));
        }
        section.push_str(&recommendation(page, index + 1, one, standing));
        page.block(section);
    }
    if shown.len() < all.len() {
        let rest = counted(all.len() - shown.len(), "less urgent recommendation");
        page.block(format!("{rest} not shown."));
    }
}

fn recommendation(page: &mut Page<'_>, number: usize, one: &Recommendation, standing: &Standing) -> String {
    let mut lines = vec![format!("- **Gap:** {}", text(&sentence(&one.gap)))];
    if let Some(places) = places(page, one) {
        lines.push(format!("- **Where:** {places}"));
    }
    if !one.reason.is_empty() {
        lines.push(format!(
            "- **Priority:** {}, because {}",
            one.priority,
            text(&one.reason)
        ));
    }
    lines.push(format!("- **Closes:** {}", listed(&one.criteria)));
    if !one.tools.is_empty() {
        lines.push(format!(
            "- **Tools:** {}",
            text(&names(&one.tools, page.vocabulary))
        ));
    }
    lines.push(format!("- **Outcome:** {}", text(&outcome(one, standing))));
    let is_shown = page
        .detail
        .implementations
        .is_some_and(|least| one.priority >= least);
    let mut section = format!(
        "#### {number}. {}\n\n{}",
        text(one.recommendation.trim_end_matches('.')),
        lines.join("\n")
    );
    if one.implementation.trim().is_empty() {
        return section;
    }
    if is_shown {
        section.push_str("\n\n");
        section.push_str(&implementation(&one.implementation));
    } else {
        page.implementations_left_out += 1;
    }
    section
}

/// The places where it would be mended.
fn places(page: &Page<'_>, one: &Recommendation) -> Option<String> {
    let mut places: Vec<String> = one.locations.iter().map(|place| page.place(place)).collect();
    places.dedup();
    let shown = &places[..places.len().min(PLACES)];
    let rest = and_more(places.len() - shown.len(), "place");
    let is_wanted = !shown.is_empty() && page.detail.places > 0;
    is_wanted.then(|| format!("{}{rest}", shown.join(", ")))
}

/// One sentence stands as it is; all else is code behind a fold.
fn implementation(implementation: &str) -> String {
    let is_sentence = implementation.trim().lines().count() == 1 && implementation.trim().ends_with('.');
    if is_sentence {
        return format!("How: {}", text(implementation.trim()));
    }
    format!(
        "<details>\n<summary>Implementation</summary>\n\n{}\n\n</details>",
        block(implementation)
    )
}

/// What to do, with the criteria that it closes and the work that it is.
pub(super) fn in_brief(one: &Recommendation) -> String {
    format!(
        "{} ({}; {} of work)",
        text(one.recommendation.trim_end_matches('.')),
        listed(&one.criteria),
        one.effort
    )
}

/// The roadmap, and the shortest way to a level of maturity.
pub(super) fn write_plan(page: &mut Page<'_>, standing: &Standing, extras: &Extras<'_>) {
    if extras.plan {
        page.block("### MLOps Implementation Roadmap");
        let roadmap = &page.audit.roadmap;
        for (title, steps) in [
            ("Immediate (Week 1)", &roadmap.immediate),
            ("Short-term (Month 1)", &roadmap.short_term),
            ("Medium-term (Quarter 1)", &roadmap.medium_term),
        ] {
            page.block(format!("**{title}**\n\n{}", boxes(page, steps)));
        }
    }
    if let Some(target) = &extras.target {
        write_way(page, standing.maturity, target);
    }
}

fn write_way(page: &mut Page<'_>, reached: AutomationLevel, target: &Target<'_>) {
    page.block(format!("### Way to level {}", level(target.level)));
    page.block(match target.steps {
        None => "What is recommended does not reach it: a gap in its way is suppressed.".to_owned(),
        Some([]) => format!("It is reached already: the maturity is {}.", level(reached)),
        Some(steps) => boxes(page, steps),
    });
}

fn boxes(page: &Page<'_>, steps: &[usize]) -> String {
    let steps = steps.iter().filter_map(|at| page.audit.recommendations.get(*at));
    let boxes: Vec<String> = steps.map(|one| format!("- [ ] {}", in_brief(one))).collect();
    if boxes.is_empty() {
        "Nothing.".to_owned()
    } else {
        boxes.join("\n")
    }
}
