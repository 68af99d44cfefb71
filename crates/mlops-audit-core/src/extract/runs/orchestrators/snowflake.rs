//! Snowflake: `CREATE TASK … SCHEDULE = …`, which runs only once `ALTER TASK … RESUME` has started it.

use std::sync::LazyLock;

use mlops_audit_formats::dotted::last_segment;
use mlops_audit_formats::{LineIndex, Place};
use regex::Regex;

use super::super::expand::Start;
use super::super::{Runner, RunnerKind, Target, TriggerKind};
use super::reader::{Reader, trigger};
use super::scheduler::function_named;
use crate::read::Document;

static TASK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?is)\bcreate\s+(?:or\s+replace\s+)?task\s+(?:if\s+not\s+exists\s+)?([\w.$]+)(.*?)\bas\b\s*([^;]*)",
    )
    .ok()
});
static RESUMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?is)\balter\s+task\s+(?:if\s+exists\s+)?([\w.$]+)\s+resume|task_dependents_enable\s*\(\s*'([\w.$]+)'").ok()
});
static SCHEDULE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?is)\bschedule\s*=\s*'([^']*)'").ok());
static CALLED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?is)\bcall\s+([\w.$]+)").ok());

/// A statement without its comments, which stay as blanks.
fn uncommented(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.find("--") {
            Some(at) => {
                let (code, comment) = line.split_at(at);
                let blanks: String = comment
                    .bytes()
                    .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
                    .collect();
                format!("{code}{blanks}")
            }
            None => line.to_owned(),
        })
        .collect()
}

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let texts: Vec<(&str, String)> = reader
        .context
        .documents
        .files
        .iter()
        .filter_map(|file| match &file.document {
            Document::Text(text) if file.path.to_ascii_lowercase().ends_with(".sql") => {
                Some((file.path.as_str(), uncommented(text)))
            }
            _ => None,
        })
        .collect();
    // The patterns take as long to compile as a small repository to be read.
    if texts.is_empty() {
        return;
    }
    let (Some(task), Some(resume), Some(schedule), Some(call)) = (&*TASK, &*RESUMED, &*SCHEDULE, &*CALLED)
    else {
        return;
    };
    let last = |name: &str| last_segment(name).to_ascii_lowercase();
    let resumed: Vec<String> = texts
        .iter()
        .flat_map(|(_, text)| resume.captures_iter(text))
        .filter_map(|found| found.get(1).or_else(|| found.get(2)))
        .map(|name| last(name.as_str()))
        .collect();
    for (path, text) in &texts {
        let lines = LineIndex::new(text);
        for found in task.captures_iter(text) {
            let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else {
                continue;
            };
            let options = found.get(2).map_or("", |options| options.as_str());
            let body = found.get(3).map_or("", |body| body.as_str()).trim();
            let place = Place::line(lines.line(u32::try_from(whole.start()).unwrap_or(u32::MAX)));
            let mut runner =
                reader.runner(RunnerKind::Platform("Snowflake task"), path, place, name.as_str());
            let time = schedule.captures(options).and_then(|time| time.get(1));
            let is_stream = options.to_ascii_lowercase().contains("system$stream_has_data");
            let kind = match time {
                Some(time) => Some(TriggerKind::Schedule(time.as_str().to_owned())),
                None => is_stream.then(|| TriggerKind::Event("new data in a stream".to_owned())),
            };
            if let Some(kind) = kind {
                let kind = if resumed.contains(&last(name.as_str())) {
                    kind
                } else {
                    TriggerKind::Person
                };
                runner.triggers.push(trigger(kind, place));
            }
            let start = Start {
                path: (*path).to_owned(),
                place,
                step: name.as_str().to_owned(),
                ..Start::default()
            };
            let procedure = call.captures(body).and_then(|called| called.get(1));
            let function = procedure.and_then(|procedure| function_named(reader, procedure.as_str()));
            match function {
                Some(function) => runner.invocations.extend(reader.function_step(&start, function)),
                None => {
                    let words: Vec<String> = body.split_whitespace().take(40).map(str::to_owned).collect();
                    runner
                        .invocations
                        .push(reader.expansion.invocation(&words, None, Target::Tool, &start));
                }
            }
            runners.push(runner);
        }
    }
}
