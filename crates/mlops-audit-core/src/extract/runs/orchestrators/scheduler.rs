//! Schedulers inside a program: APScheduler, `schedule`, Celery beat, Modal; and crontabs and timers beside it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Expr;
use mlops_audit_formats::dotted::{first_segment, last_segment};

use super::super::expand::Start;
use super::super::{Runner, RunnerKind, Trigger, TriggerKind};
use super::reader::{DEPTH, Reader, trigger};
use crate::extract::codebase::{Definition, Node, Reached, Site};
use crate::read::Document;

const KIND: RunnerKind = RunnerKind::Platform("scheduler");

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let scheduled = Scheduled {
        reader,
        live: OnceCell::new(),
    };
    scheduled.jobs(runners);
    scheduled.decorated(runners);
    scheduled.beat(runners);
    crontabs(reader, runners);
    timers(reader, runners);
}

/// All code that some file reaches when it is run or imported.
fn live_code(reader: &Reader<'_>) -> Reached {
    let files = 0..u32::try_from(reader.codebase().files.len()).unwrap_or(u32::MAX);
    reader
        .codebase()
        .reach(files.flat_map(|file| [Node::module(file), Node::main(file)]))
}

struct Scheduled<'r, 'a> {
    reader: &'r Reader<'a>,
    /// What runs, once a schedule is found.
    live: OnceCell<Reached>,
}

