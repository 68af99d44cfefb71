//! The words and lines with which the advice fits this project: its framework, its files, its CI service.

use std::fmt::Write as _;

use crate::advise::Advice;
use crate::audit::{Deployment, Kind};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::runs::{Runner, RunnerKind, TriggerKind};
use crate::extract::serving::{Application, Route};
use crate::judge::Judgement;

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
        "Serve the model behind an API that exports metrics (`Instrumentator().instrument(app).expose(app)` in FastAPI), insert each \
         prediction into a table, and compare the table with the training data each day (Evidently's `DataDriftPreset`)."
            .to_owned()
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
pub(super) fn exporter(facts: &Facts<'_>) -> (&'static str, String) {
    let Some(application) = application(facts) else {
        return (
            "prometheus_client",
            "from prometheus_client import Histogram, start_http_server\n\
             LATENCY = Histogram(\"prediction_seconds\", \"Time of a prediction\")\n\
             start_http_server(9100)  # once, at the start\n\
             with LATENCY.time():\n    …  # the prediction"
                .to_owned(),
        );
    };
    let place = facts
        .basis
        .codebase
        .evidence(application.file, application.place, "")
        .location();
    let variable = if application.variable.is_empty() {
        "app"
    } else {
        &application.variable
    };
    match application.framework {
        "FastAPI" | "Starlette" => (
            "prometheus-fastapi-instrumentator",
            format!(
                "Add `prometheus-fastapi-instrumentator` to the requirements, and below {place}:\n\
                 from prometheus_fastapi_instrumentator import Instrumentator\n\
                 Instrumentator().instrument({variable}).expose({variable})"
            ),
        ),
        "Flask" => (
            "prometheus-flask-exporter",
            format!(
                "Add `prometheus-flask-exporter` to the requirements, and below {place}:\n\
                 from prometheus_flask_exporter import PrometheusMetrics\n\
                 PrometheusMetrics({variable})"
            ),
        ),
        "Django" => (
            "django-prometheus",
            "Add `django-prometheus` to the requirements and to `INSTALLED_APPS`, its two classes to `MIDDLEWARE`, and \
             `path(\"\", include(\"django_prometheus.urls\"))` to the URLs."
                .to_owned(),
        ),
        _ => (
            "OpenTelemetry",
            format!("Start the application of {place} by `opentelemetry-instrument --metrics_exporter prometheus python …`."),
        ),
    }
}

/// Whether answers come from a language model.
pub(super) fn asks_language_models(facts: &Facts<'_>) -> bool {
    facts.assessment.kind == Kind::LlmApp
}

/// The lines that trace the calls of the project's language model library.
pub(super) fn tracing(facts: &Facts<'_>) -> String {
    let call = facts
        .basis
        .uses
        .with(Role::CallLlm)
        .find(|used| !facts.basis.codebase.file(used.file).is_test);
    let at = call.map(|used| format!(" around {}", used.evidence(&facts.basis.codebase).location()));
    let uses = |id: &str| facts.assessment.frameworks.iter().any(|found| found == id);
    let lines = if uses("langchain") || uses("langgraph") {
        "from langfuse.langchain import CallbackHandler\nchain.invoke(question, config={\"callbacks\": [CallbackHandler()]})"
    } else if uses("openai") {
        "from langfuse.openai import OpenAI  # instead of `from openai import OpenAI`"
    } else {
        "from langfuse import observe\n@observe()\ndef answer(question): …"
    };
    format!(
        "Add `langfuse` to the requirements, set `LANGFUSE_PUBLIC_KEY` and `LANGFUSE_SECRET_KEY`, and{}:\n{lines}",
        at.unwrap_or_default()
    )
}

