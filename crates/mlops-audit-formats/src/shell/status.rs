//! Whether a command's failure reaches the script's exit status: what the text after it does with it.

use super::parser::{Item, Node, Pipeline, Simple};
use super::words::assignment;

/// What the command after `||` makes of the failure before it.
pub(super) enum Handler {
    /// It ends the script with a failure.
    Fails,
    /// It cannot fail itself, so the failure is gone.
    Swallows,
    /// It decides by its own status.
    Decides,
}

/// What `pipeline` makes of the failure that leads to it; `whole` is the script.
pub(super) fn handler(pipeline: &Pipeline<'_>, whole: &str) -> Handler {
    let text = whole.get(pipeline.start..pipeline.end).unwrap_or_default();
    if leads_to_failure(text, whole) {
        return Handler::Fails;
    }
    match pipeline.stages.last() {
        Some(Node::Simple(simple)) => plain_handler(simple, whole),
        Some(Node::Group(_) | Node::Subshell(_)) if only_talks(text) => Handler::Swallows,
        _ => Handler::Decides,
    }
}

/// Longest script of which the whole is searched for what becomes of one status; the search is done for many.
const LONGEST_SEARCHED: usize = 32_768;

/// Commands that hardly fail and do nothing about a failure.
const HARMLESS: [&str; 14] = [
    ":",
    "/bin/true",
    "Write-Host",
    "break",
    "cat",
    "continue",
    "date",
    "echo",
    "exit",
    "logger",
    "printf",
    "return",
    "true",
    "warn",
];

fn plain_handler(simple: &Simple<'_>, whole: &str) -> Handler {
    let mut words = simple.words.iter().map(|word| word.text);
    let Some(first) = words.find(|word| assignment(word).is_none()) else {
        return Handler::Swallows;
    };
    if first == "false" {
        return Handler::Fails;
    }
    if HARMLESS.contains(&first) {
        return Handler::Swallows;
    }
    if whole.len() > LONGEST_SEARCHED {
        return Handler::Decides;
    }
    // A function of the script that exits.
    let body = [
        format!("{first}()"),
        format!("{first} ()"),
        format!("function {first}"),
    ];
    let body = body.iter().find_map(|head| whole.find(head.as_str()));
    match body
        .and_then(|at| whole.get(at..))
        .map(|rest| rest.find("\n}").map_or(rest, |end| &rest[..end]))
    {
        Some(body) if exits(body) => Handler::Fails,
        _ => Handler::Decides,
    }
}

fn only_talks(text: &str) -> bool {
    let inner = text.trim().trim_matches(['{', '}', '(', ')']);
    inner
        .split([';', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .all(|part| {
            part.split_whitespace()
                .next()
                .is_some_and(|first| HARMLESS.contains(&first))
        })
}

/// Whether `text` exits with a failure, or notes one in a variable that `whole` exits with.
pub(super) fn leads_to_failure(text: &str, whole: &str) -> bool {
    exits(text) || noted(text).iter().any(|name| exits_with(whole, name))
}

/// Whether the item looks at the status (`$?`) of the command before it and fails for it.
pub(super) fn checks(item: &Item<'_>, whole: &str) -> bool {
    let text = whole.get(item.start..item.end).unwrap_or_default();
    let looks = [
        "$?",
        "${?}",
        "PIPESTATUS",
        "$LASTEXITCODE",
        "errorlevel",
        "ERRORLEVEL",
    ];
    looks.iter().any(|status| text.contains(status)) && leads_to_failure(text, whole)
}

/// Whether a later item waits for a background process and takes its status.
pub(super) fn waits(item: &Item<'_>, whole: &str) -> bool {
    let text = whole.get(item.start..item.end).unwrap_or_default();
    text.trim_start().starts_with("wait $") || text.trim_start().starts_with("wait \"$")
}

/// Whether the text holds `exit` or `return` with a status other than 0.
fn exits(text: &str) -> bool {
    ["exit", "return", "throw"].iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let rest = text.get(at + word.len()..).unwrap_or_default();
            before.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '{' | '(' | '&' | '|'))
                && fails(rest)
        })
    })
}

/// Whether what follows `exit` is no 0.
fn fails(rest: &str) -> bool {
    let argument = rest.trim_start_matches([' ', '\t']);
    let has_blank = argument.len() < rest.len();
    let argument = argument.strip_prefix("/b").map_or(argument, str::trim_start);
    let argument = argument.trim_start_matches(['"', '\'']);
    match argument.chars().next() {
        None | Some(';' | '\n' | '\r' | '}' | ')' | '&' | '|') => true,
        Some('$' | '%') => has_blank,
        Some(digit) if digit.is_ascii_digit() => {
            let digits = argument.split(|c: char| !c.is_ascii_digit()).next();
            has_blank && digits.is_some_and(|digits| digits.bytes().any(|byte| byte != b'0'))
        }
        Some('-') => has_blank && argument.starts_with("-1"),
        _ => false,
    }
}

/// Variables to which the text assigns something other than 0.
fn noted(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '{' | '}' | '&' | '|'));
    let assigned = words.filter_map(assignment);
    let failing = assigned.filter(|(_, value)| !value.is_empty() && *value != "0");
    failing.map(|(name, _)| name).collect()
}

fn exits_with(whole: &str, name: &str) -> bool {
    if whole.len() > LONGEST_SEARCHED {
        return false;
    }
    [
        "exit $",
        "exit ${",
        "exit \"$",
        "exit \"${",
        "return $",
        "return ${",
        "return \"$",
    ]
    .iter()
    .any(|head| {
        whole.match_indices(head).any(|(at, _)| {
            let rest = whole.get(at + head.len()..).unwrap_or_default();
            let end = rest.strip_prefix(name);
            end.is_some_and(|rest| !rest.starts_with(super::words::is_name))
        })
    })
}
