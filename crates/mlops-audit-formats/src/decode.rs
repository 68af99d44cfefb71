//! Bytes to text: UTF-8, UTF-16 with and without a mark, and Windows-1252 as the last resort.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How many bytes from the start are looked at to tell text from something else.
const SAMPLE: usize = 8192;

/// The mark of UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The text of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The text without a byte order mark; empty where the file is binary.
    pub text: String,
    /// What was odd about the encoding, in lower case: a reader that expects UTF-8 would fail there.
    pub problem: Option<String>,
    /// Whether the bytes are no text at all.
    pub is_binary: bool,
}

impl Decoded {
    fn clean(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    fn odd(text: String, problem: &str) -> Self {
        Self {
            text,
            problem: Some(problem.to_owned()),
            is_binary: false,
        }
    }

    fn binary() -> Self {
        Self {
            is_binary: true,
            ..Self::default()
        }
    }
}

/// Decodes as [`decode`] does, without a copy of what is plain UTF-8: a notebook may have half a gigabyte.
pub fn decode_owned(bytes: Vec<u8>) -> Decoded {
    if bytes.starts_with(BOM) || bytes.contains(&0) {
        return decode(&bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Decoded {
            text,
            ..Decoded::default()
        },
        Err(error) => decode(error.as_bytes()),
    }
}

/// Decodes `bytes` by their mark or, without one, by what they look like. UTF-8 is the only encoding that
/// passes without a problem, as Python, pip and most parsers expect it.
pub fn decode(bytes: &[u8]) -> Decoded {
    if let Some(rest) = bytes.strip_prefix(BOM) {
        return without_mark(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return wide(rest, UTF_16LE);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return wide(rest, UTF_16BE);
    }
    without_mark(bytes)
}

fn without_mark(bytes: &[u8]) -> Decoded {
    if bytes.contains(&0) {
        return match wide_by_look(bytes) {
            Some(encoding) => wide(bytes, encoding),
            None => Decoded::binary(),
        };
    }
    let error = match str::from_utf8(bytes) {
        Ok(text) => return Decoded::clean(text),
        Err(error) => error,
    };
    if looks_binary(bytes) {
        return Decoded::binary();
    }
    let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
    // A file that was cut within its last character is UTF-8 still, if it has shown another such character
    // before; a lone last byte past ASCII is an old encoding.
    if error.error_len().is_none() && !valid.is_ascii() {
        let text = String::from_utf8_lossy(valid).into_owned();
        return Decoded::odd(text, "the file ends within a character");
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    Decoded::odd(text.into_owned(), "the file is not UTF-8; read as Windows-1252")
}

fn wide(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    // UTF-32 carries the mark of UTF-16, and reads as text with a NUL after each character.
    if text.contains('\0') {
        return Decoded::binary();
    }
    let problem = match had_errors {
        true => format!("the file is broken {}, not UTF-8", encoding.name()),
        false => format!("the file is {}, not UTF-8", encoding.name()),
    };
    Decoded::odd(text.into_owned(), &problem)
}

/// UTF-16 without a mark has a NUL in nearly every second byte, as files of ours are mostly ASCII.
fn wide_by_look(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let pairs = sample.len() / 2;
    let nuls = |first: usize| {
        sample
            .iter()
            .skip(first)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (high, low) = (nuls(0), nuls(1));
    let mostly = |count: usize| pairs > 0 && count * 10 >= pairs * 7;
    if mostly(low) && high == 0 {
        Some(UTF_16LE)
    } else if mostly(high) && low == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Text in an old encoding has hardly any control characters; compressed data has many.
fn looks_binary(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let control = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 12 | 27);
    sample.iter().filter(control).count() * 20 > sample.len()
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_owned};

    fn wide(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn each_encoding_gives_the_text() {
        let little = wide("numpy==1.26\r\nnaïve\r\n", u16::to_le_bytes);
        let big = wide("numpy==1.26\n", u16::to_be_bytes);
        let marked = [b"\xFF\xFE".to_vec(), little.clone()].concat();
        let cases: [(&[u8], &str, Option<&str>); 9] = [
            (b"", "", None),
            ("é\n".as_bytes(), "é\n", None),
            (b"\xEF\xBB\xBFa", "a", None),
            (
                &little,
                "numpy==1.26\r\nnaïve\r\n",
                Some("the file is UTF-16LE, not UTF-8"),
            ),
            (
                &marked,
                "numpy==1.26\r\nnaïve\r\n",
                Some("the file is UTF-16LE, not UTF-8"),
            ),
            (&big, "numpy==1.26\n", Some("the file is UTF-16BE, not UTF-8")),
            (
                b"caf\xE9",
                "café",
                Some("the file is not UTF-8; read as Windows-1252"),
            ),
            (
                b"a \x93b\x94 \xE9",
                "a “b” é",
                Some("the file is not UTF-8; read as Windows-1252"),
            ),
            (b"\xC3\xA9\xC3", "é", Some("the file ends within a character")),
        ];
        for (bytes, text, problem) in cases {
            let decoded = decode(bytes);
            assert_eq!(decode_owned(bytes.to_vec()), decoded);
            assert_eq!(
                (decoded.text.as_str(), decoded.problem.as_deref()),
                (text, problem)
            );
            assert!(!decoded.is_binary);
        }
    }

    #[test]
    fn what_is_no_text_is_binary() {
        let cases: [&[u8]; 4] = [
            b"\x80\x04\x95\0\0\0",
            b"\x7fELF\x02\x01\x01\0",
            b"text\0",
            b"\xFF\xFEa\0\0\0",
        ];
        for bytes in cases {
            assert!(decode(bytes).is_binary, "{bytes:?}");
        }
    }

    #[test]
    fn no_bytes_panic() {
        arbtest::arbtest(|u| {
            let bytes: Vec<u8> = u.arbitrary()?;
            let decoded = decode(&bytes);
            assert!(!decoded.is_binary || decoded.text.is_empty());
            Ok(())
        });
    }
}
