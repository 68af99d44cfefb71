//! Input that would end the process if it were followed blindly.

use crate::code::Code;

/// Reads and drops a source on the stack that a thread pool gives by default.
fn read_on_small_stack(source: String) -> Code {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let read = move || crate::python::read(&source);
    thread.spawn(read).expect("a thread").join().expect("no panic")
}

fn chains(links: usize) -> Vec<(&'static str, String)> {
    let repeat = |text: &str| text.repeat(links);
    vec![
        ("plus", format!("x = a{}\n", repeat(" + a"))),
        ("power", format!("x = a{}\n", repeat(" ** a"))),
        ("attribute", format!("x = a{}\n", repeat(".a"))),
        ("attribute target", format!("a{} = 1\n", repeat(".a"))),
        ("negation", format!("x = {}a\n", repeat("-"))),
        ("call", format!("f{}\n", repeat("()"))),
        ("method", format!("f{}\n", repeat("().a"))),
        ("item", format!("x = a{}\n", repeat("[0]"))),
        ("string", format!("x = {}\n", repeat("'a' + "))),
        ("implicit string", format!("x = {}\n", repeat("'a' "))),
        ("comparison", format!("x = a{}\n", repeat(" <= a"))),
        ("not", format!("x = {}a\n", repeat("not "))),
        ("await", format!("x = {}a\n", repeat("await "))),
        ("and", format!("x = a{}\n", repeat(" and a"))),
        ("lambda", format!("x = {}a\n", repeat("lambda: "))),
        (
            "lambda with commas",
            format!("x = {}a\n", repeat("lambda a, b: ")),
        ),
        ("choice", format!("x = {}a\n", repeat("a if a else "))),
        ("assignment", format!("x = {}a\n", repeat("a = "))),
        ("elif", format!("if a:\n  f()\n{}", repeat("elif a:\n  f()\n"))),
        (
            "self-assignment",
            format!("import a\nx = a.f()\n{}", repeat("x = x.g()\n")),
        ),
        ("one-line ifs", format!("{}f()\n", repeat("if a: "))),
        ("decorators", format!("{}def f(): pass\n", repeat("@a\n"))),
        ("statements", repeat("f(a, b)\n")),
    ]
}

fn nests(depth: usize) -> Vec<(&'static str, String)> {
    let around = |open: &str, middle: &str, close: &str| {
        format!("x = {}{middle}{}\n", open.repeat(depth), close.repeat(depth))
    };
    let indented = |head: &str| {
        let heads: String = (0..depth)
            .map(|level| format!("{}{head}\n", " ".repeat(level)))
            .collect();
        format!("{heads}{}f()\n", " ".repeat(depth))
    };
    vec![
        ("parentheses", around("(", "a", ")")),
        ("lists", around("[", "a", "]")),
        ("dictionaries", around("{1: ", "a", "}")),
        ("calls", around("f(", "a", ")")),
        ("comprehensions", around("[a for a in ", "a", "]")),
        ("items", around("a[", "a", "]")),
        ("ifs", indented("if a:")),
        ("functions", indented("def f():")),
        ("classes", indented("class C:")),
        ("loops", indented("for a in b:")),
        ("withs", indented("with a as b:")),
        ("tries", indented("try:")),
        (
            "format strings",
            format!("x = {}a{}\n", "f'{".repeat(depth), "}'".repeat(depth)),
        ),
        (
            "format strings in turn",
            format!("x = {}a\n", "f'{f\"{".repeat(depth)),
        ),
        (
            "patterns",
            format!(
                "match a:\n  case {}a{}: pass\n",
                "[".repeat(depth),
                "]".repeat(depth)
            ),
        ),
        ("open brackets", format!("x = {}\n", "(".repeat(depth))),
        ("classes left open", "class (\n".repeat(depth)),
        (
            "targets",
            format!("for {}a{} in b: pass\n", "(".repeat(depth), ",)".repeat(depth)),
        ),
    ]
}

#[test]
fn long_chains_within_the_limit_are_read_on_a_small_stack() {
    for (what, source) in chains(5_000) {
        let code = read_on_small_stack(source);
        let refused = code
            .problems
            .iter()
            .any(|problem| problem.what.contains("too deeply"));
        assert!(!refused, "{what}");
    }
}

#[test]
fn deep_nesting_within_the_limit_is_read_on_a_small_stack() {
    for (what, source) in nests(150) {
        let code = read_on_small_stack(source);
        let refused = code
            .problems
            .iter()
            .any(|problem| problem.what.contains("too deeply"));
        assert!(!refused, "{what}");
    }
}

#[test]
fn what_is_far_beyond_the_limits_ends_no_process() {
    for (_, source) in chains(60_000).into_iter().chain(nests(3_000)) {
        read_on_small_stack(source);
    }
}

#[test]
fn a_refused_text_still_gives_its_imports() {
    let source = format!(
        "import numpy as np, os.path\nfrom . import (a, b as c)\nx = {}\n",
        "-".repeat(90_000)
    );
    expect_test::expect![[r#"
        1: import numpy as "np" b0
        1: import os.path as "os" b0
        2: import . a as "a" b0
        2: import . b as "c" b0
        0: problem: is nested too deeply to be read; its imports were
    "#]]
    .assert_eq(&super::show(&crate::python::read(&source)));
}

#[test]
fn a_string_that_a_backslash_continues_ends_at_an_empty_line() {
    let hidden = format!("x = 'a\\\n\ny = {}1{}\n", "[".repeat(3_000), "]".repeat(3_000));
    let code = crate::python::read(&hidden);
    assert!(
        code.problems
            .iter()
            .any(|problem| problem.what.contains("too deeply"))
    );
}

#[test]
fn no_mutation_of_a_source_makes_the_reader_panic() {
    let source = include_str!("../../../testdata/mixture.py");
    arbtest::arbtest(|random| {
        let mut bytes = source.as_bytes().to_vec();
        for _ in 0..random.int_in_range(1..=6)? {
            let at = random.choose_index(bytes.len())?;
            match random.int_in_range(0..=3)? {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, *random.choose(b"()[]{}'\"\\\n\t :,.=#@*%!fr\r")?),
                2 => bytes.truncate(at.max(1)),
                _ => bytes[at] = random.arbitrary()?,
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let code = crate::python::read(&text);
        assert!(!code.scopes.is_empty() && !code.blocks.is_empty());
        for call in &code.calls {
            assert!(
                text.get(call.span.start as usize..call.span.end as usize)
                    .is_some()
            );
        }
        Ok(())
    })
    .budget_ms(2_000);
}
