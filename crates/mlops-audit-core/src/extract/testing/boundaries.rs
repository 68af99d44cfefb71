//! The boundaries that tests go through: an API, a command line, a training run, containers, databases.

use mlops_audit_formats::code::Expr;

use super::pieces::Piece;
use super::suite::{Suite, calls_in};
use super::vocabulary::{any_word, words};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Site};
use crate::extract::runs::{Invocation, RunnerKind};

/// What kind of boundary it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundaryKind {
    /// A route of the API that says something of the application.
    Route,
    /// A health or index route.
    HealthRoute,
    /// A route that no application takes in.
    LostRoute,
    /// A command-line run.
    CommandLine,
    /// A run of training or of the pipeline.
    Training,
    /// Containers.
    Containers,
    /// A real or emulated database, queue or cloud service, or another emulated platform.
    Service,
    /// Several parts of the project in one test.
    Parts,
}

/// A boundary that a test goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// What kind of boundary it is.
    pub kind: BoundaryKind,
    /// Where.
    pub evidence: Evidence,
}

/// The boundaries that a piece of code of the tests goes through by its own calls.
pub(super) fn in_piece(basis: &Basis<'_>, suite: &Suite, node: Node) -> Vec<Boundary> {
    let codebase = &basis.codebase;
    let found = calls_in(codebase, node).filter_map(|site| {
        let (kind, what) = boundary(basis, site)?;
        let is_lost = kind == BoundaryKind::Route
            && route_of(site).is_some_and(|route| suite.lost_routes.holds(path_of(route)));
        let kind = if is_lost { BoundaryKind::LostRoute } else { kind };
        let evidence = codebase.evidence_at(site, what);
        Some(Boundary { kind, evidence })
    });
    found.collect()
}

/// The boundaries that a test goes through: those of its pieces, itself first, the run of training, and what it drives
/// together.
pub(super) fn of(basis: &Basis<'_>, trains: bool, pieces: &[(Node, &Piece)]) -> Vec<Boundary> {
    let codebase = &basis.codebase;
    let own = pieces.iter().flat_map(|(_, piece)| &piece.boundaries);
    let mut found: Vec<Boundary> = own.cloned().collect();
    if let Some((test, _)) = pieces.first() {
        let place = |what: &str| {
            let scope = &codebase.file(test.file).code.scopes[test.scope as usize];
            codebase.evidence(test.file, scope.place, what)
        };
        if trains {
            found.push(Boundary {
                kind: BoundaryKind::Training,
                evidence: place("runs the project's training"),
            });
        }
        for site in calls_in(codebase, *test).filter(|site| runs_missing(basis, *site)) {
            let what = format!("runs {}", site.call.method());
            found.push(Boundary {
                kind: BoundaryKind::Training,
                evidence: codebase.evidence_at(site, what),
            });
        }
        if drives_parts(basis, *test, pieces) {
            found.push(Boundary {
                kind: BoundaryKind::Parts,
                evidence: place("drives several modules together"),
            });
        }
    }
    found
}

