//! What a text can hold: nesting, chains, circles, encodings, wrong types.

use super::{Case, write};

pub(super) fn cases() -> Vec<Case> {
    let mut all = python();
    all.extend(nested(5_000));
    all.extend(data(5_000));
    all.extend(notebooks());
    all.extend(encodings());
    all.extend(circles());
    all
}

fn around(open: &str, middle: &str, close: &str, depth: usize) -> String {
    format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
}

fn python() -> Vec<Case> {
    const DEEP: &str = "deep.py: is nested too deeply to be read; its imports were";
    const LINKS: usize = 500_000;
    let indented = |head: &str| -> String {
        let lines = (0..1500).map(|level| format!("{}{head}\n", " ".repeat(level)));
        let lines: String = lines.collect();
        format!("{lines}{}f()\n", " ".repeat(1500))
    };
    let wide = |head: &str, line: &str| format!("{head}{}", line.repeat(5000));
    let sources = [
        (
            "200,000 nested brackets",
            format!("x = {}\n", around("(", "a", ")", 200_000)),
        ),
        (
            "200,000 brackets left open",
            format!("x = {}\n", "[".repeat(200_000)),
        ),
        (
            "a chain of 500,000 operators",
            format!("x = a{}\n", " + a".repeat(LINKS)),
        ),
        (
            "a chain of 500,000 attributes",
            format!("x = a{}\n", ".a".repeat(LINKS)),
        ),
        ("500,000 signs", format!("x = {}a\n", "-".repeat(LINKS))),
        ("500,000 times not", format!("x = {}a\n", "not ".repeat(LINKS))),
        ("500,000 lambdas", format!("x = {}a\n", "lambda: ".repeat(LINKS))),
        (
            "a chain of 500,000 comparisons",
            format!("x = a{}\n", " < a".repeat(LINKS)),
        ),
        ("a chain of 500,000 calls", format!("f{}\n", "()".repeat(LINKS))),
        (
            "3,000 nested format strings",
            format!("x = {}a{}\n", "f'{".repeat(3000), "}'".repeat(3000)),
        ),
        ("1,500 nested functions", indented("def f():")),
        ("1,500 nested ifs", indented("if a:")),
    ];
    sources
        .into_iter()
        .map(|(what, source)| Case::file(format!("Python: {what}"), "deep.py", source).says(&[DEEP]))
        .chain([
            Case::file(
                "Python: 5,000 branches",
                "wide.py",
                wide("if a:\n  f()\n", "elif a:\n  f()\n"),
            ),
            Case::file(
                "Python: 5,000 decorators",
                "wide.py",
                wide("", "@a\n") + "def f(): pass\n",
            ),
            Case::file(
                "Python: 20,000 names, each for the one before",
                "names.py",
                names(20_000) + "execute(a20000)\n",
            ),
        ])
        .collect()
}

/// A statement of a database, and so many names each of which stands for the one before.
fn names(count: usize) -> String {
    let more = (1..=count).map(|number| format!("a{number} = a{}\n", number - 1));
    let more: String = more.collect();
    format!("a0 = 'insert into t values (1)'\n{more}")
}

/// The same far deeper, which takes longer than a test suite has without optimisation.
pub(super) fn deeper() -> Vec<Case> {
    let branches = format!("if a:\n  f()\n{}", "elif a:\n  f()\n".repeat(100_000));
    let mut all = nested(100_000);
    all.extend(data(100_000));
    all.push(Case::file("Python: branches", "branches.py", branches));
    all.extend(many(100_000));
    for case in &mut all {
        case.name += ", 100,000 of them";
    }
    all.extend(found_often(20_000));
    all
}

/// Source files that say so many things of one kind.
fn many(count: usize) -> Vec<Case> {
    let each = |line: fn(usize) -> String| (0..count).map(line).collect::<String>();
    let jobs = each(|number| format!("def f{number}(): 0\ns.add_job(f{number}, 'cron')\n"));
    let calls = each(|number| format!("import a{number}\nx.do()\n"));
    let methods = each(|number| format!(" def a{number}(s): 0\n"));
    let classes = each(|number| format!("class B{number}(A): 0\n"));
    [
        ("Python: names for each other", "names.py", names(count)),
        (
            "Python: jobs of a scheduler",
            "jobs.py",
            format!("from apscheduler.schedulers.background import S\ns = S()\n{jobs}"),
        ),
        ("Python: imports and calls", "calls.py", calls),
        (
            "Python: imports of all names, and names",
            "stars.py",
            each(|number| format!("from .a{number} import *\nf{number}()\n")),
        ),
        (
            "R: packages and names",
            "packages.R",
            each(|number| format!("library(a{number})\nf{number}()\n")),
        ),
        (
            "Python: methods of a class, and classes of it",
            "classes.py",
            format!("class A:\n{methods}{classes}"),
        ),
    ]
    .map(|(name, path, text)| Case::file(name, path, text))
    .into()
}

