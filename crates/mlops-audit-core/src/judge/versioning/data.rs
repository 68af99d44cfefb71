//! `versioning.data`; see the page beside this file.

use crate::advise::{Advice, Implementation};
use crate::audit::Kind;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::versioning::data::Access;
use crate::extract::versioning::{Data, DataSource, Pin};
use crate::judge::clouds::Cloud;
use crate::judge::dvc::Targets;
use crate::judge::installing::{add_package, start_dvc, trains_nothing};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle, Verdict};

/// `versioning.data`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Versioning,
        name: "data",
    },
    label: "Data",
    looked_for: "DVC, Git LFS, pinned data sets",
    page: include_str!("data.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let data = &facts.versioning.data;
    let verdicts: Vec<Decided<'_>> = if facts.assessment.kind == Kind::LlmApp || data.entries.is_empty() {
        vec![indexed(data)]
    } else {
        let runs: Vec<Decided<'_>> = data
            .entries
            .iter()
            .map(|(_, sources)| decided(sources.iter().collect(), data))
            .collect();
        without_toys(runs, facts.assessment.kind)
    };
    let with = |wanted: Verdict| verdicts.iter().filter(move |found| found.verdict == wanted);
    let (met, partial) = (with(Verdict::Met).count(), with(Verdict::Partial).count());
    let all = verdicts.len();
    if met * 2 >= all && met > 0 {
        return Judgement::met(finding(with(Verdict::Met)), evidence(with(Verdict::Met)));
    }
    if met + partial > 0 {
        let credited = || verdicts.iter().filter(|found| found.verdict != Verdict::Unmet);
        let missing = match credited()
            .map(|found| found.sources.as_slice())
            .find_map(|sources| sources.first().copied())
        {
            Some(source) => improvement(source),
            None => "the data files are in Git as plain files, without a version of their own".to_owned(),
        };
        return Judgement::partial(finding(credited()), evidence(credited()), missing);
    }
    unmet(data, &verdicts)
}

/// What one run reads, and what that is worth.
struct Decided<'facts> {
    verdict: Verdict,
    sources: Vec<&'facts DataSource>,
    evidence: Vec<Evidence>,
}

/// What the pin of a source is worth.
fn worth(source: &DataSource) -> Verdict {
    match &source.pin {
        Pin::Version(_) => Verdict::Met,
        Pin::Committed | Pin::Name(_) | Pin::Generated => Verdict::Partial,
        Pin::Nothing(_) | Pin::Elsewhere => Verdict::Unmet,
    }
}

/// The best pinned of what a run reads decides; what it reads from files that something else made is followed to
/// that.
fn decided<'facts>(own: Vec<&'facts DataSource>, data: &'facts Data) -> Decided<'facts> {
    let best = |sources: &[&'facts DataSource]| {
        sources
            .iter()
            .map(|source| worth(source))
            .max()
            .unwrap_or(Verdict::Unmet)
    };
    let pick = |sources: Vec<&'facts DataSource>, verdict: Verdict| -> Decided<'facts> {
        let sources: Vec<&DataSource> = sources
            .into_iter()
            .filter(|source| worth(source) == verdict)
            .collect();
        let evidence = sources
            .iter()
            .flat_map(|source| [source.evidence.clone(), source.read_at.clone()])
            .collect();
        Decided {
            verdict,
            sources,
            evidence,
        }
    };
    let verdict = best(&own);
    if verdict > Verdict::Unmet {
        // Data that DVC pins and code reads elsewhere first is the main data all the same.
        if verdict < Verdict::Met && !data.shelved.is_empty() {
            return Decided {
                verdict: Verdict::Met,
                sources: Vec::new(),
                evidence: data.shelved.clone(),
            };
        }
        return pick(own, verdict);
    }
    let fetched = own.iter().any(|source| matches!(source.pin, Pin::Nothing(_)));
    if !data.shelved.is_empty() {
        return Decided {
            verdict: Verdict::Met,
            sources: Vec::new(),
            evidence: data.shelved.clone(),
        };
    }
    if fetched {
        return pick(own, Verdict::Unmet);
    }
    let makes = |source: &&DataSource| !source.is_downstream;
    let elsewhere: Vec<&DataSource> = data.elsewhere.iter().filter(makes).collect();
    let verdict = best(&elsewhere);
    if verdict > Verdict::Unmet {
        return pick(elsewhere, verdict);
    }
    if own.is_empty() && !data.committed.is_empty() {
        return Decided {
            verdict: Verdict::Partial,
            sources: Vec::new(),
            evidence: data.committed.clone(),
        };
    }
    pick(own.into_iter().chain(elsewhere).collect(), Verdict::Unmet)
}

