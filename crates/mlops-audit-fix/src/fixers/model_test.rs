//! `model-test`: a test that holds the model to a bar; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::audit::Kind;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::{Verdict, criterion_named};

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::quality::{Bar, Draft, figures, record, shown};
use crate::test_files::{free_path, is_advised};

/// `model-test`
pub(super) const FIXER: Fixer = Fixer {
    id: "model-test",
    criteria: &["testing.model"],
    class: Class::Offered,
    summary: "adds a test that holds a figure of the model to a bar, by what the repository records of it",
    page: include_str!("model_test.md"),
    propose,
    open: open_places,
};

/// A bar that waits for a value is for people to fill in.
fn open_places(inspection: &Inspection<'_>) -> Vec<Evidence> {
    if is_waiting(inspection) {
        return Vec::new();
    }
    recommended_places(inspection, FIXER.criteria)
}

fn is_waiting(inspection: &Inspection<'_>) -> bool {
    is_advised(inspection, ":unfilled-bar")
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    if is_waiting(inspection) || inspection.audit.assessment.kind == Kind::LlmApp {
        return Vec::new();
    }
    let refused = |why: String| vec![Fix::new(&FIXER, "hold the model to a bar").impossible(why)];
    let (found, reasons) = figures(inspection);
    let barred = |figure| Some((figure, Some(Bar::of(figure, &record(inspection, figure)?)?)));
    let is_unmet = criterion_named(FIXER.criteria[0])
        .and_then(|criterion| inspection.audit.criterion(criterion.id))
        .is_some_and(|result| result.observed == Verdict::Unmet);
    let mut whole = found.iter().filter(|figure| !figure.way.is_given());
    // What has yet to be filled in is worth no more than what there is already.
    let open = || {
        let first = found.first().filter(|_| is_unmet)?;
        barred(first).or(Some((first, None)))
    };
    let Some((figure, bar)) = whole.find_map(barred).or_else(open) else {
        return match (found.is_empty(), reasons.into_iter().next()) {
            (true, None) => Vec::new(),
            (true, Some(why)) => refused(why),
            (false, _) => {
                refused("the repository records no value that a bar could be taken from".to_owned())
            }
        };
    };
    let Some(path) = free_path(inspection, &["test_model", "test_model_quality"]) else {
        return refused("the names of test files are taken".to_owned());
    };
    let draft = Draft {
        inspection,
        figure,
        bar: bar.as_ref(),
    };
    let Some(text) = draft.text() else {
        return refused("the test cannot name the folder that it needs".to_owned());
    };
    let until = match (figure.way.is_given(), bar.is_some()) {
        (true, true) => ", which fails until what it is given is filled in",
        (true, false) => ", which fails until its bar and what it is given are filled in",
        (false, false) if figure.way.is_unnamed() => {
            ", which fails until the figure and its bar are filled in"
        }
        (false, false) => ", which fails until its bar is filled in",
        (false, true) => "",
    };
    let title = format!("hold {} to a bar in {path}{until}", shown(&figure.name));
    vec![
        Fix::new(&FIXER, title)
            .closing(open_places(inspection))
            .creating(path.as_str(), text)
            .running(format!("python -m pytest {path}")),
    ]
}