/// What a rule looks around at each of its finds: so many of them in one file.
fn found_often(count: usize) -> Vec<Case> {
    let each = |one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let checks = each(&|number| {
        format!(
            "def check_data{number}(data):\n return 'a' in data.columns\n@app.post('/{number}')\n\
             def r{number}():\n if not check_data{number}(request.json): raise ValueError\n"
        )
    });
    let loaders = each(&|number| {
        format!("def f{number}(d):\n x = DataLoader(d, shuffle=True)\n return x\nf{number}(0)\n")
    });
    // Followed to the end, each name would have sixteen times as many meanings with each function.
    let handed = each(&|number| {
        let next = format!(" f{}(log)\n", number + 1).repeat(16);
        format!("def f{number}(log):\n log.log(1)\n{next}")
    });
    let stages = each(&|number| format!("if args.stage == 's{number}':\n  SVC().fit(a, b)\n"));
    let commands = each(&|number| format!("    python stages.py --stage s{number}\n"));
    vec![
        Case::file(
            format!("Python: {count} checks of data whose answer is asked for"),
            "checks.py",
            format!("from flask import Flask, request\napp = Flask(__name__)\n{checks}"),
        ),
        Case::file(
            format!("Python: {count} loaders that functions make"),
            "loaders.py",
            format!("from torch.utils.data import DataLoader\n{loaders}"),
        ),
        Case::file(
            format!("Python: {count} functions that hand a tracker on"),
            "handed.py",
            format!("import wandb\n{handed}f0(wandb)\n"),
        ),
        Case::new(
            format!("Python: {count} stages of a program, and commands for them"),
            move |root| {
                let head = "import argparse\nfrom sklearn.svm import SVC\np = argparse.ArgumentParser()\n\
                            p.add_argument('--stage')\nargs = p.parse_args()\n";
                write(root, "stages.py", format!("{head}{stages}").as_bytes())?;
                write(root, "README.md", format!("# Stages\n\n{commands}").as_bytes())
            },
        ),
    ]
}

