//! `smoke-test`: a test that asks the service for its work; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::serving::{Route, is_health_path};
use mlops_audit_core::judge::{Verdict, criterion_named};

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::needs::Beside;
use crate::service::{Planned, Service};
use crate::test_files::{free_path, from_test, is_advised, is_project};

/// `smoke-test`
pub(super) const FIXER: Fixer = Fixer {
    id: "smoke-test",
    criteria: &["testing.integration"],
    class: Class::Offered,
    summary: "adds a test that asks the service for its work, as a client would",
    page: include_str!("smoke_test.md"),
    propose,
    open,
};

/// What waits for a value is for people to fill in.
fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    if is_waiting(inspection) {
        return Vec::new();
    }
    recommended_places(inspection, FIXER.criteria)
}

fn is_waiting(inspection: &Inspection<'_>) -> bool {
    is_advised(inspection, ":unfilled-integration-tests")
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    let serving = &inspection.facts().serving;
    if is_waiting(inspection) || serving.prediction_routes().next().is_none() {
        return Vec::new();
    }
    let refused = |why: String| vec![Fix::new(&FIXER, "ask the service from a test").impossible(why)];
    let service = match Service::of(inspection) {
        Ok(service) => service,
        Err(why) => return refused(why),
    };
    let mut reasons = Vec::new();
    let mut plan = |route: &Route| match Planned::of(&service, route) {
        Ok(planned) => Some(planned),
        Err(why) => {
            reasons.push(why);
            None
        }
    };
    let mut working: Vec<Planned> = serving.prediction_routes().filter_map(&mut plan).collect();
    let mut trivial = serving.routes.iter().filter(|route| is_trivial(route));
    let trivial = trivial.find_map(&mut plan).filter(|planned| !planned.is_open());
    let is_unmet = criterion_named(FIXER.criteria[0])
        .and_then(|criterion| inspection.audit.criterion(criterion.id))
        .is_some_and(|result| result.observed == Verdict::Unmet);
    let sure = working.iter().position(|planned| !planned.is_open());
    let (main, closes) = match (sure, &trivial) {
        (Some(at), _) => (Some(working.swap_remove(at)), true),
        // A route that asks for nothing is worth more than a test that fails until somebody fills it in.
        (None, Some(_)) if is_unmet => (None, false),
        (None, None) if is_unmet && !working.is_empty() => (Some(working.swap_remove(0)), true),
        _ => {
            let why = reasons.into_iter().next();
            return refused(
                why.unwrap_or_else(|| "the code does not tell a request that the service takes".to_owned()),
            );
        }
    };
    let tests: Vec<Planned> = trivial.into_iter().chain(main).collect();
    let Some((path, text)) = written(&service, &tests) else {
        return refused("the names of test files are taken".to_owned());
    };
    let asked = &tests[tests.len() - 1];
    let question = format!(
        "{} {}",
        asked.question.method.to_ascii_uppercase(),
        asked.question.address
    );
    let title = if asked.is_open() {
        format!("ask {question} in {path}, which fails until its request is filled in")
    } else {
        format!("ask {question} in {path}")
    };
    let closed = if closes { open(inspection) } else { Vec::new() };
    vec![
        Fix::new(&FIXER, title)
            .closing(closed)
            .creating(path.as_str(), text)
            .running(format!("python -m pytest {path}")),
    ]
}

/// Whether a route says only that the service is there.
fn is_trivial(route: &Route) -> bool {
    let is_get = route.methods.is_empty() || route.methods.iter().any(|method| method == "GET");
    is_get && !route.predicts && (is_health_path(&route.path) || route.path == "/")
}

/// The file of the tests.
fn written(service: &Service<'_>, tests: &[Planned]) -> Option<(String, String)> {
    let inspection = service.inspection;
    let path = free_path(inspection, &["test_api", "test_service", "test_smoke"])?;
    let is_flask = service.application.framework == "Flask";
    let beside = tests
        .iter()
        .fold(Beside::default(), |all, test| all.and(&test.beside));
    let told = beside.told("The service");
    let mut text = "\"\"\"Asks the service as a client would.".to_owned();
    if told.is_empty() {
        text += "\"\"\"\n\n";
    } else {
        text += &format!("\n\n{}\n\"\"\"\n\n", told.join("\n"));
    }
    let (module, name) = (&service.origin.module, service.import());
    let is_named = service.origin.can_be_named();
    let import = match is_named {
        true => format!("from {module} import {name}"),
        false => format!("{name} = importlib.import_module(\"{module}\").{name}"),
    };
    let at_root = is_project(inspection, &service.origin.folder);
    // What may fail is imported where it fails a test, and not the collection of all.
    let imports_late = !at_root || !is_named || beside.is_demanding();
    let standard = [
        ("import importlib\n", !is_named),
        ("from pathlib import Path\n", !at_root),
    ];
    let standard: String = standard
        .into_iter()
        .filter(|(_, is_used)| *is_used)
        .map(|(line, _)| line)
        .collect();
    if !standard.is_empty() {
        text += &format!("{standard}\n");
    }
    text += "import pytest\n";
    if !is_flask {
        text += "from fastapi.testclient import TestClient\n";
    }
    if !imports_late {
        text += &format!("\n{import}\n");
    }
    if !at_root {
        text += &format!("\nSERVICE = {}\n", from_test(inspection, &service.origin.start)?);
    }
    if let Some(request) = tests.iter().find_map(Planned::request) {
        text += &format!("\n{request}");
    }
    text += &fixture(service, at_root, imports_late.then_some(import.as_str()));
    for test in tests {
        text += &format!("\n\n{}", test.function(is_flask));
    }
    Some((path, text))
}

/// The fixture that gives the client.
fn fixture(service: &Service<'_>, at_root: bool, import: Option<&str>) -> String {
    let application = service.expression();
    let argument = if at_root { "" } else { "monkeypatch" };
    let mut text = format!("\n\n@pytest.fixture\ndef client({argument}):\n");
    if !at_root {
        // A service whose modules lie in a folder of their own is started there.
        if !is_project(service.inspection, &service.origin.start) {
            text += "    monkeypatch.chdir(SERVICE)\n";
        }
        let folder = match service.origin.folder == service.origin.start {
            true => "SERVICE",
            false => "SERVICE / \"src\"",
        };
        text += &format!("    monkeypatch.syspath_prepend({folder})\n");
    }
    if let Some(import) = import {
        text += &format!("    {import}\n\n");
    }
    text += &match service.application.framework {
        "Flask" => format!("    return {application}.test_client()\n"),
        _ if service.has_startup => {
            format!("    with TestClient({application}) as client:\n        yield client\n")
        }
        _ => format!("    return TestClient({application})\n"),
    };
    text
}
