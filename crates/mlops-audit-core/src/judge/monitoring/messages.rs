//! Who is told when something goes wrong: rules that Prometheus loads, a receiver, and a message where a run fails.

use super::project::{application_places, scheduled, scheduler, service_name};
use crate::advise::Implementation;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::automation::Work;
use crate::extract::runs::{Runner, RunnerKind, TriggerKind};
use crate::judge::Judgement;

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
    let run = worth_a_message(facts);
    match (run, scheduler(facts)) {
        (Some(run), "GitHub Actions") if run.path.contains(".github/") => (
            format!("Let the job `{}` in {} post to a chat when it fails{}.", run.name, run.path, later(facts)),
            Implementation::default()
                .add(
                    &last_step(run),
                    "# the last of the steps of this job\n- if: failure()\n  uses: slackapi/slack-github-action@v3\n  with:\n    webhook: ${{ secrets.SLACK_WEBHOOK_URL }}\n    webhook-type: incoming-webhook\n    payload: |\n      text: \"${{ github.workflow }} has failed: ${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}\"",
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

/// The run whose failure matters most: one that starts by itself and trains or predicts, one that delivers, any that
/// starts by itself, then one of each push.
fn worth_a_message<'facts>(facts: &'facts Facts<'_>) -> Option<&'facts Runner> {
    let of_work = |wanted: fn(Work) -> bool| {
        let mut jobs = facts.automation.with_runners(&facts.basis);
        jobs.find(|(runner, job)| {
            let does = job
                .steps
                .iter()
                .any(|step| wanted(step.work) || step.trains && wanted(Work::Train));
            runner.dead.is_none() && runner.is_automatic() && does
        })
        .map(|(runner, _)| runner)
    };
    let trains = of_work(|work| matches!(work, Work::Train | Work::Predict));
    let delivers = || of_work(|work| matches!(work, Work::Deploy | Work::Publish | Work::Register));
    let pushed = || {
        let mut jobs = facts.basis.runs.live_jobs();
        jobs.find(|job| {
            job.triggers
                .iter()
                .any(|trigger| trigger.kind == TriggerKind::Push)
        })
    };
    trains
        .filter(|run| run.is_unattended())
        .or_else(delivers)
        .or_else(|| scheduled(facts))
        .or_else(pushed)
}

/// The last step of a job that its own file says.
fn last_step(run: &Runner) -> Evidence {
    let own = run.invocations.iter().filter(|step| step.path == run.path);
    let last = own.map(|step| step.place).max_by_key(|place| place.line);
    match last {
        Some(place) if place.line > run.place.line => {
            Evidence::new(run.path.clone(), place, "the last step of its job")
        }
        _ => run.evidence("the job"),
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
