//! What to do about missing tests: with the project's own modules, routes, metrics and tracker.

use std::collections::BTreeSet;

use mlops_audit_formats::code::ScopeKind;

use super::figure::Metric;
use super::importing::{Hindrance, hindrance, import_for_test, test_command};
use super::quality;
use super::requests;
use crate::advise::{Advice, Implementation};
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::codebase::FileIndex;
use crate::extract::serving::{Application, Route};
use crate::extract::started::leading_entry;
use crate::extract::testing::{AssertionKind, TestCase};
use crate::judge::Judgement;
use crate::judge::insertion::{import_of, is_python, module_name, test_folder};
use crate::judge::installing::{is_of_r, trains_nothing};

/// How many modules are looked at for one that a test can import.
const MODULES: usize = 40;

/// Tests of the project's own functions.
pub(super) fn unit(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    let broken: Vec<Evidence> = facts
        .testing
        .cases
        .iter()
        .filter_map(|case| case.broken.clone())
        .collect();
    let works = facts.testing.cases.iter().any(|case| case.can_run());
    if !works && let Some(first) = broken.first() {
        return Advice {
            cause: "broken-tests".to_owned(),
            gap: format!("The tests cannot run: {} {}.", first.location(), first.what),
            recommendation: "Mend the imports of the tests, so that they run against the code as it is now."
                .to_owned(),
            implementation: Implementation::default()
                .run("python -m pytest --collect-only -q  # lists every import that fails"),
            tools: vec!["pytest".to_owned()],
            fixable: false,
            locations: broken,
        };
    }
    if !works && let Some(advice) = fill_in(facts, "unfilled-tests", |_| true) {
        return advice;
    }
    let missing = judgement.missing.join("; ");
    let Some((module, functions)) = untested(facts) else {
        return Advice {
            cause: "no-unit-tests".to_owned(),
            gap: format!(
                "{}: {}.",
                capital(&missing),
                match facts.testing.untested.is_empty() {
                    true => "the code stands in notebooks or has no functions to test",
                    false => "its functions stand in scripts that ask for arguments when they are imported",
                }
            ),
            recommendation: "Move cleaning and features out of notebooks and scripts into functions that take data and return data, and test those.".to_owned(),
            implementation: first_function(facts),
            tools: vec![runner_of_tests(facts).to_owned()],
            fixable: false,
            locations: judgement.evidence.clone(),
        };
    };
    let is_first = facts
        .testing
        .untested
        .first()
        .is_some_and(|(first, _)| first.path == module.path);
    let listed = functions.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    let function = functions.first().cloned().unwrap_or_default();
    Advice {
        cause: "no-unit-tests".to_owned(),
        gap: format!(
            "{}. {} {} ({listed}).",
            capital(&missing),
            match is_first {
                true => "Most functions that no test reaches stand in",
                false => "Functions that no test reaches, and that a test can import, stand in",
            },
            module.path
        ),
        recommendation: format!(
            "Test the functions of {} with small inputs written by hand, {function} first.",
            module.path
        ),
        implementation: unit_test(facts, &module, &function),
        tools: vec!["pytest".to_owned()],
        fixable: false,
        locations: vec![module],
    }
}

/// Values that such tests leave open: nothing else is missing of them.
fn fill_in(facts: &Facts<'_>, cause: &str, is_such: impl Fn(&TestCase) -> bool) -> Option<Advice> {
    let cases = facts.testing.cases.iter();
    let waiting = cases.filter(|case| case.broken.is_none() && is_such(case));
    let mut locations: Vec<Evidence> = waiting.filter_map(|case| case.unfilled.clone()).collect();
    locations.sort();
    locations.dedup();
    let first = locations.first()?;
    let value = |place: &Evidence| place.what.split(' ').nth(1).unwrap_or_default().to_owned();
    let steps = locations.iter().fold(Implementation::default(), |steps, place| {
        steps.decide(format!("at {}: fill in {}", place.location(), value(place)))
    });
    Some(Advice {
        cause: cause.to_owned(),
        gap: format!("A test waits for a value: {} {}.", first.location(), first.what),
        recommendation: format!(
            "Agree on {} and fill it in; until then the test fails.",
            value(first)
        ),
        implementation: steps.run("python -m pytest"),
        tools: vec!["pytest".to_owned()],
        fixable: false,
        locations,
    })
}

