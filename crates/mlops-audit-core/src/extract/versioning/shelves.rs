//! Where files lie that Git itself does not hold: under DVC, Git LFS, DataLad.

use mlops_audit_formats::data::Node;

use super::locations::{fits, is_kept};
use super::model_paths::is_model_path;
use crate::discover::File;
use crate::evidence::Evidence;
use crate::extract::Basis;

/// A file or folder whose content a tool pins by its hash.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    /// The tool, as reports name it.
    pub(super) tool: &'static str,
    /// The file or folder, relative to the root.
    pub(super) path: String,
    /// Where that is written.
    pub(super) evidence: Evidence,
    /// Whether it is declared to be a model.
    pub(super) is_model: bool,
    /// Whether it comes out of a stage, rather than having been added.
    pub(super) is_output: bool,
}

impl Shelf {
    /// Whether a path, as code writes it, lies in this folder or is this file.
    pub(super) fn holds(&self, path: &str) -> bool {
        let path = path.replace('\\', "/");
        let parts: Vec<&str> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "." | ".." | "{}" | "~"))
            .collect();
        let own: Vec<&str> = self.path.split('/').collect();
        self.tool != "DataLad" && parts.starts_with(&own)
    }
}

/// All that lies on shelves.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    pub(super) all: Vec<Shelf>,
    /// Where DVC is set up, whether or not it tracks anything.
    pub(super) dvc_setup: Option<Evidence>,
    /// Patterns of Git LFS that cover no file.
    pub(super) idle_lfs: Option<Evidence>,
}

impl Shelves {
    /// Reads `.dvc` files, `dvc.yaml`, `dvc.lock`, `.gitattributes`.
    pub(super) fn new(basis: &Basis<'_>) -> Self {
        let mut shelves = Self::default();
        for (file, data) in basis.documents.all_data() {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            for document in &data.documents {
                if name.ends_with(".dvc") && name != ".dvc" {
                    shelves.note_dvc_file(&file.path, folder, document);
                } else if name == "dvc.lock" {
                    shelves.note_lock(&file.path, folder, document);
                } else if name == "dvc.yaml" {
                    shelves.note_stages(&file.path, folder, document);
                }
            }
            if file.path.ends_with(".dvc/config") && shelves.dvc_setup.is_none() {
                shelves.dvc_setup = Some(Evidence::file(file.path.clone(), "DVC is set up"));
            }
        }
        shelves.note_attributes(basis);
        shelves.note_datalad(basis);
        shelves
    }

    fn note_dvc_file(&mut self, path: &str, folder: &str, document: &Node) {
        for out in document.get("outs").map_or(&[][..], Node::items) {
            let pinned = ["md5", "etag", "hash", "checksum", "version_id"]
                .iter()
                .any(|key| out.get(key).is_some())
                || out.get("files").is_some()
                || out.get("cloud").is_some();
            let working = document.get("wdir").map(Node::text).unwrap_or_default();
            if let Some(name) = out.get("path").map(Node::text).filter(|_| pinned) {
                let below = joined(folder, &working);
                self.all.push(Shelf {
                    tool: "DVC",
                    path: joined(&below, &name),
                    evidence: Evidence::new(path, out.place, format!("DVC pins {name} by its hash")),
                    is_model: false,
                    is_output: document.get("cmd").is_some(),
                });
            }
        }
    }

    fn note_lock(&mut self, path: &str, folder: &str, document: &Node) {
        let stages = document.get("stages").map_or(document.entries(), Node::entries);
        for stage in stages {
            for (part, is_output) in [("deps", false), ("outs", true)] {
                for item in stage.value.get(part).map_or(&[][..], Node::items) {
                    let hashed = ["md5", "etag", "checksum"]
                        .iter()
                        .any(|key| item.get(key).is_some());
                    if let Some(name) = item.get("path").map(Node::text).filter(|_| hashed) {
                        let is_code = [".py", ".ipynb", ".sh", ".yaml", ".R"]
                            .iter()
                            .any(|end| name.ends_with(end));
                        if !is_code {
                            self.all.push(Shelf {
                                tool: "DVC",
                                path: joined(folder, &name),
                                evidence: Evidence::new(
                                    path,
                                    item.place,
                                    format!("DVC pins {name} by its hash"),
                                ),
                                is_model: false,
                                is_output,
                            });
                        }
                    }
                }
            }
        }
    }

    /// Outputs of stages are pinned once a lock file holds their hashes; models that are declared count as tracked.
    fn note_stages(&mut self, path: &str, folder: &str, document: &Node) {
        for artifact in document.get("artifacts").map_or(&[][..], Node::entries) {
            let is_model = artifact.value.get("type").and_then(Node::as_str) == Some("model");
            if let Some(name) = artifact.value.get("path").map(Node::text).filter(|_| is_model) {
                self.all.push(Shelf {
                    tool: "DVC",
                    path: joined(folder, &name),
                    evidence: Evidence::new(path, artifact.place, format!("declares {name} as a model")),
                    is_model: true,
                    is_output: true,
                });
            }
        }
        for stage in document.get("stages").map_or(&[][..], Node::entries) {
            let body = stage.value.get("do").unwrap_or(&stage.value);
            for out in body.get("outs").map_or(&[][..], Node::items) {
                let (name, options) = match out.entries().first() {
                    Some(entry) => (entry.key.clone(), Some(&entry.value)),
                    None => (out.text(), None),
                };
                let cached = options
                    .and_then(|options| options.get("cache"))
                    .and_then(Node::as_bool)
                    .unwrap_or(true);
                if cached && is_model_path(&name) {
                    self.all.push(Shelf {
                        tool: "DVC",
                        path: joined(folder, &name),
                        evidence: Evidence::new(path, out.place, format!("DVC tracks {name}")),
                        is_model: true,
                        is_output: true,
                    });
                }
            }
        }
    }

