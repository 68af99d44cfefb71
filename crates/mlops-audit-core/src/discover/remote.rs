//! The page of a repository at its hosting service, out of the configuration of Git.

use mlops_audit_formats::ini;

/// The address of the page of the remote `origin`, without credentials; `None` where it has none, such as a folder.
pub(super) fn page(configuration: &str) -> Option<String> {
    let data = ini::read(configuration);
    let url = data.documents.first()?.at(&["remote \"origin\"", "url"])?;
    web_address(url.as_str()?.trim())
}

/// Git's three forms of a remote address as the one that a browser opens.
fn web_address(url: &str) -> Option<String> {
    let schemes = ["https://", "http://", "ssh://", "git://", "git+ssh://"];
    let rest = match schemes.iter().find_map(|scheme| url.strip_prefix(scheme)) {
        Some(rest) => rest.to_owned(),
        None if url.contains("://") => return None,
        // `git@host:owner/name`
        None => {
            let (host, path) = url.split_once(':')?;
            let is_host = host.len() > 1 && !host.contains(['/', '\\']);
            is_host.then(|| format!("{host}/{path}"))?
        }
    };
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let path = path.trim_matches('/').trim_end_matches(".git");
    let is_plain = |text: &str, also: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || also.contains(character))
    };
    let is_page =
        is_plain(host, ".-") && host.contains('.') && is_plain(path, "._-/~+") && path.contains('/');
    is_page.then(|| format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::{page, web_address};

    #[test]
    fn every_form_of_an_address_gives_the_page_without_credentials() {
        for url in [
            "https://example.com/owner/name.git",
            "https://someone:secret@example.com/owner/name",
            "git@example.com:owner/name.git",
            "ssh://git@example.com:2222/owner/name.git",
        ] {
            assert_eq!(
                web_address(url).as_deref(),
                Some("https://example.com/owner/name"),
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_page_of_a_hosting_service_gives_none() {
        for url in [
            "/srv/git/name.git",
            "C:\\git\\name",
            "../name",
            "file:///srv/git/name",
            "https://example.com/",
            "https://example.com/a/\"onload=x",
            "javascript:alert/1",
        ] {
            assert_eq!(web_address(url), None, "{url}");
        }
    }

    #[test]
    fn the_remote_origin_is_looked_for() {
        let configuration = "[core]\n\tbare = false\n[remote \"fork\"]\n\turl = https://example.com/fork/name\n[remote \"origin\"]\n\turl = https://example.com/owner/name\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n";
        assert_eq!(
            page(configuration).as_deref(),
            Some("https://example.com/owner/name")
        );
        assert_eq!(page("[core]\n\tbare = true\n"), None);
    }
}
