//! What a project records by means of its own: files and folders that each run has for itself, logs that only grow.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{Code, Expr, Name, Scope, ScopeKind};

use super::lightning;
use super::per_run::{Differs, Paths};
use super::switches::Switches;
use super::words::{aspects_of, is_metric, is_place, is_settings, is_single_parameter, names};
use super::writers::{Library, Method};
use super::{Aspect, HomeMade, Tracking};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Definition, FileIndex, Node, Site};
use crate::extract::versioning::is_default_run_folder;
use crate::parts::Parts;

/// Something that code writes.
struct Written<'e> {
    aspects: Vec<Aspect>,
    /// Where it goes; `None` where a run folder is the tool's default.
    path: Option<&'e Expr>,
    /// Whether it is added to what is there.
    appends: bool,
}

/// Finds what is written by each run.
pub(super) fn read(basis: &Basis<'_>, switches: &Switches<'_>, tracking: &mut Tracking) {
    let paths = Paths { basis, switches };
    let moved: BTreeSet<usize> = (0..tracking.units.len())
        .filter(|unit| super::hydra::changes_folder(basis, tracking.units[*unit].file))
        .collect();
    let mut logs: Vec<(Node, Evidence)> = Vec::new();
    for site in writing(basis) {
        if let Some((path, appends)) = log_file(basis, site) {
            let differs = paths.differs(site.file, site.call.scope, path);
            if appends || differs != Differs::Not {
                let evidence = basis
                    .codebase
                    .evidence_at(site, "a log file that each run writes to");
                logs.push((basis.codebase.node_of(site), evidence));
            }
            continue;
        }
        let Some(written) = written(basis, site) else {
            continue;
        };
        if written.aspects.is_empty() {
            continue;
        }
        let units = units_of(tracking, basis.codebase.node_of(site));
        if units.is_empty() || switches.off(site).is_some() {
            continue;
        }
        let differs = match written.path {
            Some(path) => paths.differs(site.file, site.call.scope, path),
            None => Differs::Always,
        };
        let keeps_all = written.appends || differs != Differs::Not;
        let units: BTreeSet<usize> = units
            .into_iter()
            .filter(|unit| keeps_all || moved.contains(unit) && written.path.is_some_and(is_relative))
            .collect();
        if units.is_empty() {
            continue;
        }
        for aspect in written.aspects {
            tracking.home_made.push(HomeMade {
                aspect,
                how: how(aspect, written.appends, differs),
                evidence: basis.codebase.evidence_at(site, described(aspect)),
                units: units.clone(),
            });
        }
    }
    read_logs(basis, &logs, tracking);
}

/// The calls outside tests that may write something, which [`log_file`] and [`written`] then look at.
fn writing<'a>(basis: &'a Basis<'_>) -> Vec<Site<'a>> {
    let codebase = &basis.codebase;
    let writers = (0..).zip(&codebase.files).flat_map(|(file, source)| {
        let scopes = (0..).zip(&source.code.scopes);
        let named = scopes.filter(|(_, scope)| is_writer(scope));
        named.map(move |(scope, _)| Definition { file, scope })
    });
    let of_own = writers.flat_map(|writer| codebase.callers_of(writer));
    basis
        .wanted()
        .with_role(&[Role::SaveModel])
        .with_target(|target| Library::of(target).is_some())
        .with_method(|method| Method::of(method).is_some())
        .with_sites(of_own.map(|site| (site.file, site.index)))
        .outside_tests()
}

/// Whether a function of the project is named for writing.
fn is_writer(scope: &Scope) -> bool {
    static VERBS: Parts = Parts::new(&["write", "save", "dump", "store", "export"]);
    scope.kind == ScopeKind::Function
        && match scope.name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => VERBS.any_in(&scope.name.to_ascii_lowercase()),
            false => VERBS.any_in(&scope.name),
        }
}

