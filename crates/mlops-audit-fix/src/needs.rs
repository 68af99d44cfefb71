//! What code needs beside itself to run: files, variables of the environment, other services.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::Inspection;
use mlops_audit_core::catalogue::Role;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node, Site};
use mlops_audit_formats::code::{BlockKind, Expr, Name};

use crate::certain::{certain, is_sure};

/// Packages, and parts of some, that speak with another service, which a test cannot be sure to have.
const REMOTE: &[&str] = &[
    "aioboto3",
    "aiohttp",
    "aiokafka",
    "anthropic",
    "asyncpg",
    "azure",
    "boto3",
    "botocore",
    "chromadb",
    "clearml",
    "cohere",
    "comet_ml",
    "confluent_kafka",
    "elasticsearch",
    "feast",
    "gcsfs",
    "google",
    "groq",
    "hopsworks",
    "httpx",
    "huggingface_hub",
    "influxdb_client",
    "kafka",
    "langchain",
    "langchain_community",
    "langchain_core",
    "langchain_openai",
    "litellm",
    "llama_index",
    "minio",
    "mlflow",
    "motor",
    "mysql",
    "neptune",
    "ollama",
    "openai",
    "pika",
    "pinecone",
    "psycopg",
    "psycopg2",
    "pymongo",
    "pymysql",
    "pyodbc",
    "pyspark",
    "qdrant_client",
    "redis",
    "requests",
    "s3fs",
    "sagemaker",
    "snowflake",
    "sqlalchemy",
    "sqlmodel",
    "transformers",
    "urllib.request",
    "wandb",
    "weaviate",
];

/// What runs, and from where.
pub(crate) struct Needs<'run> {
    pub(crate) inspection: &'run Inspection<'run>,
    /// The folder in which it is started, relative to the root.
    pub(crate) start: &'run str,
    /// Whether runs may be recorded: MLflow writes them beside the code where it is told nothing else.
    pub(crate) may_record: bool,
}

/// What code needs beside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Files that it reads by names that are written out, and that the repository does not hold.
    pub(crate) files: BTreeSet<String>,
    /// Those of them that it reads whatever comes, and that nothing of it may have made before.
    required: BTreeSet<String>,
    /// What it asks of others, each with the first place: `mlflow (api/app.py:5)`.
    others: BTreeMap<String, String>,
    /// Files that cannot be imported without something, each with the variables of the environment that it asks for.
    unset: BTreeMap<String, BTreeSet<String>>,
    /// Whether a file of settings may hold them.
    reads_settings: bool,
}

impl Beside {
    /// Why a test cannot be sure that this code runs.
    ///
    /// # Errors
    /// What it needs that a test cannot give it.
    pub(crate) fn sure(self) -> Result<Vec<String>, String> {
        if let Some(path) = self.unset.keys().next() {
            return Err(format!(
                "{path} cannot be imported without variables of its environment"
            ));
        }
        match self.others.iter().next() {
            Some((name, place)) => Err(format!(
                "it uses {name} ({place}), which a test cannot be sure to have"
            )),
            None => Ok(self.files.into_iter().collect()),
        }
    }

    /// What has to be there, in sentences about `who`.
    pub(crate) fn told(&self, who: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.files.is_empty() {
            let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
            lines.push(format!(
                "{who} needs {}, which the repository does not hold.",
                files.join(" and ")
            ));
        }
        for (path, names) in &self.unset {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            lines.push(match names.as_slice() {
                [] => format!("Importing {path} stops where its environment is not set up."),
                names => format!(
                    "Importing {path} asks for {} in its environment.",
                    names.join(" and ")
                ),
            });
        }
        for (name, place) in &self.others {
            lines.push(format!("{who} uses {name} ({place}), which has to be at hand."));
        }
        lines
    }