/// The lines that record a prediction at the project's route.
pub(super) fn record(facts: &Facts<'_>) -> String {
    let Some(route) = prediction_route(facts) else {
        return "Append the predictions of each run, with the run's time and the model's version, to a table: \
                `predictions.assign(predicted_at=now, model_version=version).to_sql(\"predictions\", engine, if_exists=\"append\")`."
            .to_owned();
    };
    let codebase = &facts.basis.codebase;
    let scope = codebase.scope(crate::extract::codebase::Definition {
        file: route.file,
        scope: route.scope,
    });
    let input = scope
        .parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .find(|name| {
            !matches!(
                *name,
                "self" | "cls" | "request" | "response" | "background_tasks"
            )
        })
        .unwrap_or("inputs");
    let mut text = String::new();
    let _ = write!(
        text,
        "CREATE TABLE predictions (at timestamptz DEFAULT now(), model_version text, inputs jsonb, prediction text);\n\
         and in `{}` before it returns:\n\
         connection.execute(\"INSERT INTO predictions (model_version, inputs, prediction) VALUES (%s, %s, %s)\", \
         (MODEL_VERSION, json.dumps({}), str(prediction)))",
        scope.name,
        if route.request_model.is_some() {
            format!("{input}.model_dump()")
        } else {
            input.to_owned()
        },
    );
    text
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
pub(super) fn drift_job(facts: &Facts<'_>) -> String {
    let by_hand = facts.monitoring.data.drift_by_hand.first();
    let command = by_hand.map_or_else(
        || "python monitoring/drift.py".to_owned(),
        |found| format!("python {}", found.path),
    );
    let script = if by_hand.is_some() {
        String::new()
    } else {
        "monitoring/drift.py:\n\
         import pandas as pd\n\
         from evidently import Report\n\
         from evidently.presets import DataDriftPreset\n\
         reference = pd.read_parquet(\"monitoring/reference.parquet\")  # a sample of the training data\n\
         current = pd.read_sql(\"SELECT * FROM predictions WHERE at > now() - interval '1 day'\", engine)\n\
         report = Report([DataDriftPreset()]).run(current, reference)\n\
         report.save_html(\"drift.html\")\n"
            .to_owned()
    };
    let and = if by_hand.is_some() { "I" } else { "and i" };
    let job = match scheduler(facts) {
        "GitLab CI" | "GitLab CI/CD" => format!(
            "{and}n .gitlab-ci.yml, with a pipeline schedule:\ndrift:\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n  script:\n    - {command}"
        ),
        "GitHub Actions" => format!(
            "{and}n .github/workflows/drift.yml:\non:\n  schedule:\n    - cron: \"0 6 * * *\"\njobs:\n  drift:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: pip install -r requirements.txt\n      - run: {command}"
        ),
        other if by_hand.is_some() => format!("A job of {other} that runs `{command}` each day."),
        other => format!("and a job of {other} that runs `{command}` each day."),
    };
    format!("{script}{job}")
}

/// What loads rules that stand unused.
pub(super) fn load_rules(rules: &[Evidence]) -> (String, String, &'static str) {
    let name = rules[0].path.rsplit('/').next().unwrap_or(&rules[0].path);
    (
        format!(
            "Load {} in `prometheus.yml`, mount it beside that, and give Alertmanager a receiver.",
            rules[0].path
        ),
        format!(
            "prometheus.yml:\nrule_files:\n  - /etc/prometheus/{name}\nalerting:\n  alertmanagers:\n    - static_configs:\n        - targets: [\"alertmanager:9093\"]"
        ),
        "Alertmanager",
    )
}

/// A rule over the metrics that are exported.
pub(super) fn alert_rule(facts: &Facts<'_>) -> (String, String, &'static str) {
    let exported = &facts.monitoring.system.exported[0];
    (
        format!("Add alert rules for errors and latency over the metrics that {} exports, load them, and give Alertmanager a receiver.", exported.location()),
        "alert-rules.yml, loaded under `rule_files` of prometheus.yml:\n\
         groups:\n  - name: service\n    rules:\n      - alert: HighErrorRate\n        expr: sum(rate(http_requests_total{status=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m])) > 0.05\n        for: 10m"
            .to_owned(),
        "Alertmanager",
    )
}

/// A message where a run fails.
pub(super) fn failure_message(facts: &Facts<'_>) -> (String, String, &'static str) {
    let run = scheduled(facts).or_else(|| {
        facts.basis.runs.live_jobs().find(|job| {
            job.triggers
                .iter()
                .any(|trigger| trigger.kind == TriggerKind::Push)
        })
    });
    match (run, scheduler(facts)) {
        (Some(run), "GitHub Actions") if run.path.contains(".github/") => (
            format!("Let the job `{}` in {} post to a chat when it fails, and alert on the service's errors once it exports metrics.", run.name, run.path),
            "- if: failure()\n  uses: slackapi/slack-github-action@v2\n  with:\n    webhook: ${{ secrets.SLACK_WEBHOOK_URL }}\n    webhook-type: incoming-webhook\n    payload: |\n      text: \"${{ github.workflow }} has failed: ${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}\"".to_owned(),
            "Slack",
        ),
        (Some(run), service) if matches!(run.kind, RunnerKind::Ci(_)) => (
            format!("Let the job `{}` in {} notify a chat when it fails.", run.name, run.path),
            format!("A step of {service} on failure: `curl -X POST -H 'Content-Type: application/json' -d '{{\"text\": \"the job has failed\"}}' \"$SLACK_WEBHOOK_URL\"`."),
            "Slack",
        ),
        _ => (
            format!("Alert on errors and latency of {}: export metrics, write rules, and give Alertmanager a receiver.", service_name(facts)),
            "groups:\n  - name: service\n    rules:\n      - alert: ServiceDown\n        expr: up == 0\n        for: 5m".to_owned(),
            "Alertmanager",
        ),
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
