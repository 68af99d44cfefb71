//! What calls, commands and paths say about the data: whether it is fetched, generated, read or written, and whose it is.

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::dotted::last_segment;

use super::installs::joined;
use crate::discover::Presence;
use crate::extract::Basis;
use crate::extract::codebase::Site;
use crate::extract::serving::words::has_stem;
use crate::extract::versioning::wording::is_program;

/// Endings of files that hold data.
pub(super) const DATA_ENDINGS: &[&str] = &[
    "arff", "csv", "data", "feather", "gz", "h5", "hdf5", "jsonl", "mat", "npy", "npz", "parquet",
    "tfrecord", "tsv", "xls", "xlsx", "zip",
];

/// Libraries that ask public services for data.
const OF_MARKETS_AND_WEATHER: &[&str] = &[
    "ccxt.",
    "meteostat.",
    "openmeteo_requests.",
    "pandas_datareader.",
    "ucimlrepo.fetch_ucirepo",
    "wbdata.",
    "yfinance.Ticker",
    "yfinance.download",
];

/// Whether code that is named for fetching asks an address on the internet that it writes out.
pub(super) fn asks_for_data(basis: &Basis<'_>, path: &str, site: Site<'_>) -> bool {
    let source = basis.codebase.file(site.file);
    let scope = &source.code.scopes[site.call.scope as usize];
    let file = source.path.rsplit('/').next().unwrap_or_default();
    asks_an_address(path)
        && has_stem(
            &format!("{file} {}", scope.qualified),
            &[
                "acqui", "backfill", "collect", "crawl", "download", "extract", "fetch", "ingest", "scrap",
            ],
        )
        && site.call.arguments.iter().any(|argument| {
            match basis
                .codebase
                .value(site.file, site.call.scope, &argument.value)
                .1
            {
                Expr::String(text) | Expr::Format(text, _) => {
                    text.starts_with("http")
                        && !["localhost", "127.0.0.1"].iter().any(|host| text.contains(host))
                }
                _ => false,
            }
        })
}

/// Whether a call is handed a token that its environment holds: `load_dataset(name, token=os.getenv("HF_TOKEN"))`.
pub(super) fn asks_with_secret(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let mut tokens = ["token", "use_auth_token"].into_iter();
    tokens.any(|name| {
        let Some(given) = site.call.keyword(name) else {
            return false;
        };
        let (file, value) = codebase.value(site.file, site.call.scope, given);
        match value {
            Expr::Call(_) => codebase
                .call_of(file, value)
                .is_some_and(|made| matches!(codebase.target(made), "os.getenv" | "os.environ.get")),
            Expr::Subscript(base, _) => base.as_name().is_some_and(|name| name.path == "os.environ"),
            _ => false,
        }
    })
}

pub(super) fn is_download(path: &str, site: Site<'_>) -> bool {
    let fetches_data = || {
        site.call
            .arguments
            .iter()
            .filter_map(|argument| argument.value.as_str())
            .any(is_data_address)
    };
    downloads(path) || matches!(path, "requests.get" | "urllib.request.urlopen") && fetches_data()
}

/// Whether calls of this qualified name may be ones at which data comes in; what else they have to be is asked of each.
pub(super) fn gets_data(path: &str) -> bool {
    downloads(path)
        || asks_an_address(path)
        || is_generator(path)
        || fetches_pages(path)
        || is_private_store(path)
        || is_reading_target(path)
}

/// Whether calls of this qualified name ask an address that they are given.
fn asks_an_address(path: &str) -> bool {
    matches!(
        path,
        "httpx.get" | "requests.Session.get" | "requests.get" | "urllib.request.urlopen"
    )
}

/// Whether calls of this qualified name ask for pages.
fn fetches_pages(path: &str) -> bool {
    let root = path.split('.').next().unwrap_or_default();
    matches!(
        root,
        "requests" | "httpx" | "aiohttp" | "scrapy" | "feedparser" | "trafilatura" | "wikipedia"
    ) || path.ends_with("WebBaseLoader")
        || path.ends_with("SitemapLoader")
}

/// Whether calls of this qualified name download data, whatever they are given.
fn downloads(path: &str) -> bool {
    const CALLS: &[&str] = &[
        "gdown.download",
        "gdown.download_folder",
        "kagglehub.dataset_download",
        "kagglehub.competition_download",
        "opendatasets.download",
        "pooch.retrieve",
        "torchvision.datasets.utils.download_url",
        "urllib.request.urlretrieve",
        "urllib.urlretrieve",
        "wget.download",
    ];
    CALLS.contains(&path)
        || OF_MARKETS_AND_WEATHER
            .iter()
            .any(|package| path.starts_with(package))
        || path.ends_with("utils.get_file") && path.contains("keras")
        || path.ends_with("dataset_download_files")
        || path.ends_with("competition_download_files")
}

/// Whether an address names a file of data.
pub(super) fn is_data_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    lower.starts_with("http")
        && (DATA_ENDINGS
            .iter()
            .any(|ending| path.ends_with(&format!(".{ending}")))
            || [".json", ".txt", ".tar", ".tgz", ".bz2", ".7z"]
                .iter()
                .any(|ending| path.ends_with(ending)))
}

pub(super) fn is_generator(path: &str) -> bool {
    path.strip_prefix("sklearn.datasets.")
        .is_some_and(|rest| rest.starts_with("make_"))
        || matches!(path, "gym.make" | "gymnasium.make" | "gymnasium.make_vec")
        || path.starts_with("faker.Faker")
        || path.starts_with("sklearn.datasets.samples_generator.make_")
}

