//! Things sorted by the texts that name them.

use mlops_audit_formats::code::Text;
use mlops_audit_formats::texts::address;
use rustc_hash::FxHashMap;

use super::resolve::number;

/// How many names are at hand without a search, a power of two.
const AT_HAND: usize = 256;
/// So many bytes lie between two texts at least.
const TEXT: usize = 16;

/// Things by a name, which whoever needs it keeps.
#[derive(Debug, Default)]
pub(super) struct Groups<T> {
    /// Where the things of each name end in `things`; they start where those of the name before it end.
    ends: Vec<u32>,
    /// The things: of one name after the other, and in the order in which they were given.
    things: Vec<T>,
}

impl<T: Copy + Default> Groups<T> {
    /// Sorts things that are given with a text each. The `part` of the text names the thing; the first text by each
    /// name is handed to `keep`, in the order in which the names first come.
    pub(super) fn new<'code>(
        named: impl Iterator<Item = (&'code Text, T)> + Clone,
        part: impl Fn(&'code str) -> &'code str,
        mut keep: impl FnMut(&'code Text),
    ) -> Self {
        // Texts that are written alike are mostly one text, so that where it lies tells it, and what it says need not
        // be looked at.
        let mut by_address: FxHashMap<usize, u32> = FxHashMap::default();
        let mut by_name: FxHashMap<&str, u32> = FxHashMap::default();
        let mut names: Vec<(&Text, u32)> = Vec::new();
        // The things themselves are asked for again rather than kept twice.
        let mut given: Vec<u32> = Vec::with_capacity(named.size_hint().0);
        // A file says few names again and again: those that came last lie in the fastest memory.
        let mut at_hand = [(0, 0); AT_HAND];
        for (text, _) in named.clone() {
            let address = address(text);
            let (last, name) = &mut at_hand[address / TEXT % AT_HAND];
            if *last != address {
                *last = address;
                *name = *by_address.entry(address).or_insert_with(|| {
                    *by_name.entry(part(text)).or_insert_with(|| {
                        names.push((text, 0));
                        number(names.len() - 1)
                    })
                });
            }
            names[*name as usize].1 += 1;
            given.push(*name);
        }
        let mut next = Vec::with_capacity(names.len());
        let mut ends = Vec::with_capacity(names.len());
        let mut end = 0;
        for (text, count) in names {
            next.push(end as usize);
            end += count;
            ends.push(end);
            keep(text);
        }
        let mut things = vec![T::default(); given.len()];
        for (name, (_, thing)) in given.into_iter().zip(named) {
            let at = &mut next[name as usize];
            things[*at] = thing;
            *at += 1;
        }
        Self { ends, things }
    }

    /// The things of the name at this position.
    pub(super) fn at(&self, position: usize) -> &[T] {
        let start = match position.checked_sub(1) {
            Some(before) => self.ends[before],
            None => 0,
        };
        &self.things[start as usize..self.ends[position] as usize]
    }
}
