//! Names as the words that they are made of.

use std::borrow::Cow;

/// The words of a name in lower case: `makePrediction`, `make_prediction` and `/make-prediction` alike.
pub fn words(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    any_word(name, |word| {
        found.push(word.to_owned());
        false
    });
    found
}

/// Whether one of the words is wanted, which are asked about in order.
fn any_word(name: &str, mut is_wanted: impl FnMut(&str) -> bool) -> bool {
    if name.is_ascii() {
        let ends = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        return any_ascii_word(name, ends, is_wanted);
    }
    let mut word = String::with_capacity(name.len());
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            if !word.is_empty() {
                if is_wanted(&word) {
                    return true;
                }
                word.clear();
            }
            after_lower = false;
        }
        if c.is_alphanumeric() {
            after_lower = c.is_lowercase() || c.is_ascii_digit();
            word.extend(c.to_lowercase());
        }
    }
    !word.is_empty() && is_wanted(&word)
}

/// [`any_word`] of a name in ASCII, as most are: its words are stretches of one text in lower case, which mostly is the
/// name itself. A word also ends behind such a byte, where a capital follows.
pub(in crate::extract) fn any_ascii_word(
    name: &str,
    ends: impl Fn(u8) -> bool,
    mut is_wanted: impl FnMut(&str) -> bool,
) -> bool {
    let bytes = name.as_bytes();
    let lower = if bytes.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    };
    let mut start = None;
    for (at, byte) in bytes.iter().enumerate() {
        let opens = byte.is_ascii_uppercase() && at > 0 && ends(bytes[at - 1]);
        if let Some(start) = start.take_if(|_| opens || !byte.is_ascii_alphanumeric())
            && is_wanted(&lower[start..at])
        {
            return true;
        }
        if byte.is_ascii_alphanumeric() {
            start.get_or_insert(at);
        }
    }
    start.is_some_and(|start| is_wanted(&lower[start..]))
}

/// Whether a name has a word that starts with one of these stems.
pub fn has_stem(name: &str, stems: &[&str]) -> bool {
    let initials = initials(stems);
    any_word(name, |word| {
        begins(word, initials) && stems.iter().any(|stem| word.starts_with(stem))
    })
}

/// Whether a name has one of these words.
pub fn has_word(name: &str, wanted: &[&str]) -> bool {
    let initials = initials(wanted);
    any_word(name, |word| begins(word, initials) && wanted.contains(&word))
}

/// What words begin with, as a set: most words of a name are told by it to be none of them.
fn initials(words: &[&str]) -> u32 {
    words.iter().fold(0, |found, word| found | initial(word))
}

fn begins(word: &str, initials: u32) -> bool {
    initial(word) & initials != 0
}

/// The first letter of a word as a member of a set; other characters fall together with some letter.
fn initial(word: &str) -> u32 {
    word.bytes().next().map_or(0, |byte| 1 << (byte & 31))
}

/// Many words that names are searched for.
pub(in crate::extract) struct Vocabulary {
    words: &'static [&'static str],
    /// The lengths of the words by their first letters, as sets: nearly all other words are told apart by them.
    lengths: [u32; 32],
}

impl Vocabulary {
    /// The vocabulary of these words, in lower case.
    pub(in crate::extract) const fn new(words: &'static [&'static str]) -> Self {
        let mut lengths = [0; 32];
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            lengths[(word[0] & 31) as usize] |= 1 << (word.len() & 31);
            at += 1;
        }
        Self { words, lengths }
    }

    /// Whether a word in lower case is one of them.
    pub(in crate::extract) fn contains(&self, word: &str) -> bool {
        let lengths = word
            .bytes()
            .next()
            .map_or(0, |byte| self.lengths[usize::from(byte & 31)]);
        lengths >> (word.len() & 31) & 1 == 1 && self.words.contains(&word)
    }
}

#[cfg(test)]
mod tests {
    use super::{Vocabulary, has_stem, has_word, words};

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("makePrediction"), ["make", "prediction"]);
        assert_eq!(words("/v1/predict-single"), ["v1", "predict", "single"]);
        assert_eq!(words("HTTPServer_x2"), ["httpserver", "x2"]);
        assert_eq!(words("v2Model"), ["v2", "model"]);
        assert_eq!(words("größeVorher_x"), ["größe", "vorher", "x"]);
        assert!(words("--").is_empty());
    }

    #[test]
    fn words_are_found_by_what_they_begin_with() {
        assert!(has_stem("myPredictions", &["infer", "predict"]) && !has_stem("unpredicted", &["predict"]));
        assert!(has_word("is_ok", &["ok"]) && !has_word("okay", &["ok"]) && !has_word("", &["ok"]));
        const KNOWN: Vocabulary = Vocabulary::new(&["auc", "f1"]);
        assert!(KNOWN.contains("auc") && KNOWN.contains("f1"));
        assert!(!KNOWN.contains("acc") && !KNOWN.contains("") && !KNOWN.contains("fx"));
    }
}
