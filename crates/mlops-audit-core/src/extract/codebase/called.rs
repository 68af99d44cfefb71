//! The calls of all files by names of theirs, so that each name is asked about once, and not each call.

use std::collections::BTreeMap;

use mlops_audit_formats::code::Text;
use rustc_hash::FxHashMap;

use super::resolve::number;
use super::{Codebase, FileIndex, Resolved, Site, SourceFile};

/// File and position of a call.
pub(in crate::extract) type At = (FileIndex, u32);

/// The calls of all files by what they are called by.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// By what follows the last dot of the name as written.
    methods: Groups<String>,
    /// By the qualified name: [`Codebase::target`].
    targets: Groups<Text>,
    /// By the keywords of their arguments.
    keywords: Groups<Text>,
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
            Text::clone,
        );
        let methods = Groups::new(calls().map(|(at, call)| (call.method(), at)), str::to_owned);
        let named = calls().flat_map(|(at, call)| {
            let names = call
                .arguments
                .iter()
                .filter_map(|argument| argument.name.as_ref());
            names.map(move |name| (name, at))
        });
        let keywords = Groups::new(named, Text::clone);
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

/// Calls by a name.
#[derive(Debug)]
struct Groups<N> {
    /// Each name, with where its calls end in `sites`; they start where those of the name before it end.
    ends: Vec<(N, u32)>,
    /// The calls: of one name after the other, and in order.
    sites: Vec<At>,
}

impl<N> Default for Groups<N> {
    fn default() -> Self {
        Self {
            ends: Vec::new(),
            sites: Vec::new(),
        }
    }
}

impl<N: AsRef<str>> Groups<N> {
    /// Sorts calls that are given in order, each with its name, of which `keep` makes what is kept.
    fn new<'code, T>(
        named: impl Iterator<Item = (&'code T, At)> + Clone,
        keep: impl Fn(&'code T) -> N,
    ) -> Self
    where
        T: AsRef<str> + ?Sized + 'code,
    {
        let mut ids: FxHashMap<&str, u32> = FxHashMap::default();
        // Texts that are written alike are mostly one text, so that where it lies tells it, and what it says need not
        // be looked at.
        let mut known: FxHashMap<(*const u8, usize), u32> = FxHashMap::default();
        let mut names: Vec<(&'code T, u32)> = Vec::new();
        let mut found: Vec<u32> = Vec::new();
        for (name, _) in named.clone() {
            let text = name.as_ref();
            let id = *known.entry((text.as_ptr(), text.len())).or_insert_with(|| {
                *ids.entry(text).or_insert_with(|| {
                    names.push((name, 0));
                    number(names.len() - 1)
                })
            });
            names[id as usize].1 += 1;
            found.push(id);
        }
        let mut next: Vec<u32> = Vec::with_capacity(names.len());
        let mut ends = Vec::with_capacity(names.len());
        let mut end = 0;
        for (name, count) in names {
            next.push(end);
            end += count;
            ends.push((keep(name), end));
        }
        let mut sites = vec![(0, 0); found.len()];
        for (id, (_, at)) in found.into_iter().zip(named) {
            sites[next[id as usize] as usize] = at;
            next[id as usize] += 1;
        }
        Self { ends, sites }
    }

    /// The calls of the name at this position.
    fn at(&self, position: usize) -> &[At] {
        let start = match position.checked_sub(1) {
            Some(before) => self.ends[before].1,
            None => 0,
        };
        &self.sites[start as usize..self.ends[position].1 as usize]
    }

    /// Adds the calls whose name is wanted.
    fn add(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        for (position, (name, _)) in self.ends.iter().enumerate() {
            if is_wanted(name.as_ref()) {
                found.extend_from_slice(self.at(position));
            }
        }
    }
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
