//! Travis CI: `.travis.yml` of the root.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Node, Value};

use super::super::expand::Start;
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::pieces::{ERREXIT, Pieces};

const SERVICE: RunnerKind = RunnerKind::Ci("Travis CI");

/// The phases in their order, and whether a failure fails the build.
const PHASES: [(&str, bool); 8] = [
    ("before_install", true),
    ("install", true),
    ("before_script", true),
    ("script", true),
    ("after_success", false),
    ("after_failure", false),
    ("after_script", false),
    ("before_deploy", true),
];

/// Reads the configuration.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in context.documents.all_data() {
        let Some(folder) = file.path.strip_suffix(".travis.yml") else {
            continue;
        };
        let Some(config) = data.documents.first() else {
            continue;
        };
        let dead = (!folder.is_empty())
            .then(|| "the .travis.yml stands in a sub-folder, where nothing reads it".to_owned());
        let jobs = ["jobs", "matrix"]
            .iter()
            .find_map(|key| config.at(&[key, "include"]))
            .map(Node::items)
            .unwrap_or_default();
        let reader = Reader {
            context,
            expansion,
            path: &file.path,
            config,
            dead,
        };
        let own = jobs.iter().filter(|job| job.get("script").is_some());
        let mut names: Vec<String> = Vec::new();
        for job in own {
            let name = ["name", "stage"]
                .iter()
                .find_map(|key| job.get(key))
                .map(Node::text);
            let name = name.unwrap_or_else(|| format!("job {}", names.len() + 1));
            let mut runner = reader.runner(&name, job.place, Some(job));
            runner.needs = names.last().cloned().into_iter().collect();
            names.push(name);
            runners.push(runner);
        }
        // Jobs without a script of their own run the one of the file.
        if names.is_empty() || names.len() < jobs.len() {
            let place = config.entry("script").map_or(Place::line(1), |entry| entry.place);
            runners.push(reader.runner("build", place, None));
        }
    }
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
    path: &'a str,
    config: &'a Node,
    dead: Option<String>,
}

impl<'a> Reader<'a> {
    fn setting(&self, job: Option<&'a Node>, key: &str) -> Option<&'a Node> {
        job.and_then(|job| job.get(key)).or_else(|| self.config.get(key))
    }

    fn runner(&self, name: &str, place: Place, job: Option<&'a Node>) -> Runner {
        let start = Start {
            path: self.path.to_owned(),
            place,
            ..Start::default()
        };
        let mut invocations = Vec::new();
        for (phase, counts) in PHASES {
            let Some(commands) = self.setting(job, phase) else {
                continue;
            };
            if matches!(commands.text().as_str(), "skip" | "true" | "ignore") {
                continue;
            }
            let at = Start {
                step: phase.to_owned(),
                swallowed: !counts,
                conditional: phase == "after_failure",
                ..start.clone()
            };
            // All lines of a phase run, and each failure counts.
            let mut pieces = Pieces::default();
            pieces.push_node(self.path, commands);
            invocations.extend(pieces.run(self.expansion, ERREXIT, &at));
        }
        let is_script_language = self.config.get("language").map(Node::text).as_deref() == Some("node_js");
        if is_script_language && self.setting(job, "script").is_none() {
            invocations.extend(self.expansion.text("npm test", true, &start));
        }
        self.deploy(job, &start, &mut invocations);
        Runner {
            kind: SERVICE,
            path: self.path.to_owned(),
            place,
            name: name.to_owned(),
            group: self.path.to_owned(),
            triggers: self.triggers(job, place),
            dead: self.dead.clone(),
            failure_ignored: false,
            needs: Vec::new(),
            invocations,
        }
    }

    fn deploy(&self, job: Option<&'a Node>, start: &Start, found: &mut Vec<Invocation>) {
        let Some(deploy) = self.setting(job, "deploy") else {
            return;
        };
        let all: Vec<&Node> = match &deploy.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![deploy],
        };
        for one in all {
            let Some(provider) = one.entry("provider") else {
                continue;
            };
            let at = Start {
                place: provider.place,
                step: "deploy".to_owned(),
                ..start.clone()
            };
            let name = provider.value.text();
            if name == "script" {
                let script = one.get("script").map(Node::text).unwrap_or_default();
                found.extend(self.expansion.text(&script, true, &at));
                continue;
            }
            let target = Target::Action {
                uses: name.as_str().into(),
                inputs: one
                    .entries()
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.text()))
                    .collect(),
            };
            let words = ["travis".to_owned(), "deploy".to_owned(), name.clone()];
            let mut invocation = self.expansion.invocation(&words, None, target, &at);
            invocation.matches = self.context.catalogue.action(&format!("travis/{name}")).into();
            found.push(invocation);
        }
    }

    /// Pushes and pull requests, unless a condition asks for something else.
    fn triggers(&self, job: Option<&'a Node>, place: Place) -> Vec<Trigger> {
        let condition = self.setting(job, "if");
        let text = condition.map(Node::text).unwrap_or_default();
        let place = condition.map_or(place, |condition| condition.place);
        let one = |kind| vec![Trigger { kind, place }];
        if text.contains("type = cron") || text.contains("type == cron") || text.contains("type IN (cron") {
            return one(TriggerKind::Schedule("a cron job of the project".to_owned()));
        }
        if text.contains("tag IS present") {
            return one(TriggerKind::Release);
        }
        if text.contains("type = pull_request") {
            return one(TriggerKind::PullRequest);
        }
        let mut found = one(TriggerKind::Push);
        if !text.contains("type = push") && !text.contains("type != pull_request") {
            found.extend(one(TriggerKind::PullRequest));
        }
        found
    }
}
