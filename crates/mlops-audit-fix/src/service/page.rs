//! A page of Streamlit as a test meets it: opened, and its one button pressed.
//!
//! A test is worth something only where the page then answers with the model. So a page counts where it does so as soon as
//! it opens, or below its only button with the values that its fields start with.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node, Reached, Site};
use mlops_audit_core::extract::serving::is_prediction;
use mlops_audit_formats::code::{BlockKind, Code, Expr};

use crate::certain::{certain, is_sure, may_return_before};
use crate::importing::{Origin, origin};
use crate::manifests::is_held_below;
use crate::needs::{Beside, Needs};
use crate::reading::text_of;

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
        if let Some(why) = self.obstacle(&path) {
            return Err(why);
        }
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
        let mut starts = vec![Node::module(self.file), Node::main(self.file)];
        let (is_pressed, shows) = match buttons.as_slice() {
            [] => (false, self.answer(self.file, None).ok_or_else(unsure)?),
            [only] => {
                let block = self.pressed(*only).ok_or_else(unsure)?;
                starts.extend(self.called_below(only.file, block));
                (true, self.answer(only.file, Some(block)).ok_or_else(unsure)?)
            }
            _ => return Err(unsure()),
        };
        let origin = origin(self.inspection, self.file)
            .ok_or_else(|| format!("it is not sure from where {path} finds what it imports"))?;
        let beside = self.beside(&origin, &starts);
        beside.clone().sure()?;
        Ok(Page {
            path,
            origin,
            is_pressed,
            shows,
            beside,
        })
    }

    /// Why no test can be sure of a page, whatever it shows.
    fn obstacle(&self, path: &str) -> Option<String> {
        const ENDING: &[&str] = &["experimental_rerun", "rerun", "stop", "switch_page"];
        if path.contains(['\\', '"']) || path.contains(char::is_control) {
            return Some(format!("the name of {path} is none that a test can write"));
        }
        // Its tests came with that version.
        if is_held_below(self.inspection, &["streamlit"], (1, 28)) {
            return Some("pages of Streamlit before 1.28 cannot be opened by a test".to_owned());
        }
        let files = self.reached.files();
        let mut texts = files.filter_map(|file| text_of(self.inspection, &self.codebase().file(file).path));
        if texts.any(|text| {
            ["st.secrets", "streamlit.secrets", "import secrets"]
                .iter()
                .any(|name| text.contains(name))
        }) {
            return Some(format!("{path} reads secrets"));
        }
        let mut calls = self.calls();
        let ending = calls.find(|site| {
            let target = self.codebase().target(*site);
            let is_exit = matches!(target, "exit" | "quit" | "sys.exit" | "os._exit");
            is_exit || target.starts_with("streamlit.") && ENDING.contains(&site.call.method())
        });
        ending.map(|site| format!("{path} may end before it answers, by {}", site.call.method()))
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
        let starts_empty = |name, position| site.call.argument(name, Some(position)) == Some(&Expr::None);
        match site.call.method() {
            "text_input" | "text_area" => {
                let value = site.call.argument("value", Some(1));
                value.is_none_or(|value| *value == Expr::None || value.as_str() == Some(""))
            }
            "date_input" | "time_input" => starts_empty("value", 1),
            "number_input" => starts_empty("value", 3),
            "radio" | "selectbox" => starts_empty("index", 2),
            method => ASKING.contains(&method),
        }
    }

    /// The block that pressing a button leads to, where the button is there as soon as the page opens.
    fn pressed(&self, button: Site<'_>) -> Option<u32> {
        let code = &self.codebase().file(button.file).code;
        let is_off = button.call.keyword("disabled");
        if !self.is_drawn_at_once(button) || is_off.is_some_and(|value| *value != Expr::Bool(false)) {
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

    /// The functions that a block is sure to call.
    fn called_below(&self, file: FileIndex, block: u32) -> Vec<Node> {
        let codebase = self.codebase();
        let code = &codebase.file(file).code;
        let calls = codebase
            .calls_of(file)
            .filter(|site| is_below(code, site.call.block, block) && !may_return_before(code, *site));
        let called = calls.filter_map(|site| codebase.callee(site));
        called
            .map(|callee| Node::definition(callee.file, callee.scope))
            .collect()
    }

    /// Whether a call runs each time that the page is drawn: at the top of the page, or in a function that is called there.
    fn is_drawn_at_once(&self, site: Site<'_>) -> bool {
        let codebase = self.codebase();
        if !is_sure(codebase, site) {
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
        only.is_some_and(|caller| caller.call.scope == 0 && is_sure(codebase, caller))
    }

    /// What shows the answer of the model in a block, or at the top of the page: `None` where no model is asked there.
    fn answer(&self, file: FileIndex, block: Option<u32>) -> Option<Option<&'static str>> {
        let codebase = self.codebase();
        let code = &codebase.file(file).code;
        let is_within = |site: &Site<'_>| match block {
            Some(block) => is_below(code, site.call.block, block) && !may_return_before(code, *site),
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
            let shown = codebase.target(*site).strip_prefix("streamlit.")?;
            SHOWING.iter().copied().find(|known| *known == shown)
        });
        // What is emptied again is shown no more.
        let is_emptied = self.calls().any(|site| site.call.method() == "empty");
        Some(shown.filter(|_| !is_emptied))
    }

    /// Whether a call is sure to ask the model, itself or further on.
    fn predicts(&self, site: Site<'_>) -> bool {
        let basis = &self.inspection.facts().basis;
        let codebase = self.codebase();
        let Some(callee) = codebase.callee(site) else {
            return is_prediction(basis, site);
        };
        let run = certain(codebase, [Node::definition(callee.file, callee.scope)]);
        let mut calls = run.into_iter().flat_map(|node| codebase.calls_in(node));
        calls.any(|site| {
            is_sure(codebase, site) && codebase.callee(site).is_none() && is_prediction(basis, site)
        })
    }

    /// What the page needs beside itself.
    fn beside(&self, origin: &Origin, starts: &[Node]) -> Beside {
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
        needs.beside(&nodes, starts)
    }
}

/// Whether a block stands in another one with nothing between that decides whether it is executed.
fn is_below(code: &Code, block: u32, other: u32) -> bool {
    let other = &code.blocks[other as usize];
    let mut inner = code
        .blocks_around(block)
        .skip_while(|found| !std::ptr::eq(*found, other) && matches!(found.kind, BlockKind::With(_)));
    inner.next().is_some_and(|found| std::ptr::eq(found, other))
}
