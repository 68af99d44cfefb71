//! How far a constraint fixes a version.

use pep440_rs::{Operator, Version, VersionSpecifiers};

/// How far a requirement fixes the version that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// One version: `==1.2.3`.
    Exact(String),
    /// All versions with a prefix: `==1.2.*`, conda's `=1.2`.
    Wildcard,
    /// Any other constraint: `>=1.2`, `~=1.2`, `^1.2`.
    Range,
    /// No constraint.
    #[default]
    Any,
    /// An address.
    Url {
        /// Whether the address always gives the same: it names a commit, a tag, a version or a hash.
        fixed: bool,
    },
}

/// The pin of a PEP 440 specifier; none where it is no specifier.
pub(super) fn of_specifier(specifier: &str) -> Option<Pin> {
    if specifier.is_empty() {
        return Some(Pin::Any);
    }
    // pip puts the variable's value there: the file itself fixes nothing.
    if specifier.contains("${") {
        return Some(Pin::Range);
    }
    // `===` compares text, so that what follows need be no version.
    if let Some(version) = specifier.strip_prefix("===") {
        let version = version.trim();
        return (!version.is_empty() && !version.contains(',')).then(|| Pin::Exact(version.to_owned()));
    }
    let specifiers: VersionSpecifiers = match specifier.parse() {
        Ok(specifiers) => specifiers,
        // pip's older releases took versions that PEP 440 does not know.
        Err(_) => return legacy(specifier),
    };
    let exact = specifiers.iter().find(|one| *one.operator() == Operator::Equal);
    Some(match exact {
        Some(one) => Pin::Exact(one.version().to_string()),
        None if specifiers
            .iter()
            .any(|one| *one.operator() == Operator::EqualStar) =>
        {
            Pin::Wildcard
        }
        None => Pin::Range,
    })
}

/// Whether a specifier takes a version; it does where PEP 440 does not know one of them.
pub(super) fn admits(specifier: &str, version: &str) -> bool {
    match (specifier.parse::<VersionSpecifiers>(), version.parse::<Version>()) {
        (Ok(specifiers), Ok(version)) => specifiers.contains(&version),
        _ => true,
    }
}

fn legacy(specifier: &str) -> Option<Pin> {
    let starts = ["==", "!=", "~=", ">=", "<=", ">", "<"];
    let is_clause = |clause: &str| {
        let sign = starts.iter().find_map(|start| clause.strip_prefix(start));
        sign.is_some_and(|version| is_version(version.trim()))
    };
    if !specifier.split(',').map(str::trim).all(is_clause) {
        return None;
    }
    Some(match specifier.strip_prefix("==").map(str::trim) {
        Some(version) if version.contains('*') => Pin::Wildcard,
        Some(version) if !version.contains(',') => Pin::Exact(version.to_owned()),
        _ => Pin::Range,
    })
}

fn is_version(text: &str) -> bool {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || ".+!*_-".contains(sign);
    text.starts_with(|sign: char| sign.is_ascii_alphanumeric()) && text.chars().all(is_part)
}

/// The pin of a conda version: `=1.26.4`, `==1.26`, `=1.26=py310_0`, `>=1`, `1.26.*`.
pub(super) fn of_conda(specifier: &str) -> Pin {
    if specifier.is_empty() || specifier == "*" {
        return Pin::Any;
    }
    let equals = specifier.len() - specifier.trim_start_matches('=').len();
    let rest = specifier.trim_start_matches('=').trim();
    if rest.starts_with(['<', '>', '!', '~']) || rest.contains(['|', ',']) {
        return Pin::Range;
    }
    let mut parts = rest.split(['=', ' ']).filter(|part| !part.is_empty());
    let version = parts.next().unwrap_or_default();
    let has_build = parts.next().is_some_and(|build| build != "*");
    let numbers = version
        .split('.')
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        .count();
    if version.is_empty() {
        Pin::Any
    } else if version.contains('*') {
        Pin::Wildcard
    } else if equals == 2 || has_build || numbers >= 3 || equals == 0 {
        Pin::Exact(version.to_owned())
    } else {
        Pin::Wildcard
    }
}

