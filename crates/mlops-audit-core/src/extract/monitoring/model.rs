//! What is recorded of predictions and of their quality.

use std::collections::BTreeSet;

use mlops_audit_formats::code::ScopeKind;
use mlops_audit_formats::data::Node as Data;

use super::mentions::strings_of;
use super::metrics::Metrics;
use super::rows::{
    Kept, is_about_accounts, is_about_predictions, is_about_training_data, kept, logs_prediction,
};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Site};
use crate::extract::serving::Serving;
use crate::extract::serving::declared::declared;
use crate::extract::serving::words::{has_stem, has_word};

/// What is recorded of predictions.
#[derive(Clone, Debug, Default)]
pub struct ModelWatch {
    /// Rows, records and metrics of predictions, traces of calls.
    pub recorded: Vec<Evidence>,
    /// Lines of predictions in a log or on a server's standard output.
    pub logged: Vec<Evidence>,
    /// Outputs of batch jobs that stay, dated or appended.
    pub kept_outputs: Vec<Evidence>,
    /// Reports of quality that a person makes by hand.
    pub by_hand: Vec<Evidence>,
}

impl ModelWatch {
    pub(super) fn new(basis: &Basis<'_>, serving: &Serving, metrics: &Metrics) -> Self {
        let mut watch = Self::default();
        watch.note_tools(basis, serving);
        watch.recorded.extend(super::tracing::switched_on(basis));
        watch.note_metrics(basis, serving, metrics);
        watch.note_records(basis, serving);
        watch.note_switches(basis);
        watch.note_batch(basis, serving);
        watch.note_quality(basis);
        watch.note_exported_quality(basis);
        watch
    }

    /// Tracing of language models and monitoring tools.
    fn note_tools(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        for role in [Role::TraceLlm, Role::MonitorModel] {
            for used in basis.uses.with(role) {
                let source = codebase.file(used.file);
                let node = used.node(codebase);
                if source.is_test || !basis.listing.in_project(&source.path) {
                    continue;
                }
                let runs = serving.served.contains(node) || is_run(basis, node);
                let counts = match role {
                    Role::TraceLlm => serving.live.contains(node) && !source.is_notebook,
                    _ => runs,
                };
                let evidence = used.evidence(codebase);
                if counts {
                    self.recorded.push(evidence);
                } else if serving.live.contains(node) {
                    self.by_hand.push(evidence);
                }
            }
        }
        for used in &basis.uses.definitions {
            let source = codebase.file(used.definition.file);
            let watches = matches!(used.role, Role::TraceLlm | Role::MonitorModel);
            if watches && !source.is_test && !source.is_notebook && basis.listing.in_project(&source.path) {
                let place = codebase.scope(used.definition).place;
                let name = &basis.catalogue.tool(used.tool).name;
                self.recorded.push(codebase.evidence(
                    used.definition.file,
                    place,
                    format!("traced by {name}"),
                ));
            }
        }
    }

    /// Metrics that tell what was predicted, not only how often.
    fn note_metrics(&mut self, basis: &Basis<'_>, serving: &Serving, metrics: &Metrics) {
        for metric in metrics.observed() {
            if tells_predictions(&metric.about, metric.tells_values) {
                self.recorded.push(metric.evidence.clone());
            }
        }
        let values = |text: &&str| {
            text.contains("{}")
                && has_stem(text, &["score", "confiden", "probab", "class", "drift", "accura"])
        };
        for route in serving
            .routes
            .iter()
            .filter(|route| has_word(&route.path, &["metrics", "prometheus"]))
        {
            if strings_of(&basis.codebase, route.file, route.scope)
                .iter()
                .any(values)
            {
                self.recorded
                    .push(route.evidence(&basis.codebase, "answers with metrics of predictions"));
            }
        }
    }

