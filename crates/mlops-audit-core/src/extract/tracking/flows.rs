//! Metaflow: what a flow keeps on `self` is recorded.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, ScopeKind};

use super::words::{is_metric, is_parameter, is_place};
use super::{Aspect, Record, Tracking};
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Resolved};

/// Reads all flows.
pub(super) fn read(basis: &Basis<'_>, tracking: &mut Tracking) {
    for (index, file) in basis.codebase.without_tests() {
        for (id, scope) in file.code.scopes.iter().enumerate() {
            let is_flow = scope.kind == ScopeKind::Class
                && scope.bases.iter().any(|base| match base {
                    Expr::Name(name) => matches!(
                        basis.codebase.resolve(index, name, scope.parent),
                        Resolved::External(path) if path == "metaflow.FlowSpec" || path == "metaflow.flowspec.FlowSpec"
                    ),
                    _ => false,
                });
            if is_flow {
                flow(basis, index, u32::try_from(id).unwrap_or(u32::MAX), tracking);
            }
        }
    }
}

fn flow(basis: &Basis<'_>, file: FileIndex, class: u32, tracking: &mut Tracking) {
    let units: BTreeSet<usize> = (0..tracking.units.len())
        .filter(|unit| tracking.units[*unit].file == file)
        .collect();
    if units.is_empty() && !tracking.units.is_empty() {
        return;
    }
    let code = &basis.codebase.file(file).code;
    let mut first: [Option<_>; 3] = [None, None, None];
    for found in &code.assignments {
        let inside = code.scopes_around(found.scope).any(|(id, _)| id == class);
        if !inside {
            continue;
        }
        let place = found.place;
        if let Some(name) = found.target.strip_prefix("self.") {
            let is_setting =
                is_parameter(name) || Expr::as_number(&found.value).is_some() && !is_metric(name);
            let slot = if is_metric(name) {
                Some(1)
            } else if is_setting {
                Some(0)
            } else {
                None
            };
            if let Some(slot) = slot {
                first[slot].get_or_insert((place, format!("keeps self.{name} with the run")));
            }
            first[2].get_or_insert((place, format!("keeps self.{name} with the run")));
        } else if found.scope == class {
            let is_parameter = match &found.value {
                Expr::Call(call) => {
                    let name = &code.calls[*call as usize].target.path;
                    matches!(
                        name.rsplit('.').next(),
                        Some("Parameter" | "Config" | "IncludeFile" | "JSONType")
                    )
                }
                Expr::Number(_) | Expr::String(_) | Expr::Dict(_) | Expr::Bool(_) => true,
                _ => false,
            };
            if is_parameter && !is_place(&found.target) {
                first[0].get_or_insert((place, format!("declares {} of the flow", found.target)));
            }
        }
    }
    for (slot, aspect) in [Aspect::Params, Aspect::Metrics, Aspect::Artifacts]
        .into_iter()
        .enumerate()
    {
        if let Some((place, what)) = first[slot].take() {
            tracking.records.push(Record {
                aspect,
                tool: "Metaflow".to_owned(),
                id: Some("metaflow".to_owned()),
                evidence: basis.codebase.evidence(file, place, what),
                units: units.clone(),
                weakness: None,
            });
        }
    }
}
