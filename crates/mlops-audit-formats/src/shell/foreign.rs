//! Batch files and PowerShell, line by line into what the shell reader understands.

use std::borrow::Cow;

/// A shell of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// That of batch files.
    Batch,
    /// PowerShell.
    PowerShell,
}

impl Foreign {
    /// A line as the shell reader understands it.
    pub fn translated(self, line: &str) -> String {
        match self {
            Self::Batch => batch(line.trim()),
            Self::PowerShell => powershell(line.trim()),
        }
    }
}

/// Turns line ends, and the syntax of Windows' two shells, into what the reader understands; lines stay lines.
pub(super) fn translate(text: &str) -> Cow<'_, str> {
    if is_batch(text) {
        return Cow::Owned(lines(text, batch));
    }
    if is_powershell(text) {
        return Cow::Owned(lines(text, powershell));
    }
    if text.contains('\r') {
        return Cow::Owned(text.replace("\r\n", "\n"));
    }
    Cow::Borrowed(text)
}

fn lines(text: &str, translate: fn(&str) -> String) -> String {
    let lines: Vec<String> = text.lines().map(|line| translate(line.trim())).collect();
    lines.join("\n")
}

fn is_batch(text: &str) -> bool {
    text.lines().take(60).any(|line| {
        let line = line.trim().to_ascii_lowercase();
        line.starts_with("@echo off")
            || line.starts_with("setlocal")
            || line.starts_with("rem ")
            || line == "rem"
            || line.contains("%~dp0")
            || line.starts_with("@rem")
    })
}

fn is_powershell(text: &str) -> bool {
    let marks = [
        "$env:",
        "$ErrorActionPreference",
        "Write-Host",
        "$PSScriptRoot",
        "$LASTEXITCODE",
        "Set-Location ",
    ];
    !text.starts_with("#!") && marks.iter().any(|mark| text.contains(mark))
}

fn batch(line: &str) -> String {
    let line = line.trim_start_matches('@');
    let lower = line.to_ascii_lowercase();
    let is_noise = [
        "rem ", "::", ":", "goto ", "setlocal", "endlocal", "title ", "pause", ")", "for ",
    ];
    if lower == "rem" || lower == "echo off" || is_noise.iter().any(|noise| lower.starts_with(noise)) {
        return String::new();
    }
    if lower.starts_with("if ") {
        let checks = lower.contains("errorlevel") && lower.contains("exit");
        return if checks {
            "[ $? -ne 0 ] && exit 1".to_owned()
        } else {
            String::new()
        };
    }
    let line = line
        .replace("%~dp0", "${0%/*}/")
        .replace('\\', "/")
        .replace('\'', "\\'");
    let line = match line.strip_suffix('^') {
        Some(line) => format!("{line}\\"),
        None => line,
    };
    let line = percent(&line);
    match line.get(..4).filter(|head| head.eq_ignore_ascii_case("set ")) {
        Some(_) => line.get(4..).unwrap_or_default().trim().replacen("= ", "=", 1),
        None => line,
    }
}

/// `%X%` into `${X}`.
fn percent(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('%') {
        result.push_str(before);
        match after
            .split_once('%')
            .filter(|(name, _)| !name.is_empty() && name.chars().all(super::words::is_name))
        {
            Some((name, after)) => {
                result.push_str(&format!("${{{name}}}"));
                rest = after;
            }
            None => {
                result.push('%');
                rest = after;
            }
        }
    }
    result + rest
}

fn powershell(line: &str) -> String {
    let line = line.strip_prefix("& ").unwrap_or(line);
    let line = line.replace("$PSScriptRoot", "${0%/*}").replace('\\', "/");
    let line = match line.strip_suffix('`') {
        Some(line) => format!("{}\\", line.replace('`', "")),
        None => line.replace('`', ""),
    };
    let Some(assigned) = line.strip_prefix('$') else {
        if line.starts_with("if ") && line.contains("LASTEXITCODE") && line.contains("exit") {
            return "[ $? -ne 0 ] && exit 1".to_owned();
        }
        return line.replace("$env:", "$");
    };
    let assigned = assigned.strip_prefix("env:").unwrap_or(assigned);
    match assigned.split_once('=') {
        Some((name, value)) if name.trim().chars().all(super::words::is_name) => {
            let value = value.trim().trim_matches(['"', '\'']);
            let is_plain = !value.contains(['(', '\'', '"', '|']);
            if is_plain {
                format!("{}='{value}'", name.trim())
            } else {
                String::new()
            }
        }
        _ => String::new(),
    }
}
