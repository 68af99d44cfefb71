//! What to do, below the box: critical first, each with the same six lines.

use std::collections::BTreeSet;

use mlops_audit_core::advise::Step;
use mlops_audit_core::audit::{Audit, Priority, Recommendation, Standing};
use mlops_audit_core::evidence::Evidence;

use super::page::{Page, Paragraph};
use super::text::{Text, Tone};
use super::{Vocabulary, counted, level, names, priority_tone, score};
use crate::Extras;
use crate::sentence::sentence;

/// Width of the widest of the six labels, with its colon and a blank.
const LABEL: usize = "RECOMMENDATION: ".len();

/// How many places a gap names at most; the JSON form has all of them.
const PLACES: usize = 3;

/// All recommendations, or the most urgent ones where only so many are wanted.
pub(super) fn write(
    page: &mut Page,
    audit: &Audit,
    standing: &Standing,
    vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
) {
    let recommendations = &audit.recommendations;
    let most_urgent = recommendations.top(extras.top.unwrap_or(usize::MAX));
    let shown = most_urgent.len();
    page.blank();
    let lead = Text::toned(Tone::Heading, "RECOMMENDATIONS: ");
    page.paragraph(&Paragraph {
        indent: 0,
        lead,
        body: counts(recommendations),
    });
    for (index, recommendation) in most_urgent.iter().enumerate() {
        let opens_a_priority = index == 0 || recommendations[index - 1].priority != recommendation.priority;
        page.blank();
        if opens_a_priority {
            page.ruled(
                priority_tone(recommendation.priority),
                &in_capitals(recommendation.priority),
                meaning(recommendation.priority),
            );
            page.blank();
        }
        write_one(page, index + 1, recommendation, standing, vocabulary);
        if extras.explain_priority {
            write_because(page, index + 1, recommendation);
        }
    }
    if shown < recommendations.len() {
        page.blank();
        let rest = counted(recommendations.len() - shown, "less urgent recommendation");
        page.verbatim(0, &format!("{rest} not shown"));
    }
}

/// `2 critical, 1 high`.
fn counts(recommendations: &[Recommendation]) -> Text {
    let mut text = Text::default();
    for priority in Priority::ALL.iter().rev() {
        let number = recommendations
            .iter()
            .filter(|advice| advice.priority == *priority)
            .count();
        if number > 0 {
            let separator = if text.width() == 0 { "" } else { ", " };
            text = text
                .and(Tone::Plain, separator)
                .and(priority_tone(*priority), &format!("{number} {priority}"));
        }
    }
    if text.width() == 0 {
        Text::plain("none, no gap was found")
    } else {
        text
    }
}

/// `2 critical, 1 high`, or that there is none.
pub(crate) fn counts_of(recommendations: &[Recommendation]) -> String {
    counts(recommendations).paint(false)
}

pub(crate) fn in_capitals(priority: Priority) -> String {
    priority.as_str().to_uppercase()
}

/// What a priority means.
pub(crate) fn meaning(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "blocks production deployment",
        Priority::High => "a significant risk in production",
        Priority::Medium => "violates best practice",
        Priority::Low => "nice to have",
    }
}

fn write_one(
    page: &mut Page,
    number: usize,
    advice: &Recommendation,
    standing: &Standing,
    vocabulary: &dyn Vocabulary,
) {
    let number = format!("{number}. ");
    let indent = number.len();
    page.numbered(
        &number,
        &Paragraph {
            indent,
            lead: label("PRINCIPLE"),
            body: Text::plain(&principle(advice)),
        },
    );
    let mut line = |name: &str, body: Text| {
        page.paragraph(&Paragraph {
            indent,
            lead: label(name),
            body,
        });
    };
    line("GAP", Text::plain(&gap(advice)));
    line("PRIORITY", priority(advice));
    line("RECOMMENDATION", Text::plain(&sentence(&advice.recommendation)));
    write_implementation(page, indent, advice);
    let tools = names(&advice.tools, vocabulary);
    page.paragraph(&Paragraph {
        indent,
        lead: label("TOOLS"),
        body: Text::plain(or_none(&tools)),
    });
    page.paragraph(&Paragraph {
        indent,
        lead: label("OUTCOME"),
        body: Text::plain(&outcome(advice, standing)),
    });
}

/// How the priority followed.
fn write_because(page: &mut Page, number: usize, advice: &Recommendation) {
    page.paragraph(&Paragraph {
        indent: format!("{number}. ").len(),
        lead: label("WHY"),
        body: Text::plain(&advice.because.join("; ")),
    });
}

