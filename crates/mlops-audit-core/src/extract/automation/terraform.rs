//! Whether what Terraform applies runs something of the project, or is only the ground for it.

use std::collections::BTreeSet;

use mlops_audit_formats::data::Node;

use crate::extract::Basis;
use crate::read::Format;

/// Words in the types of resources that run code, serve it or carry it to where it is run.
const RUNNING: &[&str] = &[
    "app",
    "apprunner",
    "batch",
    "beanstalk",
    "composer",
    "deployment",
    "docker",
    "endpoint",
    "function",
    "functions",
    "function2",
    "glue",
    "helm",
    "job",
    "kubernetes",
    "lambda",
    "model",
    "object",
    "pipeline",
    "release",
    "run",
    "sagemaker",
    "service",
    "sfn",
    "task",
    "vertex",
    "workflow",
    "workflows",
];

/// Resources whose types hold such a word, and that run nothing.
const GROUND: &[&str] = &[
    "aws_iam_service",
    "aws_service_discovery",
    "google_project_service",
    "google_service",
];

/// Words in the types of resources that only keep something, or say who may: nothing can be delivered to these.
const STORES: &[&str] = &[
    "artifact",
    "bucket",
    "dynamodb",
    "ecr",
    "iam",
    "key",
    "kms",
    "password",
    "pet",
    "random",
    "registry",
    "resource",
    "role",
    "s3",
    "secret",
    "secretsmanager",
    "ssm",
    "storage",
];

/// Whether all that Terraform makes are stores, registries, secrets and permissions.
fn is_stores_only(basis: &Basis<'_>) -> bool {
    let mut resources = roots(basis).flat_map(|(_, root)| of(root, "resource")).peekable();
    let is_store = |kind: &str| {
        // The first part names the provider.
        let mut words = kind.split('_').skip(usize::from(!kind.starts_with("random")));
        GROUND.iter().any(|start| kind.starts_with(start))
            || words.next().is_some_and(|word| STORES.contains(&word))
    };
    resources.peek().is_some()
        && !roots(basis).any(|(_, root)| of(root, "module").next().is_some())
        && resources.all(|(kind, named)| is_store(kind) && !runs(kind, named))
}

/// The folders whose configuration can be applied and makes something that a delivery needs.
pub(super) fn folders<'a>(basis: &'a Basis<'_>) -> BTreeSet<&'a str> {
    if is_stores_only(basis) {
        return BTreeSet::new();
    }
    let mut named: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    let mut clashing: BTreeSet<&str> = BTreeSet::new();
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for (path, root) in roots(basis) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        found.insert(folder);
        // Files of this name change what the others have defined.
        if name.ends_with("override.tf") {
            continue;
        }
        for (kind, resources) in of(root, "resource") {
            for resource in resources.entries() {
                if !named.insert((folder, kind, &resource.key)) {
                    clashing.insert(folder);
                }
            }
        }
    }
    &found - &clashing
}

/// The configurations of Terraform with their paths.
fn roots<'a>(basis: &'a Basis<'_>) -> impl Iterator<Item = (&'a str, &'a Node)> {
    let files = basis.documents.all_data();
    let files = files.filter(|(file, _)| file.format == Format::Hcl && file.path.ends_with(".tf"));
    files.filter_map(|(file, data)| Some((file.path.as_str(), data.documents.first()?)))
}

/// Whether the configurations of Terraform, as far as they are in the repository, only make clusters, networks, buckets,
/// registries, roles: nothing of the project is in them. What modules from elsewhere make is not known.
pub(super) fn is_ground_only(basis: &Basis<'_>) -> bool {
    let modules = roots(basis).flat_map(|(_, root)| of(root, "module"));
    let brings_more = modules
        .flat_map(|(_, module)| module.get("source"))
        .any(|source| {
            let path = source.text();
            !path.starts_with("./") && !path.starts_with("../")
        });
    let mut resources = roots(basis).flat_map(|(_, root)| of(root, "resource")).peekable();
    resources.peek().is_some() && !brings_more && !resources.any(|(kind, named)| runs(kind, named))
}

/// The blocks of a type by their first label.
fn of<'a>(root: &'a Node, block: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    let entries = root.get(block).map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| (entry.key.as_str(), &entry.value))
}

/// Whether resources of a type run something: by the type, or by what a machine is told to do when it starts.
fn runs(kind: &str, named: &Node) -> bool {
    let starts = |resource: &Node| {
        [
            "user_data",
            "metadata_startup_script",
            "custom_data",
            "provisioner",
        ]
        .iter()
        .any(|key| resource.get(key).is_some())
    };
    !GROUND.iter().any(|start| kind.starts_with(start)) && kind.split('_').any(|word| RUNNING.contains(&word))
        || kind == "null_resource"
        || named.entries().iter().any(|resource| starts(&resource.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_tell_what_runs() {
        let nothing = Node::default();
        for kind in [
            "aws_lambda_function",
            "google_cloud_run_v2_service",
            "aws_ecs_task_definition",
        ] {
            assert!(runs(kind, &nothing), "{kind}");
        }
        for kind in [
            "aws_s3_bucket",
            "aws_eks_cluster",
            "google_project_service",
            "google_service_account",
            "aws_iam_service_linked_role",
        ] {
            assert!(!runs(kind, &nothing), "{kind}");
        }
    }
}
