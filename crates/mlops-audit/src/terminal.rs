//! What the program knows of the terminal that it writes to.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mlops_audit_report::terminal::{Links, Style, harmless};

/// Columns of a report that goes to no terminal.
const WIDTH: usize = 78;

/// How long work takes before a person is told that it goes on.
const MOMENT: Duration = Duration::from_millis(700);

/// Prints a report to standard output. Whoever reads it may stop early (`mlops-audit | head`); that is no error, and
/// changes nothing of the exit status.
pub(crate) fn print(report: &str) -> std::io::Result<()> {
    print_bytes(report.as_bytes())
}

/// The same for what need not be UTF-8: a patch shows files in their own encoding.
pub(crate) fn print_bytes(report: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(report).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Prints an error to standard error. It may quote a repository that is not trusted.
pub(crate) fn complain(message: &str) {
    let lines: Vec<String> = message.lines().map(harmless).collect();
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "error: {}", lines.join("\n"));
}

/// Says on standard error what could not be done beside the report.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(anstream::stderr(), "warning: {message}");
}

/// Says on standard error what is being done.
pub(crate) fn say(message: &str) {
    let _ = writeln!(anstream::stderr(), "{message}");
}

/// How the report is to look where it goes.
pub(crate) fn style(is_to_standard_output: bool, no_color: bool) -> Style {
    let is_terminal = is_to_standard_output && std::io::stdout().is_terminal();
    // Of a terminal's environment it obeys NO_COLOR, CLICOLOR and TERM; CLICOLOR_FORCE colours a pipe as well.
    let choice = anstream::AutoStream::choice(&std::io::stdout());
    let colour = is_to_standard_output && !no_color && choice != anstream::ColorChoice::Never;
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

/// Where links at places lead to, on a terminal that is known to show them. `root` is the root of the repository.
pub(crate) fn links(style: &Style, root: &Path) -> Links {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if !style.colour || !std::io::stdout().is_terminal() || !knows_links(&variable) {
        return Links::Off;
    }
    // The files of another machine are out of reach of the terminal.
    if !variable("SSH_CONNECTION").is_empty() {
        return Links::Hosting;
    }
    let root = root.canonicalize().ok();
    let Some(root) = root
        .as_deref()
        .and_then(Path::to_str)
        .filter(|root| root.starts_with('/'))
    else {
        return Links::Hosting;
    };
    let root = mlops_audit_report::terminal::percent_encoded(root.trim_end_matches('/'));
    if variable("TERM_PROGRAM") == "vscode" {
        return Links::Files {
            root: format!("vscode://file{root}"),
            before_line: ":",
        };
    }
    let is_kitty = variable("TERM") == "xterm-kitty";
    Links::Files {
        root: format!("file://{root}"),
        before_line: if is_kitty { "#" } else { "" },
    }
}

/// Whether the terminal is one that shows links. In doubt it is not: there they would be shown as rubbish.
fn knows_links(variable: &dyn Fn(&str) -> String) -> bool {
    let forced = variable("FORCE_HYPERLINK");
    if !forced.is_empty() {
        return forced != "0";
    }
    // A multiplexer decides for itself what it passes on, and is asked first.
    let term = variable("TERM");
    let is_multiplexed =
        !variable("TMUX").is_empty() || term.starts_with("screen") || term.starts_with("tmux");
    if is_multiplexed || term == "dumb" || !variable("CI").is_empty() {
        return false;
    }
    let at_least = |name: &str, least: u32| {
        variable(name)
            .parse::<u32>()
            .is_ok_and(|version| version >= least)
    };
    let programs = ["ghostty", "iTerm.app", "rio", "vscode", "WezTerm"];
    let terminals = [
        "alacritty",
        "contour",
        "foot",
        "foot-extra",
        "xterm-ghostty",
        "xterm-kitty",
    ];
    programs.contains(&variable("TERM_PROGRAM").as_str())
        || terminals.contains(&term.as_str())
        // VTE 0.50.0, the first with links, ended at some of them.
        || at_least("VTE_VERSION", 5001)
        || at_least("KONSOLE_VERSION", 201_200)
        || !variable("WT_SESSION").is_empty()
}

/// A spinner on standard error that appears when the work takes longer than a moment and a person watches.
pub(crate) struct Progress {
    /// Closed when the work is done.
    work: Option<Sender<()>>,
    watcher: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts to wait.
    pub(crate) fn start(what: &'static str) -> Self {
        if !std::io::stderr().is_terminal() || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return Self {
                work: None,
                watcher: None,
            };
        }
        let (work, done) = channel();
        let watcher = std::thread::spawn(move || {
            if done.recv_timeout(MOMENT) == Err(RecvTimeoutError::Timeout) {
                let bar = spinner(what);
                // Ends with an error when the other side is gone, which is what it waits for.
                let _ = done.recv();
                bar.finish_and_clear();
            }
        });
        Self {
            work: Some(work),
            watcher: Some(watcher),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(watcher) = self.watcher.take() {
            // It must be off the screen before a report is printed; a watcher that panicked shows nothing.
            let _ = watcher.join();
        }
    }
}

fn spinner(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_elapsed(MOMENT);
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

#[cfg(test)]
mod tests {
    use super::knows_links;

    fn knows(environment: &[(&str, &str)]) -> bool {
        knows_links(&|name| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned()).unwrap_or_default()
        })
    }

    #[test]
    fn links_are_for_terminals_that_are_known_to_show_them() {
        for environment in [
            &[("TERM_PROGRAM", "iTerm.app")][..],
            &[("TERM", "xterm-kitty")],
            &[("TERM", "xterm-256color"), ("VTE_VERSION", "7003")],
            &[("WT_SESSION", "b0f0")],
            &[("TERM", "xterm"), ("FORCE_HYPERLINK", "1")],
        ] {
            assert!(knows(environment), "{environment:?}");
        }
    }

    #[test]
    fn in_doubt_there_are_no_links() {
        for environment in [
            &[("TERM", "xterm-256color")][..],
            &[("TERM_PROGRAM", "Apple_Terminal")],
            &[("VTE_VERSION", "5000")],
            &[("VTE_VERSION", "7003"), ("TMUX", "/tmp/tmux-0/default,1,0")],
            &[("TERM", "screen-256color"), ("TERM_PROGRAM", "WezTerm")],
            &[("TERM", "dumb"), ("TERM_PROGRAM", "vscode")],
            &[("TERM", "xterm-kitty"), ("FORCE_HYPERLINK", "0")],
        ] {
            assert!(!knows(environment), "{environment:?}");
        }
    }
}
