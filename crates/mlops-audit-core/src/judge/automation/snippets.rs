//! Lines to add, written for the project's CI service, installer and scripts.

use crate::extract::automation::{Installer, Means, Work};

/// The commands that install the environment on a runner that has Python.
fn install(means: &Means) -> Vec<String> {
    let manifest = means.manifest.rsplit('/').next().unwrap_or_default();
    let lines: &[&str] = match means.installer {
        Installer::Uv => &["pip install uv", "uv sync --locked"],
        Installer::Poetry => &["pip install poetry", "poetry install"],
        Installer::Pdm => &["pip install pdm", "pdm sync"],
        Installer::Pipenv => &["pip install pipenv", "pipenv sync --dev"],
        Installer::Pixi => &[
            "curl -fsSL https://pixi.sh/install.sh | sh",
            "~/.pixi/bin/pixi install --locked",
        ],
        Installer::Conda => return vec![format!("conda env update --name base --file {manifest}")],
        Installer::Renv => &["Rscript -e 'install.packages(\"renv\"); renv::restore()'"],
        Installer::JuliaPkg => &["julia --project -e 'using Pkg; Pkg.instantiate()'"],
        Installer::PipProject => &["pip install ."],
        Installer::PipRequirements => return vec![format!("pip install -r {manifest}")],
        Installer::None => &["pip install -r requirements.txt  # declare the dependencies there first"],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// A command inside the installed environment.
fn within(means: &Means, command: &str) -> String {
    let launcher = match means.installer {
        Installer::Uv => "uv run ",
        Installer::Poetry => "poetry run ",
        Installer::Pdm => "pdm run ",
        Installer::Pipenv => "pipenv run ",
        Installer::Pixi => "~/.pixi/bin/pixi run ",
        _ => "",
    };
    let has_launcher = [
        "uv ", "poetry ", "pdm ", "pipenv ", "pixi ", "make", "tox", "nox", "just",
    ]
    .iter()
    .any(|start| command.starts_with(start));
    if has_launcher {
        command.to_owned()
    } else {
        format!("{launcher}{command}")
    }
}

/// The commands that install and run the tests.
fn test_lines(means: &Means) -> Vec<String> {
    let mut lines = install(means);
    let command = means.tests.clone().unwrap_or_else(|| "pytest tests".to_owned());
    if matches!(
        means.installer,
        Installer::PipProject | Installer::PipRequirements | Installer::Conda | Installer::None
    ) && command.contains("pytest")
    {
        lines.push("pip install pytest".to_owned());
    }
    lines.push(within(means, &command));
    lines
}

fn train_lines(means: &Means) -> Vec<String> {
    let mut lines = install(means);
    lines.push(within(
        means,
        means.training.as_deref().unwrap_or("python train.py"),
    ));
    lines
}

/// Steps of a GitHub job that check out, set the language up and run these lines.
fn github_steps(means: &Means, lines: &[String]) -> String {
    let mut text = String::from("    steps:\n      - uses: actions/checkout@v4\n");
    text.push_str(match means.installer {
        Installer::Renv => "      - uses: r-lib/actions/setup-r@v2\n",
        Installer::JuliaPkg => "      - uses: julia-actions/setup-julia@v2\n",
        Installer::Conda => "      - uses: conda-incubator/setup-miniconda@v3\n",
        _ => "      - uses: actions/setup-python@v5\n        with:\n          python-version: \"3.12\"\n",
    });
    for line in lines {
        text.push_str(&format!("      - run: {line}\n"));
    }
    text.trim_end().to_owned()
}

fn defaults(means: &Means) -> String {
    if means.folder.is_empty() {
        String::new()
    } else {
        format!(
            "    defaults:\n      run:\n        working-directory: {}\n",
            means.folder
        )
    }
}

fn listed(lines: &[String], indent: &str) -> String {
    lines
        .iter()
        .map(|line| format!("{indent}- {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A job that runs the tests on every change.
pub(super) fn ci(service: &str, means: &Means) -> String {
    let lines = test_lines(means);
    let note = if means.tests.is_some() {
        ""
    } else {
        "# Write the first tests in tests/.\n"
    };
    match service {
        "GitLab CI" => format!(
            "{note}# .gitlab-ci.yml\ntest:\n  image: python:3.12\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n    - if: $CI_COMMIT_BRANCH\n  script:\n{}",
            listed(&lines, "    ")
        ),
        "Jenkins" => format!(
            "{note}// Jenkinsfile, a stage before the others\nstage('Test') {{\n  steps {{\n    sh '''\n      {}\n    '''\n  }}\n}}",
            lines.join("\n      ")
        ),
        "CircleCI" => format!(
            "{note}# .circleci/config.yml\njobs:\n  test:\n    docker:\n      - image: cimg/python:3.12\n    steps:\n      - checkout\n{}\nworkflows:\n  on-change:\n    jobs: [test]",
            lines
                .iter()
                .map(|line| format!("      - run: {line}"))
                .collect::<Vec<_>>()
                .join("\n")
        ),
        _ => format!(
            "{note}# .github/workflows/tests.yml\nname: Tests\non: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n{}{}",
            defaults(means),
            github_steps(means, &lines)
        ),
    }
}

/// A job that trains on a schedule.
pub(super) fn ct(service: &str, means: &Means) -> String {
    let lines = train_lines(means);
    match service {
        "GitLab CI" => format!(
            "# .gitlab-ci.yml; then add a schedule under Build > Pipeline schedules\ntrain:\n  image: python:3.12\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n  script:\n{}",
            listed(&lines, "    ")
        ),
        "Jenkins" => format!(
            "// Jenkinsfile of a job of its own\ntriggers {{ cron('H 4 * * 1') }}\n// and as its stage:\nsh '''\n  {}\n'''",
            lines.join("\n  ")
        ),
        _ => format!(
            "# .github/workflows/retrain.yml\nname: Retrain\non:\n  schedule:\n    - cron: \"0 4 * * 1\"\n  workflow_dispatch:\njobs:\n  train:\n    runs-on: ubuntu-latest\n{}{}",
            defaults(means),
            github_steps(means, &lines)
        ),
    }
}

/// A schedule in the terms of an orchestrator, by the words that name it.
pub(super) fn orchestrator_schedule(name: &str) -> Option<String> {
    let tool = name.split(' ').next()?;
    let line = match tool {
        "airflow" => "In the DAG: `schedule=\"0 4 * * 1\", catchup=False`.",
        "prefect" => {
            "Deploy the flow with a schedule: `flow.deploy(name=\"weekly\", work_pool_name=\"default\", cron=\"0 4 * * 1\")`."
        }
        "metaflow" => {
            "Decorate the flow with `@schedule(cron=\"0 4 * * 1 *\")`, and deploy it: `python FLOW.py argo-workflows create`."
        }
        "dagster" => {
            "Add `ScheduleDefinition(job=training_job, cron_schedule=\"0 4 * * 1\")` to the `Definitions`."
        }
        "azureml" => {
            "Create a schedule: `ml_client.schedules.begin_create_or_update(JobSchedule(name=\"weekly\", trigger=CronTrigger(expression=\"0 4 * * 1\"), create_job=pipeline_job))`."
        }
        "sagemaker" => {
            "Add a trigger: `pipeline.put_triggers([PipelineSchedule(cron=\"0 4 ? * MON *\")], role_arn=role)`."
        }
        "zenml" => {
            "Run the pipeline with `training_pipeline.with_options(schedule=Schedule(cron_expression=\"0 4 * * 1\"))()` on an orchestrator that schedules."
        }
        "kubeflow-pipelines" => {
            "Create a recurring run: `client.create_recurring_run(experiment_id, job_name=\"weekly\", cron_expression=\"0 0 4 * * 1\", pipeline_id=pipeline_id)`."
        }
        "vertex-ai" => {
            "Schedule the run: `pipeline_job.create_schedule(cron=\"0 4 * * 1\", display_name=\"weekly\")`."
        }
        _ => return None,
    };
    Some(line.to_owned())
}

/// A job that delivers the image; without a Dockerfile, one that builds it first.
pub(super) fn cd(service: &str, means: &Means) -> String {
    let dockerfile = means.dockerfile.as_deref();
    let folder = dockerfile
        .and_then(|path| path.rsplit_once('/'))
        .map_or(".", |(folder, _)| folder);
    let file = dockerfile.unwrap_or("Dockerfile");
    let note = if dockerfile.is_some() {
        ""
    } else {
        "# Write a Dockerfile that installs and starts the service or the training first.\n"
    };
    match service {
        "GitLab CI" => format!(
            "{note}# .gitlab-ci.yml\nimage:\n  image: docker:27\n  services: [docker:27-dind]\n  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n  script:\n    - docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY\n    - docker build -f {file} -t $CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA {folder}\n    - docker push $CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA"
        ),
        "Jenkins" => format!(
            "{note}// Jenkinsfile, after the tests\nstage('Deliver') {{\n  when {{ branch 'main' }}\n  steps {{\n    sh 'docker build -f {file} -t registry.example.com/model:$GIT_COMMIT {folder}'\n    sh 'docker push registry.example.com/model:$GIT_COMMIT'\n  }}\n}}"
        ),
        _ => format!(
            "{note}# .github/workflows/release.yml\nname: Release\non:\n  push:\n    branches: [main]\njobs:\n  image:\n    runs-on: ubuntu-latest\n    permissions:\n      contents: read\n      packages: write\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/login-action@v3\n        with:\n          registry: ghcr.io\n          username: ${{{{ github.actor }}}}\n          password: ${{{{ secrets.GITHUB_TOKEN }}}}\n      - uses: docker/build-push-action@v6\n        with:\n          context: {folder}\n          file: {file}\n          push: true\n          tags: ghcr.io/${{{{ github.repository }}}}:${{{{ github.sha }}}}"
        ),
    }
}

/// DVC stages of the scripts that the project has.
pub(super) fn dvc(means: &Means) -> String {
    let steps: Vec<&(Work, String)> = means
        .scripts
        .iter()
        .filter(|(work, _)| !matches!(work, Work::Deploy | Work::Register))
        .collect();
    let mut text = String::from("# dvc.yaml; `dvc repro` runs what has changed\nstages:\n");
    if steps.is_empty() {
        let training = means.training.as_deref().unwrap_or("python train.py");
        text.push_str(&format!(
            "  prepare:\n    cmd: python prepare.py  # move the loading and cleaning of data there\n    deps: [prepare.py]\n    outs: [data/prepared]\n  train:\n    cmd: {training}\n    deps: [data/prepared]\n    outs: [models]"
        ));
        return text;
    }
    let mut before: Option<String> = None;
    let alone = steps.len() == 1;
    if alone {
        text.push_str("  prepare:\n    cmd: python prepare.py  # move the loading and cleaning of data there\n    deps: [prepare.py]\n    outs: [data/prepare]\n");
        before = Some("data/prepare".to_owned());
    }
    for (work, path) in steps {
        let name = work.as_str();
        let out = match work {
            Work::Train => "models".to_owned(),
            Work::Evaluate => "metrics.json".to_owned(),
            _ => format!("data/{name}"),
        };
        let deps: Vec<String> = std::iter::once(path.clone()).chain(before.clone()).collect();
        let kind = if *work == Work::Evaluate {
            "metrics"
        } else {
            "outs"
        };
        let runner = if path.ends_with(".R") || path.ends_with(".r") {
            "Rscript"
        } else if path.ends_with(".jl") {
            "julia --project"
        } else {
            "python"
        };
        text.push_str(&format!(
            "  {name}:\n    cmd: {runner} {path}\n    deps: [{}]\n    {kind}: [{out}]\n",
            deps.join(", ")
        ));
        before = Some(out);
    }
    text.push_str("# Replace the outs by the files that the scripts really write.");
    text
}

/// A target that runs the existing ones in the order of the work.
pub(super) fn chained_targets(works: &[Work]) -> String {
    let mut works = works.to_vec();
    works.sort_unstable();
    works.dedup();
    let names: Vec<&str> = works.iter().map(|work| work.as_str()).collect();
    format!(
        "# One target that runs the others in this order; use the names of your targets.\n.PHONY: pipeline\npipeline: {}",
        names.join(" ")
    )
}
