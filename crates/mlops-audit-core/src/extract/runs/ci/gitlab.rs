//! GitLab CI: `.gitlab-ci.yml` of the root, with the files that it includes.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Entry, Node, Value};

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::pieces::{Pieces, STRICT};
use super::rules::{Allowed, Condition, condition};

const SERVICE: RunnerKind = RunnerKind::Ci("GitLab CI");

/// Deepest nesting of `include` and `extends` that is followed.
const DEPTH: usize = 8;

/// Keys of the top level that are no jobs.
const GLOBAL: [&str; 13] = [
    "after_script",
    "before_script",
    "cache",
    "default",
    "image",
    "include",
    "pages:deploy",
    "services",
    "spec",
    "stages",
    "types",
    "variables",
    "workflow",
];

/// Reads all pipelines.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, _) in context.documents.all_data() {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if name != ".gitlab-ci.yml" {
            continue;
        }
        let dead = (!folder.is_empty())
            .then(|| "the .gitlab-ci.yml stands in a sub-folder, where GitLab does not read it".to_owned());
        let mut pipeline = Pipeline {
            context,
            expansion,
            folder: folder.to_owned(),
            group: file.path.clone(),
            entries: Vec::new(),
            files: Vec::new(),
        };
        pipeline.include(&file.path, 0);
        pipeline.jobs(dead.as_ref(), runners);
    }
}

/// The definitions of a pipeline, those of included files before those of the file that includes them.
struct Pipeline<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
    folder: String,
    group: String,
    entries: Vec<(String, &'a Entry)>,
    files: Vec<String>,
}

impl<'a> Pipeline<'a> {
    fn include(&mut self, path: &str, depth: usize) {
        if depth > DEPTH || self.files.iter().any(|known| known == path) {
            return;
        }
        let Some(data) = self.context.documents.data(path) else {
            return;
        };
        self.files.push(path.to_owned());
        for document in &data.documents {
            let included: Vec<String> = document
                .get("include")
                .map(|include| self.local_files(include))
                .unwrap_or_default();
            for file in included {
                self.include(&file, depth + 1);
            }
            self.entries
                .extend(document.entries().iter().map(|entry| (path.to_owned(), entry)));
        }
    }

