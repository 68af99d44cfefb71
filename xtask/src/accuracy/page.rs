//! The page of the documentation that publishes the figures, errors included.

use std::fmt::Write as _;

use mlops_audit_core::judge::Verdict;

use super::figures::{Compared, Figures};

const OPENING: &str = "\
# How right it is

<!-- Written by `cargo xtask accuracy --write`; change the program, not the page. -->

The audit is measured on public repositories that people labelled: each was read twice, independently, with the pages of
the criteria in hand, and differences were settled by a third reading. The labels stand in `benchmarks/accuracy`, each
with its repository, its commit, its places and its reasons, so that anyone can repeat the measurement:

```sh
cargo xtask accuracy
```

**Read the figures with this in mind.** These labels were at hand while the rules were written, so the figures say how
well the rules explain them, not how the audit does on a repository that it has never seen. For that, thirty-one others
were labelled blind, in two rounds: before any rule was made from them, the audit agreed with 90.4 % of the verdicts of
the first fifteen, and with 87.5 % of those of the next sixteen (`benchmarks/accuracy/README.md`). For scale: always giving each criterion's most frequent verdict agrees on about 60 %,
and two careful readings of the same repository agree with each other on about 94 %.
";

/// The whole page.
pub(crate) fn render(compared: &[Compared<'_>], figures: &Figures) -> String {
    let mut text = OPENING.to_owned();
    whole(&mut text, figures);
    by_criterion(&mut text, figures);
    confusion(&mut text, figures);
    errors(&mut text, compared);
    text
}

fn whole(text: &mut String, figures: &Figures) {
    let all = &figures.all;
    let _ = write!(
        text,
        "\n## The whole\n\n| Figure | Value |\n| --- | ---: |\n\
         | repositories | {} |\n| verdicts | {} |\n| agreement | {:.1} % |\n| opposite (met for unmet, or the reverse) | {} |\n\
         | weighted kappa | {:.2} |\n",
        figures.repositories,
        all.pairs,
        100.0 * all.share(),
        all.opposite,
        all.kappa.unwrap_or(1.0),
    );
    for (name, figure) in &figures.assessment {
        let _ = writeln!(text, "| {name} | {figure:.2} |");
    }
}

fn by_criterion(text: &mut String, figures: &Figures) {
    text.push_str("\n## By criterion\n\n| Criterion | Agree | Opposite | Weighted kappa |\n| --- | ---: | ---: | ---: |\n");
    for (id, agreement) in &figures.criteria {
        let kappa = agreement
            .kappa
            .map_or_else(|| "–".to_owned(), |kappa| format!("{kappa:.2}"));
        let _ = writeln!(
            text,
            "| `{id}` | {} of {} | {} | {kappa} |",
            agreement.right, agreement.pairs, agreement.opposite
        );
    }
}

fn confusion(text: &mut String, figures: &Figures) {
    text.push_str("\n## What was labelled, and what was given\n\n| Labelled | given unmet | given partial | given met |\n| --- | ---: | ---: | ---: |\n");
    for (verdict, row) in Verdict::ALL.iter().zip(figures.confusion) {
        let _ = writeln!(text, "| {verdict} | {} | {} | {} |", row[0], row[1], row[2]);
    }
    text.push_str("\nWhere a label accepts a second verdict as defensible, giving it counts as right above, and stands here where it was given.\n");
}

fn errors(text: &mut String, compared: &[Compared<'_>]) {
    text.push_str("\n## Every disagreement\n\nA disagreement is an error of the audit, or of the label.\n\n| Repository | Criterion | Labelled | Given | The label's reason |\n| --- | --- | --- | --- | --- |\n");
    for one in compared {
        for pair in one.pairs().filter(|pair| !pair.is_right) {
            let why = one
                .label
                .verdict(pair.id)
                .map(|label| label.why.replace('|', "\\|"));
            let _ = writeln!(
                text,
                "| [{}](https://github.com/{}/tree/{}) | `{}` | {} | {} | {} |",
                one.label.github,
                one.label.github,
                one.label.commit,
                pair.id,
                pair.labelled,
                pair.given,
                why.unwrap_or_default()
            );
        }
    }
}
