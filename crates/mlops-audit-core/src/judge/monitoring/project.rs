//! The words and lines with which the advice fits this project: its framework, its files, its CI service.

use mlops_audit_formats::code::Expr;

use super::drift::drift_script;
use super::tables::Database;
use crate::advise::{Advice, Implementation};
use crate::audit::{Deployment, Kind};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::runs::{Runner, RunnerKind};
use crate::extract::serving::{Application, Route};
use crate::extract::started::leading_entry;
use crate::judge::insertion::{below, below_imports, is_python};
use crate::judge::installing::{add_package, github_language, install, within};

/// One answer for all four gaps where nothing runs after training yet.
pub(super) fn nothing_runs(facts: &Facts<'_>) -> Option<Advice> {
    let runs = !facts.serving.deployments.is_empty() || scheduled(facts).is_some();
    if runs {
        return None;
    }
    let is_llm = facts.assessment.kind == Kind::LlmApp;
    let gap = if is_llm {
        "Nothing watches over what runs: no metrics, no traces of the language model's calls, no alerts."
    } else {
        "Nothing runs after training yet, and so nothing is monitored: no metrics, no record of predictions, no drift check, no alerts."
    };
    let recommendation = if is_llm {
        "Trace the calls of the language model, and decide what to alert on before people use the application."
    } else {
        "When the model is deployed, record its predictions from the first day, and decide what to alert on before users depend on it."
    };
    let implementation = if is_llm {
        tracing(facts)
    } else {
        Implementation::default()
            .decide("serve the model behind an API that exports metrics: in FastAPI, `Instrumentator().instrument(app).expose(app)`")
            .decide("insert each prediction with its inputs into a table, and compare that table with the training data each day by Evidently's DataDriftPreset")
            .decide("name who is told when the service fails or the data drifts")
    };
    Some(Advice {
        cause: "nothing-runs".to_owned(),
        gap: gap.to_owned(),
        recommendation: recommendation.to_owned(),
        implementation,
        tools: if is_llm {
            vec!["Langfuse".to_owned()]
        } else {
            vec!["Prometheus".to_owned(), "Evidently".to_owned()]
        },
        fixable: false,
        locations: facts
            .assessment
            .training_entry_points
            .iter()
            .take(1)
            .cloned()
            .collect(),
    })
}

/// A runner that starts by itself at a time.
pub(super) fn scheduled<'facts>(facts: &'facts Facts<'_>) -> Option<&'facts Runner> {
    facts
        .basis
        .runs
        .runners
        .iter()
        .find(|runner| runner.dead.is_none() && runner.is_unattended())
}

fn application<'facts>(facts: &'facts Facts<'_>) -> Option<&'facts Application> {
    let predicts = |application: &&Application| {
        facts.serving.prediction_routes().any(|route| {
            route.file == application.file || facts.basis.codebase.file(route.file).path.contains('/')
        })
    };
    facts
        .serving
        .applications
        .iter()
        .find(predicts)
        .or_else(|| facts.serving.applications.first())
}

fn prediction_route<'facts>(facts: &'facts Facts<'_>) -> Option<&'facts Route> {
    facts.serving.prediction_routes().next()
}

fn path_of<'facts>(facts: &'facts Facts<'_>, file: u32) -> &'facts str {
    &facts.basis.codebase.file(file).path
}

/// What is served, in words: `the FastAPI application in app.py`.
pub(super) fn service_name(facts: &Facts<'_>) -> String {
    if let Some(application) = application(facts) {
        return format!(
            "the {} application in {}",
            application.framework,
            path_of(facts, application.file)
        );
    }
    match facts.serving.deployments.first() {
        Some((Deployment::Api, evidence)) => format!("the endpoint ({})", evidence[0].location()),
        Some((Deployment::App, evidence)) => format!("the application ({})", evidence[0].location()),
        Some((Deployment::Batch, evidence)) => format!("the batch job ({})", evidence[0].location()),
        Some((Deployment::Embedded, evidence)) => {
            format!("the program with the exported model ({})", evidence[0].location())
        }
        None => "the scheduled job".to_owned(),
    }
}

/// Where predictions are made, in words.
pub(super) fn prediction_name(facts: &Facts<'_>) -> String {
    match prediction_route(facts) {
        Some(route) => format!(
            "`{}` ({})",
            route.handler(&facts.basis.codebase),
            facts
                .basis
                .codebase
                .evidence(route.file, route.place, "")
                .location()
        ),
        None => service_name(facts),
    }
}

