//! Patterns of calls: `sklearn.*.fit`, `mlflow.*.log_model(registered_model_name)`, `SVC(probability=True)`.

use mlops_audit_formats::code::{Call, Expr};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct CallPattern {
    segments: Vec<String>,
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
            segments: path.split('.').map(str::to_owned).collect(),
            arguments,
        }
    }

    /// The last segment, unless it is a wildcard.
    pub(super) fn last_segment(&self) -> Option<&str> {
        self.segments
            .last()
            .map(String::as_str)
            .filter(|segment| *segment != "*")
    }

    /// The first segment.
    pub(super) fn first_segment(&self) -> &str {
        &self.segments[0]
    }

    /// Whether a call of this qualified name fits. Without a call at hand, a pattern that asks for arguments does not.
    pub(super) fn matches(&self, path: &str, call: Option<&Call>) -> bool {
        let segments: Vec<&str> = path.split('.').collect();
        fits(&self.segments, &segments)
            && (self.arguments.is_empty()
                || call
                    .is_some_and(|call| self.arguments.iter().all(|argument| has_argument(call, argument))))
    }
}

fn fits(pattern: &[String], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((segment, rest)) if segment == "*" => (1..=path.len()).any(|length| fits(rest, &path[length..])),
        Some((segment, rest)) => path
            .split_first()
            .is_some_and(|(first, path)| first == segment && fits(rest, path)),
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
