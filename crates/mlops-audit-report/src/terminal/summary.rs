//! The summary above the box: what the repository is.

use mlops_audit_core::audit::{
    Assessment, Audit, AutomationLevel, Deployment, Kind, ProjectSummary, TrainingCode,
};

use super::page::{Page, Paragraph};
use super::text::{Text, Tone};
use super::{Vocabulary, best_place, counted, names};

pub(super) fn write(page: &mut Page, audit: &Audit, vocabulary: &dyn Vocabulary) {
    for (label, value) in lines(audit, vocabulary) {
        let lead = Text::toned(Tone::Heading, &format!("{:<19}", format!("{label}:")));
        page.paragraph(&Paragraph {
            indent: 0,
            lead,
            body: Text::plain(&value),
        });
    }
}

/// What the repository is, each line with its label.
pub(crate) fn lines(audit: &Audit, vocabulary: &dyn Vocabulary) -> [(&'static str, String); 5] {
    let assessment = &audit.assessment;
    [
        ("Project", project(&audit.project, assessment.kind)),
        ("ML framework", or_none(names(&assessment.frameworks, vocabulary))),
        ("Training code", training(assessment)),
        ("Current state", state(assessment.state).to_owned()),
        ("Deployment target", deployment(assessment)),
    ]
}

fn project(project: &ProjectSummary, kind_of: Kind) -> String {
    let read = counted(project.files_read, "file");
    format!("{} ({}, {read} read)", project.path, kind(kind_of))
}

/// What kind of repository it is, in words.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Project => "ML project",
        Kind::Library => "ML library",
        Kind::LlmApp => "LLM application",
        Kind::Course => "course",
        Kind::NotMl => "not an ML project",
    }
}

/// Where the training is, in words.
pub(crate) fn training(assessment: &Assessment) -> String {
    let place = match assessment.training_code {
        TrainingCode::Notebooks => "in notebooks",
        TrainingCode::Modules => "in modules",
        TrainingCode::Both => "in notebooks and modules",
        TrainingCode::None => return or_none(String::new()),
    };
    let entry_points = &assessment.training_entry_points;
    match best_place(entry_points) {
        Some(entry) if entry_points.len() > 1 => {
            format!("{place} ({entry} and {} more)", entry_points.len() - 1)
        }
        Some(entry) => format!("{place} ({entry})"),
        None => place.to_owned(),
    }
}

/// What a level of automation means.
pub(crate) fn state(level: AutomationLevel) -> &'static str {
    match level {
        AutomationLevel::Manual => "manual: no pipeline runs the ML steps",
        AutomationLevel::Pipeline => "pipeline: one command or trigger runs the ML steps",
        AutomationLevel::CiCd => "CI/CD: automation tests and delivers the pipeline",
        AutomationLevel::Ct => "CT: training starts without a person",
    }
}

/// How the model reaches its users, in words.
pub(crate) fn deployment(assessment: &Assessment) -> String {
    let words = assessment.deployment.iter().map(|target| {
        let word = match target {
            Deployment::Api => "API",
            Deployment::App => "interactive app",
            Deployment::Batch => "batch predictions",
            Deployment::Embedded => "embedded in a device, browser or other runtime",
        };
        if assessment.intended.contains(target) {
            format!("{word} (intended)")
        } else {
            word.to_owned()
        }
    });
    or_none(words.collect::<Vec<_>>().join(", "))
}

fn or_none(text: String) -> String {
    if text.is_empty() {
        "none found".to_owned()
    } else {
        text
    }
}
