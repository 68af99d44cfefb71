//! Where `cd` leads.

/// `target` seen from `directory`; `None` where that is the directory in which the script starts.
pub(super) fn joined(directory: Option<&str>, target: &str) -> Option<String> {
    let is_absolute = target.starts_with(['/', '~', '$']) || target.get(1..2) == Some(":");
    let whole = match directory {
        Some(directory) if !is_absolute => format!("{directory}/{target}"),
        _ => target.to_owned(),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let goes_up = part == ".."
            && parts
                .last()
                .is_some_and(|last| *last != ".." && !last.starts_with('$'));
        if goes_up {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let path = parts.join("/");
    let path = if whole.starts_with('/') {
        format!("/{path}")
    } else {
        path
    };
    (!path.is_empty() && path.len() < 4096).then_some(path)
}
