#![no_main]

use mlops_audit_formats::toml;

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mlops_audit_fuzz::check(bytes, toml::read);
    mlops_audit_fuzz::check(bytes, toml::read_lock);
});