    fn note_attributes(&mut self, basis: &Basis<'_>) {
        for file in basis
            .listing
            .files
            .iter()
            .filter(|file| file.name() == ".gitattributes" && file.is_own())
        {
            let Some(text) = super::text(basis, &file.path) else {
                continue;
            };
            for (line, text) in (1u32..).zip(text.lines()) {
                let mut words = text.split_whitespace();
                let Some(pattern) = words.next().filter(|pattern| !pattern.starts_with('#')) else {
                    continue;
                };
                let attributes: Vec<&str> = words.collect();
                if !attributes.contains(&"filter=lfs") {
                    continue;
                }
                let tool = "Git LFS";
                let place = mlops_audit_formats::Place::line(line);
                let evidence = Evidence::new(file.path.clone(), place, format!("Git LFS holds {pattern}"));
                let covered: Vec<&File> = basis
                    .listing
                    .files
                    .iter()
                    .filter(|found| {
                        is_kept(basis.listing, found) && covers(file.folder(), pattern, &found.path)
                    })
                    .collect();
                if covered.is_empty() {
                    self.idle_lfs.get_or_insert(evidence);
                    continue;
                }
                self.all.extend(covered.iter().map(|found| Shelf {
                    tool,
                    path: found.path.clone(),
                    evidence: evidence.clone(),
                    is_model: false,
                    is_output: false,
                }));
            }
        }
    }

    fn note_datalad(&mut self, basis: &Basis<'_>) {
        for file in &basis.listing.files {
            if let Some(folder) = file.path.strip_suffix(".datalad/config") {
                self.all.push(Shelf {
                    tool: "DataLad",
                    path: folder.trim_end_matches('/').to_owned(),
                    evidence: Evidence::file(file.path.clone(), "a DataLad data set"),
                    is_model: false,
                    is_output: false,
                });
            }
        }
    }

    /// The shelf that covers a path as code in `from` writes it: the same path, or a folder above or below it.
    pub(super) fn covering(&self, from: &str, path: &str) -> Option<&Shelf> {
        let path = path.replace('\\', "/");
        let segments: Vec<&str> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "." | ".." | "{}" | "~"))
            .collect();
        if segments.is_empty() {
            return None;
        }
        let here = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.all
            .iter()
            .filter(|shelf| shelf.tool != "DataLad")
            .find(|shelf| {
                let own: Vec<&str> = shelf.path.split('/').collect();
                let at_root = meets(&own, &segments);
                let at_folder = own
                    .strip_prefix(here.split('/').collect::<Vec<_>>().as_slice())
                    .is_some_and(|rest| meets(rest, &segments));
                // A path of another machine or folder: its end names the same file.
                let same_end =
                    own.len() <= segments.len() && meets(&own, &segments[segments.len() - own.len()..]);
                let suffix =
                    segments.len() <= own.len() && meets(&own[own.len() - segments.len()..], &segments);
                at_root || at_folder || same_end || suffix
            })
            .or_else(|| self.all.iter().find(|shelf| shelf.tool == "DataLad"))
    }
}

/// Whether one path is the other or lies below it.
fn meets(own: &[&str], wanted: &[&str]) -> bool {
    !own.is_empty() && own.iter().zip(wanted).all(|(own, wanted)| fits(wanted, own))
}

/// Whether a pattern of `.gitattributes` covers a path.
fn covers(folder: &str, pattern: &str, path: &str) -> bool {
    let path = match (folder, path) {
        ("", path) => path,
        (folder, path) => match path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => rest,
            None => return false,
        },
    };
    let pattern = pattern.trim_matches('"').trim_start_matches('/');
    let whole = pattern.trim_end_matches('/');
    if let Some(folder) = whole.strip_suffix("/**").or_else(|| whole.strip_suffix("/*")) {
        return path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'));
    }
    if let Some(name) = whole.strip_prefix("**/") {
        return path.rsplit('/').next().is_some_and(|found| fits(name, found));
    }
    if whole.contains('/') {
        let parts: Vec<&str> = path.split('/').collect();
        let wanted: Vec<&str> = whole.split('/').collect();
        if let Some(at) = wanted.iter().position(|part| *part == "**") {
            return parts.len() >= wanted.len() - 1
                && wanted[..at].iter().zip(&parts).all(|(a, b)| fits(a, b))
                && fits(wanted[wanted.len() - 1], parts[parts.len() - 1]);
        }
        return parts.len() == wanted.len() && wanted.iter().zip(&parts).all(|(a, b)| fits(a, b));
    }
    path.rsplit('/').next().is_some_and(|found| fits(whole, found))
}

fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::{covers, joined};

    #[test]
    fn attributes_cover_paths() {
        assert!(covers("", "*.csv", "data/a.csv"));
        assert!(covers("", "data/**", "data/x/a.csv"));
        assert!(covers("data", "*.csv", "data/a.csv"));
        assert!(covers("", "models/*.pt", "models/a.pt"));
        assert!(covers("", "data/**/*.png", "data/x/y/a.png"));
        assert!(!covers("", "models/*.pt", "other/a.pt"));
        assert!(!covers("data", "*.csv", "a.csv"));
    }

    #[test]
    fn paths_are_joined_without_dots() {
        assert_eq!(joined("data/raw", "../x.csv"), "data/x.csv");
        assert_eq!(joined("", "./x.csv"), "x.csv");
    }
}
