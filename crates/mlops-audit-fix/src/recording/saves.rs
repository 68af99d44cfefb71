//! The files that a run saves its model to.

use mlops_audit_formats::code::{Call, Expr};
use mlops_audit_formats::python::StatementKind;

use super::{Edited, Scene, Spot};

/// A model that is saved to a file.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    /// The statement below which the file is whole.
    pub(crate) spot: Spot,
    /// The path, as the code writes it.
    pub(crate) path: String,
    /// What is saved, where it has a name.
    pub(crate) value: Option<String>,
    /// The call that saves it, by its position in the file.
    pub(crate) call: u32,
}

/// The statements that save the model, the first of each file.
pub(crate) fn saves(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Vec<Saved> {
    let mut found: Vec<Saved> = Vec::new();
    let models = &scene.inspection.facts().versioning.models;
    for save in &models.saves {
        let codebase = scene.codebase();
        let Some(file) = codebase.position(&save.evidence.path) else {
            continue;
        };
        let at_place = codebase
            .calls_of(file)
            .filter(|site| site.call.place == save.evidence.place);
        for site in at_place {
            if !scene.runs(file, site.call.scope, site.call.block)
                || found.iter().any(|known| known.spot.file == file)
            {
                continue;
            }
            let Some(spot) = edited.spot(file, site.call.scope, site.call.block, site.call.span.start) else {
                continue;
            };
            let target = codebase.target(site);
            let saved = if target.ends_with("pickle.dump") || target.ends_with("dill.dump") {
                through_handle(edited, spot, site.call)
            } else {
                path_of(edited, target, site.call, save.path.as_deref(), spot.file).map(|path| (spot, path))
            };
            found.extend(saved.map(|(spot, path)| Saved {
                spot,
                path,
                value: save.value.clone(),
                call: site.index,
            }));
        }
    }
    found
}

/// The argument that names the file, as it is written. `known` is what it comes to, as far as that is known.
fn path_of(
    edited: &mut Edited<'_>,
    target: &str,
    call: &Call,
    known: Option<&str>,
    file: u32,
) -> Option<String> {
    let method = target.rsplit('.').next().unwrap_or_default();
    let position = match method {
        "dump" | "save" if target.starts_with("torch.") || target.starts_with("joblib.") => 1,
        "save" | "save_model" | "save_weights" | "save_pretrained" => 0,
        _ => return None,
    };
    const NAMES: &[&str] = &["f", "filename", "filepath", "path", "save_directory"];
    let by_name = call
        .arguments
        .iter()
        .find(|argument| argument.name.as_deref().is_some_and(|name| NAMES.contains(&name)));
    let by_position = call
        .arguments
        .iter()
        .filter(|argument| argument.name.is_none())
        .nth(position);
    let argument = by_name.or(by_position)?;
    let is_path = matches!(
        argument.value,
        Expr::String(_)
            | Expr::Name(_)
            | Expr::Format(..)
            | Expr::Binary(..)
            | Expr::Attribute(..)
            | Expr::Subscript(..)
    ) || matches!(argument.value, Expr::Call(_));
    let module = edited.module(file)?;
    let text = &module.text()[argument.span.start as usize..argument.span.end as usize];
    // Some methods write a folder, or add an ending of their own: the path has to be that of a file.
    let writes_as_told = ["torch.", "joblib.", "catboost.", "lightgbm.", "xgboost."]
        .iter()
        .any(|root| target.starts_with(root));
    let has_ending = known.is_some_and(|path| path.rsplit('/').next().is_some_and(|name| name.contains('.')));
    if !(has_ending || known.is_none() && writes_as_told) {
        return None;
    }
    // What is handed to a saver of a project's own may be anything: a path has to look like one.
    let is_library = target.starts_with("torch.") || target.starts_with("joblib.");
    let lower = text.to_ascii_lowercase();
    let says_path = ["path", "file", "ckpt", "checkpoint", "dest", "save_to", "out"]
        .iter()
        .any(|word| lower.contains(word));
    let is_path = is_path
        && (is_library
            || says_path
            || matches!(
                argument.value,
                Expr::String(_) | Expr::Format(..) | Expr::Binary(..)
            ));
    // What is computed anew might give another name, and a folder goes by another call.
    let is_stable = is_path
        && !text.contains('\n')
        && !["now(", "time(", "uuid", "strftime"]
            .iter()
            .any(|word| text.contains(word));
    let holds_files = method != "save_pretrained";
    (is_stable && holds_files).then(|| text.to_owned())
}

/// `with open("model.pkl", "wb") as file: pickle.dump(model, file)`: the file is whole below the `with`.
fn through_handle(edited: &mut Edited<'_>, spot: Spot, call: &Call) -> Option<(Spot, String)> {
    let handle = call.positional(1)?.as_name()?.path.clone();
    let module = edited.module(spot.file)?;
    let with = module.layout.statements[spot.statement].parent?;
    let statement = &module.layout.statements[with];
    if statement.kind != StatementKind::With {
        return None;
    }
    let code = module.code;
    let open = code.assignments.iter().find(|found| {
        let is_here = statement.span.start <= found.span.start && found.span.end <= statement.span.end;
        is_here && found.target == handle
    })?;
    let Expr::Call(index) = &open.value else {
        return None;
    };
    let open = code.calls.get(*index as usize)?;
    let path = open.arguments.first()?;
    if open.method() != "open" || open.arguments.len() < 2 {
        return None;
    }
    let text = module.text()[path.span.start as usize..path.span.end as usize].to_owned();
    let start = statement.span.start as usize;
    let is_alone = module.rewrite.code().line_at(start).start + module.indentation(start).len() == start;
    let below = Spot {
        statement: with,
        offset: statement.span.start,
        ..spot
    };
    (is_alone && !text.contains('\n')).then_some((below, text))
}
