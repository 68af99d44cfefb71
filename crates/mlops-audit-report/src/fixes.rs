//! The fixes of a repository: a patch with the verdicts that it would change, and the same for programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Paint};
use mlops_audit_core::compare::Difference;
use mlops_audit_fix::dvc::{Content, Stored};
use mlops_audit_fix::{Change, Edit, FIXERS, FileChange, Fix, Plan, Proved, patch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::difference::{ChangeReport, change_line, standing_line};
use crate::terminal::harmless;

/// Whether the fixes were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are shown only.
    Offered,
    /// They were written.
    Made,
}

/// Who reads the patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A program, which gets every byte as it is.
    Program,
    /// A person at a terminal, whom no text of the repository may deceive; in colour where that is wanted.
    Person {
        /// Whether colour is wanted.
        colour: bool,
    },
}

/// The fixers, a line each. It ends in a line break.
pub fn list() -> String {
    let widest = FIXERS.iter().map(|fixer| fixer.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for fixer in FIXERS {
        let _ = writeln!(
            text,
            "{:widest$}  {:7}  {}",
            fixer.id,
            fixer.class.as_str(),
            fixer.summary
        );
    }
    text
}

/// A patch, what it does to the verdicts, and what else could be fixed. It ends in a line break.
pub fn terminal(plan: &Plan, outcome: Outcome, verbose: bool, reader: Reader) -> Vec<u8> {
    let mut shown = Vec::new();
    if outcome == Outcome::Offered {
        shown = painted(&plan.files, reader);
    }
    if !shown.is_empty() {
        shown.push(b'\n');
    }
    shown.extend_from_slice(summary(plan, outcome, verbose).as_bytes());
    shown
}

/// One fix, as a person is asked about it.
pub fn one(proved: &Proved, reader: Reader) -> Vec<u8> {
    let mut shown = painted(&proved.files, reader);
    let text = format!(
        "\n{}: {}\n{}",
        proved.fix.id,
        harmless(&proved.fix.title),
        changes(&proved.difference)
    );
    shown.extend_from_slice(text.as_bytes());
    shown
}

fn painted(files: &[FileChange], reader: Reader) -> Vec<u8> {
    let patch = patch(files);
    let Reader::Person { colour } = reader else {
        return patch;
    };
    let mut text = String::new();
    for line in String::from_utf8_lossy(&patch).split_terminator('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let shown: Vec<String> = line.split('\t').map(harmless).collect();
        let shown = shown.join("\t");
        let paint = if colour { paint(line) } else { Paint::new() };
        let _ = writeln!(text, "{paint}{shown}{paint:#}");
    }
    text.into_bytes()
}

fn paint(line: &str) -> Paint {
    let coloured = |colour: AnsiColor| Paint::new().fg_color(Some(colour.into()));
    let is_head = ["diff ", "--- ", "+++ ", "new file "]
        .iter()
        .any(|start| line.starts_with(start));
    match line.bytes().next() {
        _ if is_head => Paint::new().bold(),
        Some(b'+') => coloured(AnsiColor::Green),
        Some(b'-') => coloured(AnsiColor::Red),
        Some(b'@') => coloured(AnsiColor::Cyan),
        _ => Paint::new(),
    }
}

fn summary(plan: &Plan, outcome: Outcome, verbose: bool) -> String {
    let mut text = String::new();
    if plan.fixes.is_empty() && plan.commands.is_empty() {
        text.push_str("Nothing to fix.\n");
    } else if !plan.fixes.is_empty() {
        let does = match outcome {
            Outcome::Offered => "would change",
            Outcome::Made => "changed",
        };
        let fixes = counted(plan.fixes.len(), "fix", "fixes");
        let files = counted(plan.files.len(), "file", "files");
        let _ = writeln!(text, "{fixes} {does} {files}:");
        for proved in &plan.fixes {
            let _ = writeln!(text, "* {}: {}", proved.fix.id, harmless(&proved.fix.title));
        }
        let _ = write!(text, "\nVerdicts that {does}:\n{}", changes(&plan.difference));
        if outcome == Outcome::Offered {
            text.push_str("\nGive --apply to make these changes, or --interactive to choose among them.\n");
        }
        for command in plan.fixes.iter().filter_map(|proved| proved.fix.command.as_ref()) {
            let _ = writeln!(text, "\nThen run: {}", harmless(command));
        }
    }
    text.push_str(&commands(plan));
    text.push_str(&others(plan));
    if verbose {
        for one in plan.unproved.iter().chain(&plan.other_unproved) {
            let _ = writeln!(
                text,
                "\nCould not be proved: {}: {}: {}",
                one.fix.id,
                harmless(&one.fix.title),
                harmless(&one.why)
            );
        }
    } else if !plan.unproved.is_empty() {
        let _ = writeln!(
            text,
            "\n{} could not be proved and {} left out; --verbose says why.",
            counted(plan.unproved.len(), "more fix", "more fixes"),
            if plan.unproved.len() == 1 { "is" } else { "are" }
        );
    }
    text
}

/// What only a command can do.
fn commands(plan: &Plan) -> String {
    let mut text = String::new();
    for fix in &plan.commands {
        let gap = if text.is_empty() && plan.fixes.is_empty() {
            ""
        } else {
            "\n"
        };
        let command = harmless(fix.command.as_deref().unwrap_or_default());
        let _ = writeln!(text, "{gap}To {}, run: {command}", harmless(&fix.title));
        if let Some(tool) = &fix.tool {
            let _ = writeln!(text, "({} is installed by: {})", tool.program, tool.install);
        }
    }
    text
}

/// What could be fixed beside what was chosen.
fn others(plan: &Plan) -> String {
    let proved = plan.others.iter().map(|proved| &proved.fix);
    let others: Vec<&Fix> = proved.chain(&plan.other_commands).collect();
    if others.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n{} with --only ID or --all:\n",
        counted(others.len(), "more fix", "more fixes")
    );
    for fix in others {
        let _ = writeln!(text, "* {}: {}", fix.id, harmless(&fix.title));
    }
    text
}

