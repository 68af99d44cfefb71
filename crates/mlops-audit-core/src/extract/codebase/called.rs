//! The calls of all files by names of theirs, so that each name is asked about once, and not each call.

use std::collections::BTreeMap;

use mlops_audit_formats::code::Text;

use super::groups::Groups;
use super::{Codebase, FileIndex, Resolved, Site, SourceFile};
use crate::extract::uses::last_segment;

/// File and position of a call.
pub(in crate::extract) type At = (FileIndex, u32);

/// The calls of all files by what they are called by.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// By what follows the last dot of the name as written.
    methods: Groups<String, At>,
    /// By the qualified name: [`Codebase::target`].
    targets: Groups<Text, At>,
    /// By the keywords of their arguments.
    keywords: Groups<Text, At>,
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
        let targets = Groups::new(
            calls().map(|(at, call)| (target(links, at, &call.target.path), at)),
            |path| path,
            Text::clone,
        );
        let methods = Groups::new(
            calls().map(|(at, call)| (&call.target.path, at)),
            last_segment,
            |path| last_segment(path).to_owned(),
        );
        let named = calls().flat_map(|(at, call)| {
            let names = call
                .arguments
                .iter()
                .filter_map(|argument| argument.name.as_ref());
            names.map(move |name| (name, at))
        });
        let keywords = Groups::new(named, |name| name, Text::clone);
        let mut roots: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (position, (name, _)) in (0..).zip(&targets.ends) {
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
        let found = named.flat_map(|position| self.called.targets.at(*position as usize));
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
            if is_wanted(targets.ends[position].0.as_ref()) {
                found.extend_from_slice(targets.at(position));
            }
        }
    }

    pub(in crate::extract) fn add_by_keyword(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        self.called.keywords.add(is_wanted, found);
    }
}
