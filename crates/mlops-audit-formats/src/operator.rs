//! Operators of arithmetic, kept where they stand.

use std::fmt;

/// An operator of arithmetic, as written (`+`, `-`, `/`, `**`, `%in%` …). Of one that a user has defined at length, the
/// first six bytes are kept: it stands in millions of expressions and is asked for in few.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    bytes: [u8; 6],
    length: u8,
}

impl Operator {
    /// The operator that is written like this.
    pub fn new(text: &str) -> Self {
        let mut operator = Self {
            bytes: [0; 6],
            length: 0,
        };
        let fitting = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let length = fitting.take_while(|end| *end <= operator.bytes.len()).last();
        for (kept, byte) in operator
            .bytes
            .iter_mut()
            .zip(text.bytes().take(length.unwrap_or(0)))
        {
            *kept = byte;
            operator.length += 1;
        }
        operator
    }

    /// How it is written.
    pub fn as_str(&self) -> &str {
        let written = self.bytes.get(..usize::from(self.length));
        written
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.as_str())
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl PartialEq<str> for Operator {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Operator {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