/// What fixes did to the verdicts, a line each. It ends in a line break.
pub fn changes(difference: &Difference) -> String {
    let mut text = String::new();
    for change in &difference.changes {
        let _ = writeln!(text, "{}", change_line(change));
    }
    if difference.changes.is_empty() {
        text.push_str("none yet: other places of the gap are left\n");
    }
    let _ = writeln!(text, "{}", standing_line(difference));
    text
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The fixes of a repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "mlops-audit fixes")]
pub struct FixesReport {
    /// Version of this contract.
    pub schema_version: String,
    /// Whether the chosen fixes were made.
    pub made: bool,
    /// The chosen fixes in the order in which they are made: the edits of each are those of the tree that the ones
    /// before it leave.
    pub fixes: Vec<FixReport>,
    /// What could be fixed beside them, once they are made.
    pub others: Vec<FixReport>,
    /// Commands of the chosen fixers: what they do can be proved only after they ran.
    pub commands: Vec<CommandReport>,
    /// What could not be proved, and is not offered.
    pub unproved: Vec<UnprovedReport>,
    /// All changes of the chosen fixes together, as a patch.
    pub patch: String,
    /// The verdicts that they change together.
    pub changes: Vec<ChangeReport>,
    /// The score before; null for `not-ml`.
    pub score_before: Option<f64>,
    /// The score after; null for `not-ml`.
    pub score_after: Option<f64>,
}

/// A fix that was proved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FixReport {
    /// Its fixer.
    pub id: String,
    /// The criteria that it is for.
    pub criteria: Vec<String>,
    /// `safe` where it is made without being asked for by name, else `offered`.
    pub class: String,
    /// What it does.
    pub title: String,
    /// The places of the gap that it closes.
    pub closes: Vec<crate::json::v1::Evidence>,
    /// What it changes.
    pub edits: Vec<EditReport>,
    /// Objects of DVC's cache that are written beside the edits, and that no patch holds.
    pub stored: Vec<StoredReport>,
    /// The same as a patch.
    pub patch: String,
    /// The verdicts that it changes.
    pub changes: Vec<ChangeReport>,
    /// A command to run afterwards.
    pub command: Option<String>,
}

/// A change to a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EditReport {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// The first byte that gives way, counted in UTF-8 bytes of the decoded text without a byte order mark; null where
    /// the file is new.
    pub start: Option<usize>,
    /// One past the last byte that gives way; null where the file is new.
    pub end: Option<usize>,
    /// What stands there instead, or all of a new file; what is no UTF-8 is replaced.
    pub text: String,
}

