//! Words of the audit as whole sentences.

/// The text as a sentence: it begins with a capital, unless a name begins it, and ends with a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = !first.is_empty()
        && first
            .trim_end_matches([',', ':'])
            .chars()
            .all(|letter| letter.is_ascii_lowercase());
    let mut sentence = text.to_owned();
    if is_word {
        sentence[..1].make_ascii_uppercase();
    }
    if !sentence.ends_with(['.', '!', '?', ':']) && !sentence.is_empty() {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn sentences_begin_with_a_capital_unless_they_begin_with_a_name() {
        assert_eq!(sentence("no CI runs"), "No CI runs.");
        assert_eq!(sentence("train.py overwrites it"), "train.py overwrites it.");
        assert_eq!(sentence("Nothing."), "Nothing.");
        assert_eq!(sentence("set_seed is never called"), "set_seed is never called.");
        assert_eq!(sentence(""), "");
    }
}
