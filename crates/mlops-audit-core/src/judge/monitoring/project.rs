//! The words and lines with which the advice fits this project: its framework, its files, its CI service.

use crate::advise::{Advice, Implementation};
use crate::audit::{Deployment, Kind};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::runs::{Runner, RunnerKind, TriggerKind};
use crate::extract::serving::{Application, Route};
use crate::judge::Judgement;
use crate::judge::insertion::{below, below_imports, lacking};
use crate::judge::installing::{add_package, install, within};

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
fn scheduled<'facts>(facts: &'facts Facts<'_>) -> Option<&'facts Runner> {
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
    let predicts = facts.serving.predicting.iter().next();
    let start = Implementation::default().run(add_package(facts, "prometheus-client"));
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

/// Whether answers come from a language model.
pub(super) fn asks_language_models(facts: &Facts<'_>) -> bool {
    facts.assessment.kind == Kind::LlmApp
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
    let table = "CREATE TABLE predictions (\n    predicted_at timestamptz NOT NULL DEFAULT now(),\n    model_version text NOT NULL,\n    inputs jsonb NOT NULL,\n    prediction text NOT NULL\n);\n";
    let project = &facts.basis.listing.project;
    let codebase = &facts.basis.codebase;
    let Some(route) = prediction_route(facts) else {
        let job = facts.serving.batch_jobs.first();
        let lines = "predictions.assign(predicted_at=pd.Timestamp.now(\"UTC\"), model_version=MODEL_VERSION).to_sql(\n    \"predictions\", os.environ[\"DATABASE_URL\"], if_exists=\"append\", index=False\n)";
        return match job {
            Some(job) => Implementation::default().change(&job.write, lines),
            None => Implementation::default().decide(
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
    Implementation::default()
        .run(add_package(facts, "psycopg[binary]"))
        .create(format!("{project}sql/predictions.sql"), table)
        .add(
            &below_imports(codebase, route.file),
            lacking(codebase, route.file, &["import json", "import os", "import psycopg"])
                + "\n\ndef record(inputs, prediction):\n    with psycopg.connect(os.environ[\"DATABASE_URL\"]) as connection:\n        connection.execute(\n            \"INSERT INTO predictions (model_version, inputs, prediction) VALUES (%s, %s, %s)\",\n            (os.environ[\"MODEL_VERSION\"], json.dumps(inputs), str(prediction)),\n        )\n\n",
        )
        .change(
            &codebase.evidence(route.file, last, "answers"),
            format!("record({value}, prediction)  # before it returns"),
        )
}

/// What the training reads, in words.
pub(super) fn training_data_name(facts: &Facts<'_>) -> String {
    let codebase = &facts.basis.codebase;
    let trains = |file: u32| facts.basis.training.sites.iter().any(|site| site.file == file);
    let load = facts
        .basis
        .uses
        .with(Role::LoadData)
        .find(|used| trains(used.file) && !codebase.file(used.file).is_test);
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
                .create(&script, DRIFT)
                .decide("keep a sample of the training data as monitoring/reference.csv");
            (script, start)
        }
    };
    let command = within(means, &format!("python {script}"));
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
                "name: Drift\non:\n  schedule:\n    - cron: \"0 6 * * *\"\n  workflow_dispatch:\npermissions:\n  contents: read\njobs:\n  drift:\n    runs-on: ubuntu-latest\n    env:\n      DATABASE_URL: ${{{{ secrets.DATABASE_URL }}}}\n    steps:\n      - uses: actions/checkout@v6\n      - uses: actions/setup-python@v6\n        with:\n          python-version: \"{}\"\n{}",
                means.python,
                listed("      ", "run: ")
            ),
        ),
        other => Implementation::default().decide(format!("let a job of {other} run `{command}` each day")),
    })
}

/// Compares what arrived with what the model was trained on, and fails where it drifted.
const DRIFT: &str = "\"\"\"Compares the inputs of the last day with a sample of the training data.\"\"\"

import os

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

