//! Commands that installing the project puts on the path.

use std::collections::BTreeMap;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node;

use super::super::Context;

/// Console scripts that the project's manifests define: name to module and function.
pub(in crate::extract::runs) fn console_scripts(context: Context<'_>) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    for (file, data) in context.documents.all_data() {
        let Some(document) = data.documents.first() else {
            continue;
        };
        match file.path.rsplit('/').next() {
            Some("pyproject.toml") => {
                for table in [
                    document.at(&["project", "scripts"]),
                    document.at(&["tool", "poetry", "scripts"]),
                    document.at(&["tool", "flit", "scripts"]),
                ] {
                    for entry in table.map(Node::entries).unwrap_or_default() {
                        let value = entry
                            .value
                            .get("callable")
                            .or_else(|| entry.value.get("reference"));
                        add(&entry.key, &value.unwrap_or(&entry.value).text(), &mut found);
                    }
                }
            }
            Some("setup.cfg") => {
                let text = document
                    .at(&["options.entry_points", "console_scripts"])
                    .map(Node::text)
                    .unwrap_or_default();
                text.lines().for_each(|line| add_line(line, &mut found));
            }
            _ => {}
        }
    }
    of_setup(context, &mut found);
    found
}

/// `setup(entry_points={"console_scripts": ["train = package.train:main"]})`
fn of_setup(context: Context<'_>, found: &mut BTreeMap<String, (String, String)>) {
    for site in context.codebase.calls_by_method(|method| method == "setup") {
        let path = &context.codebase.file(site.file).path;
        if !path.ends_with("setup.py") {
            continue;
        }
        let Some(points) = site.call.keyword("entry_points") else {
            continue;
        };
        let (file, points) = context.codebase.value(site.file, site.call.scope, points);
        let Expr::Dict(items) = points else { continue };
        for (key, value) in items {
            if key.as_ref().and_then(Expr::as_str) != Some("console_scripts") {
                continue;
            }
            match context.codebase.value(file, site.call.scope, value).1 {
                Expr::List(lines) => lines
                    .iter()
                    .filter_map(Expr::as_str)
                    .for_each(|line| add_line(line, found)),
                Expr::String(text) => text.lines().for_each(|line| add_line(line, found)),
                _ => {}
            }
        }
    }
}

fn add_line(line: &str, found: &mut BTreeMap<String, (String, String)>) {
    if let Some((name, target)) = line.split_once('=') {
        add(name.trim(), target.trim(), found);
    }
}

fn add(name: &str, target: &str, found: &mut BTreeMap<String, (String, String)>) {
    let target = target.split('[').next().unwrap_or(target).trim();
    let (module, function) = target.split_once(':').unwrap_or((target, "main"));
    if !name.is_empty() && !module.is_empty() {
        found
            .entry(name.to_owned())
            .or_insert_with(|| (module.trim().to_owned(), function.trim().to_owned()));
    }
}
