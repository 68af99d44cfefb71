//! What a path, an address or the name of a call says of the data behind it.

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::dotted::last_segment;

use super::data::Access;
use super::paths::UNKNOWN;

/// Archives whose records do not change under their address.
pub(super) const ARCHIVES: &[&str] = &[
    "zenodo.org",
    "figshare.com",
    "archive.ics.uci.edu",
    "files.grouplens.org",
    "openslr.org",
    "dataverse",
    "datadryad.org",
    "data.mendeley.com",
    "physionet.org",
    "cs.toronto.edu/~kriz",
    "yann.lecun.com",
    "nlp.stanford.edu",
    "ai.stanford.edu",
    "storage.googleapis.com/tf-datasets",
    "storage.googleapis.com/download.tensorflow.org",
    "download.tensorflow.org",
    "osf.io",
    "doi.org",
];

/// Calls that read what changes under its name.
pub(super) fn live_source(target: &str, loads: bool) -> Option<Access> {
    let last = last_segment(target);
    if target.starts_with("kagglehub.") {
        return Some(Access::Kaggle);
    }
    let table = matches!(
        last,
        "read_sql"
            | "read_sql_query"
            | "read_sql_table"
            | "read_gbq"
            | "read_database"
            | "read_database_uri"
            | "read_delta"
            | "fetch_pandas_all"
            | "fetch_pandas_batches"
            | "get_historical_features"
            | "create_training_set"
            | "query_and_wait"
            | "dbGetQuery"
            | "dbReadTable"
    );
    if table {
        return Some(Access::Table);
    }
    let session = || {
        target.contains("SparkSession") || target.contains("snowpark") || target.contains("Session.builder")
    };
    if matches!(last, "sql" | "table") && session() {
        return Some(Access::Table);
    }
    if loads && (target.contains("bigquery") || target.contains("athena.") || target.contains("redshift.")) {
        return Some(Access::Table);
    }
    if matches!(last, "get_object" | "download_blob" | "fget_object")
        || last.starts_with("download_") && target.contains("storage")
    {
        return Some(Access::Bucket);
    }
    None
}

/// Whether an address is one at which a service tells how it is doing, or answers: `http://api/health`.
pub(super) fn asks_after_service(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    matches!(
        last,
        "docs"
            | "health"
            | "healthcheck"
            | "healthz"
            | "invocations"
            | "live"
            | "livez"
            | "metrics"
            | "openapi.json"
            | "ping"
            | "predict"
            | "ready"
            | "readyz"
            | "status"
            | "version"
    )
}

/// Whether a mode of `open` reads.
pub(super) fn reads(mode: Option<&Expr>) -> bool {
    match mode.and_then(Expr::as_str) {
        Some(mode) => mode.contains('r') && !mode.contains('+'),
        None => true,
    }
}

/// Statements that change a database rather than read from it.
pub(super) fn is_statement_without_rows(text: &str) -> bool {
    let upper = text.trim_start().to_ascii_uppercase();
    [
        "CREATE", "DROP", "INSERT", "DELETE", "UPDATE", "USE ", "ALTER", "GRANT", "SET ", "MERGE", "OPTIMIZE",
    ]
    .iter()
    .any(|word| upper.starts_with(word))
}

