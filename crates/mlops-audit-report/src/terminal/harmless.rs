//! Makes text that comes from a repository harmless for a terminal.

/// The text with everything that a terminal would obey or hide as a visible escape: a name can then neither
/// move the cursor, nor colour the report, nor show itself in another order than it is written.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => shown.extend(character.escape_default()),
            _ if deceives(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

/// Whether a terminal would obey, reorder or hide it. Combining marks are left: names in many scripts need them.
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}'
            // Fillers that are letters by their class and blank on the screen.
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            // Zero-width spaces and joiners, marks, embeddings, overrides, isolates, line separators.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Variation selectors: terminals disagree about the width of what they follow.
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_a_terminal_obeys_or_hides_becomes_visible() {
        let cases = [
            ("red\x1b[31m", r"red\u{1b}[31m"),
            ("two\r\nlines\tand", r"two\r\nlines\tand"),
            ("\u{9b}2J", r"\u{9b}2J"),
            ("txt.\u{202e}yp", r"txt.\u{202e}yp"),
            ("a\u{2066}b\u{2069}", r"a\u{2066}b\u{2069}"),
            ("ze\u{200b}ro\u{feff}", r"ze\u{200b}ro\u{feff}"),
        ];
        for (text, shown) in cases {
            assert_eq!(harmless(text), shown);
        }
    }

    #[test]
    fn names_of_every_script_are_left_as_they_are() {
        for name in [
            "データ/学習.py",
            "модель.py",
            "résumé.csv",
            "हिन्दी.txt",
            "a b.py",
            "C:\\x",
        ] {
            assert_eq!(harmless(name), name);
        }
    }
}
