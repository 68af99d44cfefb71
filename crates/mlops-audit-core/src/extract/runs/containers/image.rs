//! Dockerfiles: what building them runs, and what the image runs when it is started.

use mlops_audit_formats::dockerfile::{Dockerfile, Instruction};
use mlops_audit_formats::shell::{self, Script};

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target};
use crate::read::Document;

/// Most folders of the repository that are tried for one folder of an image.
const MOST_FOLDERS: usize = 12;

/// Adds a runner for each Dockerfile.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for file in &context.documents.files {
        if !matches!(file.document, Document::Docker(_)) {
            continue;
        }
        let folder = context_of(context, &file.path);
        let Some(image) = Image::read(context, &file.path, &folder) else {
            continue;
        };
        let start = Start {
            path: file.path.clone(),
            ..Start::default()
        };
        let mut invocations = image.built(expansion, &start);
        let started = image.started(expansion, None, None, &start);
        let place = started
            .first()
            .map(|invocation| invocation.place)
            .or_else(|| image.file.stages.last().map(|stage| stage.place))
            .unwrap_or_default();
        invocations.extend(started);
        runners.push(Runner {
            kind: RunnerKind::Image,
            path: file.path.clone(),
            place,
            name: file.path.clone(),
            group: file.path.clone(),
            triggers: Vec::new(),
            dead: None,
            failure_ignored: false,
            needs: Vec::new(),
            invocations,
        });
    }
}

/// The folder that a Dockerfile is built in: its own, or one above it in which more of what it copies exists.
fn context_of(context: Context<'_>, path: &str) -> String {
    let own = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(Document::Docker(file)) = context.documents.get(path).map(|file| &file.document) else {
        return own.to_owned();
    };
    let sources: Vec<&String> = file
        .copies
        .iter()
        .filter(|copy| copy.from.is_none())
        .flat_map(|copy| &copy.sources)
        .filter(|source| !matches!(source.trim_matches(['.', '/']), "" | "*"))
        .collect();
    let existing = |folder: &str| {
        sources
            .iter()
            .filter(|source| {
                let source = source.split('*').next().unwrap_or(source);
                let path = joined(folder, source);
                context.listing.file(&path).is_some() || context.listing.has_folder(&path)
            })
            .count()
    };
    let mut best = (existing(own), own);
    let mut folder = own;
    while !folder.is_empty() {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        let count = existing(folder);
        if count > best.0 {
            best = (count, folder);
        }
    }
    best.1.to_owned()
}

/// `docker run image` without a command starts the repository's own image, where there is just one.
pub(super) fn follow_run(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    start: &Start,
) -> Option<Vec<Invocation>> {
    let mut files = context
        .documents
        .files
        .iter()
        .filter(|file| matches!(file.document, Document::Docker(_)));
    let (Some(only), None) = (files.next(), files.next()) else {
        return None;
    };
    let image = Image::read(context, &only.path, &context_of(context, &only.path))?;
    Some(image.started(expansion, None, None, start))
}

/// A Dockerfile with the folder that it is built in.
pub(super) struct Image<'a> {
    path: String,
    file: &'a Dockerfile,
    /// The folder of the repository that it is built in.
    folder: String,
    /// Folders and files of the repository and where the last stage has them.
    copied: Vec<(String, String)>,
    /// The stages that the last one is built on, itself included.
    stages: Vec<u32>,
}

impl<'a> Image<'a> {
    /// Reads a Dockerfile that is built in `folder`.
    pub(super) fn read(context: Context<'a>, path: &str, folder: &str) -> Option<Self> {
        let Document::Docker(file) = &context.documents.get(path)?.document else {
            return None;
        };
        let mut image = Self {
            path: path.to_owned(),
            file,
            folder: folder.to_owned(),
            copied: Vec::new(),
            stages: lineage(file),
        };
        image.copied = image.copies(context);
        Some(image)
    }

