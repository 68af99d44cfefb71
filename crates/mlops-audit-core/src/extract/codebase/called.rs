//! The calls of all files by names of theirs, so that each name is asked about once, and not each call.

use std::collections::BTreeMap;

use mlops_audit_formats::code::Text;
use mlops_audit_formats::dotted::last_segment;

use super::groups::Groups;
use super::resolve::number;
use super::{Codebase, FileIndex, Resolved, Site, SourceFile};

/// File and position of a call.
pub(in crate::extract) type At = (FileIndex, u32);

/// The calls of all files by what they are called by.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// By what follows the last dot of the name as written.
    methods: Named,
    /// By the qualified name: [`Codebase::target`].
    targets: Named,
    /// By the keywords of their arguments.
    keywords: Named,
    /// The positions in `targets` of the names, by their first segments.
    roots: BTreeMap<String, Vec<u32>>,
}

impl Called {
    /// Sorts the calls of these files, given what each means.
    pub(super) fn new(files: &[SourceFile], links: &[Vec<Resolved>]) -> Self {
        let calls = || {
            (0..).zip(files).flat_map(|(file, source)| {
                let calls = (0..).zip(&source.code.calls);
                calls.map(move |(position, call)| ((file, position), call))
            })
        };
        let targets = Named::new(
            calls().map(|(at, call)| (target(links, at, &call.target.path), at)),
            |path| path,
        );
        let methods = Named::new(calls().map(|(at, call)| (&call.target.path, at)), last_segment);
        let named = calls().flat_map(|(at, call)| {
            let names = call
                .arguments
                .iter()
                .filter_map(|argument| argument.name.as_ref());
            names.map(move |name| (name, at))
        });
        let keywords = Named::new(named, |name| name);
        let mut roots: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (position, name) in (0..).zip(targets.names()) {
            let root = root(name);
            match roots.get_mut(root) {
                Some(found) => found.push(position),
                None => {
                    roots.insert(root.to_owned(), vec![position]);
                }
            }
        }
        Self {
            methods,
            targets,
            keywords,
            roots,
        }
    }
}

/// Calls by a name. One family of facts after the other asks all names whether they are wanted, so the names stand one
/// behind the other.
#[derive(Debug, Default)]
struct Named {
    names: String,
    /// Where each name ends in `names`.
    ends: Vec<u32>,
    /// The calls by the position of their name.
    sites: Groups<At>,
}

impl Named {
    /// Sorts calls that are given in order with a text each, of which a part is the name.
    fn new<'code>(
        named: impl Iterator<Item = (&'code Text, At)> + Clone,
        part: impl Fn(&'code str) -> &'code str,
    ) -> Self {
        let mut names = String::new();
        let mut ends = Vec::new();
        let sites = Groups::new(named, &part, |text| {
            names.push_str(part(text));
            ends.push(number(names.len()));
        });
        names.shrink_to_fit();
        ends.shrink_to_fit();
        Self { names, ends, sites }
    }

    /// The names, in the order of their positions.
    fn names(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = *end as usize;
            &self.names[std::mem::replace(&mut start, end)..end]
        })
    }

    /// The name at this position.
    fn name(&self, position: usize) -> &str {
        let start = match position.checked_sub(1) {
            Some(before) => self.ends[before] as usize,
            None => 0,
        };
        &self.names[start..self.ends[position] as usize]
    }

    /// Adds the calls whose name is wanted.
    fn add(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        for (position, name) in self.names().enumerate() {
            if is_wanted(name) {
                found.extend_from_slice(self.sites.at(position));
            }
        }
    }
}

fn target<'code>(links: &'code [Vec<Resolved>], (file, position): At, written: &'code Text) -> &'code Text {
    match &links[file as usize][position as usize] {
        Resolved::External(path) => path,
        _ => written,
    }
}

/// The first segment of a qualified name.
fn root(path: &str) -> &str {
    path.split(['.', '(']).next().unwrap_or(path)
}

impl Codebase {
    /// The calls of all files whose last name (`fit` of `model.fit`) is wanted, in the order of [`Codebase::calls`].
    pub fn calls_by_method(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = Site<'_>> {
        let mut found = Vec::new();
        self.add_by_method(is_wanted, &mut found);
        self.sites(found).into_iter()
    }

    /// The calls of all files whose [`Codebase::target`] is wanted, in the order of [`Codebase::calls`].
    pub fn calls_by_target(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Site<'_>> {
        let mut found = Vec::new();
        self.add_by_target(is_wanted, &mut found);
        self.sites(found)
    }

    /// The calls that leave the project for a package, by the first segment of its name, in the order of
    /// [`Codebase::calls`].
    pub fn calls_of_package(&self, root: &str) -> Vec<Site<'_>> {
        let named = self.called.roots.get(root).into_iter().flatten();
        let found = named.flat_map(|position| self.called.targets.sites.at(*position as usize));
        let mut sites = self.sites(found.copied().collect());
        sites.retain(|site| matches!(self.resolved(*site), Resolved::External(_)));
        sites
    }

    /// These calls in order, each once.
    pub(in crate::extract) fn sites(&self, mut found: Vec<At>) -> Vec<Site<'_>> {
        found.sort_unstable();
        found.dedup();
        let site = |(file, index): At| Site {
            file,
            index,
            call: &self.file(file).code.calls[index as usize],
        };
        found.into_iter().map(site).collect()
    }

    pub(in crate::extract) fn add_by_method(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        self.called.methods.add(is_wanted, found);
    }

    pub(in crate::extract) fn add_by_target(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        self.called.targets.add(is_wanted, found);
    }

    /// Adds the calls whose qualified name starts with this segment and is wanted.
    pub(in crate::extract) fn add_by_target_of(
        &self,
        root: &str,
        is_wanted: impl Fn(&str) -> bool,
        found: &mut Vec<At>,
    ) {
        let targets = &self.called.targets;
        for position in self.called.roots.get(root).into_iter().flatten() {
            let position = *position as usize;
            if is_wanted(targets.name(position)) {
                found.extend_from_slice(targets.sites.at(position));
            }
        }
    }

    pub(in crate::extract) fn add_by_keyword(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        self.called.keywords.add(is_wanted, found);
    }
}
