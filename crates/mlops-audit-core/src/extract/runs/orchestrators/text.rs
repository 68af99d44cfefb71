//! Expressions as text: paths that are put together, f-strings, schedules as they are written.

use mlops_audit_formats::code::{Call, Expr};

use crate::extract::codebase::{Codebase, FileIndex, Site};

/// The text of an expression, as far as it can be followed; parts that are not known become `$X`.
pub(super) fn text_of(
    codebase: &Codebase,
    file: FileIndex,
    scope: u32,
    expr: &Expr,
    depth: u32,
) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let (file, value) = codebase.value(file, scope, expr);
    let inner = |expr: &Expr| text_of(codebase, file, scope, expr, depth);
    match value {
        Expr::String(text) => Some(text.to_string()),
        Expr::Format(text, holes) => {
            let mut holes = holes.iter();
            let mut parts = text.split("{}");
            let mut whole = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let hole = holes.next().and_then(inner).unwrap_or_else(|| "$X".to_owned());
                whole.push_str(&hole);
                whole.push_str(part);
            }
            Some(whole)
        }
        Expr::Number(number) => Some(number.to_string()),
        Expr::Name(name) if name.path == "__file__" => Some(codebase.file(file).path.clone()),
        Expr::Name(name) if name.path == "sys.executable" => Some("python".to_owned()),
        Expr::Binary(left, operator, right) if operator == "+" || operator == "/" => {
            let (left, right) = (inner(left), inner(right));
            if left.is_none() && right.is_none() {
                return None;
            }
            let (left, right) = (
                left.unwrap_or_else(|| "$X".to_owned()),
                right.unwrap_or_else(|| "$X".to_owned()),
            );
            Some(if operator == "+" {
                left + &right
            } else {
                joined_text(&left, &right)
            })
        }
        Expr::Binary(left, operator, _) if operator == "%" => inner(left),
        Expr::Attribute(path, attribute) if attribute == "parent" => inner(path).map(|path| parent(&path)),
        Expr::Subscript(path, _) => {
            // `Path(__file__).parents[1]`
            let Expr::Attribute(path, attribute) = &**path else {
                return None;
            };
            (attribute == "parents").then(|| inner(path).map(|path| parent(&parent(&path))))?
        }
        Expr::Choice(choice) => inner(&choice.yes).or_else(|| inner(&choice.no)),
        Expr::Or(items) => items.iter().rev().find_map(inner),
        Expr::Call(_) => text_of_call(codebase, codebase.call_of(file, value)?, &inner),
        _ => None,
    }
}

fn text_of_call(
    codebase: &Codebase,
    site: Site<'_>,
    inner: &dyn Fn(&Expr) -> Option<String>,
) -> Option<String> {
    let call: &Call = site.call;
    let first = || call.positional(0).and_then(inner);
    match codebase.target(site) {
        "os.path.join" | "posixpath.join" | "pathlib.Path.joinpath" => {
            let parts = call
                .arguments
                .iter()
                .map(|argument| inner(&argument.value).unwrap_or_else(|| "$X".to_owned()));
            parts.reduce(|whole, part| joined_text(&whole, &part))
        }
        "os.path.dirname" => first().map(|path| parent(&path)),
        "os.getenv" | "os.environ.get" => call.argument("default", Some(1)).and_then(inner),
        "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "pathlib.Path" | "pathlib.PurePath"
        | "str" | "textwrap.dedent" | "inspect.cleandoc" => first(),
        _ => match (&call.callee, call.method()) {
            (
                Expr::Attribute(receiver, _),
                "resolve" | "absolute" | "as_posix" | "format" | "strip" | "expanduser",
            ) => inner(receiver),
            _ => None,
        },
    }
}

fn joined_text(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

fn parent(path: &str) -> String {
    path.rsplit_once('/')
        .map_or_else(String::new, |(folder, _)| folder.to_owned())
}

/// An expression as it would be written.
pub(super) fn written(codebase: &Codebase, file: FileIndex, scope: u32, expr: &Expr, depth: u32) -> String {
    let (file, value) = codebase.value(file, scope, expr);
    if let Some(text) = text_of(codebase, file, scope, value, 3) {
        return text;
    }
    match value {
        Expr::Name(name) => name.path.to_string(),
        Expr::Call(_) if depth > 0 => {
            let Some(site) = codebase.call_of(file, value) else {
                return String::new();
            };
            let arguments: Vec<String> = site
                .call
                .arguments
                .iter()
                .map(|argument| {
                    let text = written(codebase, file, scope, &argument.value, depth - 1);
                    match &argument.name {
                        Some(name) => format!("{name}={text}"),
                        None => text,
                    }
                })
                .collect();
            format!("{}({})", site.call.method(), arguments.join(", "))
        }
        Expr::List(items) if depth > 0 => {
            let items: Vec<String> = items
                .iter()
                .map(|item| written(codebase, file, scope, item, depth - 1))
                .collect();
            items.join(", ")
        }
        Expr::Dict(entries) if depth > 0 => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| {
                    let key = key
                        .as_ref()
                        .map(|key| written(codebase, file, scope, key, depth - 1));
                    let value = written(codebase, file, scope, value, depth - 1);
                    key.map_or_else(|| value.clone(), |key| format!("{key}: {value}"))
                })
                .collect();
            entries.join(", ")
        }
        Expr::None => "None".to_owned(),
        Expr::Bool(true) => "True".to_owned(),
        Expr::Bool(false) => "False".to_owned(),
        _ => "…".to_owned(),
    }
}
