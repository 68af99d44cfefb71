use expect_test::expect;

use super::show;

#[test]
fn dvc_stages_run_in_the_order_of_their_files() {
    let text = r#"=== dvc.yaml
vars: [{model: {script: train}}]
stages:
  train:
    cmd: python src/${model.script}.py --depth ${train.depth}
    deps: [data/clean.csv]
    outs: [model.pkl]
  clean:
    cmd:
      - python src/clean.py
      - python src/gone.py
    outs: [{data/clean.csv: {cache: false}}]
  score:
    foreach: [a, b]
    do:
      cmd: python src/score.py ${item}
      deps: [model.pkl]
=== params.yaml
train: {depth: 3}
=== data/dvc.yml
stages: {train: {cmd: python src/train.py}}
=== src/train.py
=== src/clean.py
=== src/score.py
"#;
    expect![[r#"
        dvc dvc.yaml dvc.yaml:2
          clean: src/clean.py @9
          clean: missing src/gone.py @10
          train: src/train.py @4
          score@a: src/score.py @15
          score@b: src/score.py @15
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn mlflow_projects_run_their_entry_points() {
    let text = r#"=== MLproject
name: churn
entry_points:
  main:
    command: "python main.py {steps}"
=== main.py
import os
import mlflow
def go():
    root = os.getcwd()
    mlflow.run(os.path.join(root, "src", "train"), "main", parameters={})
    mlflow.run(f"{root}/src/gone", "main")
if __name__ == "__main__":
    go()
=== src/train/MLproject
entry_points:
  main:
    command: "python run.py"
=== src/train/run.py
"#;
    expect![[r#"
        mlflow churn MLproject:2
          main: main.py @4
          train: src/train/run.py @3
          gone: tool mlflow run $X/src/gone -e main @6
        mlflow src/train/MLproject src/train/MLproject:1
          main: src/train/run.py @3
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn argo_and_kubernetes_follow_templates_and_suspension() {
    let text = r#"=== k8s/all.yaml
apiVersion: batch/v1
kind: CronJob
metadata: {name: retrain}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: train
              image: me/train:1
              command: [python, /app/train.py]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: asleep}
spec:
  schedule: "0 3 * * *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: x, image: y, command: [sh, -c, "cd /app && python train.py"]}]
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["0 1 * * *"]
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: prepare, template: run}
            - {name: fit, template: fit, dependencies: [prepare]}
      - name: run
        container: {image: a, command: [python], args: [prepare.py]}
      - name: fit
        container: {image: a, command: [python, missing.py]}
=== train.py
=== prepare.py
"#;
    expect![[r#"
        argo-workflows nightly k8s/all.yaml:28 [schedule 0 1 * * * @31]
          prepare: prepare.py @41
          fit: missing missing.py @43
        Kubernetes CronJob retrain k8s/all.yaml:2 [schedule 0 3 * * * @5]
          train: train.py @13
        Kubernetes CronJob asleep k8s/all.yaml:16 [person @19]
          x: train.py @25
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn azure_jobs_and_schedules_as_files() {
    let text = r#"=== jobs/pipeline.yml
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: churn
jobs:
  prep:
    command: python prep.py --out ${{outputs.data}}
    code: ../src
  train:
    component: train.yml
  lost:
    component: gone.yml
=== jobs/train.yml
name: train
command: >-
  python train.py --data ${{inputs.data}}
  $[[--depth ${{inputs.depth}}]]
code: ../src
=== jobs/schedule.yml
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: weekly
trigger: {type: cron, expression: "0 4 * * 1"}
create_job: ./pipeline.yml
=== src/prep.py
=== src/train.py
"#;
    expect![[r#"
        azureml churn jobs/pipeline.yml:4
          prep: src/prep.py @6
          train: src/train.py @3
          lost: missing gone.yml @10
        azureml weekly jobs/schedule.yml:4 [schedule 0 4 * * 1 @3]
          prep: src/prep.py @6
          train: src/train.py @3
          lost: missing gone.yml @10
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn databricks_jobs_may_be_paused() {
    let text = r#"=== databricks.yml
bundle: {name: b}
resources:
  jobs:
    retrain:
      name: retrain
      schedule: {quartz_cron_expression: "0 0 4 * * ?", pause_status: PAUSED}
      tasks:
        - task_key: train
          notebook_task: {notebook_path: ./notebooks/train}
        - task_key: score
          spark_python_task: {python_file: "${workspace.file_path}/src/score.py"}
        - task_key: gone
          notebook_task: {notebook_path: ./notebooks/gone}
    live:
      schedule: {quartz_cron_expression: "0 0 4 * * ?", pause_status: UNPAUSED}
      tasks: [{task_key: t, spark_python_task: {python_file: src/score.py}}]
=== notebooks/train.py
=== src/score.py
"#;
    expect![[r#"
        databricks retrain databricks.yml:5 [person @6]
          train: notebooks/train.py @9
          score: src/score.py @11
          gone: missing ./notebooks/gone @13
        databricks live databricks.yml:15 [schedule 0 0 4 * * ? @15]
          t: src/score.py @16
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn snakemake_rules_are_found_by_their_lines() {
    let text = r#"=== workflow/Snakefile
configfile: "config.yaml"
# rule old:
#     shell: "python old.py"
rule all:
    input: "model.pkl"

rule clean:
    input: "raw.csv"
    output: "clean.csv"
    shell:
        "python src/clean.py {input} "
        "--out {output}"

rule train:
    input: "clean.csv"
    script: "scripts/train.py"

rule report:
    shell:
        """
        python src/gone.py
        """
=== src/clean.py
=== workflow/scripts/train.py
"#;
    expect![[r#"
        snakemake workflow/Snakefile workflow/Snakefile:4
          clean: src/clean.py @11
          train: workflow/scripts/train.py @16
          report: missing src/gone.py @19
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn snowflake_tasks_run_once_they_are_resumed() {
    let text = r#"=== sql/tasks.sql
CREATE OR REPLACE TASK ml.retrain
  WAREHOUSE = wh
  SCHEDULE = 'USING CRON 0 4 * * 1 UTC'
AS CALL train_model();
ALTER TASK ml.retrain RESUME;
create task score schedule = '60 minute' as call score_rows();
-- ALTER TASK score RESUME;
=== src/procedures.py
def train_model(session):
    pass
"#;
    expect![[r#"
        Snowflake task ml.retrain sql/tasks.sql:1 [schedule USING CRON 0 4 * * 1 UTC @1]
          ml.retrain: src/procedures.py train_model @1
        Snowflake task score sql/tasks.sql:6 [person @6]
          score: tool call score_rows() @6
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn cloud_schedules_lead_to_functions() {
    let text = r#"=== infra/main.tf
resource "aws_cloudwatch_event_rule" "weekly" {
  schedule_expression = "rate(7 days)"
}
resource "aws_cloudwatch_event_target" "train" {
  rule = aws_cloudwatch_event_rule.weekly.name
  arn  = aws_lambda_function.train.arn
}
resource "aws_lambda_function" "train" {
  handler = "train.handler"
}
resource "aws_scheduler_schedule" "off" {
  schedule_expression = "rate(1 day)"
  state = "DISABLED"
}
=== template.yaml
Resources:
  Nightly:
    Type: AWS::Serverless::Function
    Properties:
      Handler: train.handler
      CodeUri: lambda/
      Events:
        Timer: {Type: Schedule, Properties: {Schedule: "rate(1 day)"}}
=== lambda/train.py
def handler(event, context):
    pass
"#;
    expect![[r#"
        cloud scheduler weekly infra/main.tf:1 [schedule rate(7 days) @2]
          weekly: tool aws_lambda_function.train @4
          weekly: lambda/train.py handler @4
        cloud scheduler off infra/main.tf:11 [person @12]
          off: tool rate(1 day) DISABLED @11
        cloud scheduler Nightly template.yaml:2 [schedule rate(1 day) @8]
          Nightly: lambda/train.py handler @2
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn crontabs_and_timers_run_commands() {
    let text = r#"=== crontab
# 0 1 * * * python old.py
MAILTO=""
0 2 * * 1 cd /app && python train.py
@daily python gone.py
=== ops/retrain.timer
[Timer]
OnCalendar=weekly
=== ops/retrain.service
[Service]
ExecStart=/usr/bin/python3 /opt/app/train.py
=== train.py
"#;
    expect![[r#"
        cron cd /app && python train.py crontab:3 [schedule 0 2 * * 1 @3]
          cron: train.py @3
        cron python gone.py crontab:4 [schedule @daily @4]
          cron: missing gone.py @4
        systemd timer retrain ops/retrain.timer:2 [schedule weekly @2]
          retrain: train.py @2
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn blocks_of_mage_are_steps_and_active_triggers_start_them() {
    let text = r#"=== flow/pipelines/training/metadata.yaml
blocks:
- {uuid: load, type: data_loader, language: python}
- {uuid: fit, type: custom, language: python, configuration: {file_source: {path: custom/fit_model.py}}}
- {uuid: notes, type: markdown, language: markdown}
- {uuid: gone, type: transformer, language: python}
=== flow/pipelines/training/triggers.yaml
triggers:
- {name: weekly, schedule_type: time, schedule_interval: '@weekly', status: active}
- {name: daily, schedule_type: time, schedule_interval: '@daily', status: inactive}
=== flow/data_loaders/load.py
from mage_ai.data_preparation.decorators import data_loader
@data_loader
def load(*args):
    return 1
=== flow/custom/fit_model.py
from mage_ai.data_preparation.decorators import custom
@custom
def fit(data):
    return data
"#;
    expect![[r#"
        mage training flow/pipelines/training/metadata.yaml:1 [schedule @weekly @2]
          load: flow/data_loaders/load.py load @2
          fit: flow/custom/fit_model.py fit @3
          gone: missing transformers/gone.py @5
    "#]]
    .assert_eq(&show(text));
}
