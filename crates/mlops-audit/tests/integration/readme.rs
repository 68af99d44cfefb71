//! What the README shows is what the program prints. `UPDATE_README=1 cargo test readme` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::judge::{CRITERIA, criterion};
use mlops_audit_core::policy::Policy;
use mlops_audit_fix::FIXERS;
use mlops_audit_report::Extras;
use mlops_audit_report::terminal::{Label, Style, Vocabulary};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The example project as a repository of its own, so that the report does not depend on this repository's commit.
fn example() -> Memory {
    fn files(folder: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).expect("the example can be listed") {
            let path = entry.expect("an entry can be read").path();
            let name = path
                .file_name()
                .expect("an entry has a name")
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                files(&path, &format!("{prefix}{name}/"), found);
            } else {
                found.push((
                    format!("{prefix}{name}"),
                    fs::read(&path).expect("the example can be read"),
                ));
            }
        }
    }
    let mut found = Vec::new();
    files(&root().join("examples/churn"), "", &mut found);
    let is_source = |path: &str| {
        !path.contains("__pycache__") && !path.contains(".pytest_cache") && !path.contains(".venv")
    };
    // What a run of the example leaves behind is no part of it.
    found.retain(|(path, _)| is_source(path) && !path.ends_with(".joblib") && !path.ends_with("metrics.csv"));
    Memory::new(found, None).in_git()
}

struct Words(Catalogue);

impl Vocabulary for Words {
    fn label(&self, id: mlops_audit_core::judge::CriterionId) -> Label<'_> {
        let criterion = criterion(id).expect("every id has its criterion");
        Label {
            label: criterion.label,
            looked_for: criterion.looked_for,
        }
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.0
            .tools()
            .iter()
            .find(|(known, _)| known == id)
            .map_or(id, |(_, tool)| &tool.name)
    }
}

fn report() -> String {
    let words = Words(Catalogue::new(mlops_audit_catalogue::tools()));
    let audit = mlops_audit_core::audit(&example(), &words.0, &Policy::default());
    let report = mlops_audit_report::terminal::render(&audit, &words, &Style::default(), &Extras::default());
    // The box is the picture; the recommendations below it are many.
    let end = report.rfind('╝').map_or(report.len(), |at| at + '╝'.len_utf8());
    format!("```text\n{}\n```", &report[..end])
}

fn criteria_table() -> String {
    let mut table = "| Principle | Criteria |\n| --- | --- |".to_owned();
    for (principle, criteria) in CRITERIA {
        let title = principle.title();
        let title = format!("{}{}", &title[..1], title[1..].to_lowercase());
        let pages: Vec<String> = criteria
            .iter()
            .map(|criterion| {
                let page = format!(
                    "crates/mlops-audit-core/src/judge/{}/{}.md",
                    principle.as_str(),
                    criterion.id.name
                );
                let heading = criterion
                    .page
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .trim_start_matches("# ");
                format!("[{heading}]({page})")
            })
            .collect();
        let _ = write!(table, "\n| {title} | {} |", pages.join(" · "));
    }
    table
}

fn fixers_table() -> String {
    let mut table = "| Fixer | Class | What it does |\n| --- | --- | --- |".to_owned();
    for fixer in FIXERS {
        let page = format!(
            "crates/mlops-audit-fix/src/fixers/{}.md",
            fixer.id.replace('-', "_")
        );
        let _ = write!(
            table,
            "\n| [`{}`]({page}) | {} | {} |",
            fixer.id,
            fixer.class.as_str(),
            fixer.summary
        );
    }
    table
}

fn replaced(text: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let from = text.find(&begin).expect("the README has the mark") + begin.len();
    let to = text.find(&end).expect("the README has the mark");
    format!("{}\n{content}\n{}", &text[..from], &text[to..])
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).expect("the README can be read");
    let parts = [
        ("report", report()),
        ("criteria", criteria_table()),
        ("fixers", fixers_table()),
    ];
    let fresh = parts
        .iter()
        .fold(text, |text, (name, content)| replaced(&text, name, content));
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &fresh).expect("the README can be written");
    }
    let text = fs::read_to_string(&path).expect("the README can be read");
    assert!(
        text == fresh,
        "the README is stale: run `UPDATE_README=1 cargo test --test integration readme`"
    );
}