/// Whether a file is what the project puts out rather than what it takes in: a log, a result, a submission.
pub(in crate::extract) fn is_by_product(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let in_folder = folders.split('/').any(|part| {
        matches!(
            part,
            "log"
                | "logs"
                | "result"
                | "results"
                | "report"
                | "reports"
                | "metrics"
                | "predictions"
                | "submission"
                | "submissions"
        )
    });
    in_folder
        || [
            "submission",
            "prediction",
            "progress",
            "leaderboard",
            "metrics",
            "importance",
        ]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether what `open` reads can be data: settings, templates and results are none.
pub(super) fn may_be_data(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    const ENDINGS: &[&str] = &[
        ".csv",
        ".tsv",
        ".txt",
        ".jsonl",
        ".ndjson",
        ".parquet",
        ".npy",
        ".npz",
        ".bin",
        ".xml",
        ".data",
        ".h5",
        ".hdf5",
        ".gz",
        ".zip",
        ".tar",
        ".dat",
        ".arff",
        ".mat",
        ".tfrecord",
        ".bz2",
        ".conll",
        ".tok",
    ];
    const NONE: &[&str] = &[
        "config",
        "param",
        "metric",
        "result",
        "report",
        "requirement",
        "log",
        "readme",
        "label_map",
        "prompt",
        "version",
    ];
    let of_dependencies = lower.split('/').any(|part| part.starts_with("requirement"));
    if of_dependencies {
        return false;
    }
    let in_data_folder = lower
        .split('/')
        .rev()
        .skip(1)
        .any(|part| part.contains("data") || part.contains("corpus"));
    let ending = ENDINGS.iter().any(|ending| name.ends_with(ending));
    let other = name.ends_with(".json")
        || name.ends_with(".pkl")
        || name.ends_with(".pickle")
        || name.ends_with(UNKNOWN)
        || !name.contains('.');
    !NONE.iter().any(|word| name.contains(word)) && (ending || (other && in_data_folder))
}

pub(super) fn has_data_ending(lower: &str) -> bool {
    let path = lower.split('?').next().unwrap_or(lower);
    [
        ".csv", ".tsv", ".zip", ".gz", ".tgz", ".tar", ".json", ".jsonl", ".parquet", ".txt", ".npz", ".npy",
        ".h5", ".xlsx", ".data", ".bz2", ".xml", ".7z", ".mat", ".arff", ".xz",
    ]
    .iter()
    .any(|ending| path.ends_with(ending))
}

/// Whether an address is one of a program rather than of data: built for a machine, or the archive of a release whose name
/// speaks of no data.
pub(crate) fn is_program(lower: &str) -> bool {
    let name = lower.rsplit('/').next().unwrap_or(lower);
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_built = words().any(|word| {
        matches!(
            word,
            "linux" | "linux64" | "amd64" | "x86_64" | "arm64" | "aarch64" | "darwin" | "windows"
        )
    });
    let is_archive = [".tar.gz", ".tgz", ".tar.xz", ".tar", ".zip"]
        .iter()
        .any(|ending| name.ends_with(ending));
    let speaks_of_data = words().flat_map(|word| word.split('_')).any(|word| {
        matches!(
            word,
            "data" | "dataset" | "datasets" | "corpus" | "images" | "samples" | "train" | "test" | "labels"
        )
    });
    is_built || lower.contains("/releases/download/") && is_archive && !speaks_of_data
}

/// Whether an address holds a commit's full hash.
pub(super) fn has_commit(lower: &str) -> bool {
    lower
        .split(['/', '@', '='])
        .any(|part| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a name holds a date (`2021-01`, `20210131`) or a version (`v1.2`, `_v3`).
pub(super) fn has_date_or_version(lower: &str) -> bool {
    let name = lower.rsplit_once("://").map_or(lower, |(_, rest)| rest);
    let path = name.split_once('/').map_or("", |(_, path)| path);
    let words: Vec<&str> = path
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .collect();
    let year = |word: &str| {
        word.len() >= 4 && word.is_char_boundary(4) && matches!(word[..4].parse::<u32>(), Ok(1990..=2035))
    };
    let dated = words.windows(2).any(|pair| {
        pair[0].len() == 4
            && year(pair[0])
            && matches!(
                pair[1].split('.').next().unwrap_or_default().parse::<u32>(),
                Ok(1..=12)
            )
    }) || words.iter().any(|word| {
        let digits = word.split('.').next().unwrap_or(word);
        digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()) && year(digits)
    });
    // `trips_{year}-{month}.parquet`: what the holes hold is not known, but two of them side by side are a date.
    let file = path.rsplit('/').next().unwrap_or(path);
    let is_data = has_data_ending(lower);
    let dated = dated
        || is_data
            && ["{}-{}", "{}_{}", "{}{}-{}{}"]
                .iter()
                .any(|holes| file.contains(holes));
    let versioned = words.iter().any(|word| {
        let stem = word
            .trim_end_matches(".zip")
            .trim_end_matches(".csv")
            .trim_end_matches(".parquet")
            .trim_end_matches(".gz")
            .trim_end_matches(".tar");
        let digits = stem.strip_prefix('v').unwrap_or_default();
        !digits.is_empty()
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    });
    dated || versioned
}

/// A path as people read it: without the folder at its start that only a run knows, and with `*` for what else a run
/// fills in.
pub(super) fn readable(path: &str) -> String {
    let mut inside = path;
    if path.starts_with(UNKNOWN) {
        let starts = [UNKNOWN, "/", "./", "../"];
        while let Some(rest) = starts.iter().find_map(|start| inside.strip_prefix(start)) {
            inside = rest;
        }
    }
    match inside {
        "" => "a file".to_owned(),
        _ => inside.replace(UNKNOWN, "*"),
    }
}

/// Cut where it is long.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(90) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{has_commit, has_date_or_version, is_program, may_be_data, readable};

    #[test]
    fn paths_are_shown_without_what_only_a_run_knows() {
        assert_eq!(readable("{}/../raw/popular.json"), "raw/popular.json");
        assert_eq!(readable("data/{}/part-{}.csv"), "data/*/part-*.csv");
        assert_eq!(readable("../data/a.csv"), "../data/a.csv");
        assert_eq!(readable("{}"), "a file");
    }

    #[test]
    fn programs_are_told_from_data() {
        assert!(is_program("https://x.org/prometheus-2.44.0.linux-amd64.tar.gz"));
        assert!(is_program(
            "https://x.org/o/tool/releases/download/v1/tool-1.0.tar.gz"
        ));
        assert!(!is_program(
            "https://x.org/o/tool/releases/download/v1/train_images.zip"
        ));
        assert!(!is_program("https://x.org/data/churn.zip"));
    }

    #[test]
    fn addresses_tell_dates_and_versions() {
        assert!(has_date_or_version(
            "https://x.org/tripdata/yellow_tripdata_2021-01.parquet"
        ));
        assert!(has_date_or_version("https://x.org/data-v2.zip"));
        assert!(has_date_or_version("https://x.org/20240131/dump.csv"));
        assert!(has_date_or_version("https://x.org/trips/green_{}-{}.parquet"));
        assert!(!has_date_or_version("https://x.org/churn.csv"));
        assert!(!has_date_or_version("https://x.org/api/v/churn.csv"));
        assert!(has_commit(
            "https://raw.x.org/o/r/0123456789abcdef0123456789abcdef01234567/a.csv"
        ));
    }

    #[test]
    fn opened_files_are_data_by_ending_or_folder() {
        assert!(may_be_data("data/input.txt"));
        assert!(may_be_data("data/ind.{}.{}"));
        assert!(!may_be_data("config.json"));
        assert!(!may_be_data("metrics.csv"));
    }
}
