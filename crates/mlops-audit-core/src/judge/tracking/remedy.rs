//! What to do about gaps: the project's own tracker where it has one, else the one that fits its framework.

use crate::advise::Advice;
use crate::evidence::Evidence;
use crate::extract::tracking::{Aspect, Weakness};
use crate::judge::{Judged, Judgement, Verdict};

/// Says what to do about a gap in one aspect.
pub(super) fn advise(judged: &Judged<'_>, judgement: &Judgement, aspect: Aspect) -> Advice {
    let tracking = &judged.facts().tracking;
    let weakness = tracking.of(aspect).find_map(|record| record.weakness);
    if weakness == Some(Weakness::Vanishes) {
        return lasting_store(judged, judgement);
    }
    if !tracking.has_tracker() {
        return no_tracker(judged);
    }
    extend(judged, judgement, aspect)
}

/// The runs that lack a record: main ones, by their training line.
fn entries(judged: &Judged<'_>, aspect: Option<Aspect>) -> Vec<Evidence> {
    let tracking = &judged.facts().tracking;
    let main = tracking.main_units();
    let is_covered = |unit: usize| {
        aspect.is_some_and(|aspect| {
            tracking
                .of(aspect)
                .any(|record| record.weakness.is_none() && record.units.contains(&unit))
        })
    };
    main.iter()
        .filter(|unit| !is_covered(**unit))
        .map(|unit| tracking.units[*unit].evidence.clone())
        .take(8)
        .collect()
}

/// The switch that turns a tracker off, where one does.
fn switched_off(judged: &Judged<'_>) -> Option<(String, String, Evidence)> {
    let idle = judged
        .facts()
        .tracking
        .idle
        .iter()
        .find(|idle| idle.why.ends_with("is off"))?;
    Some((idle.tool.clone(), idle.why.clone(), idle.evidence.clone()))
}

fn no_tracker(judged: &Judged<'_>) -> Advice {
    let entries = entries(judged, None);
    let place = entries
        .first()
        .map_or_else(|| "the training script".to_owned(), Evidence::location);
    let home_made = !judged.facts().tracking.home_made.is_empty();
    if let Some((tool, why, evidence)) = switched_off(judged) {
        return Advice {
            cause: "no-tracker".to_owned(),
            gap: format!(
                "{tool} is built in at {}, but {why} in every committed configuration and documented command",
                evidence.location()
            ),
            recommendation: format!(
                "Switch {tool} on by default: set the flag in the committed configuration, or pass it in the training command of the README"
            ),
            implementation: format!(
                "In {}, change the default of the switch ({why}) to on, and let a debug configuration turn it off",
                evidence.location()
            ),
            tools: vec![tool],
            fixable: false,
            locations: vec![evidence],
        };
    }
    let gap = if home_made {
        format!(
            "no experiment tracker is in use: runs that start at {place} leave files of their own, which nobody can list, compare or search"
        )
    } else {
        format!(
            "no experiment tracker is in use: nothing of a run that starts at {place} is kept but what it overwrites"
        )
    };
    let (tools, lines) = lines_for(judged);
    Advice {
        cause: "no-tracker".to_owned(),
        gap,
        recommendation: format!(
            "Record each run with {}: parameters, metrics, the model and the Git commit arrive together; start at {place}",
            tools[0]
        ),
        implementation: format!("{}\n\n# {place}\n{lines}", install(judged, &tools)),
        tools,
        fixable: false,
        locations: entries,
    }
}

