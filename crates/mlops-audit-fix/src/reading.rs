//! Files of the audited tree as text.

use mlops_audit_core::Inspection;
use mlops_audit_formats::decode::decode;

/// The text of a file; `None` where there is none of that path, or it is no text.
pub(crate) fn text_of(inspection: &Inspection<'_>, path: &str) -> Option<String> {
    let file = inspection.source.listing().file(path)?;
    let decoded = decode(&inspection.source.read(file).ok()?);
    (!decoded.is_binary).then_some(decoded.text)
}

/// How the lines of a file end that new ones are put into.
pub(crate) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
