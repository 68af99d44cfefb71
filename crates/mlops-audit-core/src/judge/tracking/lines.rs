//! The lines that hand a run to a tracker, in the terms of the project's framework and tracker.

use mlops_audit_formats::code::{AssignmentKind, Language};
use mlops_audit_formats::dotted::last_segment;

use crate::advise::Implementation;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::tracking::Aspect;
use crate::judge::insertion::{below_imports, is_python};
use crate::judge::installing::add_package;

/// MLflow in a project that tracks nothing: one call where its integration records everything, else a frame around the
/// training.
pub(super) fn first_tracker(facts: &Facts<'_>, entry: Option<&Evidence>) -> Implementation {
    let codebase = &facts.basis.codebase;
    let start = Implementation::default().run(add_package(facts, "mlflow"));
    let Some(entry) = entry else {
        return start
            .decide("open an MLflow run around the training, and log its parameters, metrics and model");
    };
    let file = codebase.position(&entry.path);
    let is_r = file.is_some_and(|file| codebase.file(file).code.language == Language::R);
    if is_r {
        return start.change(
            entry,
            "library(mlflow)\nwith(mlflow_start_run(), {\n  mlflow_log_param(\"trees\", 500)  # each hyper-parameter\n  # the training as it is\n  mlflow_log_metric(\"accuracy\", accuracy)\n  mlflow_log_artifact(\"model.rds\")\n})",
        );
    }
    if facts.basis.training.entries.is_empty() {
        return start.change(
            entry,
            "import mlflow\n\nwith mlflow.start_run():\n    mlflow.log_params({\"model\": MODEL, \"prompt_version\": 1, \"top_k\": 5})\n    summary = evaluate()  # the evaluation as it is\n    mlflow.log_metrics(summary)\n    mlflow.log_artifact(\"report.json\")",
        );
    }
    if let Some(place) = call(facts, "TrainingArguments") {
        return start.change(
            &place,
            "TrainingArguments(..., report_to=\"mlflow\", run_name=\"baseline\")",
        );
    }
    if let Some(place) = call(facts, "LightningCLI").or_else(|| call(facts, "LightningCli")) {
        return start.decide(format!(
            "give the trainer of the command line at {} a logger in its committed configuration: `trainer.logger.class_path: lightning.pytorch.loggers.MLFlowLogger` with `experiment_name` and `log_model: true` among its `init_args`; `self.log` and `save_hyperparameters()` reach it",
            place.location()
        ));
    }
    if uses(facts, "lightning")
        && let Some(place) = call(facts, "Trainer")
    {
        return start.change(
            &place,
            "from lightning.pytorch.loggers import MLFlowLogger\n\nlogger = MLFlowLogger(experiment_name=\"training\", log_model=True)\ntrainer = Trainer(..., logger=logger)  # self.log and save_hyperparameters() reach it",
        );
    }
    match (automatic(facts), file) {
        (Some(call), Some(file)) => start.add(
            &below_imports(codebase, file),
            format!("import mlflow\n\n{call}  # parameters, metrics, the model and the commit of each fit"),
        ),
        _ => start.change(entry, frame(facts, entry)),
    }
}