fn boundary(basis: &Basis<'_>, site: Site<'_>) -> Option<(BoundaryKind, String)> {
    let codebase = &basis.codebase;
    let target = codebase.target(site);
    let method = site.call.method();
    if let Some(found) = request(site, target) {
        return Some(found);
    }
    let runs = matches!(
        target,
        "subprocess.run"
            | "subprocess.check_call"
            | "subprocess.check_output"
            | "subprocess.call"
            | "subprocess.Popen"
            | "os.system"
            | "runpy.run_path"
            | "runpy.run_module"
            | "sh.Command"
    ) || target.starts_with("sh.");
    if runs {
        let text = format!(
            "{:?}",
            site.call.arguments.iter().map(|a| &a.value).collect::<Vec<_>>()
        );
        let checks_version = text.contains("--version") || text.contains("\"which\"");
        let kind = if text.contains("docker") {
            BoundaryKind::Containers
        } else {
            BoundaryKind::CommandLine
        };
        return (!checks_version).then(|| (kind, format!("runs a command with {target}")));
    }
    match method {
        "describe_endpoint" => {
            return Some((
                BoundaryKind::HealthRoute,
                "asks whether the endpoint is up".to_owned(),
            ));
        }
        "invoke_endpoint" if target.contains('.') => {
            return Some((BoundaryKind::Route, "asks the endpoint".to_owned()));
        }
        _ => {}
    }
    if target.starts_with("docker.from_env") || target.starts_with("docker.DockerClient") {
        return Some((BoundaryKind::Containers, "drives containers".to_owned()));
    }
    if target == "sqlite3.connect" || target == "sqlalchemy.create_engine" || target == "duckdb.connect" {
        return Some((BoundaryKind::Service, format!("opens a database with {target}")));
    }
    if basis.uses.has(site.file, site.index, Role::IntegrationTest) {
        let emulates = [
            "Container",
            "mock_",
            "moto",
            "fake",
            "Fake",
            "Compose",
            "mongomock",
        ];
        if target.contains("TestClient") || method == "test_client" || target.contains("ASGITransport") {
            // The client alone asks for nothing.
            return None;
        }
        if emulates.iter().any(|part| target.contains(part)) {
            return Some((BoundaryKind::Service, format!("emulates a service with {method}")));
        }
        if target.contains("CliRunner") || method == "invoke" {
            return Some((BoundaryKind::CommandLine, "runs the command line".to_owned()));
        }
        return Some((BoundaryKind::Service, format!("drives {method}")));
    }
    None
}

/// Whether a call is one of a function that was imported from a module of the project which does not exist, and whose
/// name says that it trains, predicts or runs the pipeline.
fn runs_missing(basis: &Basis<'_>, site: Site<'_>) -> bool {
    use mlops_audit_formats::code::Origin;
    let codebase = &basis.codebase;
    let name = &site.call.target;
    let Some((module, function)) = name.path.rsplit_once('.') else {
        return false;
    };
    name.origin == Origin::Import
        && is_run_of_something(function)
        && codebase.callee(site).is_none()
        && codebase.resolve_module(site.file, module).is_none()
        && super::imports::is_missing(basis, site.file, module)
}

/// Whether a name says that something is run: `train_model`, and not `train` alone.
fn is_run_of_something(function: &str) -> bool {
    let mut count = 0;
    let mut runs = false;
    any_word(function, |word| {
        count += 1;
        if count == 1 {
            runs = matches!(word, "train" | "fit" | "predict" | "run" | "retrain" | "evaluate");
        }
        !runs || count == 2
    });
    runs && count == 2
}

/// A request to a test client, or to a service that runs.
fn request(site: Site<'_>, target: &str) -> Option<(BoundaryKind, String)> {
    let method = site.call.method();
    if !matches!(
        method,
        "get" | "post" | "put" | "delete" | "patch" | "request" | "open" | "websocket_connect"
    ) {
        return None;
    }
    let over_network =
        target.starts_with("requests.") || target.starts_with("httpx.") && !target.contains("Client");
    let receiver = site
        .call
        .target
        .path
        .rsplit('.')
        .nth(1)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_client = target.contains("TestClient")
        || target.contains("test_client")
        || receiver.contains("client")
        || receiver == "session" && !target.contains("sqlalchemy")
        || receiver == "app"
        || receiver == "ac";
    let route = route_of(site);
    if over_network {
        let route = route?;
        return Some((route_kind(path_of(route)), format!("requests {route}")));
    }
    if !is_client {
        return None;
    }
    match route {
        Some(route) if route.starts_with('/') || route.contains("{}") || route.starts_with("http") => {
            Some((route_kind(path_of(route)), format!("asks the API for {route}")))
        }
        Some(_) => None,
        None => target
            .contains("lient")
            .then(|| (BoundaryKind::Route, "asks the API".to_owned())),
    }
}

/// The address that a request asks for, as far as it is written out.
fn route_of(site: Site<'_>) -> Option<&str> {
    let at = usize::from(site.call.method() == "request");
    match site.call.argument("url", Some(at)) {
        Some(Expr::String(text) | Expr::Format(text, _)) => Some(text.as_str()),
        Some(Expr::Binary(_, _, right)) => right.as_str(),
        _ => None,
    }
}

