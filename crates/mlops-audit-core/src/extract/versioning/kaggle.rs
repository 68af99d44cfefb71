//! The competitions that a project takes part in.

use std::collections::BTreeSet;

use crate::extract::Basis;
use crate::read::Document;

/// The Kaggle competitions that pages of documentation link to, by the name in their address.
pub(super) fn competitions(basis: &Basis<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in &basis.documents.files {
        let Document::Markdown(page) = &file.document else {
            continue;
        };
        for link in &page.links {
            let rest = ["kaggle.com/c/", "kaggle.com/competitions/"]
                .iter()
                .find_map(|mark| link.split_once(mark).map(|(_, rest)| rest));
            let name = rest.and_then(|rest| rest.split(['/', '?', '#', ')']).next());
            found.extend(name.filter(|name| name.len() > 3).map(str::to_owned));
        }
    }
    found
}