    /// The lines of a test that skip it, with the reason, where something is missing without which it could not but
    /// fail. In CI it does fail: a job whose tests are all skipped would tell of nothing.
    pub(crate) fn skipping(&self, who: &str) -> Vec<String> {
        let unset: BTreeSet<&str> = self.unset.values().flatten().map(String::as_str).collect();
        let unset = unset.into_iter().filter(|_| !self.reads_settings).collect();
        let files = self.required.iter().map(String::as_str).collect();
        let mut lines = skip_without(
            files,
            ["missing", "path"],
            who,
            ", which the repository does not hold",
            |path| format!("not Path({path}).exists()"),
        );
        lines.extend(skip_without(
            unset,
            ["unset", "name"],
            who,
            " in its environment",
            |name| format!("{name} not in os.environ"),
        ));
        lines
    }

    /// The same with what other code needs.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.files.extend(other.files.iter().cloned());
        self.required.extend(other.required.iter().cloned());
        self.reads_settings |= other.reads_settings;
        for (name, place) in &other.others {
            self.others.entry(name.clone()).or_insert_with(|| place.clone());
        }
        for (path, names) in &other.unset {
            self.unset
                .entry(path.clone())
                .or_default()
                .extend(names.iter().cloned());
        }
        self
    }
}

/// The lines that skip a test where one of these is missing outside of CI, which `is_missing` asks of an expression.
/// `list` and `item` are the names of the variables that several of them need, `reason` follows what is needed.
fn skip_without(
    needed: Vec<&str>,
    [list, item]: [&str; 2],
    who: &str,
    reason: &str,
    is_missing: impl Fn(&str) -> String,
) -> Vec<String> {
    const ELSEWHERE: &str = "\"CI\" not in os.environ";
    let quoted = |text: &&str| format!("\"{text}\"");
    match needed.as_slice() {
        [] => Vec::new(),
        [only] => vec![
            format!("if {} and {ELSEWHERE}:", is_missing(&quoted(only))),
            format!("    pytest.skip(\"{who} needs {only}{reason}\")"),
        ],
        several => {
            let all: Vec<String> = several.iter().map(quoted).collect();
            vec![
                format!(
                    "{list} = [{item} for {item} in ({}) if {}]",
                    all.join(", "),
                    is_missing(item)
                ),
                format!("if {list} and {ELSEWHERE}:"),
                format!("    pytest.skip(f\"{who} needs {{', '.join({list})}}{reason}\")"),
            ]
        }
    }
}