/// The module to test first, with its functions, those that take and give values first. What answers requests or draws
/// pages is tested through its boundary, and so comes last here.
fn untested(facts: &Facts<'_>) -> Option<(Evidence, Vec<String>)> {
    let codebase = &facts.basis.codebase;
    let is_front = |module: &Evidence| {
        let file = codebase.position(&module.path);
        let serving = &facts.serving;
        serving.routes.iter().any(|route| Some(route.file) == file)
            || serving.applications.iter().any(|found| Some(found.file) == file)
            || serving.fronts.iter().any(|front| Some(*front) == file)
    };
    // What can be imported comes before what works or asks for arguments on import.
    let found = facts
        .testing
        .untested
        .iter()
        .take(MODULES)
        .filter_map(|found| Some((hindrance(facts, codebase.position(&found.0.path)?), found)))
        .filter(|(hindrance, _)| *hindrance != Hindrance::ReadsArguments)
        .min_by_key(|(hindrance, (module, _))| (*hindrance, is_front(module)));
    let (module, mut functions) = found?.1.clone();
    let file = codebase.position(&module.path)?;
    let first = takes_and_gives(facts, file);
    functions.sort_by_key(|name| !first.contains(name.as_str()));
    Some((module, functions))
}

/// The functions of a file that have parameters and return something.
fn takes_and_gives<'facts>(facts: &'facts Facts<'_>, file: FileIndex) -> BTreeSet<&'facts str> {
    let code = &facts.basis.codebase.file(file).code;
    let giving: BTreeSet<u32> = code.returns.iter().map(|found| found.scope).collect();
    let mut seen = BTreeSet::new();
    let named = (0..).zip(&code.scopes).filter(|(_, scope)| scope.parent == 0);
    named
        .filter(|(_, scope)| seen.insert(scope.name.as_str()))
        .filter(|(at, scope)| !scope.parameters.is_empty() && giving.contains(at))
        .map(|(_, scope)| scope.name.as_str())
        .collect()
}

fn unit_test(facts: &Facts<'_>, module: &Evidence, function: &str) -> Implementation {
    let project = &facts.basis.listing.project;
    let codebase = &facts.basis.codebase;
    let way = import_for_test(facts, &module.path);
    let import = way.module;
    let works = codebase
        .position(&module.path)
        .is_some_and(|file| hindrance(facts, file) == Hindrance::Works);
    let start = match works {
        true => Implementation::default().decide(format!(
            "put what {} does when it is imported below `if __name__ == \"__main__\":`, else each test runs it",
            module.path
        )),
        false => Implementation::default(),
    };
    start
        .create(
            format!(
                "{}test_{}.py",
                test_folder(codebase, project),
                import.rsplit('.').next().unwrap_or(&import).replace('-', "_")
            ),
            format!(
                "{}\n\ndef test_{function}():\n    result = {function}({})\n    assert result == ...  # the value that you expect for this input\n",
                import_of(&import, function),
                arguments(facts, &module.path, function),
            ),
        )
        .run(test_command(&way.folder))
}

/// A first function out of a notebook, with its test.
fn first_function(facts: &Facts<'_>) -> Implementation {
    let project = &facts.basis.listing.project;
    if is_of_r(&facts.automation.means) {
        return first_function_in_r(project);
    }
    Implementation::default()
        .create(
            format!("{project}features.py"),
            "import pandas as pd\n\n\ndef clean(data: pd.DataFrame) -> pd.DataFrame:\n    return data.dropna()  # what the notebook does now\n",
        )
        .create(
            format!("{}test_features.py", test_folder(&facts.basis.codebase, project)),
            "import pandas as pd\n\nfrom features import clean\n\n\ndef test_rows_with_gaps_are_left_out():\n    data = pd.DataFrame({\"age\": [30, None]})\n    assert clean(data)[\"age\"].tolist() == [30]\n",
        )
        .run("python -m pytest")
}

/// The same in R.
fn first_function_in_r(project: &str) -> Implementation {
    Implementation::default()
        .create(
            format!("{project}features.R"),
            "clean <- function(data) {\n  na.omit(data)  # what the script does now\n}\n",
        )
        .create(
            format!("{project}tests/testthat/test-features.R"),
            "source(\"../../features.R\")\n\ntest_that(\"rows with gaps are left out\", {\n  data <- data.frame(age = c(30, NA))\n  expect_equal(clean(data)$age, 30)\n})\n",
        )
        .run("Rscript -e 'testthat::test_dir(\"tests/testthat\")'")
}

