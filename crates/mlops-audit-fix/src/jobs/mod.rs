//! Jobs of CI: the Python that they take, and how they stand beside the jobs that are there.

mod gitlab;
mod versions;

pub(crate) use gitlab::{appended, without_duplicates};
pub(crate) use versions::with_python;
