//! A source without some of its files.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{File, Listing, Source};

/// A source without the files that a policy excludes.
pub struct Excluding<'source> {
    source: &'source dyn Source,
    listing: Listing,
    excluded: usize,
}

impl<'source> Excluding<'source> {
    /// Leaves out the files that a glob matches, or whose folder one does. A glob that cannot be read matches nothing.
    pub fn new(source: &'source dyn Source, globs: &[String]) -> Self {
        let globs = glob_set(globs);
        let mut listing = source.listing().clone();
        let before = listing.files.len();
        listing.files.retain(|file| !globs.is_match(&file.path));
        Self {
            source,
            excluded: before - listing.files.len(),
            listing,
        }
    }

    /// How many files were left out.
    pub fn excluded(&self) -> usize {
        self.excluded
    }
}

impl Source for Excluding<'_> {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn read(&self, file: &File) -> Result<Vec<u8>, String> {
        self.source.read(file)
    }
}

/// Globs of paths: `*` stays within a folder, and a folder stands for all that is below it.
pub(crate) fn glob_set(globs: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let whole = glob.trim_end_matches('/');
        for pattern in [whole.to_owned(), format!("{whole}/**")] {
            if let Ok(glob) = GlobBuilder::new(&pattern).literal_separator(true).build() {
                set.add(glob);
            }
        }
    }
    set.build().unwrap_or_default()
}
