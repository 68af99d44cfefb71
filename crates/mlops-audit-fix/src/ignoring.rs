//! Lines that `.gitignore` files lack.

use mlops_audit_core::Inspection;

use crate::edit::{Change, Edit};
use crate::reading::{line_end, text_of};

/// The edit that puts those lines into an ignore file which `is_there` does not find in it; `None` where none is missing,
/// or the file is no text.
pub(crate) fn ignoring(
    inspection: &Inspection<'_>,
    path: &str,
    lines: &[String],
    is_there: impl Fn(&str, &str) -> bool,
) -> Option<Edit> {
    let change = if inspection.source.listing().file(path).is_none() {
        let content: String = lines.iter().map(|line| format!("{line}\n")).collect();
        Change::Create {
            content: content.into_bytes(),
        }
    } else {
        let text = text_of(inspection, path)?;
        let end = line_end(&text);
        let missing = lines
            .iter()
            .filter(|line| !text.lines().any(|known| is_there(known, line)));
        let mut added: String = missing.map(|line| format!("{line}{end}")).collect();
        if added.is_empty() {
            return None;
        }
        if !text.is_empty() && !text.ends_with('\n') {
            added.insert_str(0, end);
        }
        Change::Replace {
            range: text.len()..text.len(),
            text: added,
        }
    };
    Some(Edit {
        path: path.to_owned(),
        change,
    })
}
