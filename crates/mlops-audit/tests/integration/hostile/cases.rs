//! The cases of `mlops-audit-hostile` against the binary, all that are small enough.

use std::fmt::Write as _;
use std::path::Path;

use mlops_audit_hostile::{Case, cases};

/// What is wrong with the audit of a case; empty where nothing is.
fn wrong(case: &Case) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_mlops-audit"));
    let outcome = match case.run(binary) {
        Ok(outcome) => outcome,
        Err(error) => return format!("{}: {error:#}\n", case.name),
    };
    let mut text = String::new();
    if outcome.status != Some(0) {
        let _ = writeln!(
            text,
            "{}: exit status {:?}: {}",
            case.name, outcome.status, outcome.complaint
        );
    } else if !outcome.is_project {
        let _ = writeln!(text, "{}: the training code was not found", case.name);
    } else if outcome.said != case.says {
        let _ = writeln!(
            text,
            "{}: the report says\n    {}\n  and should say\n    {}",
            case.name,
            outcome.said.join("\n    "),
            case.says.join("\n    ")
        );
    }
    text
}

#[test]
fn every_small_case_is_audited_and_told() {
    let wrong: String = cases().iter().filter(|case| !case.is_large).map(wrong).collect();
    assert!(wrong.is_empty(), "\n{wrong}");
}
