//! Jobs that load a trained model and write predictions for new data.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mlops_audit_formats::code::Expr;

use super::declared::declared;
use super::predicted::{Predicted, is_upload, may_write_values, opened};
use super::predicting::is_prediction;
use super::words::{has_stem, has_word};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Site};

/// A job that writes predictions.
#[derive(Clone, Debug)]
pub struct BatchJob {
    /// The file that is run.
    pub file: FileIndex,
    /// All code that it reaches.
    pub reached: Reached,
    /// The piece of code that writes the predictions.
    pub writer: Node,
    /// Where it writes the predictions.
    pub write: Evidence,
    /// Whether an earlier output stays: the output is dated, or appended to.
    pub keeps: bool,
}

/// What is asked of each file that may be a job.
struct Asked<'a> {
    basis: &'a Basis<'a>,
    /// Code that loads a model.
    loading: Reached,
    /// Files that ask a hosted endpoint, which has loaded the model.
    asking: BTreeSet<FileIndex>,
    /// Code that predicts, and code that evaluates.
    predicting: Reached,
    evaluating: Reached,
    /// The pieces of code that predict themselves.
    asked: &'a BTreeSet<Node>,
    /// The variables that hold predictions, of the files that were looked at for them.
    predicted: RefCell<BTreeMap<FileIndex, Rc<Predicted<'a>>>>,
    /// Calls that write rows, as far as their names tell, in order.
    writes: Vec<Site<'a>>,
}

impl<'a> Asked<'a> {
    fn new(basis: &'a Basis<'_>, predicting: &'a BTreeSet<Node>) -> Self {
        let codebase = &basis.codebase;
        let of_role = |role| codebase.only(basis.uses.with(role).map(|used| used.node(codebase)));
        let asking = codebase.calls_by_method(|method| method == "invoke_endpoint");
        Self {
            basis,
            loading: of_role(Role::LoadModel),
            asking: asking.map(|site| site.file).collect(),
            predicting: codebase.only(predicting.iter().copied()),
            evaluating: of_role(Role::Evaluate),
            asked: predicting,
            predicted: RefCell::default(),
            writes: basis
                .wanted()
                .with_role(&[Role::Store])
                .with_method(|method| {
                    writes(method) || may_write(method) || may_write_values(method) || is_sql_writer(method)
                })
                .sites(),
        }
    }

    /// The calls of a file that may write.
    fn writes_in(&self, file: FileIndex) -> &[Site<'a>] {
        let start = self.writes.partition_point(|site| site.file < file);
        let behind = &self.writes[start..];
        &behind[..behind.partition_point(|site| site.file == file)]
    }

    /// Whether a call writes values that come from a prediction, whatever they look like.
    fn writes_predicted(&self, site: Site<'_>) -> bool {
        if !may_write_values(site.call.method()) {
            return false;
        }
        let known = || Rc::new(Predicted::new(self.basis, self.asked, site.file));
        let predicted = Rc::clone(self.predicted.borrow_mut().entry(site.file).or_insert_with(known));
        predicted.writes(site)
    }
}

/// Batch jobs in the project's own code.
pub(super) fn jobs(basis: &Basis<'_>, predicting: &BTreeSet<Node>, served: &Reached) -> Vec<BatchJob> {
    let codebase = &basis.codebase;
    let asked = Asked::new(basis, predicting);
    let loading: BTreeSet<FileIndex> = asked.loading.files().collect();
    let run: BTreeSet<FileIndex> = basis.runs.run_files().collect();
    let mut found = Vec::new();
    for (position, source) in codebase.files.iter().enumerate() {
        let file = u32::try_from(position).unwrap_or(u32::MAX);
        if source.is_test || source.is_notebook || !basis.listing.in_project(&source.path) {
            continue;
        }
        let is_script = || {
            let mut blocks = source.code.blocks.iter();
            blocks.any(|block| matches!(block.kind, mlops_audit_formats::code::BlockKind::Main))
        };
        let starts = run.contains(&file) || loading.contains(&file) || is_script();
        // What is measured is written as well, and serves nobody.
        let measures = has_word(
            file_name(&source.path),
            &["bench", "benchmark", "diagnose", "profile"],
        );
        if !starts || measures || served.contains(Node::module(file)) {
            continue;
        }
        found.extend(job(&asked, file));
    }
    found
}

