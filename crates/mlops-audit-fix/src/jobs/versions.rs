//! The Python that a project asks for, so that a job takes one in which it can be installed.

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::automation::python::{KNOWN, USUAL, allowed, version};
use mlops_audit_formats::data::Node;

use crate::reading::text_of;

/// What stands before the version in a job.
const STARTS: [&str; 3] = ["python-version: \"", "image: python:", "image: cimg/python:"];

/// The job with the Python that the project asks for.
///
/// # Errors
/// That it asks for one that is not known.
pub(crate) fn with_python(inspection: &Inspection<'_>, text: &str) -> Result<String, String> {
    let names_one = |start: &&str| text.contains(&format!("{start}{USUAL}"));
    if !STARTS.iter().any(names_one) {
        return Ok(text.to_owned());
    }
    let version = match asked_for(inspection) {
        None => return Ok(text.to_owned()),
        Some(Asked {
            version: Some((major, minor)),
            ..
        }) => format!("{major}.{minor}"),
        Some(Asked { text, .. }) => {
            return Err(format!(
                "it is not sure which Python can run the job: the project asks for '{text}'"
            ));
        }
    };
    let changed = STARTS.iter().fold(text.to_owned(), |text, start| {
        text.replace(&format!("{start}{USUAL}"), &format!("{start}{version}"))
    });
    Ok(changed)
}

/// What a file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    /// As it is written there.
    text: String,
    /// The version that jobs can take for it, if one is known.
    version: Option<(u32, u32)>,
}

/// What a file of the project asks for: the one for tools that manage versions, else its manifest, else its image.
fn asked_for(inspection: &Inspection<'_>) -> Option<Asked> {
    let facts = inspection.facts();
    let folder = facts.automation.means.folder.as_str();
    let project = facts.basis.listing.project.trim_end_matches('/');
    let mut folders = vec![folder, project];
    folders.dedup();
    let in_folder = |folder: &str, name: &str| match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    };
    let first = |read: &dyn Fn(&str) -> Option<Asked>| folders.iter().find_map(|folder| read(folder));
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

/// The version of a file that names one: `3.11.4`. What names no version asks for none.
fn named(text: &str) -> Option<Asked> {
    let named = version(text.trim())?;
    Some(Asked {
        text: text.trim().to_owned(),
        version: KNOWN.contains(&named).then_some(named),
    })
}

/// The first that `requires-python`, or what Poetry has for it, allows.
fn manifest(inspection: &Inspection<'_>, path: &str) -> Option<Asked> {
    let data = inspection.facts().basis.documents.data(path)?;
    let document = data.documents.first()?;
    let asked = document
        .at(&["project", "requires-python"])
        .or_else(|| document.at(&["tool", "poetry", "dependencies", "python"]))
        .and_then(Node::as_str)?;
    (!matches!(asked.trim(), "" | "*")).then(|| Asked {
        text: asked.trim().to_owned(),
        version: allowed(asked),
    })
}

/// The version of the image that the project is run in.
fn image(text: &str) -> Option<Asked> {
    let mut found = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_from = words.next()?.eq_ignore_ascii_case("from");
        let tag = words
            .find(|word| !word.starts_with("--"))?
            .strip_prefix("python:")?;
        named(tag).filter(|_| is_from)
    });
    let first = found.next()?;
    found.all(|other| other.version == first.version).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_files_name_a_version() {
        let version = |asked: Option<Asked>| asked.map(|asked| asked.version);
        assert_eq!(version(named("3.10.13\n")), Some(Some((3, 10))));
        assert_eq!(version(named("3.7.9\n")), Some(None));
        assert_eq!(version(named("pypy3.10")), None);
        assert_eq!(
            version(image("FROM --platform=linux/amd64 python:3.9-slim AS base\n")),
            Some(Some((3, 9)))
        );
        assert_eq!(image("FROM python:3.9\nFROM python:3.11\n"), None);
        assert_eq!(image("FROM ubuntu:24.04\n"), None);
    }
}
