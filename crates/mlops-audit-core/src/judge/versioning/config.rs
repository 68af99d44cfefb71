//! `versioning.config`; see the page beside this file.

use mlops_audit_formats::code::Language;

use crate::advise::{Advice, Implementation};
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::started::leading_entry;
use crate::extract::versioning::settings::Literal;
use crate::extract::versioning::{EntrySettings, Settings};
use crate::judge::insertion::{below_imports, lacking};
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
    let file = settings
        .entries
        .iter()
        .flat_map(|entry| &entry.files)
        .map(|file| file.path.as_str())
        .find(|path| path.ends_with(".yaml") || path.ends_with(".yml"))
        .unwrap_or("params.yaml");
    let implementation = settings_file(judged.facts(), file, &literals);
    let locations = match literals.is_empty() {
        true => judgement.evidence.clone(),
        false => cut(literals.iter().map(|literal| literal.evidence.clone()).collect()),
    };
    Advice {
        cause: "settings-in-code".to_owned(),
        gap,
        recommendation: format!(
            "Move the hyper-parameters into `{file}`, read it once at the start of training and pass the values on."
        ),
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

/// The file with the values that the code has now, and the lines that read it.
fn settings_file(facts: &Facts<'_>, file: &str, literals: &[&Literal]) -> Implementation {
    // The call that takes most of the settings and is a class: its arguments can be handed over as one group.
    let is_class = |call: &str| {
        call.rsplit('.')
            .next()
            .is_some_and(|name| name.starts_with(char::is_uppercase))
    };
    let call = literals
        .iter()
        .map(|literal| literal.call.as_str())
        .filter(|call| is_class(call))
        .max_by_key(|call| literals.iter().filter(|other| other.call == *call).count());
    let mut lines: Vec<String> = Vec::new();
    for literal in literals
        .iter()
        .filter(|literal| call.is_none_or(|call| literal.call == call))
        .take(8)
    {
        let line = format!("  {}: {}", literal.name, yaml_value(&literal.value));
        if !lines
            .iter()
            .any(|other| other.split(':').next() == line.split(':').next())
        {
            lines.push(line);
        }
    }
    let name = lines
        .first()
        .and_then(|line| line.trim().split(':').next())
        .unwrap_or("learning_rate")
        .to_owned();
    if lines.is_empty() {
        lines.push("  learning_rate: 0.001".to_owned());
        lines.push("  epochs: 10".to_owned());
    }
    let text = format!("model:\n{}\n", lines.join("\n"));
    let start = Implementation::default();
    let start = match facts.basis.listing.file(file) {
        Some(_) => start.change(&Evidence::file(file, "holds settings"), text.trim_end()),
        None => start.create(file, text),
    };
    let main = facts.basis.training.main_entries();
    let entry = leading_entry(&facts.basis)
        .into_iter()
        .chain(main)
        .map(|entry| entry.file)
        .find(|entry| facts.basis.codebase.file(*entry).code.language == Language::Python);
    let start = match entry {
        Some(entry) => {
            let codebase = &facts.basis.codebase;
            let imports = lacking(codebase, entry, &["from pathlib import Path", "import yaml"]);
            let read = format!("params = yaml.safe_load(Path(\"{file}\").read_text())");
            start.add(&below_imports(codebase, entry), format!("{imports}\n{read}"))
        }
        None => start.decide(format!("read {file} once where the run starts")),
    };
    match (
        literals
            .iter()
            .find(|literal| call == Some(literal.call.as_str())),
        literals.first(),
    ) {
        (Some(literal), _) => start.change(
            &literal.evidence,
            format!("{}(**params[\"model\"])", literal.call),
        ),
        (None, Some(literal)) => start.change(
            &literal.evidence,
            format!("{}(..., {name}=params[\"model\"][\"{name}\"])", literal.call),
        ),
        (None, None) => start.decide(format!(
            "hand the values on, such as params[\"model\"][\"{name}\"], instead of the ones in the code"
        )),
    }
}

/// A Python literal as YAML writes it.
fn yaml_value(value: &str) -> String {
    match value {
        "True" => "true".to_owned(),
        "False" => "false".to_owned(),
        "None" => "null".to_owned(),
        text if text.starts_with('\'') => format!("\"{}\"", text.trim_matches('\'')),
        other => other.to_owned(),
    }
}