/// The tracker that fits, and the lines around the training call.
fn lines_for(judged: &Judged<'_>) -> (Vec<String>, String) {
    let facts = judged.facts();
    let uses = |id: &str| {
        facts
            .assessment
            .frameworks
            .iter()
            .any(|framework| framework == id)
    };
    let is_r = facts.basis.codebase.files.iter().any(|file| {
        file.code.language == mlops_audit_formats::code::Language::R
            && facts
                .tracking
                .units
                .iter()
                .any(|unit| facts.basis.codebase.file(unit.file).path == file.path)
    });
    let mlflow = || vec!["MLflow".to_owned()];
    if is_r {
        return (mlflow(), "library(mlflow)\nwith(mlflow_start_run(), {\n  mlflow_log_param(\"…\", …)   # each hyper-parameter\n  # the training code as it is\n  mlflow_log_metric(\"…\", …)\n  mlflow_log_artifact(\"…\")\n})".to_owned());
    }
    if facts.basis.training.entries.is_empty() {
        return (mlflow(), "import mlflow\n\nwith mlflow.start_run():\n    mlflow.log_params({\"model\": …, \"prompt_version\": …, \"top_k\": …})\n    # the evaluation as it is\n    mlflow.log_metrics(summary)\n    mlflow.log_artifact(\"…\")  # the report".to_owned());
    }
    if uses("lightning") {
        return (mlflow(), "from lightning.pytorch.loggers import MLFlowLogger\n\nlogger = MLFlowLogger(experiment_name=\"…\", log_model=True)\ntrainer = Trainer(logger=logger, …)  # self.log and save_hyperparameters() reach it".to_owned());
    }
    if uses("transformers")
        && facts
            .basis
            .training
            .sites
            .iter()
            .any(|site| site.what.contains("Trainer.train"))
    {
        return (
            mlflow(),
            "args = TrainingArguments(…, report_to=\"mlflow\", run_name=\"…\")".to_owned(),
        );
    }
    let automatic = [
        "scikit-learn",
        "xgboost",
        "lightgbm",
        "keras",
        "tensorflow",
        "statsmodels",
        "spark-ml",
        "fastai",
    ];
    if let Some(framework) = automatic
        .iter()
        .find(|id| uses(id))
        .filter(|_| !uses("pytorch") && !uses("jax"))
    {
        let call = if *framework == "spark-ml" {
            "mlflow.pyspark.ml.autolog()"
        } else {
            "mlflow.autolog()"
        };
        return (
            mlflow(),
            format!(
                "import mlflow\n\n{call}\nwith mlflow.start_run():\n    # the training call as it is\n    mlflow.log_metric(\"…\", …)  # the metrics on held-out data"
            ),
        );
    }
    (mlflow(), "import mlflow\n\nwith mlflow.start_run():\n    mlflow.log_params(params)  # all hyper-parameters, e.g. vars(args)\n    # in the loop:\n    mlflow.log_metric(\"loss\", loss, step=step)\n    # at the end:\n    mlflow.log_artifact(\"…\")  # the checkpoint".to_owned())
}

/// How this project adds a package.
fn install(judged: &Judged<'_>, tools: &[String]) -> String {
    let listing = judged.facts().basis.listing;
    let has = |name: &str| listing.file(&format!("{}{name}", listing.project)).is_some();
    let package = tools[0].to_ascii_lowercase();
    if has("uv.lock") {
        format!("uv add {package}")
    } else if has("poetry.lock") {
        format!("poetry add {package}")
    } else if has("pdm.lock") {
        format!("pdm add {package}")
    } else if has("Pipfile") {
        format!("pipenv install {package}")
    } else if has("pixi.toml") {
        format!("pixi add --pypi {package}")
    } else if has("renv.lock") || has("DESCRIPTION") {
        format!("Rscript -e 'renv::install(\"{package}\"); renv::snapshot()'")
    } else if has("requirements.txt") {
        format!("# add {package} with its exact version to requirements.txt\npip install {package}")
    } else if has("environment.yml") {
        format!("# add {package} to environment.yml\nconda install -c conda-forge {package}")
    } else {
        format!("pip install {package}")
    }
}

