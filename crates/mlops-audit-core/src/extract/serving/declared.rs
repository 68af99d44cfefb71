//! What configuration declares: cloud resources, Kubernetes objects, services of compose files.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Entry, Node};

use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::read::{Document, Documents};

/// A resource or object that a file declares.
#[derive(Clone, Debug)]
pub struct Declared<'a> {
    /// Its type: `aws_sagemaker_endpoint`, `AWS::SageMaker::Endpoint`, `InferenceService`, `managedOnlineEndpoint`.
    pub kind: String,
    /// The file.
    pub path: &'a str,
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub node: &'a Node,
}

/// A service of a compose file.
#[derive(Clone, Debug)]
pub struct Service<'a> {
    /// Its name.
    pub name: &'a str,
    /// The compose file.
    pub path: &'a str,
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub node: &'a Node,
}

impl Declared<'_> {
    /// Whether the catalogue gives its type this role.
    pub fn has_role(&self, basis: &Basis<'_>, role: Role) -> bool {
        basis
            .catalogue
            .resource(&self.kind)
            .iter()
            .any(|found| found.role == role)
    }

    /// Evidence at its definition.
    pub fn evidence(&self, what: impl Into<String>) -> Evidence {
        Evidence::new(self.path, self.place, what)
    }
}

impl Service<'_> {
    /// The image that it runs; empty where it is built.
    pub fn image(&self) -> String {
        self.node.get("image").map(Node::text).unwrap_or_default()
    }

    /// Whether the image is built from the repository.
    pub fn is_built(&self) -> bool {
        self.node.get("build").is_some()
    }

    /// The sources of its bind mounts and configs, as written.
    pub fn mounts(&self) -> Vec<String> {
        let volumes = self.node.get("volumes").map(Node::items).unwrap_or_default();
        volumes
            .iter()
            .map(|volume| match volume.get("source") {
                Some(source) => source.text(),
                None => volume.text().split(':').next().unwrap_or_default().to_owned(),
            })
            .filter(|source| !source.is_empty())
            .collect()
    }

    /// Where it mounts files of the repository: each path from the root, and the path in the container.
    pub fn binds(&self) -> Vec<(String, String)> {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let volumes = self.node.get("volumes").map(Node::items).unwrap_or_default();
        volumes
            .iter()
            .filter_map(|volume| match (volume.get("source"), volume.get("target")) {
                (Some(source), Some(target)) => Some((source.text(), target.text())),
                _ => {
                    let text = volume.text();
                    let mut parts = text.split(':');
                    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
                }
            })
            .filter(|(source, _)| source.starts_with('.') || source.contains('/'))
            .filter_map(|(source, target)| Some((from_root(folder, &source)?, target)))
            .collect()
    }

    /// Evidence at its definition.
    pub fn evidence(&self, what: impl Into<String>) -> Evidence {
        Evidence::new(self.path, self.place, what)
    }
}

/// A relative path as seen from the root; none where a variable or the machine decides.
fn from_root(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '$']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// All resources and objects that files of the project declare, by file and place.
pub fn declared(documents: &Documents) -> Vec<Declared<'_>> {
    let mut found = Vec::new();
    for (file, data) in documents.all_data() {
        for document in &data.documents {
            declared_in(&file.path, document, &mut found);
        }
    }
    found
}

fn declared_in<'a>(path: &'a str, document: &'a Node, found: &mut Vec<Declared<'a>>) {
    let mut add = |kind: String, place: Place, node: &'a Node| {
        found.push(Declared {
            kind,
            path,
            place,
            node,
        });
    };
    if document.get("apiVersion").is_some()
        && let Some(kind) = document.entry("kind")
    {
        add(kind.value.text(), kind.place, document);
        for item in document.get("items").map(Node::items).unwrap_or_default() {
            if let Some(kind) = item.entry("kind") {
                add(kind.value.text(), kind.place, item);
            }
        }
    }
    if let Some(schema) = document.entry("$schema") {
        // `https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json`
        let text = schema.value.text();
        let name = text.rsplit('/').next().unwrap_or_default();
        add(
            name.trim_end_matches(".json")
                .trim_end_matches(".schema")
                .to_owned(),
            schema.place,
            document,
        );
    }
    for entry in entries(document, "Resources") {
        if let Some(kind) = entry.value.entry("Type") {
            add(kind.value.text(), kind.place, &entry.value);
        }
    }
    // Azure's templates list their resources.
    for item in document.get("resources").map(Node::items).unwrap_or_default() {
        if let Some(kind) = item.entry("type") {
            add(kind.value.text(), kind.place, item);
        }
    }
    if path.ends_with(".tf") {
        for kind in entries(document, "resource") {
            for resource in kind.value.entries() {
                add(kind.key.clone(), resource.place, &resource.value);
            }
        }
    }
}

/// All services of the project's compose files.
pub fn services(documents: &Documents) -> Vec<Service<'_>> {
    let mut found = Vec::new();
    for (file, data) in documents.all_data() {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        if !name.contains("compose") && !name.starts_with("docker-stack") {
            continue;
        }
        for entry in data
            .documents
            .iter()
            .flat_map(|document| entries(document, "services"))
        {
            found.push(Service {
                name: &entry.key,
                path: &file.path,
                place: entry.place,
                node: &entry.value,
            });
        }
    }
    found
}

fn entries<'a>(node: &'a Node, key: &str) -> &'a [Entry] {
    node.get(key).map(Node::entries).unwrap_or_default()
}

/// The project's Dockerfiles that copy a file of this name into an image, with the place of the copy.
pub fn images_with<'a>(documents: &'a Documents, name: &'a str) -> impl Iterator<Item = Evidence> + 'a {
    documents
        .files
        .iter()
        .filter_map(move |file| match &file.document {
            Document::Docker(docker) => {
                let copy = docker.copies.iter().find(|copy| {
                    copy.from.is_none()
                        && copy
                            .sources
                            .iter()
                            .any(|source| source.rsplit('/').next() == Some(name))
                })?;
                Some(Evidence::new(
                    &file.path,
                    copy.place,
                    format!("copies {name} into the image"),
                ))
            }
            _ => None,
        })
}
