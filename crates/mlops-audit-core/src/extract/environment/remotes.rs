//! The remote to which DVC sends data.

use mlops_audit_formats::data::Node;

use crate::discover::Listing;
use crate::evidence::Evidence;
use crate::extract::Basis;

/// A remote of DVC.
#[derive(Clone, Debug)]
pub struct DvcRemote {
    /// Its name.
    pub name: String,
    /// Whether it has an address that others can reach, and is no folder on a disk.
    pub is_shared: bool,
    /// Where its address stands.
    pub evidence: Evidence,
}

/// The default remote: one that others can reach where there are several.
pub(super) fn dvc_remote(basis: &Basis<'_>) -> Option<DvcRemote> {
    let mut local = None;
    for (file, data) in basis.documents.all_data() {
        if !file.path.ends_with(".dvc/config") || !data.problems.is_empty() {
            continue;
        }
        let Some(root) = data.documents.first() else {
            continue;
        };
        let default = root.at(&["core", "remote"]).and_then(Node::as_str);
        for section in root.entries() {
            let name = section.key.trim_matches(['\'', '"']);
            let Some(name) = name.strip_prefix("remote") else {
                continue;
            };
            let name = name.trim().trim_matches(['\'', '"']);
            let Some(url) = section.value.entry("url") else {
                continue;
            };
            if default.is_some_and(|default| default != name) {
                continue;
            }
            let remote = DvcRemote {
                name: name.to_owned(),
                is_shared: url.value.text().contains("://"),
                evidence: Evidence::new(file.path.clone(), url.place, "configures a DVC remote"),
            };
            if remote.is_shared {
                return Some(remote);
            }
            local.get_or_insert(remote);
        }
    }
    local
}

/// Whether DVC pins files of the project.
pub(crate) fn pins_files(listing: &Listing) -> bool {
    let mut files = listing.files.iter();
    files.any(|file| file.is_own() && (file.path.ends_with(".dvc") || file.name() == "dvc.lock"))
}
