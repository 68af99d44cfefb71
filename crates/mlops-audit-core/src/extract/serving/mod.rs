//! How the model reaches its users.

mod batch;
pub mod declared;
mod embedded;
mod entry_scripts;
mod fronts;
mod platforms;
mod predicted;
mod predicting;
mod routes;
pub mod sql;
pub mod words;

use std::collections::BTreeSet;

pub use batch::BatchJob;
pub(in crate::extract) use batch::names_date;
pub use entry_scripts::EntryScript;
pub use predicting::{is_prediction, names_prediction};
pub use routes::{Application, Route, framework, is_health_path, is_typed};
pub(in crate::extract) use routes::{declaration as declared_route, is_constructor as makes_application};

use super::Basis;
use super::codebase::{Codebase, FileIndex, Node, Reached};
use crate::audit::Deployment;
use crate::evidence::Evidence;

/// How the model reaches its users.
#[derive(Debug, Default)]
pub struct Serving {
    /// The ways, each with its evidence.
    pub deployments: Vec<(Deployment, Vec<Evidence>)>,
    /// Web applications.
    pub applications: Vec<Application>,
    /// Their routes.
    pub routes: Vec<Route>,
    /// Scripts that a managed endpoint or a batch platform calls.
    pub entry_scripts: Vec<EntryScript>,
    /// Source files that are interactive fronts.
    pub fronts: Vec<FileIndex>,
    /// Jobs that write predictions for new data.
    pub batch_jobs: Vec<BatchJob>,
    /// Statements of a database that keep predictions.
    pub sql_jobs: Vec<Evidence>,
    /// The pieces of code that predict.
    pub predicting: BTreeSet<Node>,
    /// All code that services and interactive fronts reach.
    pub served: Reached,
    /// All code outside tests that anything can reach: what no script, route or orchestrator calls is not in it.
    pub live: Reached,
}

impl Serving {
    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>) -> Self {
        let codebase = &basis.codebase;
        let predicting = predicting::predicting(basis);
        let applications = routes::applications(basis);
        let routes = routes::routes(basis, &predicting);
        let front_files = fronts::fronts(basis, &predicting);
        let entry_scripts = entry_scripts::entry_scripts(basis, &predicting);
        let (scoring, answering): (Vec<&EntryScript>, Vec<&EntryScript>) =
            entry_scripts.iter().partition(|script| script.scores_batches);
        let answered = answering.iter().map(|script| &script.reached);
        let served = served(codebase, &applications, &routes, front_files.keys().copied());
        let served = Reached::union(answered.chain([&served]));
        let started = entry_scripts.iter().map(|script| &script.reached);
        let live = Reached::union(started.chain([&live(basis)]));
        let platforms = platforms::platforms(basis);
        let batch_jobs = batch::jobs(basis, &predicting, &served);

        let predicts = routes.iter().any(|route| route.predicts);
        let mut api: Vec<Evidence> = routes
            .iter()
            .filter(|route| route.predicts && !route.is_page)
            .map(|route| route.evidence(codebase, format!("serves {}", route.label())))
            .collect();
        api.extend(platforms);
        api.extend(answering.iter().map(|script| script.evidence(codebase)));
        let mut app: Vec<Evidence> = front_files.values().cloned().collect();
        if predicts {
            app.extend(fronts::pages(basis, &routes));
            app.extend(fronts::front_ends(basis));
        }
        let mut batch: Vec<Evidence> = batch_jobs.iter().map(|job| job.write.clone()).collect();
        batch.extend(batch::platforms(basis));
        batch.extend(scoring.iter().map(|script| script.evidence(codebase)));
        let sql_jobs = sql::jobs(basis, &served);
        batch.extend(sql_jobs.iter().cloned());
        let embedded = embedded::embedded(basis, &live, !api.is_empty());

        let deployments = [
            (Deployment::Api, api),
            (Deployment::App, app),
            (Deployment::Batch, batch),
            (Deployment::Embedded, embedded),
        ]
        .into_iter()
        .filter(|(_, evidence)| !evidence.is_empty())
        .map(|(deployment, mut evidence)| {
            evidence.sort();
            evidence.dedup();
            (deployment, evidence)
        })
        .collect();
        Self {
            deployments,
            applications,
            routes,
            entry_scripts,
            fronts: front_files.into_keys().collect(),
            batch_jobs,
            sql_jobs,
            predicting,
            served,
            live,
        }
    }

    /// Whether it is deployed in this way.
    pub fn has(&self, deployment: Deployment) -> bool {
        self.deployments.iter().any(|(found, _)| *found == deployment)
    }

    /// The routes that answer with a prediction.
    pub fn prediction_routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(|route| route.predicts)
    }
}

fn served(
    codebase: &Codebase,
    applications: &[Application],
    routes: &[Route],
    fronts: impl Iterator<Item = FileIndex>,
) -> Reached {
    let files: BTreeSet<FileIndex> = applications
        .iter()
        .map(|application| application.file)
        .chain(routes.iter().map(|route| route.file))
        .chain(fronts)
        .collect();
    let started = codebase.reach(
        files
            .iter()
            .flat_map(|file| [Node::module(*file), Node::main(*file)]),
    );
    Reached::union(routes.iter().map(|route| &route.reached).chain([&started]))
}

fn live(basis: &Basis<'_>) -> Reached {
    let codebase = &basis.codebase;
    let files = (0..codebase.files.len()).map(|file| u32::try_from(file).unwrap_or(u32::MAX));
    let entries = files
        .filter(|file| !codebase.file(*file).is_test)
        .flat_map(|file| [Node::module(file), Node::main(file)]);
    let started = codebase.reach(entries);
    let invocations = basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    let run = invocations.filter_map(|invocation| basis.runs.reached(invocation));
    Reached::union(run.chain([&started]))
}