/// Whether a call draws numbers that can be data, and no order.
pub(super) fn draws_data(path: &str) -> bool {
    let method = last_segment(path);
    (path.starts_with("torch.distributions.") && method == "sample")
        || matches!(path, "torch.rand" | "torch.randn")
        || path.starts_with("numpy.random.")
            && matches!(
                method,
                "normal" | "multivariate_normal" | "randn" | "rand" | "uniform"
            )
        || matches!(
            path,
            "stats.rnorm" | "stats.runif" | "tensorflow.random.normal" | "tensorflow.random.uniform"
        )
}

/// Whether a file makes or fetches data, by its name.
pub(super) fn is_for_data(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ["data", "generat", "synth", "simul", "setup", "prepare"]
        .iter()
        .any(|part| lower.contains(part))
}

/// Whether a call of a script that gathers documents fetches pages.
pub(super) fn collects_pages(path: &str, file: &str) -> bool {
    let lower = file.to_ascii_lowercase();
    fetches_pages(path)
        && [
            "ingest", "scrap", "crawl", "fetch", "download", "collect", "loader", "index",
        ]
        .iter()
        .any(|part| lower.contains(part))
}

pub(super) fn is_private_store(path: &str) -> bool {
    let method = last_segment(path);
    matches!(
        path,
        "pandas.read_sql"
            | "pandas.read_sql_query"
            | "pandas.read_sql_table"
            | "pandas.read_gbq"
            | "psycopg2.connect"
            | "snowflake.connector.connect"
            | "pymongo.MongoClient"
            | "mysql.connector.connect"
    ) || path.starts_with("boto3") && matches!(method, "download_file" | "download_fileobj" | "get_object")
        || path.starts_with("google.cloud.bigquery") && method == "query"
        || method == "download_to_filename"
        || method == "download_blob"
}

pub(super) fn is_reader(path: &str, site: Site<'_>) -> bool {
    is_reading_target(path) || is_reading_method(site.call.method())
}

/// Whether calls of this qualified name read data.
pub(super) fn is_reading_target(path: &str) -> bool {
    path.starts_with("pandas.read_")
        || path.starts_with("polars.read_")
        || path.starts_with("polars.scan_")
        || matches!(path, "numpy.load" | "numpy.loadtxt" | "numpy.genfromtxt")
}

/// Whether methods of this name read data, whatever they are called on.
pub(super) fn is_reading_method(method: &str) -> bool {
    matches!(
        method,
        "ImageFolder"
            | "flow_from_directory"
            | "image_dataset_from_directory"
            | "read_csv"
            | "read_parquet"
            | "read_excel"
            | "fread"
            | "read.csv"
            | "read_json"
    )
}

/// The text of a path expression; what only a run knows is left out.
pub(super) fn text_of(basis: &Basis<'_>, site: Site<'_>, expr: &Expr, depth: u32) -> Option<String> {
    let (_, value) = basis.codebase.value(site.file, site.call.scope, expr);
    if depth == 0 {
        return None;
    }
    match value {
        Expr::String(text) => Some(text.to_string()),
        Expr::Format(text, _) => {
            let tail = text.rsplit("{}").next().unwrap_or_default();
            (tail.len() > 4).then(|| tail.trim_start_matches(['/', '\\']).to_owned())
        }
        Expr::Binary(_, operator, right) if operator == "/" || operator == "+" => match right.as_ref() {
            Expr::String(text) => Some(text.trim_start_matches('/').to_owned()),
            _ => None,
        },
        Expr::Call(index) => {
            let call = basis.codebase.file(site.file).code.calls.get(*index as usize)?;
            let last = call.arguments.last()?;
            let is_path = matches!(
                call.method(),
                "join" | "Path" | "abspath" | "str" | "joinpath" | "resolve" | "open"
            );
            match &last.value {
                Expr::String(text) if is_path => Some(text.to_string()),
                inner if is_path && call.arguments.len() == 1 => text_of(basis, site, inner, depth - 1),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether the commit has a file or folder by this path, seen from anywhere.
pub(super) fn is_committed(basis: &Basis<'_>, text: &str) -> bool {
    let plain = joined("", &text.replace('\\', "/"));
    if plain.is_empty() || plain.contains('*') {
        return false;
    }
    if !basis.path_ends.has_file(&plain) && !basis.path_ends.has_folder(&plain) {
        return false;
    }
    let ending = format!("/{plain}");
    let inside = format!("{plain}/");
    let inner = format!("/{plain}/");
    basis.listing.files.iter().any(|file| {
        file.is_own()
            && file.presence != Presence::Untracked
            && (file.path == plain
                || file.path.ends_with(&ending)
                || file.path.starts_with(&inside)
                || file.path.contains(&inner))
    })
}

/// Paths that only one person's machine or account has.
pub(super) fn is_personal(text: &str) -> bool {
    let lower = text.to_ascii_lowercase().replace('\\', "/");
    [
        "/home/",
        "/users/",
        "/content/",
        "/mnt/",
        "/kaggle/",
        "/media/",
        "/dbfs/",
        "~/",
        "../input/",
        "/gdrive/",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
        || lower.as_bytes().get(1) == Some(&b':')
}

/// Whether a command downloads data.
pub(super) fn fetches(words: &[String]) -> bool {
    let Some(first) = words.first() else { return false };
    let name = first.rsplit('/').next().unwrap_or(first);
    let has = |word: &str| words.iter().any(|found| found == word);
    match name {
        "wget" | "curl" | "aria2c" => words
            .iter()
            .any(|word| is_data_address(word) && !is_program(&word.to_ascii_lowercase())),
        "kaggle" => has("download"),
        "gdown" | "kagglehub" => true,
        _ => false,
    }
}