reference = pd.read_csv(\"monitoring/reference.csv\")
rows = pd.read_sql(
    \"SELECT inputs FROM predictions WHERE predicted_at > now() - interval '1 day'\", os.environ[\"DATABASE_URL\"]
)
current = pd.json_normalize(rows[\"inputs\"].tolist())[list(reference.columns)]
report = Report([DataDriftPreset()], include_tests=True).run(current, reference)
report.save_html(\"drift.html\")
if any(test[\"status\"] == \"FAIL\" for test in report.dict()[\"tests\"]):
    raise SystemExit(\"the inputs have drifted: see drift.html\")
";

/// The configuration of Prometheus, new or to be changed.
fn prometheus(facts: &Facts<'_>, rules: &str) -> Implementation {
    let known = facts
        .basis
        .listing
        .files
        .iter()
        .find(|file| file.is_own() && matches!(file.name(), "prometheus.yml" | "prometheus.yaml"));
    let lines = format!(
        "rule_files:\n  - {rules}\nalerting:\n  alertmanagers:\n    - static_configs:\n        - targets: [\"alertmanager:9093\"]\n"
    );
    match known {
        Some(file) => Implementation::default().change(
            &Evidence::file(&file.path, "configures Prometheus"),
            lines.trim_end(),
        ),
        None => Implementation::default().create(
            "monitoring/prometheus.yml",
            format!(
                "scrape_configs:\n  - job_name: service\n    static_configs:\n      - targets: [\"service:8000\"]\n{lines}"
            ),
        ),
    }
}

/// Where alerts go, if nothing says so yet.
fn receiver(facts: &Facts<'_>) -> Implementation {
    let is_there = facts
        .basis
        .listing
        .files
        .iter()
        .any(|file| file.is_own() && file.name().starts_with("alertmanager.y"));
    if is_there {
        return Implementation::default();
    }
    Implementation::default().create(
        "monitoring/alertmanager.yml",
        "route:\n  receiver: team\nreceivers:\n  - name: team\n    slack_configs:\n      - api_url_file: /run/secrets/slack_webhook\n        channel: \"#alerts\"\n",
    )
}

/// What loads rules that stand unused.
pub(super) fn load_rules(facts: &Facts<'_>, rules: &[Evidence]) -> (String, Implementation, &'static str) {
    let name = rules[0].path.rsplit('/').next().unwrap_or(&rules[0].path);
    (
        format!(
            "Load {} in `prometheus.yml`, mount it beside that, and give Alertmanager a receiver.",
            rules[0].path
        ),
        prometheus(facts, name).then(receiver(facts)),
        "Alertmanager",
    )
}

/// A rule over the metrics that are exported.
pub(super) fn alert_rule(facts: &Facts<'_>) -> (String, Implementation, &'static str) {
    let exported = &facts.monitoring.system.exported[0];
    (
        format!(
            "Add alert rules for errors and latency over the metrics that {} exports, load them, and give Alertmanager a receiver.",
            exported.location()
        ),
        rules(
            facts,
            "      - alert: HighErrorRate\n        expr: sum(rate(http_requests_total{status=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m])) > 0.05\n        for: 10m\n",
        ),
        "Alertmanager",
    )
}

/// A file of rules that Prometheus loads and Alertmanager passes on.
fn rules(facts: &Facts<'_>, rules: &str) -> Implementation {
    Implementation::default()
        .create(
            "monitoring/alert-rules.yml",
            format!("groups:\n  - name: service\n    rules:\n{rules}"),
        )
        .then(prometheus(facts, "alert-rules.yml"))
        .then(receiver(facts))
}

/// A message where a run fails.
pub(super) fn failure_message(facts: &Facts<'_>) -> (String, Implementation, &'static str) {
    let run = scheduled(facts).or_else(|| {
        facts.basis.runs.live_jobs().find(|job| {
            job.triggers
                .iter()
                .any(|trigger| trigger.kind == TriggerKind::Push)
        })
    });
    match (run, scheduler(facts)) {
        (Some(run), "GitHub Actions") if run.path.contains(".github/") => (
            format!("Let the job `{}` in {} post to a chat when it fails{}.", run.name, run.path, later(facts)),
            Implementation::default()
                .change(
                    &run.evidence("the last step of its job"),
                    "- if: failure()\n  uses: slackapi/slack-github-action@v3\n  with:\n    webhook: ${{ secrets.SLACK_WEBHOOK_URL }}\n    webhook-type: incoming-webhook\n    payload: |\n      text: \"${{ github.workflow }} has failed: ${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}\"",
                )
                .decide("keep the address of the webhook as the secret SLACK_WEBHOOK_URL"),
            "Slack",
        ),
        (Some(run), service) if matches!(run.kind, RunnerKind::Ci(_)) => (
            format!("Let the job `{}` in {} notify a chat when it fails.", run.name, run.path),
            Implementation::default()
                .decide(format!("add to {} what {service} runs on failure only:", run.evidence("").location()))
                .run("curl --fail -X POST -H 'Content-Type: application/json' -d '{\"text\": \"the job has failed\"}' \"$SLACK_WEBHOOK_URL\""),
            "Slack",
        ),
        _ => (
            format!("Alert on errors and latency of {}: export metrics, write rules, and give Alertmanager a receiver.", service_name(facts)),
            rules(facts, "      - alert: ServiceDown\n        expr: up == 0\n        for: 5m\n"),
            "Alertmanager",
        ),
    }
}

/// What follows once a service exports metrics; nothing is said of a service where there is none.
fn later(facts: &Facts<'_>) -> &'static str {
    if facts.serving.applications.is_empty() {
        ""
    } else {
        ", and alert on the service's errors once it exports metrics"
    }
}

/// Where the alert would be added.
pub(super) fn alert_places(facts: &Facts<'_>, judgement: &Judgement) -> Vec<Evidence> {
    if !judgement.evidence.is_empty() {
        return judgement.evidence.clone();
    }
    match scheduled(facts) {
        Some(run) => vec![run.evidence("runs by itself")],
        None => application_places(facts),
    }
}
