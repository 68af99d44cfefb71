//! The laws of ARCHITECTURE.md that neither the compiler nor a lint can hold.

use std::fs;
use std::path::{Path, PathBuf};

use mlops_audit_core::judge::{CRITERIA, criteria, criterion_named};
use mlops_audit_fix::FIXERS;

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mlops-audit-core/src")
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source can be read");
            found.push((path, text));
        }
    }
    found
}

#[test]
fn law_1_stages_import_only_leftwards() {
    const STAGES: &[&str] = &["discover", "read", "extract", "judge", "advise"];
    for (at, stage) in STAGES.iter().enumerate() {
        for (path, text) in rust_files(&core().join(stage)) {
            for later in &STAGES[at + 1..] {
                // The declaration of a criterion names the type of the advice that it will give.
                let is_declaration = *stage == "judge" && *later == "advise";
                let imports =
                    text.contains(&format!("crate::{later}::")) || text.contains(&format!("crate::{later};"));
                assert!(
                    !imports || is_declaration,
                    "{} imports from the later stage {later}",
                    path.display()
                );
            }
        }
    }
}

/// What each crate of the product may know of the others; the compiler holds the rest.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("formats", &[]),
    ("core", &["formats"]),
    ("catalogue", &["core"]),
    ("knowledge", &["core"]),
    ("fix", &["core", "formats"]),
    ("report", &["core", "fix", "knowledge"]),
];

#[test]
fn law_1_crates_depend_downwards_only() {
    for (name, may_know) in MAY_KNOW {
        let manifest =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../mlops-audit-{name}/Cargo.toml"));
        let manifest = fs::read_to_string(manifest).expect("the crate has a manifest");
        let manifest: toml::Table = manifest.parse().expect("it is TOML");
        let dependencies = manifest["dependencies"].as_table().expect("it has dependencies");
        let known: Vec<&str> = dependencies
            .keys()
            .filter_map(|name| name.strip_prefix("mlops-audit-"))
            .collect();
        assert_eq!(
            known, *may_know,
            "mlops-audit-{name} knows other crates than the architecture says"
        );
    }
}

#[test]
fn each_fixer_has_its_file_and_its_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mlops-audit-fix/src/fixers");
    for fixer in FIXERS {
        let name = fixer.id.replace('-', "_");
        for ending in ["rs", "md"] {
            let file = folder.join(format!("{name}.{ending}"));
            assert!(file.is_file(), "{} has no {}", fixer.id, file.display());
        }
        let mut criteria = fixer.criteria.iter();
        assert!(
            criteria.all(|id| criterion_named(id).is_some()),
            "{} is for no criterion",
            fixer.id
        );
    }
}

#[test]
fn law_2_only_discover_touches_the_outside_world() {
    const OUTSIDE: &[&str] = &[
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "SystemTime",
        "Instant::now",
        "std::io::std",
    ];
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mlops-audit-formats/src");
    let report = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mlops-audit-report/src");
    let fix = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mlops-audit-fix/src");
    let inside = rust_files(&core())
        .into_iter()
        .filter(|(path, _)| !path.starts_with(core().join("discover")));
    for (path, text) in inside
        .chain(rust_files(&formats))
        .chain(rust_files(&report))
        .chain(rust_files(&fix))
    {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        for call in OUTSIDE {
            assert!(is_test || !code.contains(call), "{} uses {call}", path.display());
        }
    }
}

#[test]
fn law_2_no_code_of_ours_is_unsafe_or_opens_a_connection() {
    const NETWORK: &[&str] = &["std::net::Tcp", "std::net::Udp", "TcpStream", "UdpSocket", "ureq"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace's manifest");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    let fuzz = fs::read_to_string(root.join("fuzz/Cargo.toml")).expect("the fuzz targets' manifest");
    assert!(fuzz.contains("unsafe_code = \"forbid\""));
    let crates = fs::read_dir(root.join("crates")).expect("the crates can be listed");
    let folders = crates.map(|entry| entry.expect("an entry can be read").path());
    for folder in folders.chain([root.join("xtask")]) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a crate has a manifest");
        let obeys = manifest.contains("[lints]\nworkspace = true");
        assert!(obeys, "{} does not take the workspace's lints", folder.display());
        if folder.ends_with("xtask") {
            continue;
        }
        for (path, text) in rust_files(&folder.join("src")) {
            for name in NETWORK {
                assert!(!text.contains(name), "{} uses {name}", path.display());
            }
        }
    }
}

#[test]
fn law_7_and_8_ids_are_the_names_of_files_and_never_change() {
    let ids: Vec<String> = criteria().map(|criterion| criterion.id.to_string()).collect();
    for criterion in criteria() {
        let folder = core().join("judge").join(criterion.id.principle.as_str());
        for ending in ["rs", "md"] {
            let file = folder.join(format!("{}.{ending}", criterion.id.name));
            assert!(file.is_file(), "{} has no {}", criterion.id, file.display());
        }
    }
    assert_eq!(CRITERIA.len(), 6);
    expect_test::expect![[r#"
        automation.pipeline automation.ci automation.cd automation.ct
        versioning.code versioning.data versioning.model versioning.config
        tracking.params tracking.metrics tracking.artifacts tracking.code
        testing.unit testing.integration testing.model testing.regression
        monitoring.system monitoring.model monitoring.data monitoring.alerts
        reproducibility.seeds reproducibility.environment reproducibility.rebuild"#]]
    .assert_eq(&by_principle(&ids));
}

fn by_principle(ids: &[String]) -> String {
    let principle = |id: &String| id.split('.').next().map(str::to_owned);
    ids.chunk_by(|a, b| principle(a) == principle(b))
        .map(|ids| ids.join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn files_stay_short_enough_to_be_read() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, text) in rust_files(&crates) {
        let is_test = path.components().any(|part| part.as_os_str() == "tests")
            || path.file_name().is_some_and(|name| name == "tests.rs");
        let lines = text.lines().count();
        assert!(
            is_test || lines <= 600,
            "{} has {lines} lines: cut it where it has more than one idea",
            path.display()
        );
    }
}

#[test]
fn no_home_is_named_for_nothing() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, _) in rust_files(&crates) {
        let name = path
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        assert!(
            !["utils", "util", "helpers", "common", "misc"].contains(&name.as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn every_role_is_asked_for() {
    let sources: String = ["extract", "judge"]
        .iter()
        .flat_map(|stage| rust_files(&core().join(stage)))
        .map(|(_, text)| text)
        .collect();
    for role in mlops_audit_core::catalogue::Role::ALL {
        let name = format!("Role::{role:?}");
        let is_asked = sources.match_indices(&name).any(|(at, _)| {
            !sources[at + name.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
        });
        assert!(is_asked, "nothing asks for the role {}", role.as_str());
    }
}