/// Where the applications are created.
pub(super) fn application_places(facts: &Facts<'_>) -> Vec<Evidence> {
    let places: Vec<Evidence> = facts
        .serving
        .applications
        .iter()
        .map(|application| {
            facts.basis.codebase.evidence(
                application.file,
                application.place,
                format!("creates the {} application", application.framework),
            )
        })
        .collect();
    if places.is_empty() {
        deployment_places(facts)
    } else {
        places
    }
}

/// Where predictions are answered.
pub(super) fn prediction_places(facts: &Facts<'_>) -> Vec<Evidence> {
    let places: Vec<Evidence> = facts
        .serving
        .prediction_routes()
        .map(|route| route.evidence(&facts.basis.codebase, format!("answers {}", route.label())))
        .collect();
    if places.is_empty() {
        deployment_places(facts)
    } else {
        places
    }
}

fn deployment_places(facts: &Facts<'_>) -> Vec<Evidence> {
    facts
        .serving
        .deployments
        .iter()
        .filter_map(|(_, evidence)| evidence.first().cloned())
        .collect()
}

/// The exporter for the project's framework, and the lines that switch it on.
pub(super) fn exporter(facts: &Facts<'_>) -> (&'static str, Implementation) {
    let Some(application) = application(facts) else {
        return ("prometheus_client", timer(facts));
    };
    let codebase = &facts.basis.codebase;
    let place = codebase.evidence(application.file, application.place, "creates the application");
    let variable = if application.variable.is_empty() {
        "app"
    } else {
        &application.variable
    };
    let with = |package: &str, lines: String| {
        Implementation::default()
            .run(add_package(facts, package))
            .add(&below(codebase, &place), lines)
    };
    match application.framework {
        "FastAPI" | "Starlette" => (
            "prometheus-fastapi-instrumentator",
            with(
                "prometheus-fastapi-instrumentator",
                format!(
                    "from prometheus_fastapi_instrumentator import Instrumentator\n\nInstrumentator().instrument({variable}).expose({variable})"
                ),
            ),
        ),
        "Flask" => (
            "prometheus-flask-exporter",
            with(
                "prometheus-flask-exporter",
                format!(
                    "from prometheus_flask_exporter import PrometheusMetrics\n\nmetrics = PrometheusMetrics({variable})"
                ),
            ),
        ),
        "Django" => (
            "django-prometheus",
            Implementation::default()
                .run(add_package(facts, "django-prometheus"))
                .decide("add `django_prometheus` to INSTALLED_APPS, its two classes to MIDDLEWARE, and `path(\"\", include(\"django_prometheus.urls\"))` to the URLs"),
        ),
        _ => ("prometheus_client", timer(facts)),
    }
}

/// Metrics of a program that no exporter knows: the time of each prediction, on a port of their own.
fn timer(facts: &Facts<'_>) -> Implementation {
    let codebase = &facts.basis.codebase;
    let start = Implementation::default().run(add_package(facts, "prometheus-client"));
    if is_short_lived(facts) {
        return start.then(pushed(facts));
    }
    // Lines in code that no service reaches would observe something else.
    let served = &facts.serving.served;
    let predicts = facts
        .serving
        .predicting
        .iter()
        .find(|node| served.contains(**node));
    let lines = "from prometheus_client import Histogram, start_http_server\n\nLATENCY = Histogram(\"prediction_seconds\", \"Time of a prediction\")\nstart_http_server(9100)";
    match predicts {
        Some(node) => {
            let scope = codebase.scope(crate::extract::codebase::Definition {
                file: node.file,
                scope: if node.scope == u32::MAX { 0 } else { node.scope },
            });
            start
                .add(&below_imports(codebase, node.file), lines)
                .change(
                    &codebase.evidence(node.file, scope.place, "predicts"),
                    "with LATENCY.time():\n    prediction = model.predict(rows)  # the prediction as it is",
                )
        }
        None => start
            .decide("observe the time of each prediction in a `prometheus_client.Histogram`, and start its server on a port of its own"),
    }
}

/// Whether nothing is served and what runs ends again, so that nobody could collect metrics from it.
fn is_short_lived(facts: &Facts<'_>) -> bool {
    let mut kinds = facts.serving.deployments.iter().map(|(kind, _)| kind);
    facts.serving.applications.is_empty() && kinds.all(|kind| *kind == Deployment::Batch)
}

/// What a job that ends hands over before it does.
fn pushed(facts: &Facts<'_>) -> Implementation {
    let lines = "import os\n\nfrom prometheus_client import CollectorRegistry, Gauge, push_to_gateway\n\nregistry = CollectorRegistry()\nGauge(\"last_success_timestamp_seconds\", \"End of the last good run\", registry=registry).set_to_current_time()\npush_to_gateway(os.environ[\"PUSHGATEWAY\"], job=\"predictions\", registry=registry)";
    let start = Implementation::default();
    let start = match facts.serving.batch_jobs.first() {
        Some(job) if is_python(&job.write.path) => start.add(&below(&facts.basis.codebase, &job.write), lines),
        _ => start.decide("push the duration, the rows and the time of the last good run to a Pushgateway where the job ends: `prometheus_client.push_to_gateway(os.environ[\"PUSHGATEWAY\"], job=\"predictions\", registry=registry)`"),
    };
    start.decide("let Prometheus collect from the Pushgateway, and alert where the last good run is too old")
}