/// The path of an address, which begins with a slash.
fn path_of(address: &str) -> &str {
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    path.find('/').map_or("/", |slash| &path[slash..])
}

/// Routes that answer without the application doing anything.
fn route_kind(path: &str) -> BoundaryKind {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let trivial = words(path).iter().all(|word| {
        matches!(
            word.as_str(),
            "api"
                | "v1"
                | "v2"
                | "health"
                | "healthz"
                | "healthcheck"
                | "check"
                | "ping"
                | "ready"
                | "readyz"
                | "live"
                | "livez"
                | "liveness"
                | "readiness"
                | "status"
                | "docs"
                | "redoc"
                | "openapi"
                | "json"
                | "version"
                | "index"
                | "html"
                | "home"
        )
    });
    if trivial {
        BoundaryKind::HealthRoute
    } else {
        BoundaryKind::Route
    }
}

/// Whether a test calls functions of several modules of the project itself, and says by its name that they are to
/// work together; or calls those of three.
fn drives_parts(basis: &Basis<'_>, test: Node, pieces: &[(Node, &Piece)]) -> bool {
    let functions = pieces.iter().filter(|(node, _)| node.scope != 0);
    let mut modules: Vec<FileIndex> = functions.flat_map(|(_, piece)| &piece.parts).copied().collect();
    modules.sort_unstable();
    modules.dedup();
    let is_together = |word: &str| {
        matches!(
            word,
            "integration" | "e2e" | "pipeline" | "workflow" | "flow" | "end" | "pipelines" | "smoke"
        )
    };
    let is_named = || {
        let file = basis.codebase.file(test.file);
        let name = &file.code.scopes[test.scope as usize].qualified;
        any_word(name, is_together) || any_word(&file.path, is_together)
    };
    modules.len() >= 3 || modules.len() == 2 && is_named()
}

/// Requests of shell commands against a service that the same job or script has started.
pub(super) fn smoke(basis: &Basis<'_>) -> Vec<Boundary> {
    let mut found = Vec::new();
    for runner in &basis.runs.runners {
        let counts = matches!(
            runner.kind,
            RunnerKind::Ci(_) | RunnerKind::Script | RunnerKind::Make | RunnerKind::Task(_)
        );
        if !counts
            || runner.dead.is_some()
            || !basis.listing.in_project(&runner.path) && !basis.listing.project.is_empty()
        {
            continue;
        }
        let named = words(&format!("{} {}", runner.path, runner.name))
            .iter()
            .any(|word| matches!(word.as_str(), "smoke" | "test" | "tests" | "e2e" | "integration"));
        let mut started = named && runner.kind == RunnerKind::Script;
        for invocation in &runner.invocations {
            started |= starts_service(invocation);
            if !started || invocation.swallowed || runner.failure_ignored {
                continue;
            }
            if let Some(route) = requested(invocation) {
                found.push(Boundary {
                    kind: route_kind(&route),
                    evidence: invocation.evidence(format!("requests {route} of the running service")),
                });
            }
        }
    }
    found
}

fn starts_service(invocation: &Invocation) -> bool {
    let words: Vec<&str> = invocation.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["docker", "run", ..] | ["docker-compose", ..] => words.contains(&"up") || words.contains(&"run"),
        ["docker", "compose", rest @ ..] => rest.contains(&"up"),
        ["uvicorn" | "gunicorn" | "flask" | "bentoml", ..] => true,
        _ => false,
    }
}

/// The route that a `curl` asks the local machine for, where an error of the service fails it.
fn requested(invocation: &Invocation) -> Option<String> {
    let first = invocation.words.first()?;
    if first != "curl" {
        return None;
    }
    let fails = invocation.words.iter().any(|word| {
        word.starts_with("--fail") || (word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
    });
    let url = invocation.words.iter().skip(1).find(|word| {
        ["localhost", "127.0.0.1", "0.0.0.0", "$", "${"]
            .iter()
            .any(|part| word.contains(part))
            && word.contains('/')
            && !word.starts_with("file=")
            && !word.contains("=@")
    })?;
    let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = path.find('/').map_or("/", |slash| &path[slash..]);
    fails.then(|| path.to_owned())
}
