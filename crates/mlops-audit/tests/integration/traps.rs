//! The traps of `docs/traps` are tests: what looks like something that it is not, and what is there though it looks
//! absent, each with the verdict that the audit must give.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::judge::criterion_named;
use mlops_audit_core::policy::Policy;

use crate::examples::{Example, examples};

fn traps(principle: &str) -> Vec<Example> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/traps/{principle}.md"));
    examples(&fs::read_to_string(page).expect("a page of traps for the principle"))
}

/// What the audit says otherwise than the trap expects, a line each.
fn disagreements(catalogue: &Catalogue, trap: &Example) -> String {
    let source = Memory::from_text(&trap.repository).in_git();
    let audit = mlops_audit_core::audit(&source, catalogue, &Policy::default());
    let mut text = String::new();
    for (name, expected) in &trap.expected {
        let name = name.as_deref().unwrap_or_default();
        let Some(result) = criterion_named(name).and_then(|criterion| audit.criterion(criterion.id)) else {
            let _ = writeln!(text, "'{}' names no criterion: '{name}'", trap.title);
            continue;
        };
        if result.verdict != *expected {
            let places: Vec<String> = result
                .evidence
                .iter()
                .map(|found| format!("{} {}", found.location(), found.what))
                .collect();
            let _ = writeln!(
                text,
                "{name}: '{}': expected {expected}, given {} ({}; {places:?}; missing: {:?})",
                trap.title, result.verdict, result.finding, result.missing
            );
        }
    }
    text
}

fn check(principle: &str) {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    let traps = traps(principle);
    assert!(!traps.is_empty(), "no trap for {principle}");
    let mut wrong = String::new();
    for trap in &traps {
        assert!(!trap.expected.is_empty(), "'{}' expects no verdict", trap.title);
        wrong += &disagreements(&catalogue, trap);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

macro_rules! traps {
    ($($principle:ident)*) => { $(
        #[test]
        fn $principle() {
            check(stringify!($principle));
        }
    )* };
}

traps! { automation versioning tracking testing monitoring reproducibility }