/// The pin of a Poetry constraint.
pub(super) fn of_poetry(specifier: &str) -> Pin {
    if specifier.is_empty() || specifier == "*" {
        return Pin::Any;
    }
    if specifier.contains(['^', ',', '|', '<', '>', '!', '~', ' ']) && !specifier.starts_with("==") {
        return Pin::Range;
    }
    let version = specifier.trim_start_matches('=').trim();
    if version.contains('*') {
        Pin::Wildcard
    } else if version.contains([',', '|']) {
        Pin::Range
    } else {
        Pin::Exact(version.to_owned())
    }
}

/// Whether an address always gives the same package.
pub(super) fn of_url(url: &str) -> Pin {
    let (address, fragment) = url.split_once('#').unwrap_or((url, ""));
    let has_hash = ["sha256=", "sha384=", "sha512="]
        .iter()
        .any(|name| fragment.contains(name));
    let is_remote = address.contains("://") && !address.starts_with("file:");
    let is_repository = ["git+", "hg+", "svn+", "bzr+"]
        .iter()
        .any(|start| address.starts_with(start));
    let fixed = match is_repository {
        true => reference(address).is_some_and(is_fixed_reference),
        false => has_hash || (is_remote && is_versioned_archive(address)),
    };
    Pin::Url { fixed }
}

/// What follows the last `@` of a repository's path: `ssh://git@host` has one before its path.
fn reference(address: &str) -> Option<&str> {
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = path.split_once('/').map_or("", |(_, rest)| rest);
    path.rsplit_once('@')
        .map(|(_, reference)| reference)
        .filter(|reference| !reference.is_empty())
}

/// A commit, or a tag that looks like a version: branches are called `main` or `release/2`.
fn is_fixed_reference(reference: &str) -> bool {
    let is_commit =
        (7..=40).contains(&reference.len()) && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = reference.strip_prefix("refs/tags/");
    is_commit || name.is_some() || is_tag(reference)
}

fn is_tag(reference: &str) -> bool {
    let name = reference.rsplit_once('/').map_or(reference, |(_, name)| name);
    let version = name.rsplit_once('-').map_or(
        name,
        |(before, last)| if starts_version(last) { last } else { before },
    );
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    starts_version(version) && version.contains('.') && !reference.contains('/')
}

fn starts_version(text: &str) -> bool {
    text.trim_start_matches(['v', 'V'])
        .starts_with(|sign: char| sign.is_ascii_digit())
}

fn is_versioned_archive(address: &str) -> bool {
    let file = address.split('?').next().unwrap_or(address);
    let file = file.rsplit('/').next().unwrap_or(file);
    if let Some(stem) = file.strip_suffix(".whl") {
        return stem.split('-').nth(1).is_some_and(starts_version);
    }
    let stem = [".tar.gz", ".tar.bz2", ".tgz", ".zip"]
        .iter()
        .find_map(|end| file.strip_suffix(end));
    stem.is_some_and(|stem| {
        let is_commit = stem.len() == 40 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        let version = stem.rsplit_once('-').map_or(stem, |(_, version)| version);
        is_commit
            || version
                .strip_prefix('v')
                .unwrap_or(version)
                .parse::<Version>()
                .is_ok()
    })
}

/// The package's name in `#egg=name`, or in the file name of a wheel.
pub(super) fn name_in_url(url: &str) -> Option<&str> {
    let (address, fragment) = url.split_once('#').unwrap_or((url, ""));
    let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="));
    if let Some(egg) = egg {
        return egg.split('[').next();
    }
    let file = address.rsplit('/').next().unwrap_or(address);
    if file.ends_with(".whl") {
        return file.split('-').next();
    }
    let is_repository = address.starts_with("git+");
    let name = file.split('@').next().map(|name| name.trim_end_matches(".git"));
    name.filter(|name| is_repository && !name.is_empty())
}
