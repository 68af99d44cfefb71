//! Databricks: jobs of asset bundles (`databricks.yml` and what it includes) and job definitions as JSON.

use mlops_audit_formats::data::Node;

use super::super::expand::{Start, joined};
use super::super::{Invocation, Runner, RunnerKind, Target, TriggerKind};
use super::reader::{Reader, trigger};

/// Task types of which one makes a list of tasks one of a job.
const TASKS: &[&str] = &[
    "notebook_task",
    "spark_python_task",
    "python_wheel_task",
    "pipeline_task",
    "run_job_task",
    "sql_task",
    "dbt_task",
];

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in reader.context.documents.all_data() {
        for root in &data.documents {
            let bundles = [
                root.at(&["resources", "jobs"]),
                root.at(&["resource", "databricks_job"]),
            ];
            for job in bundles.into_iter().flatten().flat_map(Node::entries) {
                runners.push(runner(reader, &file.path, &job.key, &job.value));
            }
            let settings = root.get("settings").unwrap_or(root);
            if tasks(settings)
                .iter()
                .any(|task| TASKS.iter().any(|kind| task.get(kind).is_some()))
                && root.get("resources").is_none()
            {
                let name = settings.get("name").and_then(Node::as_str).unwrap_or(&file.path);
                runners.push(runner(reader, &file.path, name, settings));
            }
        }
    }
}

/// The tasks of a job: a list, or the blocks of Terraform.
fn tasks(job: &Node) -> Vec<&Node> {
    let mut found: Vec<&Node> = job
        .get("tasks")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .collect();
    found.extend(
        job.entries()
            .iter()
            .filter(|entry| entry.key == "task")
            .map(|entry| &entry.value),
    );
    if found.is_empty() && TASKS.iter().any(|kind| job.get(kind).is_some()) {
        found.push(job);
    }
    found
}

fn runner(reader: &Reader<'_>, path: &str, name: &str, job: &Node) -> Runner {
    let title = job.get("name").and_then(Node::as_str).unwrap_or(name);
    let kind = RunnerKind::Orchestrator("databricks".to_owned());
    let mut runner = reader.runner(kind, path, job.place, title);
    schedule(job, &mut runner);
    for task in tasks(job) {
        let step = task.get("task_key").and_then(Node::as_str).unwrap_or(name);
        runner.invocations.extend(run(reader, path, task, step));
    }
    runner
}

fn schedule(job: &Node, runner: &mut Runner) {
    for key in ["schedule", "trigger", "continuous"] {
        let Some(entry) = job.entry(key) else { continue };
        let is_paused = entry
            .value
            .get("pause_status")
            .is_some_and(|status| status.text().eq_ignore_ascii_case("paused"));
        let cron = entry.value.get("quartz_cron_expression").map(Node::text);
        let kind = match (is_paused, cron, key) {
            (true, ..) => TriggerKind::Person,
            (false, Some(cron), _) => TriggerKind::Schedule(cron),
            (false, None, "continuous") => TriggerKind::Schedule("continuous".to_owned()),
            (false, None, "trigger") => match entry.value.get("periodic") {
                Some(period) => {
                    let text = |key| period.get(key).map(Node::text).unwrap_or_default();
                    TriggerKind::Schedule(format!("every {} {}", text("interval"), text("unit")))
                }
                None => {
                    let mut names = entry.value.entries().iter().map(|entry| entry.key.as_str());
                    let name = names.rfind(|name| *name != "pause_status").unwrap_or("trigger");
                    TriggerKind::Event(name.replace('_', " "))
                }
            },
            _ => continue,
        };
        runner.triggers.push(trigger(kind, entry.place));
    }
}

fn run(reader: &Reader<'_>, path: &str, task: &Node, step: &str) -> Vec<Invocation> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let entry = TASKS.iter().find_map(|kind| task.entry(kind));
    let start = Start {
        path: path.to_owned(),
        place: entry.map_or(task.place, |entry| entry.place),
        step: step.to_owned(),
        ..Start::default()
    };
    if let Some(inner) = task.at(&["for_each_task", "task"]) {
        return run(reader, path, inner, step);
    }
    let Some(entry) = entry else { return Vec::new() };
    let tool = |what: String| vec![reader.expansion.invocation(&[what], None, Target::Tool, &start)];
    let script = entry
        .value
        .get("notebook_path")
        .or_else(|| entry.value.get("python_file"))
        .map(Node::text);
    if let Some(script) = script {
        // Variables of the bundle stand for the folder that it is deployed to.
        let plain = script.rsplit('}').next().unwrap_or(&script).to_owned();
        let is_remote = plain.contains("://")
            || plain.starts_with("/Workspace")
            || plain.starts_with("/Repos")
            || plain.starts_with("/Users");
        let found = ["", ".py", ".ipynb", ".r", ".R", ".sql", ".scala"]
            .iter()
            .find_map(|ending| {
                let named = format!("{plain}{ending}");
                [joined(folder, &named), joined("", &named)]
                    .into_iter()
                    .find(|place| reader.context.listing.file(place).is_some())
            });
        let found = found.or_else(|| {
            let ending = [format!("{plain}.py"), format!("{plain}.ipynb"), plain.clone()];
            let file = ending.iter().find_map(|ending| reader.by_ending(ending))?;
            Some(reader.path(file).to_owned())
        });
        return match found {
            Some(found) => reader.script_step(&start, &found, ""),
            None if is_remote => tool(script),
            None => vec![reader.expansion.invocation(
                std::slice::from_ref(&script),
                None,
                Target::Missing(script.clone()),
                &start,
            )],
        };
    }
    if let Some(name) = entry.value.get("entry_point").map(Node::text) {
        return reader.commands(&name, &start);
    }
    tool(entry.key.clone())
}
