//! What a fix is: edits of one or several files, made together or not at all.

use std::ops::Range;

use mlops_audit_core::evidence::Evidence;

use crate::Fixer;
use crate::dvc::{Pinned, Stored};
use crate::freeze::Freeze;
use crate::tool::Tool;

/// Whether a fix is applied without being asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It changes nothing but what its title says, and is right wherever its proof holds.
    Safe,
    /// It decides something that people may want otherwise: it is listed, and made where its id is given.
    Offered,
}

impl Class {
    /// The name that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Offered => "offered",
        }
    }
}

/// A change to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// What is done to it.
    pub change: Change,
}

/// What is done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Some bytes of its text give way to others. The range counts UTF-8 bytes of the decoded text, without a byte order
    /// mark; the file keeps its encoding.
    Replace {
        /// The bytes that give way; empty where text is inserted.
        range: Range<usize>,
        /// What stands there instead.
        text: String,
    },
    /// The file is new.
    Create {
        /// All of it.
        content: Vec<u8>,
    },
}

/// Edits that close a gap, or some of its places, and belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// The id of its fixer: `seeds`.
    pub id: &'static str,
    /// The criteria that it is for, by their ids.
    pub criteria: &'static [&'static str],
    /// Whether it is applied without being asked for by name.
    pub class: Class,
    /// What it does, in a few words that begin with a verb: `seed what train.py draws`. No two fixes of one fixer have
    /// the same.
    pub title: String,
    /// The places of the gap that it closes, as its fixer lists them.
    pub closes: Vec<Evidence>,
    /// What it changes. Edits of one file do not overlap.
    pub edits: Vec<Edit>,
    /// Data that DVC is to pin. It is hashed once the fix is tried, and becomes edits and objects of the cache then.
    pub pins: Vec<Pinned>,
    /// Objects of DVC's cache, which are written beside the edits.
    pub stored: Vec<Stored>,
    /// A command for the user to run, where a tool has to do the rest.
    pub command: Option<String>,
    /// The same command for a program that may run it, where one is known.
    pub tool: Option<Tool>,
    /// The same where the packages of an environment are to be written down.
    pub freeze: Option<Freeze>,
    /// Why it cannot be made, where its fixer sees that itself: it is never offered then.
    pub obstacle: Option<String>,
}

impl Fix {
    /// A fix of this fixer that does nothing yet.
    pub fn new(fixer: &Fixer, title: impl Into<String>) -> Self {
        Self {
            id: fixer.id,
            criteria: fixer.criteria,
            class: fixer.class,
            title: title.into(),
            closes: Vec::new(),
            edits: Vec::new(),
            pins: Vec::new(),
            stored: Vec::new(),
            command: None,
            tool: None,
            freeze: None,
            obstacle: None,
        }
    }

    /// The same, which cannot be made: what people are told who ask why it is not offered.
    #[must_use]
    pub fn impossible(mut self, why: impl Into<String>) -> Self {
        self.obstacle = Some(why.into());
        self
    }

    /// The same, closing these places too.
    #[must_use]
    pub fn closing(mut self, places: impl IntoIterator<Item = Evidence>) -> Self {
        self.closes.extend(places);
        self
    }

    /// The same with more edits.
    #[must_use]
    pub fn with(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.edits.extend(edits);
        self
    }

    /// The same with a new file. A last line break is added where it lacks one.
    #[must_use]
    pub fn creating(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.edits.push(Edit {
            path: path.into(),
            change: Change::Create {
                content: text.into_bytes(),
            },
        });
        self
    }

    /// The same with a command for the user to run.
    #[must_use]
    pub fn running(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// The same, with a tool that does the rest: its command is what the user is shown.
    #[must_use]
    pub fn with_tool(mut self, tool: Tool) -> Self {
        self.command = Some(tool.command());
        self.tool = Some(tool);
        self
    }

    /// The same, with an environment whose packages do the rest.
    #[must_use]
    pub fn with_freeze(mut self, freeze: Freeze) -> Self {
        self.command = Some(freeze.command());
        self.freeze = Some(freeze);
        self
    }

    /// Whether it is nothing but a command, which no audit can prove before it ran.
    pub fn is_command(&self) -> bool {
        self.edits.is_empty() && self.pins.is_empty() && self.command.is_some()
    }
}
