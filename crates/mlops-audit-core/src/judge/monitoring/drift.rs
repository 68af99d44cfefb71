//! The script that compares what arrived with what the model was trained on, in the words of the project's Evidently.

use super::tables::Database;
use crate::extract::Facts;

/// The first minor version of Evidently 0 whose reports are called in the new way.
const NEW_REPORTS: u32 = 7;

/// Compares what arrived with what the model was trained on, and fails where it drifted.
pub(super) fn drift_script(facts: &Facts<'_>) -> String {
    let (imports, lines) = match has_old_reports(facts) {
        false => (
            "from evidently import Report\nfrom evidently.presets import DataDriftPreset\n",
            "report = Report([DataDriftPreset()], include_tests=True).run(current, reference)\n\
             report.save_html(\"drift.html\")\n\
             if any(test[\"status\"] == \"FAIL\" for test in report.dict()[\"tests\"]):\n",
        ),
        true => (
            "from evidently.report import Report\nfrom evidently.metric_preset import DataDriftPreset\n",
            "report = Report(metrics=[DataDriftPreset()])\n\
             report.run(reference_data=reference, current_data=current)\n\
             report.save_html(\"drift.html\")\n\
             if report.as_dict()[\"metrics\"][0][\"result\"][\"dataset_drift\"]:\n",
        ),
    };
    let database = Database::of(facts);
    let (first, rows) = database.recent_inputs();
    let client = match database {
        Database::Mongo => "from pymongo import MongoClient\n",
        Database::Postgres => "",
    };
    format!(
        "{TITLE}import os\n{first}\nimport pandas as pd\n{imports}{client}\nreference = pd.read_csv(\"monitoring/reference.csv\")\n{rows}{lines}    raise SystemExit(\"the inputs have drifted: see drift.html\")\n"
    )
}

const TITLE: &str = "\"\"\"Compares the inputs of the last day with a sample of the training data.\"\"\"\n\n";

/// Whether the project's Evidently has the reports of old: its code imports them, or its manifest asks for a version of
/// that time.
fn has_old_reports(facts: &Facts<'_>) -> bool {
    let files = facts.basis.codebase.files.iter().filter(|file| !file.is_test);
    let imports_old = files.flat_map(|file| &file.code.imports).any(|import| {
        [
            "evidently.report",
            "evidently.metric_preset",
            "evidently.test_suite",
        ]
        .iter()
        .any(|module| import.module.starts_with(module))
    });
    let manifests = facts.environment.manifests.iter();
    let mut declared = manifests
        .flat_map(|manifest| &manifest.dependencies)
        .filter(|found| found.name == "evidently");
    imports_old || declared.any(|found| asks_for_old(&found.written))
}

/// Whether a requirement leaves no version with new reports: `evidently==0.4.38`, `evidently<0.7`, `evidently = "^0.6"`.
fn asks_for_old(written: &str) -> bool {
    let version = written.rsplit("evidently").next().unwrap_or_default();
    // Extras stand between the name and the version.
    let version = version.rsplit(']').next().unwrap_or_default();
    let mut parts = version.split(',').map(str::trim);
    parts.any(|part| {
        let number = part.trim_start_matches(|sign: char| !sign.is_ascii_digit());
        let sign = part[..part.len() - number.len()]
            .trim()
            .trim_matches(['"', '\'', ':', '=', ' ']);
        let is_lower = sign.contains('>') || sign.contains('!');
        let mut segments = number.split('.');
        let major = segments.next().and_then(|text| text.parse::<u32>().ok());
        let minor = segments
            .next()
            .map(|text| text.trim_end_matches(|sign: char| !sign.is_ascii_digit()))
            .and_then(|text| text.parse::<u32>().ok());
        let is_below = match (major, minor) {
            (Some(0), Some(minor)) if sign == "<" => minor <= NEW_REPORTS,
            (Some(0), Some(minor)) => minor < NEW_REPORTS,
            _ => false,
        };
        is_below && !is_lower
    })
}

#[cfg(test)]
mod tests {
    use super::asks_for_old;

    #[test]
    fn the_version_says_which_reports_there_are() {
        for (written, is_old) in [
            ("evidently==0.4.38", true),
            ("evidently[llm]==0.6.7", true),
            ("evidently<0.7", true),
            ("evidently = \"^0.4.2\"", true),
            ("evidently>=0.4,<0.6", true),
            ("evidently", false),
            ("evidently>=0.4", false),
            ("evidently==0.7.1", false),
        ] {
            assert_eq!(asks_for_old(written), is_old, "{written}");
        }
    }
}
