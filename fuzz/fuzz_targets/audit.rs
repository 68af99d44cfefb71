#![no_main]

use mlops_audit_fuzz::repository;

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(tree) = repository::tree(bytes) {
        repository::check(&tree.in_git());
    }
});
