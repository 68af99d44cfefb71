//! The page of the documentation that publishes the figures.

use std::fmt::Write as _;

use super::figures::Figures;

const OPENING: &str = "\
# What fixes do, measured

<!-- Written by `cargo xtask fixes --write`; change the program, not the page. -->

All fixers are run on public repositories that people labelled for the [accuracy of the audit](accuracy.md). What they
offer is made on copies, and held against programs of others:

```sh
cargo xtask fixes --write CHECKOUT…
```

- *Gap*: repositories in which a criterion that the fixer answers is short of met. `dependencies` and `lock` answer one
  criterion, each a part of it: imports that nothing declares are the gap of the one, versions that nothing fixes that of
  the other.
- *Offered*: those of them that are offered a fix or, where only a tool can close the gap, a command.
- *Taken*: Git takes the patch (`git apply --check`).
- *Parses*: Python parses what is edited, notebooks as JSON.
- *Closed*: another audit names the places no more.
- *Kept*: that audit judges no criterion lower.
- *Rests*: a second run has nothing left for the fixer.

A name for models is given (`--model-name`), as a user would where the project has none.

Commands are proved once they ran, so they are counted only.
";

/// The whole page.
pub(crate) fn render(figures: &Figures) -> String {
    format!("{OPENING}\n{}", tables(figures))
}

/// The figures as tables in Markdown.
pub(crate) fn tables(figures: &Figures) -> String {
    let mut text = format!(
        "## {} repositories\n\n| Fixer | Gap | Offered | Share | Fixes | Taken | Parses | Closed | Kept | Rests | Commands \
         |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        figures.repositories
    );
    for one in &figures.fixers {
        let share = match one.gaps {
            0 => "–".to_owned(),
            gaps => format!("{} %", (100 * one.offered + gaps / 2) / gaps),
        };
        let held: Vec<String> = one.held.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {share} | {} | {} | {} |",
            one.id,
            one.gaps,
            one.offered,
            one.fixes,
            held.join(" | "),
            one.commands
        );
    }
    text.push_str("\n## Why nothing is offered\n\nA repository counts once for each of its reasons.\n\n| Fixer | Reason | Repositories |\n| --- | --- | ---: |\n");
    for one in &figures.fixers {
        let mut reasons: Vec<_> = one.reasons.iter().collect();
        reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), reason.as_str()));
        for (reason, count) in reasons {
            let _ = writeln!(
                text,
                "| `{}` | {} | {count} |",
                one.id,
                reason.replace('|', "\\|")
            );
        }
    }
    text
}
