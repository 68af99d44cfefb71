//! Checks written by hand in the code that serves or takes data in.

use mlops_audit_formats::code::{BlockKind, Expr, Scope};

use super::mentions::{arguments, checks_bounds, conditions, mentions};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached, Site, number};
use crate::extract::serving::is_prediction;
use crate::extract::serving::words::{has_stem, has_word};
use crate::extract::serving::{Route, Serving};

/// Checks written by hand: required columns, ranges, types, what cannot be decoded.
pub(super) fn by_hand(basis: &Basis<'_>, serving: &Serving) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let mut in_requests = Reached::default();
    for route in serving.prediction_routes() {
        in_requests.extend(&route.reached);
    }
    let asks_model = |route: &&Route| {
        let mut predicting = serving.predicting.iter();
        predicting.any(|node| route.reached.contains(*node))
    };
    let routes = serving.prediction_routes().filter(asks_model);
    let in_jobs = Reached::union(serving.batch_jobs.iter().map(|job| &job.reached));
    let mut found: Vec<Evidence> = routes.filter_map(|route| bounded(basis, route)).collect();
    for site in codebase.calls_by_method(refuses) {
        let source = codebase.file(site.file);
        let node = codebase.node_of(site);
        if source.is_test || source.is_notebook || !serving.live.contains(node) {
            continue;
        }
        if !basis.listing.in_project(&source.path) {
            continue;
        }
        let scope = &source.code.scopes[site.call.scope as usize];
        let is_asked = in_requests.contains(node);
        let takes_in = is_asked || is_validator(scope, &source.path) || has_stem(&scope.name, &["ingest"]);
        let fails_a_check = || {
            let mut conditions = conditions(codebase, site).into_iter();
            conditions.any(|condition| checks_input(codebase, site.file, condition))
        };
        let of_rows = || {
            let mut conditions = conditions(codebase, site).into_iter();
            conditions.any(|condition| checks_columns(codebase, site.file, condition))
                && (in_jobs.contains(node) || stores_on_schedule(basis, node))
        };
        if takes_in && fails_a_check() || is_asked && follows_failed_decoding(basis, site) || of_rows() {
            found.push(codebase.evidence_at(site, "refuses inputs that fail a check"));
        }
    }
    found
}

/// Whether a call of this name refuses what came in.
fn refuses(method: &str) -> bool {
    matches!(
        method,
        "HTTPException"
            | "ValueError"
            | "KeyError"
            | "TypeError"
            | "abort"
            | "jsonify"
            | "JSONResponse"
            | "ValidationError"
            | "RequestValidationError"
            | "BadRequest"
            | "InvalidInput"
    )
}

/// What data is called that comes in.
pub(super) const DATA: &[&str] = &[
    "data", "input", "schema", "column", "feature", "request", "frame", "df", "row", "payload",
];

/// Whether a function is named for checks of data.
pub(super) fn is_validator(scope: &Scope, path: &str) -> bool {
    has_stem(&scope.name, &["valid", "check", "verify"])
        && has_stem(&format!("{} {path}", scope.qualified), DATA)
}

/// Whether a condition asks about columns, types, ranges or what is missing.
pub(super) fn checks_input(codebase: &Codebase, file: FileIndex, condition: &Expr) -> bool {
    let names = mentions(codebase, file, condition);
    let about_model = names
        .iter()
        .any(|name| has_word(name, &["model", "pipeline", "status", "response", "token", "key"]));
    let about_schema = names.iter().any(|name| {
        has_stem(
            name,
            &[
                "column",
                "missing",
                "requir",
                "schema",
                "dtype",
                "invalid",
                "allowed",
                "extension",
                "isinstance",
                "mime",
            ],
        ) || has_word(name, &["content_type", "shape", "ndim"])
            || name.contains("content_type")
    });
    about_schema || (checks_bounds(condition) && !about_model)
}

/// Whether a condition asks about the columns or the schema of rows: a job refuses its own options for other reasons.
fn checks_columns(codebase: &Codebase, file: FileIndex, condition: &Expr) -> bool {
    mentions(codebase, file, condition).iter().any(|name| {
        has_stem(name, &["column", "dtype", "feature", "schema"]) || has_word(name, &["col", "cols"])
    })
}

