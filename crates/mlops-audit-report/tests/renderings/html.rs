//! The page for a browser, as far as its text can tell. `cargo xtask browser` opens it.

use mlops_audit_core::audit::Audit;
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_report::Extras;
use mlops_audit_report::html::render;

use crate::sample::{Words, fraud_detection, named, not_ml};

fn page(audit: &Audit) -> String {
    render(audit, &Words, &Extras::default(), &Excerpts::default())
}

#[test]
fn the_page_shows_every_verdict_and_every_recommendation() {
    let audit = fraud_detection();
    let page = page(&audit);
    for principle in &audit.principles {
        for criterion in &principle.criteria {
            let id = format!(
                "id=\"criterion-{}-{}\"",
                criterion.id.principle.as_str(),
                criterion.id.name
            );
            assert_eq!(page.matches(&id).count(), 1, "{}", criterion.id);
        }
    }
    let advice = page.matches("<article class=\"advice\"").count();
    assert_eq!(advice, audit.recommendations.len());
    assert_eq!(page.matches("data-step=").count(), audit.recommendations.len());
    assert!(page.contains(">2.0</text>"), "the score stands in the gauge");
}

#[test]
fn a_place_leads_to_its_line_at_the_commit() {
    let page = page(&fraud_detection());
    let address = "https://github.com/example/fraud-detection/blob/06ea489d3c1f0b7a5e2d9c8b7a6f5e4d3c2b1a09/";
    assert!(page.contains(&format!("{address}.github/workflows/train.yml#L8")));
}

#[test]
fn the_graph_tells_dead_ends_apart() {
    let page = page(&fraud_detection());
    assert!(page.contains(
        "<g class=\"node dead\"><title>deploy: dead end – runs scripts/deploy.py, which does not exist"
    ));
    assert!(page.contains("schedule 0 3 * * 1"));
}

#[test]
fn no_name_of_a_repository_becomes_markup() {
    let attack =
        "</script></style>\"'><img src=x onerror=alert(1)><script>alert(1)</script>\u{202e}\u{1b}[31m\n";
    let page = page(&named(attack));
    assert_eq!(
        page.matches("<script").count(),
        1,
        "the page has its own script only"
    );
    assert_eq!(page.matches("</script").count(), 1);
    assert_eq!(page.matches("</style").count(), 1);
    assert!(!page.contains("<img"));
    assert!(!page.contains(['\u{202e}', '\u{1b}']));
}

#[test]
fn the_content_security_policy_admits_nothing_from_elsewhere() {
    let page = page(&fraud_detection());
    assert!(page.contains("default-src 'none'"));
    for outside in ["src=\"http", "url(", "@import", "unsafe-inline", "style=\""] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_repository_without_machine_learning_gets_no_score() {
    let page = page(&not_ml());
    assert!(page.contains("Not an ML project"));
    assert!(!page.contains("class=\"gauge\""));
    assert!(!page.contains("id=\"advice\""));
}

#[test]
fn the_same_audit_gives_the_same_bytes() {
    assert_eq!(page(&fraud_detection()), page(&fraud_detection()));
}