impl Needs<'_> {
    /// What this code needs. `starts` are the pieces of it that run whatever comes.
    pub(crate) fn beside(&self, nodes: &BTreeSet<Node>, starts: &[Node]) -> Beside {
        let codebase = self.codebase();
        let sure = certain(codebase, starts.iter().copied());
        let provided = provided(codebase, nodes);
        let mut found = Beside::default();
        for node in nodes {
            if node.scope == 0
                && let Some(names) = stops(codebase, *node, &provided)
            {
                let path = codebase.file(node.file).path.clone();
                found.unset.insert(path, names);
            }
            for site in codebase.calls_in(*node) {
                let target = codebase.target(site);
                found.reads_settings |= target.starts_with("dotenv.") || site.call.method() == "read_env";
                if let Some((name, place)) = self.asks_others(site) {
                    found.others.entry(name).or_insert(place);
                }
                if let Some(path) = self.absent(site) {
                    if sure.contains(node) && is_sure(codebase, site) {
                        found.required.insert(path.clone());
                    }
                    found.files.insert(path);
                }
            }
        }
        let all: Vec<Site<'_>> = nodes.iter().flat_map(|node| codebase.calls_in(*node)).collect();
        let is_made = |path: &String| all.iter().any(|site| self.may_make(*site, path));
        found.required.retain(|path| !is_made(path));
        // What another program makes is not seen.
        let runs_others = |site: &Site<'_>| {
            let target = codebase.target(*site);
            target.starts_with("subprocess.") || target == "os.system"
        };
        if all.iter().any(runs_others) {
            found.required.clear();
        }
        found
    }

    /// Whether a call may write a file, or asks whether it is there.
    fn may_make(&self, site: Site<'_>, path: &str) -> bool {
        const NAMING: &[&str] = &["os.path.join", "pathlib.Path", "print", "str"];
        let codebase = self.codebase();
        if self.reads(site) || NAMING.contains(&codebase.target(site)) {
            return false;
        }
        let is_it = |value: &Expr| {
            let named = text(codebase, site, value, 3);
            named.is_some_and(|named| named.strip_prefix("./").unwrap_or(named).trim_end_matches('/') == path)
        };
        let receiver = match &site.call.callee {
            Expr::Attribute(base, _) => Some((**base).clone()),
            Expr::Name(name) => name.path.rsplit_once('.').map(|(base, _)| {
                Expr::Name(Name {
                    path: base.into(),
                    origin: name.origin,
                })
            }),
            _ => None,
        };
        receiver.as_ref().is_some_and(is_it)
            || site.call.arguments.iter().any(|argument| is_it(&argument.value))
    }

    fn codebase(&self) -> &Codebase {
        &self.inspection.facts().basis.codebase
    }

    /// What a call asks for that need not be on this machine, with the place.
    fn asks_others(&self, site: Site<'_>) -> Option<(String, String)> {
        let basis = &self.inspection.facts().basis;
        let target = basis.codebase.target(site);
        let part = REMOTE.iter().find(|part| {
            let rest = target.strip_prefix(**part);
            rest.is_some_and(|rest| rest.starts_with('.'))
        });
        let records = self.may_record && target.starts_with("mlflow.") && is_record(target);
        let is_here = part.is_none() || records || self.read(site).is_some_and(|path| self.holds(path));
        if is_here && !basis.uses.has(site.file, site.index, Role::CallLlm) {
            return None;
        }
        let name = part.copied().unwrap_or(target);
        let place = format!("{}:{}", basis.codebase.file(site.file).path, site.call.place.line);
        Some((name.to_owned(), place))
    }

    /// The file that a call reads, where it is named and not there.
    fn absent(&self, site: Site<'_>) -> Option<String> {
        let path = self.read(site)?;
        // One with a sign that only escapes can write, or that is one on Windows only, is left to people.
        let is_odd =
            |sign: char| matches!(sign, ':' | '{' | '$' | '~' | '*' | '\\' | '"') || sign.is_control();
        let is_plain = !path.contains(is_odd) && !path.starts_with(['/', '.']);
        (is_plain && !path.is_empty() && !self.holds(path)).then(|| path.to_owned())
    }

    /// Whether a call reads a file.
    pub(crate) fn reads(&self, site: Site<'_>) -> bool {
        let basis = &self.inspection.facts().basis;
        let target = basis.codebase.target(site);
        basis.uses.has(site.file, site.index, Role::LoadModel)
            || target.starts_with("pandas.read_")
            || target == "open" && !is_written(site)
    }

    /// The path that a call reads, where it is written out.
    fn read<'code>(&'code self, site: Site<'code>) -> Option<&'code str> {
        let basis = &self.inspection.facts().basis;
        let argument = site.call.positional(0).filter(|_| self.reads(site))?;
        let path = text(&basis.codebase, site, argument, 3)?;
        Some(path.strip_prefix("./").unwrap_or(path).trim_end_matches('/'))
    }

    /// Whether the repository holds a path as seen from where the code is started.
    fn holds(&self, path: &str) -> bool {
        let listing = &self.inspection.facts().basis.listing;
        let whole = match self.start {
            "" => path.to_owned(),
            start => format!("{start}/{path}"),
        };
        listing.file(&whole).is_some() || listing.has_folder(&whole)
    }
}

/// A string, also as the default of a variable of the environment.
fn text<'code>(
    codebase: &'code Codebase,
    site: Site<'code>,
    value: &'code Expr,
    steps: u32,
) -> Option<&'code str> {
    let (file, value) = codebase.value(site.file, site.call.scope, value);
    let Expr::Call(_) = value else {
        return value.as_str();
    };
    let inner = codebase.call_of(file, value).filter(|_| steps > 0)?;
    let argument = match codebase.target(inner) {
        "os.environ.get" | "os.getenv" => inner.call.positional(1)?,
        "pathlib.Path" | "str" => inner.call.positional(0)?,
        _ => return None,
    };
    text(codebase, inner, argument, steps - 1)
}

