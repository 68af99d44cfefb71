//! Commands and pipelines that source files start themselves.

use std::cell::{LazyCell, OnceCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::shell::{self, Script};

use super::expand::{DEPTH, Expansion, MOST, Start, extended};
use super::{Invocation, Target, orchestrators};
use crate::extract::codebase::{Codebase, FileIndex, Site};

/// A call that starts a process or a pipeline.
pub(super) struct Launch<'a> {
    site: Site<'a>,
    /// The command that it starts, once it is followed; many scripts may reach the call.
    script: OnceCell<Option<Script>>,
}

impl Expansion<'_> {
    /// Commands that a source file starts itself: `subprocess.run(["python", "train.py"])`, `os.system("dvc repro")`.
    pub(super) fn follow_subprocesses(&self, position: usize, start: &Start, found: &mut Vec<Invocation>) {
        let Target::Source(file, nodes) = &found[position].target else {
            return;
        };
        if start.via.len() >= DEPTH {
            return;
        }
        let codebase = self.context.codebase;
        let (file, reached) = (*file, self.memory.reached(codebase, *file, nodes));
        // Most files start nothing.
        let via = LazyCell::new(|| extended(&start.via, &codebase.file(file).path));
        for (file, launches) in self.launching.iter().filter(|(file, _)| reached.touches(**file)) {
            let file = *file;
            for launch in launches {
                let site = launch.site;
                if found.len() >= MOST {
                    return;
                }
                if !reached.contains(codebase.node_of(site)) {
                    continue;
                }
                let inner = Start {
                    path: codebase.file(file).path.clone(),
                    place: site.call.place,
                    via: Arc::clone(&via),
                    ..start.clone()
                };
                if via
                    .iter()
                    .filter(|step| **step == codebase.file(file).path)
                    .count()
                    > 1
                {
                    continue;
                }
                if orchestrators::starts_pipeline(codebase.target(site)) {
                    found.extend(orchestrators::started_by(self.context, self, site, &inner));
                    continue;
                }
                let script = launch.script.get_or_init(|| {
                    let text = self.command_of(file, site.call.scope, site.call.positional(0))?;
                    Some(shell::read_with(&text, true))
                });
                let Some(script) = script else {
                    continue;
                };
                for mut invocation in self.script(script, &inner) {
                    invocation.place = site.call.place;
                    found.push(invocation);
                }
            }
            for line in &codebase.file(file).code.shell_lines {
                let inner = Start {
                    path: codebase.file(file).path.clone(),
                    place: line.place,
                    via: Arc::clone(&via),
                    ..start.clone()
                };
                for mut invocation in self.text(&line.text, true, &inner) {
                    invocation.place = line.place;
                    found.push(invocation);
                }
            }
        }
    }

    /// The command line that an argument of `subprocess.run` and its like holds.
    fn command_of(&self, file: FileIndex, scope: u32, argument: Option<&Expr>) -> Option<String> {
        let (file, value) = self.context.codebase.value(file, scope, argument?);
        let word = |expr: &Expr| match self.context.codebase.value(file, scope, expr).1 {
            Expr::String(text) | Expr::Format(text, _) => text.to_string(),
            Expr::Name(name) if name.path == "sys.executable" => "python".to_owned(),
            Expr::Number(number) => number.to_string(),
            _ => "$X".to_owned(),
        };
        match value {
            Expr::String(text) | Expr::Format(text, _) => Some(text.replace("{}", "$X")),
            Expr::List(items) => {
                let words: Vec<String> = items.iter().map(|item| quoted(&word(item))).collect();
                Some(words.join(" "))
            }
            _ => None,
        }
    }
}

fn quoted(word: &str) -> String {
    let plain = word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./=:@,+$".contains(&byte));
    if plain && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', ""))
    }
}

/// The source files that start processes or pipelines, or hold shell lines.
pub(super) fn launching(codebase: &Codebase) -> BTreeMap<FileIndex, Vec<Launch<'_>>> {
    let mut launching: BTreeMap<FileIndex, Vec<Launch<'_>>> = (0..)
        .zip(&codebase.files)
        .filter(|(_, file)| !file.code.shell_lines.is_empty())
        .map(|(file, _)| (file, Vec::new()))
        .collect();
    let starts = |target: &str| starts_process(target) || orchestrators::starts_pipeline(target);
    for site in codebase.calls_by_target(starts) {
        launching.entry(site.file).or_default().push(Launch {
            site,
            script: OnceCell::new(),
        });
    }
    launching
}

/// Calls that start a process with the command in their first argument.
fn starts_process(path: &str) -> bool {
    matches!(
        path,
        "subprocess.run"
            | "subprocess.call"
            | "subprocess.check_call"
            | "subprocess.check_output"
            | "subprocess.Popen"
            | "os.system"
            | "os.popen"
            | "invoke.run"
            | "base.system"
            | "system"
    )
}
