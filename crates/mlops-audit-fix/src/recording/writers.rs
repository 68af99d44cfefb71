//! Hyper-parameters beside the scalars that a run writes for TensorBoard.

use mlops_audit_core::extract::codebase::Site;
use mlops_audit_formats::code::{BlockKind, Expr};

use super::parameters::parameters;
use super::{Binding, Edited, Scene, Spot};
use crate::python::is_identifier;

/// What writes for TensorBoard.
const WRITERS: &[&str] = &[
    "tensorboardX.SummaryWriter",
    "tensorboardX.writer.SummaryWriter",
    "torch.utils.tensorboard.SummaryWriter",
    "torch.utils.tensorboard.writer.SummaryWriter",
];

/// Hands the parameters of a run to its one writer, below the statement that makes it or below the one that binds them;
/// `None` where it is not sure that both are there.
pub(crate) fn hyper_parameters(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Option<()> {
    let (writer, site) = writer(scene)?;
    let made = edited.spot(site.file, site.call.scope, site.call.block, site.call.span.start)?;
    let given = parameters(scene, edited).filter(|given| given.needed.is_none())?;
    let below = match given.binding {
        Binding::Below(spot) | Binding::Module(spot) if is_beside(spot, made) => {
            if spot.offset > made.offset { spot } else { made }
        }
        Binding::Module(spot) if spot.file == made.file => made,
        Binding::Function(spot) if spot.node == made.node => made,
        _ => return None,
    };
    // It takes numbers and texts only, and a missing value is none.
    let numbers = "value if isinstance(value, (int, float)) else str(value)";
    let items = match given.mapping.starts_with('{') {
        true => format!("({}).items()", given.mapping),
        false => format!("{}.items()", given.mapping),
    };
    let lines = [
        format!("{writer}.add_hparams("),
        format!("    {{name: {numbers} for name, value in {items}}},"),
        "    {},".to_owned(),
        ")".to_owned(),
    ];
    edited.put_below(below, &lines)
}

/// Whether both statements are executed one after the other.
fn is_beside(one: Spot, other: Spot) -> bool {
    one.file == other.file && one.node == other.node && one.block == other.block
}

/// The one writer of a run, by its name, where no condition and no loop decides whether it is made.
fn writer<'run>(scene: &Scene<'run>) -> Option<(String, Site<'run>)> {
    let codebase = scene.codebase();
    let mut made = scene
        .files()
        .into_iter()
        .flat_map(|file| codebase.calls_of(file))
        .filter(|site| WRITERS.contains(&codebase.target(*site)))
        .filter(|site| scene.runs(site.file, site.call.scope, site.call.block));
    let site = made.next().filter(|_| made.next().is_none())?;
    let code = &codebase.file(site.file).code;
    let mut around = code.blocks_around(site.call.block);
    let is_sure = around.all(|block| matches!(block.kind, BlockKind::Body | BlockKind::Main));
    let mut bound = code.assignments.iter();
    let bound = bound.find(|found| found.value == Expr::Call(site.index) && found.element.is_none())?;
    let is_once = scene.runs_once(codebase.node_of(site));
    (is_sure && is_once && is_identifier(&bound.target)).then(|| (bound.target.to_string(), site))
}
