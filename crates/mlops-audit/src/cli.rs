//! The command line. What stands here is what `--help` says.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mlops_audit_core::discover::Limits;
use mlops_audit_core::policy::{Date, unknown_name};
use mlops_audit_knowledge::{Standard, standards};
use mlops_audit_report::badge::Subject;

use crate::gates::GateArguments;

/// Audits a machine-learning repository for production readiness.
///
/// Reads the files, resolves what they do, judges six principles (automation, versioning, experiment tracking,
/// testing, monitoring, reproducibility) with evidence by file and line, and says what to do first. It runs none of
/// the repository's code and uses no network.
#[derive(Debug, Parser)]
#[command(name = "mlops-audit", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Exit status: 0 the audit was made, 1 a gate failed, 2 it could not run.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) check: CheckArguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Audit a repository (the default)
    Check(Box<CheckArguments>),
    /// Keep a list of known gaps, so that only new ones fail
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Draw a badge: the score or a level, for a README
    Badge(Box<BadgeArguments>),
    /// Say what a change does to readiness
    Diff(DiffArguments),
    /// Explain a criterion, a principle or a standard
    Explain(ExplainArguments),
    /// Close gaps by edits: show them as a patch, and apply them where that is asked for
    Fix(Box<FixArguments>),
}

/// Options of `check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// Form of the report: terminal, html, markdown, json, sarif, github, gitlab or junit [default: terminal]. With =FILE
    /// it is written there; repeat the option for several forms of one audit: --format html=audit.html --format
    /// sarif=audit.sarif
    #[arg(long = "format", value_name = "FORMAT[=FILE]", value_parser = format_request)]
    pub(crate) formats: Vec<FormatRequest>,

    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Print no colour, whatever the terminal can do (as NO_COLOR does)
    #[arg(long)]
    pub(crate) no_color: bool,

    /// Show the lines that the evidence points at, in the terminal's form of the report
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Show a line for each principle, score, level and what blocks production, in the terminal's form of the report
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// Show the audit as a published standard sees it: ml-test-score, google-levels, microsoft-levels, se4ml, eu-ai-act,
    /// nist-ai-rmf or iso-42001
    #[arg(long, value_name = "ID", value_parser = standard)]
    pub(crate) standard: Option<&'static Standard>,

    /// Add the roadmap: what to do in week 1, month 1, quarter 1
    #[arg(long)]
    pub(crate) plan: bool,

    /// Add the shortest way to this level of maturity
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) target_level: Option<u8>,

    /// Show only the N most urgent recommendations; the JSON form has all of them
    #[arg(long, value_name = "N")]
    pub(crate) top: Option<usize>,

    /// Tell how each priority followed; the JSON form always does
    #[arg(long)]
    pub(crate) explain_priority: bool,

    #[command(flatten)]
    pub(crate) gates: GateArguments,
}

/// Which project is audited, and by which policy and limits.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProjectArguments {
    /// Directory of the project to judge
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// Root of the repository, where it is not the Git work tree around PATH
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,
}

/// Whose policy holds.
#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyArguments {
    /// Use this policy instead of the repository's own; comments in the code are not obeyed
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    pub(crate) policy: Option<PathBuf>,

    /// Use no policy, and obey no comments in the code
    #[arg(long, conflicts_with = "policy", help_heading = "Policy")]
    pub(crate) no_project_policy: bool,

    /// The day that attestations are compared with [default: the current day, in UTC]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, help_heading = "Policy")]
    pub(crate) today: Option<Date>,
}

/// How much is looked at.
#[derive(Args, Clone, Debug)]
pub(crate) struct LimitArguments {
    /// Threads to use; the report does not depend on their number [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Limits")]
    pub(crate) threads: Option<u16>,

    /// Most files that are listed; of more, those nearest to the root are
    #[arg(long, value_name = "N", default_value_t = Limits::default().files, help_heading = "Limits")]
    pub(crate) max_files: usize,

    /// Deepest folder that is entered
    #[arg(long, value_name = "N", default_value_t = Limits::default().depth, help_heading = "Limits")]
    pub(crate) max_depth: usize,

    /// Largest file that is read: bytes, or with a unit (500kB, 2MB, 64MiB). A format may have a lower limit of its own
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size, help_heading = "Limits")]
    pub(crate) max_file_size: u64,
}

