//! Jobs to add, written for the project's CI service, installer and scripts.

use crate::advise::Implementation;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::automation::{Installer, Means};
use crate::extract::runs::{Runner, RunnerKind};
use crate::extract::serving::words::has_word;
use crate::judge::installing::{github_language, install, installer, is_of_r, unlaunched, within};

/// The commands that install and run the tests.
fn test_lines(facts: &Facts<'_>) -> Vec<String> {
    let means = &facts.automation.means;
    if means.tests.is_none() && is_of_r(means) {
        let mut lines = install(means);
        lines.push(
            "Rscript -e 'install.packages(\"testthat\"); testthat::test_dir(\"tests/testthat\", stop_on_failure = TRUE)'"
                .to_owned(),
        );
        return lines;
    }
    let given = means.tests.as_deref().unwrap_or("pytest tests");
    let command = unlaunched(means, given).to_owned();
    let lacking = match command.contains("pytest") {
        true => undeclared(facts),
        false => Vec::new(),
    };
    let mut lines = install(means);
    match installer(means) {
        Installer::Uv if !lacking.is_empty() && command.starts_with("pytest") => {
            let with: String = lacking.iter().map(|name| format!(" --with {name}")).collect();
            lines.push(within(means, &command).replacen(" pytest", &format!("{with} pytest"), 1));
        }
        Installer::PipProject | Installer::PipRequirements | Installer::Conda if !lacking.is_empty() => {
            lines.push(within(means, &format!("pip install {}", lacking.join(" "))));
            lines.push(within(means, &command));
        }
        _ => lines.push(within(means, &command)),
    }
    lines
}