/// The one call that records all, where the framework's integration does and no loop of one's own trains.
fn automatic(facts: &Facts<'_>) -> Option<&'static str> {
    const FRAMEWORKS: &[&str] = &[
        "scikit-learn",
        "xgboost",
        "lightgbm",
        "keras",
        "tensorflow",
        "statsmodels",
    ];
    if uses(facts, "pytorch") || uses(facts, "jax") {
        return None;
    }
    if uses(facts, "spark-ml") {
        return Some("mlflow.pyspark.ml.autolog()");
    }
    FRAMEWORKS
        .iter()
        .any(|id| uses(facts, id))
        .then_some("mlflow.autolog()")
}

/// A run around a loop of one's own.
fn frame(facts: &Facts<'_>, entry: &Evidence) -> String {
    let codebase = &facts.basis.codebase;
    let file = codebase.position(&entry.path).map(|file| codebase.file(file));
    let has_arguments =
        file.is_some_and(|file| file.code.assignments.iter().any(|found| found.target == "args"));
    let parameters = match has_arguments {
        true => "mlflow.log_params(vars(args))  # all hyper-parameters",
        false => "mlflow.log_params({...})  # all hyper-parameters, by their names",
    };
    let in_loop = file.is_some_and(|file| {
        let mut loops = file
            .code
            .assignments
            .iter()
            .filter(|found| found.kind == AssignmentKind::Loop);
        loops.any(|found| found.target.contains("epoch"))
    });
    let training = match in_loop {
        true => {
            "    for epoch in range(epochs):  # the loop as it is\n        loss = train_epoch()\n        mlflow.log_metric(\"loss\", loss, step=epoch)"
        }
        false => {
            "    train()  # the training as it is\n    mlflow.log_metrics({...})  # its figures on held-out data"
        }
    };
    format!(
        "import mlflow\n\nwith mlflow.start_run():\n    {parameters}\n{training}\n    mlflow.log_artifact(\"{}\")",
        facts.versioning.models.plain_file().unwrap_or("model.pt")
    )
}

fn uses(facts: &Facts<'_>, id: &str) -> bool {
    facts
        .assessment
        .frameworks
        .iter()
        .any(|framework| framework == id)
}

/// The first call of this name outside tests.
fn call(facts: &Facts<'_>, name: &str) -> Option<Evidence> {
    let codebase = &facts.basis.codebase;
    codebase
        .calls_by_target(|target| last_segment(target) == name)
        .into_iter()
        .find(|site| !codebase.file(site.file).is_test)
        .map(|site| codebase.evidence_at(site, "is configured"))
}

/// What hands an aspect of a run to the tracker that is in use.
pub(super) fn of_tracker(
    facts: &Facts<'_>,
    id: &str,
    aspect: Aspect,
    place: Option<&Evidence>,
) -> Implementation {
    let start = Implementation::default();
    if let Some(place) = place.filter(|place| !is_python(&place.path)) {
        return start.decide(in_words(aspect, place));
    }
    let lines = line_of(id, aspect);
    let lines = match facts.versioning.models.plain_file() {
        Some(path) => lines.replace("model.pt", path).replace("model.joblib", path),
        None => lines,
    };
    if id == "dvc" {
        let stages = Evidence::file("dvc.yaml", "holds the stages");
        return match aspect {
            Aspect::Code => start.run(lines),
            _ => start.change(&stages, lines),
        };
    }
    match place {
        Some(place) => start.change(place, lines),
        None => start.change(&Evidence::file("the training script", "trains"), lines),
    }
}

/// What a run hands to the tracker, in words, for languages whose calls depend on the client that is used.
fn in_words(aspect: Aspect, place: &Evidence) -> String {
    let what = match aspect {
        Aspect::Params => "all hyper-parameters of the run",
        Aspect::Metrics => "the figures on held-out data",
        Aspect::Artifacts => "the file of the fitted model and the plots",
        Aspect::Code => "the Git commit (`git rev-parse HEAD`), as a tag of the run",
    };
    format!("at {}: log {what} where the run is open", place.location())
}

const COMMIT: &str = "import subprocess\n\ncommit = subprocess.check_output([\"git\", \"rev-parse\", \"HEAD\"], text=True).strip()";

/// The lines that hand an aspect to a tracker.
fn line_of(id: &str, aspect: Aspect) -> String {
    let lines = match (id, aspect) {
        ("wandb", Aspect::Params) => {
            "wandb.init(project=\"training\", config=config)  # all hyper-parameters, such as vars(args)"
        }
        ("wandb", Aspect::Metrics) => "wandb.log({\"loss\": loss, \"accuracy\": accuracy}, step=step)",
        ("wandb", Aspect::Artifacts) => {
            "artifact = wandb.Artifact(\"model\", type=\"model\")\nartifact.add_file(\"model.pt\")  # the checkpoint\nwandb.log_artifact(artifact)"
        }
        ("wandb", Aspect::Code) => "wandb.init(project=\"training\")  # records the commit by itself",
        ("tensorboard", Aspect::Params) => "writer.add_hparams(vars(args), {\"hparam/accuracy\": accuracy})",
        ("tensorboard", Aspect::Metrics) => "writer.add_scalar(\"loss/train\", loss, step)",
        ("tensorboard", Aspect::Artifacts) => "writer.add_figure(\"confusion\", figure, step)",
        ("tensorboard", Aspect::Code) => {
            return format!(
                "{COMMIT}\nwriter.add_text(\"git/commit\", commit)  # TensorBoard does not record it by itself"
            );
        }
        ("dvc", Aspect::Params) => "stages:\n  train:\n    params:\n      - train",
        ("dvc", Aspect::Metrics) => {
            "stages:\n  evaluate:\n    metrics:\n      - metrics.json:\n          cache: false"
        }
        ("dvc", Aspect::Artifacts) => "stages:\n  train:\n    outs:\n      - model.joblib",
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
            "mlflow.log_artifact(\"model.joblib\")  # the model file, a plot, a table, inside the run"
        }
        ("mlflow", Aspect::Code) => {
            "with mlflow.start_run():  # records the commit by itself\n    train()  # the training as it is"
        }
        (_, Aspect::Code) => return format!("{COMMIT}  # log it as a tag of the run"),
        (_, Aspect::Params) => "# hand all hyper-parameters to the run where it is opened",
        (_, Aspect::Metrics) => "# log the validation and test metrics where they are computed",
        (_, Aspect::Artifacts) => "# log the model file and the evaluation plots at the end of the run",
    };
    lines.to_owned()
}
