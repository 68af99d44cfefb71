#![no_main]

//! Single lines that are read out of other documents: requirements of a manifest, words of a command.

use mlops_audit_formats::{requirements, shell};

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    requirements::requirement(&text);
    requirements::conda(&text);
    let (name, specifier) = text.split_once('\n').unwrap_or((&text, ""));
    requirements::poetry(name, specifier);
    let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
    shell::program(&words);
});
