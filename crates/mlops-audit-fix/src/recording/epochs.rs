//! What a training loop measures in each of its rounds.

use mlops_audit_core::extract::codebase::{FileIndex, Node};
use mlops_audit_formats::code::{Assignment, AssignmentKind, BlockKind, Code, Element, Expr};

use super::{Edited, Measured, Named, Scene};

/// The loop over epochs.
struct Rounds {
    file: FileIndex,
    /// The variable that counts.
    counter: String,
    /// The block of the loop's body.
    block: u32,
}

/// What the loop over epochs measures: numbers that it is sure to have at the end of each round.
pub(crate) fn epochs(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<Measured> {
    let rounds = rounds(scene)?;
    let code = &scene.codebase().file(rounds.file).code;
    let mut values: Vec<Named> = Vec::new();
    let mut last: Option<&Assignment> = None;
    for assignment in code
        .assignments
        .iter()
        .filter(|found| found.block == rounds.block)
    {
        let Some(value) = measured(scene, rounds.file, assignment) else {
            continue;
        };
        values.retain(|known| known.name != assignment.target);
        values.push(Named {
            name: assignment.target.to_string(),
            value,
        });
        last = Some(assignment);
    }
    let last = last?;
    let mut spot = edited.spot(rounds.file, last.scope, last.block, last.span.start)?;
    // Sums that batches add to are whole where the loop over the batches has ended.
    let module = edited.module(rounds.file)?;
    for named in &values {
        for added in code.assignments.iter().filter(|found| found.target == named.name) {
            let is_within = added.block != rounds.block
                && code
                    .blocks_around(added.block)
                    .any(|block| std::ptr::eq(block, &code.blocks[rounds.block as usize]));
            if !is_within {
                continue;
            }
            let mut statement = module.layout.innermost(added.span.start)?;
            while module.layout.statements[statement].parent
                != module.layout.statements[spot.statement].parent
            {
                statement = module.layout.statements[statement].parent?;
            }
            spot.statement = spot.statement.max(statement);
        }
    }
    // A sum from which a mean is made says less than the mean.
    let shown: Vec<&Expr> = code
        .assignments
        .iter()
        .filter(|found| found.block == rounds.block && values.iter().any(|value| value.name == found.target))
        .map(|found| &found.value)
        .collect();
    let is_part = |name: &str| {
        shown.iter().any(|value| matches!(value, Expr::Binary(left, ..) if left.as_name().is_some_and(|left| left.path == name)))
    };
    let values = values
        .iter()
        .filter(|value| !is_part(&value.name))
        .cloned()
        .collect();
    Some(Measured {
        spot,
        values,
        mapping: None,
        step: Some(rounds.counter),
    })
}

/// The loop whose rounds lead to the optimisation: the innermost that counts.
fn rounds(scene: &Scene<'_>) -> Option<Rounds> {
    let codebase = scene.codebase();
    let training = &scene.inspection.facts().basis.training;
    let sites: Vec<Node> = training
        .sites
        .iter()
        .map(|site| site.node)
        .filter(|node| scene.reached.contains(*node))
        .collect();
    let mut found: Vec<Rounds> = Vec::new();
    for file in scene.files() {
        let code = &codebase.file(file).code;
        for counter in code
            .assignments
            .iter()
            .filter(|found| found.kind == AssignmentKind::Loop)
        {
            if !scene.runs(file, counter.scope, counter.block) || !is_counting(code, counter) {
                continue;
            }
            let BlockKind::For(_) = code.blocks[counter.block as usize].kind else {
                continue;
            };
            let within = |block: u32| {
                code.blocks_around(block)
                    .any(|around| std::ptr::eq(around, &code.blocks[counter.block as usize]))
            };
            let leads = codebase
                .calls_of(file)
                .filter(|site| site.call.scope == counter.scope && within(site.call.block))
                .any(|site| {
                    let is_site = training
                        .sites
                        .iter()
                        .any(|known| known.file == file && known.call == site.index);
                    is_site
                        || codebase.callee(site).is_some_and(|callee| {
                            let reached = codebase.reach_calls([Node::definition(callee.file, callee.scope)]);
                            sites.iter().any(|node| reached.contains(*node))
                        })
                });
            let outer = code.blocks[counter.block as usize].parent;
            let node = codebase.node_at(file, counter.scope, counter.block);
            if leads && !code.in_loop(outer) && scene.runs_once(node) {
                found.push(Rounds {
                    file,
                    counter: counter.target.to_string(),
                    block: counter.block,
                });
            }
        }
    }
    match found.len() {
        1 => found.pop(),
        _ => None,
    }
}

/// Whether a loop counts: `for epoch in range(…)`, also behind a progress bar. A loop over batches is too hot to record
/// each of its rounds, so the counter's name has to say that it counts epochs.
fn is_counting(code: &Code, counter: &Assignment) -> bool {
    let name = counter.target.to_ascii_lowercase();
    let is_epoch = name.contains("epoch") || matches!(name.as_str(), "ep" | "e");
    is_epoch && is_range(code, &counter.value, 3)
}

fn is_range(code: &Code, value: &Expr, depth: u32) -> bool {
    let Expr::Call(index) = value else { return false };
    let Some(call) = code.calls.get(*index as usize) else {
        return false;
    };
    match call.method() {
        "range" | "trange" => true,
        "tqdm" if depth > 0 => call
            .positional(0)
            .is_some_and(|value| is_range(code, value, depth - 1)),
        _ => false,
    }
}

/// How the value of an assignment in the loop is recorded; `None` where it is no number that measures training.
fn measured(scene: &Scene<'_>, file: FileIndex, assignment: &Assignment) -> Option<String> {
    let name = &assignment.target;
    let lower = name.to_ascii_lowercase();
    const WORDS: &[&str] = &[
        "loss",
        "acc",
        "auc",
        "f1",
        "precision",
        "recall",
        "score",
        "error",
        "mae",
        "mse",
        "iou",
        "dice",
        "perplexity",
        "ppl",
    ];
    let is_named = WORDS
        .iter()
        .any(|word| lower.split('_').any(|part| part == *word) || lower.ends_with(word))
        && !lower.contains("best")
        && !lower.contains("criterion");
    if !is_named
        || name.contains(['.', '['])
        || matches!(assignment.kind, AssignmentKind::Loop | AssignmentKind::With)
    {
        return None;
    }
    is_number(
        scene,
        file,
        assignment.scope,
        &assignment.value,
        assignment.element,
        5,
    )
    .then(|| name.to_string())
}

/// Whether an expression is sure to be one number or a tensor of one.
fn is_number(
    scene: &Scene<'_>,
    file: FileIndex,
    scope: u32,
    value: &Expr,
    element: Option<Element>,
    depth: u32,
) -> bool {
    if depth == 0 {
        return false;
    }
    let codebase = scene.codebase();
    let code = &codebase.file(file).code;
    let inner = |value: &Expr| is_number(scene, file, scope, value, None, depth - 1);
    match (value, element) {
        (Expr::Number(_), None) => true,
        (Expr::Binary(left, operator, right), None) => {
            let divides = matches!(operator.as_str(), "/" | "*") && inner(left);
            divides || inner(left) && inner(right)
        }
        (Expr::Name(name), None) => {
            let bound: Vec<&Assignment> = code
                .assignments
                .iter()
                .filter(|found| found.scope == scope && found.target == name.path)
                .collect();
            !bound.is_empty()
                && bound.iter().all(|found| {
                    found.value != *value
                        && (found.kind == AssignmentKind::Augmented
                            || is_number(scene, file, scope, &found.value, found.element, depth - 1))
                })
                && bound.iter().any(|found| found.kind != AssignmentKind::Augmented)
        }
        (Expr::Call(index), _) => {
            let Some(site) = codebase.calls_of(file).nth(*index as usize) else {
                return false;
            };
            if let Some(callee) = codebase.callee(site) {
                return gives_number(scene, callee.file, callee.scope, element, depth - 1);
            }
            if element.is_some() {
                return false;
            }
            let target = codebase.target(site);
            let last = target.rsplit('.').next().unwrap_or_default();
            let is_criterion = site.call.target.path.rsplit('.').next().is_some_and(|name| {
                matches!(
                    name.to_ascii_lowercase().as_str(),
                    "criterion" | "loss_fn" | "loss_func" | "loss_function"
                )
            });
            // A loss of PyTorch is a tensor of one number unless it is told not to reduce.
            let is_loss = (target.starts_with("torch.nn.")
                && (last == "__call__" || last.contains("loss") || last.contains("cross_entropy")))
                && site.call.keyword("reduction").is_none();
            last == "item"
                || matches!(target, "float" | "numpy.mean" | "statistics.mean")
                || target.starts_with("sklearn.metrics.")
                    && (last.ends_with("_score") || last.ends_with("_error"))
                || is_loss
                || is_criterion && target.starts_with("torch.")
        }
        _ => false,
    }
}

/// Whether a function of the project gives a number, or one as this element of what it gives, wherever it returns.
fn gives_number(
    scene: &Scene<'_>,
    file: FileIndex,
    scope: u32,
    element: Option<Element>,
    depth: u32,
) -> bool {
    let code = &scene.codebase().file(file).code;
    let returns: Vec<&Expr> = code
        .returns
        .iter()
        .filter(|found| found.scope == scope)
        .map(|found| &found.value)
        .collect();
    !returns.is_empty()
        && returns.iter().all(|value| match (value, element) {
            (Expr::List(items), Some(element)) => items
                .get(element.position() as usize)
                .is_some_and(|item| is_number(scene, file, scope, item, None, depth)),
            (value, None) => is_number(scene, file, scope, value, None, depth),
            _ => false,
        })
}