fn how(aspect: Aspect, appends: bool, differs: Differs) -> &'static str {
    match (aspect, appends, differs) {
        (_, true, _) => "one log with an entry for each run",
        (Aspect::Artifacts, _, Differs::ByParameters) => "run folders named by hyper-parameters",
        (_, _, Differs::ByParameters) => "files named by hyper-parameters",
        (Aspect::Artifacts, ..) => "a folder for each run",
        _ => "a file for each run",
    }
}

fn described(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Params => "writes the parameters of the run",
        Aspect::Metrics => "writes the metrics of the run",
        Aspect::Artifacts => "keeps artifacts of the run",
        Aspect::Code => "writes the version of the code",
    }
}

fn units_of(tracking: &Tracking, node: Node) -> BTreeSet<usize> {
    (0..tracking.units.len())
        .filter(|unit| tracking.units[*unit].reached.contains(node))
        .collect()
}

fn is_relative(path: &Expr) -> bool {
    !matches!(path, Expr::String(text) if text.starts_with('/') || text.contains("://"))
}

/// The file that a call makes the log go to, and whether it is added to.
fn log_file<'e>(basis: &Basis<'_>, site: Site<'e>) -> Option<(&'e Expr, bool)> {
    let call = site.call;
    let mode = |name: &str, position| {
        call.argument(name, position)
            .and_then(Expr::as_str)
            .is_none_or(|m| m != "w")
    };
    match Library::of(basis.codebase.target(site))? {
        Library::LogSettings => Some((call.keyword("filename")?, mode("filemode", None))),
        Library::LogHandler => Some((call.argument("filename", Some(0))?, mode("mode", Some(1)))),
        Library::LogSink => Some((call.positional(0)?, mode("mode", None))),
        _ => None,
    }
}

/// Records that runs write to their log.
fn read_logs(basis: &Basis<'_>, logs: &[(Node, Evidence)], tracking: &mut Tracking) {
    let mut with_log: BTreeMap<usize, &Evidence> = BTreeMap::new();
    for (node, evidence) in logs {
        for unit in units_of(tracking, *node) {
            with_log.entry(unit).or_insert(evidence);
        }
    }
    if with_log.is_empty() {
        return;
    }
    let mut seen: BTreeSet<(usize, Aspect)> = BTreeSet::new();
    let is_line = |method: &str| matches!(method, "info" | "debug" | "warning" | "critical" | "log");
    for site in basis.codebase.calls_by_method(is_line) {
        let path = site.call.target.path.to_ascii_lowercase();
        let receiver = path.rsplit('.').nth(1).unwrap_or_default();
        let is_logger =
            path.starts_with("logging.") || path.starts_with("loguru.") || receiver.contains("log");
        if !is_logger || basis.codebase.file(site.file).is_test {
            continue;
        }
        let aspects = logged(&basis.codebase.file(site.file).code, site);
        if aspects.is_empty() {
            continue;
        }
        for unit in units_of(tracking, basis.codebase.node_of(site)) {
            for aspect in &aspects {
                if with_log.contains_key(&unit) && seen.insert((unit, *aspect)) {
                    tracking.home_made.push(HomeMade {
                        aspect: *aspect,
                        how: "a log file",
                        evidence: basis.codebase.evidence_at(site, described(*aspect)),
                        units: BTreeSet::from([unit]),
                    });
                }
            }
        }
    }
}

/// What a line of a log holds: values, not words alone.
fn logged(code: &Code, site: Site<'_>) -> Vec<Aspect> {
    let mut found = Vec::new();
    let values: Vec<String> = site
        .call
        .arguments
        .iter()
        .flat_map(|argument| names(&argument.value, code))
        .collect();
    if values.iter().any(|name| is_metric(name)) {
        found.push(Aspect::Metrics);
    }
    // `Loaded {CONFIG_FILE}` names a file, not what is in it.
    if values.iter().any(|name| is_settings(name) && !is_place(name)) {
        found.push(Aspect::Params);
    }
    found
}

