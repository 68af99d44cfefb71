//! What holds of every audit, tried on the repositories of the pages and the traps, changed at random.
//!
//! `ARBTEST_BUDGET_MS=60000` tries longer than the seconds that each property has by default.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, Limits, Memory, Source};
use mlops_audit_core::judge::{CriterionId, Verdict, criteria};
use mlops_audit_core::policy::Policy;
use mlops_audit_report::{Extras, json};

use crate::examples::examples;

/// How long a property is tried.
const BUDGET: u64 = 2_500;

type Files = Vec<(String, Vec<u8>)>;

/// The repositories of all pages and traps, each with its title.
fn repositories() -> &'static [(String, Files)] {
    static ALL: LazyLock<Vec<(String, Files)>> = LazyLock::new(|| {
        let traps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/traps");
        let mut pages: Vec<String> = criteria().map(|criterion| criterion.page.to_owned()).collect();
        for trap in fs::read_dir(traps).expect("the traps can be listed") {
            pages.push(fs::read_to_string(trap.expect("an entry").path()).expect("a page"));
        }
        let examples = pages.iter().flat_map(|page| examples(page));
        examples
            .map(|example| (example.title, files(&Memory::from_text(&example.repository))))
            .collect()
    });
    &ALL
}

fn files(source: &dyn Source) -> Files {
    let all = source.listing().files.iter();
    all.map(|file| (file.path.clone(), source.read(file).expect("a file in memory")))
        .collect()
}

fn audit_of(source: &dyn Source) -> Audit {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(mlops_audit_catalogue::tools()));
    mlops_audit_core::audit(source, &CATALOGUE, &Policy::default())
}

fn audit(files: &Files) -> Audit {
    audit_of(&Memory::new(files.clone(), None).in_git())
}

fn verdicts(files: &Files) -> Vec<(CriterionId, Verdict)> {
    let audit = audit(files);
    let criteria = audit.principles.iter().flat_map(|principle| &principle.criteria);
    criteria
        .map(|criterion| (criterion.id, criterion.observed))
        .collect()
}

/// How much a verdict is worth.
fn worth(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Unmet => 0,
        Verdict::Partial => 1,
        Verdict::Met => 2,
    }
}

/// Asserts for each criterion that its verdict after a change may follow the one before.
fn compare(what: &str, before: &Files, after: &Files, holds: fn(u8, u8) -> bool) {
    for ((id, first), (_, second)) in verdicts(before).into_iter().zip(verdicts(after)) {
        assert!(
            holds(worth(first), worth(second)),
            "{what}: {id} was {first} and is {second}"
        );
    }
}

#[test]
fn no_tree_makes_the_audit_panic() {
    arbtest(|random| {
        let mut files = random.choose(repositories())?.1.clone();
        for _ in 0..random.int_in_range(1..=4)? {
            let others = &random.choose(repositories())?.1;
            if files.is_empty() || others.is_empty() {
                continue;
            }
            let at = random.choose_index(files.len())?;
            match random.int_in_range(0..=3)? {
                0 => files.extend(others.clone()),
                // The content of one file under the name of another.
                1 => files[at].1 = random.choose(others)?.1.clone(),
                _ => mutate(random, &mut files[at].1)?,
            }
        }
        let audit = audit(&files);
        for criterion in audit.principles.iter().flat_map(|principle| &principle.criteria) {
            let has_evidence = !criterion.evidence.is_empty();
            assert!(
                criterion.verdict == Verdict::Unmet || has_evidence,
                "{}",
                criterion.id
            );
        }
        Ok(())
    })
    .budget_ms(BUDGET);
}

fn mutate(random: &mut Unstructured<'_>, text: &mut Vec<u8>) -> Result<()> {
    const SIGNS: &[&str] = &[
        "\n", "{{", "(", "\"\"\"", "'", "#", ":", "- ", "$(", "\\", "\u{0}", "\t", "<<EOF\n", "é",
    ];
    for _ in 0..random.int_in_range(1..=5)? {
        let at = random.int_in_range(0..=text.len())?;
        match random.int_in_range(0..=2)? {
            0 => text.truncate(at),
            1 => drop(text.drain(..at)),
            _ => {
                let sign = random.choose(SIGNS)?.bytes();
                text.splice(at..at, sign);
            }
        }
    }
    Ok(())
}

#[test]
fn neither_threads_nor_the_order_of_files_show() {
    arbtest(|random| {
        let (title, files) = random.choose(repositories())?;
        let mut shuffled = files.clone();
        for at in 1..shuffled.len() {
            shuffled.swap(at, random.int_in_range(0..=at)?);
        }
        let report = |files: &Files, threads: usize| {
            let folder = tempfile::tempdir().expect("a folder");
            for (path, content) in files {
                let place = folder.path().join(path);
                fs::create_dir_all(place.parent().expect("it lies in the folder")).expect("a folder");
                fs::write(place, content).expect("a file");
            }
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            let root = folder.path().display().to_string();
            let text = pool.install(|| {
                let disk = Disk::open(folder.path(), None, Limits::default()).expect("the folder is there");
                json::render(&audit_of(&disk), &Extras::default())
            });
            text.replace(&root, "ROOT")
        };
        assert_eq!(report(files, 1), report(&shuffled, 4), "{title}");
        Ok(())
    })
    .budget_ms(BUDGET);
}