/// Nesting in the readers of our own, which follow it as far as it makes sense and skip the rest.
fn nested(depth: usize) -> Vec<Case> {
    let sources = [
        (
            "R: nested brackets",
            "deep.R: line 1: nested too deeply",
            "deep.R",
            around("(", "a", ")", depth),
        ),
        (
            "R: nested braces",
            "deep2.R: line 1: nested too deeply",
            "deep2.R",
            around("{", "a", "}", depth),
        ),
        (
            "R: a chain of operators",
            "chain.R: line 1: expression of too many parts",
            "chain.R",
            format!("x <- a{}\n", " + a".repeat(depth)),
        ),
        (
            "Julia: nested brackets",
            "deep.jl: line 1: nested too deeply",
            "deep.jl",
            around("(", "a", ")", depth),
        ),
        (
            "Julia: nested blocks",
            "deep2.jl: line 101: nested too deeply",
            "deep2.jl",
            around("begin\n", "a\n", "end\n", depth),
        ),
        (
            "Julia: nested strings",
            "deep3.jl: line 1: nested too deeply",
            "deep3.jl",
            around("\"$(", "a", ")\"", depth),
        ),
        (
            "shell: nested substitutions",
            "deep.sh: line 1: nested too deeply",
            "deep.sh",
            format!("x={}\n", around("$(", "a", ")", depth)),
        ),
        (
            "shell: nested quotes",
            "deep2.sh: line 1: nested too deeply",
            "deep2.sh",
            format!("x={}\n", around("\"$(", "a", ")\"", depth)),
        ),
        (
            "shell: nested ifs",
            "deep3.sh: line 1: nested too deeply",
            "deep3.sh",
            around("if a; then\n", "b\n", "fi\n", depth),
        ),
        (
            "shell: nested functions",
            "deep4.sh: line 1: nested too deeply",
            "deep4.sh",
            around("f() {\n", "b\n", "}\n", depth),
        ),
        (
            "shell: variables that double",
            "bomb.sh: line 1: variables grow too long, or too many, to be put in",
            "bomb.sh",
            doubling("x%d=\"$x%p$x%p\"\n"),
        ),
        (
            "Make: variables that double",
            "bomb.mk: line 12: a variable is too long to be put in",
            "bomb.mk",
            doubling("X%d = $(X%p)$(X%p)\n"),
        ),
        (
            "Make: nested references",
            "deep.mk: line 1: a variable is too long to be put in",
            "deep.mk",
            format!("x = {}\n", around("$(call ", "a", ")", depth)),
        ),
        (
            "Make: nested conditions",
            "",
            "deep2.mk",
            around("ifdef A\n", "a:\n", "endif\n", depth),
        ),
        (
            "Dockerfile: variables that double",
            "Dockerfile: line 1: variables grow too long to be put in",
            "Dockerfile",
            doubling("ARG X%d=$X%p$X%p\n"),
        ),
        (
            "Dockerfile: nested commands",
            "",
            "b.dockerfile",
            format!("FROM a\nRUN {}\n", around("(", "a", ")", depth)),
        ),
        (
            "Jenkinsfile: nested blocks",
            "Jenkinsfile: line 201: nested too deeply",
            "Jenkinsfile",
            around("stage('a') {\n", "sh 'a'\n", "}\n", depth),
        ),
        (
            "Jenkinsfile: nested strings",
            "a.groovy: line 1: nested too deeply",
            "a.groovy",
            around("\"${", "a", "}\"", depth),
        ),
    ];
    sources
        .into_iter()
        .map(|(what, said, path, source)| {
            let said: &[&str] = if said.is_empty() { &[] } else { &[said] };
            Case::file(what, path, source).says(said)
        })
        .collect()
}

/// Forty lines of which each doubles the one before.
fn doubling(line: &str) -> String {
    let first = line.replace("%d", "0").replace("%p", "");
    let lines = (1..40).map(|number: u32| {
        line.replace("%d", &number.to_string())
            .replace("%p", &(number - 1).to_string())
    });
    std::iter::once(first).chain(lines).collect()
}

fn data(depth: usize) -> Vec<Case> {
    let aliases: String = (1..40)
        .map(|number| format!("a{number}: &a{number} [*a{0}, *a{0}, *a{0}]\n", number - 1))
        .collect();
    vec![
        Case::file(
            "YAML: an alias bomb",
            "bomb.yaml",
            format!("a0: &a0 [x, x]\n{aliases}"),
        )
        .says(&["bomb.yaml: line 11: the aliases expand to too many values"]),
        Case::file(
            "YAML: an alias of itself",
            "self.yaml",
            "a: &a\n  b: *a\n  <<: *a\n",
        )
        .says(&["self.yaml: line 2: an alias stands within its own anchor"]),
        Case::file("YAML: nested lists", "deep.yaml", around("[", "a", "]", depth))
            .says(&["deep.yaml: line 1: recursion limit exceeded"]),
        Case::file(
            "YAML: nested mappings",
            "deep2.yaml",
            (0..3000)
                .map(|level| format!("{}a:\n", " ".repeat(level)))
                .collect::<String>(),
        )
        .says(&["deep2.yaml: line 201: recursion limit exceeded"]),
        Case::file(
            "TOML: nested lists",
            "deep.toml",
            format!("a = {}\n", around("[", "1", "]", depth)),
        )
        .says(&["deep.toml: line 1: cannot recurse further; max recursion depth met"]),
        Case::file(
            "TOML: a key of many parts",
            "deep2.toml",
            format!("a{} = 1\n", ".a".repeat(depth)),
        )
        .says(&["deep2.toml: line 1: a key has too many parts"]),
        Case::file(
            "TOML: tables one in another",
            "deep3.toml",
            format!("[a{}]\nb = 1\n", ".a".repeat(depth)),
        )
        .says(&["deep3.toml: line 1: a key has too many parts"]),
        Case::file("JSON: nested lists", "deep.json", around("[", "1", "]", depth))
            .says(&["deep.json: line 1: the values are nested too deeply"]),
        Case::file(
            "JSON: nested mappings",
            "deep2.json",
            around("{\"a\":", "1", "}", depth),
        )
        .says(&["deep2.json: line 1: the values are nested too deeply"]),
        Case::file(
            "Terraform: nested lists",
            "deep.tf",
            format!("a = {}\n", around("[", "1", "]", depth)),
        )
        .says(&["deep.tf: line 1: invalid nesting depth, expected at most 64 nested levels"]),
        Case::file(
            "Terraform: nested blocks",
            "deep2.tf",
            around("a {\n", "b = 1\n", "}\n", depth),
        )
        .says(&["deep2.tf: line 65: invalid nesting depth, expected at most 64 nested levels"]),
        Case::file("INI: many sections", "many.ini", "[a]\nb = %(b)s\n".repeat(depth))
            .says(&["many.ini: line 3: the section [a] occurs twice"]),
        Case::file(
            "requirements that include themselves",
            "requirements.txt",
            "-r requirements.txt\n-c requirements.txt\nnumpy==1.26.4\n",
        ),
    ]
}

