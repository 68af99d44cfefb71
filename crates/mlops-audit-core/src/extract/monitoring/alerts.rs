//! Who is told when something goes wrong, and what reacts by itself.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node as Data;

use super::data::DataWatch;
use super::fed::Fed;
use super::jobs::{condition, name_of, on_failure, sends_message, watches_production};
use super::mentions::{after_failure, arguments, conditions, mentions, strings_of};
use super::metrics::Metrics;
use super::reactions::{Reactions, starts_training};
use super::senders::{Standing, standing};
use super::system::SystemWatch;
use super::unasked::automatic_runs;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached, Resolved, Site};
use crate::extract::runs::{Runner, RunnerKind, Target};
use crate::extract::serving::Serving;
use crate::extract::serving::declared::declared;
use crate::extract::serving::words::has_stem;
use crate::read::Document;

/// Who is told when something goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// Rules that are loaded, alarms, messages on failure or on a threshold.
    pub notified: Vec<Evidence>,
    /// Automated reactions to drift: retraining, a roll-back, a ticket.
    pub reactions: Vec<Evidence>,
    /// Mails that a scheduler sends by default, switched on; messages of jobs that only test.
    pub defaults: Vec<Evidence>,
    /// Rules that no configuration loads.
    pub unloaded_rules: Vec<Evidence>,
    /// Loaded rules over metrics that nothing exports.
    pub rules_without_metrics: Vec<Evidence>,
    /// Messages and reactions of what cannot run as committed.
    pub broken: Vec<Evidence>,
    /// Messages behind a switch that is off by default.
    pub switched_off: Vec<Evidence>,
    /// Messages about machines that neither train nor serve.
    pub of_machines: Vec<Evidence>,
    /// Notifications that nothing calls.
    pub uncalled: Vec<Evidence>,
}

impl Alerts {
    pub(super) fn new(
        basis: &Basis<'_>,
        serving: &Serving,
        system: &SystemWatch,
        data: &DataWatch,
        metrics: &Metrics,
    ) -> Self {
        let mut alerts = Self::default();
        alerts.note_rules(basis, system, metrics);
        alerts.note_resources(basis);
        alerts.note_code(basis, serving, data);
        alerts.note_orchestrators(basis);
        alerts.note_jobs(basis, data);
        alerts.note_jenkins(basis);
        alerts
    }

    fn note_rules(&mut self, basis: &Basis<'_>, system: &SystemWatch, metrics: &Metrics) {
        // What the code may export takes a look at all of its strings.
        if system.rules.is_empty() {
            return;
        }
        let has_metrics = !system.exported.is_empty();
        let fed = Fed::new(basis, metrics);
        for rule in &system.rules {
            match (rule.loaded, has_metrics && fed.feeds(&rule.expression)) {
                (true, true) => self.notified.push(rule.evidence("alert rule")),
                (true, false) => self.rules_without_metrics.push(rule.evidence("alert rule")),
                (false, _) => self.unloaded_rules.push(rule.evidence("alert rule")),
            }
        }
    }

    fn note_resources(&mut self, basis: &Basis<'_>) {
        for resource in declared(basis.documents) {
            let is_rule = matches!(resource.kind.as_str(), "PrometheusRule" | "AlertmanagerConfig");
            if !is_rule && basis.listing.in_project(resource.path) && resource.has_role(basis, Role::Alert) {
                self.notified
                    .push(resource.evidence(format!("declares {}", resource.kind)));
            }
        }
        for (file, data) in basis.documents.all_data() {
            let is_grafana = file.path.contains("provisioning/alerting");
            for document in data.documents.iter().filter(|_| is_grafana) {
                for group in document.get("groups").map(Data::items).unwrap_or_default() {
                    if let Some(rules) = group
                        .entry("rules")
                        .filter(|rules| !rules.value.items().is_empty())
                    {
                        self.notified
                            .push(Evidence::new(&file.path, rules.place, "alert rules of Grafana"));
                    }
                }
            }
        }
    }

    /// Messages that the code sends, and reactions to drift in it.
    fn note_code(&mut self, basis: &Basis<'_>, serving: &Serving, data: &DataWatch) {
        self.note_senders(basis, serving);
        let reactions = Reactions::in_code(basis, serving, data);
        self.reactions.extend(reactions.working);
        self.broken.extend(reactions.broken);
    }

