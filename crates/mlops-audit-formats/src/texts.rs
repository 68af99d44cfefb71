//! Names and strings of source files, each kept once.
//!
//! `self`, `torch.nn.Linear`, `hidden_states`: source files repeat themselves, and each other. A reader that is handed the
//! same [`Texts`] for many files gives facts that share what is written alike, which makes them several times smaller.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashSet, FxHasher};

use crate::code::Text;

/// How many texts are at hand without a search, a power of two: a few names are most of what source files say, and so
/// many lie in the fastest memory.
const AT_HAND: usize = 1024;

/// Where a text lies. What a reader shares lies in one place, so that this tells most texts that are written alike
/// without a look at what they say; two that lie in different places may be written alike all the same.
pub fn address(text: &Text) -> usize {
    text.as_bytes().as_ptr().addr()
}

/// The texts that are known so far.
#[derive(Debug, Default)]
pub struct Texts {
    known: FxHashSet<Text>,
    /// The text that was asked for last of those whose hash ends alike.
    at_hand: Vec<Text>,
}

impl Texts {
    /// The text as one that is shared with all that is written alike.
    pub fn of(&mut self, text: &str) -> Text {
        if self.at_hand.is_empty() {
            self.at_hand.resize(AT_HAND, Text::new());
        }
        let mut hasher = FxHasher::default();
        text.hash(&mut hasher);
        let place = usize::try_from(hasher.finish()).unwrap_or_default() % AT_HAND;
        let at_hand = &mut self.at_hand[place];
        if at_hand != text {
            *at_hand = match self.known.get(text) {
                Some(known) => known.clone(),
                None => {
                    let new = Text::from(text);
                    self.known.insert(new.clone());
                    new
                }
            };
        }
        at_hand.clone()
    }
}