/// What to do with a baseline.
#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Write the gaps of today
    Write(BaselineArguments),
    /// Take off the list what is fixed
    Prune(BaselineArguments),
}

/// Options of `baseline`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BaselineArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// The file [default: mlops-audit-baseline.json in PATH]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Options of `badge`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BadgeArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// Which number it shows
    #[arg(long, value_enum, default_value_t = BadgeSubject::Score)]
    pub(crate) what: BadgeSubject,

    /// Form of the badge
    #[arg(long, value_enum, default_value_t = BadgeFormat::Svg)]
    pub(crate) format: BadgeFormat,

    /// Write the badge to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Which number a badge shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BadgeSubject {
    /// The score out of 6
    Score,
    /// The level of automation
    Level,
    /// The level of maturity
    Maturity,
}

impl From<BadgeSubject> for Subject {
    fn from(subject: BadgeSubject) -> Self {
        match subject {
            BadgeSubject::Score => Self::Score,
            BadgeSubject::Level => Self::Level,
            BadgeSubject::Maturity => Self::Maturity,
        }
    }
}

/// Form of a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BadgeFormat {
    /// A picture
    Svg,
    /// JSON for the endpoint badge of shields.io
    Endpoint,
}

/// Options of `diff`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DiffArguments {
    /// The earlier Git revision: a commit, branch or tag
    pub(crate) base: String,

    /// The later Git revision [default: the working tree]
    pub(crate) head: Option<String>,

    /// Directory of the project to judge
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) path: PathBuf,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = DiffFormat::Terminal)]
    pub(crate) format: DiffFormat,

    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// End with exit status 1 where a verdict became worse
    #[arg(long)]
    pub(crate) fail_on_worse: bool,

    #[command(flatten)]
    pub(crate) policy: PolicyArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,
}

/// Options of `explain`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainArguments {
    /// A criterion (testing.unit), a principle (testing) or a standard (ml-test-score)
    pub(crate) name: Option<String>,

    /// List all that can be explained (the default)
    #[arg(long)]
    pub(crate) list: bool,

    /// Show a criterion's examples as well
    #[arg(long)]
    pub(crate) examples: bool,
}

/// Options of `fix`.
///
/// Each fix is proved before it is shown: the edited tree is audited in memory, the places that the fix names must be
/// gone, what it edits must parse, and no verdict may fall.
#[derive(Args, Clone, Debug)]
pub(crate) struct FixArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,

    /// Make the changes, instead of only showing them
    #[arg(long)]
    pub(crate) apply: bool,

    /// Fix with these fixers only, separated by commas; --list names them [default: those of the safe class]
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = fixer_id)]
    pub(crate) only: Vec<String>,

    /// Fix with all fixers, not only those of the safe class
    #[arg(long, conflicts_with = "only")]
    pub(crate) all: bool,

    /// Show each fix and ask whether to make it
    #[arg(long, short, conflicts_with_all = ["apply", "format"])]
    pub(crate) interactive: bool,

    /// Change files also where Git could not bring them back
    #[arg(long)]
    pub(crate) allow_dirty: bool,

    /// Run the commands of the fixer `lock`, which use the network: with --only lock --apply
    #[arg(long, requires = "apply")]
    pub(crate) run_locker: bool,

    /// Lock requirements files by what this environment has installed (pip freeze), for the fixer `lock`
    #[arg(long, value_name = "DIR")]
    pub(crate) environment: Option<PathBuf>,

    /// Name under which the fixer `registry` registers models, where the project has none or you want another
    #[arg(long, value_name = "NAME", value_parser = model_name)]
    pub(crate) model_name: Option<String>,

    /// Take data that the fixer `data` pins out of Git's index, where a DVC remote is configured: with --only data --apply
    #[arg(long, requires = "apply")]
    pub(crate) untrack: bool,

    /// List the fixers
    #[arg(long, conflicts_with_all = ["apply", "interactive"])]
    pub(crate) list: bool,

    /// Form in which the fixes are shown
    #[arg(long, value_enum, default_value_t = FixFormat::Terminal)]
    pub(crate) format: FixFormat,

    /// Print no colour, whatever the terminal can do (as NO_COLOR does)
    #[arg(long)]
    pub(crate) no_color: bool,

    /// Tell also what could not be proved, and why
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Form in which fixes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FixFormat {
    /// A patch, and the verdicts that would change
    Terminal,
    /// For editors and other programs
    Json,
}

