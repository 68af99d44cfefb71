//! Records out of calls: the catalogue's, methods of values whose class no file shows, settings that call a tracker
//! by its name.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{Expr, Origin};

use super::given::Scalar;
use super::lightning;
use super::logged::{logs_name_only, logs_parameter, logs_settings};
use super::switches::Switches;
use super::trainers;
use super::typed::logs_typed_number;
use super::units::Scripts;
use super::words::is_place;
use super::{Aspect, Idle, Record, Tracking, Weakness};
use crate::catalogue::{Role, ToolIndex};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Resolved, Site};

/// A call that would record something.
pub(super) struct Found<'a> {
    pub(super) site: Site<'a>,
    pub(super) tool: ToolIndex,
    pub(super) role: Role,
    /// Whether the tool is a framework that hands what it logs to whichever tracker is on.
    pub(super) depends: bool,
    pub(super) weakness: Option<Weakness>,
    pub(super) what: Option<String>,
}

/// Reads the records of all calls.
pub(super) fn read(
    basis: &Basis<'_>,
    scripts: &Scripts<'_>,
    switches: &Switches<'_>,
    tracking: &mut Tracking,
) {
    let mut found = catalogued(basis);
    found.extend(named_in_settings(basis, switches));
    found.extend(lightning::found(basis));
    found.extend(trainers::found(basis, switches, &tracking.units));
    let mut gathered = Gathered {
        basis,
        scripts,
        tracking,
        open: BTreeMap::new(),
        closed: BTreeSet::new(),
        pending: Vec::new(),
    };
    gathered.open_runs(&found, switches);
    let (depending, own): (Vec<&Found<'_>>, Vec<&Found<'_>>) = found.iter().partition(|one| one.depends);
    for one in own {
        gathered.take(one, switches);
    }
    gathered.finish_pending();
    for one in depending {
        gathered.take_depending(one, switches);
    }
    // What is left goes to sessions that are open.
    if !gathered.open.is_empty() {
        gathered.take_methods_of_values(switches);
        gathered.take_assignments();
    }
}

/// Calls that the catalogue knows.
fn catalogued<'a>(basis: &'a Basis<'_>) -> Vec<Found<'a>> {
    const ROLES: &[Role] = &[
        Role::TrackRun,
        Role::TrackParams,
        Role::TrackMetrics,
        Role::TrackArtifacts,
        Role::TrackCode,
        Role::Autolog,
    ];
    let mut found = Vec::new();
    for role in ROLES {
        for one in basis.uses.with(*role) {
            if basis.codebase.file(one.file).is_test {
                continue;
            }
            let site = one.site(&basis.codebase);
            if *role == Role::TrackMetrics && logs_typed_number(basis, site) {
                continue;
            }
            let is_address = *role == Role::TrackParams
                && basis.codebase.target(site) == "metaflow.Parameter"
                && site
                    .call
                    .positional(0)
                    .and_then(Expr::as_str)
                    .is_some_and(is_place);
            if is_address {
                continue;
            }
            let tool = basis.catalogue.tool(one.tool);
            let fits = |role| tool.roles.contains_key(&role);
            let depends = tool.tracker.is_none() && (fits(Role::Train) || fits(Role::OptimisationStep));
            let logs_settings = *role == Role::TrackArtifacts && logs_settings(basis, site);
            let is_parameter = *role == Role::TrackMetrics && logs_parameter(basis, site);
            for role in [if is_parameter { Role::TrackParams } else { *role }]
                .into_iter()
                .chain(logs_settings.then_some(Role::TrackParams))
            {
                let is_name = role == Role::TrackParams && logs_name_only(site);
                found.push(Found {
                    site,
                    tool: one.tool,
                    role,
                    depends,
                    weakness: is_name.then_some(Weakness::NameOnly),
                    what: None,
                });
            }
        }
    }
    found
}

