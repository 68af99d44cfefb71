//! What to do about gaps of automation, in this project's terms.

use crate::advise::Advice;
use crate::judge::{Judged, Judgement};

pub(super) fn pipeline(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
pub(super) fn ci(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
pub(super) fn cd(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
pub(super) fn ct(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