/// Form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The boxed report for people
    Terminal,
    /// The JSON contract for programs
    Json,
    /// For a pull request or a wiki
    Markdown,
    /// One self-contained page for a browser
    Html,
    /// For code scanning services and editors
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// Code quality of GitLab
    Gitlab,
    /// Test results, as most CI services show them
    Junit,
}

impl Format {
    /// The name that the command line uses.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// Whether it shows the lines that evidence points at, or needs to know what they say.
    pub(crate) const fn shows_lines(self) -> bool {
        !matches!(self, Self::Terminal | Self::Json)
    }

    /// Whether it can show an audit as a standard sees it.
    pub(crate) const fn shows_standards(self) -> bool {
        matches!(self, Self::Terminal | Self::Json)
    }
}

/// A form of the report that is asked for, and where it is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormatRequest {
    /// Which form.
    pub(crate) format: Format,
    /// The file; `None` where the request names none.
    pub(crate) file: Option<PathBuf>,
}

/// Form of the report of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people at a terminal
    Terminal,
    /// For a comment on a pull request
    Markdown,
    /// For programs
    Json,
}

fn day(text: &str) -> Result<Date, String> {
    let date = text
        .parse::<Date>()
        .ok()
        .filter(|_| text.len() == "2027-01-31".len());
    date.ok_or_else(|| "write the day as 2027-01-31".to_owned())
}

fn format_request(text: &str) -> Result<FormatRequest, String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) => (name, Some(file)),
        None => (text, None),
    };
    let formats = Format::value_variants();
    let Some(format) = formats.iter().copied().find(|format| format.name() == name) else {
        let names: Vec<String> = formats.iter().map(|format| format.name()).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        return Err(unknown_name("format", name, &known));
    };
    if file.is_some_and(str::is_empty) {
        return Err(format!("name a file after '{name}=', or leave the '=' out"));
    }
    let file = file.map(PathBuf::from);
    Ok(FormatRequest { format, file })
}

/// Reads `1000`, `500kB`, `2MB`, `64MiB`, `1 GiB`; the case of the unit does not matter.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 11] = [
        ("", 1),
        ("b", 1),
        ("k", 1_000),
        ("kb", 1_000),
        ("kib", 1 << 10),
        ("m", 1_000_000),
        ("mb", 1_000_000),
        ("mib", 1 << 20),
        ("g", 1_000_000_000),
        ("gb", 1_000_000_000),
        ("gib", 1 << 30),
    ];
    let digits = text
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let factor = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| factor);
    let bytes = number.parse::<u64>().ok().zip(factor);
    bytes
        .and_then(|(number, factor)| number.checked_mul(*factor))
        .ok_or_else(|| "write a whole number of bytes, or a size such as 500kB, 2MB or 64MiB".to_owned())
}

fn standard(text: &str) -> Result<&'static Standard, String> {
    let known: Vec<&str> = standards().iter().map(|standard| standard.id.as_str()).collect();
    mlops_audit_knowledge::standard(text).ok_or_else(|| unknown_name("standard", text, &known))
}

fn fixer_id(text: &str) -> Result<String, String> {
    let known: Vec<&str> = mlops_audit_fix::FIXERS.iter().map(|fixer| fixer.id).collect();
    match known.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(unknown_name("fixer", text, &known)),
    }
}

/// A name of a model that every tracker takes.
fn model_name(text: &str) -> Result<String, String> {
    match mlops_audit_fix::is_model_name(text) {
        true => Ok(text.to_owned()),
        false => Err(
            "a name of a model begins with a letter or a digit and holds only letters, digits, '-', '_' and '.'"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let known = ["0", "10", "500kB", "2MB", "64MiB", "1 GiB", "3g"];
        let bytes = known.map(|text| size(text).expect("a size"));
        assert_eq!(
            bytes,
            [0, 10, 500_000, 2_000_000, 64 << 20, 1 << 30, 3_000_000_000]
        );
        for wrong in [
            "",
            "MiB",
            "-1",
            "1.5MB",
            "1 parsec",
            "99999999999999999999",
            "99999999999GiB",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
