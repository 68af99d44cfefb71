//! Changes as a patch that `git apply` and `patch -p1` take.

use std::fmt::Write as _;

use mlops_audit_formats::decode::decode;
use similar::TextDiff;

use crate::change::FileChange;

/// Unchanged lines around each change.
const AROUND: usize = 3;

/// The changes as a unified diff, in bytes: files are shown in their own encoding. UTF-16, which no patch can hold, is
/// shown as UTF-8.
pub fn patch(changes: &[FileChange]) -> Vec<u8> {
    let mut patch = Vec::new();
    for change in changes {
        let is_wide = change.before.as_ref().is_some_and(|bytes| bytes.contains(&0));
        let shown = |bytes: &[u8]| {
            if is_wide {
                decode(bytes).text.into_bytes()
            } else {
                bytes.to_vec()
            }
        };
        let before = change.before.as_deref().map(shown);
        let after = shown(&change.after);
        patch.extend_from_slice(header(change).as_bytes());
        let before = before.unwrap_or_default();
        let difference = TextDiff::from_lines(before.as_slice(), after.as_slice());
        for hunk in difference.unified_diff().context_radius(AROUND).iter_hunks() {
            // Writing into memory cannot fail.
            let _ = hunk.to_writer(&mut patch);
        }
    }
    patch
}

fn header(change: &FileChange) -> String {
    let (old, new) = (quoted("a/", &change.path), quoted("b/", &change.path));
    let mut text = format!("diff --git {old} {new}\n");
    // A name with blanks ends at a tab for those who look for one.
    let ended = |name: &str| {
        let tab = if name.contains(' ') && !name.starts_with('"') {
            "\t"
        } else {
            ""
        };
        format!("{name}{tab}")
    };
    match change.before {
        Some(_) => {
            let _ = writeln!(text, "--- {}", ended(&old));
        }
        None => text.push_str("new file mode 100644\n--- /dev/null\n"),
    }
    let _ = writeln!(text, "+++ {}", ended(&new));
    text
}

/// A name as Git writes it: in quotes, with escapes, where it has other than plain characters.
fn quoted(side: &str, path: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if path.bytes().all(is_plain) {
        return format!("{side}{path}");
    }
    let mut name = format!("\"{side}");
    for byte in path.bytes() {
        match byte {
            b'"' => name.push_str("\\\""),
            b'\\' => name.push_str("\\\\"),
            b'\t' => name.push_str("\\t"),
            b'\n' => name.push_str("\\n"),
            _ if is_plain(byte) => name.push(char::from(byte)),
            _ => {
                let _ = write!(name, "\\{byte:03o}");
            }
        }
    }
    name.push('"');
    name
}