fn job(asked: &Asked<'_>, file: FileIndex) -> Option<BatchJob> {
    let basis = asked.basis;
    let codebase = &basis.codebase;
    let source = codebase.file(file);
    let mut entries = vec![Node::module(file), Node::main(file)];
    // Functions of the file that only an orchestrator or another script calls.
    let is_named = has_stem(
        file_name(&source.path),
        &["predict", "infer", "batch", "scor", "forecast"],
    );
    if is_named {
        entries.extend(
            (1..source.code.scopes.len())
                .map(|scope| Node::definition(file, u32::try_from(scope).unwrap_or(0))),
        );
    }
    let reached = codebase.reach(entries);
    let loads = asked.loading.meets(&reached) || asked.asking.contains(&file);
    let predicts = || {
        asked.predicting.meets(&reached)
            || codebase
                .calls_of(file)
                .any(|site| site.call.method() == "transform" && is_prediction(basis, site))
    };
    if !loads
        || basis.training.trains(&reached)
        || !predicts()
        || (!is_named && asked.evaluating.meets(&reached))
    {
        return None;
    }
    // One file that both evaluates on labels and is named for inference is a batch job all the same.
    let write = (reached.files())
        .flat_map(|file| asked.writes_in(file))
        .copied()
        .filter(|site| reached.contains(codebase.node_of(*site)))
        .find(|site| writes_rows(basis, *site) || asked.writes_predicted(*site))?;
    Some(BatchJob {
        file,
        keeps: keeps_output(basis, write),
        writer: codebase.node_of(write),
        write: codebase.evidence_at(write, "writes predictions"),
        reached,
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a call writes rows that are no submission to a contest.
fn writes_rows(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let method = site.call.method();
    let path = site.call.target.path.as_str();
    let writes = writes(method)
        || (may_write(method)
            && (path.contains("write")
                || is_writer(&site.call.callee)
                || chain(basis, site).any(|link| is_writer(&link.call.callee))))
        || basis.uses.has(site.file, site.index, Role::Store)
        || is_sql_writer(method);
    let names = site
        .call
        .arguments
        .iter()
        .filter_map(|argument| text_of(basis, site, &argument.value));
    writes && !names.into_iter().any(|name| has_stem(&name, &["submission"]))
}

/// Whether calls of this name write rows.
fn writes(method: &str) -> bool {
    matches!(
        method,
        "to_csv"
            | "to_parquet"
            | "to_sql"
            | "to_json"
            | "to_gbq"
            | "to_feather"
            | "to_excel"
            | "saveAsTable"
            | "save_as_table"
            | "insertInto"
            | "write_parquet"
            | "write_csv"
            | "write_table"
            | "insert_rows_json"
            | "load_table_from_dataframe"
            | "writerow"
            | "writerows"
    )
}

/// Whether calls of this name write rows where they are called on a writer: `frame.write.parquet(…)`.
fn may_write(method: &str) -> bool {
    matches!(method, "parquet" | "csv" | "save" | "json")
}

/// Whether a function of another package writes to a database by its name: `write_to_sql_upsert`.
fn is_sql_writer(method: &str) -> bool {
    has_word(
        method,
        &["sql", "db", "database", "postgres", "snowflake", "bigquery"],
    ) && has_word(method, &["write", "upsert", "insert", "append"])
}

/// The calls on whose results a call stands, innermost last: `frame.write.mode("append").save()` has `mode`.
fn chain<'a>(basis: &'a Basis<'_>, site: Site<'a>) -> impl Iterator<Item = Site<'a>> {
    let codebase = &basis.codebase;
    std::iter::successors(Some(site), |link| match &link.call.callee {
        Expr::Attribute(inner, _) => codebase.call_of(link.file, inner),
        _ => None,
    })
    .skip(1)
    .take(12)
}

fn is_writer(callee: &Expr) -> bool {
    match callee {
        Expr::Attribute(inner, name) => name == "write" || is_writer(inner),
        Expr::Name(name) => name.path.ends_with(".write") || name.path.contains(".write."),
        _ => false,
    }
}

/// Whether the output of an earlier run stays: a date or id in its name, or an append.
pub(super) fn keeps_output(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let appends = site.call.arguments.iter().any(|argument| {
        matches!(argument.name.as_deref(), Some("mode" | "if_exists"))
            && argument.value.as_str().is_some_and(|mode| mode.starts_with('a'))
    });
    let appends = appends
        || chain(basis, site).any(|link| {
            link.call.method() == "mode"
                && link
                    .call
                    .positional(0)
                    .and_then(Expr::as_str)
                    .is_some_and(|mode| mode.starts_with('a'))
        });
    let is_row = basis.uses.has(site.file, site.index, Role::Store)
        || matches!(site.call.method(), "insertInto" | "insert_rows_json")
        || is_sql_writer(site.call.method());
    appends || is_row || names_date(basis, site) || is_given_dated(basis, site)
}

/// Whether what a call writes to is named by a date, in the call or where the file or object was opened.
pub(in crate::extract) fn names_date(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let is_one = |site: Site<'_>, value: &Expr| {
        let (file, value) = codebase.value(site.file, site.call.scope, value);
        is_dated(basis, (file, site.call.scope), value, 5)
    };
    let by_place = places(site).into_iter().any(|place| is_one(site, place));
    let by_opening = || {
        opened(codebase, site).any(|made| {
            let mut arguments = made.call.arguments.iter();
            arguments.any(|argument| is_one(made, &argument.value))
        })
    };
    let by_receiver = || {
        matches!(site.call.method(), "write_text" | "write_bytes")
            && match &site.call.callee {
                Expr::Attribute(inner, _) => is_one(site, inner),
                Expr::Name(name) => {
                    let receiver = name.path.rsplit_once('.').map_or("", |(receiver, _)| receiver);
                    let mut bound = codebase.assignments(site.file, site.call.scope, receiver);
                    bound.next().is_some_and(|found| is_one(site, &found.value))
                }
                _ => false,
            }
    };
    by_place || by_opening() || by_receiver()
}

