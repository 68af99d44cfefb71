//! Laws of the catalogue's files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use mlops_audit_core::catalogue::{Example, Role, Signals, Tool};

/// Import roots that several tools share on purpose: none so far.
const SHARED_IMPORTS: &[&str] = &[];

fn files() -> Vec<(String, Tool)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
    let mut tools: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert_eq!(
                path.extension().unwrap_or_default(),
                "toml",
                "{} is no TOML file",
                path.display()
            );
            let text = fs::read_to_string(&path).unwrap();
            let tool = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), tool)
        })
        .collect();
    tools.sort_by(|a, b| a.0.cmp(&b.0));
    tools
}

fn lists(signals: &Signals) -> [&Vec<String>; 7] {
    let Signals {
        calls,
        imports: _,
        files,
        commands,
        actions,
        images,
        resources,
        settings,
    } = signals;
    [calls, files, commands, actions, images, resources, settings]
}

fn assert_sorted(id: &str, what: &str, list: &[String]) {
    for pair in list.windows(2) {
        assert!(
            pair[0] < pair[1],
            "{id}: {what}: {:?} stands before {:?}",
            pair[0],
            pair[1]
        );
    }
    for item in list {
        assert_eq!(item.trim(), item, "{id}: {what} has outer blanks");
        assert!(!item.is_empty(), "{id}: {what} has an empty item");
    }
}

#[test]
fn compact_form_equals_files() {
    let mut files = files();
    for (_, tool) in &mut files {
        tool.examples.clear();
    }
    assert!(
        mlops_audit_catalogue::tools() == files,
        "the compact form differs from the files"
    );
}

#[test]
fn ids_and_names_are_sane() {
    for (id, tool) in files() {
        let kebab = id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(
            kebab && !id.starts_with('-') && !id.ends_with('-'),
            "{id} is not kebab-case"
        );
        assert!(
            !tool.name.is_empty() && tool.name.trim() == tool.name,
            "{id}: name {:?}",
            tool.name
        );
        assert!(
            tool.home.is_empty() || tool.home.starts_with("https://"),
            "{id}: home {:?}",
            tool.home
        );
        for named in tool.framework.iter().chain(&tool.tracker) {
            assert!(
                !named.is_empty() && !named.contains(char::is_uppercase),
                "{id}: {named:?}"
            );
        }
        let says = !tool.roles.is_empty() || !tool.randomness.is_empty() || !tool.seeding.is_empty();
        assert!(says || tool.framework.is_some(), "{id} says nothing");
    }
}

#[test]
fn lists_are_sorted_and_unique() {
    for (id, tool) in files() {
        assert_sorted(&id, "packages", &tool.packages);
        assert_sorted(&id, "imports", &tool.imports);
        for (role, signals) in &tool.roles {
            for list in lists(signals) {
                assert_sorted(&id, role.as_str(), list);
            }
            let empty = lists(signals).iter().all(|list| list.is_empty()) && !signals.imports;
            assert!(!empty, "{id}: {} has no sign", role.as_str());
            assert!(
                !signals.imports || !tool.imports.is_empty(),
                "{id}: {} asks for imports",
                role.as_str()
            );
        }
        let random: Vec<_> = tool.randomness.iter().map(|random| random.call.clone()).collect();
        assert_sorted(&id, "randomness", &random);
        let seeding: Vec<_> = tool.seeding.iter().map(|seeding| seeding.call.clone()).collect();
        assert_sorted(&id, "seeding", &seeding);
    }
}

#[test]
fn packages_are_normalised() {
    for (id, tool) in files() {
        let foreign = tool
            .examples
            .iter()
            .any(|example| example.r.is_some() || example.julia.is_some());
        for package in &tool.packages {
            let bytes = package.as_bytes();
            let plain = bytes
                .iter()
                .all(|&b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            assert!(
                foreign || (plain && !package.contains("--")),
                "{id}: package {package:?}"
            );
        }
    }
}

#[test]
fn patterns_are_well_formed() {
    for (id, tool) in files() {
        let calls = tool.roles.values().flat_map(|signals| &signals.calls);
        let random = tool.randomness.iter().map(|random| &random.call);
        for call in calls
            .chain(random)
            .chain(tool.seeding.iter().map(|seeding| &seeding.call))
        {
            assert!(
                !call.starts_with('*') && !call.contains(char::is_whitespace),
                "{id}: {call}"
            );
            assert!(call.split('.').all(|segment| !segment.is_empty()), "{id}: {call}");
            assert!(!call.contains(['{', '}', '$']), "{id}: {call}");
        }
        for value in tool
            .randomness
            .iter()
            .flat_map(|random| random.only_if.iter().chain(&random.unless))
        {
            assert!(value.contains('='), "{id}: {value}");
        }
        for setting in tool.roles.values().flat_map(|signals| &signals.settings) {
            assert!(setting.contains('='), "{id}: {setting}");
        }
    }
}

#[test]
fn every_tool_has_examples_for_and_against() {
    for (id, tool) in files() {
        assert!(
            tool.examples.iter().any(|example| !example.detects.is_empty()),
            "{id} shows no detection"
        );
        assert!(
            tool.examples.iter().any(|example| example.detects.is_empty()),
            "{id} shows no near miss"
        );
        for example in &tool.examples {
            let Example {
                python,
                r,
                julia,
                file,
                command,
                action,
                image,
                resource,
                setting,
                detects,
            } = example;
            let texts = [python, r, julia, file, command, action, image, resource, setting];
            assert_eq!(
                texts.into_iter().flatten().count(),
                1,
                "{id}: an example shows one thing: {example:?}"
            );
            assert!(
                detects.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()),
                "{id}: {detects:?}"
            );
            for role in detects {
                assert!(tool.roles.contains_key(role), "{id} lacks {}", role.as_str());
            }
        }
    }
}

#[test]
fn an_import_belongs_to_one_tool() {
    let mut owner = BTreeMap::new();
    for (id, tool) in files() {
        for import in tool.imports {
            if SHARED_IMPORTS.contains(&import.as_str()) {
                continue;
            }
            if let Some(other) = owner.insert(import.clone(), id.clone()) {
                panic!("{import} belongs to {other} and to {id}");
            }
        }
    }
}

#[test]
fn every_role_has_a_tool() {
    let files = files();
    let roles: BTreeSet<Role> = files
        .iter()
        .flat_map(|(_, tool)| tool.roles.keys().copied())
        .collect();
    for role in Role::ALL {
        assert!(roles.contains(role), "no tool has the role {}", role.as_str());
    }
}
