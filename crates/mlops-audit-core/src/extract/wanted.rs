//! Picks the calls that a family of facts may want, out of millions: by roles and names, each asked about once.

use super::codebase::{At, Codebase, Site};
use super::uses::Uses;
use crate::catalogue::Role;

/// Calls that were picked so far.
pub struct Wanted<'a> {
    codebase: &'a Codebase,
    uses: &'a Uses,
    found: Vec<At>,
}

impl<'a> Wanted<'a> {
    /// None so far.
    pub fn new(codebase: &'a Codebase, uses: &'a Uses) -> Self {
        Self {
            codebase,
            uses,
            found: Vec::new(),
        }
    }

    /// Those with one of these roles as well.
    pub fn with_role(mut self, roles: &[Role]) -> Self {
        let used = roles.iter().flat_map(|role| self.uses.with(*role));
        self.found.extend(used.map(|used| (used.file, used.call)));
        self
    }

    /// Those with such a qualified name as well: [`Uses::target`].
    pub fn with_target(mut self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let mut found = Vec::new();
        self.codebase.add_by_target(&is_wanted, &mut found);
        self.uses.correct_targets(is_wanted, &mut found);
        self.found.append(&mut found);
        self
    }

    /// Those with such a qualified name as well, all of which start with one of these segments: names of packages.
    pub fn with_target_of(mut self, roots: &[&str], is_wanted: impl Fn(&str) -> bool) -> Self {
        let mut found = Vec::new();
        for root in roots {
            self.codebase.add_by_target_of(root, &is_wanted, &mut found);
        }
        self.uses.correct_targets(is_wanted, &mut found);
        self.found.append(&mut found);
        self
    }

    /// Those whose last name, as written, is such a one as well.
    pub fn with_method(mut self, is_wanted: impl Fn(&str) -> bool) -> Self {
        self.codebase.add_by_method(is_wanted, &mut self.found);
        self
    }

    /// Those with an argument by one of these names as well.
    pub fn with_keyword(mut self, names: &[&str]) -> Self {
        self.codebase
            .add_by_keyword(|name| names.contains(&name), &mut self.found);
        self
    }

    /// Those with an argument by such a name as well.
    pub fn with_keyword_of(mut self, is_wanted: impl Fn(&str) -> bool) -> Self {
        self.codebase.add_by_keyword(is_wanted, &mut self.found);
        self
    }

    /// These as well.
    pub(super) fn with_sites(mut self, sites: impl Iterator<Item = At>) -> Self {
        self.found.extend(sites);
        self
    }

    /// All that were picked, each once, in the order of files and text.
    pub fn sites(self) -> Vec<Site<'a>> {
        self.codebase.sites(self.found)
    }

    /// Those of them that stand outside tests.
    pub fn outside_tests(self) -> Vec<Site<'a>> {
        let codebase = self.codebase;
        let mut sites = self.sites();
        sites.retain(|site| !codebase.file(site.file).is_test);
        sites
    }
}
