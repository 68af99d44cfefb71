use expect_test::expect;

use super::show;

#[test]
fn airflow_dags_of_all_generations() {
    let text = r#"=== dags/old.py
from datetime import timedelta
from airflow import DAG
from airflow.operators.bash_operator import BashOperator
from airflow.operators.python_operator import PythonOperator
from src.train import train
EVERY = timedelta(days=7)
dag = DAG("weekly", schedule_interval=EVERY, default_args={"start_date": 1})
def prepare():
    pass
a = PythonOperator(task_id="prepare", python_callable=prepare, dag=dag)
b = PythonOperator(task_id="train", python_callable=lambda: train(), dag=dag)
c = BashOperator(task_id="score", bash_command="cd /opt/airflow/ml && python src/score.py {{ ds }}", dag=dag)
a >> b >> c
=== dags/taskflow.py
from airflow.decorators import dag, task
@task
def load():
    return 1
@task.bash
def run():
    return "python /opt/airflow/src/score.py"
@dag(schedule="@daily", is_paused_upon_creation=True)
def flow():
    load()
    run()
flow()
@dag(schedule="@daily")
def never():
    load()
=== dags/modern.py
from airflow.sdk import DAG, Asset
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
with DAG("fresh", schedule=[Asset("s3://new")]):
    TriggerDagRunOperator(task_id="go", trigger_dag_id="called")
with DAG("called", schedule=None, start_date=1) as d:
    TriggerDagRunOperator(task_id="x", trigger_dag_id="nobody")
=== dags/broken.py
from airflow import DAG
from airflow.operators.python import PythonOperator
from src.moved import go
# schedule="@daily"
with DAG("broken", schedule_interval=None):
    PythonOperator(task_id="go", python_callable=go)
=== src/__init__.py
=== src/train.py
def train():
    pass
=== src/score.py
"#;
    expect![[r#"
        airflow broken dags/broken.py:5 dead: it imports src.moved, which does not exist
          go: missing src.moved.go @6
        airflow fresh dags/modern.py:3 [event Asset(s3://new) @3]
          go: tool TriggerDagRunOperator @4
        airflow called dags/modern.py:5 [event Asset(s3://new) @5] [upstream fresh @5]
          x: tool TriggerDagRunOperator @6
        airflow weekly dags/old.py:7 [schedule timedelta(days=7) @7]
          prepare: dags/old.py prepare @10
          train: src/train.py train @11
          score: src/score.py @12
        airflow flow dags/taskflow.py:9 [person @9]
          load: dags/taskflow.py load @10
          run: src/score.py @11
          run: dags/taskflow.py run @11
        airflow never dags/taskflow.py:14 [schedule @daily @14] dead: the function under @dag is never called, so that Airflow sees no DAG
          load: dags/taskflow.py load @15
    "#]].assert_eq(&show(text));
}

#[test]
fn prefect_flows_and_their_deployments() {
    let text = r#"=== flows/train.py
from prefect import flow, task
from src.model import fit
@task
def load():
    return 1
@flow
def inner():
    fit.submit(1)
@flow(name="Monthly training")
def main_flow():
    data = load()
    inner()
@flow
def watch():
    load()
if __name__ == "__main__":
    watch.serve(name="w", cron="0 * * * *")
=== flows/deploy.py
from prefect.deployments import Deployment
from prefect.server.schemas.schedules import CronSchedule
from flows.train import main_flow
Deployment.build_from_flow(flow=main_flow, name="d", schedule=CronSchedule(cron="0 0 1 * *"))
main_flow.deploy("x", cron="0 1 * * *", paused=True)
=== prefect.yaml
deployments:
  - name: a
    entrypoint: flows/train.py:main_flow
    schedules:
      - {cron: "0 2 * * *", active: true}
  - name: b
    entrypoint: flows/gone.py:main_flow
    schedule: {}
=== old.py
from prefect import Flow, task
@task
def step():
    pass
with Flow("first") as f:
    step()
=== src/model.py
from prefect import task
@task
def fit(x):
    pass
"#;
    expect![[r#"
        prefect Monthly training flows/deploy.py:4 [schedule CronSchedule(cron=0 0 1 * *) @4]
          load: flows/train.py load @11
          fit: src/model.py fit @8
        prefect Monthly training flows/deploy.py:5 [person @5]
          load: flows/train.py load @11
          fit: src/model.py fit @8
        prefect inner flows/train.py:7
          fit: src/model.py fit @8
        prefect Monthly training flows/train.py:10
          load: flows/train.py load @11
          fit: src/model.py fit @8
        prefect watch flows/train.py:14 [schedule 0 * * * * @17]
          load: flows/train.py load @15
        prefect first old.py:5
          step: old.py step @6
        prefect a prefect.yaml:3 [schedule 0 2 * * * @5]
          load: flows/train.py load @11
          fit: src/model.py fit @8
        prefect b prefect.yaml:7 dead: its entry point flows/gone.py:main_flow does not exist
          b: missing flows/gone.py:main_flow @7
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn metaflow_steps_follow_next() {
    let text = r#"=== flow.py
from metaflow import FlowSpec, step, schedule, trigger
@schedule(weekly=True)
class Train(FlowSpec):
    @step
    def end(self):
        pass
    @step
    def start(self):
        self.next(self.a, self.b)
    @step
    def b(self):
        self.next(self.join)
    @step
    def a(self):
        self.next(self.join)
    @step
    def join(self, inputs):
        self.next(self.end)
@trigger(event="new_data")
class Other(FlowSpec):
    @step
    def start(self):
        self.next(self.end)
    @step
    def end(self):
        pass
"#;
    expect![[r#"
        metaflow Train flow.py:3 [schedule weekly @2]
          start: flow.py Train.start @8
          a: flow.py Train.a @14
          b: flow.py Train.b @11
          join: flow.py Train.join @17
          end: flow.py Train.end @5
        metaflow Other flow.py:20 [event event=new_data @19]
          start: flow.py Other.start @22
          end: flow.py Other.end @25
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn sagemaker_steps_lead_to_scripts() {
    let text = r#"=== pipelines/pipeline.py
import os
from sagemaker.sklearn.estimator import SKLearn
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.steps import ProcessingStep, TrainingStep
BASE = os.path.dirname(os.path.realpath(__file__))
def get_pipeline():
    processor = SKLearnProcessor(role="r")
    prepare = ProcessingStep(name="Prepare", processor=processor, code=os.path.join(BASE, "prepare.py"))
    estimator = SKLearn(entry_point="train.py", source_dir="src")
    train = TrainingStep(name="Train", step_args=estimator.fit({"train": 1}))
    evaluate = ProcessingStep(name="Evaluate", step_args=processor.run(code="gone.py"))
    gate = ConditionStep(name="Gate", if_steps=[evaluate], else_steps=[])
    return Pipeline(name="p", steps=[prepare, train, gate])
=== pipelines/prepare.py
=== src/train.py
"#;
    expect![[r#"
        sagemaker p pipelines/pipeline.py:15
          Prepare: pipelines/prepare.py @10
          Train: src/train.py @12
          Gate: tool ConditionStep @14
          Evaluate: missing gone.py @13
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn azure_pipelines_in_code() {
    let text = r#"=== second.py
from azure.ai.ml import command, load_component
from azure.ai.ml.dsl import pipeline
prep = load_component(source="components/prep.yml")
train = command(name="train", code="./src", command="python train.py --data ${{inputs.data}}")
@pipeline()
def churn(data):
    a = prep(raw=data)
    b = train(data=a.outputs.x)
=== components/prep.yml
name: prep
command: python prep.py
code: ../src
=== first.py
from azureml.core import Schedule
from azureml.pipeline.core import Pipeline, ScheduleRecurrence
from azureml.pipeline.steps import PythonScriptStep
step = PythonScriptStep(name="train", script_name="train.py", source_directory="src")
p = Pipeline(workspace=1, steps=[step])
Schedule.create(1, name="s", recurrence=ScheduleRecurrence(frequency="Day", interval=1))
=== src/train.py
=== src/prep.py
"#;
    expect![[r#"
        azureml pipeline first.py:5 [schedule ScheduleRecurrence(frequency=Day, interval=1) @6]
          train: src/train.py @4
        azureml churn second.py:6
          prep: src/prep.py @2
          train: src/train.py @8
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn flows_of_decorated_functions() {
    let text = r#"=== zen.py
from zenml import pipeline, step
from zenml.config.schedule import Schedule
@step
def load():
    pass
@step
def train(x):
    pass
@pipeline
def training():
    train(load())
if __name__ == "__main__":
    training.with_options(schedule=Schedule(cron_expression="0 1 * * *"))()
=== kf.py
import kfp
from kfp import dsl
@dsl.component
def fit():
    pass
@dsl.pipeline(name="kf")
def kf_pipeline():
    fit()
    dsl.ContainerOp(name="score", image="i", command=["python", "score.py"])
=== dag.py
from dagster import DefaultScheduleStatus, ScheduleDefinition, job, op
@op
def a():
    pass
@job
def stopped():
    a()
@job
def running():
    a()
s = ScheduleDefinition(job=stopped, cron_schedule="0 0 * * *")
r = ScheduleDefinition(job=running, cron_schedule="0 0 * * *", default_status=DefaultScheduleStatus.RUNNING)
=== fl.py
from flytekit import CronSchedule, LaunchPlan, task, workflow
@task
def t():
    pass
@workflow
def wf():
    t()
LaunchPlan.get_or_create(workflow=wf, name="n", schedule=CronSchedule(schedule="0 3 * * *"))
=== score.py
"#;
    expect![[r#"
        dagster stopped dag.py:6 [person @11]
          a: dag.py a @7
        dagster running dag.py:9 [schedule 0 0 * * * @12]
          a: dag.py a @10
        flyte wf fl.py:6 [schedule CronSchedule(schedule=0 3 * * *) @8]
          t: fl.py t @7
        kubeflow-pipelines kf kf.py:7
          fit: kf.py fit @8
          score: score.py @9
        zenml training zen.py:10 [schedule 0 1 * * * @13]
          load: zen.py load @11
          train: zen.py train @11
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn pipelines_of_nodes() {
    let text = r#"=== assets.py
from dagster import asset, define_asset_job, ScheduleDefinition
@asset
def model(clean):
    pass
@asset
def clean():
    pass
job = define_asset_job("train", selection=["model"])
s = ScheduleDefinition(job=job, cron_schedule="0 5 * * *")
=== src/p/pipelines/train/pipeline.py
from kedro.pipeline import node, pipeline
from .nodes import fit, split
def create_pipeline(**kwargs):
    return pipeline([node(func=split, inputs="a", outputs="b", name="split_node"), node(fit, "b", "c")])
=== src/p/pipelines/train/nodes.py
def fit(x):
    pass
def split(x):
    pass
=== src/p/pipeline_registry.py
=== tasks.py
import luigi
class Train(luigi.Task):
    def requires(self):
        return Load()
    def run(self):
        pass
class Load(luigi.Task):
    def run(self):
        pass
=== _targets.R
library(targets)
list(tar_target(data, load_data()), tar_target(fit, fit_model(data)))
=== R/functions.R
load_data <- function() 1
fit_model <- function(d) d
"#;
    expect![[r#"
        dagster assets assets.py:3
          clean: assets.py clean @6
          model: assets.py model @3
        dagster asset job assets.py:9 [person @9]
          model: assets.py model @3
        kedro __default__ src/p/pipeline_registry.py:1
          split_node: src/p/pipelines/train/nodes.py split @4
          fit: src/p/pipelines/train/nodes.py fit @4
        luigi luigi tasks.py:2
          Load: tasks.py Load.run @7
          Train: tasks.py Train.requires Train.run @2
        targets _targets.R _targets.R:1
          data: R/functions.R load_data @2
          fit: R/functions.R fit_model @2
    "#]]
    .assert_eq(&show(text));
}

#[test]
fn schedulers_inside_programs() {
    let text = r#"=== jobs.py
import schedule
from apscheduler.schedulers.background import BackgroundScheduler
def retrain():
    pass
def main():
    schedule.every().day.at("10:30").do(retrain)
def unused():
    schedule.every(2).hours.do(retrain)
scheduler = BackgroundScheduler()
scheduler.add_job(retrain, "cron", hour=3)
scheduler.add_job(retrain)
@scheduler.scheduled_job("interval", minutes=5)
def watch():
    pass
if __name__ == "__main__":
    main()
=== worker.py
from celery import Celery
from celery.schedules import crontab
app = Celery("x")
app.conf.beat_schedule = {"retrain": {"task": "worker.fit", "schedule": crontab(hour=4)}}
@app.task
def fit():
    pass
"#;
    expect![[r#"
        scheduler retrain jobs.py:6 [schedule every().day.at(10:30) @6]
          retrain: jobs.py retrain @6
        scheduler retrain jobs.py:8 [schedule every(2).hours @8] dead: nothing calls the function that makes the schedule
          retrain: jobs.py retrain @8
        scheduler retrain jobs.py:10 [schedule cron, hour=3 @10]
          retrain: jobs.py retrain @10
        scheduler watch jobs.py:12 [schedule interval @12]
          watch: jobs.py watch @12
        scheduler fit worker.py:4 [schedule crontab(hour=4) @4]
          fit: worker.py fit @4
    "#]].assert_eq(&show(text));
}

#[test]
fn a_name_that_is_assigned_from_itself_leads_nowhere() {
    let text = r#"=== deploy.py
from prefect import flow
@flow
def main_flow():
    pass
def go(source):
    source = source.deploy("x")
    return source
job = job.with_options(1)
job = job.deploy(name="y")
"#;
    expect![[r#"
        prefect main_flow deploy.py:3
          main_flow: deploy.py main_flow @3
    "#]]
    .assert_eq(&show(text));
}