fn lasting_store(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let place = judgement
        .evidence
        .first()
        .map(Evidence::location)
        .unwrap_or_default();
    let _ = judged;
    Advice {
        cause: "store-vanishes".to_owned(),
        gap: format!("the runs logged at {place} go to a local MLflow folder of the CI job and vanish with its runner"),
        recommendation: "Send the runs to a tracking server that outlives the runner, or keep the folder as an artifact of the job".to_owned(),
        implementation: "# in the job that trains\nenv:\n  MLFLOW_TRACKING_URI: ${{ secrets.MLFLOW_TRACKING_URI }}\n# or, after training:\n- uses: actions/upload-artifact@v4\n  with:\n    name: mlruns\n    path: mlruns".to_owned(),
        tools: vec!["MLflow".to_owned()],
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}

/// With a tracker in use, only what is missing.
fn extend(judged: &Judged<'_>, judgement: &Judgement, aspect: Aspect) -> Advice {
    let tracking = &judged.facts().tracking;
    let first = tracking
        .of(aspect)
        .chain(tracking.records.iter())
        .find(|record| record.id.is_some())
        .or_else(|| tracking.records.first());
    let (tool, id) = first.map_or(("the tracker", ""), |record| {
        (record.tool.as_str(), record.id.as_deref().unwrap_or_default())
    });
    let locations = entries(judged, Some(aspect));
    let place = locations
        .first()
        .map_or_else(|| "the training script".to_owned(), Evidence::location);
    let (word, cause) = match aspect {
        Aspect::Params => ("hyper-parameters", "params-not-logged"),
        Aspect::Metrics => ("metrics", "metrics-not-logged"),
        Aspect::Artifacts => ("model and plots", "artifacts-not-logged"),
        Aspect::Code => ("commit", "commit-not-logged"),
    };
    let is_partial = judgement.verdict == Verdict::Partial;
    let missing = judgement.missing.first().cloned().unwrap_or_default();
    let gap = if is_partial {
        format!("{tool} is in use, but {missing}")
    } else {
        format!("{tool} is in use, but the {word} of the run at {place} are not recorded")
    };
    let recommendation = if aspect == Aspect::Code {
        format!("Log the commit with each run that starts at {place}")
    } else {
        format!("Hand the {word} to {tool} in each run, first at {place}")
    };
    Advice {
        cause: cause.to_owned(),
        gap,
        recommendation,
        implementation: format!("# {place}\n{}", line_of(id, aspect)),
        tools: vec![tool.to_owned()],
        fixable: false,
        locations,
    }
}

/// The line that hands an aspect to a tracker.
fn line_of(id: &str, aspect: Aspect) -> &'static str {
    match (id, aspect) {
        ("wandb", Aspect::Params) => {
            "wandb.init(project=\"…\", config=config)  # all hyper-parameters, e.g. vars(args)"
        }
        ("wandb", Aspect::Metrics) => "wandb.log({\"loss\": loss, \"accuracy\": accuracy}, step=step)",
        ("wandb", Aspect::Artifacts) => {
            "artifact = wandb.Artifact(\"model\", type=\"model\")\nartifact.add_file(\"…\")  # the checkpoint\nwandb.log_artifact(artifact)"
        }
        ("wandb", Aspect::Code) => "wandb.init(project=\"…\")  # records the commit by itself",
        ("tensorboard", Aspect::Params) => "writer.add_hparams(vars(args), {\"hparam/accuracy\": accuracy})",
        ("tensorboard", Aspect::Metrics) => "writer.add_scalar(\"loss/train\", loss, step)",
        ("tensorboard", Aspect::Artifacts) => "writer.add_figure(\"confusion\", figure, step)",
        ("tensorboard", Aspect::Code) => {
            "import subprocess\n\ncommit = subprocess.check_output([\"git\", \"rev-parse\", \"HEAD\"], text=True).strip()\nwriter.add_text(\"git/commit\", commit)  # TensorBoard does not record it by itself"
        }
        ("dvc", Aspect::Params) => "# dvc.yaml, in the stage that trains\nparams:\n  - train",
        ("dvc", Aspect::Metrics) => {
            "# dvc.yaml, in the stage that evaluates\nmetrics:\n  - metrics.json:\n      cache: false"
        }
        ("dvc", Aspect::Artifacts) => "# dvc.yaml, in the stage that trains\nouts:\n  - model.joblib",
        ("dvc", Aspect::Code) => "dvc exp run  # ties the experiment to the commit; commit dvc.lock",
        ("metaflow", Aspect::Params) => {
            "epochs = Parameter(\"epochs\", default=10)  # in the class of the flow"
        }
        ("metaflow", Aspect::Metrics) => "self.accuracy = accuracy  # in the step that evaluates",
        ("mlflow", Aspect::Params) => "mlflow.log_params(params)  # all hyper-parameters, inside the run",
        ("mlflow", Aspect::Metrics) => {
            "mlflow.log_metrics({\"accuracy\": accuracy, \"f1\": f1})  # inside the run"
        }
        ("mlflow", Aspect::Artifacts) => {
            "mlflow.log_artifact(\"…\")  # the model file, a plot, a table; or mlflow.sklearn.log_model(model, name=\"model\")"
        }
        ("mlflow", Aspect::Code) => "with mlflow.start_run():  # records the commit by itself\n    …",
        (_, Aspect::Code) => {
            "import subprocess\n\ncommit = subprocess.check_output([\"git\", \"rev-parse\", \"HEAD\"], text=True).strip()\n# log `commit` as a tag of the run"
        }
        (_, Aspect::Params) => "# hand all hyper-parameters to the run where it is opened",
        (_, Aspect::Metrics) => "# log the validation and test metrics where they are computed",
        (_, Aspect::Artifacts) => "# log the model file and the evaluation plots at the end of the run",
    }
}
