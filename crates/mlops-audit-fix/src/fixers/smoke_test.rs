//! `smoke-test`: a test that asks the service or the page for its work; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::audit::Deployment;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::serving::{Route, is_health_path};
use mlops_audit_core::judge::{Verdict, criterion_named};

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::needs::Beside;
use crate::service::{Page, Planned, Service};
use crate::test_files::{free_path, from_test, is_advised, is_project};

/// `smoke-test`
pub(super) const FIXER: Fixer = Fixer {
    id: "smoke-test",
    criteria: &["testing.integration"],
    class: Class::Offered,
    summary: "adds a test that asks the service or the page for its work, as a client would",
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
    if is_waiting(inspection) {
        return Vec::new();
    }
    let by_route = of_service(inspection);
    let by_page = || match Page::of(inspection)? {
        Ok(page) => Some(of_page(inspection, &page)),
        Err(why) => Some(Err(why)),
    };
    let made = match by_route {
        Some(Ok(fix)) => Ok(fix),
        Some(Err(why)) => by_page().and_then(Result::ok).ok_or(why),
        None => by_page().unwrap_or_else(|| Err(unserved(inspection).to_owned())),
    };
    vec![made.unwrap_or_else(|why| Fix::new(&FIXER, "ask the service from a test").impossible(why))]
}

/// Why there is nothing to ask.
fn unserved(inspection: &Inspection<'_>) -> &'static str {
    let serving = &inspection.facts().serving;
    if serving.deployments.is_empty() {
        "nothing is served that a test could ask"
    } else if serving.has(Deployment::Api) {
        "a platform serves the model, and a test cannot be sure to reach it"
    } else if serving.has(Deployment::App) {
        "only pages of Streamlit are asked"
    } else {
        "no service answers with the model: it is run as a batch or on a device"
    }
}

/// The test that asks a route; `None` where no route answers with the model.
fn of_service(inspection: &Inspection<'_>) -> Option<Result<Fix, String>> {
    let mut routes = inspection.facts().serving.prediction_routes();
    routes.next()?;
    Some(Service::of(inspection).and_then(|service| by_routes(&service)))
}

fn by_routes(service: &Service<'_>) -> Result<Fix, String> {
    let inspection = service.inspection;
    let serving = &inspection.facts().serving;
    let mut reasons = Vec::new();
    let mut plan = |route: &Route| match Planned::of(service, route) {
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
            return Err(
                why.unwrap_or_else(|| "the code does not tell a request that the service takes".to_owned())
            );
        }
    };
    let tests: Vec<Planned> = trivial.into_iter().chain(main).collect();
    let (path, text) = written(service, &tests).ok_or("the names of test files are taken")?;
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
    Ok(Fix::new(&FIXER, title)
        .closing(closed)
        .creating(path.as_str(), text)
        .running(format!("python -m pytest {path}")))
}

/// The test that opens a page and presses its button.
fn of_page(inspection: &Inspection<'_>, page: &Page) -> Result<Fix, String> {
    let taken = "the names of test files are taken";
    let path = free_path(inspection, &["test_page", "test_app", "test_smoke"]).ok_or(taken)?;
    let text = written_page(inspection, page).ok_or("the page lies outside of the project")?;
    let verb = if page.is_pressed {
        "press the button of"
    } else {
        "open"
    };
    Ok(Fix::new(&FIXER, format!("{verb} {} in {path}", page.path))
        .closing(open(inspection))
        .creating(path.as_str(), text)
        .running(format!("python -m pytest {path}")))
}

fn written_page(inspection: &Inspection<'_>, page: &Page) -> Option<String> {
    let origin = &page.origin;
    let does = match page.is_pressed {
        true => "Opens the page as a browser would, and presses its button.",
        false => "Opens the page as a browser would.",
    };
    let told = page.beside.told("The page");
    let docstring = match told.is_empty() {
        true => format!("\"\"\"{does}\"\"\""),
        false => format!("\"\"\"{does}\n\n{}\n\"\"\"", told.join("\n")),
    };
    let skipping = page.beside.skipping("the page");
    let (import_os, import_pytest) = match skipping.is_empty() {
        true => ("", ""),
        false => ("import os\n", "import pytest\n"),
    };
    let at_root = is_project(inspection, &origin.folder);
    let starts_elsewhere = !is_project(inspection, &origin.start);
    let (folder, file) = page.path.rsplit_once('/').unwrap_or(("", &page.path));
    let place = format!("{} / \"{file}\"", from_test(inspection, folder)?);
    let mut body = Vec::new();
    if starts_elsewhere {
        body.push(format!(
            "monkeypatch.chdir({})",
            from_test(inspection, &origin.start)?
        ));
    }
    if !at_root {
        body.push(format!(
            "monkeypatch.syspath_prepend({})",
            from_test(inspection, &origin.folder)?
        ));
    }
    body.extend(skipping);
    body.push("page = AppTest.from_file(str(PAGE), default_timeout=60).run()".to_owned());
    body.push("assert not page.exception".to_owned());
    if page.is_pressed {
        body.push("page.button[0].click().run()".to_owned());
        body.push("assert not page.exception".to_owned());
    }
    body.extend(page.shows.map(|kind| format!("assert page.{kind}")));
    let body: String = body.iter().map(|line| format!("    {line}\n")).collect();
    let argument = if at_root && !starts_elsewhere {
        ""
    } else {
        "monkeypatch"
    };
    Some(format!(
        "{docstring}\n\n{import_os}from pathlib import Path\n\n{import_pytest}\
         from streamlit.testing.v1 import AppTest\n\nPAGE = {place}\n\n\n\
         def test_page_answers({argument}):\n{body}"
    ))
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
    let skipping = beside.skipping("the service");
    // What may fail is imported where it fails a test, and not the collection of all.
    let imports_late = !at_root || !is_named || !told.is_empty();
    let uses_paths = !at_root || skipping.iter().any(|line| line.contains("Path("));
    let standard = [
        ("import importlib\n", !is_named),
        ("import os\n", !skipping.is_empty()),
        ("from pathlib import Path\n", uses_paths),
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
    text += &fixture(
        service,
        at_root,
        &skipping,
        imports_late.then_some(import.as_str()),
    );
    for test in tests {
        text += &format!("\n\n{}", test.function(is_flask));
    }
    Some((path, text))
}

/// The fixture that gives the client.
fn fixture(service: &Service<'_>, at_root: bool, skipping: &[String], import: Option<&str>) -> String {
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
    for line in skipping {
        text += &format!("    {line}\n");
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