/// A benchmark that a side script tries something out with says nothing of the data that the project trains on.
fn without_toys(runs: Vec<Decided<'_>>, kind: Kind) -> Vec<Decided<'_>> {
    let is_toy = |run: &Decided<'_>| {
        !run.sources.is_empty()
            && run
                .sources
                .iter()
                .all(|source| source.access == Access::Benchmark)
    };
    let toys = runs.iter().filter(|run| is_toy(run)).count();
    if kind == Kind::Course || toys * 2 >= runs.len() {
        return runs;
    }
    runs.into_iter().filter(|run| !is_toy(run)).collect()
}

/// What is indexed or answered from, where nothing is trained.
fn indexed(data: &Data) -> Decided<'_> {
    let sources = corpus(data);
    let verdict = sources
        .iter()
        .map(|source| worth(source))
        .max()
        .unwrap_or(Verdict::Unmet);
    let sources: Vec<&DataSource> = sources
        .into_iter()
        .filter(|source| worth(source) == verdict)
        .collect();
    if verdict == Verdict::Unmet && !data.shelved.is_empty() {
        return Decided {
            verdict: Verdict::Met,
            sources: Vec::new(),
            evidence: data.shelved.clone(),
        };
    }
    let evidence = sources
        .iter()
        .flat_map(|source| [source.evidence.clone(), source.read_at.clone()])
        .collect();
    Decided {
        verdict,
        sources,
        evidence,
    }
}

/// Without training the data that is indexed or answered from counts; sets of questions for evaluation do not.
fn corpus(data: &Data) -> Vec<&DataSource> {
    let is_evaluation = |source: &&DataSource| {
        let path = source.read_at.path.to_ascii_lowercase();
        let name = source.name.to_ascii_lowercase();
        ["eval", "golden", "ground_truth", "benchmark", "judge"]
            .iter()
            .any(|word| path.contains(word) || name.contains(word))
    };
    data.entries
        .iter()
        .flat_map(|(_, sources)| sources)
        .chain(&data.elsewhere)
        .filter(|source| !is_evaluation(source))
        .collect()
}

fn evidence<'facts>(found: impl Iterator<Item = &'facts Decided<'facts>>) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = found
        .flat_map(|decided| decided.evidence.iter().cloned())
        .collect();
    evidence.sort();
    evidence.dedup();
    evidence.truncate(8);
    evidence
}

fn finding<'facts>(mut found: impl Iterator<Item = &'facts Decided<'facts>>) -> String {
    let Some(first) = found.next() else {
        return String::new();
    };
    match first.sources.first().map(|source| &source.pin) {
        Some(Pin::Version(by)) => format!("pinned by {by}"),
        Some(Pin::Committed) => "plain files in Git".to_owned(),
        Some(Pin::Name(what)) => format!("stable by name only: {what}"),
        Some(Pin::Generated) => "generated by seeded code".to_owned(),
        _ if first.verdict == Verdict::Met => "data files pinned by their hash".to_owned(),
        _ => "data files in Git".to_owned(),
    }
}

fn improvement(source: &DataSource) -> String {
    match &source.pin {
        Pin::Committed => format!(
            "`{}` is in Git as a plain file, without a version of its own",
            source.name
        ),
        Pin::Name(what) => {
            format!("the data is stable by its name only ({what}); no version or checksum pins it")
        }
        Pin::Generated => "the generated data is stored under no version".to_owned(),
        _ => "some of the training runs read data that nothing pins".to_owned(),
    }
}

