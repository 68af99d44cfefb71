//! The Markdown: whole, cut to the size of a comment, and against names that mean harm.

use expect_test::expect_file;
use mlops_audit_core::audit::{Audit, AutomationLevel, Priority};
use mlops_audit_core::compare::GateResult;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_formats::Place;
use mlops_audit_report::markdown::render;
use mlops_audit_report::{Extras, Target};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use crate::sample::{Words, fraud_detection, named, not_ml};

/// The most that GitHub takes, in characters.
const COMMENT: usize = 65_536;

fn plain(audit: &Audit) -> String {
    render(audit, &Words, &Extras::default(), &Excerpts::default())
}

/// The markup that hosting services read, as far as one parser knows it.
fn events(markdown: &str) -> Vec<Event<'_>> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH;
    Parser::new_ext(markdown, options).collect()
}

#[test]
fn a_project_as_markdown() {
    let files = "=== src/train.py\n".to_owned() + &"x = 1\n".repeat(30) + "mlflow.autolog()  # `all` of it\n";
    let audit = fraud_detection();
    let excerpts = Excerpts::of(&Memory::from_text(&files), &audit);
    let gates = [GateResult {
        gate: "min-score 3".to_owned(),
        passed: false,
        why: "the score is 2.0".to_owned(),
        failing: Vec::new(),
    }];
    let extras = Extras {
        plan: true,
        target: Some(Target {
            level: AutomationLevel::CiCd,
            steps: Some(&[2, 0]),
        }),
        gates: &gates,
        ..Extras::default()
    };
    expect_file!["snapshots/project.md"].assert_eq(&render(&audit, &Words, &extras, &excerpts));
}

#[test]
fn a_repository_without_machine_learning_gets_no_score() {
    let report = plain(&not_ml());
    assert!(
        report.starts_with("## MLOps audit: not an ML project\n"),
        "{report}"
    );
    assert!(
        !report.contains("/6") && !report.contains("Recommendations"),
        "{report}"
    );
}

#[test]
fn without_a_known_remote_places_are_code() {
    let mut audit = fraud_detection();
    audit.project.remote = None;
    let report = plain(&audit);
    assert!(report.contains("\n- `src/train.py:31`\n"), "{report}");
    assert!(!report.contains("]("), "{report}");
}

#[test]
fn the_most_urgent_ones_are_shown_where_only_some_are_wanted() {
    let extras = Extras {
        top: Some(1),
        ..Extras::default()
    };
    let report = render(&fraud_detection(), &Words, &extras, &Excerpts::default());
    assert!(
        report.contains("\n3 less urgent recommendations not shown.\n"),
        "{report}"
    );
    assert!(
        report.contains("\n#### 1. ") && !report.contains("\n#### 2. "),
        "{report}"
    );
}

#[test]
fn no_name_becomes_markup() {
    for name in hostile_names() {
        let report = plain(&named(&name));
        let events = events(&report);
        for event in &events {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    assert!(is_ours(html), "{html:?} for {name:?}");
                }
                Event::Start(Tag::Link {
                    link_type, dest_url, ..
                }) => {
                    assert_eq!(*link_type, LinkType::Inline);
                    let page = "https://github.com/example/fraud-detection/blob/";
                    assert!(dest_url.starts_with(page), "{dest_url} for {name:?}");
                }
                Event::Start(Tag::Image { .. } | Tag::FootnoteDefinition(_))
                | Event::FootnoteReference(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::Rule => panic!("{event:?} for {name:?}"),
                Event::Text(text) => assert!(!text.contains('\u{202e}'), "{text:?}"),
                _ => {}
            }
        }
        let tables = events
            .iter()
            .filter(|event| matches!(event, Event::Start(Tag::Table(_))))
            .count();
        assert_eq!(tables, 2, "for {name:?}");
        let headings = |level: &str| report.lines().filter(|line| line.starts_with(level)).count();
        assert_eq!(headings("#### "), 4, "for {name:?}");
        assert!(
            !report.contains(|sign: char| sign.is_control() && sign != '\n'),
            "{name:?}"
        );
    }
}

