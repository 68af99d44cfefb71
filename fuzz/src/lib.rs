//! What the fuzz targets share: each input is read, and what comes of it is held to more than not to panic.
//!
//! A target of a reader is one line: [`reader!`] with the function. What a document must fulfil stands in
//! [`positions`], what an audit must fulfil in [`repository`].

pub mod positions;
#[cfg(feature = "whole")]
pub mod repository;

pub use libfuzzer_sys;

use positions::{Positions, Text};

/// A target that reads text with one reader, and checks the document.
#[macro_export]
macro_rules! reader {
    ($read:expr) => {
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::check(bytes, $read));
    };
}

/// Longest text that is read a second time, since the comparison is slow.
const SHORT: usize = 400;

/// Reads the bytes as text: every place must lie in the text, and reading it again must give the same.
///
/// # Panics
/// Where the document breaks one of these promises.
pub fn check<D: Positions + std::fmt::Debug>(bytes: &[u8], read: impl Fn(&str) -> D) {
    let text = String::from_utf8_lossy(bytes);
    let document = read(&text);
    document.check(&Text::new(&text));
    if text.len() <= SHORT {
        assert_eq!(format!("{document:?}"), format!("{:?}", read(&text)));
    }
}
