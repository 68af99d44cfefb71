//! Trainers that report to every tracker that is there, unless told otherwise: those of Hugging Face, to the session
//! that the script opens itself.

use mlops_audit_formats::code::Code;
use mlops_audit_formats::data::Node;
use rustc_hash::FxHashSet;

use super::calls::Found;
use super::given::Scalar;
use super::switches::Switches;
use super::units::Unit;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;
use crate::read::Document;

/// The setting that says where a trainer reports to.
const SETTING: &str = "report_to";
/// The first version of the library whose trainers report nowhere by default.
const SILENT_SINCE: u32 = 5;

/// The training of such trainers, whose settings leave open where they report to.
pub(super) fn found<'a>(basis: &'a Basis<'_>, switches: &Switches<'_>, units: &[Unit]) -> Vec<Found<'a>> {
    let trains = basis.uses.with(Role::Train).filter(|used| {
        let site = used.site(&basis.codebase);
        let target = basis.uses.target(&basis.codebase, site);
        let is_of_family = target.starts_with("transformers.") || target.starts_with("trl.");
        is_of_family && target.ends_with(".train")
    });
    let trains: Vec<_> = trains.collect();
    if trains.is_empty() || is_told_by_commands(switches) || is_silent(basis) {
        return Vec::new();
    }
    let telling: FxHashSet<FileIndex> = basis
        .codebase
        .without_tests()
        .filter(|(_, source)| tells(&source.code))
        .map(|(file, _)| file)
        .collect();
    let told: Vec<&Unit> = units
        .iter()
        .filter(|unit| unit.reached.files().any(|file| telling.contains(&file)))
        .collect();
    let mut found = Vec::new();
    for used in trains {
        let site = used.site(&basis.codebase);
        let node = basis.codebase.node_of(site);
        let is_told = told.iter().any(|unit| unit.reached.contains(node));
        if is_told || basis.codebase.file(site.file).is_test {
            continue;
        }
        found.extend([Role::TrackMetrics, Role::TrackParams].map(|role| Found {
            site,
            tool: used.tool,
            role,
            depends: true,
            weakness: None,
            what: Some("the trainer reports to the session that is open".to_owned()),
        }));
    }
    found
}

/// Whether a file says where trainers report to, in whichever way, or keeps a tracker from it.
fn tells(code: &Code) -> bool {
    let mut arguments = code.calls.iter().flat_map(|call| &call.arguments);
    let mut targets = code.assignments.iter();
    let mut texts = code.strings.iter();
    arguments.any(|argument| argument.name.as_deref() == Some(SETTING))
        || targets.any(|set| set.target.ends_with(SETTING))
        || texts.any(|text| matches!(text.value.as_str(), SETTING | "WANDB_DISABLED"))
}

/// Whether a command or a file of settings says where trainers report to.
fn is_told_by_commands(switches: &Switches<'_>) -> bool {
    let given = switches.given.values.get(SETTING);
    let is_off = |value: &Scalar| matches!(value, Scalar::Null | Scalar::Bool(false));
    given.is_some_and(|values| values.iter().any(is_off))
}

/// Whether the project asks for a version of the library that reports nowhere by default.
fn is_silent(basis: &Basis<'_>) -> bool {
    basis.documents.files.iter().any(|file| match &file.document {
        Document::Requirements(requirements) => requirements
            .requirements
            .iter()
            .any(|requirement| requirement.name == "transformers" && asks_for(&requirement.specifier)),
        Document::Data(data) => {
            let mut documents = data.documents.iter();
            documents.any(|document| match file.path.rsplit('/').next() {
                Some("pyproject.toml" | "environment.yml" | "environment.yaml" | "Pipfile") => {
                    names_silent(document)
                }
                Some("poetry.lock" | "uv.lock" | "pdm.lock") => locks_silent(document),
                _ => false,
            })
        }
        _ => false,
    })
}

/// Whether a manifest names such a version.
fn names_silent(document: &Node) -> bool {
    let mut names = false;
    document.walk(&mut |keys, node| {
        let Some(text) = node.as_str() else { return };
        names |= match text.strip_prefix("transformers") {
            Some(rest) => asks_for(rest.split(['[', ']']).next_back().unwrap_or(rest)),
            None => keys.last() == Some(&"transformers") && asks_for(text),
        };
    });
    names
}

/// Whether a lock file holds such a version.
fn locks_silent(document: &Node) -> bool {
    let packages = document.get("package").map(Node::items).unwrap_or_default();
    packages.iter().any(|package| {
        let text = |key| package.get(key).and_then(Node::as_str);
        text("name") == Some("transformers") && text("version").is_some_and(asks_for)
    })
}

/// Whether no version before the silent ones fits a constraint.
fn asks_for(specifier: &str) -> bool {
    specifier.split(',').any(|part| {
        let part = part.trim();
        let version = part.trim_start_matches(['=', '>', '~', '^', ' ', 'v']);
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        !part.starts_with(['<', '!']) && major.is_some_and(|major| major >= SILENT_SINCE)
    })
}
