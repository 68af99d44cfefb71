//! The calls of all files by names of theirs, so that each name is asked about once, and not each call.

use std::collections::BTreeMap;

use mlops_audit_formats::code::Text;
use mlops_audit_formats::dotted::last_segment;

use super::groups::Groups;
use super::meanings::Links;
use super::resolve::number;
use super::{Codebase, FileIndex, Resolved, Site, SourceFile};

/// File and position of a call.
pub(in crate::extract) type At = (FileIndex, u32);

/// The calls of all files by what they are called by.
#[derive(Debug, Default)]
pub(super) struct Called {
    numbers: Numbers,
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
    pub(super) fn new(files: &[SourceFile], links: &[Links]) -> Self {
        let calls = || files.iter().flat_map(|source| &source.code.calls);
        let linked = files.iter().zip(links).flat_map(|(source, links)| {
            let calls = (0..).zip(&source.code.calls);
            calls.map(|(position, call)| target(links, position, &call.target.path))
        });
        let targets = Named::new(linked.zip(0..), |path| path);
        let methods = Named::new(calls().map(|call| &call.target.path).zip(0..), last_segment);
        let named = calls().zip(0..).flat_map(|(call, number)| {
            let names = call
                .arguments
                .iter()
                .filter_map(|argument| argument.name.as_ref());
            names.map(move |name| (name, number))
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
            numbers: Numbers::new(files),
            methods,
            targets,
            keywords,
            roots,
        }
    }
}

/// The calls of all files counted through, so that one number tells where a call stands.
#[derive(Debug, Default)]
struct Numbers {
    /// The number of the first call of each file.
    starts: Vec<u32>,
}

impl Numbers {
    fn new(files: &[SourceFile]) -> Self {
        let mut next = 0;
        let start = |file: &SourceFile| {
            let start = next;
            next += number(file.code.calls.len());
            start
        };
        Self {
            starts: files.iter().map(start).collect(),
        }
    }

    /// Where the call of a number stands.
    fn at(&self, number: u32) -> At {
        // Files without calls start where the file behind them starts, which is the last of those.
        let after = self.starts.partition_point(|start| *start <= number);
        let file = after.saturating_sub(1);
        let start = self.starts.get(file).copied().unwrap_or_default();
        (self::number(file), number - start)
    }
}

/// Calls by a name. One family of facts after the other asks all names whether they are wanted, so the names stand one
/// behind the other.
#[derive(Debug, Default)]
struct Named {
    names: String,
    /// Where each name ends in `names`.
    ends: Vec<u32>,
    /// The numbers of the calls by the position of their name.
    numbers: Groups<u32>,
}

impl Named {
    /// Sorts calls that are given in order with a text each, of which a part is the name.
    fn new<'code>(
        named: impl Iterator<Item = (&'code Text, u32)> + Clone,
        part: impl Fn(&'code str) -> &'code str,
    ) -> Self {
        let mut names = String::new();
        let mut ends = Vec::new();
        let numbers = Groups::new(named, &part, |text| {
            names.push_str(part(text));
            ends.push(number(names.len()));
        });
        names.shrink_to_fit();
        ends.shrink_to_fit();
        Self { names, ends, numbers }
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

    /// The numbers of the calls whose name is wanted.
    fn wanted(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = u32> {
        let named = self.names().enumerate().filter(move |(_, name)| is_wanted(name));
        named.flat_map(|(position, _)| self.numbers.at(position)).copied()
    }
}

/// The qualified name of a call as far as it leaves the project, else the name as written.
fn target<'code>(links: &'code Links, position: u32, written: &'code Text) -> &'code Text {
    match links.of(position) {
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
        let mut found = Vec::new();
        self.add_by_target_of(root, |_| true, &mut found);
        let mut sites = self.sites(found);
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
        self.add_numbers(self.called.methods.wanted(is_wanted), found);
    }

    pub(in crate::extract) fn add_by_target(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        self.add_numbers(self.called.targets.wanted(is_wanted), found);
    }

    /// Adds the calls whose qualified name starts with this segment and is wanted.
    pub(in crate::extract) fn add_by_target_of(
        &self,
        root: &str,
        is_wanted: impl Fn(&str) -> bool,
        found: &mut Vec<At>,
    ) {
        let targets = &self.called.targets;
        let positions = self.called.roots.get(root).into_iter().flatten();
        let named = positions
            .map(|position| *position as usize)
            .filter(|position| is_wanted(targets.name(*position)));
        let numbers = named.flat_map(|position| targets.numbers.at(position)).copied();
        self.add_numbers(numbers, found);
    }

    fn add_numbers(&self, numbers: impl Iterator<Item = u32>, found: &mut Vec<At>) {
        found.extend(numbers.map(|number| self.called.numbers.at(number)));
    }

    pub(in crate::extract) fn add_by_keyword(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        self.add_numbers(self.called.keywords.wanted(is_wanted), found);
    }
}
