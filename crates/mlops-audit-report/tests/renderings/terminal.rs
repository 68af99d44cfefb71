//! The terminal report: whole, at several widths, and against names that mean harm.

use expect_test::{ExpectFile, expect_file};
use mlops_audit_core::audit::{Audit, AutomationLevel};
use mlops_audit_core::discover::Memory;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::{CriterionId, Principle, Verdict};
use mlops_audit_report::Extras;
use mlops_audit_report::terminal::{Detail, Links, Style, View, render, render_view};
use unicode_width::UnicodeWidthStr;

use crate::sample::{Words, fraud_detection, named, not_ml};

fn plain(audit: &Audit, width: usize) -> String {
    render(audit, &Words, &Style { width, colour: false }, &Extras::default())
}

fn check(audit: &Audit, style: Style, expected: ExpectFile) {
    expected.assert_eq(&render(audit, &Words, &style, &Extras::default()));
}

#[test]
fn a_project_at_78_columns() {
    check(
        &fraud_detection(),
        Style::default(),
        expect_file!["snapshots/project_78.txt"],
    );
}

#[test]
fn a_project_at_60_columns() {
    check(
        &fraud_detection(),
        Style {
            width: 60,
            colour: false,
        },
        expect_file!["snapshots/project_60.txt"],
    );
}

#[test]
fn a_project_at_100_columns() {
    check(
        &fraud_detection(),
        Style {
            width: 100,
            colour: false,
        },
        expect_file!["snapshots/project_100.txt"],
    );
}

#[test]
fn a_project_at_40_columns() {
    check(
        &fraud_detection(),
        Style {
            width: 40,
            colour: false,
        },
        expect_file!["snapshots/project_40.txt"],
    );
}

#[test]
fn a_project_in_brief() {
    let brief = |width: usize| {
        let view = View {
            detail: Detail::Summary,
            ..View::from(Style { width, colour: false })
        };
        render_view(&fraud_detection(), &Words, &view, &Extras::default())
    };
    expect_file!["snapshots/brief_78.txt"].assert_eq(&brief(78));
    expect_file!["snapshots/brief_40.txt"].assert_eq(&brief(40));
}

/// Files in which every place of the sample's first criteria stands, with lines that mean harm.
fn files() -> Memory {
    let lines = |number: usize| {
        (1..=number)
            .map(|line| format!("line {line}\n"))
            .collect::<String>()
    };
    Memory::from_text(&format!(
        "=== src/train.py\n{}\tred\u{1b}[31m\u{202e}{}\n=== dvc.yaml\nstages:\n",
        lines(30),
        "long ".repeat(30)
    ))
}

#[test]
fn the_lines_of_the_evidence_are_shown_where_they_are_asked_for() {
    let audit = fraud_detection();
    let excerpts = Excerpts::of(&files(), &audit);
    let view = View {
        detail: Detail::Evidence(&excerpts),
        ..View::from(Style::default())
    };
    let report = render_view(&audit, &Words, &view, &Extras::default());
    expect_file!["snapshots/evidence_78.txt"].assert_eq(&report);
    assert!(!report.contains('\u{1b}') && !report.contains('\u{202e}'));
    let evidence = report
        .split("EVIDENCE")
        .nth(1)
        .and_then(|rest| rest.split("RECOMMENDATIONS").next());
    for line in evidence.expect("the part is there").lines() {
        assert!(line.width() <= 78, "{line:?}");
    }
}

#[test]
fn places_are_links_where_the_terminal_shows_them() {
    let report = |links: Links| {
        let view = View {
            links,
            ..View::from(Style::default())
        };
        render_view(&fraud_detection(), &Words, &view, &Extras::default())
    };
    let files = report(Links::Files {
        root: "file:///home/me/a%20b".to_owned(),
        before_line: "#",
    });
    assert!(
        files.contains(
            "(\u{1b}]8;id=m1;file:///home/me/a%20b/dvc.yaml#1\u{1b}\\dvc.yaml:1\u{1b}]8;;\u{1b}\\)"
        ),
        "{files:?}"
    );
    assert_eq!(
        without_links(&files),
        plain(&fraud_detection(), 78),
        "a link moves nothing"
    );
    let hosted = report(Links::Hosting);
    assert!(hosted.contains(";https://github.com/example/fraud-detection/blob/06ea489d3c1f0b7a5e2d9c8b7a6f5e4d3c2b1a09/dvc.yaml#L1\u{1b}\\"));
    let continued = "\u{1b}\\:10\u{1b}]8;;";
    assert!(
        hosted.contains(continued),
        "a place without its path is a link as well: {hosted:?}"
    );
}

