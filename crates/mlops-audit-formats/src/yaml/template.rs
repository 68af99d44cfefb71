//! Makes YAML of a Helm or Jinja template without moving a byte.

use std::ops::Range;

use crate::LineIndex;

/// Stand for two and for three bytes of an expression. Letters that YAML allows in plain text but people never
/// write, so that they can be found in the scalars that the parser gives.
const TWO: char = '\u{29b}';
const THREE: char = '\u{e0f3}';

/// A text in which template expressions were replaced by placeholders of the same length.
pub(super) struct Mask<'text> {
    /// The text to parse.
    pub(super) text: String,
    original: &'text str,
    /// The expressions that placeholders stand for, in order.
    expressions: Vec<Range<usize>>,
    first_expression: Option<usize>,
    first_conflict: Option<usize>,
}

/// Masks the expressions, template lines and merge conflict markers of `text`; none where it has none of them.
pub(super) fn mask(text: &str) -> Option<Mask<'_>> {
    // Placeholders could not be told from the file's own text.
    if text.contains([TWO, THREE]) {
        return None;
    }
    let tags = tags(text);
    let mut mask = Mask {
        text: String::new(),
        original: text,
        expressions: Vec::new(),
        first_expression: tags.first().map(|tag| tag.start),
        first_conflict: None,
    };
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    let mut next = 0;
    let has_conflict = text.starts_with("<<<<<<< ") || text.contains("\n<<<<<<< ");
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let first = next;
        next += tags
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take_while(|tag| tag.start < range.end)
            .count();
        // A tag of several lines may reach into this line from above.
        let reaching = first
            .checked_sub(1)
            .and_then(|at| tags.get(at))
            .filter(|tag| tag.end > range.start);
        let inside = tags.get(first..next).unwrap_or_default();
        if has_conflict && is_conflict(line) {
            mask.first_conflict = mask.first_conflict.or(Some(range.start));
            blank(&mut bytes, range);
        } else if is_template_line(text, &range, reaching, inside) {
            blank(&mut bytes, range);
        } else {
            for tag in inside {
                mask.replace(&mut bytes, tag.start..tag.end.min(range.end));
            }
        }
    }
    mask.text = String::from_utf8(bytes).ok()?;
    (mask.first_expression.is_some() || mask.first_conflict.is_some()).then_some(mask)
}

impl Mask<'_> {
    fn replace(&mut self, bytes: &mut [u8], tag: Range<usize>) {
        let Some(target) = bytes.get_mut(tag.clone()) else {
            return;
        };
        // The tag's two signs at either end make it long enough; what a line's end cut off may not be.
        let length = target.len();
        if length < 2 || target.contains(&b'\n') {
            return blank(bytes, tag);
        }
        let mut placeholder = String::with_capacity(length);
        if length % 2 == 1 {
            placeholder.push(THREE);
        }
        while placeholder.len() < length {
            placeholder.push(TWO);
        }
        target.copy_from_slice(placeholder.as_bytes());
        self.expressions.push(tag);
    }

    /// The scalar that was read at `bytes`, with its expressions instead of placeholders.
    pub(super) fn restore(&self, scalar: &str, bytes: &Range<usize>) -> String {
        let from = self
            .expressions
            .partition_point(|expression| expression.start < bytes.start);
        let inside = self.expressions.get(from..).unwrap_or_default().iter();
        let mut source = inside
            .take_while(|expression| expression.end <= bytes.end)
            .flat_map(|expression| {
                self.original
                    .as_bytes()
                    .get(expression.clone())
                    .unwrap_or_default()
            });
        let mut out = Vec::with_capacity(scalar.len());
        for sign in scalar.chars() {
            match sign {
                TWO => out.extend(source.by_ref().take(2)),
                THREE => out.extend(source.by_ref().take(3)),
                _ => out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Whether some other program fills the text in before anything reads it.
    pub(super) fn is_template(&self) -> bool {
        self.first_expression.is_some()
    }

    /// What was masked, with the line where it first occurs.
    pub(super) fn problems(&self, lines: &LineIndex) -> Vec<(u32, &'static str)> {
        let line = |at: usize| lines.line(u32::try_from(at).unwrap_or(u32::MAX));
        let conflict = self
            .first_conflict
            .map(|at| (line(at), "the file has merge conflict markers"));
        let template = self.first_expression.map(|at| {
            (
                line(at),
                "the file is a template: its template lines are left out, its expressions are text",
            )
        });
        conflict.into_iter().chain(template).collect()
    }
}

/// Where the template's tags stand. `${{ … }}`, which workflows of GitHub have, is text to YAML and left alone.
fn tags(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    // Once a closing sign is missing it is missing for all tags that follow.
    let mut missing = [false; 3];
    while let Some(offset) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'{'))
    {
        let start = at + offset;
        at = start + 1;
        let (kind, closing) = match bytes.get(start + 1) {
            Some(b'{') => (
                0,
                if text[start..].starts_with("{{/*") {
                    "*/"
                } else {
                    "}}"
                },
            ),
            Some(b'%') => (1, "%}"),
            Some(b'#') => (2, "#}"),
            _ => continue,
        };
        let is_escaped = start > 0 && bytes.get(start - 1) == Some(&b'$');
        if missing[kind] {
            continue;
        }
        let Some(end) = text[start + 2..].find(closing) else {
            missing[kind] = true;
            continue;
        };
        let mut end = start + 2 + end + closing.len();
        if closing == "*/" {
            let rest = &text[end..];
            let close = ["}}", "-}}", " }}", " -}}"]
                .iter()
                .find(|close| rest.starts_with(**close));
            end += close.map_or(0, |close| close.len());
        }
        at = end;
        if !is_escaped {
            found.push(start..end);
        }
    }
    found
}

/// Whether nothing but tags stands in the line, or a control tag begins it: what follows such a tag has an
/// indentation that is not the structure's.
fn is_template_line(
    text: &str,
    line: &Range<usize>,
    reaching: Option<&Range<usize>>,
    tags: &[Range<usize>],
) -> bool {
    let mut from = reaching.map_or(line.start, |tag| tag.end.min(line.end));
    if reaching.is_none() && tags.is_empty() {
        return false;
    }
    let gap = |range: Range<usize>| text.get(range).unwrap_or_default();
    for tag in tags {
        if !gap(from..tag.start).trim().is_empty() {
            return false;
        }
        if text.get(tag.clone()).is_some_and(|tag| tag.starts_with("{%")) {
            return true;
        }
        from = tag.end.min(line.end);
    }
    gap(from..line.end).trim().is_empty()
}

fn is_conflict(line: &str) -> bool {
    line.starts_with("<<<<<<< ")
        || line.starts_with(">>>>>>> ")
        || line.starts_with("||||||| ")
        || line.trim_end() == "======="
}

fn blank(bytes: &mut [u8], range: Range<usize>) {
    for byte in bytes.get_mut(range).unwrap_or_default() {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}
