//! Lightning's default logger: TensorBoard where that is installed, else a CSV file for each run.

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node;
use mlops_audit_formats::dotted::last_segment;

use super::calls::Found;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site};
use crate::read::Document;

/// Trainers whose default logger is TensorBoard, because the project installs it.
pub(super) fn found<'a>(basis: &'a Basis<'_>) -> Vec<Found<'a>> {
    let mut trainers = basis.wanted().with_target(is_trainer).outside_tests();
    trainers.retain(|site| logs_by_default(basis, *site));
    if trainers.is_empty() || !installs_tensorboard(basis) {
        return Vec::new();
    }
    let logs = calls(basis, &["log", "log_dict"]);
    let records_parameters = calls(basis, &["save_hyperparameters"]);
    let mut found = Vec::new();
    for site in trainers {
        for matched in basis.catalogue.setting("report_to=tensorboard") {
            let fits = match matched.role {
                Role::TrackRun => true,
                Role::TrackMetrics => logs,
                Role::TrackParams => records_parameters,
                _ => false,
            };
            if fits {
                found.push(Found {
                    site,
                    tool: matched.tool,
                    role: matched.role,
                    depends: false,
                    weakness: None,
                    what: Some("logs to TensorBoard, the default where it is installed".to_owned()),
                });
            }
        }
    }
    found
}

/// Whether a call makes a trainer that keeps its default logger.
pub(super) fn logs_by_default(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let target = basis.codebase.target(site);
    is_trainer(target)
        && !(is_command_line(target)
            && (trains_nothing(site)
                || site.call.keyword("trainer_defaults").is_some()
                || has_no_logger(basis)))
        && match site.call.keyword("logger") {
            None => !site
                .call
                .arguments
                .iter()
                .any(|argument| matches!(argument.value, Expr::Spread(_))),
            Some(value) => *value == Expr::Bool(true),
        }
}

/// Whether calls of this qualified name make a trainer of Lightning, or a command line that makes one.
pub(super) fn is_trainer(target: &str) -> bool {
    (target.starts_with("lightning.") || target.starts_with("pytorch_lightning."))
        && matches!(last_segment(target), "Trainer" | "LightningCLI")
}

/// Whether calls of this qualified name make Lightning's command line.
fn is_command_line(target: &str) -> bool {
    is_trainer(target) && last_segment(target) == "LightningCLI"
}

/// Whether a command line is made for one thing only, which is no training: `args="predict …"`.
fn trains_nothing(site: Site<'_>) -> bool {
    let told = site.call.keyword("args").and_then(|args| match args {
        Expr::List(words) => words.first()?.as_str(),
        Expr::Format(text, _) => Some(text.as_str()),
        other => other.as_str(),
    });
    let verb = told.and_then(|told| told.split_whitespace().next());
    matches!(verb, Some("predict" | "test" | "validate"))
}

/// The call of a file that makes Lightning's command line, if there is one.
pub(super) fn command_line<'a>(basis: &'a Basis<'_>, file: FileIndex) -> Option<Site<'a>> {
    let mut calls = basis.codebase.calls_of(file);
    calls.find(|site| is_command_line(basis.codebase.target(*site)) && !trains_nothing(*site))
}

/// Whether a trainer's call makes a command line that keeps the configuration of each run in the run's folder.
pub(super) fn keeps_configuration(basis: &Basis<'_>, site: Site<'_>) -> bool {
    is_command_line(basis.codebase.target(site))
        && site.call.keyword("save_config_callback") != Some(&Expr::None)
}

/// Whether the project hands hyper-parameters to whichever logger is on.
pub(super) fn hands_parameters(basis: &Basis<'_>) -> bool {
    calls(basis, &["save_hyperparameters", "log_hyperparams"])
}

/// Whether a file of configuration switches the trainer's logger off.
fn has_no_logger(basis: &Basis<'_>) -> bool {
    basis.documents.all_data().any(|(_, data)| {
        let mut documents = data.documents.iter();
        documents.any(|document| {
            let logger = document.at(&["trainer", "logger"]);
            logger.and_then(Node::as_bool) == Some(false)
        })
    })
}

/// Whether some value's method of one of these names is called.
pub(super) fn calls(basis: &Basis<'_>, methods: &[&str]) -> bool {
    basis
        .codebase
        .calls_by_method(|method| methods.contains(&method))
        .any(|found| found.call.target.path.contains('.'))
}

/// Whether a manifest of the project names TensorBoard.
fn installs_tensorboard(basis: &Basis<'_>) -> bool {
    basis.documents.files.iter().any(|file| match &file.document {
        Document::Requirements(requirements) => requirements
            .requirements
            .iter()
            .any(|requirement| matches!(requirement.name.as_str(), "tensorboard" | "tensorboardx")),
        Document::Data(data) => {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let is_manifest = matches!(
                name,
                "pyproject.toml"
                    | "environment.yml"
                    | "environment.yaml"
                    | "conda.yaml"
                    | "Pipfile"
                    | "setup.cfg"
            );
            let mut names = false;
            for document in data.documents.iter().filter(|_| is_manifest) {
                document.walk(&mut |keys, node| {
                    let is_it = |text: &str| text.trim().to_ascii_lowercase().starts_with("tensorboard");
                    names |= node.as_str().is_some_and(is_it) || keys.last().is_some_and(|key| is_it(key));
                });
            }
            names
        }
        _ => false,
    })
}
