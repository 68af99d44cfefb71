#![no_main]

use mlops_audit_core::audit::PolicyOrigin;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::policy::{self, Policy};
use mlops_audit_fuzz::repository::audit;

const PROJECT: &str =
    "=== train.py\nfrom sklearn.svm import SVC\n\nSVC(probability=True).fit([[0], [1]], [0, 1])\n";

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = policy::read(&text, "pyproject.toml", PolicyOrigin::Pyproject);
    let read = match policy::read(&text, "mlops-audit.toml", PolicyOrigin::ProjectFile) {
        Ok(read) => read.unwrap_or_default(),
        Err(error) => {
            assert!(!error.problems.is_empty(), "a refusal gives its reason");
            return;
        }
    };
    if !read.exclude.is_empty() || !read.tools.is_empty() {
        return;
    }
    let project = Memory::from_text(PROJECT).in_git();
    let (with, without) = (audit(&project, &read), audit(&project, &Policy::default()));
    let observed = |one: &mlops_audit_core::audit::Audit| -> Vec<_> {
        let criteria = one.principles.iter().flat_map(|principle| &principle.criteria);
        criteria.map(|criterion| criterion.observed).collect()
    };
    assert_eq!(observed(&with), observed(&without), "a policy changes no verdict");
});
