//! `versioning.model`; see the page beside this file.

use mlops_audit_formats::code::Language;

use super::registered::{flavour, registered_name};
use crate::advise::{Advice, Implementation};
use crate::audit::Kind;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::started::leading_entry;
use crate::extract::versioning::models::{Save, is_plain};
use crate::extract::versioning::{Models, Store, StoreKind};
use crate::judge::insertion::{below as below_whole, language_of};
use crate::judge::installing::{add_package, trains_nothing};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `versioning.model`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Versioning,
        name: "model",
    },
    label: "Model",
    looked_for: "MLflow/W&B Registry",
    page: include_str!("model.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let models = &facts.versioning.models;
    if facts.assessment.kind == Kind::LlmApp {
        return prompts(models);
    }
    let of = |kinds: &[StoreKind], vanishing: bool| -> Vec<&Store> {
        models
            .stores
            .iter()
            .filter(|store| kinds.contains(&store.kind) && (vanishing || !store.vanishes))
            .collect()
    };
    let stores = of(
        &[
            StoreKind::Registry,
            StoreKind::Tracker,
            StoreKind::Tracked,
            StoreKind::Release,
        ],
        false,
    );
    let (off, stores): (Vec<&Store>, Vec<&Store>) =
        stores.into_iter().partition(|store| is_off(facts, store));
    if stores.is_empty() && !off.is_empty() {
        return Judgement::partial(
            format!("{} that is switched off", names(&off)),
            places(&off),
            "the call that stores the model is off unless somebody switches it on",
        );
    }
    if !stores.is_empty() {
        if stores_most(models) {
            return Judgement::met(names(&stores), places(&stores));
        }
        return Judgement::partial(
            format!("{} in some of the training scripts", names(&stores)),
            places(&stores),
            "the other training scripts store their models nowhere",
        );
    }
    let gone: Vec<&Store> = models
        .stores
        .iter()
        .filter(|store| store.vanishes && store.kind <= StoreKind::Release)
        .collect();
    if !gone.is_empty() {
        return Judgement::partial(
            format!("{} on the CI runner", names(&gone)),
            places(&gone),
            "the store is a local folder of the CI runner, and nothing uploads it",
        );
    }
    for (kind, finding, missing) in [
        (
            StoreKind::RunFolder,
            "a name or folder of its own for each run",
            "models lie in folders of runs, in no store",
        ),
        (
            StoreKind::CiArtifact,
            "kept as a CI artifact",
            "CI keeps the model for a while, but no store gives it a version",
        ),
        (
            StoreKind::Committed,
            "model files in Git",
            "model files are in Git as plain files, without a store",
        ),
    ] {
        let found = of(&[kind], true);
        if !found.is_empty() {
            return Judgement::partial(finding, places(&found), missing);
        }
    }
    unmet(models)
}

/// Whether the call that stores is one of a tracker that is switched off.
fn is_off(facts: &Facts<'_>, store: &Store) -> bool {
    let (path, place) = (&store.evidence.path, store.evidence.place);
    let is_here = |found: &&Evidence| found.path == *path && found.place == place;
    let records = facts.tracking.records.iter().map(|record| &record.evidence);
    facts
        .tracking
        .idle
        .iter()
        .map(|idle| &idle.evidence)
        .any(|found| is_here(&found))
        && !records.clone().any(|found| is_here(&found))
}

/// Whether what stores models is no business of training scripts, or most of them reach it.
fn stores_most(models: &Models) -> bool {
    let good = |position: &usize| {
        let store = &models.stores[*position];
        store.kind <= StoreKind::Release && !store.vanishes
    };
    let storing = models
        .entries
        .iter()
        .filter(|(_, stores)| stores.iter().any(good))
        .count();
    let by_others = models.stores.iter().enumerate().any(|(position, store)| {
        store.kind <= StoreKind::Release
            && !store.vanishes
            && !models
                .entries
                .iter()
                .any(|(_, stores)| stores.contains(&position))
    });
    by_others || storing * 2 >= models.entries.len()
}

