//! How much of the report a person sees, and whether places are links.

use mlops_audit_core::excerpts::Excerpts;

use super::Style;

/// How the report is shown at a terminal.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// How it is laid out.
    pub style: Style,
    /// How much of it is shown.
    pub detail: Detail<'a>,
    /// Where links at places lead to.
    pub links: Links,
}

/// How much of the report is shown.
#[derive(Clone, Copy, Debug)]
pub enum Detail<'a> {
    /// A line for each principle, score, level and what blocks production.
    Summary,
    /// The report.
    Whole,
    /// The report, and the lines that its evidence points at.
    Evidence(&'a Excerpts),
}

/// Where links at places lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// There are none: what a file, a pipe, or a terminal that does not know them gets.
    #[default]
    Off,
    /// To the hosting service at the commit, where that is known.
    Hosting,
    /// To the files on the disk.
    Files {
        /// The address of the root: `file:///home/me/project`, percent-encoded, without a slash at its end.
        root: String,
        /// What stands between a file and the number of its line; empty where the terminal opens no lines.
        before_line: &'static str,
    },
}

impl From<Style> for View<'_> {
    /// The report without links.
    fn from(style: Style) -> Self {
        Self {
            style,
            detail: Detail::Whole,
            links: Links::Off,
        }
    }
}
