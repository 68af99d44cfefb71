//! Git as a program that is asked questions about a repository that is not trusted.
//!
//! Its configuration outside the repository is not read, and nothing of its environment but where it is installed. What
//! a repository's own configuration could make it run (hooks, a file-system monitor, a helper that fetches what is
//! missing) is switched off. It is ended where it does not answer: a repository can make it wait for a pipe.

use std::io::{BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Most bytes of a short answer.
const SHORT: u64 = 64 << 10;

/// Variables that say where Git is installed and how far it looks for a repository.
const KEPT: &[&str] = &[
    "GIT_EXEC_PATH",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    let variables = std::env::vars_os().map(|(name, _)| name);
    for name in variables.filter(|name| name.to_string_lossy().starts_with("GIT_")) {
        if !KEPT.iter().any(|kept| name == *kept) {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_LAZY_FETCH", "1")
        // Older versions know no such switch: for them, no way of fetching is allowed. Unlike `protocol.allow`, the
        // repository's own configuration cannot overrule it.
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(["--no-pager", "--no-replace-objects", "--literal-pathspecs"])
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(["-c", "protocol.allow=never", "-c", "safe.directory=*"])
        .args(arguments);
    command
}

/// Asks a question with a short answer.
///
/// # Errors
/// What Git says where it fails.
pub(super) fn answer(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut running = Running::start(folder, arguments)?;
    let mut said = Vec::new();
    running.answers.by_ref().take(SHORT).read_to_end(&mut said)?;
    running.finish()?;
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

/// What the watcher of a program is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It owes an answer: its time begins.
    Asked,
    /// It owes none.
    Answered,
}

/// Git at work. It ends when this is dropped, or when it has not answered for too long.
pub(super) struct Running {
    child: Arc<Mutex<Child>>,
    /// What it is asked; closed where the question is in the arguments.
    pub(super) questions: Option<ChildStdin>,
    /// What it answers.
    pub(super) answers: BufReader<ChildStdout>,
    signs: mpsc::Sender<Sign>,
    is_too_late: Arc<AtomicBool>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// Where Git is not installed.
    pub(super) fn start(folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = command(folder, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("git cannot be started; 'diff' needs it")?;
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("git gives no output")?);
        let child = Arc::new(Mutex::new(child));
        let is_too_late = Arc::new(AtomicBool::new(false));
        let signs = watch(&child, &is_too_late, PATIENCE);
        Ok(Self {
            child,
            questions,
            answers,
            signs,
            is_too_late,
        })
    }

    /// Tells the watcher what is expected: an answer in time, or nothing.
    pub(super) fn now(&self, sign: Sign) {
        let _ = self.signs.send(sign);
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// What it says where it failed, or that it took too long.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        drop(self.questions.take());
        // The watcher needs the child as well, so it is not held while its last words are read.
        let last_words = self.lock().stderr.take();
        let mut said = String::new();
        if let Some(last_words) = last_words {
            let _ = last_words.take(SHORT).read_to_string(&mut said);
        }
        let status = self.lock().wait()?;
        if self.is_too_late.load(Ordering::Relaxed) {
            bail!("git has not answered within {} seconds", PATIENCE.as_secs());
        }
        if !status.success() {
            bail!("git says: {}", said.lines().next().unwrap_or("nothing"));
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = self.lock();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Ends a program that owes an answer for too long, as it does from the start. The watch is over when the sender is
/// dropped.
fn watch(child: &Arc<Mutex<Child>>, is_too_late: &Arc<AtomicBool>, patience: Duration) -> mpsc::Sender<Sign> {
    let (sender, signs) = mpsc::channel();
    let (child, is_too_late) = (Arc::clone(child), Arc::clone(is_too_late));
    std::thread::spawn(move || {
        let mut last = Sign::Asked;
        loop {
            let next = match last {
                Sign::Asked => signs.recv_timeout(patience),
                Sign::Answered => signs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(sign) => last = sign,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        is_too_late.store(true, Ordering::Relaxed);
        let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
    });
    sender
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::{Sign, watch};

    #[test]
    fn a_program_that_owes_an_answer_for_too_long_is_ended() {
        let sleeping = Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn();
        let child = Arc::new(Mutex::new(sleeping.expect("sleep is everywhere")));
        let is_too_late = Arc::new(AtomicBool::new(false));
        let mut output = child.lock().expect("no panic").stdout.take().expect("a pipe");
        let signs = watch(&child, &is_too_late, Duration::from_millis(1));
        // Its output ends when it does.
        std::io::copy(&mut output, &mut std::io::sink()).expect("the pipe can be read");
        assert!(is_too_late.load(Ordering::Relaxed));
        assert!(
            !child
                .lock()
                .expect("no panic")
                .wait()
                .expect("it ended")
                .success()
        );
        drop(signs);
    }

    #[test]
    fn a_program_that_owes_nothing_is_left_alone() {
        let sleeping = Command::new("sleep").arg("600").spawn();
        let child = Arc::new(Mutex::new(sleeping.expect("sleep is everywhere")));
        let is_too_late = Arc::new(AtomicBool::new(false));
        let signs = watch(&child, &is_too_late, Duration::from_secs(600));
        signs.send(Sign::Answered).expect("the watcher is there");
        drop(signs);
        let mut child = child.lock().expect("no panic");
        assert!(child.try_wait().expect("its state can be asked").is_none());
        child.kill().expect("it can be ended");
        child.wait().expect("it ended");
    }
}
