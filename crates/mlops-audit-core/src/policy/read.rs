//! Text in, a policy out, or what is wrong with it and where.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use mlops_audit_formats::{LineIndex, Place};
use serde::Deserialize;
use toml::Spanned;

use super::settings::{Attest, Expiry, GateSettings, Settings, Suppress};
use super::{Attestation, Gates, Policy, Suppression};
use crate::audit::{AutomationLevel, Deployment, PolicyOrigin, Priority};
use crate::catalogue::Tool;
use crate::evidence::Evidence;
use crate::judge::{CRITERIA, CriterionId, Principle, Verdict, criteria};

/// A policy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// What is wrong with it, in the order of the file.
    pub problems: Vec<PolicyProblem>,
}

/// One thing that is wrong with a policy, or with a comment to the audit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyProblem {
    /// The file, as the report names it.
    pub file: String,
    /// Where in it; line 0 where the whole file is meant.
    pub place: Place,
    /// What is wrong, and what to do.
    pub message: String,
}

impl PolicyError {
    /// The file is there and cannot be read.
    pub(super) fn unreadable(file: &str, why: &str) -> Self {
        Self {
            problems: vec![PolicyProblem {
                file: file.to_owned(),
                place: Place::default(),
                message: format!("the policy cannot be read: {why}"),
            }],
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Evidence::new(&self.file, self.place, "");
        write!(formatter, "{}: {}", place.location(), self.message)
    }
}

impl std::error::Error for PolicyError {}

/// Reads a policy. `None` where the file is a `pyproject.toml` that holds none.
///
/// # Errors
/// What is wrong with it, line by line.
pub fn read(text: &str, file: &str, origin: PolicyOrigin) -> Result<Option<Policy>, PolicyError> {
    let lines = LineIndex::new(text);
    let problem = |error: &toml::de::Error| PolicyError {
        problems: vec![PolicyProblem {
            file: file.to_owned(),
            place: error
                .span()
                .map_or_else(Place::default, |span| Place::line(line_at(&lines, span.start))),
            message: plain(error.message()),
        }],
    };
    let settings = if origin == PolicyOrigin::Pyproject {
        // A broken file is reported by the audit itself, and holds no policy.
        let Ok(table) = text.parse::<toml::Table>() else {
            return Ok(None);
        };
        if table
            .get("tool")
            .and_then(|tool| tool.get("mlops-audit"))
            .is_none()
        {
            return Ok(None);
        }
        toml::from_str::<Pyproject>(text)
            .map_err(|error| problem(&error))?
            .tool
            .settings
    } else {
        toml::from_str::<Settings>(text).map_err(|error| problem(&error))?
    };
    let folder = match origin {
        PolicyOrigin::Given => "",
        _ => file
            .rsplit_once('/')
            .map_or("", |(folder, _)| &file[..=folder.len()]),
    };
    let mut reader = Reader {
        file,
        folder,
        lines: &lines,
        problems: Vec::new(),
    };
    let policy = reader.policy(settings, origin);
    if reader.problems.is_empty() {
        Ok(Some(policy))
    } else {
        reader.problems.sort();
        Err(PolicyError {
            problems: reader.problems,
        })
    }
}

#[derive(Deserialize)]
struct Pyproject {
    tool: PyprojectTools,
}

#[derive(Deserialize)]
struct PyprojectTools {
    #[serde(rename = "mlops-audit")]
    settings: Settings,
}

fn line_at(lines: &LineIndex, offset: usize) -> u32 {
    lines.line(u32::try_from(offset).unwrap_or(u32::MAX))
}

/// The parser's message in this program's voice, with 'did you mean' for a key that is unknown.
fn plain(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((unknown, known)) = quoted.split_first()
        && message.starts_with("unknown field")
    {
        return unknown_name("key", unknown, known);
    }
    message.replace('`', "'").replace('\n', ", ")
}

/// The complaint about a name that is not known, with the nearest one that is.
pub fn unknown_name(what: &str, given: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(given, name), *name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, name)) => format!("unknown {what} '{given}'; did you mean '{name}'?"),
        None => format!("unknown {what} '{given}'; known are {}", known.join(", ")),
    }
}

/// Turns the written form into a policy, and notes what is wrong with it.
struct Reader<'text> {
    file: &'text str,
    /// The folder that its globs are relative to, with a closing `/`; empty for the root.
    folder: &'text str,
    lines: &'text LineIndex,
    problems: Vec<PolicyProblem>,
}

