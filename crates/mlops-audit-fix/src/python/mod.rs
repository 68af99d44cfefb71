//! Edits of Python code that fixers share: where lines go, which imports are missing, how a call gets an argument.

mod arguments;
mod imports;
mod lines;
mod literals;
mod opening;
mod placing;
mod standard_library;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::FileIndex;
use mlops_audit_formats::code::{Code, Language};
use mlops_audit_formats::python::Layout;

pub use arguments::{Argument, Refusal};
pub use imports::{Imports, Needed};
pub use lines::Lines;
pub(crate) use literals::{is_identifier, literal, number, quoted};
pub use opening::Opening;
pub(crate) use standard_library::is_standard;

use crate::rewrite::Rewrite;

/// A Python file that is opened for changes, with what is known of it.
pub struct Module<'run> {
    /// Its position among the source files.
    pub file: FileIndex,
    /// What it says.
    pub code: &'run Code,
    /// How its statements are laid out.
    pub layout: Layout,
    /// Its changes.
    pub rewrite: Rewrite,
}

impl<'run> Module<'run> {
    /// Opens a file; `None` where it is no Python, is Python 2, or does not parse as a whole.
    pub fn open(inspection: &Inspection<'run>, file: FileIndex) -> Option<Self> {
        let source = inspection.facts().basis.codebase.file(file);
        let code = &source.code;
        if code.language != Language::Python || code.is_python2 || !code.problems.is_empty() {
            return None;
        }
        let rewrite = Rewrite::open(inspection, &source.path)?;
        Some(Self {
            file,
            code,
            layout: Layout::of(rewrite.code())?,
            rewrite,
        })
    }

    /// Its path.
    pub fn path(&self) -> &str {
        self.rewrite.path()
    }

    /// The code.
    pub fn text(&self) -> &str {
        self.rewrite.code().text()
    }

    /// The blanks at the start of the line that holds a byte.
    pub fn indentation(&self, at: usize) -> String {
        let line = &self.text()[self.rewrite.code().line_at(at)];
        line[..line.len() - line.trim_start().len()].to_owned()
    }
}