/// `report_to=args.report_to`, `log_with=…`: trackers that a setting names, where the catalogue's patterns see no
/// literal.
fn named_in_settings<'a>(basis: &'a Basis<'_>, switches: &Switches<'_>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    let wanted = basis
        .wanted()
        .with_keyword(&["report_to", "log_with", "tensorboard_log"]);
    for site in wanted.outside_tests() {
        let keyword = ["report_to", "log_with"]
            .iter()
            .find_map(|name| site.call.keyword(name));
        let names: Vec<String> = match keyword {
            Some(Expr::String(name)) => vec![name.to_string()],
            Some(Expr::List(items)) => items.iter().filter_map(Expr::as_str).map(str::to_owned).collect(),
            Some(value) => switches
                .possible(site.file, site.call.scope, value)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|value| match value {
                    Scalar::Text(name) => Some(name),
                    _ => None,
                })
                .collect(),
            // Stable-Baselines3 and the like.
            None => match site.call.keyword("tensorboard_log") {
                Some(value) if *value != Expr::None => vec!["tensorboard".to_owned()],
                _ => continue,
            },
        };
        for name in names {
            for matched in basis.catalogue.setting(&format!("report_to={name}")) {
                if basis.uses.has(site.file, site.index, matched.role) {
                    continue;
                }
                let is_accelerate = site.call.keyword("log_with").is_some();
                if is_accelerate && !matches!(matched.role, Role::TrackRun | Role::TrackCode) {
                    continue;
                }
                found.push(Found {
                    site,
                    tool: matched.tool,
                    role: matched.role,
                    depends: false,
                    weakness: None,
                    what: Some(format!("reports to {name}")),
                });
            }
        }
    }
    found
}

struct Gathered<'g, 'a> {
    basis: &'g Basis<'a>,
    scripts: &'g Scripts<'g>,
    tracking: &'g mut Tracking,
    /// Tools whose sessions each run opens.
    open: BTreeMap<usize, BTreeSet<ToolIndex>>,
    /// Runs with tools whose every session is switched off.
    closed: BTreeSet<(usize, ToolIndex)>,
    /// Records of code that no training run reaches.
    pending: Vec<(Record, FileIndex)>,
}