/// What a call writes, and where.
fn written<'e>(basis: &'e Basis<'_>, site: Site<'e>) -> Option<Written<'e>> {
    let code = &basis.codebase.file(site.file).code;
    match Library::of(basis.codebase.target(site)) {
        Some(
            library @ (Library::Dump
            | Library::Pickle
            | Library::Object
            | Library::Settings
            | Library::Array
            | Library::Figure),
        ) => by_library(basis, site, code, library),
        Some(library) => by_framework(basis, site, library).or_else(|| by_method(basis, site, code)),
        None => by_method(basis, site, code),
    }
}

/// Functions that are handed what they write, and the path or the stream that they write to.
fn by_library<'e>(
    basis: &'e Basis<'_>,
    site: Site<'e>,
    code: &'e Code,
    library: Library,
) -> Option<Written<'e>> {
    let call = site.call;
    let plain = |aspects: Vec<Aspect>, path: &'e Expr| {
        Some(Written {
            aspects,
            path: Some(path),
            appends: false,
        })
    };
    match library {
        Library::Object => plain(vec![Aspect::Artifacts], call.positional(1)?),
        Library::Settings => plain(vec![Aspect::Params], call.argument("f", Some(1))?),
        Library::Array => {
            let path = call.positional(0)?;
            plain(by_words(code, call.positional(1)?, path), path)
        }
        Library::Figure => plain(vec![Aspect::Artifacts], call.positional(0)?),
        _ => {
            let (path, appends) = opened(basis, site.file, call.scope, call.argument("fp", Some(1))?)?;
            let mut aspects = by_words(code, call.positional(0)?, path);
            if aspects.is_empty() && library == Library::Pickle {
                aspects.push(Aspect::Artifacts);
            }
            Some(Written {
                aspects,
                path: Some(path),
                appends,
            })
        }
    }
}

/// Tools that give each run a folder of its own unless told otherwise.
fn by_framework<'e>(basis: &'e Basis<'_>, site: Site<'e>, library: Library) -> Option<Written<'e>> {
    let call = site.call;
    let own = |aspects: Vec<Aspect>| Written {
        aspects,
        path: None,
        appends: false,
    };
    let found = match library {
        // A study in a database keeps the parameters and the value of each trial.
        Library::Study => {
            let storage = call.keyword("storage")?;
            (*storage != Expr::None).then(|| Written {
                aspects: vec![Aspect::Params, Aspect::Metrics],
                path: None,
                appends: true,
            })?
        }
        Library::YoloTraining => {
            let aspects = vec![Aspect::Params, Aspect::Metrics, Aspect::Artifacts];
            let is_numbered = is_default_run_folder(basis.codebase.target(site), call);
            // A folder that exists already is used again, so only its name keeps runs apart.
            Written {
                path: match is_numbered {
                    true => None,
                    false => Some(call.keyword("name").or_else(|| call.keyword("project"))?),
                },
                ..own(aspects)
            }
        }
        Library::LightningTrainer if lightning::logs_by_default(basis, site) => {
            let keeps = call.keyword("enable_checkpointing") != Some(&Expr::Bool(false));
            let recorded = [
                (lightning::calls(basis, &["log", "log_dict"]), Aspect::Metrics),
                (
                    lightning::keeps_configuration(basis, site)
                        || lightning::calls(basis, &["save_hyperparameters"]),
                    Aspect::Params,
                ),
                (keeps, Aspect::Artifacts),
            ];
            let kept = recorded.iter().filter(|(is_kept, _)| *is_kept);
            own(kept.map(|(_, aspect)| *aspect).collect())
        }
        Library::LightningTable => own(vec![Aspect::Metrics, Aspect::Params]),
        Library::KerasTable => Written {
            aspects: vec![Aspect::Metrics],
            path: Some(call.argument("filename", Some(0))?),
            appends: call.keyword("append") == Some(&Expr::Bool(true)),
        },
        Library::Checkpoints => Written {
            aspects: vec![Aspect::Artifacts],
            path: Some(call.argument("filepath", Some(0))?),
            appends: false,
        },
        Library::TrainingArguments => Written {
            aspects: vec![Aspect::Artifacts],
            path: Some(call.argument("output_dir", Some(0))?),
            appends: false,
        },
        _ => return None,
    };
    Some(found)
}

