use expect_test::{Expect, expect};

use super::read;
use crate::ledger::rendering::render;

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(&read(text)));
}
#[test]
fn arbitrary() { check("x = 1", expect![[""]]); }