fn unmet(data: &Data, verdicts: &[Decided<'_>]) -> Judgement {
    let sources: Vec<&DataSource> = verdicts
        .iter()
        .flat_map(|found| found.sources.iter().copied())
        .collect();
    let reason = sources.iter().find_map(|source| match &source.pin {
        Pin::Nothing(reason) => Some(reason.clone()),
        _ => None,
    });
    let local = sources.iter().find(|source| source.pin == Pin::Elsewhere);
    let missing = match (reason, local) {
        (Some(reason), _) => format!("nothing pins the data: {reason}"),
        (None, Some(source)) => format!(
            "`{}` is read from the disk, and nothing in the repository pins it",
            source.name
        ),
        (None, None) => "no versioned training or reference data was found".to_owned(),
    };
    let judgement = Judgement::unmet(missing);
    if let Some(setup) = &data.idle_dvc {
        return judgement.near("DVC is set up, but tracks no data", vec![setup.clone()]);
    }
    let mut evidence: Vec<Evidence> = sources.iter().map(|source| source.read_at.clone()).collect();
    evidence.sort();
    evidence.dedup();
    evidence.truncate(4);
    judgement.near("", evidence)
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let data = &judged.facts().versioning.data;
    let all: Vec<&DataSource> = data
        .entries
        .iter()
        .flat_map(|(_, sources)| sources)
        .chain(&data.elsewhere)
        .collect();
    let credited: Vec<&DataSource> = all
        .iter()
        .copied()
        .filter(|source| worth(source) == judgement.verdict)
        .collect();
    let main = credited
        .iter()
        .find(|source| source.pin != Pin::Elsewhere)
        .or_else(|| credited.first())
        .copied();
    let gap = match main {
        Some(source) => {
            let missing = capitalised(judgement);
            let name = format!("`{}`", source.name);
            let place = source.read_at.location();
            // What names the data already need not do so again.
            if missing.contains(&name) {
                format!("{missing}; it is read at {place}.")
            } else {
                format!("{missing}: {name} is read at {place}.")
            }
        }
        None => format!("{}.", capitalised(judgement)),
    };
    let (recommendation, implementation, tools) = remedy(judged.facts(), main, data);
    Advice {
        cause: "data-not-pinned".to_owned(),
        gap,
        recommendation,
        implementation,
        tools,
        fixable: false,
        locations: main.map_or_else(
            || judgement.evidence.clone(),
            |source| vec![source.read_at.clone()],
        ),
    }
}

fn capitalised(judgement: &Judgement) -> String {
    let text = judgement.missing.first().cloned().unwrap_or_default();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The name where it is an address, else what stands for one that the repository does not tell.
fn address<'name>(name: &'name str, unknown: &'name str) -> &'name str {
    if name.contains(' ') || !name.contains("://") {
        unknown
    } else {
        name
    }
}

/// The commands that fetch an object of a bucket into DVC, which records its hash and where it came from.
fn imported(facts: &Facts<'_>, data: &Data, name: &str) -> Implementation {
    let cloud = Cloud::of_address(name).unwrap_or_else(|| Cloud::of(facts));
    let from = address(name, cloud.address());
    let file = from
        .rsplit('/')
        .next()
        .filter(|file| file.contains('.'))
        .unwrap_or("extract");
    let is_set_up = data.idle_dvc.is_some() || facts.basis.listing.file(".dvc/config").is_some();
    let mut commands = String::new();
    if !is_set_up {
        commands += &format!("{}\n", start_dvc(facts, cloud.package()));
    }
    commands += &format!(
        "mkdir -p data\ndvc import-url \"{from}\" \"data/{file}\"\ngit add .dvc \"data/{file}.dvc\" data/.gitignore\ngit commit -m \"Pin data/{file} by DVC\""
    );
    Implementation::default().run(commands).decide(format!(
        "let training read `data/{file}`, and run `dvc update data/{file}.dvc` where new data is wanted"
    ))
}

/// What pins this kind of source.
fn remedy(
    facts: &Facts<'_>,
    main: Option<&DataSource>,
    data: &Data,
) -> (String, Implementation, Vec<String>) {
    let tools = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let start = Implementation::default();
    let name = main.map_or("data", |source| source.name.as_str());
    let place = main.map_or_else(String::new, |source| source.read_at.location());
    let at = |lines: String| match main {
        Some(source) => Implementation::default().change(&source.read_at, lines),
        None => Implementation::default().decide("name a version of the data where it is read"),
    };
    match main.map(|source| source.access) {
        Some(Access::Hub) => (
            format!("Give `load_dataset` the commit of `{name}` that you train on; the hub shows it under \"Files and versions\"."),
            at(format!("load_dataset(\"{name}\", revision=\"0123abc\")  # the commit of the data set")),
            tools(&["Hugging Face Datasets"]),
        ),
        Some(Access::Kaggle) => (
            format!("Name the version of `{name}` that you train on, and check the archive against its hash after the download."),
            at(format!("path = kagglehub.dataset_download(\"{name}/versions/1\")")),
            tools(&["kagglehub", "DVC"]),
        ),
        Some(Access::Bucket) => (
            "Import the object that training reads into DVC, which records its hash, so that a change is a commit.".to_owned(),
            imported(facts, data, name),
            tools(&["DVC"]),
        ),
        Some(Access::Download) if address(name, "").is_empty() => (
            "Keep what the address answers in a file that DVC pins, and let training read that file: an answer that nobody keeps cannot be trained on again.".to_owned(),
            Implementation::default()
                .decide(format!("write the answer at {place} to `data/fetched.json`, and let training read that file"))
                .then(Targets::new_file("data/fetched.json").tracked(facts)),
            tools(&["DVC"]),
        ),
        Some(Access::Download) => (
            "Fetch the data by a step that checks it against a hash, so that a change is noticed; or import it into DVC, which records the hash.".to_owned(),
            start.run(add_package(facts, "pooch")).then(at(format!(
                "import pooch\n\npath = pooch.retrieve(\"{}\", known_hash=\"sha256:...\")  # `pooch.file_hash` tells it\n# then read `path`",
                address(name, "https://HOST/PATH")
            ))),
            tools(&["pooch", "DVC"]),
        ),
        Some(Access::Table) => (
            "Write the extract that a training run uses to a file that DVC pins; or read the table at a version (`VERSION AS OF` in Delta and Iceberg, `AT(TIMESTAMP => …)` in Snowflake, `FOR SYSTEM_TIME AS OF` in BigQuery).".to_owned(),
            at("extract = pd.read_sql(QUERY, engine)  # the query as it is\nextract.to_csv(\"data/extract.csv\", index=False)".to_owned())
                .then(Targets::new_file("data/extract.csv").tracked(facts)),
            tools(&["DVC", "Delta Lake", "Iceberg"]),
        ),
        Some(Access::Generator) => (
            "Write the generated data once with its seed, and let DVC pin the file, so that a change of the generator or of its libraries is seen.".to_owned(),
            Targets::new_file("data/generated.csv").tracked(facts),
            tools(&["DVC"]),
        ),
        Some(Access::File) if main.is_some_and(|source| source.pin == Pin::Committed) => {
            let targets = Targets::of(facts, main);
            (
                format!("Move {} under DVC, so that each version has a hash of its own and stays out of Git; for few large files Git LFS is enough.", targets.label()),
                targets.tracked(facts),
                tools(&["DVC", "Git LFS"]),
            )
        }
        _ if trains_nothing(facts) => (
            "Keep labelled examples that the model is evaluated on, and put them under DVC with a remote that the team can read.".to_owned(),
            Targets::of(facts, main).tracked(facts),
            tools(&["DVC", "Git LFS"]),
        ),
        _ => (
            "Put the data that training reads under DVC and push it to a remote that the team can read.".to_owned(),
            Targets::of(facts, main).tracked(facts),
            tools(&["DVC", "Git LFS"]),
        ),
    }
}