    /// The files of this repository that `include` names.
    fn local_files(&self, include: &Node) -> Vec<String> {
        let mut found = Vec::new();
        let nodes: Vec<&Node> = match &include.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![include],
        };
        for node in nodes {
            let name = node.get("local").unwrap_or(node).text();
            if name.is_empty() || name.contains("://") {
                continue;
            }
            let path = joined(&self.folder, name.trim_start_matches('/'));
            match path.split_once('*') {
                None => found.push(path),
                Some((before, after)) => {
                    let ending = after.trim_start_matches(['*', '/']);
                    found.extend(
                        self.context
                            .documents
                            .all_data()
                            .map(|(file, _)| &file.path)
                            .filter(|path| path.starts_with(before) && path.ends_with(ending))
                            .cloned(),
                    );
                }
            }
        }
        found
    }

    /// The last definition of a key at the top level.
    fn global(&self, key: &str) -> Option<(&str, &'a Entry)> {
        let (path, entry) = self.entries.iter().rev().find(|(_, entry)| entry.key == key)?;
        Some((path, entry))
    }

    /// A key of a job, or of what it extends.
    fn of_job(&self, job: (&str, &'a Entry), key: &str, depth: usize) -> Option<(String, &'a Entry)> {
        if let Some(found) = job.1.value.entry(key) {
            return Some((job.0.to_owned(), found));
        }
        if depth > DEPTH {
            return None;
        }
        let parents = job.1.value.get("extends").map(names).unwrap_or_default();
        parents.iter().rev().find_map(|parent| {
            let (path, entry) = self.global(parent)?;
            self.of_job((path, entry), key, depth + 1)
        })
    }

    /// A key of a job, of `default`, or of the top level.
    fn effective(&self, job: (&str, &'a Entry), key: &str) -> Option<(String, &'a Entry)> {
        self.of_job(job, key, 0)
            .or_else(|| {
                let (path, default) = self.global("default")?;
                Some((path.to_owned(), default.value.entry(key)?))
            })
            .or_else(|| self.global(key).map(|(path, entry)| (path.to_owned(), entry)))
    }

    /// Adds the commands of a script, references and lists of lists resolved.
    fn commands(&self, path: &str, node: &'a Node, pieces: &mut Pieces, depth: usize) {
        if depth > DEPTH {
            return;
        }
        let Value::List(items) = &node.value else {
            return pieces.push_node(path, node);
        };
        // `!reference [.setup, script]` is read as the list behind the tag.
        if let [job, key] = items.as_slice()
            && let Some((other, entry)) = self.global(&job.text())
        {
            let key = key.text();
            if let Some((other, found)) = self.of_job((other, entry), &key, 0) {
                return self.commands(&other, &found.value, pieces, depth + 1);
            }
        }
        for item in items {
            self.commands(path, item, pieces, depth + 1);
        }
    }

    fn jobs(&self, dead: Option<&String>, runners: &mut Vec<Runner>) {
        let allowed = self.allowed();
        let mut found: Vec<(Runner, String)> = Vec::new();
        for (path, entry) in &self.entries {
            let job = (path.as_str(), *entry);
            let is_job = !entry.key.starts_with('.')
                && !GLOBAL.contains(&entry.key.as_str())
                && ["script", "trigger", "run", "release"]
                    .iter()
                    .any(|key| self.of_job(job, key, 0).is_some());
            let is_overridden = self
                .global(&entry.key)
                .is_some_and(|(_, last)| !std::ptr::eq(last, *entry));
            if is_job && !is_overridden {
                let stage = self
                    .of_job(job, "stage", 0)
                    .map_or_else(|| "test".to_owned(), |(_, entry)| entry.value.text());
                found.push((self.job(job, &stage, &allowed, dead), stage));
            }
        }
        self.order(&mut found);
        runners.extend(found.into_iter().map(|(runner, _)| runner));
    }

    /// A job without `needs` waits for the jobs of the stage before its own.
    fn order(&self, jobs: &mut [(Runner, String)]) {
        let stages: Vec<String> = match self.global("stages") {
            Some((_, stages)) => names(&stages.value),
            None => ["build", "test", "deploy"].map(str::to_owned).to_vec(),
        };
        let by_stage: Vec<(usize, String)> = jobs
            .iter()
            .map(|(runner, stage)| {
                let at = stages.iter().position(|known| known == stage);
                (at.unwrap_or(usize::MAX), runner.name.clone())
            })
            .collect();
        for ((runner, _), (own, _)) in jobs.iter_mut().zip(&by_stage) {
            let before = by_stage.iter().map(|(at, _)| *at).filter(|at| at < own).max();
            if runner.needs.is_empty() && before.is_some() {
                runner.needs = by_stage
                    .iter()
                    .filter(|(at, _)| Some(*at) == before)
                    .map(|(_, name)| name.clone())
                    .collect();
            }
        }
    }

    fn job(&self, job: (&str, &'a Entry), stage: &str, allowed: &Allowed, dead: Option<&String>) -> Runner {
        let when = self
            .of_job(job, "when", 0)
            .map(|(_, entry)| entry.value.text())
            .unwrap_or_default();
        let triggers = self.triggers(job, &when, allowed);
        let never = triggers.is_empty().then(|| {
            let rule = if when == "never" {
                "'when: never'"
            } else {
                "its rules"
            };
            format!("the job is switched off by {rule}")
        });
        let mut runner = Runner {
            kind: SERVICE,
            path: job.0.to_owned(),
            place: job.1.place,
            name: job.1.key.clone(),
            group: self.group.clone(),
            triggers,
            dead: dead.cloned().or(never),
            failure_ignored: self
                .of_job(job, "allow_failure", 0)
                .is_some_and(|(_, entry)| entry.value.as_bool() == Some(true)),
            needs: self
                .of_job(job, "needs", 0)
                .or_else(|| self.of_job(job, "dependencies", 0))
                .map(|(_, entry)| needed(&entry.value))
                .unwrap_or_default(),
            invocations: Vec::new(),
        };
        let start = Start {
            path: job.0.to_owned(),
            place: job.1.place,
            directory: self.folder.clone(),
            step: stage.to_owned(),
            swallowed: runner.failure_ignored,
            conditional: when == "on_failure",
            environment: self.variables(job),
            ..Start::default()
        };
        runner.invocations = self.invocations(job, &start);
        runner
    }

    fn invocations(&self, job: (&str, &'a Entry), start: &Start) -> Vec<Invocation> {
        let mut pieces = Pieces::default();
        for key in ["before_script", "script"] {
            let found = match key {
                "script" => self.of_job(job, key, 0),
                _ => self.effective(job, key),
            };
            if let Some((path, entry)) = found {
                self.commands(&path, &entry.value, &mut pieces, 0);
            }
        }
        let mut found = pieces.run(self.expansion, STRICT, start);
        let mut after = Pieces::default();
        if let Some((path, entry)) = self.effective(job, "after_script") {
            self.commands(&path, &entry.value, &mut after, 0);
            let start = Start {
                swallowed: true,
                ..start.clone()
            };
            found.extend(after.run(self.expansion, STRICT, &start));
        }
        for key in ["trigger", "release"] {
            if let Some((path, entry)) = self.of_job(job, key, 0) {
                let uses = format!("gitlab {key}");
                let at = Start {
                    path,
                    place: entry.place,
                    ..start.clone()
                };
                let inputs = entry.value.entries().iter();
                let target = Target::Action {
                    uses: uses.as_str().into(),
                    inputs: inputs
                        .map(|input| (input.key.clone(), input.value.text()))
                        .collect(),
                };
                let words = match key {
                    "release" => vec!["release-cli".to_owned(), "create".to_owned()],
                    _ => vec![uses],
                };
                found.push(self.expansion.invocation(&words, None, target, &at));
            }
        }
        found
    }

    /// The variables of the top level and of the job, as far as their values are written out.
    fn variables(&self, job: (&str, &'a Entry)) -> Vec<(String, String)> {
        let global = self.global("variables").map(|(_, entry)| entry);
        let own = self.of_job(job, "variables", 0).map(|(_, entry)| entry);
        global
            .into_iter()
            .chain(own)
            .flat_map(|entry| entry.value.entries())
            .map(|entry| {
                let value = entry.value.get("value").unwrap_or(&entry.value);
                (entry.key.clone(), value.text())
            })
            .collect()
    }

    /// What the pipeline as a whole runs for.
    fn allowed(&self) -> Allowed {
        let rules = self
            .global("workflow")
            .and_then(|(_, workflow)| workflow.value.get("rules"));
        Allowed::new(rules)
    }

    fn triggers(&self, job: (&str, &'a Entry), when: &str, allowed: &Allowed) -> Vec<Trigger> {
        let place = job.1.place;
        if when == "never" {
            return Vec::new();
        }
        let rules = self.of_job(job, "rules", 0);
        let mut triggers = match (&rules, self.of_job(job, "only", 0)) {
            (Some((_, rules)), _) => self.by_rules(rules, allowed, job),
            (None, Some((_, only))) => by_only(only),
            (None, None) => allowed.triggers(place),
        };
        if rules.is_none() {
            if let Some((_, except)) = self.of_job(job, "except", 0) {
                remove(&mut triggers, &except.value);
            }
            if when == "manual" {
                let kind = TriggerKind::Person;
                triggers = vec![Trigger { kind, place }];
            }
        }
        triggers
    }

    fn by_rules(&self, rules: &'a Entry, allowed: &Allowed, job: (&str, &'a Entry)) -> Vec<Trigger> {
        let variables = self.variables(job);
        let mut triggers: Vec<Trigger> = Vec::new();
        let mut refused: Vec<TriggerKind> = Vec::new();
        let mut all = Vec::new();
        self.flatten(&rules.value, 0, &mut all);
        for rule in all {
            let text = rule.get("if").map(Node::text).unwrap_or_default();
            let found = condition(&text, &variables);
            let kinds: Vec<TriggerKind> = match found {
                Condition::Always => allowed.kinds(),
                Condition::Events(kinds) => kinds.into_iter().filter(|kind| allowed.allows(kind)).collect(),
                Condition::Off => vec![TriggerKind::Person],
            };
            let place = rule.entry("if").map_or(rule.place, |entry| entry.place);
            match rule.get("when").map(Node::text).as_deref() {
                Some("never") => {
                    if text.is_empty() {
                        break;
                    }
                    refused.extend(kinds);
                }
                Some("manual") => add(&mut triggers, TriggerKind::Person, place),
                _ => {
                    for kind in kinds.into_iter().filter(|kind| !refused.contains(kind)) {
                        add(&mut triggers, kind, place);
                    }
                }
            }
        }
        triggers
    }

    /// The rules of a list, those behind `!reference` among them.
    fn flatten(&self, node: &'a Node, depth: usize, found: &mut Vec<&'a Node>) {
        if depth > DEPTH {
            return;
        }
        if let [job, key] = node.items()
            && let Some((path, entry)) = self.global(&job.text())
            && let Some((_, rules)) = self.of_job((path, entry), &key.text(), 0)
        {
            return self.flatten(&rules.value, depth + 1, found);
        }
        for item in node.items() {
            match &item.value {
                Value::List(_) => self.flatten(item, depth + 1, found),
                _ => found.push(item),
            }
        }
    }
}

fn add(triggers: &mut Vec<Trigger>, kind: TriggerKind, place: Place) {
    if !triggers.iter().any(|trigger| trigger.kind == kind) {
        triggers.push(Trigger { kind, place });
    }
}

fn names(node: &Node) -> Vec<String> {
    node.one_or_many().into_iter().map(Node::text).collect()
}

fn needed(node: &Node) -> Vec<String> {
    let name = |node: &Node| match node.get("job") {
        Some(job) => job.text(),
        None => node.text(),
    };
    node.items()
        .iter()
        .map(name)
        .filter(|name| !name.is_empty())
        .collect()
}

/// What a reference of `only` or `except` stands for.
fn reference(name: &str) -> TriggerKind {
    match name {
        "merge_requests" | "external_pull_requests" => TriggerKind::PullRequest,
        "tags" => TriggerKind::Release,
        "schedules" => super::rules::schedule(),
        "web" | "api" | "triggers" | "chat" => TriggerKind::Person,
        "pipelines" => TriggerKind::Upstream(String::new()),
        _ => TriggerKind::Push,
    }
}

fn by_only(only: &Entry) -> Vec<Trigger> {
    let refs = only.value.get("refs").unwrap_or(&only.value);
    let mut triggers = Vec::new();
    for node in refs.one_or_many() {
        add(&mut triggers, reference(&node.text()), node.place);
    }
    if triggers.is_empty() {
        add(&mut triggers, TriggerKind::Push, only.place);
    }
    triggers
}

fn remove(triggers: &mut Vec<Trigger>, except: &Node) {
    let refs = except.get("refs").unwrap_or(except);
    for name in names(refs) {
        // A branch that is left out leaves the others in.
        let kind = match name.as_str() {
            "branches" => TriggerKind::Push,
            _ => reference(&name),
        };
        if kind != TriggerKind::Push || name == "branches" {
            triggers.retain(|trigger| trigger.kind != kind);
        }
    }
}
