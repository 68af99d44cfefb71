//! Where the text of a command is still open at its end: in quotes, in a substitution, or in a here-document.
//!
//! A page of documentation is no script. What a command in it leaves open must not take in the rest of the page.

/// What is open at the end of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unclosed {
    /// Quotes or a substitution that start at this byte.
    Stretch(usize),
    /// A here-document that this word would end, asked for at this byte.
    Document(usize, String),
}

impl Unclosed {
    /// Where it starts.
    pub(super) fn at(&self) -> usize {
        let (Self::Stretch(at) | Self::Document(at, _)) = self;
        *at
    }
}

/// Reads a command line by line.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// What closes each open stretch, and where that starts.
    closers: Vec<(u8, usize)>,
    document: Option<(usize, String)>,
    read: usize,
}

impl Scan {
    /// Reads on; `text` is a line, or several.
    pub(super) fn read(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at += self.step(text, at, *byte);
        }
        self.read += bytes.len();
    }

    /// Whether quotes or a substitution are open.
    pub(super) fn is_open(&self) -> bool {
        !self.closers.is_empty()
    }

    /// What is open after all that was read.
    pub(super) fn unclosed(&self) -> Option<Unclosed> {
        match self.closers.first() {
            Some((_, at)) => Some(Unclosed::Stretch(*at)),
            None => {
                let (at, word) = self.document.clone()?;
                Some(Unclosed::Document(at, word))
            }
        }
    }

    /// How many bytes are passed.
    fn step(&mut self, text: &str, at: usize, byte: u8) -> usize {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let closer = self.closers.last().map(|(closer, _)| *closer);
        let start = self.read + at;
        if closer == Some(byte) {
            self.closers.pop();
            return 1;
        }
        match byte {
            _ if closer == Some(b'\'') => 1,
            b'\\' => 2,
            b'\'' if closer == Some(b'"') => 1,
            b'\'' | b'"' | b'`' => self.open(byte, start, 1),
            b'$' if rest.starts_with(b"$(") => self.open(b')', start, 2),
            b'$' if rest.starts_with(b"${") => self.open(b'}', start, 2),
            b'(' if closer == Some(b')') => self.open(b')', start, 1),
            b'#' if closer.is_none() && starts_word(text, at) => {
                rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
            }
            b'<' if closer.is_none() && rest.starts_with(b"<<<") => 3,
            b'<' if closer.is_none() && rest.starts_with(b"<<") => {
                let word = delimiter(text.get(at + 2..).unwrap_or_default());
                if !word.is_empty() && self.document.is_none() {
                    self.document = Some((start, word));
                }
                2
            }
            _ => 1,
        }
    }

    fn open(&mut self, closer: u8, start: usize, length: usize) -> usize {
        self.closers.push((closer, start));
        length
    }
}

fn starts_word(text: &str, at: usize) -> bool {
    text.get(..at)
        .is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t', '\n', ';']))
}

/// The word behind `<<`, without its quotes.
fn delimiter(text: &str) -> String {
    let text = text
        .strip_prefix('-')
        .unwrap_or(text)
        .trim_start_matches([' ', '\t']);
    let end = text
        .find(|sign: char| sign.is_whitespace() || matches!(sign, ';' | '&' | '|' | '<' | '>' | '(' | ')'))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default().replace(['\'', '"', '\\'], "")
}

#[cfg(test)]
mod tests {
    use super::{Scan, Unclosed};

    #[test]
    fn what_is_open_is_found() {
        let stretch = |at| Some(Unclosed::Stretch(at));
        let document = |at, word: &str| Some(Unclosed::Document(at, word.to_owned()));
        for (text, expected) in [
            ("python a.py", None),
            ("python -c \"a('b')\" 'c\"' \\' # don't", None),
            ("make sure you don't", stretch(17)),
            ("echo $(date", stretch(5)),
            ("echo \"$(date) ${x}\" `a`", None),
            ("echo $( (a) b", stretch(5)),
            ("cat <<EOF > x", document(4, "EOF")),
            ("cat <<-'E F' 'x", stretch(13)),
            ("cat <<- \"EOF\"; b", document(4, "EOF")),
            ("cat <<< x \"<<EOF\"", None),
            ("cat <<", None),
        ] {
            let mut scan = Scan::default();
            scan.read(text);
            assert_eq!(scan.unclosed(), expected, "{text}");
        }
    }
}
