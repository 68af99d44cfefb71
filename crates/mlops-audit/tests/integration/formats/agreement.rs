//! The same audit in every form says the same: verdicts, score, number of recommendations.
//!
//! A new form joins with one line in [`FORMS`] and a function that reads back what it says.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::Verdict;
use mlops_audit_report::terminal::{self, Style, Vocabulary};
use mlops_audit_report::{Extras, github, gitlab, html, json, junit, markdown, sarif};
use roxmltree::Document;
use serde_json::Value;

use super::corpus::{Case, Words, cases};
use super::github::commands;

/// What a form says, as far as its kind of form can say it.
#[derive(Debug, Default, PartialEq)]
struct Said {
    /// The score with one decimal; `None` where it is no ML project.
    score: Option<Option<String>>,
    /// How many recommendations there are.
    recommendations: Option<usize>,
    /// The verdict of each criterion.
    verdicts: Option<BTreeMap<String, String>>,
    /// The gaps that it lists.
    gaps: Option<BTreeSet<String>>,
}

type Render = fn(&Case) -> String;
type Read = fn(&str) -> Said;

const FORMS: &[(&str, Render, Read)] = &[
    ("terminal", in_terminal, terminal_says),
    (
        "json",
        |case| json::render(&case.audit, &Extras::default()),
        json_says,
    ),
    ("html", |case| with(case, html::render), html_says),
    ("markdown", |case| with(case, markdown::render), markdown_says),
    ("sarif", |case| with(case, sarif::render), sarif_says),
    ("github", |case| with(case, github::render), github_says),
    ("gitlab", |case| with(case, gitlab::render), gitlab_says),
    ("junit", |case| with(case, junit::render), junit_says),
];