    /// Messages that the code sends.
    fn note_senders(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        let senders = senders(basis);
        if senders.is_empty() {
            return;
        }
        let runners = basis.runs.runners.iter();
        let in_production = runners
            .filter(|runner| runs_in_production(runner))
            .flat_map(|runner| &runner.invocations)
            .filter_map(|invocation| basis.runs.reached(invocation));
        let in_production = Reached::union(in_production.chain([&serving.served]));
        for site in &senders {
            let node = codebase.node_of(*site);
            let evidence = codebase.evidence_at(*site, "sends a notification");
            if !serving.live.contains(node) {
                self.uncalled.push(evidence);
                continue;
            }
            let runs = in_production.contains(node)
                || automatic_runs(basis, node).is_some()
                || is_looping(codebase, *site);
            if !runs || !is_about_trouble(basis, *site) {
                self.uncalled.push(evidence);
                continue;
            }
            match standing(basis, serving, *site) {
                Standing::Sent => self.notified.push(evidence),
                Standing::Broken => self.broken.push(evidence),
                Standing::SwitchedOff => self.switched_off.push(evidence),
                Standing::OfMachines => self.of_machines.push(evidence),
            }
        }
    }

    /// Callbacks and mails of orchestrators.
    fn note_orchestrators(&mut self, basis: &Basis<'_>) {
        let codebase = &basis.codebase;
        let orchestrating: BTreeSet<FileIndex> = [Role::Pipeline, Role::PipelineStep]
            .into_iter()
            .flat_map(|role| basis.uses.with(role))
            .map(|used| used.file)
            .collect();
        for file in orchestrating {
            let source = codebase.file(file);
            if source.is_test || !basis.listing.in_project(&source.path) {
                continue;
            }
            for assignment in &source.code.assignments {
                let Expr::Dict(entries) = &assignment.value else {
                    continue;
                };
                let pairs = entries
                    .iter()
                    .filter_map(|(key, value)| Some((key.as_ref()?.as_str()?, value)));
                self.note_settings(basis, file, assignment.scope, assignment.place, pairs);
            }
            for site in codebase.calls_of(file) {
                let pairs = site
                    .call
                    .arguments
                    .iter()
                    .filter_map(|argument| Some((argument.name.as_deref()?, &argument.value)));
                self.note_settings(basis, file, site.call.scope, site.call.place, pairs);
                for argument in &site.call.arguments {
                    if let Expr::Dict(entries) = &argument.value {
                        let pairs = entries
                            .iter()
                            .filter_map(|(key, value)| Some((key.as_ref()?.as_str()?, value)));
                        self.note_settings(basis, file, site.call.scope, site.call.place, pairs);
                    }
                }
            }
        }
    }

