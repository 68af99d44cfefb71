use expect_test::{Expect, expect};

use super::{read, read_markdown};
use crate::ledger::rendering::render;

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(&read(text)));
}
#[test]
fn arbitrary() { let _ = read_markdown; check("x <- 1", expect![[""]]); }
