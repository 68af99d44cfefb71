//! Patterns of calls: `sklearn.*.fit`, `mlflow.*.log_model(registered_model_name)`, `SVC(probability=True)`.

use mlops_audit_formats::code::{Call, Expr};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct CallPattern {
    /// The dotted path, in which `*` stands for one segment or several.
    path: String,
    arguments: Vec<(String, Option<String>)>,
}

impl CallPattern {
    /// Compiles a pattern.
    pub(super) fn new(text: &str) -> Self {
        let (path, arguments) = match text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
            Some((path, arguments)) if !arguments.is_empty() => (path, arguments),
            _ => (text, ""),
        };
        let arguments = arguments
            .split(',')
            .map(str::trim)
            .filter(|argument| !argument.is_empty())
            .map(|argument| match argument.split_once('=') {
                Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
                None => (argument.to_owned(), None),
            })
            .collect();
        Self {
            path: path.to_owned(),
            arguments,
        }
    }

    /// The last segment, unless it is a wildcard.
    pub(super) fn last_segment(&self) -> Option<&str> {
        self.path.rsplit('.').next().filter(|segment| *segment != "*")
    }

    /// The first segment.
    pub(super) fn first_segment(&self) -> &str {
        self.path.split('.').next().unwrap_or(&self.path)
    }

    /// Whether a call of this qualified name fits. Without a call at hand, a pattern that asks for arguments does not.
    pub(super) fn matches(&self, path: &str, call: Option<&Call>) -> bool {
        fits(Some(&self.path), Some(path))
            && (self.arguments.is_empty()
                || call
                    .is_some_and(|call| self.arguments.iter().all(|argument| has_argument(call, argument))))
    }
}

/// The first segment of a dotted path, and what follows it.
fn split_first(path: &str) -> (&str, Option<&str>) {
    path.split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)))
}

fn fits(pattern: Option<&str>, path: Option<&str>) -> bool {
    let (Some(pattern), Some(path)) = (pattern, path) else {
        return pattern.is_none() && path.is_none();
    };
    let (wanted, pattern) = split_first(pattern);
    let (first, mut rest) = split_first(path);
    if wanted != "*" {
        return wanted == first && fits(pattern, rest);
    }
    loop {
        if fits(pattern, rest) {
            return true;
        }
        let Some(longer) = rest else { return false };
        rest = split_first(longer).1;
    }
}

fn has_argument(call: &Call, (name, wanted): &(String, Option<String>)) -> bool {
    let Some(value) = call.keyword(name) else {
        return false;
    };
    match wanted {
        None => *value != Expr::None && *value != Expr::Bool(false),
        Some(wanted) => written(value) == *wanted,
    }
}

/// A plain value as code writes it.
pub(crate) fn written(value: &Expr) -> String {
    match value {
        Expr::String(text) => format!("'{text}'"),
        Expr::Number(number) => number.to_string(),
        Expr::Bool(true) => "True".to_owned(),
        Expr::Bool(false) => "False".to_owned(),
        Expr::None => "None".to_owned(),
        _ => String::new(),
    }
}
