//! What the program knows of the terminal that it writes to.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mlops_audit_report::terminal::Style;

/// Columns of a report that goes to no terminal.
const WIDTH: usize = 78;

/// Prints a report to standard output.
pub(crate) fn print(report: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(report.as_bytes())?;
    out.flush()
}

/// Prints an error to standard error.
pub(crate) fn complain(message: &str) {
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "error: {message}");
}

/// Says on standard error what could not be done beside the report.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(anstream::stderr(), "warning: {message}");
}

/// How the report is to look where it goes.
pub(crate) fn style(is_to_standard_output: bool, no_color: bool) -> Style {
    let is_terminal = is_to_standard_output && std::io::stdout().is_terminal();
    let choice = anstream::AutoStream::choice(&std::io::stdout());
    let colour = is_terminal && !no_color && choice != anstream::ColorChoice::Never;
    let width = if is_terminal {
        columns().unwrap_or(WIDTH)
    } else {
        WIDTH
    };
    Style { width, colour }
}

fn columns() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// A spinner on standard error that appears when the work takes longer than a moment and a person watches.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Starts to wait.
    pub(crate) fn start(what: &'static str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(Some(bar))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