impl Reader<'_> {
    fn policy(&mut self, settings: Settings, origin: PolicyOrigin) -> Policy {
        Policy {
            origin,
            file: self.file.to_owned(),
            exclude: self.globs(&settings.exclude),
            deployment: self.deployments(&settings.deployment),
            tools: settings
                .tool
                .into_iter()
                .filter_map(|tool| self.tool(tool))
                .collect(),
            attestations: self.attestations(&settings.attest),
            suppressions: settings
                .suppress
                .iter()
                .filter_map(|suppress| self.suppression(suppress))
                .collect(),
            priorities: self.priorities(&settings.priorities),
            gates: self.gates(settings.gates),
            today: None,
            obeys_comments: true,
        }
    }

    fn complain<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        let line = line_at(self.lines, at.span().start);
        self.problems.push(PolicyProblem {
            file: self.file.to_owned(),
            place: Place::line(line),
            message: message.into(),
        });
    }

    fn place<T>(&self, at: &Spanned<T>, what: &str) -> Evidence {
        Evidence::new(self.file, Place::line(line_at(self.lines, at.span().start)), what)
    }

    /// The value of this name.
    fn choice<T: Copy>(&mut self, what: &str, given: &Spanned<String>, known: &[(&str, T)]) -> Option<T> {
        let found = known.iter().find(|(name, _)| name == given.get_ref());
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.complain(given, unknown_name(what, given.get_ref(), &names));
        }
        found.map(|(_, value)| *value)
    }

    fn criterion(&mut self, given: &Spanned<String>) -> Option<CriterionId> {
        let named: Vec<(String, CriterionId)> = criteria()
            .map(|criterion| (criterion.id.to_string(), criterion.id))
            .collect();
        let known: Vec<(&str, CriterionId)> = named.iter().map(|(name, id)| (name.as_str(), *id)).collect();
        self.choice("criterion", given, &known)
    }

    fn priority(&mut self, given: &Spanned<String>) -> Option<Priority> {
        let known: Vec<(&str, Priority)> = Priority::ALL.iter().map(|one| (one.as_str(), *one)).collect();
        self.choice("priority", given, &known)
    }

    /// Text that says something.
    fn said(&mut self, key: &str, given: &Spanned<String>) -> String {
        if given.get_ref().trim().is_empty() {
            self.complain(given, format!("'{key}' is empty; say it in a sentence"));
        }
        given.get_ref().trim().to_owned()
    }

    /// Globs, made relative to the root: they are written relative to the folder of the policy.
    fn globs(&mut self, given: &[Spanned<String>]) -> Vec<String> {
        for glob in given {
            if let Err(error) = globset::Glob::new(glob.get_ref()) {
                let why = error.kind().to_string();
                self.complain(glob, format!("'{}' is no glob: {why}", glob.get_ref()));
            }
        }
        given
            .iter()
            .map(|glob| format!("{}{}", self.folder, glob.get_ref().trim_start_matches("./")))
            .collect()
    }

    fn deployments(&mut self, given: &[Spanned<String>]) -> Vec<Deployment> {
        let known: Vec<(&str, Deployment)> = Deployment::ALL.iter().map(|one| (one.as_str(), *one)).collect();
        let mut found: Vec<Deployment> = given
            .iter()
            .filter_map(|name| self.choice("deployment", name, &known))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    fn tool(&mut self, given: Spanned<Tool>) -> Option<(String, Tool)> {
        let name = given.get_ref().name.trim();
        let id: String = name
            .to_lowercase()
            .chars()
            .map(|char| if char.is_alphanumeric() { char } else { '-' })
            .collect();
        if name.is_empty() {
            self.complain(&given, "a tool needs a 'name'");
            return None;
        }
        if given.get_ref().roles.is_empty()
            && given.get_ref().seeding.is_empty()
            && given.get_ref().randomness.is_empty()
        {
            let message =
                format!("the tool '{name}' has no role; add a table such as [tool.roles.track-metrics]");
            self.complain(&given, message);
            return None;
        }
        Some((id, given.into_inner()))
    }

    fn attestations(&mut self, given: &[Spanned<Attest>]) -> Vec<Attestation> {
        let mut found: Vec<Attestation> = Vec::new();
        for attest in given {
            let Some(attestation) = self.attestation(attest) else {
                continue;
            };
            if found.iter().any(|other| other.criterion == attestation.criterion) {
                let message = format!("'{}' is attested twice; keep one", attestation.criterion);
                self.complain(&attest.get_ref().criterion, message);
            }
            found.push(attestation);
        }
        found
    }

    fn attestation(&mut self, given: &Spanned<Attest>) -> Option<Attestation> {
        let attest = given.get_ref();
        let criterion = self.criterion(&attest.criterion);
        let statement = self.said("statement", &attest.statement);
        let owner = self.said("owner", &attest.owner);
        let expires = self.date(&attest.expires)?;
        Some(Attestation {
            criterion: criterion?,
            place: self.place(&attest.criterion, &format!("attested by {owner} until {expires}")),
            statement,
            owner,
            link: attest.link.trim().to_owned(),
            expires,
        })
    }

    fn date(&mut self, given: &Spanned<Expiry>) -> Option<Date> {
        let text = match given.get_ref() {
            Expiry::Date(date) => date.to_string(),
            Expiry::Text(text) => text.clone(),
        };
        let date = text.parse().ok();
        if date.is_none() || text.len() != "2027-01-31".len() {
            self.complain(given, format!("'{text}' is no day; write it as 2027-01-31"));
            return None;
        }
        date
    }

    fn suppression(&mut self, given: &Spanned<Suppress>) -> Option<Suppression> {
        let suppress = given.get_ref();
        let criterion = self.criterion(&suppress.criterion);
        let reason = self.said("reason", &suppress.reason);
        let paths = self.globs(&suppress.paths);
        Some(Suppression {
            criterion: criterion?,
            reason,
            paths,
            place: self.place(&suppress.criterion, "suppressed by the policy"),
            is_comment: false,
        })
    }

    fn priorities(
        &mut self,
        given: &BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> BTreeMap<CriterionId, (Priority, Evidence)> {
        let mut found = BTreeMap::new();
        for (name, priority) in given {
            let (id, value) = (self.criterion(name), self.priority(priority));
            if let (Some(id), Some(value)) = (id, value) {
                found.insert(id, (value, self.place(name, "sets the priority")));
            }
        }
        found
    }

    fn gates(&mut self, given: GateSettings) -> Gates {
        let verdicts = [("partial", Verdict::Partial), ("met", Verdict::Met)];
        let mut require = BTreeMap::new();
        for (name, verdict) in &given.require {
            let (id, value) = (self.criterion(name), self.choice("verdict", verdict, &verdicts));
            if let (Some(id), Some(value)) = (id, value) {
                require.insert(id, value);
            }
        }
        Gates {
            fail_on: given.fail_on.as_ref().and_then(|given| self.priority(given)),
            min_score: given.min_score.and_then(|given| self.within(&given, 6.0)),
            min_level: given.min_level.and_then(|given| self.level(&given)),
            require,
            min_share: self.shares(&given.min_share),
            baseline: given.baseline,
        }
    }

    fn shares(&mut self, given: &BTreeMap<Spanned<String>, Spanned<f64>>) -> BTreeMap<Principle, f64> {
        let known: Vec<(&str, Principle)> = CRITERIA.iter().map(|(one, _)| (one.as_str(), *one)).collect();
        let mut found = BTreeMap::new();
        for (name, share) in given {
            let (principle, value) = (self.choice("principle", name, &known), self.within(share, 1.0));
            if let (Some(principle), Some(value)) = (principle, value) {
                found.insert(principle, value);
            }
        }
        found
    }

    fn within(&mut self, given: &Spanned<f64>, most: f64) -> Option<f64> {
        let value = *given.get_ref();
        if !(0.0..=most).contains(&value) {
            self.complain(
                given,
                format!("{value} is out of range; give a number from 0 to {most}"),
            );
            return None;
        }
        Some(value)
    }

    fn level(&mut self, given: &Spanned<i64>) -> Option<AutomationLevel> {
        let found = AutomationLevel::ALL
            .iter()
            .copied()
            .find(|level| i64::from(level.number()) == *given.get_ref());
        if found.is_none() {
            self.complain(
                given,
                format!("there is no level {}; give 0, 1, 2 or 3", given.get_ref()),
            );
        }
        found
    }
}
