//! Links to a line of a file at the service that hosts the repository, at the commit that was audited.
//!
//! The service is known by the name of its host. What is no page of a service that is known here gets no link: a
//! wrong link is worse than a path.

use std::fmt::Write as _;

use mlops_audit_core::audit::ProjectSummary;

/// How a service writes the address of a file at a commit, and of a line in it.
struct Service {
    /// Whether the host is one of its.
    is_host: fn(&str) -> bool,
    /// What stands between the page of the repository and the commit.
    before_commit: &'static str,
    /// What stands between the commit and the path.
    before_path: &'static str,
    /// What stands before the number of a line.
    before_line: &'static str,
    /// What makes it show the lines of a file that it would render, such as a notebook; `None` where nothing does,
    /// so that such a file has no lines to point at.
    as_plain: Option<&'static str>,
}

const SERVICES: [Service; 6] = [
    Service {
        is_host: |host| has_label(host, "github") || host.ends_with(".ghe.com"),
        before_commit: "/blob/",
        before_path: "/",
        before_line: "#L",
        as_plain: Some("?plain=1"),
    },
    Service {
        is_host: |host| has_label(host, "gitlab"),
        before_commit: "/-/blob/",
        before_path: "/",
        before_line: "#L",
        as_plain: Some("?plain=1"),
    },
    Service {
        is_host: |host| host == "bitbucket.org",
        before_commit: "/src/",
        before_path: "/",
        before_line: "#lines-",
        as_plain: None,
    },
    Service {
        is_host: |host| {
            ["codeberg", "forgejo", "gitea"]
                .iter()
                .any(|name| has_label(host, name))
        },
        before_commit: "/src/commit/",
        before_path: "/",
        before_line: "#L",
        as_plain: Some("?display=source"),
    },
    Service {
        is_host: |host| host == "huggingface.co",
        before_commit: "/blob/",
        before_path: "/",
        before_line: "#L",
        as_plain: None,
    },
    Service {
        is_host: |host| host == "git.sr.ht",
        before_commit: "/tree/",
        before_path: "/item/",
        before_line: "#L",
        as_plain: None,
    },
];

/// The address of a file, or of a line of it, at the hosting service. `None` where the remote or the commit is not
/// known, where the service is not, and where the path cannot be a file of the commit.
///
/// `line` counts lines of the file, in a notebook too; `None` or 0 means the whole file.
pub(crate) fn link(project: &ProjectSummary, path: &str, line: Option<u32>) -> Option<String> {
    let page = project.remote.as_deref()?;
    let commit = project.commit.as_deref().filter(|commit| is_hash(commit))?;
    let host = page.strip_prefix("https://")?.split('/').next()?;
    let service = SERVICES.iter().find(|service| (service.is_host)(host))?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if !is_harmless(page) || !can_be_committed(path) {
        return None;
    }
    let mut address = format!("{page}{}{commit}{}", service.before_commit, service.before_path);
    address.push_str(&encoded(path));
    let Some(line) = line.filter(|line| *line > 0) else {
        return Some(address);
    };
    if is_rendered(path) {
        let Some(as_plain) = service.as_plain else {
            return Some(address);
        };
        address.push_str(as_plain);
    }
    let _ = write!(address, "{}{line}", service.before_line);
    Some(address)
}

/// Whether the name of a service is one part of the host's: `gitlab` of `gitlab.example.org`.
fn has_label(host: &str, label: &str) -> bool {
    host.split('.').any(|part| part == label)
}

fn is_hash(commit: &str) -> bool {
    matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether nothing of the address would end a link or an attribute that it stands in.
fn is_harmless(page: &str) -> bool {
    page.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b":/._-~+".contains(&byte))
}

/// Whether a commit can hold the path. A path that is not UTF-8 is known in a lossy form only.
pub(crate) fn can_be_committed(path: &str) -> bool {
    let is_name = |part: &str| !matches!(part, "" | "." | ".." | ".git");
    !path.contains('\u{fffd}') && path.split('/').all(is_name)
}

/// Whether services show the file rendered, without its lines.
fn is_rendered(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    path.contains('.')
        && matches!(
            ending.as_str(),
            "ipynb" | "md" | "markdown" | "rst" | "rmd" | "csv"
        )
}

