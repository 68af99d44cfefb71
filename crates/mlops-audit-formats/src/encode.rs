//! Text back to bytes, in the encoding that a file has; and the forms in which other programs write text and hashes.

use std::fmt::Write as _;

use encoding_rs::WINDOWS_1252;

use crate::decode::decode;

/// How a file writes its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big: bool },
    Windows1252,
}

/// The bytes of a text, with the encoding and the mark that the original bytes have.
///
/// # Errors
/// Why it cannot be done without loss, in lower case.
pub fn encode_like(original: &[u8], text: &str) -> Result<Vec<u8>, String> {
    let (mark, encoding) = form_of(original);
    let back = encoded(&decode(original).text, mark, encoding);
    if back.as_deref() != Some(original) {
        return Err("its encoding is not understood, so that nothing of it can be changed safely".to_owned());
    }
    encoded(text, mark, encoding)
        .ok_or_else(|| "the change holds characters that its encoding lacks".to_owned())
}

fn form_of(bytes: &[u8]) -> (&'static [u8], Encoding) {
    const UTF8: &[u8] = b"\xEF\xBB\xBF";
    const LITTLE: &[u8] = b"\xFF\xFE";
    const BIG: &[u8] = b"\xFE\xFF";
    if bytes.starts_with(UTF8) {
        let rest = &bytes[UTF8.len()..];
        return match str::from_utf8(rest) {
            Ok(_) => (UTF8, Encoding::Utf8),
            Err(_) => (UTF8, Encoding::Windows1252),
        };
    }
    if bytes.starts_with(LITTLE) {
        return (LITTLE, Encoding::Utf16 { big: false });
    }
    if bytes.starts_with(BIG) {
        return (BIG, Encoding::Utf16 { big: true });
    }
    // UTF-16 without a mark: its ASCII has a NUL in each pair.
    if bytes.contains(&0) {
        return (
            b"",
            Encoding::Utf16 {
                big: bytes.first() == Some(&0),
            },
        );
    }
    match str::from_utf8(bytes) {
        Ok(_) => (b"", Encoding::Utf8),
        Err(_) => (b"", Encoding::Windows1252),
    }
}

fn encoded(text: &str, mark: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
    let mut bytes = mark.to_vec();
    match encoding {
        Encoding::Utf8 => bytes.extend_from_slice(text.as_bytes()),
        Encoding::Utf16 { big } => {
            let bytes_of = |unit: u16| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            };
            bytes.extend(text.encode_utf16().flat_map(bytes_of));
        }
        Encoding::Windows1252 => {
            let (content, _, had_errors) = WINDOWS_1252.encode(text);
            if had_errors {
                return None;
            }
            bytes.extend_from_slice(&content);
        }
    }
    Some(bytes)
}

/// Bytes in hex, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing into memory cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A text as Python's `json` writes it: in quotes, with everything but printable ASCII escaped.
pub fn python_json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some('"') => quoted.push_str("\\\""),
            Some('\\') => quoted.push_str("\\\\"),
            Some('\n') => quoted.push_str("\\n"),
            Some('\r') => quoted.push_str("\\r"),
            Some('\t') => quoted.push_str("\\t"),
            Some('\u{8}') => quoted.push_str("\\b"),
            Some('\u{c}') => quoted.push_str("\\f"),
            Some(sign @ ' '..='~') => quoted.push(sign),
            _ => {
                let _ = write!(quoted, "\\u{unit:04x}");
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::encode_like;

    #[test]
    fn every_encoding_is_kept() {
        for original in [
            &b"x = 1\n"[..],
            b"\xEF\xBB\xBFx = 1\n",
            b"\xFF\xFEx\0=\0",
            b"\xFE\xFF\0x\0=",
            b"x\0 \0=\0 \x001\0\n\0",
            b"# caf\xE9\n",
        ] {
            let text = crate::decode::decode(original).text;
            assert_eq!(encode_like(original, &text).unwrap(), original);
            let longer = encode_like(original, &format!("{text}y")).unwrap();
            assert!(longer.starts_with(original) && longer.len() > original.len());
        }
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        assert!(encode_like(b"# caf\xE9\n", "\u{4e2d}").is_err());
        assert!(
            encode_like(b"\xFF\xFEx\0\x00\xD8", "x").is_err(),
            "a lone surrogate"
        );
    }

    #[test]
    fn strings_are_written_as_python_writes_them() {
        assert_eq!(
            super::python_json("é\u{1f600}\"\\\n\u{1}\u{8}\u{7f}~"),
            r#""\u00e9\ud83d\ude00\"\\\n\u0001\b\u007f~""#
        );
        assert_eq!(super::hex(&[0, 10, 255]), "000aff");
    }
}
