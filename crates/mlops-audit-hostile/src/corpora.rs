//! The inputs that fuzzing has found worth keeping, in `fuzz/corpora`: a text for each target, an input on each line.
//!
//! Bytes that are no plain sign are escaped as in Rust's byte strings, so that a change can be read, and a test needs
//! nothing to unpack them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The inputs that are kept for a target; none where nothing was found yet.
///
/// # Errors
/// Where its text cannot be read.
pub fn kept(project: &Path, target: &str) -> io::Result<Vec<Vec<u8>>> {
    match fs::read_to_string(place(project, target)) {
        Ok(text) => Ok(text.lines().map(input).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Keeps these inputs for a target, in place of those that were.
///
/// # Errors
/// Where its text cannot be written.
pub fn keep(project: &Path, target: &str, inputs: &BTreeSet<Vec<u8>>) -> io::Result<()> {
    let lines = inputs.iter().map(|input| format!("{}\n", input.escape_ascii()));
    fs::write(place(project, target), lines.collect::<String>())
}

fn place(project: &Path, target: &str) -> PathBuf {
    project.join("fuzz/corpora").join(format!("{target}.txt"))
}

/// The input of a line.
fn input(line: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(line.len());
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => (hex(rest.next()) << 4) | hex(rest.next()),
            Some(other) => other,
            None => b'\\',
        });
    }
    bytes
}

fn hex(digit: Option<u8>) -> u8 {
    let digit = digit.and_then(|digit| char::from(digit).to_digit(16));
    digit
        .and_then(|digit| u8::try_from(digit).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::input;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=u8::MAX).chain(*b"\\x41\\n\n").collect();
        assert_eq!(input(&all.escape_ascii().to_string()), all);
    }
}