#[test]
fn no_name_breaks_out_of_a_link() {
    for name in nasty_names().into_iter().step_by(5) {
        let view = View {
            links: Links::Files {
                root: "file:///r".to_owned(),
                before_line: "",
            },
            ..View::from(Style::default())
        };
        let report = render_view(&named(&name), &Words, &view, &Extras::default());
        let text = without_links(&report);
        assert!(
            !text.contains(|character: char| character.is_control() && character != '\n'),
            "{name:?}"
        );
        assert_eq!(text, plain(&named(&name), 78));
    }
}

#[test]
fn a_project_in_colour() {
    let report = render(
        &fraud_detection(),
        &Words,
        &Style {
            width: 78,
            colour: true,
        },
        &Extras::default(),
    );
    expect_file!["snapshots/project_colour.txt"].assert_eq(&report.replace('\u{1b}', "␛"));
    assert_eq!(
        without_colour(&report),
        plain(&fraud_detection(), 78),
        "colour moves nothing"
    );
}

#[test]
fn a_repository_without_machine_learning_gets_no_score() {
    let report = plain(&not_ml(), 78);
    expect_file!["snapshots/not_ml.txt"].assert_eq(&report);
    assert!(!report.contains("SCORE") && !report.contains("/6"));
}

#[test]
fn hostile_names_at_78_columns() {
    let name = "src/\u{1b}[2J\u{202e}gpj.exe/学習データ/a_name_that_is_much_longer_than_any_line_of_the_report/e\u{301}.py";
    check(
        &named(name),
        Style::default(),
        expect_file!["snapshots/hostile_78.txt"],
    );
}

#[test]
fn widths_outside_the_limits_are_taken_for_the_nearest() {
    assert_eq!(plain(&fraud_detection(), 0), plain(&fraud_detection(), 40));
    assert_eq!(plain(&fraud_detection(), 1_000), plain(&fraud_detection(), 100));
}

#[test]
fn the_box_is_straight_whatever_a_repository_is_called() {
    for name in nasty_names() {
        for width in [40, 60, 77] {
            let report = plain(&named(&name), width);
            let boxed: Vec<&str> = report
                .lines()
                .filter(|line| line.starts_with(['╔', '║', '╠', '╚']))
                .collect();
            assert!(boxed.len() > 20, "the whole box is there for {name:?}");
            for line in boxed {
                assert_eq!(line.width(), width, "{line:?} for {name:?}");
                assert!(line.ends_with(['╗', '║', '╣', '╝']), "{line:?}");
            }
        }
    }
}

#[test]
fn nothing_outside_the_box_is_wider_than_the_report() {
    for name in nasty_names() {
        for line in plain(&named(&name), 60).lines() {
            assert!(line.width() <= 60, "{line:?} for {name:?}");
        }
        let view = View {
            detail: Detail::Summary,
            ..View::from(Style {
                width: 40,
                colour: false,
            })
        };
        let brief = render_view(&named(&name), &Words, &view, &Extras::default());
        for line in brief.lines() {
            assert!(line.width() <= 40, "{line:?} for {name:?}");
        }
    }
}

#[test]
fn no_name_reaches_the_terminal_as_an_order() {
    for name in nasty_names() {
        let report = plain(&named(&name), 78);
        let obeyed = |character: char| character != '\n' && character.is_control();
        let reorders = |character: char| matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!report.contains(obeyed) && !report.contains(reorders), "{name:?}");
    }
}

#[test]
fn what_holds_the_maturity_down_is_named() {
    let mut audit = fraud_detection();
    let standing = audit.standing.as_mut().expect("the sample has a standing");
    standing.automation_level = AutomationLevel::CiCd;
    standing.held_down_by = vec![
        CriterionId {
            principle: Principle::Testing,
            name: "unit",
        },
        CriterionId {
            principle: Principle::Reproducibility,
            name: "environment",
        },
    ];
    let report = plain(&audit, 100);
    assert!(report.contains("Level: 2 - CI/CD"));
    assert!(
        report.contains(
            "MATURITY LEVEL: 1 - Pipeline (held down by testing.unit, reproducibility.environment)"
        )
    );
}