    /// Rows and lines that services and fronts keep of predictions.
    fn note_records(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        let in_routes: Vec<&Reached> = serving
            .routes
            .iter()
            .filter(|route| route.predicts || has_stem(&route.path, &["feedback"]))
            .map(|route| &route.reached)
            .chain(
                serving
                    .entry_scripts
                    .iter()
                    .filter(|script| !script.scores_batches)
                    .map(|script| &script.reached),
            )
            .collect();
        let in_fronts: Vec<Reached> = serving
            .fronts
            .iter()
            .map(|file| codebase.reach_script(*file))
            .filter(|reached| serving.predicting.iter().any(|node| reached.contains(*node)))
            .collect();
        let files: BTreeSet<FileIndex> = in_routes
            .iter()
            .copied()
            .chain(&in_fronts)
            .flat_map(|reached| reached.files())
            .collect();
        for site in files.iter().flat_map(|file| codebase.calls_of(*file)) {
            let node = codebase.node_of(site);
            let of_route = in_routes.iter().any(|reached| reached.contains(node));
            let of_front = in_fronts.iter().any(|reached| reached.contains(node));
            if !of_route && !of_front || codebase.file(site.file).is_test {
                continue;
            }
            let is_record = match kept(basis, site).filter(|_| !takes_in_data(basis, site)) {
                Some(Kept::Row(name)) if of_route => !is_about_accounts(&name),
                Some(Kept::Row(name)) => is_about_predictions(&name) && !is_about_accounts(&name),
                Some(Kept::Record) => {
                    let names = super::mentions::arguments(codebase, site).join(" ");
                    !is_about_training_data(&names) && (of_route || is_about_predictions(&names))
                }
                Some(Kept::Line) => {
                    self.logged
                        .push(codebase.evidence_at(site, "appends to a text log"));
                    false
                }
                None => {
                    let is_for_user = || of_route || !goes_through_a_set(basis, node);
                    if logs_prediction(basis, site) && is_for_user() {
                        self.logged
                            .push(codebase.evidence_at(site, "writes the prediction to the log"));
                    }
                    of_route
                        && basis.uses.has(site.file, site.index, Role::TrackMetrics)
                        && !trains(basis, node)
                }
            };
            if is_record {
                self.recorded
                    .push(codebase.evidence_at(site, "records the prediction"));
            }
        }
    }

    /// Capture of requests and answers that a platform was told to do.
    fn note_switches(&mut self, basis: &Basis<'_>) {
        for resource in declared(basis.documents) {
            if !basis.listing.in_project(resource.path) {
                continue;
            }
            if resource.has_role(basis, Role::MonitorModel) {
                self.recorded
                    .push(resource.evidence(format!("declares {}", resource.kind)));
            }
            resource.node.walk(&mut |path, node| {
                let key = path.last().copied().unwrap_or_default();
                let on = |name: &str| {
                    node.get(name).and_then(Data::as_bool) == Some(true)
                        || node.get(name).is_some_and(|value| value.text() == "true")
                };
                let captures = match key {
                    "DataCaptureConfig" => on("EnableCapture"),
                    "data_capture_config" => on("enable_capture"),
                    "data_collector" => node.get("collections").is_some(),
                    _ => false,
                };
                if captures {
                    self.recorded.push(Evidence::new(
                        resource.path,
                        node.place,
                        "captures requests and predictions",
                    ));
                }
            });
        }
    }

    /// Outputs and metrics of batch jobs.
    fn note_batch(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        self.kept_outputs.extend(serving.sql_jobs.iter().cloned());
        self.kept_outputs
            .extend(super::kept_outputs::kept_outputs(basis, serving));
        for job in &serving.batch_jobs {
            let tracked = basis
                .uses
                .with(Role::TrackMetrics)
                .find(|used| job.reached.contains(used.node(codebase)));
            if let Some(tracked) = tracked {
                self.recorded.push(tracked.evidence(codebase));
            }
            if job.keeps {
                self.kept_outputs.push(job.write.clone());
            }
        }
    }
}

/// Words for measures of a model's quality.
const QUALITY: &[&str] = &[
    "rmse",
    "mae",
    "accuracy",
    "f1",
    "auc",
    "precision",
    "recall",
    "r2",
];

