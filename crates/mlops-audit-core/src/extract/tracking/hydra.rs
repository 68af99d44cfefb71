//! Trackers that a Hydra or Lightning configuration composes: `_target_: …WandbLogger`, `class_path: …`.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node;

use super::configured::{Constructed, in_file};
use super::given::Given;
use super::{Aspect, HomeMade, Record, Tracking, lightning};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site};

/// How deep defaults lists are followed.
const DEPTH: u32 = 4;

/// Reads the configuration of all runs: what it constructs for each of them.
pub(super) fn read(basis: &Basis<'_>, configured: &[Vec<Constructed>], tracking: &mut Tracking) {
    for (position, constructed) in configured.iter().enumerate() {
        for one in constructed {
            note(basis, one, position, tracking);
        }
        let mut mains = mains(basis, tracking.units[position].file);
        if let Some(main) = mains.next()
            && keeps_its_configuration(basis, main)
        {
            tracking.home_made.push(HomeMade {
                aspect: Aspect::Params,
                how: "Hydra keeps the configuration of each run in the run's folder",
                evidence: basis.codebase.evidence_at(main, "runs under hydra.main"),
                units: BTreeSet::from([position]),
            });
        }
    }
}

/// The calls of a file that make a function a run of Hydra.
pub(super) fn mains<'a>(basis: &'a Basis<'_>, file: FileIndex) -> impl Iterator<Item = Site<'a>> {
    let calls = basis.codebase.calls_of(file);
    calls.filter(|site| site.call.method() == "main" && basis.codebase.target(*site) == "hydra.main")
}

/// Follows the defaults lists from the configuration that `hydra.main` names.
pub(super) fn compose(basis: &Basis<'_>, given: &Given, main: Site<'_>, found: &mut Vec<Constructed>) {
    let Some((folder, name)) = root_of(basis, main) else {
        return;
    };
    let given: &[(String, String)] = given.by_file.get(&main.file).map_or(&[], Vec::as_slice);
    let mut seen = BTreeSet::new();
    follow(basis, &folder, &name, DEPTH, &mut seen, found);
    for (group, option) in given {
        for option in option.trim_matches(['[', ']']).split(',') {
            follow(
                basis,
                &folder,
                &format!("{group}/{option}"),
                DEPTH,
                &mut seen,
                found,
            );
        }
    }
}

/// The folder of the configuration and the name of the first file, without ending.
fn root_of(basis: &Basis<'_>, main: Site<'_>) -> Option<(String, String)> {
    let path = main
        .call
        .argument("config_path", Some(0))
        .and_then(Expr::as_str)?;
    let name = main
        .call
        .argument("config_name", Some(1))
        .and_then(Expr::as_str)?;
    let here = &basis.codebase.file(main.file).path;
    let mut folder: Vec<&str> = here.split('/').collect();
    folder.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                folder.pop()?;
            }
            part => folder.push(part),
        }
    }
    let name = name.trim_end_matches(".yaml").trim_end_matches(".yml");
    Some((folder.join("/"), name.to_owned()))
}

fn follow(
    basis: &Basis<'_>,
    folder: &str,
    name: &str,
    depth: u32,
    seen: &mut BTreeSet<String>,
    found: &mut Vec<Constructed>,
) {
    let stem = if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    };
    let path = [format!("{stem}.yaml"), format!("{stem}.yml")]
        .into_iter()
        .find(|path| basis.documents.data(path).is_some());
    let Some(path) = path else { return };
    if depth == 0 || !seen.insert(path.clone()) {
        return;
    }
    in_file(basis, &path, found);
    let Some(data) = basis.documents.data(&path) else {
        return;
    };
    let group = name.rsplit_once('/').map_or("", |(group, _)| group);
    for item in data
        .documents
        .iter()
        .filter_map(|document| document.get("defaults"))
        .flat_map(Node::items)
    {
        if let Some(option) = item.as_str().filter(|option| *option != "_self_") {
            let name = match (option.strip_prefix('/'), group) {
                (Some(absolute), _) => absolute.to_owned(),
                (None, "") => option.to_owned(),
                (None, group) => format!("{group}/{option}"),
            };
            follow(basis, folder, &name, depth - 1, seen, found);
        }
        for entry in item.entries() {
            let key = entry
                .key
                .trim_start_matches("override ")
                .trim_start_matches("optional ");
            let key = key.trim_start_matches('/').split('@').next().unwrap_or(key);
            for option in entry.value.one_or_many() {
                let nested = if group.is_empty() || entry.key.contains('/') {
                    format!("{key}/{}", option.text())
                } else {
                    format!("{group}/{key}/{}", option.text())
                };
                follow(basis, folder, &nested, depth - 1, seen, found);
            }
        }
    }
}

