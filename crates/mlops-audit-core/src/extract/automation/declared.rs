//! Pipelines of orchestrators whose definitions no reader follows: the calls and decorators that declare them.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Call, Expr};

use super::{Chain, Shape, Work, names};
use crate::catalogue::{Role, ToolIndex};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Resolved};
use crate::extract::runs::RunnerKind;

/// What code declares of one orchestrator's pipeline.
#[derive(Default)]
struct Declared {
    pipelines: BTreeSet<(FileIndex, Place)>,
    steps: BTreeMap<(FileIndex, Place), Option<Work>>,
}

/// A chain for each orchestrator that declares a pipeline of two or more steps and that no runner stands for.
pub(super) fn find(basis: &Basis<'_>) -> Vec<Chain> {
    let followed: BTreeSet<&str> = basis
        .runs
        .runners
        .iter()
        .filter_map(|runner| match &runner.kind {
            RunnerKind::Orchestrator(tool) => Some(tool.as_str()),
            _ => None,
        })
        .collect();
    let mut tools: BTreeMap<ToolIndex, Declared> = BTreeMap::new();
    calls(basis, &mut tools);
    decorators(basis, &mut tools);
    tools
        .into_iter()
        .filter(|(tool, _)| !followed.contains(basis.catalogue.id(*tool)))
        .filter_map(|(tool, declared)| chain(basis, tool, &declared))
        .collect()
}

fn counts(basis: &Basis<'_>, file: FileIndex) -> bool {
    let source = basis.codebase.file(file);
    !source.is_test && basis.listing.in_project(&source.path)
}

fn calls(basis: &Basis<'_>, tools: &mut BTreeMap<ToolIndex, Declared>) {
    for role in [Role::Pipeline, Role::PipelineStep] {
        for found in basis.uses.with(role).filter(|found| counts(basis, found.file)) {
            let site = found.site(&basis.codebase);
            let declared = tools.entry(found.tool).or_default();
            if role == Role::Pipeline {
                declared.pipelines.insert((found.file, site.call.place));
                if basis.catalogue.id(found.tool) == "drake" {
                    declared
                        .steps
                        .extend(targets_of_plan(basis, found.file, site.call));
                }
                continue;
            }
            let named = site
                .call
                .arguments
                .iter()
                .find_map(|argument| match &argument.value {
                    Expr::String(text) => names::hinted(text),
                    Expr::Name(name) => names::hinted(&name.path),
                    _ => None,
                });
            let work = named.or_else(|| names::clear(site.call.method()));
            declared.steps.insert((found.file, site.call.place), work);
        }
    }
}

/// The targets of a plan, each an argument that is made by a call: `drake_plan(model = fit(frame))`.
fn targets_of_plan<'plan>(
    basis: &'plan Basis<'_>,
    file: FileIndex,
    plan: &'plan Call,
) -> impl Iterator<Item = ((FileIndex, Place), Option<Work>)> + 'plan {
    plan.arguments.iter().filter_map(move |target| {
        let name = target.name.as_deref()?;
        let made = basis.codebase.call_of(file, &target.value)?;
        let work = names::hinted(made.call.method()).or_else(|| names::hinted(name));
        Some(((file, made.call.place), work))
    })
}

fn decorators(basis: &Basis<'_>, tools: &mut BTreeMap<ToolIndex, Declared>) {
    for (position, source) in basis.codebase.files.iter().enumerate() {
        let file = u32::try_from(position).unwrap_or(u32::MAX);
        if !counts(basis, file) {
            continue;
        }
        for scope in &source.code.scopes {
            for decorator in scope.decorators.iter().chain(&scope.bases) {
                let matches = match decorator {
                    Expr::Name(name) => match basis.codebase.resolve(file, name, scope.parent) {
                        Resolved::External(path) => basis.catalogue.call(&path, None),
                        _ => continue,
                    },
                    Expr::Call(call) => basis
                        .uses
                        .of(file, *call)
                        .map(|found| crate::catalogue::Match {
                            tool: found.tool,
                            role: found.role,
                        })
                        .collect(),
                    _ => continue,
                };
                for found in matches {
                    let declared = tools.entry(found.tool).or_default();
                    match found.role {
                        Role::Pipeline => {
                            declared.pipelines.insert((file, scope.place));
                        }
                        Role::PipelineStep => {
                            declared
                                .steps
                                .insert((file, scope.place), names::hinted(&scope.name));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

fn chain(basis: &Basis<'_>, tool: ToolIndex, declared: &Declared) -> Option<Chain> {
    let works: Vec<Work> = declared
        .steps
        .values()
        .map(|work| work.unwrap_or(Work::Other))
        .collect();
    let (pipeline_file, pipeline_place) = declared.pipelines.first()?;
    if works.len() < 2 || !works.iter().any(|work| work.is_ml()) {
        return None;
    }
    let learns = works
        .iter()
        .any(|work| matches!(work, Work::Train | Work::Evaluate));
    let place = |file: FileIndex, place: Place, what: String| {
        Evidence::new(basis.codebase.file(file).path.clone(), place, what)
    };
    let mut evidence = vec![place(
        *pipeline_file,
        *pipeline_place,
        format!("{} pipeline", basis.catalogue.tool(tool).name),
    )];
    evidence.extend(declared.steps.iter().take(8).map(|((file, at), work)| {
        place(
            *file,
            *at,
            format!("step: {}", work.unwrap_or(Work::Other).as_str()),
        )
    }));
    Some(Chain {
        shape: if learns || basis.training.is_empty() {
            Shape::Chained
        } else {
            Shape::DataOnly
        },
        definition: format!("{} pipeline", basis.catalogue.tool(tool).name),
        works,
        evidence,
        why: None,
        rank: 1,
    })
}