/// Words that would mean something if a comment were more than a comment.
const REMARKS: &[&str] = &[
    "mlflow.autolog(); np.random.seed(0)",
    "pytest tests/ --cov",
    "schedule: cron 0 3 * * *",
    "dvc push; docker push registry/image",
    "see the wandb run",
    "TODO",
];

/// The lines of a file in front of which a comment line changes nothing; none where the format has no such comments.
fn places_for_comments(path: &str, text: &str) -> Vec<usize> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit('.').next().unwrap_or_default();
    let starts: &[&str] = match ending {
        "py" => &["import ", "from ", "def ", "class ", "@"],
        "yaml" | "yml" => &[
            "on:",
            "jobs:",
            "name:",
            "stages:",
            "services:",
            "steps:",
            "groups:",
        ],
        "toml" => &["["],
        "sh" => &["python ", "set ", "export "],
        "R" => &["library(", "set.seed("],
        "jl" => &["using ", "function ", "import "],
        _ if name == "Makefile" => &[".PHONY", "train:", "test:", "all:"],
        _ if name == "Dockerfile" => &["FROM ", "RUN ", "COPY ", "CMD ", "ENTRYPOINT "],
        _ => return Vec::new(),
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_plain = |at: usize| {
        let before = lines[..at].concat();
        let is_open = ["\"\"\"", "'''", "<<"]
            .iter()
            .any(|mark| before.matches(mark).count() % 2 == 1);
        !is_open && !before.trim_end().ends_with('\\') && !before.trim_end().ends_with([',', '('])
    };
    (0..lines.len())
        .filter(|at| starts.iter().any(|start| lines[*at].starts_with(start)) && is_plain(*at))
        .collect()
}

#[test]
fn a_comment_that_is_no_directive_changes_no_verdict() {
    arbtest(|random| {
        let (title, files) = random.choose(repositories())?;
        let mut changed = files.clone();
        let mut is_changed = false;
        for (path, content) in &mut changed {
            let text = String::from_utf8_lossy(content).into_owned();
            let places = places_for_comments(path, &text);
            if places.is_empty() {
                continue;
            }
            let at = *random.choose(&places)?;
            let remark = format!("# {}\n", random.choose(REMARKS)?);
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            lines.insert(at, &remark);
            *content = lines.concat().into_bytes();
            is_changed = true;
        }
        if is_changed {
            compare(title, files, &changed, |first, second| first == second);
        }
        Ok(())
    })
    .budget_ms(BUDGET);
}

#[test]
fn an_unrelated_file_lowers_no_verdict() {
    const UNRELATED: &[(&str, &str)] = &[
        ("docs/notes.txt", "We met on Tuesday.\n"),
        ("LICENSE", "Permission is hereby granted\n"),
        ("web/widget.js", "export const widget = () => 'a';\n"),
        (
            "src/main/java/Widget.java",
            "class Widget { int size() { return 1; } }\n",
        ),
        ("assets/logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>\n"),
        ("tools/greet.sh", "echo hello\n"),
        ("tools/greet.py", "print('hello')\n"),
        (".editorconfig", "root = true\n"),
        ("docs/guide.md", "# Guide\n\nRead it slowly.\n"),
        ("settings/colours.json", "{\"red\": \"#f00\"}\n"),
        ("settings/colours.yaml", "red: '#f00'\n"),
    ];
    arbtest(|random| {
        let (title, files) = random.choose(repositories())?;
        let (path, content) = random.choose(UNRELATED)?;
        let mut changed = files.clone();
        if changed.iter().any(|(known, _)| known == path) {
            return Ok(());
        }
        changed.push(((*path).to_owned(), content.as_bytes().to_vec()));
        compare(
            &format!("{title}, with {path}"),
            files,
            &changed,
            |first, second| first <= second,
        );
        Ok(())
    })
    .budget_ms(BUDGET);
}

#[test]
fn a_vendored_folder_raises_no_verdict() {
    const FOLDERS: &[&str] = &[
        "third_party/other",
        "vendor/other",
        ".venv/lib/python3.11/site-packages/other",
        "node_modules/other",
    ];
    arbtest(|random| {
        let (title, files) = random.choose(repositories())?;
        let (other, vendored) = random.choose(repositories())?;
        let folder = random.choose(FOLDERS)?;
        let mut changed = files.clone();
        let copies = vendored.iter();
        changed.extend(copies.map(|(path, content)| (format!("{folder}/{path}"), content.clone())));
        let what = format!("{title}, with '{other}' in {folder}");
        compare(&what, files, &changed, |first, second| first >= second);
        Ok(())
    })
    .budget_ms(BUDGET);
}