impl ModelWatch {
    /// Quality that a job which starts by itself records beside the drift of what came in.
    fn note_quality(&mut self, basis: &Basis<'_>) {
        let codebase = &basis.codebase;
        for used in basis.uses.with(Role::TrackMetrics) {
            let source = codebase.file(used.file);
            if source.is_test || source.is_notebook || !basis.listing.in_project(&source.path) {
                continue;
            }
            let strings = strings_of(codebase, used.file, used.site(codebase).call.scope);
            let speaks_of = |words: &[&str]| strings.iter().any(|text| has_word(text, words));
            let watches = speaks_of(&["drift", "psi"]) && speaks_of(QUALITY);
            if watches && is_run(basis, used.node(codebase)) {
                self.recorded.push(used.evidence(codebase));
            }
        }
    }

    /// Quality that a job which starts by itself sends to a store of metrics, in a function that names it.
    fn note_exported_quality(&mut self, basis: &Basis<'_>) {
        let codebase = &basis.codebase;
        let exporters: BTreeSet<Node> = basis
            .uses
            .with(Role::MonitorSystem)
            .filter(|used| {
                let method = used.site(codebase).call.method();
                matches!(
                    method,
                    "put_metric_data" | "push_to_gateway" | "pushadd_to_gateway" | "create_time_series"
                )
            })
            .map(|used| used.node(codebase))
            .filter(|node| !codebase.file(node.file).is_test)
            .collect();
        if exporters.is_empty() {
            return;
        }
        for (position, source) in (0u32..).zip(&codebase.files) {
            if source.is_test || source.is_notebook || !basis.listing.in_project(&source.path) {
                continue;
            }
            for (id, scope) in (0u32..).zip(&source.code.scopes) {
                let node = Node::definition(position, id);
                let names = || {
                    strings_of(codebase, position, id)
                        .iter()
                        .any(|text| text.len() < 40 && has_word(text, QUALITY))
                };
                if scope.kind != ScopeKind::Function || !names() {
                    continue;
                }
                let reached = codebase.reach_calls([node]);
                let exports = exporters.iter().any(|exporter| reached.contains(*exporter));
                if exports && !basis.training.trains(&reached) && is_run(basis, node) {
                    self.recorded.push(codebase.evidence(
                        position,
                        scope.place,
                        format!("sends measures of quality in {}", scope.name),
                    ));
                }
            }
        }
    }
}

/// Whether a call stands in code that fetches data, and names nothing of predictions: what it keeps is what came in.
fn takes_in_data(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let source = codebase.file(site.file);
    let function = &source.code.scopes[site.call.scope as usize].qualified;
    let file = source.path.rsplit('/').next().unwrap_or(&source.path);
    let fetches = |name: &str| has_stem(name, &["crawl", "download", "fetch", "ingest", "scrap"]);
    let speaks_of_predictions = |name: &str| {
        has_stem(name, &["answer", "feedback", "infer", "predict"]) || has_word(name, &["pred", "preds"])
    };
    (fetches(function) || fetches(file))
        && !speaks_of_predictions(function)
        && !super::mentions::arguments(codebase, site)
            .iter()
            .any(|name| speaks_of_predictions(name))
}

/// Whether a piece of code loads a set of data to predict all of it, which no user has given: a test set.
fn goes_through_a_set(basis: &Basis<'_>, node: Node) -> bool {
    let mut calls = basis.codebase.calls_in(node);
    calls.any(|site| {
        has_word(
            site.call.method(),
            &["loader", "loaders", "dataset", "datasets", "testset"],
        )
    })
}

/// Whether a piece of code fits a model, or calls what does: its metrics are those of training.
fn trains(basis: &Basis<'_>, node: Node) -> bool {
    basis.training.trains(&basis.codebase.reach([node]))
}

/// Whether a metric's name or description speaks of what was predicted.
fn tells_predictions(about: &str, tells_values: bool) -> bool {
    let is_time = has_stem(about, &["latenc", "duration", "second", "time", "byte", "size"]);
    let of_values = has_stem(
        about,
        &[
            "confiden", "probab", "score", "accura", "agree", "drift", "fraud", "churn", "positive", "class",
            "label", "quality",
        ],
    );
    let of_predictions = has_stem(about, &["predict", "classif", "recommend", "forecast"]);
    !is_time && (of_values || (of_predictions && tells_values))
}

/// Whether something other than a reader of the documentation runs this piece of code.
fn is_run(basis: &Basis<'_>, node: Node) -> bool {
    super::unasked::automatic_runs(basis, node).is_some()
}
