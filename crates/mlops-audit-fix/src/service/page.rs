//! A page of Streamlit as a test meets it: opened, and its one button pressed.
//!
//! A test is worth something only where the page then answers with the model. So a page counts where it does so as soon as
//! it opens, or below its only button with the values that its fields start with.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node, Reached, Site};
use mlops_audit_core::extract::serving::is_prediction;
use mlops_audit_formats::code::{BlockKind, Expr};

use crate::importing::{Origin, origin};
use crate::needs::{Beside, Needs};

/// What waits for something that only a person has.
const ASKING: &[&str] = &[
    "audio_input",
    "camera_input",
    "chat_input",
    "data_editor",
    "file_uploader",
];

/// What a page shows an answer with, by names that its test knows too.
const SHOWING: &[&str] = &["dataframe", "json", "metric", "success", "table"];

/// A page that answers with the model.
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) origin: Origin,
    /// Whether its button has to be pressed.
    pub(crate) is_pressed: bool,
    /// What is sure to be shown then.
    pub(crate) shows: Option<&'static str>,
    pub(crate) beside: Beside,
}

impl Page {
    /// The first page that a test can ask; `None` where there is no page of Streamlit.
    ///
    /// # Errors
    /// Why none can be asked.
    pub(crate) fn of(inspection: &Inspection<'_>) -> Option<Result<Self, String>> {
        let facts = inspection.facts();
        let codebase = &facts.basis.codebase;
        let of_streamlit = |file: &FileIndex| {
            let mut calls = codebase.calls_of(*file);
            calls.any(|site| codebase.target(site).starts_with("streamlit."))
        };
        let pages = facts.serving.fronts.iter().copied().filter(of_streamlit);
        let mut refused = None;
        for file in pages {
            match Look::new(inspection, file).page() {
                Ok(page) => return Some(Ok(page)),
                Err(why) => {
                    refused.get_or_insert(Err(why));
                }
            }
        }
        refused
    }
}

/// A page that is looked at.
struct Look<'run> {
    inspection: &'run Inspection<'run>,
    file: FileIndex,
    /// All code that opening it runs, or may run.
    reached: Reached,
}

impl<'run> Look<'run> {
    fn new(inspection: &'run Inspection<'run>, file: FileIndex) -> Self {
        let reached = inspection.facts().basis.codebase.reach_script(file);
        Self {
            inspection,
            file,
            reached,
        }
    }

