//! The Python that a project asks for, so that jobs and images take one in which it can be installed.

use mlops_audit_formats::data::Node;

use crate::extract::Basis;
use crate::extract::runs::Target;
use crate::read::Document;

/// The version that jobs and images take where nothing is said.
pub const USUAL: &str = "3.12";

/// Versions in the order in which they are taken where several would do.
pub const KNOWN: [(u32, u32); 7] = [(3, 12), (3, 11), (3, 10), (3, 9), (3, 8), (3, 13), (3, 14)];

/// The version that a file or a job of the project names, where jobs can take it: the file for tools that manage
/// versions, then CI, the environment, the image, and last what the manifest allows.
pub(super) fn asked_for(basis: &Basis<'_>, manifest: &str, dockerfile: Option<&str>) -> Option<(u32, u32)> {
    let folder = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
    let project = basis.listing.project.trim_end_matches('/');
    let folders = [folder, project, ""];
    let first = |name: &str, read: &dyn Fn(&str) -> Option<(u32, u32)>| {
        folders.iter().find_map(|folder| match *folder {
            "" => read(name),
            folder => read(&format!("{folder}/{name}")),
        })
    };
    first(".python-version", &|path| in_text(basis, path))
        .or_else(|| first("runtime.txt", &|path| in_text(basis, path)))
        .or_else(|| in_jobs(basis))
        .or_else(|| in_environment(basis, manifest))
        .or_else(|| {
            first("Pipfile", &|path| {
                let root = basis.documents.root(path)?;
                version(root.at(&["requires", "python_version"])?.as_str()?)
            })
        })
        .or_else(|| in_image(basis, dockerfile?))
        .or_else(|| first("pyproject.toml", &|path| in_manifest(basis, path)))
        .filter(|version| KNOWN.contains(version))
}

/// A file that holds nothing but a version: `3.11.4`, `python-3.11.4`.
fn in_text(basis: &Basis<'_>, path: &str) -> Option<(u32, u32)> {
    match &basis.documents.get(path)?.document {
        Document::Text(text) => version(text.trim().trim_start_matches("python-")),
        _ => None,
    }
}

/// The version that a job of CI sets up.
fn in_jobs(basis: &Basis<'_>) -> Option<(u32, u32)> {
    let mut invocations = basis.runs.live_jobs().flat_map(|runner| &runner.invocations);
    invocations.find_map(|invocation| {
        let Target::Action { uses, inputs } = &invocation.target else {
            return None;
        };
        let sets_up = uses.contains("setup-python") || uses.contains("setup-uv");
        let (_, given) = inputs
            .iter()
            .find(|(name, _)| sets_up && name == "python-version")?;
        version(given.trim_matches(['"', '\'']))
    })
}

/// The version in a conda environment: `python=3.10`.
fn in_environment(basis: &Basis<'_>, path: &str) -> Option<(u32, u32)> {
    let root = basis.documents.root(path)?;
    let mut items = root.get("dependencies")?.items().iter();
    items.find_map(|item| {
        let rest = item.as_str()?.strip_prefix("python")?.trim_start();
        version(rest.strip_prefix('=')?.trim_start_matches(['=', ' ']))
    })
}

/// The version of the image that the project is run in.
fn in_image(basis: &Basis<'_>, path: &str) -> Option<(u32, u32)> {
    let Document::Docker(docker) = &basis.documents.get(path)?.document else {
        return None;
    };
    let images = docker.stages.iter().map(|stage| stage.image.as_str());
    let mut versions = images.filter_map(|image| version(image.rsplit('/').next()?.strip_prefix("python:")?));
    let first = versions.next()?;
    versions.all(|other| other == first).then_some(first)
}

/// The first that `requires-python`, or what Poetry has for it, allows.
fn in_manifest(basis: &Basis<'_>, path: &str) -> Option<(u32, u32)> {
    let document = basis.documents.root(path)?;
    let asked = document
        .at(&["project", "requires-python"])
        .or_else(|| document.at(&["tool", "poetry", "dependencies", "python"]))
        .and_then(Node::as_str)?;
    allowed(asked)
}