/// The path as addresses write it: percent-encoded, with its slashes.
pub fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use mlops_audit_core::audit::ProjectSummary;

    use super::link;

    const COMMIT: &str = "06ea489d3c1f0b7a5e2d9c8b7a6f5e4d3c2b1a09";

    fn at(remote: &str, path: &str, line: u32) -> Option<String> {
        let project = ProjectSummary {
            commit: Some(COMMIT.to_owned()),
            remote: Some(remote.to_owned()),
            ..ProjectSummary::default()
        };
        link(&project, path, Some(line)).map(|address| address.replace(COMMIT, "C"))
    }

    #[test]
    fn every_service_has_its_own_form() {
        for (remote, expected) in [
            (
                "https://github.com/o/n",
                "https://github.com/o/n/blob/C/src/a.py#L7",
            ),
            (
                "https://gitlab.example.org/g/s/n",
                "https://gitlab.example.org/g/s/n/-/blob/C/src/a.py#L7",
            ),
            (
                "https://bitbucket.org/o/n",
                "https://bitbucket.org/o/n/src/C/src/a.py#lines-7",
            ),
            (
                "https://codeberg.org/o/n",
                "https://codeberg.org/o/n/src/commit/C/src/a.py#L7",
            ),
            (
                "https://huggingface.co/spaces/o/n",
                "https://huggingface.co/spaces/o/n/blob/C/src/a.py#L7",
            ),
            (
                "https://git.sr.ht/~o/n",
                "https://git.sr.ht/~o/n/tree/C/item/src/a.py#L7",
            ),
        ] {
            assert_eq!(at(remote, "src/a.py", 7).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_file_that_is_shown_rendered_has_lines_only_in_its_plain_form() {
        let github = at("https://github.com/o/n", "a.ipynb", 7);
        assert_eq!(
            github.as_deref(),
            Some("https://github.com/o/n/blob/C/a.ipynb?plain=1#L7")
        );
        let bitbucket = at("https://bitbucket.org/o/n", "a.ipynb", 7);
        assert_eq!(
            bitbucket.as_deref(),
            Some("https://bitbucket.org/o/n/src/C/a.ipynb")
        );
    }

    #[test]
    fn a_whole_file_or_folder_has_no_line() {
        let file = at("https://github.com/o/n", "Dockerfile", 0);
        assert_eq!(file.as_deref(), Some("https://github.com/o/n/blob/C/Dockerfile"));
        let folder = at("https://github.com/o/n", "data/raw/", 0);
        assert_eq!(folder.as_deref(), Some("https://github.com/o/n/blob/C/data/raw"));
    }

    #[test]
    fn no_name_can_break_out_of_the_address() {
        let named = |path: &str| {
            at("https://github.com/o/n", path, 1)
                .map(|link| link["https://github.com/o/n/blob/C/".len()..].to_owned())
        };
        assert_eq!(named("a b/c#d?.py").as_deref(), Some("a%20b/c%23d%3F.py#L1"));
        assert_eq!(
            named("](x)\"<>\n|`.py").as_deref(),
            Some("%5D%28x%29%22%3C%3E%0A%7C%60.py#L1")
        );
        assert_eq!(named("学.py").as_deref(), Some("%E5%AD%A6.py#L1"));
        for path in [
            "../x",
            "a/../b",
            "/etc/passwd",
            "",
            ".git",
            "a//b",
            "lossy\u{fffd}.py",
        ] {
            assert_eq!(named(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_not_known_has_no_link() {
        for remote in [
            "https://git.example.com/o/n",
            "http://github.com/o/n",
            "javascript:alert(1)//github",
            "https://github.com/o/n\" onload=\"x",
        ] {
            assert_eq!(at(remote, "a.py", 1), None, "{remote}");
        }
        let mut project = ProjectSummary {
            remote: Some("https://github.com/o/n".to_owned()),
            ..ProjectSummary::default()
        };
        assert_eq!(link(&project, "a.py", Some(1)), None);
        project.commit = Some("main".to_owned());
        assert_eq!(link(&project, "a.py", Some(1)), None);
    }
}
