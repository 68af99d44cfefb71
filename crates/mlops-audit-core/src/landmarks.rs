//! The files of a project that stand for its parts: manifest, CI definition, tests, README.
//!
//! Some gaps have no line, because what is missing is written nowhere. Reports that must name a place put them where
//! they would be mended, and that is a file which exists.

use std::collections::BTreeSet;

use crate::audit::Audit;
use crate::discover::{File, Listing, Presence};
use crate::evidence::Evidence;

/// Names of manifests, the ones that say most first.
const MANIFESTS: &[&str] = &[
    "pyproject.toml",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
    "conda.yaml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "Project.toml",
    "DESCRIPTION",
    "renv.lock",
];

/// What CI services read, beside the workflows of GitHub.
const CI_DEFINITIONS: &[&str] = &[
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".travis.yml",
    "Jenkinsfile",
    "cloudbuild.yaml",
];

/// The files of a project that stand for its parts. What the project lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landmarks {
    /// The folder of the project within the repository, with a closing `/`; empty for the whole repository.
    pub project: String,
    /// What declares the dependencies.
    pub manifest: String,
    /// What a CI service reads.
    pub ci: String,
    /// What builds the image.
    pub image: String,
    /// A test.
    pub test: String,
    /// What a reader opens first.
    pub readme: String,
    /// Any file of the project, for want of a better one.
    pub any: String,
    /// Files that the audit names and that exist; it names folders and what is missing as well.
    named: BTreeSet<String>,
}

impl Landmarks {
    /// The landmarks of the project that was audited.
    pub fn of(listing: &Listing, audit: &Audit) -> Self {
        let own = || {
            let files = listing.files.iter();
            files.filter(|file| file.is_own() && file.presence != Presence::Missing)
        };
        let project = || own().filter(|file| listing.in_project(&file.path));
        let named = |names: &'static [&'static str]| {
            move |file: &&File| names.iter().position(|name| *name == file.name())
        };
        let is_test = |file: &&File| {
            let name = file.name();
            let is_python = name.ends_with(".py");
            (is_python && (name.starts_with("test_") || name.ends_with("_test.py"))).then_some(0)
        };
        let is_readme = |file: &&File| {
            file.name()
                .to_ascii_lowercase()
                .starts_with("readme")
                .then_some(0)
        };
        Self {
            project: listing.project.clone(),
            manifest: first(project(), named(MANIFESTS)),
            ci: first(own(), ci_definition),
            image: first(project(), named(&["Dockerfile", "Containerfile"])),
            test: first(project(), is_test),
            readme: first(project(), is_readme),
            any: first(project(), |file| Some(usize::from(!is_code(file)))),
            named: audit
                .places()
                .filter(|place| listing.file(&place.path).is_some())
                .map(|place| place.path.clone())
                .collect(),
        }
    }

    /// Whether the evidence names a file that exists, and not a folder or something that is missing.
    pub fn is_file(&self, evidence: &Evidence) -> bool {
        evidence.place.line > 0 || self.named.contains(&evidence.path)
    }
}

/// GitHub reads workflows at the root only, and so do most other services their files.
fn ci_definition(file: &&File) -> Option<usize> {
    let is_workflow =
        file.folder() == ".github/workflows" && matches!(file.extension().as_str(), "yml" | "yaml");
    if is_workflow {
        return Some(0);
    }
    let at = CI_DEFINITIONS.iter().position(|path| *path == file.path);
    at.map(|at| at + 1)
}

fn is_code(file: &File) -> bool {
    matches!(file.extension().as_str(), "py" | "ipynb" | "r" | "jl" | "sh")
}

/// The file that is nearest to the root, then of the best rank, then first by its path.
fn first<'a>(files: impl Iterator<Item = &'a File>, rank: impl Fn(&&'a File) -> Option<usize>) -> String {
    let ranked = files.filter_map(|file| {
        let depth = file.path.matches('/').count();
        Some((depth, rank(&file)?, file.path.as_str()))
    });
    ranked
        .min()
        .map_or_else(String::new, |(_, _, path)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Landmarks;
    use crate::catalogue::Catalogue;
    use crate::discover::{Memory, Source as _};
    use crate::policy::Policy;

    #[test]
    fn the_landmarks_are_the_best_files_that_are_nearest_to_the_root() {
        let source = Memory::from_text(
            "=== docs/README.md\nx\n=== README.rst\nx\n=== requirements.txt\nx\n=== app/pyproject.toml\nx\n\
             === .gitlab-ci.yml\nx: 1\n=== sub/.github/workflows/a.yml\nx: 1\n=== tests/test_a.py\nx = 1\n=== app/Dockerfile\nFROM a\n",
        );
        let audit = crate::audit(&source, &Catalogue::new(Vec::new()), &Policy::default());
        let found = Landmarks::of(source.listing(), &audit);
        assert_eq!(found.manifest, "requirements.txt");
        assert_eq!(found.ci, ".gitlab-ci.yml");
        assert_eq!(found.image, "app/Dockerfile");
        assert_eq!(found.test, "tests/test_a.py");
        assert_eq!(found.readme, "README.rst");
        assert_eq!(found.any, ".gitlab-ci.yml", "no code stands at the root");
    }
}