impl<'a> Gathered<'_, 'a> {
    fn units_of(&self, site: Site<'_>) -> BTreeSet<usize> {
        let node = self.basis.codebase.node_of(site);
        let units = self.tracking.units.iter().enumerate();
        units
            .filter(|(_, unit)| unit.reached.contains(node))
            .map(|(position, _)| position)
            .collect()
    }

    /// Notes which sessions are opened, and which stay closed because each call that opens one is off.
    fn open_runs(&mut self, found: &[Found<'_>], switches: &Switches<'_>) {
        let mut shut: BTreeSet<(usize, ToolIndex)> = BTreeSet::new();
        for one in found
            .iter()
            .filter(|one| matches!(one.role, Role::TrackRun | Role::Autolog))
        {
            let off = why_off(switches, one).is_some();
            for unit in self.units_of(one.site) {
                if off {
                    shut.insert((unit, one.tool));
                } else {
                    self.open.entry(unit).or_default().insert(one.tool);
                }
            }
        }
        self.closed = shut
            .into_iter()
            .filter(|(unit, tool)| !self.open.get(unit).is_some_and(|open| open.contains(tool)))
            .collect();
    }

    fn take(&mut self, one: &Found<'_>, switches: &Switches<'_>) {
        let what = match &one.what {
            Some(what) => self.basis.codebase.evidence_at(one.site, what.clone()),
            None => {
                let target = self.basis.uses.target(&self.basis.codebase, one.site);
                let what = format!("calls {}", crate::extract::uses::shortened(target));
                self.basis.codebase.evidence_at(one.site, what)
            }
        };
        for aspect in aspects(one) {
            self.put(one, aspect, what.clone(), switches);
        }
    }

    fn put(&mut self, one: &Found<'_>, aspect: Aspect, evidence: Evidence, switches: &Switches<'_>) {
        let tool = self.basis.catalogue.tool(one.tool);
        let mut units = self.units_of(one.site);
        let reached = !units.is_empty();
        let mut why = why_off(switches, one);
        if why.is_none() && reached {
            units.retain(|unit| !self.closed.contains(&(*unit, one.tool)));
            if units.is_empty() {
                why = Some("the session is switched off".to_owned());
            } else if self.lacks_writer(one, &units) {
                why = Some("no writer is opened".to_owned());
            }
        }
        if let Some(why) = why {
            self.tracking.idle.push(Idle {
                aspect,
                tool: tool.name.clone(),
                why,
                evidence,
            });
            return;
        }
        let record = Record {
            aspect,
            tool: tool.name.clone(),
            id: tool.tracker.clone(),
            evidence,
            units,
            weakness: one.weakness,
        };
        if reached {
            self.tracking.records.push(record);
        } else {
            self.pending.push((record, one.site.file));
        }
    }

    /// TensorFlow's summary operations write only where a writer has been opened.
    fn lacks_writer(&self, one: &Found<'_>, units: &BTreeSet<usize>) -> bool {
        let target = self.basis.uses.target(&self.basis.codebase, one.site);
        let is_summary = target.starts_with("tensorflow.") && target.contains("summary.");
        is_summary
            && !units
                .iter()
                .any(|unit| self.open.get(unit).is_some_and(|open| open.contains(&one.tool)))
    }

    /// Records of code that no training run reaches count where another script reaches them: an evaluation that runs
    /// after training records that training's metrics.
    fn finish_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        for (mut record, file) in pending {
            let path = &self.basis.codebase.file(file).path;
            let reaching: Vec<FileIndex> = self
                .scripts
                .others
                .iter()
                .filter(|(_, reached)| reached.nodes_in(file).any(|node| self.is_at(node, &record)))
                .map(|(script, _)| *script)
                .collect();
            if reaching.is_empty() {
                self.tracking.idle.push(Idle {
                    aspect: record.aspect,
                    tool: record.tool,
                    why: "nothing calls it".to_owned(),
                    evidence: record.evidence,
                });
                continue;
            }
            let evaluates =
                reaching.iter().any(|script| self.evaluates(*script)) || is_named_evaluation(path);
            if evaluates {
                record.units = self.companions(file);
                self.tracking.records.push(record);
            } else if self.tracking.units.is_empty() {
                self.tracking.records.push(record);
            } else {
                record.units = self.driven_by(&reaching, &record);
                if !record.units.is_empty() {
                    self.tracking.records.push(record);
                }
            }
        }
    }

    /// The training runs that a script drives in a way that no name shows: it opens a session of the tracker, and
    /// they log to that tracker without opening one.
    fn driven_by(&self, scripts: &[FileIndex], record: &Record) -> BTreeSet<usize> {
        let opens = self.basis.uses.with(Role::TrackRun).any(|found| {
            let node = found.node(&self.basis.codebase);
            let is_same = self.basis.catalogue.tool(found.tool).name == record.tool;
            let mut others = self.scripts.others.iter();
            is_same && others.any(|(file, reached)| scripts.contains(file) && reached.contains(node))
        });
        if !opens {
            return BTreeSet::new();
        }
        let is_open = |unit: &usize| {
            let tools = self.open.get(unit).into_iter().flatten();
            tools
                .into_iter()
                .any(|tool| self.basis.catalogue.tool(*tool).name == record.tool)
        };
        let logging = self
            .tracking
            .records
            .iter()
            .filter(|other| other.tool == record.tool);
        let units: BTreeSet<usize> = logging.flat_map(|other| other.units.iter().copied()).collect();
        units.into_iter().filter(|unit| !is_open(unit)).collect()
    }

    fn is_at(&self, node: crate::extract::codebase::Node, record: &Record) -> bool {
        let mut calls = self.basis.codebase.calls_in(node);
        calls.any(|site| site.call.place == record.evidence.place)
    }

    fn evaluates(&self, script: FileIndex) -> bool {
        let Some((_, reached)) = self.scripts.others.iter().find(|(file, _)| *file == script) else {
            return false;
        };
        is_named_evaluation(&self.basis.codebase.file(script).path)
            || self
                .basis
                .uses
                .with(Role::Evaluate)
                .any(|found| reached.contains(found.node(&self.basis.codebase)))
    }

    /// The training runs whose results a script of this file evaluates: those that use the tracker themselves, or the
    /// only ones there are.
    fn companions(&self, file: FileIndex) -> BTreeSet<usize> {
        let units = &self.tracking.units;
        let main = self.tracking.main_units();
        if main.len() <= 2 {
            return (0..units.len()).collect();
        }
        let folder = |file: FileIndex| {
            let path = &self.basis.codebase.file(file).path;
            path.rsplit_once('/').map_or("", |(folder, _)| folder)
        };
        let beside = (0..units.len()).filter(|unit| folder(units[*unit].file) == folder(file));
        beside.chain(self.open.keys().copied()).collect()
    }

    /// What a framework logs goes to the trackers that its run opens.
    fn take_depending(&mut self, one: &Found<'_>, switches: &Switches<'_>) {
        if why_off(switches, one).is_some() {
            return;
        }
        let target = self.basis.uses.target(&self.basis.codebase, one.site);
        let called = || format!("calls {}", crate::extract::uses::shortened(target));
        let wanted = one.what.is_some().then_some("report_to");
        let what = one.what.clone().unwrap_or_else(called);
        let evidence = self.basis.codebase.evidence_at(one.site, what);
        for aspect in aspects(one) {
            self.put_for_open(one.site, aspect, &evidence, wanted);
        }
    }

    fn put_for_open(&mut self, site: Site<'_>, aspect: Aspect, evidence: &Evidence, wanted: Option<&str>) {
        let mut by_tool: BTreeMap<ToolIndex, BTreeSet<usize>> = BTreeMap::new();
        for unit in self.units_of(site) {
            for tool in self.open.get(&unit).into_iter().flatten() {
                let id = self.basis.catalogue.tool(*tool).tracker.as_deref();
                let fits = match wanted {
                    Some("tensorboard") => id == Some("tensorboard"),
                    // Where such a trainer reports to by itself.
                    Some("report_to") => id.is_some_and(|id| {
                        let setting = format!("report_to={id}");
                        id != "tensorboard" && !self.basis.catalogue.setting(&setting).is_empty()
                    }),
                    Some(_) => id.is_some() && id != Some("tensorboard"),
                    None => id.is_some(),
                };
                if fits {
                    by_tool.entry(*tool).or_default().insert(unit);
                }
            }
        }
        for (tool, units) in by_tool {
            let tool = self.basis.catalogue.tool(tool);
            self.tracking.records.push(Record {
                aspect,
                tool: tool.name.clone(),
                id: tool.tracker.clone(),
                evidence: evidence.clone(),
                units,
                weakness: None,
            });
        }
    }

    /// `writer.add_scalar(…)` of a parameter, `logger.log_metrics(…)` of an attribute.
    fn take_methods_of_values(&mut self, switches: &Switches<'_>) {
        for site in self.basis.codebase.calls_by_method(means_a_record) {
            let name = &site.call.target;
            let is_open = *self.basis.codebase.resolved(site) == Resolved::Unknown
                && name.origin != Origin::Import
                && name.path.contains('.');
            // What is known to be handed a tracker has been taken.
            let is_known = self.basis.uses.of(site.file, site.index).next().is_some();
            if !is_open || is_known || self.basis.codebase.file(site.file).is_test {
                continue;
            }
            let Some((aspect, wanted)) = meaning(site) else {
                continue;
            };
            if switches.off(site).is_none() {
                let what = format!("calls {}", crate::extract::uses::shortened(&name.path));
                let evidence = self.basis.codebase.evidence_at(site, what);
                self.put_for_open(site, aspect, &evidence, Some(wanted));
            }
        }
    }

    /// `wandb.config.lr = …`, `wandb.config = …`, `run["parameters"] = …`.
    fn take_assignments(&mut self) {
        let basis = self.basis;
        for (index, file) in basis.codebase.without_tests() {
            // `CFG = wandb.config`, and then `CFG.lr = 0.1`.
            let aliases = file
                .code
                .assignments
                .iter()
                .filter_map(|found| match &found.value {
                    Expr::Name(name) if name.path == "wandb.config" => Some(found.target.as_str()),
                    _ => None,
                });
            let configs: Vec<&str> = ["wandb.config", "wandb.run.config", "run.config"]
                .into_iter()
                .chain(aliases)
                .collect();
            for found in &file.code.assignments {
                let target = found.target.as_str();
                let is_config = configs.iter().any(|prefix| {
                    target.strip_prefix(prefix).is_some_and(|rest| {
                        rest.starts_with(['.', '[']) || rest.is_empty() && target.contains('.')
                    })
                });
                let is_neptune = ["run[\"param", "run[\"config", "run[\"hyper"]
                    .iter()
                    .any(|prefix| target.starts_with(prefix));
                if !is_config && !is_neptune {
                    continue;
                }
                let node = basis.codebase.node_at(index, found.scope, found.block);
                let wanted = if is_config { "wandb" } else { "neptune" };
                let mut by_tool: BTreeMap<ToolIndex, BTreeSet<usize>> = BTreeMap::new();
                for (unit, open) in &self.open {
                    if !self.tracking.units[*unit].reached.contains(node) {
                        continue;
                    }
                    for tool in open {
                        if basis.catalogue.tool(*tool).tracker.as_deref() == Some(wanted) {
                            by_tool.entry(*tool).or_default().insert(*unit);
                        }
                    }
                }
                for (tool, units) in by_tool {
                    let tool = basis.catalogue.tool(tool);
                    self.tracking.records.push(Record {
                        aspect: Aspect::Params,
                        tool: tool.name.clone(),
                        id: tool.tracker.clone(),
                        evidence: basis
                            .codebase
                            .evidence(index, found.place, format!("sets {target}")),
                        units,
                        weakness: None,
                    });
                }
            }
        }
    }
}