    /// Where the sources of `COPY` end up.
    fn copies(&self, context: Context<'_>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for copy in &self.file.copies {
            // What is copied from an earlier stage came from the repository into that one.
            if copy.from.is_some() {
                continue;
            }
            let workdir = self.workdir_at(copy.stage, copy.place.line);
            let into = joined(&workdir, copy.target.trim_end_matches('/'));
            for source in &copy.sources {
                let source_path = joined(&self.folder, source.split('*').next().unwrap_or(source));
                let is_folder = source_path.is_empty() || context.listing.has_folder(&source_path);
                let name = source_path.rsplit('/').next().unwrap_or_default().to_owned();
                let target = if is_folder {
                    into.clone()
                } else if copy.target.ends_with('/') || copy.target == "." || copy.sources.len() > 1 {
                    joined(&into, &name)
                } else {
                    into.clone()
                };
                found.push((target, source_path));
            }
        }
        found
    }

    /// The working directory of a stage at a line, from the image's root.
    fn workdir_at(&self, stage: u32, line: u32) -> String {
        let of_stage = |wanted: u32| {
            self.file
                .workdirs
                .iter()
                .filter(|(of, _, place)| *of == wanted && place.line <= line)
                .map(|(_, directory, _)| directory.clone())
                .next_back()
        };
        let found = of_stage(stage).or_else(|| {
            let base = base_of(self.file, stage)?;
            of_stage(base)
        });
        joined("", &found.unwrap_or_default())
    }

    /// The folders of the repository that a folder of the image may be, the likeliest first.
    fn folders(&self, workdir: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (target, source) in &self.copied {
            // `/app/src` from `src` says that `/app` is the folder around `src`.
            let (mut target, mut source) = (target.as_str(), source.as_str());
            loop {
                let below = workdir
                    .strip_prefix(target)
                    .filter(|rest| rest.is_empty() || rest.starts_with('/') || target.is_empty());
                if let Some(rest) = below {
                    let folder = joined(source, rest.trim_start_matches('/'));
                    if !found.contains(&folder) {
                        found.push(folder);
                    }
                    break;
                }
                let (Some((outer, name)), Some((folder, other))) = (split_last(target), split_last(source))
                else {
                    break;
                };
                if name != other {
                    break;
                }
                (target, source) = (outer, folder);
            }
        }
        if !found.contains(&self.folder) {
            found.push(self.folder.clone());
        }
        found.truncate(MOST_FOLDERS);
        found
    }

    /// What building it runs.
    pub(super) fn built(&self, expansion: &Expansion<'_>, start: &Start) -> Vec<Invocation> {
        let mut found = Vec::new();
        for instruction in &self.file.instructions {
            if instruction.keyword == "RUN"
                && let Some(script) = &instruction.script
            {
                let workdir = self.workdir_at(instruction.stage, instruction.place.line);
                let at = Start {
                    path: self.path.clone(),
                    step: "build".to_owned(),
                    ..start.clone()
                };
                found.extend(self.in_image(expansion, script, &workdir, &at));
            }
        }
        found
    }

    /// What starting it runs: its entry point with its command, or with those that are given instead.
    pub(super) fn started(
        &self,
        expansion: &Expansion<'_>,
        entry: Option<&[String]>,
        command: Option<&[String]>,
        start: &Start,
    ) -> Vec<Invocation> {
        let last = |keyword: &str| {
            self.file
                .instructions
                .iter()
                .rfind(|found| found.keyword == keyword && self.stages.contains(&found.stage))
        };
        let stage = self.stages.first().copied().unwrap_or_default();
        let workdir = self.workdir_at(stage, u32::MAX);
        let at = Start {
            path: self.path.clone(),
            step: "start".to_owned(),
            ..start.clone()
        };
        let own_entry = last("ENTRYPOINT").filter(|_| entry.is_none());
        let own_command = last("CMD").filter(|_| command.is_none() && entry.is_none());
        if entry.is_none() && command.is_none() {
            return self.own_start(expansion, own_entry, own_command, &workdir, &at);
        }
        let mut words: Vec<String> = entry.unwrap_or_default().to_vec();
        if let Some(own) = own_entry {
            words.extend(own.words.iter().cloned());
        }
        words.extend(command.unwrap_or_default().iter().cloned());
        let at = Start {
            path: start.path.clone(),
            ..at
        };
        let mut found = self.in_image(expansion, &one_command(&words), &workdir, &at);
        // A script as entry point runs the command that it is given.
        if own_entry.is_some_and(|entry| is_script(&entry.words))
            && let Some(command) = command
        {
            found.extend(self.in_image(expansion, &one_command(command), &workdir, &at));
        }
        found
    }

    fn own_start(
        &self,
        expansion: &Expansion<'_>,
        entry: Option<&Instruction>,
        command: Option<&Instruction>,
        workdir: &str,
        start: &Start,
    ) -> Vec<Invocation> {
        let is_exec = |instruction: &Instruction| instruction.text.trim_start().starts_with('[');
        let mut found = Vec::new();
        if let (Some(entry), Some(command)) = (entry, command)
            && is_exec(entry)
            && is_exec(command)
            && !is_script(&entry.words)
        {
            let words = [&entry.words[..], &command.words[..]].concat();
            let mut script = one_command(&words);
            for found in &mut script.commands {
                found.place = entry.place;
            }
            return self.in_image(expansion, &script, workdir, start);
        }
        for instruction in entry.into_iter().chain(command) {
            if let Some(script) = &instruction.script {
                found.extend(self.in_image(expansion, script, workdir, start));
            }
        }
        found
    }

    /// Follows commands that run in a folder of the image, in the folder of the repository that it was copied from.
    fn in_image(
        &self,
        expansion: &Expansion<'_>,
        script: &Script,
        workdir: &str,
        start: &Start,
    ) -> Vec<Invocation> {
        let mut best: Option<(usize, Vec<Invocation>)> = None;
        for folder in self.folders(workdir) {
            let script = self.relocated(script, workdir);
            let at = Start {
                directory: folder,
                place: if start.place.line == 0 || start.path == self.path {
                    mlops_audit_formats::Place::line(1)
                } else {
                    start.place
                },
                ..start.clone()
            };
            let found = expansion.script(&script, &at);
            let missing = found
                .iter()
                .filter(|invocation| matches!(invocation.target, Target::Missing(_)))
                .count();
            let runs_source = found
                .iter()
                .any(|invocation| matches!(invocation.target, Target::Source(..)));
            if missing == 0 && runs_source {
                return found;
            }
            if best.as_ref().is_none_or(|(least, _)| missing < *least) {
                best = Some((missing, found));
            }
        }
        best.map(|(_, found)| found).unwrap_or_default()
    }

    /// The script with absolute paths of the image made relative to its working directory.
    fn relocated(&self, script: &Script, workdir: &str) -> Script {
        let mut script = script.clone();
        let prefix = format!("/{workdir}/");
        for command in &mut script.commands {
            for word in &mut command.words {
                if let Some(rest) = word.strip_prefix(&prefix) {
                    *word = rest.to_owned();
                } else if let Some(path) = word.strip_prefix('/')
                    && let Some(source) = self.source_of(path)
                {
                    *word = format!("/{source}");
                }
            }
            if let Some(directory) = &mut command.directory
                && let Some(path) = directory.strip_prefix('/')
            {
                let source = self.folders(path).into_iter().next().unwrap_or_default();
                *directory = format!("/{source}");
            }
        }
        script
    }

    /// The file or folder of the repository behind a path of the image.
    fn source_of(&self, path: &str) -> Option<String> {
        let longest = self
            .copied
            .iter()
            .filter(|(target, _)| !target.is_empty())
            .filter_map(|(target, source)| {
                let rest = path.strip_prefix(target.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then_some((target.len(), source, rest))
            })
            .max_by_key(|(length, _, _)| *length)?;
        Some(joined(longest.1, longest.2.trim_start_matches('/')))
    }
}

fn split_last(path: &str) -> Option<(&str, &str)> {
    match path.rsplit_once('/') {
        Some((folder, name)) => Some((folder, name)),
        None if path.is_empty() => None,
        None => Some(("", path)),
    }
}

fn is_script(words: &[String]) -> bool {
    words.iter().any(|word| word.ends_with(".sh"))
}

/// A script of this one command.
fn one_command(words: &[String]) -> Script {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
        .collect();
    shell::read(&quoted.join(" "))
}

/// The stage that a stage is built on, where it is one of the same file.
fn base_of(file: &Dockerfile, stage: u32) -> Option<u32> {
    let at = usize::try_from(stage).ok()?;
    let image = &file.stages.get(at)?.image;
    let base = file.stages[..at]
        .iter()
        .position(|other| other.name.as_ref() == Some(image))?;
    u32::try_from(base).ok()
}

/// The last stage and those that it is built on.
fn lineage(file: &Dockerfile) -> Vec<u32> {
    let last = u32::try_from(file.stages.len().saturating_sub(1)).unwrap_or_default();
    let bases = std::iter::successors(Some(last), |stage| base_of(file, *stage));
    bases.collect()
}