/// What closing the gap alone would change, what it opens the way for, and how much work it is.
pub(crate) fn outcome(advice: &Recommendation, standing: &Standing) -> String {
    let (before, after) = (score(standing.score), score(advice.outcome.score));
    let mut text = if before == after {
        format!("score stays {before}")
    } else {
        format!("score {before} → {after}")
    };
    if advice.outcome.maturity > standing.maturity {
        text += &format!(", maturity {}", level(advice.outcome.maturity));
    }
    if !advice.unlocks.is_empty() {
        let unlocked: Vec<String> = advice.unlocks.iter().map(ToString::to_string).collect();
        text += &format!("; opens the way for {}", unlocked.join(", "));
    }
    format!("{text}; {} of work", advice.effort)
}

/// Prose alone is wrapped beside the label. Code stands below it, where it has more room, and none of it is wrapped, so
/// that it can be copied; a sentence among it is wrapped as comments are. A tab would be shown as an escape, so blanks
/// stand for it.
fn write_implementation(page: &mut Page, indent: usize, advice: &Recommendation) {
    let is_prose = matches!(advice.steps.as_slice(), [] | [Step::Decide { .. }]);
    if is_prose && advice.implementation.lines().count() <= 1 {
        let body = Text::plain(or_none(advice.implementation.trim_end()));
        page.paragraph(&Paragraph {
            indent,
            lead: label("IMPLEMENTATION"),
            body,
        });
        return;
    }
    page.paragraph(&Paragraph {
        indent,
        lead: label("IMPLEMENTATION"),
        body: Text::default(),
    });
    for line in advice.implementation.trim_end().lines() {
        let decision = line.strip_prefix("# ").filter(|text| is_decision(advice, text));
        match decision {
            Some(text) => page.comment(indent + 4, text),
            None => page.verbatim(indent + 4, &line.replace('\t', "    ")),
        }
    }
}

/// Whether a line is one of the sentences for people.
fn is_decision(advice: &Recommendation, line: &str) -> bool {
    advice
        .steps
        .iter()
        .any(|step| matches!(step, Step::Decide { text } if text == line))
}

fn principle(advice: &Recommendation) -> String {
    let criteria: Vec<String> = advice.criteria.iter().map(ToString::to_string).collect();
    format!("{} ({})", advice.principle.name(), criteria.join(", "))
}

/// The gap with the places where it would be mended, but for those that it names itself.
fn gap(advice: &Recommendation) -> String {
    let mut places: Vec<&Evidence> = Vec::new();
    let mut known: BTreeSet<(&str, u32, u32)> = BTreeSet::new();
    for place in &advice.locations {
        let at = place.place;
        if known.insert((&place.path, at.cell, at.line)) && !advice.gap.contains(&place.location()) {
            places.push(place);
        }
    }
    let gap = sentence(&advice.gap);
    if places.is_empty() {
        return gap;
    }
    let mut shown = listed(&places[..places.len().min(PLACES)]);
    if places.len() > PLACES {
        shown += &format!(" and {} more", places.len() - PLACES);
    }
    let gap = gap.trim_end_matches('.');
    // Two brackets in a row read as a slip.
    match gap.strip_suffix(')') {
        Some(gap) => format!("{gap}; {shown})."),
        None => format!("{gap} ({shown})."),
    }
}

/// `src/train.py:9, :14, src/split.py:3`: a path that several places share is written once.
fn listed(places: &[&Evidence]) -> String {
    let mut listed = String::new();
    for (index, place) in places.iter().enumerate() {
        let location = place.location();
        let shared = index > 0 && places[index - 1].path == place.path && place.place.line > 0;
        let rest = if shared {
            &location[place.path.len()..]
        } else {
            &location
        };
        let separator = if index == 0 { "" } else { ", " };
        listed.push_str(separator);
        listed.push_str(rest);
    }
    listed
}

fn priority(advice: &Recommendation) -> Text {
    let mut word = advice.priority.as_str().to_owned();
    word[..1].make_ascii_uppercase();
    let text = Text::toned(priority_tone(advice.priority), &word);
    if advice.reason.is_empty() {
        text
    } else {
        text.and(Tone::Plain, &format!(" - {}", advice.reason))
    }
}

fn label(name: &str) -> Text {
    Text::toned(Tone::Heading, &format!("{:<LABEL$}", format!("{name}:")))
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
