//! Dotted names: `torch.nn.Linear`.

/// The last segment of a dotted name.
pub fn last_segment(path: &str) -> &str {
    // Asked of every call, many times over: names are too short for a search by vectors to pay.
    match path.bytes().rposition(|byte| byte == b'.') {
        Some(dot) => &path[dot + 1..],
        None => path,
    }
}

/// The first segment of a dotted name.
pub fn first_segment(path: &str) -> &str {
    match path.bytes().position(|byte| byte == b'.') {
        Some(dot) => &path[..dot],
        None => path,
    }
}
