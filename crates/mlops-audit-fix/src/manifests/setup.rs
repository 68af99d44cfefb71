//! The packages of `setup.py` and `setup.cfg`: where the list of them stands that people wrote out.

use std::ops::Range;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::environment::{Manifest, ManifestKind};
use mlops_audit_formats::code::Expr;
use mlops_audit_formats::requirements::requirement;

use super::line::{Style, style, within};
use super::{Item, with_items};

/// The text with packages added; `None` where the list is made by code, or is written in a way that shows no place for
/// another one.
pub(super) fn with_packages(
    inspection: &Inspection<'_>,
    manifest: &Manifest,
    text: &str,
    packages: &[String],
) -> Option<String> {
    if manifest.path.ends_with("setup.cfg") {
        return with_items(text, &of_settings(text)?, false, packages);
    }
    let list = literal(inspection, &manifest.path, text)?;
    if !text[list.clone()].contains('\n') {
        let inner = list.start + 1..list.end - 1;
        let added = within(&text[inner.clone()], packages)?;
        return Some(format!("{}{added}{}", &text[..inner.start], &text[inner.end..]));
    }
    with_items(text, &of_list(text, &list), false, packages)
}

/// The list that `setup(install_requires=…)` is given: as it stands there, or by the one name that it is bound to.
fn literal(inspection: &Inspection<'_>, path: &str, text: &str) -> Option<Range<usize>> {
    let codebase = &inspection.facts().basis.codebase;
    let file = codebase.position(path)?;
    let code = &codebase.file(file).code;
    let mut calls = code.calls.iter().filter(|call| call.method() == "setup");
    let mut given = calls.find_map(|call| {
        let mut arguments = call.arguments.iter();
        arguments.find(|argument| argument.name.as_deref() == Some("install_requires"))
    });
    let argument = given.take()?;
    let (value, span) = match &argument.value {
        Expr::Name(name) => {
            let mut bound = code.assignments.iter().filter(|found| found.target == name.path);
            let only = bound.next().filter(|_| bound.next().is_none())?;
            (&only.value, only.span)
        }
        value => (value, argument.span),
    };
    let Expr::List(items) = value else { return None };
    if items.iter().any(|item| item.as_str().is_none()) {
        return None;
    }
    let (start, end) = (span.start as usize, span.end as usize);
    let written = text.get(start..end)?;
    let first = match &argument.value {
        Expr::Name(_) => written.find('=')? + 1,
        _ => 0,
    };
    let open = first + written[first..].find(|sign: char| !sign.is_whitespace())?;
    let is_list = written[open..].starts_with('[') && written.ends_with(']');
    is_list.then_some(start + open..end)
}

/// The items of a list that stand on lines of their own.
fn of_list(text: &str, list: &Range<usize>) -> Vec<Item> {
    let mut offset = 0;
    let mut items = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let is_within = list.start < offset && offset + line.len() <= list.end;
        offset += line.len();
        let found = style(line, ManifestKind::Pyproject).filter(|_| is_within);
        items.extend(found.and_then(|style| item(at, line.trim().trim_start_matches(['"', '\'']), style)));
    }
    items
}

/// The items of `install_requires` below `[options]`, a line each.
fn of_settings(text: &str) -> Option<Vec<Item>> {
    let (mut is_options, mut is_list) = (false, false);
    let mut items = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let is_deep = line.starts_with([' ', '\t']);
        if line.trim().is_empty() || line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        if is_list && is_deep {
            let indent = line[..line.len() - line.trim_start().len()].to_owned();
            items.extend(item(at, line.trim(), Style::Bare { indent }));
            continue;
        }
        is_list = false;
        if line.starts_with('[') {
            is_options = line.trim() == "[options]";
        } else if let Some((key, value)) = line.split_once(['=', ':'])
            && is_options
            && key.trim() == "install_requires"
        {
            // A list that begins on the line of its key has no line to write another like.
            if !value.trim().is_empty() {
                return None;
            }
            is_list = true;
        }
    }
    Some(items)
}

fn item(at: usize, written: &str, style: Style) -> Option<Item> {
    let quoted = written.split(['"', '\'']).next().unwrap_or_default();
    let text = match style {
        Style::Array { .. } => quoted,
        _ => written,
    };
    let found = requirement(text)?;
    Some(Item {
        at,
        name: found.name,
        written: found.raw_name.to_ascii_lowercase(),
        is_development: false,
        style,
    })
}
