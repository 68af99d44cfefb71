//! `versioning.config`; see the page beside this file.

use super::settings_file;
use crate::advise::Advice;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::versioning::settings::Literal;
use crate::extract::versioning::{EntrySettings, Settings};
use crate::judge::installing::trains_nothing;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle, Verdict};

/// `versioning.config`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Versioning,
        name: "config",
    },
    label: "Config",
    looked_for: "YAML/TOML settings that training reads",
    page: include_str!("config.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let settings = &facts.versioning.settings;
    let decided: Vec<(Verdict, &EntrySettings)> = settings
        .entries
        .iter()
        .map(|entry| (worth(entry), entry))
        .collect();
    let with = |wanted: Verdict| -> Vec<&EntrySettings> {
        decided
            .iter()
            .filter(|(verdict, _)| *verdict == wanted)
            .map(|(_, entry)| *entry)
            .collect()
    };
    let (met, partial) = (with(Verdict::Met), with(Verdict::Partial));
    if met.len() * 2 >= decided.len() && !met.is_empty() {
        return Judgement::met(finding(met[0]), read_places(&met));
    }
    if !met.is_empty() || !partial.is_empty() {
        let credited: Vec<&EntrySettings> = met.into_iter().chain(partial).collect();
        let evidence = places(&credited);
        return Judgement::partial(finding(credited[0]), evidence, shortfall(credited[0]));
    }
    unmet(settings)
}

/// What the settings of one training are worth.
fn worth(entry: &EntrySettings) -> Verdict {
    if entry.files.iter().any(|file| file.hyper_parameter.is_some()) {
        Verdict::Met
    } else if !entry.files.is_empty() || !entry.command_line.is_empty() || !entry.grouped.is_empty() {
        Verdict::Partial
    } else {
        Verdict::Unmet
    }
}

fn finding(entry: &EntrySettings) -> String {
    let with_parameters = entry.files.iter().find(|file| file.hyper_parameter.is_some());
    if let Some(file) = with_parameters.or_else(|| entry.files.first()) {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        return if file.hyper_parameter.is_some() {
            format!("training reads {name}")
        } else {
            format!("some settings in {name}")
        };
    }
    if !entry.command_line.is_empty() {
        return "command-line options with defaults".to_owned();
    }
    entry
        .grouped
        .first()
        .map_or_else(String::new, |group| format!("{} in the code", group.what))
}

fn shortfall(entry: &EntrySettings) -> String {
    if !entry.files.is_empty() && worth(entry) == Verdict::Partial {
        return "the hyper-parameters are not in the file of settings, but in the code".to_owned();
    }
    if worth(entry) == Verdict::Met {
        return "other trainings of the project read no file of settings".to_owned();
    }
    "no committed file of settings feeds training".to_owned()
}

fn read_places(entries: &[&EntrySettings]) -> Vec<Evidence> {
    let files = entries
        .iter()
        .flat_map(|entry| &entry.files)
        .filter(|file| file.hyper_parameter.is_some());
    cut(files
        .flat_map(|file| file.hyper_parameter.iter().cloned().chain([file.read_at.clone()]))
        .collect())
}

fn places(entries: &[&EntrySettings]) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = Vec::new();
    for entry in entries {
        found.extend(entry.files.iter().map(|file| file.read_at.clone()));
        found.extend(entry.command_line.iter().take(2).cloned());
        found.extend(entry.grouped.iter().take(2).cloned());
    }
    cut(found)
}

fn cut(mut found: Vec<Evidence>) -> Vec<Evidence> {
    found.sort();
    found.dedup();
    found.truncate(6);
    found
}

fn unmet(settings: &Settings) -> Judgement {
    if !settings.unread.is_empty() {
        return Judgement::unmet("a file of settings exists, but no training reads it")
            .near("", settings.unread.clone());
    }
    let literals: Vec<Evidence> = settings
        .entries
        .iter()
        .flat_map(|entry| &entry.literals)
        .map(|literal| literal.evidence.clone())
        .collect();
    if literals.is_empty() {
        return Judgement::unmet("no committed settings that training reads");
    }
    Judgement::unmet("hyper-parameters are literals scattered through the code").near("", cut(literals))
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let settings = &judged.facts().versioning.settings;
    let literals: Vec<&Literal> = settings
        .entries
        .iter()
        .flat_map(|entry| &entry.literals)
        .filter(|literal| !is_of_arrays(literal))
        .collect();
    let missing = judgement.missing.first().cloned().unwrap_or_default();
    let mut gap = format!("Settings of training are not in a committed file of their own: {missing}.");
    if let Some(first) = literals.first() {
        gap.push_str(&format!(
            " For example `{}={}` at {}.",
            first.name,
            first.value,
            first.evidence.location()
        ));
    }
    let settings_file::Proposal {
        file,
        is_filled,
        implementation,
    } = settings_file::proposed(judged.facts(), &literals);
    let locations = match literals.is_empty() {
        true => judgement.evidence.clone(),
        false => cut(literals.iter().map(|literal| literal.evidence.clone()).collect()),
    };
    Advice {
        cause: "settings-in-code".to_owned(),
        gap,
        recommendation: match (trains_nothing(judged.facts()), is_filled) {
            (true, _) => format!(
                "Move what changes how the model answers (its name, thresholds, sizes) into `{file}`, and read it once where the program starts."
            ),
            (false, true) => format!(
                "Let training read the hyper-parameters from `{file}`, which holds some already, and pass the values on."
            ),
            (false, false) => format!(
                "Move the hyper-parameters into `{file}`, read it once at the start of training and pass the values on."
            ),
        },
        implementation,
        tools: vec![
            "PyYAML".to_owned(),
            "Hydra".to_owned(),
            "Pydantic Settings".to_owned(),
        ],
        fixable: false,
        locations,
    }
}

/// Whether a literal is one of an operation on arrays, which shapes them and tunes nothing: `tri(…, k=0)`.
fn is_of_arrays(literal: &Literal) -> bool {
    let is_class = literal.call.starts_with(char::is_uppercase);
    !is_class && literal.name == "k"
}
