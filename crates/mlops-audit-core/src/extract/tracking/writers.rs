//! Calls that may write what a run leaves behind, told by their names alone.
//!
//! One table for each kind of name: what picks the calls out of all is what they are then read by.

use super::lightning;

/// A function or class of a library that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    /// Sends the log to a file: `logging.basicConfig(filename=…)`.
    LogSettings,
    /// A handler that sends the log to the file that it is made for.
    LogHandler,
    /// Adds a place that loguru logs to.
    LogSink,
    /// Writes a value to a stream as text.
    Dump,
    /// Writes an object to a stream, whatever it is.
    Pickle,
    /// Writes an object to a path, which comes second.
    Object,
    /// Writes settings to a path.
    Settings,
    /// Writes an array to a path, which comes first.
    Array,
    /// Writes a figure to a path.
    Figure,
    /// Keeps the parameters and the value of each trial.
    Study,
    /// Trains, and keeps a folder for each run.
    YoloTraining,
    /// Trains, and keeps a folder for each run unless told otherwise.
    LightningTrainer,
    /// Lightning's logger to a table.
    LightningTable,
    /// Keras's callback that writes a table.
    KerasTable,
    /// A callback that writes the model at times.
    Checkpoints,
    /// What a trainer of transformers is told, its folder among it.
    TrainingArguments,
}

impl Library {
    /// What a call of this qualified name writes by.
    pub(super) fn of(target: &str) -> Option<Self> {
        let is_lightning = || target.starts_with("lightning.") || target.starts_with("pytorch_lightning.");
        let found = match target {
            "logging.basicConfig" => Self::LogSettings,
            "logging.FileHandler"
            | "logging.handlers.RotatingFileHandler"
            | "logging.handlers.TimedRotatingFileHandler" => Self::LogHandler,
            "loguru.logger.add" => Self::LogSink,
            "json.dump" | "yaml.dump" | "yaml.safe_dump" | "toml.dump" => Self::Dump,
            "pickle.dump" | "dill.dump" => Self::Pickle,
            "torch.save" | "joblib.dump" => Self::Object,
            "omegaconf.OmegaConf.save" => Self::Settings,
            "numpy.save" | "numpy.savetxt" | "numpy.savez" => Self::Array,
            "matplotlib.pyplot.savefig" => Self::Figure,
            "optuna.create_study" | "optuna.study.create_study" => Self::Study,
            "ultralytics.YOLO.train" => Self::YoloTraining,
            _ if lightning::is_trainer(target) => Self::LightningTrainer,
            _ if target.ends_with(".CSVLogger") && is_lightning() => Self::LightningTable,
            _ if target.ends_with("keras.callbacks.CSVLogger") => Self::KerasTable,
            _ if target.ends_with("callbacks.ModelCheckpoint") && !is_lightning() => Self::Checkpoints,
            _ if target.ends_with("TrainingArguments") && target.starts_with("transformers.") => {
                Self::TrainingArguments
            }
            _ => return None,
        };
        Some(found)
    }
}

/// A method that writes, whatever it is called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Writes a table to a path.
    Table,
    /// Adds to an open file, or to a writer of rows.
    Stream,
    /// Writes a text to the path that it is called on.
    Text,
    /// Writes a figure, a model or its weights to a path.
    Artifact,
    /// Writes what it is called on, which may be anything.
    Anything,
}

impl Method {
    /// What a method of this name writes by.
    pub(super) fn of(method: &str) -> Option<Self> {
        let found = match method {
            "to_csv" | "to_json" | "to_excel" | "to_parquet" => Self::Table,
            "write" | "writelines" | "writerow" | "writerows" => Self::Stream,
            "write_text" => Self::Text,
            "savefig" | "save_pretrained" | "save_weights" | "save_model" => Self::Artifact,
            "save" => Self::Anything,
            _ => return None,
        };
        Some(found)
    }
}
