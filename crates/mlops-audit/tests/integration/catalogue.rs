//! The examples of the tools are tests: what a file shows must be found by the audit's own facts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use mlops_audit_core::catalogue::{Catalogue, Example, Role, Tool};
use mlops_audit_core::discover::{Memory, Source as _};
use mlops_audit_core::{extract, read};

/// The tools as their files say them, examples included.
fn tools() -> Vec<(String, Tool)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mlops-audit-catalogue/tools");
    let mut found: Vec<(String, Tool)> = std::fs::read_dir(&folder)
        .expect("the catalogue's folder can be listed")
        .map(|entry| {
            let path = entry.expect("the folder's entries can be read").path();
            let id = path
                .file_stem()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).expect("a tool's file can be read");
            (
                id.clone(),
                toml::from_str(&text).unwrap_or_else(|error| panic!("{id}: {error}")),
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The roles in which the code of an example uses this tool.
fn roles_of_code(catalogue: &Catalogue, id: &str, path: &str, text: &str) -> BTreeSet<Role> {
    let source = Memory::new([(path.to_owned(), text.as_bytes().to_vec())], None);
    let mut documents = read::read(&source);
    let facts = extract::extract(source.listing(), &mut documents, catalogue);
    let mut roles = BTreeSet::new();
    for role in Role::ALL {
        if facts
            .basis
            .uses
            .with(*role)
            .any(|found| catalogue.id(found.tool) == id)
        {
            roles.insert(*role);
        }
    }
    let defined = facts
        .basis
        .uses
        .definitions
        .iter()
        .filter(|found| catalogue.id(found.tool) == id);
    roles.extend(defined.map(|found| found.role));
    for import in facts
        .basis
        .uses
        .imports
        .iter()
        .filter(|import| catalogue.id(import.tool) == id)
    {
        roles.extend(catalogue.roles_of_import(import.tool));
    }
    roles
}

fn roles_of(catalogue: &Catalogue, id: &str, example: &Example) -> BTreeSet<Role> {
    let own = |matches: &[mlops_audit_core::catalogue::Match]| -> BTreeSet<Role> {
        matches
            .iter()
            .filter(|found| catalogue.id(found.tool) == id)
            .map(|found| found.role)
            .collect()
    };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut roles = BTreeSet::new();
    for (path, code) in [
        ("a.py", &example.python),
        ("a.R", &example.r),
        ("a.jl", &example.julia),
    ] {
        if let Some(text) = code {
            roles.extend(roles_of_code(catalogue, id, path, text));
        }
    }
    roles.extend(example.file.iter().flat_map(|path| own(&catalogue.file(path))));
    roles.extend(
        example
            .command
            .iter()
            .flat_map(|line| own(&catalogue.command(&words(line)))),
    );
    roles.extend(example.action.iter().flat_map(|uses| own(catalogue.action(uses))));
    roles.extend(example.image.iter().flat_map(|image| own(catalogue.image(image))));
    roles.extend(
        example
            .resource
            .iter()
            .flat_map(|kind| own(catalogue.resource(kind))),
    );
    roles.extend(
        example
            .setting
            .iter()
            .flat_map(|setting| own(catalogue.setting(setting))),
    );
    roles
}

#[test]
fn every_example_shows_exactly_the_roles_that_it_names() {
    let tools = tools();
    let catalogue = Catalogue::new(tools.clone());
    let mut wrong = String::new();
    for (id, tool) in &tools {
        for example in &tool.examples {
            let wanted: BTreeSet<Role> = example.detects.iter().copied().collect();
            let given = roles_of(&catalogue, id, example);
            if wanted != given {
                let _ = writeln!(wrong, "{id}: wanted {wanted:?}, given {given:?}: {example:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