/// A test through the API, or of a whole training run.
pub(super) fn integration(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    if judgement.finding.contains("wait for a value")
        && let Some(advice) = fill_in(facts, "unfilled-integration-tests", |case| {
            !case.boundaries.is_empty()
        })
    {
        return advice;
    }
    let missing = capital(&judgement.missing.join("; "));
    let through_api = facts
        .serving
        .prediction_routes()
        .chain(&facts.serving.routes)
        .filter(|route| route.path.starts_with('/') && route.path != "/" && !route.path.contains("health"))
        .find_map(|route| Some((route, client(facts, route)?)));
    if let Some((route, (client, implementation))) = through_api {
        let place = route.evidence(&facts.basis.codebase, format!("answers {}", route.label()));
        return Advice {
            cause: "no-integration-tests".to_owned(),
            gap: format!(
                "{missing}: no test asks for {} ({}).",
                route.label(),
                place.location()
            ),
            recommendation: format!(
                "Ask {} with a test client and check status, fields and a value that you know.",
                route.label()
            ),
            implementation,
            tools: vec!["pytest".to_owned(), client.to_owned()],
            fixable: false,
            locations: vec![place],
        };
    }
    let (what, implementation, locations) = whole_run(facts);
    Advice {
        cause: "no-integration-tests".to_owned(),
        gap: format!("{missing}."),
        recommendation: format!(
            "Run {what} on a few rows from a test, and check that it ends well and leaves what it should."
        ),
        implementation,
        tools: vec![runner_of_tests(facts).to_owned()],
        fixable: false,
        locations,
    }
}

