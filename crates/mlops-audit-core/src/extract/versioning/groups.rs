//! What code gathers as settings: blocks of constants, dictionaries of parameters, classes of settings.

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{AssignmentKind, Expr};

use super::hyper_parameters::{
    is_constant_name, is_default_of_environment, is_hyper_parameter, is_parameter_dictionary,
    settings_classes,
};
use super::settings::{EntrySettings, Reader};
use crate::evidence::Evidence;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached};

/// What a file gathers as settings in its code, whoever reaches it.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Assignments of constants at module level, with the code that makes them.
    constants: Vec<(Node, Place, bool)>,
    /// Assignments of plain values to hyper-parameters at module level.
    hyper_parameters: Vec<(Node, Place)>,
    /// Dictionaries of parameters.
    dictionaries: Vec<(Node, Place)>,
    /// Classes of settings.
    classes: Vec<Place>,
}

impl Groups {
    /// Looks at one file.
    pub(super) fn new(codebase: &Codebase, at: FileIndex) -> Self {
        let code = &codebase.file(at).code;
        let literal = |value: &Expr| {
            matches!(value, Expr::Number(_) | Expr::Bool(_))
                || matches!(value, Expr::String(text) if text.len() < 200)
        };
        let mut groups = Self::default();
        for found in &code.assignments {
            let node = || codebase.node_at(at, found.scope, found.block);
            if let Expr::Dict(entries) = &found.value
                && is_parameter_dictionary(&found.target, entries)
            {
                groups.dictionaries.push((node(), found.place));
            }
            let is_plain = matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated);
            if found.scope != 0 || !is_plain {
                continue;
            }
            let is_literal = literal(&found.value);
            if is_constant_name(&found.target)
                && (is_literal || is_default_of_environment(code, &found.value))
            {
                let is_hyper_parameter = is_hyper_parameter(&found.target);
                groups.constants.push((node(), found.place, is_hyper_parameter));
            }
            if is_literal && is_hyper_parameter(&found.target) {
                groups.hyper_parameters.push((node(), found.place));
            }
        }
        groups
            .classes
            .extend(settings_classes(code).map(|class| class.place));
        groups
    }
}

impl Reader<'_> {
    /// Constants, dictionaries and classes that gather settings in the training code.
    pub(super) fn note_groups(&self, at: FileIndex, reached: &Reached, found: &mut EntrySettings) {
        // So many show well enough that settings are gathered.
        const MOST: usize = 12;
        if found.grouped.len() >= MOST || self.modules.contains_key(&at) {
            return;
        }
        let path = &self.basis.codebase.file(at).path;
        let groups = &self.groups[at as usize];
        let evidence = |place: Place, what: &str| Evidence::new(path.clone(), place, what);
        let constants = || {
            groups
                .constants
                .iter()
                .filter(|(node, ..)| reached.contains(*node))
        };
        // Constants of a logger or a parser are no settings of training.
        let about_training = || {
            *path == found.path
                || constants().any(|(_, _, is_hyper_parameter)| *is_hyper_parameter)
                || !self.basis.training.sites_in(at).is_empty()
        };
        let block = constants().next().filter(|_| constants().nth(2).is_some());
        if let Some((_, first, _)) = block.filter(|_| about_training()) {
            found.grouped.push(evidence(*first, "a block of constants"));
        }
        // Lower-case constants one below the other are a block as well.
        let hyper: Vec<Place> = groups
            .hyper_parameters
            .iter()
            .filter(|(node, _)| reached.contains(*node))
            .map(|(_, place)| *place)
            .collect();
        let close = hyper
            .windows(3)
            .find(|three| three[0].cell == three[2].cell && three[2].line.saturating_sub(three[0].line) <= 8);
        if let Some(three) = close {
            found.grouped.push(evidence(three[0], "a block of settings"));
        }
        for (node, place) in &groups.dictionaries {
            if reached.contains(*node) {
                found.grouped.push(evidence(*place, "a dictionary of parameters"));
            }
        }
        for place in &groups.classes {
            found.grouped.push(evidence(*place, "a class of settings"));
        }
        found.grouped.truncate(MOST);
    }
}