    fn codebase(&self) -> &'run Codebase {
        &self.inspection.facts().basis.codebase
    }

    fn page(&self) -> Result<Page, String> {
        let path = self.codebase().file(self.file).path.clone();
        let asking = self.calls().find(|site| self.asks(*site));
        if let Some(site) = asking {
            return Err(format!("{path} waits for what {} is given", site.call.method()));
        }
        let buttons: Vec<Site<'_>> = self
            .calls()
            .filter(|site| matches!(site.call.method(), "button" | "form_submit_button"))
            .collect();
        let unsure =
            || format!("it is not sure that {path} answers with the model by itself or below one button");
        let (is_pressed, shows) = match buttons.as_slice() {
            [] => (false, self.answer(self.file, None).ok_or_else(unsure)?),
            [only] => {
                let block = self.pressed(*only).ok_or_else(unsure)?;
                (true, self.answer(only.file, Some(block)).ok_or_else(unsure)?)
            }
            _ => return Err(unsure()),
        };
        let origin = origin(self.inspection, self.file)
            .ok_or_else(|| format!("it is not sure from where {path} finds what it imports"))?;
        let beside = self.beside(&origin);
        beside.clone().sure()?;
        Ok(Page {
            path,
            origin,
            is_pressed,
            shows,
            beside,
        })
    }

    /// The calls that opening the page may lead to.
    fn calls(&self) -> impl Iterator<Item = Site<'run>> {
        let codebase = self.codebase();
        let files: Vec<FileIndex> = self.reached.files().collect();
        files
            .into_iter()
            .flat_map(|file| codebase.calls_of(file))
            .filter(|site| self.reached.contains(codebase.node_of(*site)))
    }

    /// Whether a call waits for something that no default gives.
    fn asks(&self, site: Site<'_>) -> bool {
        match site.call.method() {
            "text_input" | "text_area" => {
                let value = site.call.argument("value", Some(1));
                value.is_none_or(|value| value.as_str() == Some(""))
            }
            method => ASKING.contains(&method),
        }
    }

    /// The block that pressing a button leads to, where the button is there as soon as the page opens.
    fn pressed(&self, button: Site<'_>) -> Option<u32> {
        let code = &self.codebase().file(button.file).code;
        if !self.is_drawn_at_once(button) {
            return None;
        }
        let bound = code
            .assignments
            .iter()
            .find(|found| found.value == Expr::Call(button.index))
            .map(|found| found.target.as_str());
        let asks_it = |condition: &Expr| {
            let is_name = |name: &str| condition.as_name().is_some_and(|found| found.path == name);
            *condition == Expr::Call(button.index) || bound.is_some_and(is_name)
        };
        let blocks = (0u32..).zip(&code.blocks);
        let mut wanted = blocks.filter(|(_, block)| {
            matches!(&block.kind, BlockKind::If(condition) if asks_it(condition))
                && block.scope == button.call.scope
        });
        let only = wanted.next()?.0;
        wanted.next().is_none().then_some(only)
    }

    /// Whether a call runs each time that the page is drawn: at the top of the page, or in a function that is called there.
    fn is_drawn_at_once(&self, site: Site<'_>) -> bool {
        let codebase = self.codebase();
        let is_plain = |site: Site<'_>| {
            let code = &codebase.file(site.file).code;
            let mut around = code.blocks_around(site.call.block);
            around.all(|block| {
                matches!(
                    block.kind,
                    BlockKind::Body | BlockKind::Main | BlockKind::With(_) | BlockKind::Try
                )
            })
        };
        if !is_plain(site) {
            return false;
        }
        if site.call.scope == 0 {
            return site.file == self.file;
        }
        let own = Node::definition(site.file, site.call.scope);
        let mut callers = codebase.calls_of(self.file).filter(|caller| {
            let callee = codebase.callee(*caller);
            callee.is_some_and(|callee| Node::definition(callee.file, callee.scope) == own)
        });
        let only = callers.next().filter(|_| callers.next().is_none());
        only.is_some_and(|caller| caller.call.scope == 0 && is_plain(caller))
    }

    /// What shows the answer of the model in a block, or at the top of the page: `None` where no model is asked there.
    fn answer(&self, file: FileIndex, block: Option<u32>) -> Option<Option<&'static str>> {
        let codebase = self.codebase();
        let code = &codebase.file(file).code;
        let is_within = |site: &Site<'_>| match block {
            Some(block) => {
                let mut around = code.blocks_around(site.call.block);
                around.any(|found| std::ptr::eq(found, &code.blocks[block as usize]))
            }
            None => self.is_drawn_at_once(*site),
        };
        let own: Vec<Site<'_>> = codebase.calls_of(file).filter(is_within).collect();
        if !own.iter().any(|site| self.predicts(*site)) {
            return None;
        }
        // Only what no further condition decides is sure to be shown.
        let mut direct = own
            .iter()
            .filter(|site| block.is_none_or(|block| site.call.block == block));
        let shown = direct.find_map(|site| {
            let method = site.call.method();
            SHOWING.iter().copied().find(|known| *known == method)
        });
        Some(shown)
    }

    /// Whether a call asks the model, itself or further on.
    fn predicts(&self, site: Site<'_>) -> bool {
        let facts = self.inspection.facts();
        let codebase = self.codebase();
        is_prediction(&facts.basis, site)
            || codebase.callee(site).is_some_and(|callee| {
                let reached = codebase.reach_calls([Node::definition(callee.file, callee.scope)]);
                facts
                    .serving
                    .predicting
                    .iter()
                    .any(|node| reached.contains(*node))
            })
    }

    /// What the page needs beside itself.
    fn beside(&self, origin: &Origin) -> Beside {
        let codebase = self.codebase();
        let needs = Needs {
            inspection: self.inspection,
            start: &origin.start,
            may_record: false,
        };
        let nodes: BTreeSet<Node> = self
            .reached
            .nodes()
            .filter(|node| !codebase.file(node.file).is_test)
            .collect();
        needs.beside(&nodes)
    }
}
