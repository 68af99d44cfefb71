//! What a tool can be used for. Criteria ask for roles, never for tools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What a tool, a call, a file, a command, an action or an image is used for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Role { $($(#[$doc])* #[serde(rename = $text)] $variant,)* }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that catalogue files use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

roles! {
    /// Fits a model: a `fit` or `train` call, a trainer's `train()`.
    Train = "train",
    /// Builds a model or optimiser whose parameters an optimisation loop fits (`loss.backward()`, `optimizer.step()`).
    OptimisationStep = "optimisation-step",
    /// Computes a metric of a model: `accuracy_score`, `model.evaluate`.
    Evaluate = "evaluate",
    /// Makes predictions with a fitted model.
    Predict = "predict",
    /// Searches hyper-parameters, and so fits models.
    Tune = "tune",
    /// Loads data.
    LoadData = "load-data",
    /// Loads a fixed benchmark whose content the library pins.
    PinnedDataset = "pinned-dataset",
    /// Loads a data set from a hub, pinned only by a revision argument.
    HubDataset = "hub-dataset",
    /// Writes or changes data: `to_csv`, `to_parquet`, `train_test_split`.
    PrepareData = "prepare-data",
    /// Records runs of any kind (an experiment tracker's session: `mlflow.start_run`, `wandb.init`).
    TrackRun = "track-run",
    /// Records hyper-parameters.
    TrackParams = "track-params",
    /// Records metrics.
    TrackMetrics = "track-metrics",
    /// Records models, plots, tables, checkpoints.
    TrackArtifacts = "track-artifacts",
    /// Records parameters, metrics and models by itself once switched on (`autolog`, a framework's logger or callback).
    Autolog = "autolog",
    /// Ties a run to the Git commit by itself.
    TrackCode = "track-code",
    /// Pins data under a version.
    DataVersioning = "data-versioning",
    /// Stores models under a version: registers, pushes, promotes.
    ModelRegistry = "model-registry",
    /// Saves a model to a file.
    SaveModel = "save-model",
    /// Loads a fitted model from a file or registry.
    LoadModel = "load-model",
    /// Exports a model to run on a device, in a browser or in another runtime.
    ExportModel = "export-model",
    /// Reads settings from files.
    Configuration = "configuration",
    /// Reads command-line arguments.
    CommandLine = "command-line",
    /// Chains steps into a pipeline (orchestrators; a flow, DAG or pipeline definition).
    Pipeline = "pipeline",
    /// A step or task of an orchestrator's pipeline.
    PipelineStep = "pipeline-step",
    /// Starts runs by time or event.
    Schedule = "schedule",
    /// Runs tests.
    RunTests = "run-tests",
    /// Checks style, formats, types.
    Lint = "lint",
    /// Drives several parts through a real boundary in a test: a test client, a container, a command-line runner.
    IntegrationTest = "integration-test",
    /// Tests a model's quality, fairness or behaviour and can fail.
    ModelTest = "model-test",
    /// Compares with a stored baseline and can fail.
    RegressionTest = "regression-test",
    /// Serves over HTTP or gRPC.
    ServeApi = "serve-api",
    /// An interactive front: Streamlit, Gradio, Dash.
    ServeApp = "serve-app",
    /// Exports metrics of operation: latency, errors, CPU.
    MonitorSystem = "monitor-system",
    /// Records predictions or their quality in production.
    MonitorModel = "monitor-model",
    /// Computes drift or skew of inputs.
    MonitorData = "monitor-data",
    /// Validates data against a schema or ranges.
    ValidateData = "validate-data",
    /// Notifies someone.
    Alert = "alert",
    /// Traces calls of language models.
    TraceLlm = "trace-llm",
    /// Calls a hosted or local language model.
    CallLlm = "call-llm",
    /// Evaluates answers of language models.
    EvaluateLlm = "evaluate-llm",
    /// Stores data or rows in a database or object store.
    Store = "store",
    /// Builds an image or a package.
    Build = "build",
    /// Pushes an image or package, or releases it.
    Publish = "publish",
    /// Deploys a service, a pipeline or infrastructure.
    Deploy = "deploy",
    /// Installs the environment.
    Install = "install",
}
