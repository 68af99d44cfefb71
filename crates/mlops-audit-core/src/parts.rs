//! Short texts that are looked for inside others, all at once.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// Texts of which any one is looked for: names of models, words of settings.
#[derive(Debug)]
pub(crate) struct Parts {
    parts: &'static [&'static str],
    /// Made when the first text is asked about, since most runs ask of a few sets only.
    searcher: OnceLock<Option<AhoCorasick>>,
}

impl Parts {
    /// These texts.
    pub(crate) const fn new(parts: &'static [&'static str]) -> Self {
        Self {
            parts,
            searcher: OnceLock::new(),
        }
    }

    /// Whether a text holds any of them.
    pub(crate) fn any_in(&self, text: &str) -> bool {
        match self.searcher.get_or_init(|| AhoCorasick::new(self.parts).ok()) {
            Some(searcher) => searcher.is_match(text),
            None => self.parts.iter().any(|part| text.contains(part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    static WORDS: Parts = Parts::new(&["model", "ckpt"]);

    #[test]
    fn a_text_holds_a_part_or_none() {
        assert!(WORDS.any_in("my_model_v2") && WORDS.any_in("ckpt"));
        assert!(!WORDS.any_in("mode") && !WORDS.any_in(""));
    }
}
