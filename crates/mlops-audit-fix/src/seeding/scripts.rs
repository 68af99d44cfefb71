//! Runs in R and Julia begin with one line that seeds the language's generator.

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::FileIndex;
use mlops_audit_formats::code::{Code, Language};

use super::SEED;
use crate::rewrite::Rewrite;

/// Whether this is a file in R or Julia.
pub(crate) fn is_script_language(language: Language) -> bool {
    matches!(language, Language::R | Language::Julia)
}

/// Seeds a run where it begins: below the packages that it loads, above the first byte that draws.
///
/// # Errors
/// Why it cannot be done.
pub(crate) fn seed_script(
    inspection: &Inspection<'_>,
    file: FileIndex,
    first_draw: Option<u32>,
) -> Result<Rewrite, String> {
    let source = inspection.facts().basis.codebase.file(file);
    let mut rewrite = Rewrite::open(inspection, &source.path)
        .ok_or_else(|| "it cannot be followed byte by byte".to_owned())?;
    let code = &source.code;
    let mut lines = Vec::new();
    let seeding = match code.language {
        Language::R => format!("set.seed({SEED})"),
        _ => {
            let is_loaded = code
                .imports
                .iter()
                .any(|import| import.module == "Random" && import.name.is_none());
            if !is_loaded {
                lines.push("using Random".to_owned());
            }
            format!("Random.seed!({SEED})")
        }
    };
    match last_load(code, first_draw) {
        Some(end) => {
            lines.push(String::new());
            lines.push(seeding);
            let text = rewrite.code();
            let below = &text.text()[text.line_at(end).end..text.part_at(end).end];
            if below.lines().nth(1).is_some_and(|next| !next.trim().is_empty()) {
                lines.push(String::new());
            }
            rewrite.insert_below(end, &lines);
        }
        None => {
            lines.push(seeding);
            lines.push(String::new());
            let start = first_statement(code)
                .or(first_draw)
                .ok_or("its first statement is not known")?;
            rewrite.insert_above(start as usize, &lines);
        }
    }
    Ok(rewrite)
}

/// The last byte of the packages that a script loads at its top.
fn last_load(code: &Code, first_draw: Option<u32>) -> Option<usize> {
    let loads = code.imports.iter().filter(|import| import.block == 0);
    let before = loads.filter(|import| first_draw.is_none_or(|draw| import.span.end <= draw));
    let last = before.map(|import| import.span.end).max()?;
    (last as usize).checked_sub(1)
}

fn first_statement(code: &Code) -> Option<u32> {
    let calls = code
        .calls
        .iter()
        .filter(|call| call.scope == 0)
        .map(|call| call.span.start);
    let assignments = code.assignments.iter().filter(|found| found.scope == 0);
    calls.chain(assignments.map(|found| found.span.start)).min()
}