    fn note_settings<'code>(
        &mut self,
        basis: &Basis<'_>,
        file: u32,
        scope: u32,
        place: mlops_audit_formats::Place,
        pairs: impl Iterator<Item = (&'code str, &'code Expr)>,
    ) {
        let codebase = &basis.codebase;
        for (key, value) in pairs {
            match key {
                "on_failure_callback" | "on_failure" | "sla_miss_callback" | "on_crashed" => {
                    if notifies(basis, file, scope, value) {
                        self.notified
                            .push(codebase.evidence(file, place, format!("notifies by {key}")));
                    } else if *value != Expr::None {
                        self.uncalled.push(codebase.evidence(
                            file,
                            place,
                            format!("{key} that tells nobody"),
                        ));
                    }
                }
                "email_on_failure" | "email_on_retry" if *value == Expr::Bool(true) => {
                    self.defaults
                        .push(codebase.evidence(file, place, "mails on failure"));
                }
                _ => {}
            }
        }
    }

    /// Steps of CI jobs that notify, and jobs that react to drift.
    fn note_jobs(&mut self, basis: &Basis<'_>, data: &DataWatch) {
        for runner in &basis.runs.runners {
            if runner.dead.is_some() || !matches!(runner.kind, RunnerKind::Ci(_) | RunnerKind::Platform(_)) {
                continue;
            }
            let mut drift_before = false;
            let mut missing_before = false;
            for invocation in &runner.invocations {
                missing_before |= matches!(invocation.target, Target::Missing(_));
                let condition = || condition(basis, runner, invocation);
                if sends_message(invocation)
                    && (drift_before && invocation.conditional || on_failure(&condition()))
                {
                    let evidence =
                        invocation.evidence(format!("notifies on failure by {}", name_of(invocation)));
                    if missing_before {
                        self.broken.push(evidence);
                    } else if watches_production(basis, runner) {
                        self.notified.push(evidence);
                    } else {
                        self.defaults.push(evidence);
                    }
                }
                let reached = || basis.runs.reached(invocation);
                let trains = || reached().is_some_and(|reached| basis.training.trains(reached));
                let starts =
                    || starts_training(invocation) && (invocation.conditional || !condition().is_empty());
                if drift_before && (trains() && has_stem(&condition(), &["drift"]) || starts()) {
                    self.reactions.push(invocation.evidence("retrains on drift"));
                }
                let drifts = |reached: &Reached| data.nodes.iter().any(|node| reached.contains(*node));
                drift_before = drift_before || !data.nodes.is_empty() && reached().is_some_and(drifts);
            }
        }
    }

    /// `post { failure { … } }` of a Jenkinsfile.
    fn note_jenkins(&mut self, basis: &Basis<'_>) {
        for file in &basis.documents.files {
            let Document::Groovy(jenkins) = &file.document else {
                continue;
            };
            for (condition, step, _, place) in &jenkins.post {
                let when = matches!(
                    condition.as_str(),
                    "failure" | "unstable" | "unsuccessful" | "always" | "changed" | "regression"
                );
                let sends = matches!(
                    step.as_str(),
                    "mail"
                        | "emailext"
                        | "slackSend"
                        | "office365ConnectorSend"
                        | "discordSend"
                        | "telegramSend"
                        | "googlechatnotification"
                        | "pagerduty"
                        | "hipchatSend"
                );
                if when && sends {
                    self.notified.push(Evidence::new(
                        &file.path,
                        *place,
                        format!("notifies on {condition} by {step}"),
                    ));
                }
            }
        }
    }
}

/// Calls that send a message to somebody.
fn senders<'a>(basis: &'a Basis<'_>) -> Vec<Site<'a>> {
    let codebase = &basis.codebase;
    let is_orchestrator = |site: Site<'_>| {
        basis.uses.of(site.file, site.index).any(|used| {
            matches!(
                basis.catalogue.id(used.tool),
                "airflow" | "prefect" | "wandb" | "trackio"
            ) && site.call.arguments.iter().any(|argument| {
                argument
                    .name
                    .as_deref()
                    .is_some_and(|name| name.starts_with("on_failure"))
            })
        })
    };
    let wanted = basis.wanted().with_role(&[Role::Alert]).with_method(may_post);
    let mut sites = wanted.outside_tests();
    sites.retain(|site| {
        let source = codebase.file(site.file);
        !source.is_notebook
            && basis.listing.in_project(&source.path)
            && (basis.uses.has(site.file, site.index, Role::Alert) && !is_orchestrator(*site)
                || posts_to_chat(basis, *site))
    });
    sites
}

/// Whether a call of this name may be a request that posts something.
fn may_post(method: &str) -> bool {
    matches!(method, "post" | "request" | "urlopen" | "Request")
}

/// A request to the webhook of a chat or an incident service.
fn posts_to_chat(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let path = codebase.target(site);
    let is_request = may_post(site.call.method())
        && (path.starts_with("requests.")
            || path.starts_with("httpx.")
            || path.starts_with("urllib")
            || path.contains("session")
            || path.contains("client"));
    if !is_request {
        return false;
    }
    let Some(address) = site.call.positional(0).or_else(|| site.call.keyword("url")) else {
        return false;
    };
    let mut names = mentions(codebase, site.file, address);
    let (file, value) = codebase.value(site.file, site.call.scope, address);
    names.extend(mentions(codebase, file, value));
    let service = &codebase.file(site.file).code.scopes[site.call.scope as usize].qualified;
    let is_placeholder = names.iter().any(|name| {
        name.starts_with("http")
            && ["your", "example.com", "xxx", "placeholder", "changeme", "<"]
                .iter()
                .any(|part| name.to_ascii_lowercase().contains(part))
    });
    let names_chat = names.iter().any(|name| {
        has_stem(
            name,
            &[
                "slack",
                "discord",
                "teams",
                "telegram",
                "pagerduty",
                "opsgenie",
                "mattermost",
                "hooks",
            ],
        )
    });
    let names_hook = names.iter().any(|name| has_stem(name, &["webhook", "alert"]))
        && has_stem(
            service,
            &["alert", "notif", "slack", "discord", "teams", "telegram"],
        );
    !is_placeholder && (names_chat || names_hook)
}

