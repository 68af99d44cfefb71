//! Values as Python writes them.

use mlops_audit_formats::code::Expr;

/// A string in double quotes; `None` where it holds what only escapes can write.
pub(crate) fn quoted(text: &str) -> Option<String> {
    let is_plain = !text.chars().any(char::is_control);
    is_plain.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A number, without a fraction where it has none.
pub(crate) fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value}")
    }
}

/// A constant, or a list or dictionary of constants.
pub(crate) fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::String(text) => quoted(text),
        Expr::Number(value) => Some(number(*value)),
        Expr::Bool(true) => Some("True".to_owned()),
        Expr::Bool(false) => Some("False".to_owned()),
        Expr::None => Some("None".to_owned()),
        Expr::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(literal).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Expr::Dict(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let key = literal(key.as_ref()?)?;
                Some(format!("{key}: {}", literal(value)?))
            });
            let entries: Option<Vec<String>> = entries.collect();
            Some(format!("{{{}}}", entries?.join(", ")))
        }
        _ => None,
    }
}

/// Whether a word can be a name of Python.
pub(crate) fn is_identifier(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(|first: char| first.is_ascii_digit())
        && word.chars().all(|char| char.is_alphanumeric() || char == '_')
}
