//! The Python that a project asks for, so that a job takes one in which it can be installed.

use mlops_audit_core::Inspection;
use mlops_audit_formats::data::Node;

use crate::reading::text_of;

/// The version that jobs take where nothing is said.
const USUAL: &str = "3.12";

/// Versions in the order in which they are taken where several would do.
const KNOWN: [(u32, u32); 7] = [(3, 12), (3, 11), (3, 10), (3, 9), (3, 8), (3, 13), (3, 14)];

/// The job with the Python that the project asks for.
pub(crate) fn with_python(inspection: &Inspection<'_>, text: &str) -> String {
    let Some(version) = asked_for(inspection).filter(|version| version != USUAL) else {
        return text.to_owned();
    };
    ["python-version: \"", "image: python:", "image: cimg/python:"]
        .iter()
        .fold(text.to_owned(), |text, start| {
            text.replace(&format!("{start}{USUAL}"), &format!("{start}{version}"))
        })
}

/// What a file of the project asks for: the one for tools that manage versions, else its manifest, else its image.
fn asked_for(inspection: &Inspection<'_>) -> Option<String> {
    let facts = inspection.facts();
    let folder = facts.automation.means.folder.as_str();
    let project = facts.basis.listing.project.trim_end_matches('/');
    let mut folders = vec![folder, project];
    folders.dedup();
    let in_folder = |folder: &str, name: &str| match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    };
    let first = |read: &dyn Fn(&str) -> Option<String>| folders.iter().find_map(|folder| read(folder));
    first(&|folder| named(&text_of(inspection, &in_folder(folder, ".python-version"))?))
        .or_else(|| first(&|folder| manifest(inspection, &in_folder(folder, "pyproject.toml"))))
        .or_else(|| {
            first(&|folder| {
                let data = facts.basis.documents.data(&in_folder(folder, "Pipfile"))?;
                let version = data.documents.first()?.at(&["requires", "python_version"])?;
                named(version.as_str()?)
            })
        })
        .or_else(|| first(&|folder| image(&text_of(inspection, &in_folder(folder, "Dockerfile"))?)))
}

/// The version of a file that names one: `3.11.4`.
fn named(text: &str) -> Option<String> {
    let (major, minor) = version(text.trim())?;
    KNOWN
        .contains(&(major, minor))
        .then(|| format!("{major}.{minor}"))
}

/// The first that `requires-python`, or what Poetry has for it, allows.
fn manifest(inspection: &Inspection<'_>, path: &str) -> Option<String> {
    let data = inspection.facts().basis.documents.data(path)?;
    let document = data.documents.first()?;
    let asked = document
        .at(&["project", "requires-python"])
        .or_else(|| document.at(&["tool", "poetry", "dependencies", "python"]))
        .and_then(Node::as_str)?;
    let mut allowed = KNOWN.iter().filter(|version| allows(asked, **version));
    allowed.next().map(|(major, minor)| format!("{major}.{minor}"))
}

/// The version of the image that the project is run in.
fn image(text: &str) -> Option<String> {
    let mut found = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_from = words.next()?.eq_ignore_ascii_case("from");
        let tag = words
            .find(|word| !word.starts_with("--"))?
            .strip_prefix("python:")?;
        named(tag).filter(|_| is_from)
    });
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    Some((parts.next()??, parts.next()??))
}

/// Whether a constraint allows a version: `>=3.9,<3.12`, `^3.10`, `~3.9`. One that is not understood allows all.
fn allows(asked: &str, wanted: (u32, u32)) -> bool {
    if asked.contains("||") {
        return true;
    }
    asked.split(',').all(|part| {
        let part = part.trim();
        let at = part
            .find(|char: char| char.is_ascii_digit())
            .unwrap_or(part.len());
        let (sign, number) = part.split_at(at);
        let Some(bound) = version(number).or_else(|| Some((number.parse().ok()?, 0))) else {
            return true;
        };
        let has_patch = number.split('.').count() > 2 && !number.ends_with('*');
        match sign.trim() {
            ">=" | ">" => wanted >= bound,
            // `<3.12.5` takes in most of 3.12.
            "<" => wanted < bound || has_patch && wanted == bound,
            "<=" => wanted <= bound,
            "^" => wanted >= bound && wanted.0 == bound.0,
            // `~=3.9` takes in 3.10, and `~=3.9.1` does not.
            "~=" if !has_patch => wanted >= bound && wanted.0 == bound.0,
            "~" | "~=" | "==" | "" => wanted == bound,
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_that_is_allowed_is_taken() {
        let first = |asked| KNOWN.iter().copied().find(|version| allows(asked, *version));
        for (asked, version) in [
            (">=3.9", (3, 12)),
            (">=3.8,<3.11", (3, 10)),
            ("^3.9", (3, 12)),
            ("~3.9", (3, 9)),
            ("~=3.10.2", (3, 10)),
            ("==3.11.*", (3, 11)),
            (">=3.13", (3, 13)),
            ("<3.12.5,>=3.12", (3, 12)),
            ("3.8", (3, 8)),
        ] {
            assert_eq!(first(asked), Some(version), "{asked}");
        }
        assert_eq!(first("<3"), None);
    }

    #[test]
    fn images_and_files_name_a_version() {
        assert_eq!(named("3.10.13\n"), Some("3.10".to_owned()));
        assert_eq!(named("pypy3.10"), None);
        assert_eq!(
            image("FROM --platform=linux/amd64 python:3.9-slim AS base\n"),
            Some("3.9".to_owned())
        );
        assert_eq!(image("FROM python:3.9\nFROM python:3.11\n"), None);
        assert_eq!(image("FROM ubuntu:24.04\n"), None);
    }
}
