//! Gates in shell steps: `if (( $(echo "$NEW_ACCURACY < $OLD_ACCURACY" | bc -l) )); then exit 1; fi`.

use super::gates::{Consequence, Gate};
use super::rivals;
use super::vocabulary::{METRICS, has_word, is_earlier_name, is_threshold_name};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::runs::{Invocation, RunnerKind};

/// How many commands behind a comparison may follow from it.
const AHEAD: usize = 12;

/// What a metric is compared with.
struct Compared {
    relative: bool,
    vacuous: bool,
}

/// Finds them in jobs, scripts and targets.
pub(super) fn gates(basis: &Basis<'_>, found: &mut Vec<Gate>) {
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        let counts = matches!(
            runner.kind,
            RunnerKind::Ci(_) | RunnerKind::Script | RunnerKind::Make | RunnerKind::Task(_)
        );
        if !counts {
            continue;
        }
        for (at, invocation) in runner.invocations.iter().enumerate() {
            let Some(compared) = compared(&invocation.words) else {
                continue;
            };
            let behind = runner.invocations[at + 1..]
                .iter()
                .take(AHEAD)
                .take_while(|next| next.path == invocation.path && next.step == invocation.step);
            let Some(what) = behind.filter(|next| next.conditional).find_map(follows) else {
                continue;
            };
            found.push(Gate {
                relative: compared.relative,
                vacuous: compared.vacuous,
                consequence: if runner.failure_ignored {
                    Consequence::Reported
                } else {
                    Consequence::Enforced
                },
                is_reached: true,
                evidence: invocation.evidence(what),
            });
        }
    }
}

/// What a comparison of a metric compares it with.
fn compared(words: &[String]) -> Option<Compared> {
    let (first, rest) = words.split_first()?;
    if !matches!(first.as_str(), "[" | "[[" | "((" | "test" | "echo" | "printf") {
        return None;
    }
    // What is compared is the value of a variable.
    if !rest.iter().any(|word| word.contains('$')) {
        return None;
    }
    let text = rest.join(" ");
    let (left, right) = [" -lt ", " -le ", " -gt ", " -ge ", "<=", ">=", " < ", " > "]
        .iter()
        .find_map(|operator| text.split_once(operator))?;
    let right = right.split(['|', ';', ']']).next().unwrap_or(right).trim();
    let is_metric = |side: &str| side.contains('$') && has_word(side, &METRICS);
    if !is_metric(left) && !is_metric(right) {
        return None;
    }
    let number = |side: &str| side.trim().trim_end_matches("))").trim().parse::<f64>().ok();
    if let Some(bar) = number(right).or_else(|| number(left)) {
        return Some(Compared {
            relative: false,
            vacuous: bar <= 0.0,
        });
    }
    let relative = rivals::are_named(left, right)
        || is_metric(left) && is_metric(right) && (is_earlier_name(left) != is_earlier_name(right));
    let absolute = is_threshold_name(left) || is_threshold_name(right);
    (relative || absolute).then_some(Compared {
        relative: relative && !absolute,
        vacuous: false,
    })
}

/// What a command does that only runs past or below a bar, where that holds a model back or lets it through.
fn follows(invocation: &Invocation) -> Option<&'static str> {
    let words: Vec<&str> = invocation.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exit", code, ..] if *code != "0" => Some("stops below a bar for a metric"),
        _ if [Role::Deploy, Role::Publish, Role::ModelRegistry]
            .iter()
            .any(|role| invocation.has_role(*role))
            || words
                .iter()
                .any(|word| word.contains("promote") || word.contains("register")) =>
        {
            Some("goes on only past a bar for a metric")
        }
        _ => None,
    }
}