#[test]
fn the_score_has_one_decimal_and_halves_go_up() {
    for (score, shown) in [
        (0.0, "0.0/6"),
        (2.05, "2.1/6"),
        (3.25, "3.3/6"),
        (5.875, "5.9/6"),
        (6.0, "6.0/6"),
    ] {
        let mut audit = fraud_detection();
        audit.standing.as_mut().expect("the sample has a standing").score = score;
        assert!(
            plain(&audit, 78).contains(&format!("OVERALL SCORE: {shown} ")),
            "{score}"
        );
    }
}

#[test]
fn a_project_without_gaps_is_told_so() {
    let mut audit = fraud_detection();
    audit.recommendations = Vec::new().into();
    for criterion in audit
        .principles
        .iter_mut()
        .flat_map(|result| &mut result.criteria)
    {
        criterion.verdict = Verdict::Met;
        criterion.missing.clear();
        criterion.finding = "in use".to_owned();
        criterion.evidence = vec![Evidence::file("x", "")];
    }
    let report = plain(&audit, 78);
    assert!(report.contains("RECOMMENDATIONS: none, no gap was found"));
    assert!(report.contains("Unit: ✓ in use (x)"));
    assert!(report.contains("Findings: nothing missing"));
    assert!(report.contains("Can rebuild from scratch: Yes"));
}

#[test]
fn the_place_with_a_line_is_shown_before_a_whole_folder() {
    let mut audit = fraud_detection();
    let data = &mut audit.principles[1].criteria[1];
    data.evidence.insert(0, Evidence::file("data", "a folder"));
    assert!(plain(&audit, 78).contains("Data: ✓ DVC (data/data.xml.dvc:3)"));
}

#[test]
fn a_near_miss_is_shown_beside_its_mark() {
    let mut audit = fraud_detection();
    let system = &mut audit.principles[4].criteria[0];
    system.verdict = Verdict::Unmet;
    system.finding = "a dashboard over constants".to_owned();
    assert!(plain(&audit, 78).contains("System: ✗ a dashboard over constants (src/serve.py:20)"));
}

/// Names that have broken reports: orders to terminals, wide, combining and invisible characters, no break
/// anywhere, and every pair of them.
fn nasty_names() -> Vec<String> {
    let parts = [
        "src/train.py",
        "with  two   spaces",
        " leading and trailing ",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}",
        "line\r\nbreak\tand\u{0}nul\u{7f}\u{9b}2J",
        "txt.\u{202e}yp\u{2066}\u{2069}\u{200f}",
        "zero\u{200b}\u{200d}\u{feff}width\u{ad}",
        "学習データ/モデル/訓練スクリプト",
        "👩‍🔬🏽🇩🇪⚠️1️⃣",
        "e\u{301}\u{301}\u{301}\u{fe0f}",
        "\u{301}starts with a mark",
        "हिन्दी/ไทย/العربية/لا",
        "║╔═╗",
        "a/very/long/path/that/goes/on/and/on/through/many/folders/until/it/ends/in/a/file.py",
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345",
        "/////////////////////////////////////////////////////////////////////////////////////////////////",
        "\u{e0041}\u{1d173}\u{3164}\u{180e}",
        "",
    ];
    parts
        .iter()
        .flat_map(|left| parts.iter().map(move |right| format!("{left}{right}")))
        .collect()
}

/// The report without its links; whatever else a terminal would obey is left.
fn without_links(report: &str) -> String {
    let mut pieces = report.split("\u{1b}]8;");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    plain.extend(pieces.map(|piece| piece.split_once("\u{1b}\\").map_or(piece, |(_, text)| text)));
    plain
}

/// The report without the codes of colours, which all end in `m`.
fn without_colour(report: &str) -> String {
    let mut pieces = report.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    plain.extend(pieces.map(|piece| piece.split_once('m').map_or(piece, |(_, text)| text)));
    plain
}