/// An object of DVC's cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoredReport {
    /// Where it is written, relative to the root with `/`.
    pub to: String,
    /// The file whose content it holds; null where it lists the files of a folder.
    pub from: Option<String>,
    /// What it holds where it is no file's content.
    pub text: Option<String>,
}

/// A command that closes a gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommandReport {
    /// Its fixer.
    pub id: String,
    /// The criteria that it is for.
    pub criteria: Vec<String>,
    /// What it does.
    pub title: String,
    /// The command, to be run at the root.
    pub command: String,
    /// How its program is installed; null where it is not known.
    pub install: Option<String>,
}

/// A fix that is not offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnprovedReport {
    /// Its fixer.
    pub id: String,
    /// What it would do.
    pub title: String,
    /// What does not hold of the tree that it would leave.
    pub why: String,
}

/// For programs: pretty JSON that ends in a line break.
pub fn json(plan: &Plan, outcome: Outcome) -> String {
    let score = |standing: &Option<mlops_audit_core::audit::Standing>| {
        let standing = standing.as_ref();
        standing.map(|standing| (standing.score * 10_000.0).round() / 10_000.0)
    };
    crate::json::v1::pretty(&FixesReport {
        schema_version: "1.0".to_owned(),
        made: outcome == Outcome::Made,
        fixes: plan.fixes.iter().map(FixReport::from).collect(),
        others: plan.others.iter().map(FixReport::from).collect(),
        commands: plan.commands.iter().map(CommandReport::from).collect(),
        unproved: plan
            .unproved
            .iter()
            .chain(&plan.other_unproved)
            .map(|one| UnprovedReport {
                id: one.fix.id.to_owned(),
                title: one.fix.title.clone(),
                why: one.why.clone(),
            })
            .collect(),
        patch: lossy(&plan.files),
        changes: plan.difference.changes.iter().map(ChangeReport::from).collect(),
        score_before: score(&plan.difference.before),
        score_after: score(&plan.difference.after),
    })
}

/// The JSON Schema of [`json`], pretty and with a line break at its end.
pub fn schema() -> String {
    crate::json::v1::pretty(&schemars::schema_for!(FixesReport))
}

fn lossy(files: &[FileChange]) -> String {
    String::from_utf8_lossy(&patch(files)).into_owned()
}

impl From<&Proved> for FixReport {
    fn from(proved: &Proved) -> Self {
        let fix = &proved.fix;
        Self {
            id: fix.id.to_owned(),
            criteria: fix.criteria.iter().map(ToString::to_string).collect(),
            class: fix.class.as_str().to_owned(),
            title: fix.title.clone(),
            closes: fix.closes.iter().map(crate::json::v1::Evidence::from).collect(),
            edits: fix.edits.iter().map(EditReport::from).collect(),
            stored: fix.stored.iter().map(StoredReport::from).collect(),
            patch: lossy(&proved.files),
            changes: proved.difference.changes.iter().map(ChangeReport::from).collect(),
            command: fix.command.clone(),
        }
    }
}

impl From<&Edit> for EditReport {
    fn from(edit: &Edit) -> Self {
        let (start, end, text) = match &edit.change {
            Change::Replace { range, text } => (Some(range.start), Some(range.end), text.clone()),
            Change::Create { content } => (None, None, String::from_utf8_lossy(content).into_owned()),
        };
        Self {
            path: edit.path.clone(),
            start,
            end,
            text,
        }
    }
}

impl From<&Stored> for StoredReport {
    fn from(stored: &Stored) -> Self {
        let (from, text) = match &stored.content {
            Content::Of { path, .. } => (Some(path.clone()), None),
            Content::List(text) => (None, Some(text.clone())),
        };
        Self {
            to: stored.to.clone(),
            from,
            text,
        }
    }
}

impl From<&Fix> for CommandReport {
    fn from(fix: &Fix) -> Self {
        Self {
            id: fix.id.to_owned(),
            criteria: fix.criteria.iter().map(ToString::to_string).collect(),
            title: fix.title.clone(),
            command: fix.command.clone().unwrap_or_default(),
            install: fix.tool.as_ref().map(|tool| tool.install.to_owned()),
        }
    }
}
