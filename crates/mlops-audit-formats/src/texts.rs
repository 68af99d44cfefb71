//! Names and strings of source files, each kept once.
//!
//! `self`, `torch.nn.Linear`, `hidden_states`: source files repeat themselves, and each other. A reader that is handed the
//! same [`Texts`] for many files gives facts that share what is written alike, which makes them several times smaller.

use rustc_hash::FxHashSet;

use crate::code::Text;

/// The texts that are known so far.
#[derive(Debug, Default)]
pub struct Texts {
    known: FxHashSet<Text>,
}

impl Texts {
    /// The text as one that is shared with all that is written alike.
    pub fn of(&mut self, text: &str) -> Text {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let new = Text::from(text);
        self.known.insert(new.clone());
        new
    }
}