/// What a call records.
fn aspects(one: &Found<'_>) -> Vec<Aspect> {
    match one.role {
        Role::TrackParams => vec![Aspect::Params],
        Role::TrackMetrics => vec![Aspect::Metrics],
        Role::TrackArtifacts => vec![Aspect::Artifacts],
        Role::TrackCode => vec![Aspect::Code],
        Role::Autolog => {
            let no_models = one.site.call.keyword("log_models") == Some(&Expr::Bool(false));
            let mut found = vec![Aspect::Params, Aspect::Metrics, Aspect::Code];
            if !no_models {
                found.push(Aspect::Artifacts);
            }
            found
        }
        _ => Vec::new(),
    }
}

/// Why a call records nothing: a switch around it, or one of its own arguments.
fn why_off(switches: &Switches<'_>, one: &Found<'_>) -> Option<String> {
    let call = one.site.call;
    let possible = |name: &str| -> Option<Vec<Scalar>> {
        switches.possible(one.site.file, call.scope, call.keyword(name)?)
    };
    let is_always = |name: &str, off: &dyn Fn(&Scalar) -> bool| {
        possible(name).is_some_and(|values| !values.is_empty() && values.iter().all(off))
    };
    let disabled = |value: &Scalar| matches!(value, Scalar::Text(text) if text == "disabled");
    if one.role != Role::TrackArtifacts && is_always("mode", &disabled) {
        return Some("mode=\"disabled\"".to_owned());
    }
    if is_always("disable", &Scalar::is_true) {
        return Some("disable=True".to_owned());
    }
    switches.off(one.site).map(|switch| format!("`{switch}` is off"))
}