fn by_method<'e>(basis: &'e Basis<'_>, site: Site<'e>, code: &'e Code) -> Option<Written<'e>> {
    let call = site.call;
    let receiver = match &call.callee {
        Expr::Name(name) => name.path.rsplit_once('.').map_or("", |(receiver, _)| receiver),
        _ => "",
    };
    match Method::of(call.method()) {
        Some(Method::Table) => {
            let path = call
                .argument("path_or_buf", Some(0))
                .or_else(|| call.keyword("path"))?;
            let mut words = names(path, code);
            words.push(receiver.to_owned());
            let mode = call.keyword("mode").and_then(Expr::as_str);
            Some(Written {
                aspects: aspects_of(&words),
                path: Some(path),
                appends: mode == Some("a"),
            })
        }
        Some(Method::Stream) => {
            let stream = receiver_name(call)?;
            let (path, appends) = opened(basis, site.file, call.scope, &stream)?;
            let value = call.positional(0)?;
            let mut aspects = by_words(code, value, path);
            // A row with a learning rate beside the loss says which run it is of.
            if row_names(code, site, value)
                .iter()
                .any(|name| is_single_parameter(name))
                && !aspects.contains(&Aspect::Params)
            {
                aspects.push(Aspect::Params);
            }
            Some(Written {
                aspects,
                path: Some(path),
                appends,
            })
        }
        Some(Method::Text) => {
            let path = match &call.callee {
                Expr::Attribute(base, _) => base,
                _ => return write_text_of_name(site, code),
            };
            Some(Written {
                aspects: by_words(code, call.positional(0)?, path),
                path: Some(path),
                appends: false,
            })
        }
        Some(Method::Artifact) => Some(Written {
            aspects: vec![Aspect::Artifacts],
            path: Some(call.positional(0)?),
            appends: false,
        }),
        Some(Method::Anything)
            if ["model", "net", "policy", "agent"]
                .iter()
                .any(|word| receiver.to_ascii_lowercase().contains(word)) =>
        {
            Some(Written {
                aspects: vec![Aspect::Artifacts],
                path: Some(call.positional(0)?),
                appends: false,
            })
        }
        _ if basis.uses.has(site.file, site.index, Role::SaveModel) => Some(Written {
            aspects: vec![Aspect::Artifacts],
            path: Some(call.positional(0)?),
            appends: false,
        }),
        _ => by_own_writer(basis, site, code),
    }
}

/// A function of the project that writes what it is handed to where it is told: `write_json(run_dir / "metrics.json",
/// metrics)`.
fn by_own_writer<'e>(basis: &'e Basis<'_>, site: Site<'e>, code: &'e Code) -> Option<Written<'e>> {
    let call = site.call;
    let definition = basis.codebase.callee(site)?;
    let scope = basis.codebase.scope(definition);
    let name = scope.name.to_ascii_lowercase();
    if !is_writer(scope) || call.arguments.len() < 2 {
        return None;
    }
    let node = Node::definition(definition.file, definition.scope);
    let reached = basis.codebase.reach_calls([node]);
    let writes = reached
        .nodes()
        .flat_map(|node| basis.codebase.calls_in(node))
        .any(|inner| {
            matches!(
                basis.codebase.target(inner),
                "json.dump" | "json.dumps" | "yaml.dump" | "yaml.safe_dump" | "joblib.dump" | "pickle.dump"
            ) || inner.call.method() == "to_csv"
        });
    // Nearly every such function calls the path a path.
    let parameters: Vec<&str> = scope.parameters.iter().map(|found| found.name.as_str()).collect();
    let at = parameters
        .iter()
        .position(|name| is_place(name) || name.ends_with("path"))?;
    let path = call.argument(parameters[at], Some(at))?;
    let mut words: Vec<String> = call
        .arguments
        .iter()
        .filter(|argument| !std::ptr::eq(&argument.value, path))
        .flat_map(|argument| names(&argument.value, code))
        .collect();
    if aspects_of(&words).is_empty() {
        words = names(path, code);
        words.push(name.clone());
    }
    let mut aspects = aspects_of(&words);
    if aspects.is_empty() && name.contains("model") {
        aspects.push(Aspect::Artifacts);
    }
    writes.then_some(Written {
        aspects,
        path: Some(path),
        appends: false,
    })
}

