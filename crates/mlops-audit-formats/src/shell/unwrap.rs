//! Takes wrappers such as `sudo`, `timeout 60` and `bash -c "…"` off a command.

use super::Command;
use super::words::assignment;

/// What a command turned out to be.
pub(super) enum Unwrapped {
    /// A command whose wrappers are gone.
    Command,
    /// A script of its own: `bash -ec "…"`.
    Script { text: String, errexit: bool },
    /// A script that runs in this very shell: `eval "…"`.
    Here(String),
}

/// A wrapper, its options that take a value, and how many words stand before the command.
const WRAPPERS: [(&str, &[&str], usize); 22] = [
    ("builtin", &[], 0),
    ("caffeinate", &[], 0),
    ("call", &[], 0),
    ("command", &[], 0),
    ("doas", &["-u"], 0),
    ("env", &["-u", "-C", "--unset", "--chdir"], 0),
    ("exec", &["-a"], 0),
    ("gosu", &[], 1),
    ("ionice", &["-c", "-n"], 0),
    ("nice", &["-n"], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("stdbuf", &["-o", "-i", "-e"], 0),
    ("sudo", &["-u", "-g", "-C", "-p", "--user", "--group"], 0),
    ("time", &["-f", "-o"], 0),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"], 1),
    ("tini", &["-p", "-e"], 0),
    ("unbuffer", &[], 0),
    ("winpty", &[], 0),
    ("xargs", &["-n", "-I", "-P", "-L", "-d", "-a", "-i"], 0),
    ("xvfb-run", &["-s", "-n", "-e", "-f", "-w", "--server-num"], 0),
    ("@call", &[], 0),
];

const SHELLS: [&str; 6] = ["bash", "sh", "zsh", "dash", "ash", "ksh"];

/// Takes all wrappers off `command`.
pub(super) fn unwrap(command: &mut Command) -> Unwrapped {
    let mut skip = 0;
    while let Some(length) = wrapper(&command.words, skip, &mut command.environment) {
        skip += length;
    }
    command.words.drain(..skip.min(command.words.len()));
    let Some(first) = command.words.first() else {
        return Unwrapped::Command;
    };
    let name = base(first);
    if name == "eval" {
        return Unwrapped::Here(command.words.get(1..).unwrap_or_default().join(" "));
    }
    if let Some((text, errexit)) = shell_code(&command.words) {
        return Unwrapped::Script { text, errexit };
    }
    match &command.heredoc {
        Some(heredoc)
            if SHELLS.contains(&name) && command.words.iter().skip(1).all(|word| word.starts_with('-')) =>
        {
            let errexit = command
                .words
                .iter()
                .skip(1)
                .any(|word| !word.starts_with("--") && word.contains('e'));
            command.place = heredoc.place;
            Unwrapped::Script {
                text: heredoc.text.clone(),
                errexit,
            }
        }
        _ => Unwrapped::Command,
    }
}

/// The last part of a path.
pub(super) fn base(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// The code of `bash -c "…"` and whether `-e` is given, where the words are that.
pub(super) fn shell_code(words: &[String]) -> Option<(String, bool)> {
    let name = base(words.first()?);
    if !SHELLS.contains(&name) && name != "su" {
        return None;
    }
    let at = words.iter().skip(1).position(|word| {
        word == "--command" || (word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))
    })?;
    // A file in front of it means that `-c` is an argument of the script.
    let options = words.get(1..=at)?;
    let is_value = |word: &str| word.starts_with(['-', '+']) || matches!(word, "pipefail" | "errexit");
    if name != "su" && !options.iter().all(|word| is_value(word)) {
        return None;
    }
    let errexit = words.get(1..at + 2)?.iter().any(|word| {
        word == "errexit" || (word.starts_with('-') && !word.starts_with("--") && word.contains('e'))
    });
    let pipefail = options.iter().any(|word| word == "pipefail");
    let code = words.get(at + 2)?.clone();
    let text = if pipefail {
        format!("set -o pipefail; {code}")
    } else {
        code
    };
    Some((text, errexit))
}

/// Number of words of the wrapper at `from`, with its options.
fn wrapper(words: &[String], from: usize, environment: &mut Vec<(String, String)>) -> Option<usize> {
    let first = base(words.get(from)?).trim_start_matches('@');
    let (name, valued, operands) = WRAPPERS.iter().find(|(name, _, _)| *name == first)?;
    let mut at = from + 1;
    while let Some(word) = words.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        if let Some((key, value)) = assignment(word).filter(|_| matches!(*name, "env" | "sudo")) {
            environment.push((key.to_owned(), value.to_owned()));
        } else if !word.starts_with('-') {
            break;
        } else if valued.contains(&word.as_str()) {
            at += 1;
        }
        at += 1;
    }
    // `command -v x` asks and runs nothing.
    let asks = *name == "command"
        && words
            .get(from + 1)
            .is_some_and(|word| word == "-v" || word == "-V");
    let has_command = words.len() > at + operands;
    (!asks && has_command).then_some(at + operands - from)
}
