#![no_main]

use mlops_audit_formats::yaml;

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mlops_audit_fuzz::check(bytes, yaml::read);
    mlops_audit_fuzz::check(bytes, yaml::read_lock);
});