impl<'a> Scheduled<'_, 'a> {
    fn push(&self, site: Site<'a>, function: Definition, triggers: Vec<Trigger>, runners: &mut Vec<Runner>) {
        let reader = self.reader;
        let name = reader.codebase().scope(function).name.clone();
        let mut runner = reader.runner(KIND, reader.path(site.file), site.call.place, &name);
        runner.triggers = triggers;
        let live = self.live.get_or_init(|| live_code(reader));
        if !live.contains(reader.codebase().node_of(site)) {
            runner.dead = Some("nothing calls the function that makes the schedule".to_owned());
        }
        let start = reader.start(site.file, site.call.place, &name);
        runner.invocations = reader.function_step(&start, function);
        runners.push(runner);
    }

    /// `scheduler.add_job(f, "cron", …)`, `schedule.every().day.do(f)`, `sender.add_periodic_task(…, f.s())`.
    fn jobs(&self, runners: &mut Vec<Runner>) {
        let reader = self.reader;
        let may_schedule = |method: &str| matches!(method, "add_job" | "do" | "add_periodic_task");
        let mut of_file = None;
        let mut imported = BTreeSet::new();
        for site in reader.codebase().calls_by_method(may_schedule) {
            let file = site.file;
            let source = reader.codebase().file(file);
            if source.is_test {
                continue;
            }
            if of_file.replace(file) != Some(file) {
                let modules = source
                    .code
                    .imports
                    .iter()
                    .map(|import| first_segment(&import.module));
                imported = modules.collect();
            }
            let imports = |root: &str| imported.contains(root);
            let (function, text) = match site.call.method() {
                "add_job" if imports("apscheduler") || imports("flask_apscheduler") => {
                    let times = site.call.arguments.iter().skip(1).filter(|argument| {
                        !matches!(
                            argument.name.as_deref(),
                            Some("id" | "name" | "args" | "kwargs" | "func" | "replace_existing")
                        )
                    });
                    let times: Vec<String> = times
                        .map(|argument| {
                            let value = reader.written(file, site.call.scope, &argument.value);
                            argument
                                .name
                                .as_ref()
                                .map_or_else(|| value.clone(), |name| format!("{name}={value}"))
                        })
                        .collect();
                    // A job without a time runs once.
                    let text = times.join(", ");
                    let is_once =
                        text.is_empty() || text.starts_with("date") || text.contains("trigger=date");
                    (site.call.argument("func", Some(0)), (!is_once).then_some(text))
                }
                "do" if imports("schedule") && is_every(site) => {
                    (site.call.positional(0), Some(chain(reader, site, 6)))
                }
                "add_periodic_task" if imports("celery") => {
                    let text = site
                        .call
                        .positional(0)
                        .map(|expr| reader.written(file, site.call.scope, expr));
                    (site.call.positional(1), text)
                }
                _ => continue,
            };
            let function = function.and_then(|expr| reader.definition(file, site.call.scope, expr, DEPTH));
            if let Some((function, text)) = function.zip(text) {
                let new = trigger(TriggerKind::Schedule(text), site.call.place);
                self.push(site, function, vec![new], runners);
            }
        }
    }

    /// `@scheduler.scheduled_job("cron", …)`, `@app.function(schedule=modal.Cron(…))`, `@repeat_every(seconds=…)`.
    fn decorated(&self, runners: &mut Vec<Runner>) {
        let reader = self.reader;
        for package in [
            "apscheduler",
            "modal",
            "celery",
            "fastapi_utils",
            "fastapi_utilities",
            "rocketry",
            "flask_apscheduler",
        ] {
            for (path, decorated) in reader.decorated_by(package) {
                let Some(site) = decorated.call else { continue };
                let last = last_segment(path);
                let given = match last {
                    "scheduled_job" | "repeat_every" | "repeat_at" | "task"
                        if package != "celery" && package != "modal" =>
                    {
                        site.call.arguments.first().map(|argument| &argument.value)
                    }
                    "periodic_task" => site.call.keyword("run_every"),
                    "function" if package == "modal" => site.call.keyword("schedule"),
                    _ => None,
                };
                let Some(kind) = given.and_then(|expr| reader.schedule(site.file, site.call.scope, expr))
                else {
                    continue;
                };
                let new = trigger(kind, site.call.place);
                self.push(site, decorated.definition, vec![new], runners);
            }
        }
    }

    /// `app.conf.beat_schedule = {"retrain": {"task": "tasks.train", "schedule": crontab(…)}}`.
    fn beat(&self, runners: &mut Vec<Runner>) {
        let reader = self.reader;
        for (file, source) in (0u32..).zip(&reader.codebase().files) {
            for assignment in &source.code.assignments {
                let target = assignment.target.to_ascii_lowercase();
                if !target.ends_with("beat_schedule") {
                    continue;
                }
                let Expr::Dict(entries) = &assignment.value else {
                    continue;
                };
                for (_, entry) in entries {
                    let Expr::Dict(fields) = entry else { continue };
                    let field = |name: &str| {
                        fields
                            .iter()
                            .find(|(key, _)| key.as_ref().and_then(Expr::as_str) == Some(name))
                            .map(|(_, value)| value)
                    };
                    let task = field("task").and_then(|task| reader.text(file, assignment.scope, task));
                    let kind =
                        field("schedule").and_then(|time| reader.schedule(file, assignment.scope, time));
                    let Some((task, kind)) = task.zip(kind) else {
                        continue;
                    };
                    let Some(function) = function_named(reader, &task) else {
                        continue;
                    };
                    let name = reader.codebase().scope(function).name.clone();
                    let mut runner = reader.runner(KIND, &source.path, assignment.place, &name);
                    runner.triggers.push(trigger(kind, assignment.place));
                    let start = reader.start(file, assignment.place, &name);
                    runner.invocations = reader.function_step(&start, function);
                    runners.push(runner);
                }
            }
        }
    }
}

/// Whether a `do` ends a chain that `every` starts.
fn is_every(site: Site<'_>) -> bool {
    site.call.target.path.contains("every") || matches!(&site.call.callee, Expr::Attribute(..))
}

/// A chain of calls and attributes as text: `every().day.at(10:30)`.
fn chain<'a>(reader: &Reader<'a>, site: Site<'a>, depth: u32) -> String {
    fn of<'a>(reader: &Reader<'a>, site: Site<'a>, expr: &Expr, depth: u32) -> String {
        match expr {
            Expr::Attribute(inner, name) if depth > 0 => {
                format!("{}.{name}", of(reader, site, inner, depth - 1))
            }
            Expr::Call(_) if depth > 0 => {
                let Some(inner) = reader.codebase().call_of(site.file, expr) else {
                    return String::new();
                };
                let arguments: Vec<String> = inner
                    .call
                    .arguments
                    .iter()
                    .map(|argument| reader.written(site.file, inner.call.scope, &argument.value))
                    .collect();
                format!(
                    "{}({})",
                    of(reader, inner, &inner.call.callee, depth - 1),
                    arguments.join(", ")
                )
            }
            Expr::Name(name) => name.path.rsplit('.').next().unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }
    match &site.call.callee {
        Expr::Attribute(inner, _) => of(reader, site, inner, depth * 2),
        _ => "every".to_owned(),
    }
}