/// The first of the known versions that a constraint allows.
pub fn allowed(asked: &str) -> Option<(u32, u32)> {
    KNOWN.into_iter().find(|version| allows(asked, *version))
}

/// The first two numbers of a version.
pub fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    Some((parts.next()??, parts.next()??))
}

/// Whether a constraint allows the newest patch of a version, which is what a job gets: `>=3.9,<3.12`, `^3.10`, `~3.9`.
/// One that is not understood allows none.
fn allows(asked: &str, wanted: (u32, u32)) -> bool {
    let alternatives = asked.split('|').filter(|one| !one.trim().is_empty());
    alternatives.into_iter().any(|one| {
        let bounds = bounds(one);
        !bounds.is_empty()
            && bounds
                .iter()
                .all(|(sign, number)| is_within(sign, number, wanted))
    })
}

/// The parts of a constraint, each with its sign, which blanks may follow.
fn bounds(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut sign = String::new();
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        let at = word.find(|char: char| char.is_ascii_digit());
        sign += &word[..at.unwrap_or(word.len())];
        if let Some(at) = at {
            found.push((std::mem::take(&mut sign), word[at..].to_owned()));
        }
    }
    if !sign.is_empty() {
        found.push((sign, String::new()));
    }
    found
}

/// Whether the newest patch of a version is within one bound.
fn is_within(sign: &str, number: &str, wanted: (u32, u32)) -> bool {
    let is_series = number.ends_with(".*");
    let number = number.trim_end_matches(".*");
    let parts = number.split('.').count();
    let bound = match parts {
        1 => number.parse().ok().map(|major| (major, 0)),
        _ => version(number),
    };
    let Some(bound) = bound else { return false };
    let is_major = wanted.0 == bound.0;
    match sign {
        ">=" | ">" => wanted >= bound,
        // The last patch that `<3.12.5` and `<=3.12.5` allow is not the newest.
        "<" | "<=" if !is_series => wanted < bound,
        "!=" if parts > 1 => wanted != bound,
        "^" if !is_series => wanted >= bound && is_major,
        "~" | "~=" if parts == 1 => sign == "~" && is_major,
        // `~=3.9` takes in 3.10, and `~=3.9.1` does not.
        "~=" if parts == 2 && !is_series => wanted >= bound && is_major,
        "~" | "~=" if !is_series => wanted == bound,
        // One exact patch is not the newest.
        "==" | "" if is_series && parts == 1 => is_major,
        "==" | "" if is_series && parts == 2 => wanted == bound,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_that_is_allowed_is_taken() {
        for (asked, version) in [
            (">=3.9", (3, 12)),
            (">=3.8,<3.11", (3, 10)),
            (">= 3.8, < 3.11", (3, 10)),
            (">=3.9 <3.12", (3, 11)),
            (">=3.9,<3.12.0", (3, 11)),
            (">=3.9,<3.12.5", (3, 11)),
            (">=3.8,<=3.11", (3, 10)),
            (">=3.9,!=3.12.*", (3, 11)),
            (">=3.9,!=3.12.1,<4", (3, 11)),
            ("^3.9", (3, 12)),
            ("~3.9", (3, 9)),
            ("~3", (3, 12)),
            ("~=3.10.2", (3, 10)),
            ("==3.11.*", (3, 11)),
            ("3.*", (3, 12)),
            ("~3.8 || ~3.9", (3, 9)),
            (">=3.13", (3, 13)),
        ] {
            assert_eq!(allowed(asked), Some(version), "{asked}");
        }
        for asked in [
            "<3",
            ">=3.7,<3.8",
            "<3.12.5,>=3.12",
            "==3.11.4",
            "===3.11.4",
            ">=3.9,@3.12",
            "3.9 - 3.11",
            "<",
            "latest",
        ] {
            assert_eq!(allowed(asked), None, "{asked}");
        }
    }
}