/// The names in a row that is written, through the variable that holds it.
fn row_names(code: &Code, site: Site<'_>, row: &Expr) -> Vec<String> {
    let held = row.as_name().and_then(|name| {
        let mut before = code.assignments.iter().rev();
        before.find(|found| found.scope == site.call.scope && found.target == name.path)
    });
    names(held.map_or(row, |found| &found.value), code)
}

/// `path.write_text(…)` of a variable.
fn write_text_of_name<'e>(site: Site<'e>, code: &'e Code) -> Option<Written<'e>> {
    let Expr::Name(name) = receiver_name(site.call)? else {
        return None;
    };
    let found = code
        .scopes_around(site.call.scope)
        .flat_map(|(id, _)| {
            code.assignments
                .iter()
                .rev()
                .filter(move |found| found.scope == id)
        })
        .find(|found| found.target == name.path)?;
    Some(Written {
        aspects: by_words(code, site.call.positional(0)?, &found.value),
        path: Some(&found.value),
        appends: false,
    })
}

fn receiver_name(call: &mlops_audit_formats::code::Call) -> Option<Expr> {
    match &call.callee {
        Expr::Name(name) => {
            let (receiver, _) = name.path.rsplit_once('.')?;
            Some(Expr::Name(Name {
                path: receiver.into(),
                origin: name.origin,
            }))
        }
        Expr::Attribute(base, _) => Some((**base).clone()),
        _ => None,
    }
}

/// The path with which a stream was opened, and whether it is added to.
fn opened<'e>(basis: &'e Basis<'_>, file: FileIndex, scope: u32, stream: &Expr) -> Option<(&'e Expr, bool)> {
    opened_within(basis, file, scope, stream, 3)
}

fn opened_within<'e>(
    basis: &'e Basis<'_>,
    file: FileIndex,
    scope: u32,
    stream: &Expr,
    steps: u32,
) -> Option<(&'e Expr, bool)> {
    let code = &basis.codebase.file(file).code;
    match stream {
        Expr::Call(index) => {
            let call = code.calls.get(*index as usize)?;
            let appends = |at| {
                let mode = call.argument("mode", Some(at)).and_then(Expr::as_str);
                mode.is_some_and(|mode| mode.starts_with('a'))
            };
            match (call.target.path.as_str(), call.method()) {
                ("csv.writer" | "csv.DictWriter", _) if steps > 0 => {
                    opened_within(basis, file, scope, call.positional(0)?, steps - 1)
                }
                ("open" | "io.open" | "codecs.open" | "gzip.open", _) => {
                    Some((call.argument("file", Some(0))?, appends(1)))
                }
                (_, "open") => match &call.callee {
                    Expr::Attribute(base, _) => Some((base, appends(0))),
                    callee @ Expr::Name(_) => Some((callee, appends(0))),
                    _ => None,
                },
                _ => None,
            }
        }
        Expr::Name(name) if steps > 0 => {
            let found = code
                .scopes_around(scope)
                .flat_map(|(id, _)| {
                    code.assignments
                        .iter()
                        .rev()
                        .filter(move |found| found.scope == id)
                })
                .find(|found| {
                    found.target == name.path || found.target == name.path.trim_start_matches("self.")
                })
                .or_else(|| code.assignments.iter().find(|found| found.target == name.path))?;
            opened_within(basis, file, found.scope, &found.value, steps - 1)
        }
        _ => None,
    }
}

fn by_words(code: &Code, value: &Expr, path: &Expr) -> Vec<Aspect> {
    let found = aspects_of(&names(value, code));
    if found.is_empty() {
        aspects_of(&names(path, code))
    } else {
        found
    }
}
