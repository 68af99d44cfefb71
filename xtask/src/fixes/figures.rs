//! The figures of all checkouts together.

use std::collections::BTreeMap;

use mlops_audit_fix::FIXERS;

use super::measured::{Held, Measured};

/// What the pages show.
#[derive(Debug)]
pub(crate) struct Figures {
    /// How many checkouts there are.
    pub(crate) repositories: usize,
    /// By fixer, in their order.
    pub(crate) fixers: Vec<Figure>,
}

/// The figures of one fixer.
#[derive(Debug, Default)]
pub(crate) struct Figure {
    /// The fixer.
    pub(crate) id: &'static str,
    /// The repositories in which a criterion that it answers is short of met.
    pub(crate) gaps: usize,
    /// Those of them that are offered a fix or a command.
    pub(crate) offered: usize,
    /// The commands that are offered.
    pub(crate) commands: usize,
    /// The fixes that are offered.
    pub(crate) fixes: usize,
    /// Of how many of them what holds: Git takes the patch, Python parses, the places are gone, nothing is lower, and
    /// nothing is proposed again.
    pub(crate) held: [usize; 5],
    /// The reasons of the repositories that are offered nothing, with how many there are of each.
    pub(crate) reasons: BTreeMap<String, usize>,
}

impl Figures {
    /// Sums up.
    pub(crate) fn of(measured: &[Measured]) -> Self {
        Self {
            repositories: measured.len(),
            fixers: FIXERS.iter().map(|fixer| figure(fixer.id, measured)).collect(),
        }
    }
}

fn figure(id: &'static str, measured: &[Measured]) -> Figure {
    let mut figure = Figure {
        id,
        ..Figure::default()
    };
    for one in measured.iter().filter(|one| one.gaps.contains(id)) {
        let fixes: Vec<&Held> = one.fixes.iter().filter(|held| held.fixer == id).collect();
        let commands = one.commands.iter().filter(|command| *command == id).count();
        figure.gaps += 1;
        figure.commands += commands;
        figure.fixes += fixes.len();
        for held in &fixes {
            let all = [held.applies, held.parses, held.closes, held.keeps, held.rests];
            for (sum, holds) in figure.held.iter_mut().zip(all) {
                *sum += usize::from(holds);
            }
        }
        if !fixes.is_empty() || commands > 0 {
            figure.offered += 1;
            continue;
        }
        let refused = one.refused.iter().filter(|(fixer, _)| fixer == id);
        let mut reasons: Vec<String> = refused.map(|(_, why)| general(why)).collect();
        reasons.sort();
        reasons.dedup();
        if let Some(other) = raising(id, one) {
            reasons = vec![format!("the fixer {other} closes it, or some of it")];
        }
        if reasons.is_empty() {
            reasons.push("it has nothing to edit there".to_owned());
        }
        for reason in reasons {
            *figure.reasons.entry(reason).or_default() += 1;
        }
    }
    figure
}

/// The other fixer whose fix raises a criterion of this one.
fn raising(id: &str, measured: &Measured) -> Option<&'static str> {
    let criteria = FIXERS.iter().find(|fixer| fixer.id == id)?.criteria;
    let of_others = measured.raised.iter().filter(|(fixer, _)| *fixer != id);
    let mut raising = of_others.filter(|(_, criterion)| criteria.contains(&criterion.as_str()));
    raising.next().map(|(fixer, _)| *fixer)
}

/// A reason without the names of what it was found in.
fn general(why: &str) -> String {
    let mut text = String::new();
    for (at, part) in why.split('\'').enumerate() {
        text.push_str(if at % 2 == 0 { part } else { "…" });
    }
    let is_name = |word: &&str| word.contains(['/', '=']) || word.contains('.') && !word.ends_with('.');
    let words = text
        .split(' ')
        .map(|word| if is_name(&word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(fixer: &'static str, rests: bool) -> Held {
        Held {
            fixer,
            applies: true,
            parses: true,
            closes: true,
            keeps: true,
            rests,
        }
    }

    #[test]
    fn repositories_count_once_and_only_where_their_gap_is() {
        let measured = [
            Measured {
                gaps: ["seeds"].into(),
                fixes: vec![held("seeds", true), held("seeds", false)],
                ..Measured::default()
            },
            Measured {
                gaps: ["seeds"].into(),
                refused: vec![
                    (
                        "seeds".to_owned(),
                        "'keras' is something else in src/main.py".to_owned(),
                    ),
                    (
                        "seeds".to_owned(),
                        "'torch' is something else in main.py".to_owned(),
                    ),
                ],
                ..Measured::default()
            },
            Measured::default(),
        ];
        let figures = Figures::of(&measured);
        assert_eq!(figures.repositories, 3);
        let seeds = &figures.fixers[0];
        assert_eq!(
            (seeds.id, seeds.gaps, seeds.offered, seeds.fixes),
            ("seeds", 2, 1, 2)
        );
        assert_eq!(seeds.held, [2, 2, 2, 2, 1]);
        let reasons: Vec<_> = seeds.reasons.iter().collect();
        assert_eq!(reasons, [(&"… is something else in …".to_owned(), &1)]);
    }
}