/// The program that runs tests in the language of the project.
fn runner_of_tests(facts: &Facts<'_>) -> &'static str {
    match is_of_r(&facts.automation.means) {
        true => "testthat",
        false => "pytest",
    }
}

/// A test that asks for a route, with the framework's own client.
fn client(facts: &Facts<'_>, route: &Route) -> Option<(&'static str, Implementation)> {
    let codebase = &facts.basis.codebase;
    let project = &facts.basis.listing.project;
    let has_variable = |found: &&Application| !found.variable.is_empty();
    let applications = facts.serving.applications.iter().filter(has_variable);
    let application = applications
        .clone()
        .find(|found| found.file == route.file)
        .or_else(|| applications.clone().next())?;
    let variable = &application.variable;
    let (tool, imported, client) = match application.framework {
        "FastAPI" => (
            "FastAPI TestClient",
            "from fastapi.testclient import TestClient\n\n",
            format!("TestClient({variable})"),
        ),
        "Flask" => ("Flask test client", "", format!("{variable}.test_client()")),
        _ => return None,
    };
    let method = route
        .methods
        .first()
        .map_or("get", String::as_str)
        .to_ascii_lowercase();
    let body = if method == "get" {
        String::new()
    } else {
        format!(", json={}", requests::body(facts, route))
    };
    let answer = if tool.starts_with("Flask") {
        "response.get_json()"
    } else {
        "response.json()"
    };
    let path = requests::path(facts, route);
    let test = format!(
        "{imported}{}\n\ndef test_{}():\n    response = {client}.{method}(\"{}\"{body})\n    assert response.status_code == 200\n    assert {answer}  # and the value that you expect\n",
        import_of(
            &module_name(codebase, project, &codebase.file(application.file).path),
            variable
        ),
        identifier(&path),
        path,
    );
    let path = format!("{}test_api.py", test_folder(codebase, project));
    let taken = facts.basis.listing.file(&path).is_some();
    let path = if taken {
        path.replace("test_api", "test_predictions")
    } else {
        path
    };
    Some((
        tool,
        Implementation::default()
            .create(path, test)
            .run("python -m pytest"),
    ))
}

/// A test of the whole training, or of the main command where nothing is trained.
fn whole_run(facts: &Facts<'_>) -> (String, Implementation, Vec<Evidence>) {
    let basis = &facts.basis;
    let project = &basis.listing.project;
    let entry = leading_entry(basis);
    let fallback = || {
        let scripts = facts
            .automation
            .means
            .scripts
            .first()
            .map(|(_, path)| path.clone());
        let named = |name: &str| basis.codebase.position(&format!("{project}{name}"));
        let usual = ["main.py", "app.py", "run.py"]
            .into_iter()
            .find(|name| named(name).is_some());
        scripts.or_else(|| usual.map(|name| format!("{project}{name}")))
    };
    let path = match entry {
        Some(entry) => Some(basis.codebase.file(entry.file).path.clone()),
        None => fallback(),
    };
    let Some(path) = path else {
        let steps = Implementation::default()
            .decide("let a test run the main command on small data, and check what it leaves");
        return ("the main command".to_owned(), steps, Vec::new());
    };
    let locations = entry
        .and_then(|entry| basis.training.sites_of(entry).next())
        .map(|site| basis.codebase.evidence(site.file, site.place, "fits the model"))
        .into_iter()
        .collect();
    if !is_python(&path) && path.ends_with(['R', 'r']) {
        return (path.clone(), run_test_in_r(project, &path), locations);
    }
    let steps = Implementation::default()
        .create(
            format!("{}test_end_to_end.py", test_folder(&basis.codebase, project)),
            run_test(&path, left_by(facts).as_deref()),
        )
        .decide("let an option or a variable of the environment name a small sample of the data")
        .run("python -m pytest");
    (path, steps, locations)
}

/// The same for a script of R.
fn run_test_in_r(project: &str, path: &str) -> Implementation {
    let script = path.strip_prefix(project).unwrap_or(path);
    Implementation::default()
        .create(
            format!("{project}tests/testthat/test-end-to-end.R"),
            format!(
                "test_that(\"training runs\", {{\n  status <- withr::with_dir(\"../..\", system2(\"Rscript\", \"{script}\"))\n  expect_equal(status, 0L)\n}})\n"
            ),
        )
        .decide("let an option or a variable of the environment name a small sample of the data")
        .run("Rscript -e 'testthat::test_dir(\"tests/testthat\")'")
}

/// The file that training leaves, where its name is plain.
fn left_by(facts: &Facts<'_>) -> Option<String> {
    let is_plain = |path: &&str| {
        path.contains('.')
            && !path.starts_with("..")
            && path
                .chars()
                .all(|char| char.is_alphanumeric() || "/._-".contains(char))
    };
    let saves = facts.versioning.models.saves.iter();
    saves
        .filter_map(|save| save.path.as_deref())
        .find(is_plain)
        .map(str::to_owned)
}

fn run_test(path: &str, leaves: Option<&str>) -> String {
    let (imports, command) = match path.rsplit('.').next() {
        Some("ipynb") => (
            "import subprocess\n",
            format!(
                "[\"jupyter\", \"nbconvert\", \"--to\", \"notebook\", \"--execute\", \"--output-dir\", str(tmp_path), \"{path}\"]"
            ),
        ),
        Some("R" | "r") => ("import subprocess\n", format!("[\"Rscript\", \"{path}\"]")),
        Some("jl") => (
            "import subprocess\n",
            format!("[\"julia\", \"--project\", \"{path}\"]"),
        ),
        _ => (
            "import subprocess\nimport sys\n",
            format!("[sys.executable, \"{path}\"]"),
        ),
    };
    let argument = if path.ends_with(".ipynb") { "tmp_path" } else { "" };
    let (more, check) = match leaves {
        Some(file) => (
            "from pathlib import Path\n",
            format!("    assert Path(\"{file}\").exists()\n"),
        ),
        None => ("", String::new()),
    };
    format!(
        "{imports}{more}\n\ndef test_training_runs({argument}):\n    done = subprocess.run({command}, check=False)\n    assert done.returncode == 0\n{check}"
    )
}

/// A bar for the metric that training computes.
pub(super) fn model(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    let missing = capital(&judgement.missing.join("; "));
    if facts.assessment.kind == crate::audit::Kind::LlmApp {
        return answers(facts, &missing, judgement);
    }
    let has_bar = |case: &TestCase| {
        let mut assertions = case.assertions.iter();
        assertions.any(|found| found.kind == AssertionKind::Bar)
    };
    if judgement.finding.contains("yet to be filled in")
        && let Some(advice) = fill_in(facts, "unfilled-bar", has_bar)
    {
        return advice;
    }
    let metric = Metric::of(facts);
    let computes = |metric: &Metric| format!("{}, which {} computes", metric.name, metric.place.location());
    Advice {
        cause: "no-quality-bar".to_owned(),
        gap: match &metric {
            Some(metric) => format!("{missing}: no limit stops a bad model by {}.", computes(metric)),
            None if trains_nothing(facts) => {
                format!("{missing}: nothing says what the model that is used is worth.")
            }
            None => format!("{missing}: training ends well, whatever the model is worth."),
        },
        recommendation: match &metric {
            Some(metric) => format!(
                "Agree on the worst value that the product can live with, and let the run fail beyond it: {}.",
                computes(metric)
            ),
            None if trains_nothing(facts) => "Run the model over labelled examples, agree on the worst figure that the product can live with, and let the run fail beyond it.".to_owned(),
            None => "Compute one figure on held-out data, agree on the worst value that the product can live with, and let the run fail beyond it.".to_owned(),
        },
        implementation: quality::bar(facts, metric.as_ref()),
        tools: vec![runner_of_tests(facts).to_owned()],
        fixable: false,
        locations: metric.map_or_else(|| judgement.evidence.clone(), |metric| vec![metric.place]),
    }
}

/// A test of answers, for applications of language models.
fn answers(facts: &Facts<'_>, missing: &str, judgement: &Judgement) -> Advice {
    let project = &facts.basis.listing.project;
    let test = "from deepeval import assert_test\nfrom deepeval.metrics import AnswerRelevancyMetric\nfrom deepeval.test_case import LLMTestCase\n\n\ndef test_an_answer_is_relevant():\n    question = \"...\"  # one of the questions that users ask\n    answer = \"...\"  # what the application answers to it\n    case = LLMTestCase(input=question, actual_output=answer)\n    assert_test(case, [AnswerRelevancyMetric(threshold=0.7)])\n";
    Advice {
        cause: "no-quality-bar".to_owned(),
        gap: format!("{missing}: nothing fails when the answers become worse."),
        recommendation:
            "Collect questions with good answers, and let a test fail where an answer falls below a bar."
                .to_owned(),
        implementation: Implementation::default()
            .create(
                format!("{}test_answers.py", test_folder(&facts.basis.codebase, project)),
                test,
            )
            .run("deepeval test run tests"),
        tools: vec!["DeepEval".to_owned(), "promptfoo".to_owned()],
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}

/// A comparison with the model in production, by the tracker or a metrics file.
pub(super) fn regression(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    let missing = capital(&judgement.missing.join("; "));
    let by_mlflow = facts
        .assessment
        .experiment_trackers
        .iter()
        .any(|tracker| tracker == "mlflow");
    let metric = Metric::of(facts);
    let (source, tool) = if by_mlflow {
        ("the run behind the model in production", "MLflow")
    } else {
        ("a committed metrics file", "pytest")
    };
    let figure = metric.as_ref().map_or_else(
        || "the figure that you report".to_owned(),
        |metric| metric.variable.clone(),
    );
    Advice {
        cause: "no-comparison".to_owned(),
        gap: format!("{missing}."),
        recommendation: format!(
            "Compare {figure} of each new model with {source} before it is kept, and stop when it is worse by more than you tolerate."
        ),
        implementation: quality::comparison(facts, metric.as_ref(), by_mlflow),
        tools: vec![tool.to_owned()],
        fixable: false,
        locations: metric.map(|metric| vec![metric.place]).unwrap_or_default(),
    }
}

/// The parameters of a function without defaults, as the arguments of a call that has yet to be written.
fn arguments(facts: &Facts<'_>, path: &str, function: &str) -> String {
    let codebase = &facts.basis.codebase;
    let Some(file) = codebase.position(path) else {
        return "...".to_owned();
    };
    let is_it = |scope: &&mlops_audit_formats::code::Scope| {
        scope.kind == ScopeKind::Function && scope.parent == 0 && scope.name == function
    };
    let code = &codebase.file(file).code;
    let scope = code.scopes.iter().find(is_it);
    let names = scope.map(|scope| {
        scope
            .parameters
            .iter()
            .filter(|parameter| {
                parameter.default.is_none() && !matches!(parameter.name.as_str(), "args" | "kwargs")
            })
            .map(|parameter| format!("{}=...", parameter.name))
            .collect::<Vec<_>>()
            .join(", ")
    });
    names.unwrap_or_default()
}

fn identifier(route: &str) -> String {
    let name: String = route
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
        .collect();
    name.trim_matches('_').to_ascii_lowercase()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
