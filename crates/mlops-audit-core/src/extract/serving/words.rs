//! Names as the words that they are made of.

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

/// Whether a name has a word that starts with one of these stems.
pub fn has_stem(name: &str, stems: &[&str]) -> bool {
    any_word(name, |word| stems.iter().any(|stem| word.starts_with(stem)))
}

/// Whether a name has one of these words.
pub fn has_word(name: &str, wanted: &[&str]) -> bool {
    any_word(name, |word| wanted.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("makePrediction"), ["make", "prediction"]);
        assert_eq!(words("/v1/predict-single"), ["v1", "predict", "single"]);
        assert_eq!(words("HTTPServer_x2"), ["httpserver", "x2"]);
        assert!(words("--").is_empty());
    }
}