/// Whether a message speaks of trouble: by the condition of the call, its words, or the names of who calls it.
fn is_about_trouble(basis: &Basis<'_>, site: Site<'_>) -> bool {
    const STEMS: &[&str] = &[
        "fail",
        "error",
        "drift",
        "alert",
        "threshold",
        "degrad",
        "anomal",
        "exception",
        "alarm",
        "warn",
        "critical",
        "outage",
        "violat",
        "retrain",
        "drop",
        "below",
        "exceed",
        "unhealthy",
        "incident",
    ];
    let codebase = &basis.codebase;
    let scope = &codebase.file(site.file).code.scopes[site.call.scope as usize];
    after_failure(codebase, site)
        || has_stem(&scope.qualified, STEMS)
        || arguments(codebase, site).iter().any(|text| has_stem(text, STEMS))
        || conditions(codebase, site).into_iter().any(|condition| {
            mentions(codebase, site.file, condition)
                .iter()
                .any(|name| has_stem(name, STEMS))
        })
        || strings_of(codebase, site.file, site.call.scope)
            .iter()
            .any(|text| has_stem(text, STEMS))
        || callers_speak_of(codebase, codebase.node_of(site), STEMS)
}

/// Whether the calls that lead to a function speak of trouble, or stand where something failed.
fn callers_speak_of(codebase: &Codebase, node: Node, stems: &[&str]) -> bool {
    codebase.calls().any(|site| {
        codebase
            .callee(site)
            .is_some_and(|callee| Node::definition(callee.file, callee.scope) == node)
            && (after_failure(codebase, site)
                || arguments(codebase, site).iter().any(|text| has_stem(text, stems))
                || conditions(codebase, site).into_iter().any(|condition| {
                    mentions(codebase, site.file, condition)
                        .iter()
                        .any(|name| has_stem(name, stems))
                }))
    })
}

/// Whether a call stands in a loop that waits: a job that runs on and on.
fn is_looping(codebase: &Codebase, site: Site<'_>) -> bool {
    let code = &codebase.file(site.file).code;
    codebase
        .calls_of(site.file)
        .any(|call| codebase.target(call) == "time.sleep" && code.in_loop(call.call.block))
}

/// Runners that run what production consists of.
fn runs_in_production(runner: &Runner) -> bool {
    runner.dead.is_none()
        && match runner.kind {
            RunnerKind::Ci(_) | RunnerKind::Platform(_) => runner.is_automatic(),
            RunnerKind::Orchestrator(_) | RunnerKind::Compose | RunnerKind::Image => true,
            _ => false,
        }
}

/// Whether a callback reaches something that sends a message.
fn notifies(basis: &Basis<'_>, file: u32, scope: u32, value: &Expr) -> bool {
    let codebase = &basis.codebase;
    let named = match value {
        Expr::Name(name) => Some(name),
        Expr::Call(call) => codebase
            .file(file)
            .code
            .calls
            .get(*call as usize)
            .map(|call| &call.target),
        Expr::List(items) => return items.iter().any(|item| notifies(basis, file, scope, item)),
        _ => None,
    };
    let Some(name) = named else { return false };
    match codebase.resolve(file, name, scope) {
        Resolved::Definition(definition) => {
            let reached: Reached =
                codebase.reach_calls([Node::definition(definition.file, definition.scope)]);
            let files: BTreeSet<u32> = reached.files().collect();
            files
                .iter()
                .flat_map(|file| codebase.calls_of(*file))
                .any(|site| {
                    reached.contains(codebase.node_of(site))
                        && (basis.uses.has(site.file, site.index, Role::Alert)
                            || posts_to_chat(basis, site)
                            || site.call.method() == "send_email")
                })
        }
        Resolved::External(path) => has_stem(
            &path,
            &[
                "slack",
                "notif",
                "email",
                "mail",
                "pagerduty",
                "opsgenie",
                "discord",
                "teams",
                "telegram",
            ],
        ),
        _ => has_stem(&name.path, &["slack", "notif", "email", "alert"]),
    }
}