/// What tests need and no manifest declares: pytest, and the package that FastAPI's test client asks with.
fn undeclared(facts: &Facts<'_>) -> Vec<&'static str> {
    let manifests = facts.environment.manifests.iter();
    let declared: Vec<_> = manifests.flat_map(|manifest| &manifest.dependencies).collect();
    let is_declared = |name: &str| declared.iter().any(|found| found.name == name);
    let brings_client = declared.iter().any(|found| {
        let has_extra = found.written.contains("[standard") || found.written.contains("[all");
        found.name == "fastapi" && has_extra || found.name.starts_with("httpx")
    });
    let tests = facts.basis.codebase.files.iter().filter(|file| file.is_test);
    let asks = tests.flat_map(|file| &file.code.imports).any(|import| {
        matches!(
            import.module.as_str(),
            "fastapi.testclient" | "starlette.testclient"
        )
    });
    let needs = [
        ("pytest", !is_declared("pytest")),
        ("httpx", asks && !brings_client),
    ];
    needs
        .into_iter()
        .filter(|(_, lacks)| *lacks)
        .map(|(name, _)| name)
        .collect()
}

fn train_lines(facts: &Facts<'_>) -> Vec<String> {
    let means = &facts.automation.means;
    let mut lines = install(means);
    if facts.basis.listing.file(".dvc/config").is_some() {
        lines.push(within(means, "dvc pull"));
    }
    lines.push(within(means, &training(means)));
    lines
}

/// The command that trains, or that the project will have for it.
fn training(means: &Means) -> String {
    main_command(means).unwrap_or_else(|| "python train.py".to_owned())
}

/// The command that trains; for what trains nothing, the first step that the project has a script for.
fn main_command(means: &Means) -> Option<String> {
    let script = || means.scripts.first().map(|(_, path)| format!("python {path}"));
    means.training.clone().or_else(script)
}

/// A command as a YAML value.
fn value(line: &str) -> String {
    let is_plain =
        !line.contains(": ") && !line.contains(" #") && !line.starts_with(['"', '\'', '{', '[', '&', '*']);
    if is_plain {
        line.to_owned()
    } else {
        format!("'{}'", line.replace('\'', "''"))
    }
}

/// Steps of a GitHub job that check out, set the language up and run these lines.
fn github_steps(means: &Means, lines: &[String]) -> String {
    let mut text = String::from("    steps:\n      - uses: actions/checkout@v6\n");
    text.push_str(&github_language(means));
    for line in lines {
        text.push_str(&format!("      - run: {}\n", value(line)));
    }
    text
}

fn listed(lines: &[String], indent: &str) -> String {
    lines
        .iter()
        .map(|line| format!("{indent}- {}\n", value(line)))
        .collect()
}

/// The machine and the steps of an Azure pipeline that sets the language up and runs these lines.
fn azure_steps(means: &Means, lines: &[String]) -> String {
    let language = azure_language(means);
    let scripts = lines.iter().map(|line| format!("  - script: {}\n", value(line)));
    let scripts: String = scripts.collect();
    format!("pool:\n  vmImage: ubuntu-latest\nsteps:\n{language}{scripts}")
}

/// The step of an Azure job that sets the language up; conda is there already, and only has to be found.
fn azure_language(means: &Means) -> String {
    match installer(means) {
        Installer::Renv | Installer::JuliaPkg => String::new(),
        Installer::Conda => "  - bash: echo \"##vso[task.prependpath]$CONDA/bin\"\n".to_owned(),
        _ => format!(
            "  - task: UsePythonVersion@0\n    inputs:\n      versionSpec: \"{}\"\n",
            means.python
        ),
    }
}

/// The image in which jobs of GitLab and others run.
fn image(means: &Means) -> String {
    match installer(means) {
        Installer::Renv => "rocker/r-ver:4.4".to_owned(),
        Installer::JuliaPkg => "julia:1.11".to_owned(),
        Installer::Conda => "continuumio/miniconda3".to_owned(),
        _ => format!("python:{}", means.python),
    }
}

/// A file of the CI service: new where there is none of this name, else what to bring into it.
fn ci_file(facts: &Facts<'_>, path: &str, text: String) -> Implementation {
    let start = Implementation::default();
    match facts.basis.listing.file(path) {
        Some(_) => start.change(&Evidence::file(path, "holds the jobs"), text.trim_end()),
        None => start.create(path, text),
    }
}

/// A workflow with a name that is not taken.
fn workflow(facts: &Facts<'_>, names: [&str; 2], text: String) -> Implementation {
    let path = |name: &str| format!(".github/workflows/{name}.yml");
    let is_taken = |name: &&&str| facts.basis.listing.file(&path(name)).is_some();
    let name = names.iter().find(|name| !is_taken(name)).unwrap_or(&names[1]);
    Implementation::default().create(path(name), text)
}

/// What has to be there before a job can install: nothing where the project declares what it needs.
fn first_of_all(means: &Means) -> Implementation {
    let start = Implementation::default();
    match means.installer {
        Installer::None => {
            start.decide("first declare and lock the dependencies, as reproducibility.environment asks")
        }
        _ => start,
    }
}

/// A job that runs the tests on every change.
pub(super) fn ci(service: &str, facts: &Facts<'_>) -> Implementation {
    let means = &facts.automation.means;
    let lines = test_lines(facts);
    let mut start = first_of_all(means);
    if means.tests.is_none() {
        start = start.decide("write the first tests in tests/, as testing.unit asks");
    }
    start.then(match service {
        "GitLab CI" => ci_file(
            facts,
            ".gitlab-ci.yml",
            format!(
                "test:\n  image: {}\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n    - if: $CI_COMMIT_BRANCH\n  script:\n{}",
                image(means),
                listed(&lines, "    ")
            ),
        ),
        "Jenkins" => Implementation::default().change(
            &Evidence::file("Jenkinsfile", "a stage before the others"),
            format!(
                "stage('Test') {{\n  steps {{\n    sh '''\n      {}\n    '''\n  }}\n}}",
                lines.join("\n      ")
            ),
        ),
        "Azure Pipelines" => ci_file(
            facts,
            match facts.basis.listing.file("azure-pipelines.yml") {
                Some(_) => "azure-pipelines-tests.yml",
                None => "azure-pipelines.yml",
            },
            format!(
                "trigger: [main]\npr: [main]\n{}",
                azure_steps(means, &lines)
            ),
        ),
        "CircleCI" => ci_file(
            facts,
            ".circleci/config.yml",
            format!(
                "version: 2.1\njobs:\n  test:\n    docker:\n      - image: cimg/python:{}\n    steps:\n      - checkout\n{}workflows:\n  on-change:\n    jobs: [test]\n",
                means.python,
                lines
                    .iter()
                    .map(|line| format!("      - run: {}\n", value(line)))
                    .collect::<String>()
            ),
        ),
        _ => workflow(
            facts,
            ["tests", "unit-tests"],
            format!(
                "name: Tests\non: [push, pull_request]\npermissions:\n  contents: read\njobs:\n  test:\n    runs-on: ubuntu-latest\n{}",
                github_steps(means, &lines)
            ),
        ),
    })
}

/// A job that trains on a schedule.
pub(super) fn ct(service: &str, facts: &Facts<'_>) -> Implementation {
    let means = &facts.automation.means;
    let lines = train_lines(facts);
    let start = first_of_all(means);
    start.then(match service {
        "GitLab CI" => ci_file(
            facts,
            ".gitlab-ci.yml",
            format!(
                "train:\n  image: {}\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n  script:\n{}",
                image(means),
                listed(&lines, "    ")
            ),
        )
        .decide("add a schedule such as '0 4 * * 1' in GitLab under Build > Pipeline schedules"),
        "Jenkins" => Implementation::default().change(
            &Evidence::file("Jenkinsfile", "of a job of its own"),
            format!(
                "pipeline {{\n  agent any\n  triggers {{ cron('H 4 * * 1') }}\n  stages {{\n    stage('Train') {{\n      steps {{\n        sh '''\n          {}\n        '''\n      }}\n    }}\n  }}\n}}",
                lines.join("\n          ")
            ),
        ),
        "Azure Pipelines" => ci_file(
            facts,
            "azure-pipelines-training.yml",
            format!(
                "trigger: none\n{AZURE_SCHEDULE}\n{}",
                azure_steps(means, &lines)
            ),
        )
        .decide("create a pipeline of this file in Azure DevOps"),
        _ => workflow(
            facts,
            ["retrain", "scheduled-training"],
            format!(
                "name: Retrain\non:\n  schedule:\n    - cron: \"0 4 * * 1\"\n  workflow_dispatch:\npermissions:\n  contents: read\njobs:\n  train:\n    runs-on: ubuntu-latest\n{}",
                github_steps(means, &lines)
            ),
        ),
    })
}

/// The schedule of a pipeline of Azure, which runs also where nothing has changed.
pub(super) const AZURE_SCHEDULE: &str = "schedules:\n  - cron: \"0 4 * * 1\"\n    displayName: Weekly training\n    branches:\n      include: [main]\n    always: true";

/// A schedule in the terms of an orchestrator, by the words that name it.
pub(super) fn orchestrator_schedule(name: &str) -> Option<String> {
    let tool = name.split(' ').next()?;
    let line = match tool {
        "airflow" => "in the DAG: `schedule=\"0 4 * * 1\", catchup=False`",
        "prefect" => {
            "deploy the flow with a schedule: `flow.deploy(name=\"weekly\", work_pool_name=\"default\", cron=\"0 4 * * 1\")`"
        }
        "metaflow" => {
            "decorate the flow with `@schedule(cron=\"0 4 * * 1 *\")`, and deploy it: `python FLOW.py argo-workflows create`"
        }
        "dagster" => {
            "add `ScheduleDefinition(job=training_job, cron_schedule=\"0 4 * * 1\")` to the `Definitions`"
        }
        "azureml" => {
            "create a schedule: `ml_client.schedules.begin_create_or_update(JobSchedule(name=\"weekly\", trigger=CronTrigger(expression=\"0 4 * * 1\"), create_job=pipeline_job))`"
        }
        "sagemaker" => {
            "add a trigger: `pipeline.put_triggers([PipelineSchedule(cron=\"0 4 ? * MON *\")], role_arn=role)`"
        }
        "zenml" => {
            "run the pipeline with `training_pipeline.with_options(schedule=Schedule(cron_expression=\"0 4 * * 1\"))()` on an orchestrator that schedules"
        }
        "kubeflow-pipelines" => {
            "create a recurring run: `client.create_recurring_run(experiment_id, job_name=\"weekly\", cron_expression=\"0 0 4 * * 1\", pipeline_id=pipeline_id)`"
        }
        "vertex-ai" => {
            "schedule the run: `pipeline_job.create_schedule(cron=\"0 4 * * 1\", display_name=\"weekly\")`"
        }
        _ => return None,
    };
    Some(line.to_owned())
}

/// The command that a person runs to deploy now, by the place of its script or target.
pub(super) fn deploy_script(facts: &Facts<'_>, place: &Evidence) -> Option<String> {
    if place.path.ends_with(".sh") {
        return Some(format!("bash {}", place.path));
    }
    let runners = facts.basis.runs.runners.iter();
    let target = runners
        .filter(|runner| runner.kind == RunnerKind::Make && runner.path == place.path)
        .filter(|runner| runner.place.line <= place.place.line)
        .max_by_key(|runner| runner.place.line)
        .filter(|target| !is_beside_service(target))?;
    Some(match target.path.rsplit_once('/') {
        Some((folder, _)) => format!("make -C {folder} {}", target.name),
        None => format!("make {}", target.name),
    })
}

/// Whether a target puts up what stands beside the service, or a cluster on the machine of whoever calls it.
fn is_beside_service(target: &Runner) -> bool {
    const BESIDE: &[&str] = &[
        "dashboard",
        "dashboards",
        "grafana",
        "monitoring",
        "prometheus",
        "storage",
    ];
    let mut words = target.invocations.iter().flat_map(|found| found.words.iter());
    has_word(&target.name, BESIDE) || words.any(|word| matches!(word.as_str(), "kind" | "minikube"))
}

/// A job that runs this command where the main branch changes.
pub(super) fn deploy(service: &str, facts: &Facts<'_>, command: &str) -> Implementation {
    let job = match service {
        "GitHub Actions" => workflow(
            facts,
            ["release", "deploy"],
            format!(
                "name: Release\non:\n  push:\n    branches: [main]\npermissions:\n  contents: read\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v6\n      - run: {}\n",
                value(command)
            ),
        ),
        "GitLab CI" => ci_file(
            facts,
            ".gitlab-ci.yml",
            format!(
                "deploy:\n  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n  script:\n    - {}\n",
                value(command)
            ),
        ),
        other => Implementation::default().decide(format!(
            "let a job of {other} run `{command}` where the main branch changes, after the tests"
        )),
    };
    job.decide(format!(
        "give `{command}` the arguments that a person gives it, and the job the tools and credentials that it needs: the latter as secrets, better as a short-lived identity"
    ))
}

/// A job that delivers the image; without a Dockerfile, one that builds it first.
pub(super) fn cd(service: &str, facts: &Facts<'_>) -> Implementation {
    let means = &facts.automation.means;
    let dockerfile = means.dockerfile.as_deref();
    let folder = dockerfile
        .and_then(|path| path.rsplit_once('/'))
        .map_or(".", |(folder, _)| folder);
    let file = dockerfile.unwrap_or("Dockerfile");
    let start = match dockerfile {
        Some(_) => Implementation::default(),
        None => own_image(facts),
    };
    start.then(match service {
        "GitLab CI" => ci_file(
            facts,
            ".gitlab-ci.yml",
            format!(
                "image:\n  image: docker:28\n  services: [docker:28-dind]\n  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n  script:\n    - echo \"$CI_REGISTRY_PASSWORD\" | docker login -u \"$CI_REGISTRY_USER\" --password-stdin $CI_REGISTRY\n    - docker build -f {file} -t $CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA {folder}\n    - docker push $CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA\n"
            ),
        ),
        "Jenkins" => Implementation::default().change(
            &Evidence::file("Jenkinsfile", "after the tests"),
            format!(
                "stage('Deliver') {{\n  when {{ branch 'main' }}\n  steps {{\n    sh 'docker build -f {file} -t registry.example.com/model:$GIT_COMMIT {folder}'\n    sh 'docker push registry.example.com/model:$GIT_COMMIT'\n  }}\n}}"
            ),
        ),
        _ => workflow(
            facts,
            ["release", "image"],
            format!(
                "name: Release\non:\n  push:\n    branches: [main]\njobs:\n  image:\n    runs-on: ubuntu-latest\n    permissions:\n      contents: read\n      packages: write\n    steps:\n      - uses: actions/checkout@v6\n      - uses: docker/login-action@v4\n        with:\n          registry: ghcr.io\n          username: ${{{{ github.actor }}}}\n          password: ${{{{ secrets.GITHUB_TOKEN }}}}\n      - uses: docker/build-push-action@v7\n        with:\n          context: {folder}\n          file: {file}\n          push: true\n          tags: ghcr.io/${{{{ github.repository }}}}:${{{{ github.sha }}}}\n"
            ),
        ),
    })
}

/// A Dockerfile that installs the environment and starts the service, or else the training.
fn own_image(facts: &Facts<'_>) -> Implementation {
    let means = &facts.automation.means;
    let application = facts.serving.applications.first();
    let command = match application {
        Some(found) if matches!(found.framework, "FastAPI" | "Starlette") => {
            let path = &facts.basis.codebase.file(found.file).path;
            let module = path.trim_end_matches(".py").replace('/', ".");
            let variable = if found.variable.is_empty() {
                "app"
            } else {
                &found.variable
            };
            Some(format!("uvicorn {module}:{variable} --host 0.0.0.0 --port 8000"))
        }
        Some(found) => Some(format!("python {}", facts.basis.codebase.file(found.file).path)),
        None => main_command(means),
    };
    let start = match command {
        Some(command) => format!("CMD {}\n", within(means, &command)),
        None => "# CMD the command that starts it\n".to_owned(),
    };
    let install: String = install(means)
        .iter()
        .map(|line| format!("RUN {line}\n"))
        .collect();
    first_of_all(means).create(
        "Dockerfile",
        format!("FROM {}\nWORKDIR /app\nCOPY . .\n{install}{start}", image(means)),
    )
}
