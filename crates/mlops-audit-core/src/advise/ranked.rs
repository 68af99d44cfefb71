//! Recommendations in the one order that there is.

use std::cmp::Reverse;
use std::ops::Deref;

use crate::audit::Recommendation;

/// Recommendations, critical first. There is no way to put them into another order, so whatever is cut off at the end is
/// less urgent than what stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranked(Vec<Recommendation>);

impl Ranked {
    /// All of them.
    pub fn as_slice(&self) -> &[Recommendation] {
        &self.0
    }

    /// The most urgent ones, so many at most.
    pub fn top(&self, most: usize) -> &[Recommendation] {
        &self.0[..most.min(self.0.len())]
    }

    /// The recommendations by themselves, to be ranked anew.
    pub fn into_vec(self) -> Vec<Recommendation> {
        self.0
    }
}

/// Ranks. Within a priority the order stays as it was, which is the rubric's.
impl From<Vec<Recommendation>> for Ranked {
    fn from(mut recommendations: Vec<Recommendation>) -> Self {
        recommendations.sort_by_key(|one| Reverse(one.priority));
        Self(recommendations)
    }
}

impl Deref for Ranked {
    type Target = [Recommendation];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'ranked> IntoIterator for &'ranked Ranked {
    type Item = &'ranked Recommendation;
    type IntoIter = std::slice::Iter<'ranked, Recommendation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
