//! Paths as commands name them, seen from the root of the repository.

use mlops_audit_formats::shell;

/// The folder itself, and all above it up to the root.
pub(super) fn folders_up(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| match folder.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None if folder.is_empty() => None,
        None => Some(""),
    })
}

/// What CI services call the folder that the repository is checked out to.
const CHECKOUTS: [&str; 18] = [
    shell::REPOSITORY_ROOT,
    "${{ github.workspace }}",
    "${{github.workspace}}",
    "${GITHUB_WORKSPACE}",
    "$GITHUB_WORKSPACE",
    "${CI_PROJECT_DIR}",
    "$CI_PROJECT_DIR",
    "$(Build.SourcesDirectory)",
    "$(System.DefaultWorkingDirectory)",
    "$(Build.Repository.LocalPath)",
    "$(Pipeline.Workspace)/s",
    "${WORKSPACE}",
    "$WORKSPACE",
    "${TRAVIS_BUILD_DIR}",
    "$TRAVIS_BUILD_DIR",
    "$BITBUCKET_CLONE_DIR",
    "$CODEBUILD_SRC_DIR",
    "~/project",
];

/// What a script calls the folder that it was started in.
const STARTED_IN: [&str; 5] = ["$PWD/", "${PWD}/", "$(pwd)/", "`pwd`/", "${CURDIR}/"];

/// How all of these start, and what a script calls the folder that it stands in.
const MARKS: [char; 3] = ['$', '~', '`'];

/// Whether any of these words may start with such a folder.
pub(super) fn has_folder_of_start(words: &[String]) -> bool {
    words.iter().any(|word| word.starts_with(MARKS))
        && words.iter().any(|word| word.contains(['$', '~', '(']))
}

/// A word with the folders of the checkout and of the script put in, as a path from the root.
pub(super) fn rooted(word: &str, script: &str) -> String {
    if !word.starts_with(MARKS) {
        return word.to_owned();
    }
    let behind = |rest: &str| rest.is_empty() || rest.starts_with('/');
    for checkout in CHECKOUTS {
        if let Some(rest) = word.strip_prefix(checkout).filter(|rest| behind(rest)) {
            return if rest.is_empty() {
                "/".to_owned()
            } else {
                rest.to_owned()
            };
        }
    }
    if let Some(rest) = word
        .strip_prefix(shell::SCRIPT_DIRECTORY)
        .filter(|rest| behind(rest))
    {
        let folder = script.rsplit_once('/').map_or("", |(folder, _)| folder);
        return format!("/{}", joined(folder, rest.trim_start_matches('/')));
    }
    STARTED_IN
        .iter()
        .find_map(|start| word.strip_prefix(start))
        .unwrap_or(word)
        .to_owned()
}

/// A path seen from a folder, without `.` and `..`; it never leaves the root.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    let folder = if path.starts_with('/') { "" } else { folder };
    let mut whole = String::with_capacity(folder.len() + 1 + path.len());
    for part in folder.split(['/', '\\']).chain(path.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => whole.truncate(whole.rfind('/').unwrap_or(0)),
            _ => {
                if !whole.is_empty() {
                    whole.push('/');
                }
                whole.push_str(part);
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_joined_without_dots() {
        assert_eq!(joined("a/b", "../c.py"), "a/c.py");
        assert_eq!(joined("", "./x/./y"), "x/y");
        assert_eq!(joined("a", "../../.."), "");
        assert_eq!(joined("a\\b", "..\\/c"), "a/c");
        assert_eq!(joined("a", "/b/../c"), "c");
    }
}