fn notebooks() -> Vec<Case> {
    let cell = |source: &str| format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": {source}}}]}}");
    vec![
        Case::file(
            "a notebook with merge markers",
            "merge.ipynb",
            "{\"cells\": [\n<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> main\n]}\n",
        )
        .says(&["merge.ipynb: line 2: is no valid JSON: expected value at line 2 column 1"]),
        Case::file("a notebook whose source is a number", "number.ipynb", cell("1"))
            .says(&["number.ipynb: cell 1, line 1: its source is not all text"]),
        Case::file(
            "a notebook whose source is a mapping",
            "mapping.ipynb",
            cell("{\"a\": [null]}"),
        )
        .says(&["mapping.ipynb: cell 1, line 1: its source is not all text"]),
        Case::file(
            "a notebook whose source is nested",
            "nested.ipynb",
            cell(&around("[", "\"a\"", "]", 100_000)),
        )
        .says(&["nested.ipynb: cell 1, line 1: its source is not all text"]),
        Case::file(
            "a notebook whose cells are a text",
            "cells.ipynb",
            "{\"cells\": \"x\"}",
        )
        .says(&["cells.ipynb: its cells are no list"]),
        Case::file("a notebook that is a list", "list.ipynb", "[1, 2]")
            .says(&["list.ipynb: is no notebook: its JSON is no mapping"]),
        Case::file(
            "a notebook of deep Python",
            "deep.ipynb",
            cell(&format!("\"x = {}\"", around("(", "a", ")", 100_000))),
        )
        .says(&["deep.ipynb: cell 1, line 1: is nested too deeply to be read"]),
        Case::file("a notebook that is empty", "empty.ipynb", "")
            .says(&["empty.ipynb: line 1: is no valid JSON: EOF while parsing a value at line 1 column 0"]),
    ]
}

fn encodings() -> Vec<Case> {
    let wide = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect()
    };
    let wider: Vec<u8> = "import mlflow\n"
        .chars()
        .flat_map(|sign| (sign as u32).to_le_bytes())
        .collect();
    vec![
        Case::file(
            "NUL bytes in Python",
            "nul.py",
            b"import mlflow\0\nmlflow.autolog()\n".to_vec(),
        )
        .says(&["nul.py: binary content"]),
        Case::file("Python in UTF-16", "wide.py", wide("import mlflow\n"))
            .says(&["wide.py: the file is UTF-16LE, not UTF-8"]),
        Case::file(
            "Python in UTF-32",
            "wider.py",
            [b"\xff\xfe\0\0".to_vec(), wider].concat(),
        )
        .says(&["wider.py: binary content"]),
        Case::file(
            "UTF-16 that is broken",
            "broken.py",
            b"\xff\xfea\0\x00\xd8b\0".to_vec(),
        )
        .says(&[
            "broken.py: line 1: got unexpected token \u{fffd}",
            "broken.py: the file is broken UTF-16LE, not UTF-8",
        ]),
        Case::file(
            "Latin-1 that says so",
            "latin.py",
            b"# -*- coding: latin-1 -*-\nx = '\xe9'\n".to_vec(),
        )
        .says(&["latin.py: the file is not UTF-8; read as Windows-1252"]),
        Case::file(
            "Latin-1 that says UTF-8",
            "lying.py",
            b"# -*- coding: utf-8 -*-\nx = '\xe9'\n".to_vec(),
        )
        .says(&["lying.py: the file is not UTF-8; read as Windows-1252"]),
        Case::file("a mark in the middle", "mark.py", "import a\n\u{feff}import b\n")
            .says(&["mark.py: line 2: got unexpected token \u{feff}"]),
        Case::file(
            "one line of 4 MB",
            "line.py",
            format!("x = '{}'\n", "a".repeat(4 << 20)),
        ),
        Case::file(
            "escapes of a terminal",
            "escape.py",
            "x = '\u{1b}[2J\u{202e}'  # \u{1b}]0;x\u{7}\nimport mlflow\n",
        ),
        Case::file(
            "a program that is called Python",
            "binary.py",
            b"\x7fELF\x02\x01\x01\0\0\0".to_vec(),
        )
        .says(&["binary.py: binary content"]),
    ]
}