#[test]
fn no_name_is_read_as_a_mention_an_issue_or_an_address() {
    for name in hostile_names() {
        let report = plain(&named(&name));
        let mut is_block = false;
        for event in events(&report) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => is_block = true,
                Event::End(pulldown_cmark::TagEnd::CodeBlock) => is_block = false,
                Event::Text(text) if !is_block => {
                    for sign in ["@", "#", "://", "www.", "$", ":tada:", "!1"] {
                        assert!(!text.contains(sign), "{text:?} for {name:?}");
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn however_much_there_is_it_fits_into_a_comment() {
    let mut audit = fraud_detection();
    for places in [1, 10, 100, 1_000, 10_000] {
        for criterion in audit
            .principles
            .iter_mut()
            .flat_map(|result| &mut result.criteria)
        {
            let at = |line: u32| {
                Evidence::new(
                    format!("src/{}/train.py", "a".repeat(300)),
                    Place::line(line),
                    "seen",
                )
            };
            criterion.evidence = (1..=places).map(at).collect();
        }
        let report = plain(&audit);
        let size = report.chars().count();
        assert!(size < 60_000, "{size} characters with {places} places");
        let last = report.lines().last().unwrap_or_default();
        assert_eq!(last.contains("places of evidence"), places > 1, "{last}");
        assert!(!last.contains("implementation"), "evidence is cut first: {last}");
        assert_folds_are_closed(&report);
    }
}

#[test]
fn implementations_of_what_is_less_urgent_are_cut_next() {
    let mut audit = fraud_detection();
    let long = "x = 1\n".repeat(2_600);
    let mut recommendations = audit.recommendations.into_vec();
    for advice in &mut recommendations {
        advice.implementation.clone_from(&long);
    }
    audit.recommendations = recommendations.into();
    let report = plain(&audit);
    assert!(report.chars().count() < 60_000);
    let is_whole = |priority: Priority| {
        audit
            .recommendations
            .iter()
            .filter(|one| one.priority == priority)
            .count()
    };
    assert_eq!(
        report.matches("<summary>Implementation</summary>").count(),
        is_whole(Priority::Critical) + is_whole(Priority::High)
    );
    assert!(
        report
            .lines()
            .last()
            .unwrap_or_default()
            .contains("1 implementation"),
        "{report}"
    );
    assert_folds_are_closed(&report);
}

#[test]
fn what_still_does_not_fit_is_left_out_in_whole_parts() {
    let mut audit = named(&"学".repeat(300));
    let one = audit.recommendations[0].clone();
    audit.recommendations = vec![one; 500].into();
    let report = plain(&audit);
    assert!(report.chars().count() < COMMENT);
    assert!(
        report
            .lines()
            .last()
            .unwrap_or_default()
            .contains("parts at the end"),
        "{report}"
    );
    assert_folds_are_closed(&report);
}

fn assert_folds_are_closed(report: &str) {
    assert_eq!(
        report.matches("<details>").count(),
        report.matches("</details>").count()
    );
    assert_eq!(
        report.lines().filter(|line| line.starts_with("```")).count() % 2,
        0
    );
}

/// Whether a piece of HTML is one of the report's own.
fn is_ours(html: &str) -> bool {
    let html = html.trim_end();
    let summary = html
        .strip_prefix("<summary>")
        .and_then(|rest| rest.strip_suffix("</summary>"));
    matches!(html, "<details>" | "</details>") || summary.is_some_and(|summary| !summary.contains(['<', '&']))
}

/// Names that have broken Markdown, and pairs of them.
fn hostile_names() -> Vec<String> {
    let long = "a_very/".repeat(43);
    let parts = [
        "a|b.py",
        "`",
        "``x",
        "two\n\nlines",
        "</details>",
        "<script>alert(1)</script>",
        "](javascript:x)",
        "[x](https://evil.example)",
        "![x](y)",
        "<https://evil.example>",
        "https://evil.example",
        "www.evil.example",
        "@someone",
        "#12",
        "!1",
        ":tada:",
        "$x$",
        "~~x~~",
        "[^1]",
        "\u{202e}gpj",
        "\u{1b}[31mred",
        "\n# heading",
        "\n---\n",
        "&lt;b&gt;",
        "\\",
        "- [ ] x",
        "```\n</details>\n",
        long.as_str(),
        " ",
        "",
    ];
    let pairs = |distance: usize| {
        let others = parts.iter().cycle().skip(distance);
        parts
            .iter()
            .zip(others)
            .map(|(left, right)| format!("{left}{right}"))
            .collect::<Vec<_>>()
    };
    [0, 1, 7, 12].into_iter().flat_map(pairs).collect()
}
