//! The words of reports: labels of criteria, names of tools.

use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::judge::{self, CriterionId};
use mlops_audit_report::terminal::{Label, Vocabulary};

/// Labels from the criteria themselves, names from the catalogue.
pub(crate) struct Words<'a>(pub(crate) &'a Catalogue);

impl Vocabulary for Words<'_> {
    fn label(&self, criterion: CriterionId) -> Label<'_> {
        judge::criterion(criterion).map_or(
            Label {
                label: criterion.name,
                looked_for: "",
            },
            |criterion| Label {
                label: criterion.label,
                looked_for: criterion.looked_for,
            },
        )
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        let mut tools = self.0.tools().iter();
        let named = |tool: &&(String, mlops_audit_core::catalogue::Tool)| {
            tool.1.framework.as_deref() == Some(id) || tool.1.tracker.as_deref() == Some(id)
        };
        tools
            .clone()
            .find(|(known, _)| known == id)
            .or_else(|| tools.find(named))
            .map_or(id, |(_, tool)| &tool.name)
    }
}
