//! `check`: discover, audit, render, and hold the gates.

use std::path::{Path, PathBuf};

use mlops_audit_core::advise;
use mlops_audit_core::compare::{self, Baseline};
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_knowledge::Standard;
use mlops_audit_report::terminal::{Detail, View};
use mlops_audit_report::{Extras, Target};

use super::{Ending, baseline};
use crate::cli::{CheckArguments, Format};
use crate::gates;
use crate::outputs::{self, Destination, Output};
use crate::session::{self, Audited, Reread};
use crate::terminal;
use crate::vocabulary::Words;

/// Audits a repository, writes the reports, and says whether the gates hold.
pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<Ending> {
    let outputs = outputs::plan(&arguments.formats, arguments.output.as_deref())?;
    fits_standard(arguments, &outputs)?;
    let reread = if arguments.verbose || outputs.iter().any(|output| output.format.shows_lines()) {
        Reread::Lines
    } else {
        Reread::Nothing
    };
    let audited = session::audit(&arguments.project, reread)?;
    let asked_for = arguments.gates.over(&audited.policy.gates);
    let comparison = known_gaps(arguments, &audited)?.map(|baseline| baseline.compare(&audited.audit));
    let results = compare::check(&audited.audit, &asked_for, comparison.as_ref());
    let level = arguments.target_level.and_then(gates::level);
    let steps = level.and_then(|level| advise::to_level(&audited.audit, level));
    let extras = Extras {
        plan: arguments.plan,
        top: arguments.top,
        explain_priority: arguments.explain_priority,
        target: level.map(|level| Target {
            level,
            steps: steps.as_deref(),
        }),
        gates: &results,
        baseline: comparison.as_ref(),
    };
    let reports: Vec<(Destination, String)> = outputs
        .iter()
        .map(|output| {
            let report = render(&audited, arguments, output, &extras);
            (output.destination.clone(), report)
        })
        .collect();
    let annotates = outputs.iter().any(|output| output.format == Format::Github);
    outputs::deliver(&reports)?;
    if annotates {
        summarise(&audited, &extras);
    }
    let ending = Ending::of(results.iter().all(|result| result.passed));
    // The program ends, and gives all of its memory back at once.
    std::mem::forget(audited);
    Ok(ending)
}

/// The one place where a form of the report meets its renderer. A new form is a variant of [`Format`] and an arm here.
fn render(audited: &Audited, arguments: &CheckArguments, output: &Output, extras: &Extras<'_>) -> String {
    if let Some(standard) = arguments.standard {
        return seen_by(audited, arguments, output, standard);
    }
    let (audit, excerpts) = (&audited.audit, &audited.excerpts);
    let words = Words(&audited.catalogue);
    match output.format {
        Format::Github => mlops_audit_report::github::render(audit, &words, extras, excerpts),
        Format::Gitlab => mlops_audit_report::gitlab::render(audit, &words, extras, excerpts),
        Format::Junit => mlops_audit_report::junit::render(audit, &words, extras, excerpts),
        Format::Sarif => mlops_audit_report::sarif::render(audit, &words, extras, excerpts),
        Format::Json => mlops_audit_report::json::render(audit, extras),
        Format::Terminal => {
            let style = terminal::style(output.destination.is_standard(), arguments.no_color);
            let view = View {
                style,
                detail: detail(arguments, excerpts),
                links: terminal::links(&style, Path::new(&audit.project.root)),
            };
            mlops_audit_report::terminal::render_view(audit, &words, &view, extras)
        }
        Format::Markdown => mlops_audit_report::markdown::render(audit, &words, extras, excerpts),
        Format::Html => mlops_audit_report::html::render(audit, &words, extras, excerpts),
    }
}

/// How much a person wants to see.
fn detail<'audited>(arguments: &CheckArguments, excerpts: &'audited Excerpts) -> Detail<'audited> {
    match (arguments.quiet, arguments.verbose) {
        (true, _) => Detail::Summary,
        (false, true) => Detail::Evidence(excerpts),
        (false, false) => Detail::Whole,
    }
}

/// Adds the summary to the page of the job, where GitHub Actions says which file becomes that page. The audit stands
/// without it, so a file that cannot be written fails nothing.
fn summarise(audited: &Audited, extras: &Extras<'_>) {
    let page = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty());
    let Some(page) = page.map(PathBuf::from) else {
        return;
    };
    let words = Words(&audited.catalogue);
    let text = mlops_audit_report::markdown::render(&audited.audit, &words, extras, &audited.excerpts);
    if let Err(error) = outputs::append(&page, &text) {
        terminal::warn(&format!(
            "the job summary cannot be written to '{}': {error}",
            page.display()
        ));
    }
}

/// The audit as a standard sees it.
fn seen_by(
    audited: &Audited,
    arguments: &CheckArguments,
    output: &Output,
    standard: &'static Standard,
) -> String {
    let view = mlops_audit_knowledge::view(&audited.audit, standard);
    if output.format == Format::Json {
        return mlops_audit_report::standard::json(&view);
    }
    let style = terminal::style(output.destination.is_standard(), arguments.no_color);
    mlops_audit_report::standard::terminal(&audited.audit, &view, &style)
}

/// A standard is shown at a terminal or as JSON.
fn fits_standard(arguments: &CheckArguments, outputs: &[Output]) -> anyhow::Result<()> {
    let other = outputs.iter().find(|output| !output.format.shows_standards());
    if let (Some(_), Some(other)) = (arguments.standard, other) {
        anyhow::bail!(
            "--standard has the formats terminal and json, not '{}'",
            other.format.name()
        );
    }
    Ok(())
}

/// The baseline of the command line, else that of the policy, which is relative to the policy's folder. One that the
/// repository's own policy names is read like the rest of the repository: no path or link leads out of it.
fn known_gaps(arguments: &CheckArguments, audited: &Audited) -> anyhow::Result<Option<Baseline>> {
    if let Some(file) = &arguments.gates.baseline {
        return baseline::read(file).map(Some);
    }
    let Some(named) = &audited.policy.gates.baseline else {
        return Ok(None);
    };
    match &arguments.project.policy.policy {
        Some(given) => baseline::read(&given.with_file_name("").join(named)),
        None => {
            let file = Path::new(&audited.policy.file).with_file_name("").join(named);
            baseline::read_inside(Path::new(&audited.audit.project.root), &file)
        }
    }
    .map(Some)
}
