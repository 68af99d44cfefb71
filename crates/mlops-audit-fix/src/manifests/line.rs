//! How a manifest writes a package on a line.

use mlops_audit_core::extract::environment::ManifestKind;

/// How a line writes a package, so that others can be written alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `name`, after these blanks.
    Bare {
        /// What stands before the name.
        indent: String,
    },
    /// `"name",` in an array.
    Array {
        /// What stands before the quotation mark.
        indent: String,
        /// The quotation mark.
        quote: char,
    },
    /// `name = "*"` in a table.
    Table {
        /// What stands before the name.
        indent: String,
    },
    /// `- name` in a list of YAML.
    Dash {
        /// What stands before the name, with the dash.
        start: String,
        /// The quotation mark, where names have one.
        quote: Option<char>,
    },
}

/// The style of a line; `None` where it is not one whole item.
pub(super) fn style(line: &str, kind: ManifestKind) -> Option<Style> {
    let line = line.trim_end();
    let indent = line[..line.len() - line.trim_start().len()].to_owned();
    let item = line.trim_start();
    match kind {
        ManifestKind::Requirements => {
            let is_whole =
                !item.ends_with('\\') && item.starts_with(|first: char| first.is_ascii_alphanumeric());
            is_whole.then_some(Style::Bare { indent })
        }
        ManifestKind::Conda => {
            let name = item.strip_prefix('-')?;
            let blanks = name.len() - name.trim_start().len();
            let quote = name
                .trim_start()
                .chars()
                .next()
                .filter(|first| matches!(first, '"' | '\''));
            Some(Style::Dash {
                start: format!("{indent}-{}", &name[..blanks]),
                quote,
            })
        }
        ManifestKind::Pyproject | ManifestKind::Poetry if item.starts_with(['"', '\'']) && !is_key(item) => {
            let quote = item.chars().next()?;
            let rest = &item[1..];
            let after = rest[rest.find(quote)? + 1..].trim_start();
            let is_whole = after.is_empty() || after.starts_with(',') || after.starts_with('#');
            let is_alone = !after
                .trim_start_matches(',')
                .trim_start()
                .starts_with(['"', '\'', ']']);
            (is_whole && is_alone).then_some(Style::Array { indent, quote })
        }
        ManifestKind::Poetry | ManifestKind::Pipfile => {
            let (_, value) = item.split_once('=')?;
            let count = |sign: char| value.matches(sign).count();
            (is_key(item)
                && count('[') == count(']')
                && count('{') == count('}')
                && !value.contains("\"\"\""))
            .then_some(Style::Table { indent })
        }
        _ => None,
    }
}

/// Whether a line begins with a key of a table.
fn is_key(item: &str) -> bool {
    item.split_once('=').is_some_and(|(key, _)| {
        let key = key.trim().trim_matches(['"', '\'']);
        let is_name = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.');
        !key.is_empty() && key.chars().all(is_name)
    })
}

/// The blanks before a line.
pub(super) fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl Style {
    /// A line that declares a package, without its end.
    pub(super) fn written(&self, package: &str) -> String {
        match self {
            Self::Bare { indent } => format!("{indent}{package}"),
            Self::Array { indent, quote } => format!("{indent}{quote}{package}{quote},"),
            Self::Table { indent } => {
                let at = package.find(['=', '<', '>', '~', '!']).unwrap_or(package.len());
                let (name, version) = package.split_at(at);
                let version = if version.is_empty() { "*" } else { version };
                format!("{indent}{name} = \"{version}\"")
            }
            Self::Dash { start, quote: None } => format!("{start}{package}"),
            Self::Dash {
                start,
                quote: Some(quote),
            } => format!("{start}{quote}{package}{quote}"),
        }
    }

    /// A line of this style, so that another can follow it, and whether it lacked a comma.
    pub(super) fn closed(&self, line: &str) -> (String, bool) {
        let Self::Array { quote, .. } = self else {
            return (line.to_owned(), false);
        };
        let start = depth(line) + 1;
        let Some(end) = line
            .get(start..)
            .and_then(|rest| rest.find(*quote))
            .map(|at| start + at + 1)
        else {
            return (line.to_owned(), false);
        };
        if line[end..].trim_start().starts_with(',') {
            return (line.to_owned(), false);
        }
        (format!("{},{}", &line[..end], &line[end..]), true)
    }
}

/// The text with packages added to a `dependencies` array of `[project]` that stands on one line; `None` where it has
/// none.
pub(super) fn inline_array(text: &str, packages: &[String]) -> Option<String> {
    let mut section = "";
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            section = trimmed;
        }
        let key = line.split_once('=').map(|(key, _)| key.trim());
        if section == "[project]" && key == Some("dependencies") {
            let (open, close) = (line.find('[')?, line.rfind(']')?);
            let inner = line.get(open + 1..close)?;
            let added = within(inner, packages)?;
            let at = offset + open + 1;
            return Some(format!("{}{added}{}", &text[..at], &text[at + inner.len()..]));
        }
        offset += line.len();
    }
    None
}

/// What stands between the brackets of an array on one line, with packages added; `None` where it is empty or holds a
/// comment.
pub(super) fn within(inner: &str, packages: &[String]) -> Option<String> {
    let quote = inner
        .trim_start()
        .chars()
        .next()
        .filter(|sign| matches!(sign, '"' | '\''))?;
    if inner.contains('#') {
        return None;
    }
    let kept = inner.trim_end();
    let blanks = &inner[kept.len()..];
    let (kept, comma) = match kept.strip_suffix(',') {
        Some(kept) => (kept, ","),
        None => (kept, ""),
    };
    let added: String = packages
        .iter()
        .map(|package| format!(", {quote}{package}{quote}"))
        .collect();
    Some(format!("{kept}{added}{comma}{blanks}"))
}
