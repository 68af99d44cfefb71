//! Interactive fronts: Streamlit, Gradio and their like, pages of a web application, a front end of its own.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::Language;

use super::routes::Route;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node};

/// Source files that are interactive fronts and show or ask something, each with the evidence.
pub(super) fn fronts(basis: &Basis<'_>, predicting: &BTreeSet<Node>) -> BTreeMap<FileIndex, Evidence> {
    let codebase = &basis.codebase;
    let mut found: BTreeMap<FileIndex, Evidence> = BTreeMap::new();
    for used in basis.uses.with(Role::ServeApp) {
        let source = codebase.file(used.file);
        if source.is_test || found.contains_key(&used.file) || !basis.listing.in_project(&source.path) {
            continue;
        }
        found.insert(used.file, used.evidence(codebase));
    }
    found.retain(|file, _| does_something(basis, predicting, *file));
    found
}

/// Whether a front reads data, asks a model or talks to a service. One that only shows text is none.
fn does_something(basis: &Basis<'_>, predicting: &BTreeSet<Node>, file: FileIndex) -> bool {
    let codebase = &basis.codebase;
    if codebase.file(file).code.language != Language::Python {
        return true;
    }
    let reached = codebase.reach_script(file);
    if predicting.iter().any(|node| reached.contains(*node)) {
        return true;
    }
    let works = |role| {
        basis
            .uses
            .with(role)
            .any(|used| reached.contains(used.node(codebase)))
    };
    [
        Role::LoadModel,
        Role::LoadData,
        Role::Train,
        Role::CallLlm,
        Role::TrackMetrics,
    ]
    .into_iter()
    .any(works)
        || codebase.calls_of(file).any(|site| {
            let path = codebase.target(site);
            path.starts_with("requests.") || path.starts_with("httpx.") || path.starts_with("pandas.read_")
        })
}

/// Pages that the routes of a predicting application render.
pub(super) fn pages(basis: &Basis<'_>, routes: &[Route]) -> Vec<Evidence> {
    routes
        .iter()
        .filter(|route| route.is_page && (route.predicts || route.from_template))
        .map(|route| route.evidence(&basis.codebase, "renders a page"))
        .collect()
}

/// Front ends in JavaScript, and static pages, beside an API.
pub(super) fn front_ends(basis: &Basis<'_>) -> Vec<Evidence> {
    const LIBRARIES: &[&str] = &[
        "react",
        "vue",
        "svelte",
        "next",
        "nuxt",
        "preact",
        "@angular/core",
        "solid-js",
        "expo",
    ];
    let mut found: Vec<Evidence> = basis
        .documents
        .all_data()
        .filter(|(file, _)| file.path.ends_with("package.json") && basis.listing.in_project(&file.path))
        .filter_map(|(file, data)| {
            let dependencies = data.documents.first()?.get("dependencies")?;
            let entry = dependencies
                .entries()
                .iter()
                .find(|entry| LIBRARIES.contains(&entry.key.as_str()))?;
            Some(Evidence::new(
                &file.path,
                entry.place,
                format!("front end with {}", entry.key),
            ))
        })
        .collect();
    let page = basis.listing.files.iter().find(|file| {
        file.is_own()
            && file.name() == "index.html"
            && basis.listing.in_project(&file.path)
            && file.folder().split('/').any(|part| {
                matches!(
                    part.to_ascii_lowercase().as_str(),
                    "frontend"
                        | "front-end"
                        | "front_end"
                        | "client"
                        | "ui"
                        | "web"
                        | "webapp"
                        | "static"
                        | "templates"
                        | "public"
                )
            })
    });
    found.extend(page.map(|file| Evidence::file(&file.path, "page of a front end")));
    found
}