/// The arguments of a call that may say where it writes, without what it writes.
fn places(site: Site<'_>) -> Vec<&Expr> {
    let method = site.call.method();
    let count = site
        .call
        .arguments
        .iter()
        .filter(|argument| argument.name.is_none())
        .count();
    let value_at = match method {
        "dump" | "write" | "write_text" | "write_bytes" | "upload_from_string" => Some(0),
        // `blob.upload_blob(data)`, `container.upload_blob(name, data)`
        "upload_blob" => Some(count.saturating_sub(1)),
        _ => None,
    };
    let is_value = |position: usize, name: Option<&str>| match name {
        Some(name) => is_upload(method) && matches!(name, "Body" | "data"),
        None => value_at == Some(position),
    };
    let arguments = site.call.arguments.iter().enumerate();
    arguments
        .filter(|(position, argument)| !is_value(*position, argument.name.as_deref()))
        .map(|(_, argument)| &argument.value)
        .collect()
}

/// Whether the name of the output is a parameter that a caller gives with a date: `write(output_path(year, month), …)`.
fn is_given_dated(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let scope = &codebase.file(site.file).code.scopes[site.call.scope as usize];
    let is_parameter = site.call.arguments.iter().any(|argument| {
        matches!(&argument.value, Expr::Name(name)
            if scope.parameters.iter().any(|parameter| parameter.name == name.path))
    });
    is_parameter
        && codebase.calls().any(|call| {
            let is_caller = codebase
                .callee(call)
                .is_some_and(|callee| callee.file == site.file && callee.scope == site.call.scope);
            is_caller
                && call.call.arguments.iter().any(|argument| {
                    let (file, value) = codebase.value(call.file, call.call.scope, &argument.value);
                    matches!(value, Expr::Call(_) | Expr::Format(..))
                        && is_dated(basis, (file, call.call.scope), value, 4)
                })
        })
}

