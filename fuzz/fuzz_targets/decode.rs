#![no_main]

use mlops_audit_formats::decode::{decode, decode_owned};

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let decoded = decode(bytes);
    assert!(!decoded.is_binary || decoded.text.is_empty());
    assert!(!decoded.text.contains('\0'), "what has a NUL is no text");
    assert_eq!(decoded, decode(bytes));
    assert_eq!(decoded, decode_owned(bytes.to_vec()));
});