/// Files that lead to themselves.
fn circles() -> Vec<Case> {
    vec![
        Case::new("a Makefile that includes and calls itself", |root| {
            write(
                root,
                "Makefile",
                b"include Makefile\nall: all\n\t$(MAKE) all\n\tmake -f Makefile all\n\tsh run.sh\n",
            )?;
            write(root, "run.sh", b"make all\n. ./run.sh\nsh run.sh\n")
        }),
        Case::new("compose files that extend each other", |root| {
            let service = |other: &str| {
                format!("services:\n  a:\n    extends:\n      file: {other}\n      service: a\n")
            };
            write(root, "docker-compose.yml", service("other.yml").as_bytes())?;
            write(root, "other.yml", service("docker-compose.yml").as_bytes())
        }),
        Case::new("a GitLab pipeline that includes itself", |root| {
            write(root, ".gitlab-ci.yml", b"include:\n  - local: a.yml\n  - local: .gitlab-ci.yml\nx:\n  extends: x\n  script: [make]\n")?;
            write(
                root,
                "a.yml",
                b"include: .gitlab-ci.yml\ny:\n  extends: [z]\nz:\n  extends: y\n",
            )
        }),
        Case::new("workflows that call each other", |root| {
            let workflow = |other: &str| {
                format!(
                    "on: [push, workflow_call]\njobs:\n  a:\n    uses: ./.github/workflows/{other}.yml\n  b:\n    needs: b\n    runs-on: x\n    steps:\n      - uses: ./.github/actions/a\n"
                )
            };
            write(root, ".github/workflows/a.yml", workflow("b").as_bytes())?;
            write(root, ".github/workflows/b.yml", workflow("a").as_bytes())?;
            write(root, ".github/actions/a/action.yml", b"runs:\n  using: composite\n  steps:\n    - uses: ./.github/actions/a\n    - run: tox\n      shell: bash\n")?;
            write(
                root,
                "tox.ini",
                b"[testenv]\ncommands = tox -e a\n[testenv:a]\ncommands = {[testenv:a]commands}\n",
            )
        }),
        Case::new("modules that import each other", |root| {
            write(
                root,
                "a.py",
                b"from b import *\nfrom b import f as f\nclass A(B): pass\nf()\n",
            )?;
            write(
                root,
                "b.py",
                b"from a import *\nfrom a import f as f\nclass B(A): pass\ndef g(): return g()\nf()\n",
            )?;
            write(root, "c.R", b"source('c.R')\n")?;
            write(root, "d.jl", b"include(\"d.jl\")\n")
        }),
        Case::new("settings that lead to themselves", |root| {
            write(
                root,
                "conf/config.yaml",
                b"defaults:\n  - config\n  - a\na: ${a}\nb: ${oc.env:b,${b}}\n",
            )?;
            write(root, "conf/a.yaml", b"defaults:\n  - config\n")?;
            write(
                root,
                "dvc.yaml",
                b"vars: [dvc.yaml]\nstages:\n  a:\n    cmd: dvc repro a\n    deps: [x]\n    outs: [x]\n",
            )?;
            write(
                root,
                "package.json",
                b"{\"scripts\": {\"a\": \"npm run a\", \"prea\": \"npm run a\"}}\n",
            )?;
            write(root, "pyproject.toml", b"[tool.poe.tasks]\na = {ref = \"a\"}\nb = [\"b\"]\n[tool.pdm.scripts]\nc = {composite = [\"c\"]}\n")?;
            write(
                root,
                "Dockerfile",
                b"FROM a AS a\nCOPY --from=a x y\nRUN docker build . && sh run.sh\n",
            )?;
            write(root, "run.sh", b"docker build .\ndocker run a\n")
        }),
    ]
}
