//! `check`: discover, audit, render, and hold the gates.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mlops_audit_core::advise;
use mlops_audit_core::compare::{self, Baseline};
use mlops_audit_knowledge::Standard;
use mlops_audit_report::{Extras, Target};

use super::Ending;
use crate::cli::{CheckArguments, Format};
use crate::gates;
use crate::session::{self, Audited};
use crate::terminal;
use crate::vocabulary::Words;

/// Audits a repository and prints the report.
pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<Ending> {
    let audited = session::audit(&arguments.project)?;
    let asked_for = arguments.gates.over(&audited.policy.gates);
    let comparison = baseline_file(arguments, &audited)
        .map(|file| read_baseline(&file))
        .transpose()?
        .map(|baseline| baseline.compare(&audited.audit));
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
    session::deliver(&render(&audited, arguments, &extras), arguments.output.as_deref())?;
    Ok(Ending::of(results.iter().all(|result| result.passed)))
}

fn render(audited: &Audited, arguments: &CheckArguments, extras: &Extras<'_>) -> String {
    if let Some(standard) = arguments.standard {
        return seen_by(audited, arguments, standard);
    }
    match arguments.format {
        Format::Json => mlops_audit_report::json::render(&audited.audit, extras),
        Format::Terminal => {
            let style = terminal::style(arguments.output.is_none(), arguments.no_color);
            let words = Words(&audited.catalogue);
            mlops_audit_report::terminal::render(&audited.audit, &words, &style, extras)
        }
    }
}

/// The audit as a standard sees it.
fn seen_by(audited: &Audited, arguments: &CheckArguments, standard: &'static Standard) -> String {
    let view = mlops_audit_knowledge::view(&audited.audit, standard);
    match arguments.format {
        Format::Json => mlops_audit_report::standard::json(&view),
        Format::Terminal => {
            let style = terminal::style(arguments.output.is_none(), arguments.no_color);
            mlops_audit_report::standard::terminal(&audited.audit, &view, &style)
        }
    }
}

/// The baseline of the command line, else that of the policy, which is relative to the policy's folder.
fn baseline_file(arguments: &CheckArguments, audited: &Audited) -> Option<PathBuf> {
    if let Some(file) = &arguments.gates.baseline {
        return Some(file.clone());
    }
    let named = audited.policy.gates.baseline.as_ref()?;
    let policy = match &arguments.project.policy.policy {
        Some(given) => given.clone(),
        None => Path::new(&audited.audit.project.root).join(&audited.policy.file),
    };
    Some(policy.with_file_name("").join(named))
}

fn read_baseline(file: &Path) -> anyhow::Result<Baseline> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| {
        format!("the baseline '{shown}' cannot be read; 'mlops-audit baseline write' makes one")
    })?;
    Baseline::read(&text).map_err(|why| anyhow::anyhow!("'{shown}' {why}"))
}
