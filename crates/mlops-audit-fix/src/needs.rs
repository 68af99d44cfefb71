//! What code needs beside itself to run: files, variables of the environment, other services.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::catalogue::Role;
use mlops_audit_core::extract::codebase::{Codebase, Node, Site};
use mlops_audit_formats::code::{BlockKind, Expr};

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

impl Needs<'_> {
    /// The files that this code reads by names that are written out, and that the repository does not hold.
    ///
    /// # Errors
    /// What it needs that a test cannot give it.
    pub(crate) fn lacking(&self, nodes: &BTreeSet<Node>) -> Result<Vec<String>, String> {
        let codebase = self.codebase();
        let mut lacking = BTreeSet::new();
        for node in nodes {
            if node.scope == 0 {
                stops(codebase, *node)?;
            }
            for site in codebase.calls_in(*node) {
                self.is_at_hand(site)?;
                lacking.extend(self.absent(site));
            }
        }
        Ok(lacking.into_iter().collect())
    }

    fn codebase(&self) -> &Codebase {
        &self.inspection.facts().basis.codebase
    }

    /// Whether what a call asks for is on this machine.
    fn is_at_hand(&self, site: Site<'_>) -> Result<(), String> {
        let basis = &self.inspection.facts().basis;
        let target = basis.codebase.target(site);
        let part = REMOTE.iter().find(|part| {
            let rest = target.strip_prefix(**part);
            rest.is_some_and(|rest| rest.starts_with('.'))
        });
        let records = self.may_record && target.starts_with("mlflow.") && is_record(target);
        let is_here = part.is_none() || records || self.read(site).is_some_and(|path| self.holds(path));
        if is_here && !basis.uses.has(site.file, site.index, Role::CallLlm) {
            return Ok(());
        }
        let name = part.copied().unwrap_or(target);
        let place = format!("{}:{}", basis.codebase.file(site.file).path, site.call.place.line);
        Err(format!(
            "it uses {name} ({place}), which a test cannot be sure to have"
        ))
    }

    /// The file that a call reads, where it is named and not there.
    fn absent(&self, site: Site<'_>) -> Option<String> {
        let path = self.read(site)?;
        let is_plain = !path.contains([':', '{', '$', '~', '*']) && !path.starts_with(['/', '.']);
        (is_plain && !path.is_empty() && !self.holds(path)).then(|| path.to_owned())
    }

    /// The path that a call reads, where it is written out.
    fn read<'code>(&'code self, site: Site<'code>) -> Option<&'code str> {
        let basis = &self.inspection.facts().basis;
        let target = basis.codebase.target(site);
        let reads = basis.uses.has(site.file, site.index, Role::LoadModel)
            || target.starts_with("pandas.read_")
            || target == "open" && !is_written(site);
        let argument = site.call.positional(0).filter(|_| reads)?;
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

/// Whether importing a module stops without something: it raises, or asks for a variable that has to be set.
fn stops(codebase: &Codebase, node: Node) -> Result<(), String> {
    let source = codebase.file(node.file);
    let code = &source.code;
    let is_tried = |block| {
        code.blocks_around(block).any(|block| {
            matches!(
                block.kind,
                BlockKind::Try | BlockKind::Except(_) | BlockKind::Main
            )
        })
    };
    let is_variable = |value: &Expr| {
        matches!(value, Expr::Subscript(base, _)
            if base.as_name().is_some_and(|name| name.path == "os.environ"))
    };
    let raises = code
        .raises
        .iter()
        .any(|found| found.scope == 0 && !is_tried(found.block));
    let assigned = code.assignments.iter();
    let assigned = assigned
        .filter(|found| found.scope == 0 && is_variable(&found.value))
        .map(|found| found.block);
    let handed = code.calls.iter().filter(|call| {
        let mut arguments = call.arguments.iter();
        call.scope == 0 && arguments.any(|argument| is_variable(&argument.value))
    });
    let mut asks = assigned.chain(handed.map(|call| call.block));
    if raises || asks.any(|block| !is_tried(block)) {
        return Err(format!(
            "{} cannot be imported without variables of its environment",
            source.path
        ));
    }
    Ok(())
}
