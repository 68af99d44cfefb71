//! How each tracker is told what to record.

use super::Measured;

/// Wider calls are written over several lines.
const WIDTH: usize = 88;

/// A tracker's own way to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// MLflow.
    Mlflow,
    /// Weights & Biases.
    Wandb,
}

impl Dialect {
    /// That of a tracker, by its id; `None` where it is not spoken here.
    pub(crate) fn of(tracker: &str) -> Option<Self> {
        match tracker {
            "mlflow" => Some(Self::Mlflow),
            "wandb" => Some(Self::Wandb),
            _ => None,
        }
    }

    /// The package, which is also the name that calls begin with.
    pub(crate) const fn package(self) -> &'static str {
        match self {
            Self::Mlflow => "mlflow",
            Self::Wandb => "wandb",
        }
    }

    /// The line that imports it.
    pub(crate) const fn import(self) -> &'static str {
        match self {
            Self::Mlflow => "import mlflow",
            Self::Wandb => "import wandb",
        }
    }

    /// Records a mapping of parameters.
    pub(crate) fn parameters(self, mapping: &str) -> String {
        match self {
            Self::Mlflow => format!("mlflow.log_params({mapping})"),
            Self::Wandb => format!("wandb.config.update({mapping})"),
        }
    }

    /// Keeps a file with the run.
    pub(crate) fn artifact(self, path: &str) -> String {
        match self {
            Self::Mlflow => format!("mlflow.log_artifact({path})"),
            Self::Wandb => format!("wandb.save({path})"),
        }
    }

    /// Records metrics.
    pub(crate) fn metrics(self, measured: &Measured) -> Vec<String> {
        let step = measured
            .step
            .as_ref()
            .map_or_else(String::new, |step| format!(", step={step}"));
        let pairs: Vec<String> = measured
            .values
            .iter()
            .map(|value| format!("\"{}\": {}", value.name, value.value))
            .collect();
        if let (Self::Wandb, Some(counter)) = (self, &measured.step) {
            // Other records may have gone further in the steps of the run, which only grow.
            let pairs: Vec<String> = std::iter::once(format!("\"{counter}\": {counter}"))
                .chain(pairs)
                .collect();
            return call("wandb.log", &pairs, "");
        }
        let function = match self {
            Self::Mlflow => "mlflow.log_metrics",
            Self::Wandb => "wandb.log",
        };
        match (&measured.mapping, measured.values.as_slice()) {
            (Some(mapping), _) => vec![format!("{function}({mapping}{step})")],
            (None, [only]) if self == Self::Mlflow => {
                vec![format!(
                    "mlflow.log_metric(\"{}\", {}{step})",
                    only.name, only.value
                )]
            }
            _ => call(function, &pairs, &step),
        }
    }
}

/// A call with a dictionary, on one line or on several.
fn call(function: &str, pairs: &[String], rest: &str) -> Vec<String> {
    let line = format!("{function}({{{}}}{rest})", pairs.join(", "));
    if line.len() <= WIDTH {
        return vec![line];
    }
    let mut lines = vec![format!("{function}("), "    {".to_owned()];
    lines.extend(pairs.iter().map(|pair| format!("        {pair},")));
    match rest.strip_prefix(", ") {
        Some(rest) => lines.extend(["    },".to_owned(), format!("    {rest},")]),
        None => lines.push("    }".to_owned()),
    }
    lines.push(")".to_owned());
    lines
}
