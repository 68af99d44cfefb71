//! Data files that are handed by their path to the code that reads them.

use mlops_audit_formats::code::{Call, Expr};

use super::data::{Access, DataSource, Pin};
use super::sources::Reader;
use super::wording::{has_data_ending, is_by_product};
use crate::extract::codebase::{Definition, Site};

/// Whether an argument of a call names a data file.
pub(super) fn hands_data(call: &Call) -> bool {
    call.arguments
        .iter()
        .any(|argument| data_file(&argument.value).is_some())
}

/// The name of a data file that an expression is.
fn data_file(value: &Expr) -> Option<&str> {
    let text = value.as_str()?;
    has_data_ending(&text.to_ascii_lowercase()).then_some(text)
}

impl<'a> Reader<'a> {
    /// A data file of the repository that is handed, by its path, to a function of the project that takes a path to read.
    pub(super) fn handed(&self, site: Site<'a>, definition: Definition, found: &mut Vec<DataSource>) {
        let parameters = &self.basis.codebase.scope(definition).parameters;
        for (at, argument) in site.call.arguments.iter().enumerate() {
            let Some(text) = data_file(&argument.value) else {
                continue;
            };
            let by_place = || parameters.get(at).map(|parameter| parameter.name.as_str());
            let name = argument.name.as_deref().or_else(by_place).unwrap_or_default();
            let takes = ["path", "file", "data", "input", "source"]
                .iter()
                .any(|word| name.contains(word));
            let writes = ["out", "save", "dest", "target", "result"]
                .iter()
                .any(|word| name.contains(word));
            if !takes || writes || is_by_product(text) {
                continue;
            }
            if let Some(file) = self.locations.find(&self.path(site), text) {
                let what = format!("hands on {text}");
                found.push(self.source(site, file.path.clone(), Pin::Committed, what, Access::File));
            }
        }
    }
}