fn note(basis: &Basis<'_>, one: &Constructed, unit: usize, tracking: &mut Tracking) {
    let evidence = one.evidence();
    let mut home_made = |aspect, how| {
        tracking.home_made.push(HomeMade {
            aspect,
            how,
            evidence: evidence.clone(),
            units: BTreeSet::from([unit]),
        });
    };
    match one.class() {
        "CSVLogger" => {
            home_made(Aspect::Metrics, "a CSV file for each run");
            home_made(Aspect::Params, "a file for each run");
        }
        "ModelCheckpoint" => home_made(Aspect::Artifacts, "a folder of checkpoints for each run"),
        _ => {}
    }
    let mut aspects: BTreeSet<(Aspect, u16)> = BTreeSet::new();
    let hands_parameters = lightning::hands_parameters(basis);
    for matched in basis.catalogue.call(&one.target, Some(&one.call)) {
        let tracker = basis.catalogue.tool(matched.tool).tracker.is_some();
        let recorded: &[Aspect] = match matched.role {
            // A Lightning logger is handed the metrics of the module, and its hyper-parameters where it saves them.
            Role::TrackRun if tracker && hands_parameters => &[Aspect::Metrics, Aspect::Params],
            Role::TrackRun if tracker => &[Aspect::Metrics],
            Role::TrackMetrics => &[Aspect::Metrics],
            Role::TrackParams => &[Aspect::Params],
            Role::TrackArtifacts => &[Aspect::Artifacts],
            Role::TrackCode => &[Aspect::Code],
            _ => &[],
        };
        aspects.extend(recorded.iter().map(|aspect| (*aspect, matched.tool)));
    }
    if aspects.is_empty() {
        return;
    }
    let handed = artifacts_by_logger(basis, tracking, unit);
    for (aspect, tool) in aspects {
        let tool = basis.catalogue.tool(tool);
        if let Some(evidence) = handed
            .clone()
            .filter(|_| aspect == Aspect::Metrics && tool.tracker.is_some())
        {
            tracking.records.push(Record {
                aspect: Aspect::Artifacts,
                tool: tool.name.clone(),
                id: tool.tracker.clone(),
                evidence,
                units: BTreeSet::from([unit]),
                weakness: None,
            });
        }
        tracking.records.push(Record {
            aspect,
            tool: tool.name.clone(),
            id: tool.tracker.clone(),
            evidence: evidence.clone(),
            units: BTreeSet::from([unit]),
            weakness: None,
        });
    }
}

/// Files, figures or models that a run hands to its module's logger: `self.logger.experiment.log_artifact(…)`.
fn artifacts_by_logger(basis: &Basis<'_>, tracking: &Tracking, unit: usize) -> Option<Evidence> {
    let reached = &tracking.units[unit].reached;
    let hands_over = |method: &str| {
        matches!(
            method,
            "log_artifact"
                | "log_artifacts"
                | "log_figure"
                | "log_image"
                | "log_model"
                | "log_table"
                | "add_figure"
                | "add_image"
                | "add_images"
        )
    };
    let site = basis.codebase.calls_by_method(hands_over).find(|site| {
        let path = site.call.target.path.as_str();
        (path.contains("logger.experiment.") || path.contains(".logger.log_"))
            && !basis.codebase.file(site.file).is_test
            && reached.contains(basis.codebase.node_of(*site))
    })?;
    let what = format!("hands an artifact to the logger by {}", site.call.method());
    Some(basis.codebase.evidence_at(site, what))
}

/// Whether Hydra gives each run a folder, as it does unless told otherwise.
fn keeps_its_configuration(basis: &Basis<'_>, main: Site<'_>) -> bool {
    let Some((folder, _)) = root_of(basis, main) else {
        // Structured configuration: the default holds.
        return main.call.argument("config_path", Some(0)).is_none()
            || main.call.keyword("config_name").is_some();
    };
    let mut keeps = true;
    for (file, data) in basis.documents.all_data() {
        let inside = folder.is_empty()
            || file
                .path
                .strip_prefix(&folder)
                .is_some_and(|rest| rest.starts_with('/'));
        if !inside {
            continue;
        }
        for document in &data.documents {
            let hydra = document.get("hydra").unwrap_or(document);
            let is_off = hydra
                .entry("output_subdir")
                .is_some_and(|entry| entry.value.is_null());
            let is_fixed = hydra
                .at(&["run", "dir"])
                .and_then(Node::as_str)
                .is_some_and(|dir| !dir.contains("now:") && !dir.contains("${"));
            let is_hydra = document.get("hydra").is_some() || file.path.contains("/hydra/");
            keeps &= !(is_hydra && (is_off || is_fixed));
        }
    }
    keeps
}

/// Whether a run of this file is given a folder of its own to work in by Hydra.
pub(super) fn changes_folder(basis: &Basis<'_>, file: FileIndex) -> bool {
    let mut mains = basis
        .codebase
        .calls_of(file)
        .filter(|site| basis.codebase.target(*site) == "hydra.main");
    mains.any(|main| {
        let version = main.call.keyword("version_base");
        let old = match version {
            None => true,
            Some(Expr::String(version)) => version == "1.1",
            _ => false,
        };
        let told = basis.documents.all_data().any(|(_, data)| {
            data.documents
                .iter()
                .any(|document| document.at(&["hydra", "job", "chdir"]).and_then(Node::as_bool) == Some(true))
        });
        (old || told) && keeps_its_configuration(basis, main)
    })
}