fn names(stores: &[&Store]) -> String {
    let mut names: Vec<&str> = stores.iter().map(|store| store.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(3);
    names.join(", ")
}

fn places(stores: &[&Store]) -> Vec<Evidence> {
    let mut places: Vec<Evidence> = stores.iter().map(|store| store.evidence.clone()).collect();
    places.sort();
    places.dedup();
    places.truncate(6);
    places
}

fn unmet(models: &Models) -> Judgement {
    if let Some(unreached) = &models.unreached {
        return Judgement::unmet("the call that stores the model is reached by nothing")
            .near("", vec![unreached.clone()]);
    }
    match models.saves.first() {
        Some(save) => {
            let path = save
                .path
                .as_ref()
                .filter(|path| !path.contains('{'))
                .map_or_else(String::new, |path| format!(" `{path}`"));
            Judgement::unmet(format!("each training overwrites its model{path}"))
                .near("", vec![save.evidence.clone()])
        }
        None => Judgement::unmet("no trained model is kept"),
    }
}

/// Applications of language models: prompts and ids of models are the model.
fn prompts(models: &Models) -> Judgement {
    if !models.prompt_stores.is_empty() {
        return Judgement::met("prompts from a store", first(&models.prompt_stores));
    }
    if !models.dated_ids.is_empty() && models.moving_ids.is_empty() {
        return Judgement::met("ids of models name dated snapshots", first(&models.dated_ids));
    }
    let calls = if models.moving_ids.is_empty() {
        &models.model_calls
    } else {
        &models.moving_ids
    };
    Judgement::partial(
        "prompts and ids of models are code in Git",
        first(calls),
        "ids of models are aliases that move, and no store gives prompts a version",
    )
}

fn first(found: &[Evidence]) -> Vec<Evidence> {
    let mut found = found.to_vec();
    found.sort();
    found.dedup();
    found.truncate(5);
    found
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    let models = &facts.versioning.models;
    let missing = judgement.missing.first().cloned().unwrap_or_default();
    if facts.assessment.kind == Kind::LlmApp {
        return Advice {
            cause: "model-not-pinned".to_owned(),
            gap: format!("The prompts and ids of models stand for the model here: {missing}."),
            recommendation: "Name dated snapshots of the models that you call, and keep prompts in a store that counts their versions."
                .to_owned(),
            implementation: pinned_model(facts, judgement),
            tools: vec!["Langfuse".to_owned(), "MLflow Prompt Registry".to_owned()],
            fixable: false,
            locations: judgement.evidence.clone(),
        };
    }
    let save = models.saves.first();
    let place = save.map_or_else(String::new, |save| {
        format!(
            " The model is saved at {} by `{}`.",
            save.evidence.location(),
            save.what
        )
    });
    let (recommendation, implementation, tools) = remedy(facts, save);
    Advice {
        cause: "no-model-store".to_owned(),
        gap: format!("No store gives trained models a version: {missing}.{place}"),
        recommendation,
        implementation,
        tools,
        fixable: false,
        locations: save.map_or_else(|| judgement.evidence.clone(), |save| vec![save.evidence.clone()]),
    }
}

/// A dated snapshot of the model, and prompts from a store.
fn pinned_model(facts: &Facts<'_>, judgement: &Judgement) -> Implementation {
    let is_of_openai = facts.assessment.frameworks.iter().any(|found| found == "openai");
    if !is_of_openai {
        let place = judgement.evidence.first().map_or_else(
            || "where the model is called".to_owned(),
            |place| format!("at {}", place.location()),
        );
        return Implementation::default()
            .decide(format!("{place}: name a version of the model that its provider keeps as it is, not an alias that moves"))
            .decide("keep the prompts in files or in a store that counts their versions, and record the version with each answer");
    }
    let lines = "MODEL = \"gpt-4o-2024-08-06\"  # a dated snapshot of the model, not its alias\nprompt = langfuse.get_prompt(\"answer\", version=3)";
    match judgement.evidence.first() {
        Some(place) => Implementation::default().change(place, lines),
        None => Implementation::default()
            .decide("name a dated snapshot of the model, such as gpt-4o-2024-08-06, and fetch prompts by their version, such as langfuse.get_prompt(\"answer\", version=3)"),
    }
}

/// The store that fits the project's tracker and framework.
fn remedy(facts: &Facts<'_>, save: Option<&Save>) -> (String, Implementation, Vec<String>) {
    let trackers = &facts.assessment.experiment_trackers;
    if save.is_none() && trains_nothing(facts) {
        return pinned_weights(facts);
    }
    let value = save.and_then(|save| save.value.as_deref()).unwrap_or("model");
    let path = save
        .and_then(|save| save.path.as_deref())
        .filter(|path| is_plain(path))
        .or_else(|| facts.versioning.models.plain_file())
        .unwrap_or("models/model.joblib");
    let fit = fit(facts);
    let place = save.map(|save| &save.evidence).or(fit.as_ref());
    let after = place.map_or_else(
        || "after the fit".to_owned(),
        |place| format!("after {}", place.location()),
    );
    let below = |lines: String| match place {
        Some(place) => Implementation::default().add(&below_whole(&facts.basis.codebase, place), lines),
        None => Implementation::default().change(&Evidence::file("the training script", "trains"), lines),
    };
    let uses = |name: &str| trackers.iter().any(|tracker| tracker == name);
    if uses("wandb") {
        return (
            format!("Store the model as an artifact of the W&B run that you already start, {after}."),
            below(format!(
                "artifact = wandb.Artifact(\"model\", type=\"model\")\nartifact.add_file(\"{path}\")\nwandb.log_artifact(artifact, aliases=[\"latest\"])"
            )),
            vec!["Weights & Biases".to_owned()],
        );
    }
    if uses("dvc") && !uses("mlflow") {
        return (
            format!(
                "Let the training stage of `dvc.yaml` own `{path}`: DVC then keeps each version by its hash."
            ),
            Implementation::default().change(
                &Evidence::file("dvc.yaml", "holds the stages"),
                format!("stages:\n  train:\n    outs:\n      - {path}"),
            ),
            vec!["DVC".to_owned()],
        );
    }
    if place.is_some_and(|place| language_of(&facts.basis.codebase, place) != Language::Python) {
        return in_other_language(facts, place, &after);
    }
    let flavour = flavour(facts, save, place);
    let log = format!(
        "mlflow.{flavour}.log_model({value}, name=\"model\", registered_model_name=\"{}\")",
        registered_name(facts)
    );
    let steps = if uses("mlflow") {
        below(log)
    } else {
        Implementation::default()
            .run(add_package(facts, "mlflow"))
            .then(below(format!(
                "import mlflow\n\nwith mlflow.start_run():\n    {log}"
            )))
    };
    let service = match facts.serving.deployments.is_empty() {
        true => "whatever uses it loads it by name and version",
        false => "load it in the service by name and version",
    };
    (
        format!("Log the model to MLflow with a registered name, {after}; {service}."),
        steps.decide("set MLFLOW_TRACKING_URI to a server that the team shares"),
        vec!["MLflow Model Registry".to_owned(), "DVC".to_owned()],
    )
}

/// For programs that only use a model that others have trained: its revision or checksum is its version.
fn pinned_weights(facts: &Facts<'_>) -> (String, Implementation, Vec<String>) {
    let loads = facts.basis.uses.with(Role::LoadModel);
    let mut loads = loads.filter(|found| !facts.basis.codebase.file(found.file).is_test);
    let place = loads.next().map_or_else(
        || "where the model is loaded".to_owned(),
        |found| format!("at {}", found.evidence(&facts.basis.codebase).location()),
    );
    (
        format!("Nothing is trained here, so the version of the model is that of its weights: pin them {place}."),
        Implementation::default()
            .decide("write down where the weights come from, and their SHA-256 (`sha256sum FILE`), in a committed file")
            .decide(format!("{place}: name the revision that is fetched, or refuse a file whose checksum is another one"))
            .decide("run the model over labelled examples before the checksum is changed, and keep the figures beside it"),
        vec!["DVC".to_owned(), "Hugging Face Hub".to_owned()],
    )
}

/// For training in R or Julia: what MLflow does there, in words where its calls depend on the model.
fn in_other_language(
    facts: &Facts<'_>,
    place: Option<&Evidence>,
    after: &str,
) -> (String, Implementation, Vec<String>) {
    let is_r = place.is_some_and(|place| language_of(&facts.basis.codebase, place) == Language::R);
    let start = Implementation::default();
    let steps = match is_r {
        true => start
            .run(add_package(facts, "mlflow"))
            .decide(format!("{after}: save the fitted model by `saveRDS`, and hand the file to the run by `mlflow_log_artifact(\"model.rds\")` inside `with(mlflow_start_run(), {{ … }})`"))
            .decide("set MLFLOW_TRACKING_URI to a server that the team shares"),
        false => start.decide(format!("{after}: save the fitted model under a name with the commit, and push the file to a store that keeps each version, such as DVC")),
    };
    let tools = match is_r {
        true => vec!["MLflow".to_owned(), "DVC".to_owned()],
        false => vec!["DVC".to_owned()],
    };
    (
        format!(
            "Keep the fitted model of each run under a version of its own, {after}, and load it by that version."
        ),
        steps,
        tools,
    )
}

/// Where the main training fits its model.
fn fit(facts: &Facts<'_>) -> Option<Evidence> {
    let basis = &facts.basis;
    let site = basis.training.sites_of(leading_entry(basis)?).next()?;
    Some(basis.codebase.evidence(site.file, site.place, "fits the model"))
}
