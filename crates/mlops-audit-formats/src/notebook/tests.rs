//! Notebooks and what is read from them.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// Reads a notebook whose cells are these: `# ` first for a text cell.
#[track_caller]
fn check(cells: &[&str], expected: &Expect) {
    let cells: Vec<Value> = cells
        .iter()
        .map(|source| {
            let kind = if source.starts_with("# ") {
                "markdown"
            } else {
                "code"
            };
            json!({"cell_type": kind, "source": source, "outputs": [{"data": [1, 2]}]})
        })
        .collect();
    check_json(&json!({"cells": cells, "nbformat": 4}), expected);
}

#[track_caller]
fn check_json(notebook: &Value, expected: &Expect) {
    let code = super::read(&notebook.to_string());
    expected.assert_eq(&crate::python::show(&code));
}

#[test]
fn names_flow_from_cell_to_cell() {
    check(
        &[
            "# Title",
            "import numpy as np\nfrom xgboost import XGBClassifier",
            "model = XGBClassifier()",
            "\n\nmodel.fit(np.zeros(1))",
        ],
        &expect![[r#"
            2/1: import numpy as "np" b0
            2/2: import xgboost XGBClassifier as "XGBClassifier" b0
            3/1: model = xgboost.XGBClassifier() Plain b0 s0
            3/1: xgboost.XGBClassifier() <- XGBClassifier b0 s0
            4/3: numpy.zeros(1) <- np.zeros b0 s0
            4/3: xgboost.XGBClassifier.fit(numpy.zeros()) <- model.fit~ b0 s0
        "#]],
    );
}

#[test]
fn an_error_in_one_cell_leaves_the_others() {
    check(
        &[
            "import a\nf(",
            "a.b('''",
            "a.c()\n  x",
            "def f(:\n  a.d()",
            "a.e()",
        ],
        &expect![[r#"
            1/1: import a as "a" b0
            4/1: s1 def f in s0 b0 (a, d)
            1/2: f~() b0 s0
            2/1: a.b("") b0 s0
            3/1: a.c() b0 s0
            5/1: a.e() b0 s0
            strings ""
            1/2: problem: unexpected EOF while parsing
            2/1: problem: missing closing quote in string literal
            2/1: problem: unexpected EOF while parsing
            3/2: problem: unexpected indentation
            4/1: problem: expected a parameter or the end of the parameter list
            4/2: problem: expected `,`, found `.`
            4/2: problem: expected `)`, found `(`
        "#]],
    );
}

#[test]
fn magics_and_commands_are_shell_lines() {
    check(
        &[
            "%matplotlib inline\n!pip install a \\\n   b\n%pip install c\nfiles = !ls data\nx = 5\nf(x)",
            "%%time\ng()\nif a:\n    !rm x\n    %timeit -n 10 h(1)\nk?\n?k\nx = (1\n  % 2)\n%run train.py --epochs 3\n%time y = f()",
            "%%bash\ncd a && \\\n  python b.py\n# comment\nls",
            "%%writefile train.py\nimport torch",
            "%%time z = f(2)",
            "'''\n!not\n'''\n!echo \"it's\nf(3)\npip install d",
        ],
        &expect![[r#"
            2/3: b1 if a? in b0 s0
            1/5: files = None Plain b0 s0
            1/6: x = 5 Plain b0 s0
            2/8: x = (1 % 2) Plain b0 s0
            2/11: y = f?() Plain b0 s0
            5/1: z = f?() Plain b0 s0
            1/7: f?(x~) b0 s0
            2/2: g?() b0 s0
            2/5: h?(1) b1 s0
            2/11: f?() b0 s0
            5/1: f?(2) b0 s0
            6/5: f?(3) b0 s0
            1/2: $ pip install a b
            1/4: $ pip install c
            1/5: $ ls data
            2/4: $ rm x
            2/10: $ python train.py --epochs 3
            3/2: $ cd a && python b.py
            3/5: $ ls
            6/4: $ echo "it's
            6/6: $ pip install d
        "#]],
    );
}

#[test]
fn the_third_format_and_wrong_types_are_read() {
    check_json(
        &json!({"nbformat": 3, "worksheets": [{"cells": [
            {"cell_type": "code", "input": ["import a\n", "a.f()"], "language": "python"},
        ]}]}),
        &expect![[r#"
            1/1: import a as "a" b0
            1/2: a.f() b0 s0
        "#]],
    );
    check_json(
        &json!({"cells": [3, null, {"cell_type": "code", "source": ["f()\n", 4, "g()"]}, {"cell_type": 1}, {"cell_type": "code", "source": {"a": 1}}]}),
        &expect![[r#"
            3/1: f?() b0 s0
            3/2: g?() b0 s0
            0: problem: a cell is no mapping
            3/1: problem: its source is not all text
            5/1: problem: its source is not all text
        "#]],
    );
    check_json(
        &json!({"cells": "none"}),
        &expect![[r#"
            0: problem: its cells are no list
        "#]],
    );
    check_json(
        &json!([]),
        &expect![[r#"
            0: problem: is no notebook: its JSON is no mapping
        "#]],
    );
    check_json(
        &json!({"cells": [{"cell_type": "code", "source": null}]}),
        &expect![[""]],
    );
    // The last of two keys counts.
    let twice = super::read("{\"cells\": 1, \"cells\": [{\"cell_type\": \"code\", \"source\": \"f()\"}]}");
    assert_eq!((twice.calls.len(), twice.problems.len()), (1, 0));
}

#[test]
fn other_languages_and_broken_json_are_noted() {
    check_json(
        &json!({"cells": [{"cell_type": "code", "source": "library(x)"}], "metadata": {"kernelspec": {"language": "R"}}}),
        &expect![[r#"
            1/1: import x as "x" b0
            1/1: library?(x?) b0 s0
        "#]],
    );
    let code = super::read("{\"cells\": [\n<<<<<<< HEAD\n");
    expect![[r#"
        2: problem: is no valid JSON: expected value at line 2 column 1
    "#]]
    .assert_eq(&crate::python::show(&code));
}

#[test]
fn a_cell_that_nests_too_deeply_is_left_out() {
    let deep = format!("x = {}a", "-".repeat(50_000));
    check(
        &["f()", &deep, "g()"],
        &expect![[r#"
        1/1: f?() b0 s0
        3/1: g?() b0 s0
        2/1: problem: is nested too deeply to be read
    "#]],
    );
}

#[test]
fn code_cells_are_counted() {
    let notebook =
        json!({"cells": [{"cell_type": "code", "source": ""}, {"cell_type": "markdown", "source": ""}]});
    assert_eq!(super::read(&notebook.to_string()).code_cells, 1);
}

#[test]
fn no_mutation_of_a_notebook_makes_the_reader_panic() {
    let source = json!({"cells": [{"cell_type": "code", "source": ["%%time\n", "!ls \\\n", " a = f(1)?"]}], "metadata": {}});
    let source = source.to_string().into_bytes();
    arbtest::arbtest(|random| {
        let mut bytes = source.clone();
        for _ in 0..random.int_in_range(1..=4)? {
            let at = random.choose_index(bytes.len())?;
            bytes[at] = *random.choose(b"()[]{}'\"\\\n %?!=n\r")?;
        }
        super::read(&String::from_utf8_lossy(&bytes));
        Ok(())
    })
    .budget_ms(500);
}