/// Whether answers come from a language model.
pub(super) fn asks_language_models(facts: &Facts<'_>) -> bool {
    facts.assessment.kind == Kind::LlmApp
}

/// The tool with which the project traces calls of language models already.
fn tracer<'facts>(facts: &'facts Facts<'_>) -> Option<&'facts str> {
    let basis = &facts.basis;
    let mut found = basis.uses.with(Role::TraceLlm);
    let found = found.find(|found| !basis.codebase.file(found.file).is_test)?;
    Some(&basis.catalogue.tool(found.tool).name)
}

/// The lines that trace the calls of the project's language model library.
pub(super) fn tracing(facts: &Facts<'_>) -> Implementation {
    let call = facts
        .basis
        .uses
        .with(Role::CallLlm)
        .find(|used| !facts.basis.codebase.file(used.file).is_test);
    let uses = |id: &str| facts.assessment.frameworks.iter().any(|found| found == id);
    let lines = if uses("langchain") || uses("langgraph") {
        "from langfuse.langchain import CallbackHandler\n\nchain.invoke(question, config={\"callbacks\": [CallbackHandler()]})"
    } else if uses("openai") {
        "from langfuse.openai import OpenAI  # instead of `from openai import OpenAI`"
    } else {
        "from langfuse import observe\n\n\n@observe()\ndef answer(question):\n    return ask(question)  # the call as it is"
    };
    if let Some(tracer) = tracer(facts) {
        return Implementation::default().decide(format!(
            "switch the tracing on that {tracer} does already, in every environment that answers users, and let it keep prompt, answer, tokens and latency"
        ));
    }
    let start = Implementation::default()
        .run(add_package(facts, "langfuse"))
        .decide("set LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_HOST where it runs");
    match call {
        Some(used) => start.change(&used.evidence(&facts.basis.codebase), lines),
        None => start.decide("wrap the function that asks the model by `langfuse.observe`"),
    }
}

/// The lines that record a prediction at the project's route.
pub(super) fn record(facts: &Facts<'_>) -> Implementation {
    let codebase = &facts.basis.codebase;
    let Some(route) = prediction_route(facts) else {
        let job = facts.serving.batch_jobs.first();
        return match job {
            Some(job) if is_python(&job.write.path) => {
                let rows = written_rows(facts, &job.write).unwrap_or_else(|| "predictions".to_owned());
                Database::of(facts).appender(facts, &job.write, &rows)
            }
            _ => Implementation::default().decide(
                "append the predictions of each run, with its time and the model's version, to a table",
            ),
        };
    };
    let scope = codebase.scope(crate::extract::codebase::Definition {
        file: route.file,
        scope: route.scope,
    });
    let is_input = |name: &&str| {
        !matches!(
            *name,
            "self" | "cls" | "request" | "response" | "background_tasks"
        )
    };
    let names = scope.parameters.iter().map(|parameter| parameter.name.as_str());
    let input = names.clone().find(is_input).unwrap_or("inputs");
    let value = if route.request_model.is_some() {
        format!("{input}.model_dump()")
    } else {
        input.to_owned()
    };
    let last = codebase
        .file(route.file)
        .code
        .returns
        .iter()
        .filter(|found| found.scope == route.scope)
        .map(|found| found.place)
        .next_back()
        .unwrap_or(scope.place);
    Database::of(facts).recorder(facts, route.file).change(
        &codebase.evidence(route.file, last, "answers"),
        match answered(facts, route) {
            Some(answer) => format!("record({value}, {answer})  # before it returns"),
            None => {
                format!("record({value}, ...)  # what it predicts instead of the dots, before it returns")
            }
        },
    )
}

/// The table that a job writes where it does: `rows` of `rows.to_csv(…)`.
fn written_rows(facts: &Facts<'_>, write: &Evidence) -> Option<String> {
    let codebase = &facts.basis.codebase;
    let file = codebase.position(&write.path)?;
    let mut calls = codebase.file(file).code.calls.iter();
    let call = calls.find(|call| call.place == write.place && call.method().starts_with("to_"))?;
    match &call.callee {
        Expr::Name(name) => name.path.rsplit_once('.').map(|(rows, _)| rows.to_owned()),
        _ => None,
    }
}

