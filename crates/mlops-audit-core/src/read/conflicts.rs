//! Marks of a merge conflict that nobody has resolved: what they stand in cannot run.

use mlops_audit_formats::Problem;

use super::Format;

/// The line of the first mark of a conflict, in a file that cannot run because of it. In Python the marks may stand in a
/// text: there, the reader must have met a problem as well.
pub(super) fn stopping(text: &str, format: Format, problems: &[Problem]) -> Option<u32> {
    let may_run = match format {
        Format::Shell | Format::Make | Format::Just | Format::Docker | Format::Toml => true,
        Format::Python => !problems.is_empty(),
        _ => false,
    };
    let may_hold = || text.starts_with("<<<<<<< ") || text.contains("\n<<<<<<< ");
    (may_run && may_hold()).then(|| first(text)).flatten()
}

/// The line at which the first conflict begins that is complete: its beginning, its middle and its end.
fn first(text: &str) -> Option<u32> {
    let mut start = None;
    let mut is_half = false;
    for (line, number) in text.lines().zip(1u32..) {
        match start {
            _ if line.starts_with("<<<<<<< ") => (start, is_half) = (Some(number), false),
            Some(_) if line.trim_end() == "=======" => is_half = true,
            Some(_) if is_half && line.starts_with(">>>>>>> ") => return start,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_has_three_marks() {
        let whole = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\n";
        assert_eq!(stopping(whole, Format::Shell, &[]), Some(2));
        assert_eq!(stopping(whole, Format::Markdown, &[]), None);
        assert_eq!(stopping(whole, Format::Python, &[]), None);
        assert_eq!(stopping(whole, Format::Python, &[Problem::at(2, "x")]), Some(2));
        for half in [
            "<<<<<<< HEAD\nb\n=======\n",
            "=======\n>>>>>>> x\n",
            "cat <<<<<<< x\n",
        ] {
            assert_eq!(stopping(half, Format::Shell, &[]), None, "{half}");
        }
    }
}