/// The one function of the project with the last name of a dotted path.
pub(super) fn function_named(reader: &Reader<'_>, path: &str) -> Option<Definition> {
    let name = last_segment(path);
    let mut fitting = (0u32..)
        .zip(&reader.codebase().files)
        .filter(|(_, file)| !file.is_test)
        .flat_map(|(file, source)| {
            (0u32..)
                .zip(&source.code.scopes)
                .filter(move |(_, scope)| scope.parent == 0 && scope.name.eq_ignore_ascii_case(name))
                .map(move |(scope, _)| Definition { file, scope })
        });
    let first = fitting.next().filter(|found| found.scope != 0)?;
    fitting.next().is_none().then_some(first)
}

/// Crontab files: five fields and a command a line.
fn crontabs(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for file in &reader.context.documents.files {
        let Document::Text(text) = &file.document else {
            continue;
        };
        if !file.path.to_ascii_lowercase().ends_with("crontab") {
            continue;
        }
        for (line, number) in text.lines().zip(1u32..) {
            let Some((time, command)) = cron_line(line) else {
                continue;
            };
            let place = Place::line(number);
            let mut runner = reader.runner(RunnerKind::Platform("cron"), &file.path, place, command);
            runner.triggers.push(trigger(TriggerKind::Schedule(time), place));
            let start = Start {
                path: file.path.clone(),
                place,
                step: "cron".to_owned(),
                ..Start::default()
            };
            runner.invocations = reader.commands(command, &start);
            if runner.invocations.iter().all(|step| {
                step.words
                    .first()
                    .is_none_or(|word| !word.contains(['/', '.', '-']) && step.program.is_none())
            }) {
                // The sixth field of a system's crontab is a user.
                if let Some((_, rest)) = command.split_once(char::is_whitespace) {
                    runner.invocations = reader.commands(rest, &start);
                }
            }
            runners.push(runner);
        }
    }
}

/// The time and the command of a crontab's line.
pub(super) fn cron_line(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix('@') {
        let (word, command) = rest.split_once(char::is_whitespace)?;
        let is_time = matches!(
            word,
            "hourly" | "daily" | "midnight" | "weekly" | "monthly" | "yearly" | "annually"
        );
        return is_time.then(|| (format!("@{word}"), command.trim()));
    }
    let mut rest = line;
    let mut fields = Vec::new();
    for _ in 0..5 {
        let (field, behind) = rest.split_once(char::is_whitespace)?;
        let is_field = !field.is_empty()
            && field
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"*/,-?#".contains(&byte))
            && (field.contains('*')
                || field.starts_with(|first: char| first.is_ascii_digit() || first == '?')
                || fields.len() >= 3);
        if !is_field {
            return None;
        }
        fields.push(field);
        rest = behind.trim_start();
    }
    (!rest.is_empty()).then(|| (fields.join(" "), rest))
}

/// Timers of systemd, with the service of the same name.
fn timers(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for file in &reader.context.documents.files {
        let (Document::Text(text), Some(stem)) = (&file.document, file.path.strip_suffix(".timer")) else {
            continue;
        };
        let time = text.lines().zip(1u32..).find_map(|(line, number)| {
            let (key, value) = line.trim().split_once('=')?;
            matches!(key.trim(), "OnCalendar" | "OnUnitActiveSec").then(|| (value.trim().to_owned(), number))
        });
        let service = format!("{stem}.service");
        let (Some((time, number)), Some(found)) = (time, reader.context.documents.get(&service)) else {
            continue;
        };
        let Document::Text(service_text) = &found.document else {
            continue;
        };
        let place = Place::line(number);
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let mut runner = reader.runner(RunnerKind::Platform("systemd timer"), &file.path, place, name);
        runner.triggers.push(trigger(TriggerKind::Schedule(time), place));
        for (line, number) in service_text.lines().zip(1u32..) {
            if let Some(command) = line.trim().strip_prefix("ExecStart=") {
                let start = Start {
                    path: service.clone(),
                    place: Place::line(number),
                    step: name.to_owned(),
                    ..Start::default()
                };
                runner
                    .invocations
                    .extend(reader.commands(command.trim_start_matches(['-', '@', '!', '+']), &start));
            }
        }
        runners.push(runner);
    }
}