/// Whether an expression puts a time, a date or a run's id into a name.
fn is_dated(basis: &Basis<'_>, (file, scope): (FileIndex, u32), value: &Expr, steps: u32) -> bool {
    const DATES: &[&str] = &[
        "date",
        "timestamp",
        "time",
        "now",
        "today",
        "ts",
        "datetime",
        "dt",
        "year",
        "month",
        "day",
        "uuid",
    ];
    if steps == 0 {
        return false;
    }
    let codebase = &basis.codebase;
    let again = |inner: &Expr| is_dated(basis, (file, scope), inner, steps - 1);
    match value {
        Expr::Format(_, holes) => holes.iter().any(again),
        Expr::Binary(left, _, right) => again(left) || again(right),
        Expr::Name(name) => {
            has_word(&name.path, DATES) || {
                let scopes = codebase.file(file).code.scopes.len();
                let scope = if (scope as usize) < scopes { scope } else { 0 };
                let (other, behind) = codebase.value(file, scope, value);
                let is_text = matches!(behind, Expr::Format(..) | Expr::Binary(..) | Expr::Call(_));
                is_text && is_dated(basis, (other, scope), behind, steps - 1)
            }
        }
        Expr::Call(_) => codebase.call_of(file, value).is_some_and(|site| {
            let scope = site.call.scope;
            let again = |inner: &Expr| is_dated(basis, (file, scope), inner, steps - 1);
            matches!(
                site.call.method(),
                "strftime" | "now" | "today" | "isoformat" | "time" | "uuid4" | "utcnow"
            ) || site.call.arguments.iter().any(|argument| again(&argument.value))
                || matches!(&site.call.callee, Expr::Attribute(inner, _) if again(inner))
        }),
        _ => false,
    }
}

fn text_of(basis: &Basis<'_>, site: Site<'_>, value: &Expr) -> Option<String> {
    match basis.codebase.value(site.file, site.call.scope, value).1 {
        Expr::String(text) | Expr::Format(text, _) => Some(text.to_string()),
        Expr::Name(name) => Some(name.path.to_string()),
        Expr::Binary(_, _, right) => right.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Batch scoring by a platform.
pub(super) fn platforms(basis: &Basis<'_>) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let mut found: Vec<Evidence> = codebase
        .calls_by_method(scores_in_batches)
        .filter(|site| {
            let source = codebase.file(site.file);
            !source.is_test && basis.listing.in_project(&source.path)
        })
        .map(|site| codebase.evidence_at(site, format!("calls {}", site.call.method())))
        .collect();
    found.extend(
        declared(basis.documents)
            .into_iter()
            .filter(|resource| basis.listing.in_project(resource.path))
            .filter(|resource| {
                matches!(
                    resource.kind.as_str(),
                    "batchEndpoint"
                        | "batchDeployment"
                        | "modelBatchDeployment"
                        | "pipelineComponentBatchDeployment"
                )
            })
            .map(|resource| resource.evidence(format!("declares {}", resource.kind))),
    );
    found
}

/// Whether calls of this name have a platform score a batch.
fn scores_in_batches(method: &str) -> bool {
    matches!(
        method,
        "batch_predict"
            | "create_transform_job"
            | "create_batch_prediction_job"
            | "TransformStep"
            | "ModelBatchPredictOp"
            | "BatchDeployment"
            | "ModelBatchDeployment"
            | "BatchEndpoint"
            | "SageMakerTransformOperator"
            | "BatchTransform"
    )
}
