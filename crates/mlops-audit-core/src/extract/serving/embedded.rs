//! Models that are exported to run on a device, in a browser or in another runtime.

use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::Reached;

/// Evidence of exports that something reaches, and of sources that carry a model onto a device.
pub(super) fn embedded(basis: &Basis<'_>, live: &Reached, is_served: bool) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let mut found: Vec<Evidence> = basis
        .uses
        .with(Role::ExportModel)
        .filter(|used| {
            let source = codebase.file(used.file);
            // Beside a model that is served, an export in a notebook is an experiment.
            !(source.is_test || source.is_notebook && is_served)
                && basis.listing.in_project(&source.path)
                && live.contains(used.node(codebase))
        })
        .map(|used| used.evidence(codebase))
        .collect();
    found.extend(
        basis
            .runs
            .runners
            .iter()
            .flat_map(|runner| &runner.invocations)
            .filter(|invocation| invocation.has_role(Role::ExportModel))
            .map(|invocation| invocation.evidence(format!("runs {}", invocation.line()))),
    );
    found.extend(on_device(basis));
    found
}

/// A model for a device beside the sources of a program that runs there.
fn on_device(basis: &Basis<'_>) -> Option<Evidence> {
    let own = || {
        basis
            .listing
            .files
            .iter()
            .filter(|file| file.is_own() && basis.listing.in_project(&file.path))
    };
    let model = own().find(|file| {
        matches!(
            file.extension().as_str(),
            "tflite" | "mlmodel" | "mlpackage" | "ort" | "ncnn"
        )
    })?;
    own().find(|file| {
        matches!(
            file.extension().as_str(),
            "cpp" | "cc" | "ino" | "swift" | "kt" | "java" | "dart" | "js" | "ts" | "tsx" | "rs"
        )
    })?;
    Some(Evidence::file(&model.path, "model for a device"))
}