type Renderer = fn(&mlops_audit_core::audit::Audit, &dyn Vocabulary, &Extras<'_>, &Excerpts) -> String;

fn with(case: &Case, render: Renderer) -> String {
    render(&case.audit, &Words, &Extras::default(), &case.excerpts)
}

fn in_terminal(case: &Case) -> String {
    terminal::render(&case.audit, &Words, &Style::default(), &Extras::default())
}

fn terminal_says(text: &str) -> Said {
    let score = text
        .split_once("OVERALL SCORE: ")
        .and_then(|(_, rest)| rest.split('/').next());
    Said {
        score: Some(score.map(str::to_owned)),
        recommendations: Some(text.matches(". PRINCIPLE: ").count()),
        ..Said::default()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn string(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// The score with one decimal, halves upwards.
fn decimal(score: Option<f64>) -> Option<String> {
    score.map(|score| format!("{:.1}", (score * 10.0).round() / 10.0))
}

fn json_says(text: &str) -> Said {
    let report = parsed(text);
    let criteria = list(&report["principles"])
        .iter()
        .flat_map(|one| list(&one["criteria"]));
    let advice = list(&report["recommendations"]);
    Said {
        score: Some(decimal(report["score"].as_f64())),
        recommendations: Some(advice.len()),
        verdicts: Some(
            criteria
                .map(|one| (string(&one["id"]), string(&one["verdict"])))
                .collect(),
        ),
        gaps: Some(
            advice
                .iter()
                .flat_map(|one| list(&one["criteria"]))
                .map(string)
                .collect(),
        ),
    }
}

/// What stands between two marks of a text, the first time.
fn between<'text>(text: &'text str, before: &str, after: &str) -> Option<&'text str> {
    text.split_once(before)?
        .1
        .split_once(after)
        .map(|(found, _)| found)
}

fn html_says(text: &str) -> Said {
    let criteria = text.split("<details class=\"criterion\" id=\"criterion-").skip(1);
    let verdict = |part: &str| {
        let id = part.split('"').next().unwrap_or_default().replacen('-', ".", 1);
        let mark = between(part, "<span class=\"mark ", "\"").unwrap_or_default();
        (id, mark.to_owned())
    };
    let articles = text.split("<article class=\"advice\"").skip(1);
    let answered = articles.flat_map(|article| {
        let ids = between(article, "<dt>Criteria</dt><dd>", "</dd>").unwrap_or_default();
        ids.split("</a>")
            .filter_map(|link| link.rsplit_once('>'))
            .map(|(_, id)| id.to_owned())
            .collect::<Vec<_>>()
    });
    Said {
        score: Some(between(text, "class=\"gauge-value\">", "<").map(str::to_owned)),
        recommendations: Some(text.matches("<article class=\"advice\"").count()),
        verdicts: Some(criteria.map(verdict).collect()),
        gaps: Some(answered.collect()),
    }
}

fn markdown_says(text: &str) -> Said {
    let score = between(text, "## MLOps audit: ", "/6");
    Said {
        score: Some(score.map(str::to_owned)),
        ..Said::default()
    }
}

fn sarif_says(text: &str) -> Said {
    let log = parsed(text);
    let properties = &log["runs"][0]["properties"];
    let results: Vec<&Value> = list(&log["runs"][0]["results"])
        .iter()
        .filter(|result| result.get("suppressions").is_none())
        .collect();
    let advice: BTreeSet<String> = results
        .iter()
        .map(|result| string(&result["properties"]["recommendation"]))
        .collect();
    assert_eq!(
        properties["recommendations"].as_u64().unwrap_or(0),
        advice.len() as u64
    );
    let verdicts = properties["verdicts"].as_object().expect("verdicts").iter();
    Said {
        score: Some(decimal(properties["score"].as_f64())),
        recommendations: Some(advice.len()),
        verdicts: Some(
            verdicts
                .map(|(id, verdict)| (id.clone(), string(verdict)))
                .collect(),
        ),
        gaps: Some(results.iter().map(|result| string(&result["ruleId"])).collect()),
    }
}

fn github_says(text: &str) -> Said {
    let commands = commands(text);
    let (numbers, annotations) = commands.split_last().expect("the numbers");
    let rest = numbers.message.strip_prefix("score ");
    let score = rest.and_then(|rest| rest.split('/').next());
    let ids = |title: &str| {
        let ids = title.split(" (").next().unwrap_or_default();
        ids.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    Said {
        score: Some(score.map(str::to_owned)),
        recommendations: Some(annotations.len()),
        gaps: Some(
            annotations
                .iter()
                .flat_map(|one| ids(one.property("title").expect("a title")))
                .collect(),
        ),
        ..Said::default()
    }
}

fn gitlab_says(text: &str) -> Said {
    let report = parsed(text);
    Said {
        gaps: Some(
            list(&report)
                .iter()
                .map(|entry| string(&entry["check_name"]))
                .collect(),
        ),
        ..Said::default()
    }
}

fn junit_says(text: &str) -> Said {
    let document = Document::parse(text).expect("XML");
    let property = |name: &str| {
        let mut all = document
            .descendants()
            .filter(|node| node.has_tag_name("property"));
        let found = all.find(|node| node.attribute("name") == Some(name));
        found.and_then(|node| node.attribute("value")).map(str::to_owned)
    };
    let verdict = |case: roxmltree::Node<'_, '_>| {
        let name = case.attribute("name").expect("a name");
        let id = name.split(' ').next().unwrap_or_default().to_owned();
        let inner = case.children().find(|node| node.has_tag_name("skipped"))?;
        let message = inner.attribute("message").unwrap_or_default();
        Some((id, message.split(':').next().unwrap_or_default().to_owned()))
    };
    let gaps: Vec<(String, String)> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .filter_map(verdict)
        .collect();
    let is_ml = property("score").is_some();
    Said {
        score: Some(property("score")),
        recommendations: Some(property("recommendations").map_or(0, |text| text.parse().expect("a number"))),
        // Silenced gaps are skipped as well, and without machine learning there is no advice.
        gaps: None,
        verdicts: is_ml.then(|| gaps.into_iter().collect()),
    }
}

#[test]
fn every_form_says_the_same() {
    for case in cases() {
        let criteria = || case.audit.principles.iter().flat_map(|one| &one.criteria);
        let all: BTreeMap<String, String> = criteria()
            .map(|result| (result.id.to_string(), result.verdict.to_string()))
            .collect();
        let short: BTreeMap<String, String> = criteria()
            .filter(|result| result.verdict != Verdict::Met)
            .map(|result| (result.id.to_string(), result.verdict.to_string()))
            .collect();
        let advice = case.audit.recommendations.iter();
        let gaps: BTreeSet<String> = advice
            .clone()
            .flat_map(|one| &one.criteria)
            .map(ToString::to_string)
            .collect();
        let score = decimal(case.audit.standing.as_ref().map(|standing| standing.score));
        for (name, render, read) in FORMS {
            let said = read(&render(case));
            let of = format!("{} as {name}", case.title);
            assert!(said.score.is_none_or(|said| said == score), "{of}: score");
            assert!(
                said.recommendations.is_none_or(|said| said == advice.len()),
                "{of}: recommendations"
            );
            // A form lists all verdicts, or those that are short of met.
            if let Some(verdicts) = said.verdicts {
                assert!(verdicts == all || verdicts == short, "{of}: {verdicts:?}");
            }
            assert!(said.gaps.is_none_or(|said| said == gaps), "{of}: gaps");
        }
    }
}