/// What a method of a value of unknown class records, and in which tracker.
fn means_a_record(method: &str) -> bool {
    method == "log" || method.starts_with("log_") || method.starts_with("add_")
}

/// What such a call records, and of which tracker.
fn meaning(site: Site<'_>) -> Option<(Aspect, &'static str)> {
    let path = &site.call.target.path;
    let receiver = path.rsplit('.').nth(1).unwrap_or_default().to_ascii_lowercase();
    Some(match site.call.method() {
        "add_scalar" | "add_scalars" | "add_pr_curve" => (Aspect::Metrics, "tensorboard"),
        "add_hparams" => (Aspect::Params, "tensorboard"),
        "add_image" | "add_images" | "add_figure" | "add_embedding" | "add_video" => {
            (Aspect::Artifacts, "tensorboard")
        }
        "log_metric" | "log_metrics" => (Aspect::Metrics, "any"),
        "log_param" | "log_params" | "log_hyperparams" | "log_parameters" => (Aspect::Params, "any"),
        "log_artifact" | "log_artifacts" | "log_model" | "log_figure" | "log_image" | "log_table" => {
            (Aspect::Artifacts, "any")
        }
        "log"
            if receiver.contains("wandb")
                || matches!(receiver.as_str(), "run" | "experiment" | "tracker") =>
        {
            (Aspect::Metrics, "any")
        }
        _ => return None,
    })
}

fn is_named_evaluation(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    ["eval", "valid", "score", "compar"]
        .iter()
        .any(|word| name.contains(word))
}
