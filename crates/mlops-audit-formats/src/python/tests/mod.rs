//! Sources and what is read from them.

mod hostile;
mod meaning;
mod resolution;
mod show;

use show::calls;
pub(crate) use show::show;

/// The calls of a source, one a line: target, origin, arguments.
#[track_caller]
fn check_calls(source: &str, expected: &expect_test::Expect) {
    expected.assert_eq(&calls(&super::read(source)));
}

/// All that is read of a source.
#[track_caller]
fn check(source: &str, expected: &expect_test::Expect) {
    expected.assert_eq(&show(&super::read(source)));
}