/// Whether a piece of code puts rows into a store, in a run that starts by itself and does not train.
fn stores_on_schedule(basis: &Basis<'_>, node: Node) -> bool {
    let codebase = &basis.codebase;
    let stores = codebase.calls_in(node).any(|site| {
        let path = site.call.target.path.as_str();
        let receiver = path.rsplit('.').nth(1).unwrap_or_default();
        let into_features = site.call.method() == "insert" && has_word(receiver, &["feature", "fg"]);
        into_features || basis.uses.has(site.file, site.index, Role::Store)
    });
    stores
        && basis.runs.runners.iter().any(|runner| {
            let mut reached = runner
                .invocations
                .iter()
                .filter_map(|found| basis.runs.reached(found));
            runner.dead.is_none()
                && runner.is_unattended()
                && reached.any(|reached| reached.contains(node) && !basis.training.trains(reached))
        })
}

/// Whether a call tells the client that its request was wrong, where what it sent could not be decoded: `try:
/// Image.open(…)`, `except: raise HTTPException(400)`. Where the same `try` predicts, anything may have gone wrong.
fn follows_failed_decoding(basis: &Basis<'_>, site: Site<'_>) -> bool {
    if !blames_client(&basis.codebase, site) {
        return false;
    }
    let codebase = &basis.codebase;
    let code = &codebase.file(site.file).code;
    let mut around = code.blocks_around(site.call.block);
    let Some(handler) = around.find(|block| matches!(block.kind, BlockKind::Except(_))) else {
        return false;
    };
    let tried = (0..code.blocks.len()).map(number).rfind(|id| {
        let block = &code.blocks[*id as usize];
        let is_before = block.place < handler.place && block.parent == handler.parent;
        is_before && matches!(block.kind, BlockKind::Try)
    });
    let Some(tried) = tried else { return false };
    let mut calls = codebase
        .calls_of(site.file)
        .filter(|call| code.is_within(call.call.block, tried));
    let mut decodes = false;
    let predicts = calls.any(|call| {
        decodes |= is_decoder(codebase.target(call));
        is_prediction(basis, call)
    });
    decodes && !predicts
}

/// Whether a call answers that a request cannot be understood.
fn blames_client(codebase: &Codebase, site: Site<'_>) -> bool {
    const CODES: &[f64] = &[400.0, 413.0, 415.0, 422.0];
    let mut values = site.call.arguments.iter().map(|argument| &argument.value);
    let by_number = values.any(|value| value.as_number().is_some_and(|code| CODES.contains(&code)));
    by_number
        || site.call.method() == "BadRequest"
        || arguments(codebase, site)
            .iter()
            .any(|name| has_word(name, &["400", "413", "415", "422"]))
}

/// Whether a function of this qualified name reads what was sent, and raises where it is none of its kind.
fn is_decoder(target: &str) -> bool {
    matches!(
        target,
        "PIL.Image.open"
            | "base64.b64decode"
            | "cv2.imdecode"
            | "imageio.imread"
            | "json.loads"
            | "librosa.load"
            | "pandas.read_csv"
            | "pandas.read_excel"
            | "pandas.read_json"
            | "soundfile.read"
            | "tensorflow.image.decode_image"
            | "tensorflow.io.decode_image"
            | "torchaudio.load"
    )
}

/// A parameter of a route that is taken only within bounds: `Query(ge=0, le=120)`, `Annotated[str, Path(pattern=…)]`.
fn bounded(basis: &Basis<'_>, route: &Route) -> Option<Evidence> {
    const BOUNDS: &[&str] = &[
        "ge",
        "gt",
        "le",
        "lt",
        "max_length",
        "min_length",
        "multiple_of",
        "pattern",
        "regex",
    ];
    let codebase = &basis.codebase;
    let has_bound = |value: &Expr| {
        codebase.call_of(route.file, value).is_some_and(|site| {
            matches!(
                site.call.method(),
                "Query" | "Path" | "Form" | "Body" | "Header" | "Field"
            ) && BOUNDS.iter().any(|bound| site.call.keyword(bound).is_some())
        })
    };
    let annotated = |annotation: &Expr| match annotation {
        Expr::Subscript(_, inner) => match inner.as_ref() {
            Expr::List(items) => items.iter().any(has_bound),
            _ => false,
        },
        _ => false,
    };
    let scope = &codebase.file(route.file).code.scopes[route.scope as usize];
    // How much of an answer is wanted says nothing of what comes in.
    let is_of_answer = |name: &str| has_word(name, &["limit", "offset", "page", "size", "skip", "top"]);
    let parameter = scope.parameters.iter().find(|parameter| {
        let is_bounded = parameter.default.as_ref().is_some_and(has_bound)
            || parameter.annotation.as_ref().is_some_and(annotated);
        is_bounded && !is_of_answer(&parameter.name)
    })?;
    Some(route.evidence(codebase, format!("takes {} only within bounds", parameter.name)))
}
