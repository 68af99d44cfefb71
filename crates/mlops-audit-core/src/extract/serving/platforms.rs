//! Serving by a platform that is made for models: managed endpoints, model servers.

use super::declared::{declared, services};
use crate::catalogue::{Match, Role};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::runs::RunnerKind;

/// Tools that serve anything, not models alone: what they serve has to be seen to predict.
const GENERAL: &[&str] = &[
    "aiohttp-server",
    "aws",
    "aws-cdk",
    "azure",
    "bottle",
    "chalice",
    "cherrypy",
    "cloudflare",
    "django",
    "falcon",
    "fastapi",
    "flask",
    "google-cloud",
    "grpc",
    "langgraph",
    "litellm",
    "litestar",
    "mangum",
    "modal",
    "ollama",
    "robyn",
    "sanic",
    "skypilot",
    "tornado",
];

fn serves_models(basis: &Basis<'_>, found: &Match) -> bool {
    found.role == Role::ServeApi && !GENERAL.contains(&basis.catalogue.id(found.tool))
}

/// Evidence of serving platforms in code, commands, resources and images.
pub(super) fn platforms(basis: &Basis<'_>) -> Vec<Evidence> {
    let mut found = in_code(basis);
    found.extend(in_commands(basis));
    found.extend(in_configuration(basis));
    found
}

fn in_code(basis: &Basis<'_>) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let mut found: Vec<Evidence> = basis
        .uses
        .with(Role::ServeApi)
        .filter(|used| {
            let source = codebase.file(used.file);
            !source.is_test
                && basis.listing.in_project(&source.path)
                && !GENERAL.contains(&basis.catalogue.id(used.tool))
        })
        .map(|used| used.evidence(codebase))
        .collect();
    // Decorators without arguments and base classes are no calls: `@bentoml.service`, `class Model(kserve.Model)`.
    for used in &basis.uses.definitions {
        let source = codebase.file(used.definition.file);
        let serves = used.role == Role::ServeApi && !GENERAL.contains(&basis.catalogue.id(used.tool));
        if serves && !source.is_test && basis.listing.in_project(&source.path) {
            let scope = codebase.scope(used.definition);
            let name = &basis.catalogue.tool(used.tool).name;
            found.push(codebase.evidence(
                used.definition.file,
                scope.place,
                format!("{} by {name}", scope.name),
            ));
        }
    }
    found
}

fn in_commands(basis: &Basis<'_>) -> Vec<Evidence> {
    basis
        .runs
        .runners
        .iter()
        .filter(|runner| runner.dead.is_none() || runner.kind == RunnerKind::Documentation)
        .flat_map(|runner| &runner.invocations)
        .filter(|invocation| {
            invocation.matches.iter().any(|found| serves_models(basis, found))
                || deploys_endpoint(&invocation.words)
        })
        .map(|invocation| invocation.evidence(format!("runs {}", invocation.line())))
        .collect()
}

/// Command lines of clouds that make an endpoint for a model.
fn deploys_endpoint(words: &[String]) -> bool {
    let mut clouds = words.iter();
    if !clouds.any(|word| matches!(word.as_str(), "aws" | "az" | "gcloud")) {
        return false;
    }
    let has = |word: &str| words.iter().any(|found| found == word);
    (has("aws") && has("sagemaker") && (has("create-endpoint") || has("update-endpoint")))
        || (has("az")
            && has("ml")
            && (has("online-endpoint") || has("online-deployment"))
            && (has("create") || has("update")))
        || (has("gcloud") && has("endpoints") && has("deploy-model"))
}

fn in_configuration(basis: &Basis<'_>) -> Vec<Evidence> {
    let mut found = Vec::new();
    for resource in declared(basis.documents) {
        if !basis.listing.in_project(resource.path) {
            continue;
        }
        let by_catalogue = basis
            .catalogue
            .resource(&resource.kind)
            .iter()
            .any(|found| serves_models(basis, found));
        let by_schema = matches!(
            resource.kind.as_str(),
            "managedOnlineEndpoint"
                | "managedOnlineDeployment"
                | "kubernetesOnlineEndpoint"
                | "kubernetesOnlineDeployment"
        );
        if by_catalogue || by_schema {
            found.push(resource.evidence(format!("declares {}", resource.kind)));
        }
    }
    for service in services(basis.documents) {
        if basis.listing.in_project(service.path)
            && basis
                .catalogue
                .image(&service.image())
                .iter()
                .any(|found| serves_models(basis, found))
        {
            found.push(service.evidence(format!("runs {}", service.image())));
        }
    }
    found
}
