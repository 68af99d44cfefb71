#![no_main]

use mlops_audit_formats::comments;

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mlops_audit_fuzz::check(bytes, comments::hash);
    mlops_audit_fuzz::check(bytes, comments::python);
    comments::notebook(&String::from_utf8_lossy(bytes));
});