/// Whether a file is opened to be written.
fn is_written(site: Site<'_>) -> bool {
    let mode = site.call.argument("mode", Some(1)).and_then(Expr::as_str);
    mode.is_some_and(|mode| mode.contains(['w', 'a', 'x']))
}

/// Whether a call of MLflow only records the run.
fn is_record(target: &str) -> bool {
    let method = target.rsplit('.').next().unwrap_or(target);
    method.starts_with("log_")
        || matches!(
            method,
            "autolog"
                | "start_run"
                | "end_run"
                | "set_experiment"
                | "set_tag"
                | "set_tags"
                | "infer_signature"
        )
}

/// The variables of the environment without which importing a module stops; `None` where nothing stops it. A module
/// that raises may name none.
fn stops(codebase: &Codebase, node: Node, provided: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let code = &codebase.file(node.file).code;
    let is_tried = |block| {
        code.blocks_around(block).any(|block| {
            matches!(
                block.kind,
                BlockKind::Try | BlockKind::Except(_) | BlockKind::Main
            )
        })
    };
    let asks_environment = code.calls.iter().any(|call| {
        call.scope == 0 && (call.target.path == "os.getenv" || call.target.path.starts_with("os.environ"))
    });
    // What raises under a condition stops only where that is one of the environment.
    let is_met = |block| {
        let mut conditions = code.blocks_around(block).filter_map(|block| match &block.kind {
            BlockKind::If(condition) | BlockKind::Else(condition) => Some(condition),
            _ => None,
        });
        conditions.all(|condition| asks_environment || mentions_environment(condition))
    };
    let raises = code
        .raises
        .iter()
        .any(|found| found.scope == 0 && !is_tried(found.block) && is_met(found.block));
    let assigned = code.assignments.iter().filter(|found| found.scope == 0);
    let assigned = assigned.map(|found| (found.block, &found.value));
    let calls = code.calls.iter().filter(|call| call.scope == 0);
    let handed = calls.flat_map(|call| {
        let arguments = call.arguments.iter();
        arguments.map(|argument| (call.block, &argument.value))
    });
    let asked: BTreeSet<String> = assigned
        .chain(handed)
        .filter(|(block, _)| !is_tried(*block))
        .filter_map(|(_, value)| variable(value))
        .filter(|name| !provided.contains(name))
        .collect();
    (raises || !asked.is_empty()).then(|| asked.into_iter().filter(|name| !name.is_empty()).collect())
}

/// The variables of the environment that code sets itself.
fn provided(codebase: &Codebase, nodes: &BTreeSet<Node>) -> BTreeSet<String> {
    let set = nodes.iter().flat_map(|node| codebase.calls_in(*node));
    let set = set.filter(|site| codebase.target(*site) == "os.environ.setdefault");
    let by_call = set.filter_map(|site| Some(site.call.positional(0)?.as_str()?.to_owned()));
    let files: BTreeSet<FileIndex> = nodes.iter().map(|node| node.file).collect();
    let assigned = files
        .into_iter()
        .flat_map(|file| &codebase.file(file).code.assignments);
    let by_item = assigned.filter_map(|found| {
        let (of, item) = found.target.split_once('[')?;
        let name = item.trim_end_matches(']').trim_matches(['"', '\'']);
        (of.rsplit('.').next() == Some("environ")).then(|| name.to_owned())
    });
    by_call.chain(by_item).collect()
}

/// The variable in `os.environ["NAME"]`; empty where its name is not written out.
fn variable(value: &Expr) -> Option<String> {
    match value {
        Expr::Subscript(base, key) if base.as_name().is_some_and(|name| name.path == "os.environ") => {
            Some(key.as_str().unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

/// Whether a condition asks what the environment holds: `name not in os.environ`.
fn mentions_environment(condition: &Expr) -> bool {
    match condition {
        Expr::Name(name) => name.path.starts_with("os.environ"),
        Expr::Compare(first, rest) => {
            mentions_environment(first) || rest.iter().any(|(_, value)| mentions_environment(value))
        }
        Expr::And(items) | Expr::Or(items) => items.iter().any(mentions_environment),
        Expr::Not(inner) => mentions_environment(inner),
        _ => false,
    }
}
