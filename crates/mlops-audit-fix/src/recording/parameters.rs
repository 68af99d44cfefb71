//! The parameters that the code of a run has, under a name that it binds.

use mlops_audit_core::extract::codebase::{FileIndex, Node};
use mlops_audit_formats::code::{Assignment, AssignmentKind, Code, Expr, Scope, ScopeKind};

use super::starts::first_statement;
use super::{Edited, Scene, Spot, is_secret};

/// Parameters, as an expression that gives a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    /// The expression: `vars(args)`, `config`, `{"lr": lr}`.
    pub(crate) mapping: String,
    /// Where its names are bound.
    pub(crate) binding: Binding,
    /// A name that the expression needs, with the line that imports it.
    pub(crate) needed: Option<(&'static str, &'static str)>,
}

/// Where names are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// By this statement.
    Below(Spot),
    /// From the start of a function, above its first statement.
    Function(Spot),
    /// In the whole file, from the statements at its top on.
    Module(Spot),
}

/// The parameters of a run, the most complete that it has.
pub(crate) fn parameters(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Parameters> {
    of_command_line(scene, edited)
        .or_else(|| of_decorated(scene, edited))
        .or_else(|| of_mapping(scene, edited))
        .or_else(|| of_constants(scene, edited))
        .or_else(|| of_training_function(scene, edited))
}

/// `args = parser.parse_args()`, or what a function gives that parses.
fn of_command_line(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Parameters> {
    let mut direct = None;
    for file in scene.files() {
        let code = &scene.codebase().file(file).code;
        for assignment in plain_assignments(scene, file) {
            let Expr::Call(call) = &assignment.value else {
                continue;
            };
            if assignment.element.is_some_and(|element| element.position() > 0) {
                continue;
            }
            if is_parsing(code, *call) {
                direct = direct.or(Some((file, assignment)));
                continue;
            }
            let site = scene.codebase().calls_of(file).nth(*call as usize)?;
            let Some(callee) = scene.codebase().callee(site) else {
                continue;
            };
            if assignment.element.is_none()
                && gives_parsed(&scene.codebase().file(callee.file).code, callee.scope)
            {
                let secret = has_secret_options(scene, callee.file);
                return (!secret)
                    .then(|| of_namespace(edited, file, assignment))
                    .flatten();
            }
        }
    }
    let (file, assignment) = direct?;
    (!has_secret_options(scene, file)).then(|| of_namespace(edited, file, assignment))?
}

fn of_namespace(edited: &mut Edited<'_>, file: FileIndex, assignment: &Assignment) -> Option<Parameters> {
    let spot = edited.spot(file, assignment.scope, assignment.block, assignment.span.start)?;
    Some(Parameters {
        mapping: format!("vars({})", assignment.target),
        binding: Binding::Below(spot),
        needed: None,
    })
}

fn is_parsing(code: &Code, call: u32) -> bool {
    let call = code.calls.get(call as usize);
    call.is_some_and(|call| {
        matches!(call.method(), "parse_args" | "parse_known_args") && call.target.path.contains('.')
    })
}

/// Whether a function gives what it parsed.
fn gives_parsed(code: &Code, scope: u32) -> bool {
    let parsed = |value: &Expr| matches!(value, Expr::Call(call) if is_parsing(code, *call));
    code.returns
        .iter()
        .filter(|found| found.scope == scope)
        .any(|found| match &found.value {
            Expr::Name(name) => code.assignments.iter().any(|assignment| {
                assignment.scope == scope && assignment.target == name.path && parsed(&assignment.value)
            }),
            value => parsed(value),
        })
}

fn has_secret_options(scene: &Scene<'_>, file: FileIndex) -> bool {
    let mut calls = scene.codebase().file(file).code.calls.iter();
    calls.any(|call| {
        let mut names = call
            .arguments
            .iter()
            .filter_map(|argument| argument.value.as_str());
        call.method() == "add_argument" && names.any(|name| is_secret(name.trim_start_matches('-')))
    })
}

/// The parameters of a function that Hydra, Click or Typer calls.
fn of_decorated(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Parameters> {
    let code = &scene.codebase().file(scene.file).code;
    for (at, scope) in (0u32..).zip(&code.scopes) {
        if scope.kind != ScopeKind::Function || !scene.reached.contains(Node::definition(scene.file, at)) {
            continue;
        }
        let by = |library: &str| {
            scope
                .decorators
                .iter()
                .any(|decorator| names(code, decorator, library))
        };
        let names: Vec<&str> = scope
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        let (mapping, needed) = match names.as_slice() {
            [config] if by("hydra.main") => (
                format!("OmegaConf.to_container({config}, resolve=True)"),
                Some(("OmegaConf", "from omegaconf import OmegaConf")),
            ),
            [] => continue,
            names if by("click.") || by("typer.") => {
                let open: Vec<&str> = names
                    .iter()
                    .copied()
                    .filter(|name| !is_secret(name) && *name != "ctx")
                    .collect();
                (written(&open), None)
            }
            _ => continue,
        };
        let spot = first_statement(edited, scene.file, at)?;
        return Some(Parameters {
            mapping,
            binding: Binding::Function(spot),
            needed,
        });
    }
    None
}

fn names(code: &Code, decorator: &Expr, library: &str) -> bool {
    let path = match decorator {
        Expr::Name(name) => &name.path,
        Expr::Call(call) => match code.calls.get(*call as usize) {
            Some(call) => &call.target.path,
            None => return false,
        },
        _ => return false,
    };
    path.starts_with(library)
}

/// A dictionary that is named as one of parameters.
fn of_mapping(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Parameters> {
    for file in scene.files() {
        for assignment in plain_assignments(scene, file) {
            let is_open = match &assignment.value {
                Expr::Dict(entries) => entries.len() >= 2 && is_open_dictionary(entries),
                _ => false,
            };
            let node = scene.codebase().node_at(file, assignment.scope, assignment.block);
            let code = &scene.codebase().file(file).code;
            if !is_open
                || !says_parameters(&assignment.target)
                || code.in_loop(assignment.block)
                || !scene.runs_once(node)
            {
                continue;
            }
            let is_searched = code.calls.iter().any(|call| {
                call.method().contains("Search")
                    && call.arguments.iter().any(|argument| {
                        argument
                            .value
                            .as_name()
                            .is_some_and(|name| name.path == assignment.target)
                    })
            });
            if is_searched {
                continue;
            }
            let Some(spot) = edited.spot(file, assignment.scope, assignment.block, assignment.span.start)
            else {
                continue;
            };
            // A module's own settings are bound before any run of another file begins.
            if node.scope == 0 && file != scene.file {
                continue;
            }
            return Some(Parameters {
                mapping: assignment.target.to_string(),
                binding: if node.scope == 0 {
                    Binding::Module(spot)
                } else {
                    Binding::Below(spot)
                },
                needed: None,
            });
        }
    }
    None
}

/// Whether all keys are texts, no value is a mapping or a call, and none is secret.
fn is_open_dictionary(entries: &[(Option<Expr>, Expr)]) -> bool {
    entries.iter().all(|(key, value)| {
        let key = key.as_ref().and_then(Expr::as_str);
        let is_plain = matches!(
            value,
            Expr::Number(_) | Expr::String(_) | Expr::Bool(_) | Expr::None | Expr::Name(_) | Expr::List(_)
        );
        is_plain && key.is_some_and(|key| !is_secret(key))
    })
}

fn says_parameters(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_plain = lower
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_plain
        && !lower.contains("grid")
        && !lower.contains("space")
        && !lower.contains("dist")
        && (matches!(lower.as_str(), "config" | "cfg" | "conf" | "settings" | "args")
            || lower.ends_with("params")
            || lower.ends_with("parameters")
            || lower.ends_with("_config"))
}

/// Constants of the file that the run starts with which are named as hyper-parameters.
fn of_constants(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Parameters> {
    let code = &scene.codebase().file(scene.file).code;
    let constants: Vec<&Assignment> = plain_assignments(scene, scene.file)
        .filter(|found| found.scope == 0 && found.block == 0 && found.element.is_none())
        .filter(|found| matches!(found.value, Expr::Number(_) | Expr::Bool(_) | Expr::String(_)))
        .filter(|found| is_hyper_parameter(&found.target))
        .filter(|found| {
            let bound = code.assignments.iter();
            bound
                .filter(|other| other.target == found.target && other.scope == 0)
                .count()
                == 1
        })
        .collect();
    let names: Vec<&str> = constants.iter().map(|found| found.target.as_str()).collect();
    let is_telling = names
        .iter()
        .any(|name| !name.to_ascii_lowercase().contains("seed"));
    let last = constants.last().filter(|_| is_telling)?;
    let spot = edited.spot(scene.file, last.scope, last.block, last.span.start)?;
    Some(Parameters {
        mapping: written(&names),
        binding: Binding::Module(spot),
        needed: None,
    })
}

/// The parameters of the function that trains which are named as hyper-parameters.
fn of_training_function(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Parameters> {
    let training = &scene.inspection.facts().basis.training;
    for site in training
        .sites
        .iter()
        .filter(|site| scene.reached.contains(site.node))
    {
        let code = &scene.codebase().file(site.file).code;
        let Some(scope) = code.scopes.get(site.node.scope as usize) else {
            continue;
        };
        let names = hyper_parameters(scope);
        let is_telling = names.iter().any(|name| !name.contains("seed"));
        if site.node.scope == 0 || !is_telling || !scene.runs_once(site.node) {
            continue;
        }
        let Some(spot) = first_statement(edited, site.file, site.node.scope) else {
            continue;
        };
        return Some(Parameters {
            mapping: written(&names),
            binding: Binding::Function(spot),
            needed: None,
        });
    }
    None
}

fn hyper_parameters(scope: &Scope) -> Vec<&str> {
    let names = scope.parameters.iter().map(|parameter| parameter.name.as_str());
    // `optimizer` and the like are objects where a function is handed them.
    names
        .filter(|name| is_hyper_parameter(name))
        .filter(|name| !["optimizer", "criterion", "scheduler", "loss", "model"].contains(name))
        .collect()
}

/// Assignments of a file to plain names, in the run.
fn plain_assignments<'run>(scene: &Scene<'run>, file: FileIndex) -> impl Iterator<Item = &'run Assignment> {
    let scene = *scene;
    let code = &scene.codebase().file(file).code;
    code.assignments.iter().filter(move |found| {
        let is_plain = matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated);
        is_plain && !found.target.contains(['.', '[']) && scene.runs(file, found.scope, found.block)
    })
}

/// A dictionary of names.
fn written(names: &[&str]) -> String {
    let entries: Vec<String> = names.iter().map(|name| format!("\"{name}\": {name}")).collect();
    format!("{{{}}}", entries.join(", "))
}

/// Whether a name is one that everybody gives to a hyper-parameter.
fn is_hyper_parameter(name: &str) -> bool {
    const WHOLE: &[&str] = &[
        "alpha",
        "batch",
        "beta",
        "block_size",
        "bs",
        "decay",
        "depth",
        "dropout",
        "epoch",
        "epochs",
        "eta",
        "gamma",
        "grad_clip",
        "hidden",
        "hidden_dim",
        "hidden_size",
        "iterations",
        "kernel",
        "latent_dim",
        "lr",
        "max_depth",
        "max_iter",
        "max_iters",
        "max_len",
        "max_length",
        "momentum",
        "n_embd",
        "n_estimators",
        "n_head",
        "n_layer",
        "num_layers",
        "num_leaves",
        "optimizer",
        "patience",
        "seed",
        "test_size",
        "units",
        "warmup",
        "weight_decay",
    ];
    const ENDINGS: &[&str] = &[
        "_batch_size",
        "_dim",
        "_dropout",
        "_epochs",
        "_iters",
        "_layers",
        "_lr",
        "_rate",
        "_seed",
        "_steps",
    ];
    let lower = name.to_ascii_lowercase();
    let is_whole = [
        "learning_rate",
        "batch_size",
        "random_state",
        "image_size",
        "img_size",
    ]
    .contains(&lower.as_str());
    is_whole || WHOLE.contains(&lower.as_str()) || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}