/// The variable that a route predicts into, else the one that it answers with.
fn answered(facts: &Facts<'_>, route: &Route) -> Option<String> {
    let codebase = &facts.basis.codebase;
    let code = &codebase.file(route.file).code;
    let is_plain = |name: &str| name.chars().all(|char| char.is_alphanumeric() || char == '_');
    let own = code
        .assignments
        .iter()
        .filter(|found| found.scope == route.scope && is_plain(&found.target));
    let predicted = own.clone().find(|found| {
        // An element of what is predicted, such as the first row.
        let mut value = &found.value;
        while let Expr::Subscript(of, _) = value {
            value = of;
        }
        let site = codebase.call_of(route.file, value);
        site.is_some_and(|site| {
            matches!(site.call.method(), "predict" | "predict_proba")
                || facts.basis.uses.has(site.file, site.index, Role::Predict)
        })
    });
    let named = || {
        let is_named =
            |name: &str| matches!(name, "pred" | "preds" | "prediction" | "predictions" | "y_pred");
        own.clone().find(|found| is_named(&found.target))
    };
    let returned = || {
        let mut returns = code.returns.iter().filter(|found| found.scope == route.scope);
        returns
            .find_map(|found| found.value.as_name())
            .filter(|name| is_plain(&name.path))
    };
    predicted
        .or_else(named)
        .map(|found| found.target.to_string())
        .or_else(|| returned().map(|name| name.path.to_string()))
}

/// What the training reads, in words.
pub(super) fn training_data_name(facts: &Facts<'_>) -> String {
    let codebase = &facts.basis.codebase;
    let trains = |file: u32| facts.basis.training.sites.iter().any(|site| site.file == file);
    let loads = facts.basis.uses.with(Role::LoadData);
    let mut loads = loads.filter(|used| !codebase.file(used.file).is_test);
    // What the main training reaches comes before what only looks at data beside it.
    let leading = leading_entry(&facts.basis);
    let is_led_to = |file: u32| leading.is_some_and(|entry| entry.reached.touches(file));
    let load = loads
        .clone()
        .find(|used| is_led_to(used.file))
        .or_else(|| loads.find(|used| trains(used.file)));
    match load {
        Some(used) => format!(
            "the training data (read at {})",
            used.evidence(codebase).location()
        ),
        None => "the training data".to_owned(),
    }
}

/// The name of the project's CI service, or of the one that fits.
pub(super) fn scheduler<'facts>(facts: &'facts Facts<'_>) -> &'facts str {
    facts
        .basis
        .runs
        .runners
        .iter()
        .find_map(|runner| match runner.kind {
            RunnerKind::Ci(name) => Some(name),
            _ => None,
        })
        .unwrap_or("GitHub Actions")
}

/// A drift check and the job that runs it.
pub(super) fn drift_job(facts: &Facts<'_>) -> Implementation {
    let means = &facts.automation.means;
    let project = &facts.basis.listing.project;
    let by_hand = facts.monitoring.data.drift_by_hand.first();
    let (script, start) = match by_hand {
        Some(found) => (found.path.clone(), Implementation::default()),
        None => {
            let script = format!("{project}monitoring/drift.py");
            let start = Implementation::default()
                .run(add_package(facts, "evidently"))
                .create(&script, drift_script(facts))
                .decide("keep a sample of the training data as monitoring/reference.csv");
            (script, start)
        }
    };
    let command = within(means, &format!("python {script}"));
    let variable = Database::of(facts).variable();
    let mut lines = install(means);
    lines.push(command.clone());
    let listed = |indent: &str, sign: &str| -> String {
        lines
            .iter()
            .map(|line| format!("{indent}- {sign}{line}\n"))
            .collect()
    };
    start.then(match scheduler(facts) {
        "GitLab CI" | "GitLab CI/CD" => Implementation::default().change(
            &Evidence::file(".gitlab-ci.yml", "holds the jobs"),
            format!(
                "drift:\n  image: python:{}\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n  script:\n{}",
                means.python,
                listed("    ", "").trim_end()
            ),
        ),
        "GitHub Actions" => Implementation::default().create(
            ".github/workflows/drift.yml",
            format!(
                "name: Drift\non:\n  schedule:\n    - cron: \"0 6 * * *\"\n  workflow_dispatch:\npermissions:\n  contents: read\njobs:\n  drift:\n    runs-on: ubuntu-latest\n    env:\n      {variable}: ${{{{ secrets.{variable} }}}}\n    steps:\n      - uses: actions/checkout@v6\n{}{}",
                github_language(means),
                listed("      ", "run: ")
            ),
        ),
        other => Implementation::default().decide(format!("let a job of {other} run `{command}` each day")),
    })
}
