use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{Joint, Program, program, read, read_with};

fn render(script: &super::Script) -> String {
    let mut text = String::new();
    for command in &script.commands {
        let _ = write!(text, "{}:", command.place.line);
        for (name, value) in &command.environment {
            let _ = write!(text, " {name}={value}");
        }
        let _ = write!(text, " {}", command.words.join(" "));
        for (mark, holds) in [
            ("condition", command.condition),
            ("loop", command.in_loop),
            ("branch", command.in_branch),
            ("swallowed", command.swallowed),
        ] {
            if holds {
                let _ = write!(text, " [{mark}]");
            }
        }
        if command.joint != Joint::Then && command.joint != Joint::Last {
            let _ = write!(text, " {:?}", command.joint);
        }
        for (mark, value) in [
            ("in", &command.directory),
            ("function", &command.in_function),
            (">", &command.writes),
            ("<", &command.reads),
        ] {
            if let Some(value) = value {
                let _ = write!(text, " {mark} {value}");
            }
        }
        if let Some(heredoc) = &command.heredoc {
            let _ = write!(text, " << {:?} at {}", heredoc.text, heredoc.place.line);
        }
        text.push('\n');
    }
    text
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(&read(text)));
}

fn check_strict(text: &str, expected: Expect) {
    expected.assert_eq(&render(&read_with(text, true)));
}

#[test]
fn words_lose_quotes_and_redirections_and_gain_variables() {
    check(
        "#!/bin/bash\n# python no.py\nset -euo pipefail\nMODEL='my model'\nexport SEED=42\nOPTS=\"-q -x\"\n\
         PYTHONHASHSEED=0 python train.py --name \"$MODEL\" \\\n  --seed ${SEED} > log.txt 2>&1 < in.csv\n\
         pytest $OPTS ${WHERE:-tests} $UNKNOWN '$SEED'\nFILES=(a.py b.py)\nruff check \"${FILES[@]}\"\n",
        expect![[r#"
            7: PYTHONHASHSEED=0 python train.py --name my model --seed 42 > log.txt < in.csv
            9: pytest -q -x tests $UNKNOWN $SEED
            11: ruff check a.py b.py
        "#]],
    );
}

#[test]
fn without_errexit_only_the_last_command_decides() {
    check(
        "pytest\necho done\n",
        expect![[r#"
        1: pytest [swallowed]
        2: echo done
    "#]],
    );
    check(
        "ruff check . && pytest",
        expect![[r#"
        1: ruff check . And
        1: pytest
    "#]],
    );
    check(
        "pytest || exit 1\npytest a; exit $?\npytest b\nif [ $? -ne 0 ]; then exit 1; fi\npytest c; echo x; exit $?\n",
        expect![[r#"
            1: pytest Or
            1: exit 1 [swallowed]
            2: pytest a
            2: exit $? [swallowed]
            3: pytest b
            4: [ $? -ne 0 ] [condition] [swallowed]
            4: exit 1 [branch] [swallowed]
            5: pytest c [swallowed]
            5: echo x
            5: exit $?
        "#]],
    );
    check(
        "pytest; rc=$?\necho x\nexit $rc\n",
        expect![[r#"
            1: pytest
            2: echo x [swallowed]
            3: exit $?
        "#]],
    );
}

#[test]
fn with_errexit_failures_count_unless_they_are_caught() {
    check_strict(
        "pytest || true\npytest a || echo failed\npytest b | tee log\npytest c && echo ok\npytest d || { echo no; exit 1; }\n\
         if ! pytest e; then exit 1; fi\nif pytest f; then echo; fi\npytest g &\nset +e\npytest h\nset -e -o pipefail\npytest i | tee x\necho $(pytest j)\n",
        expect![[r#"
            1: pytest [swallowed] Or
            1: true
            2: pytest a [swallowed] Or
            2: echo failed
            3: pytest b [swallowed] Pipe
            3: tee log
            4: pytest c [swallowed] And
            4: echo ok
            5: pytest d Or
            5: echo no
            5: exit 1
            6: pytest e [condition]
            6: exit 1 [branch]
            7: pytest f [condition] [swallowed]
            7: echo [branch]
            8: pytest g [swallowed] Background
            10: pytest h [swallowed]
            12: pytest i Pipe
            12: tee x
            13: pytest j [swallowed]
            13: echo $(pytest j)
        "#]],
    );
}

#[test]
fn directories_are_followed() {
    check_strict(
        "cd src && pytest\n(cd ../api; pytest a)\npytest b\npushd ../web\nnpm test\npopd\ncd ..\nmake\ncd \"$(dirname \"$0\")/..\"\nls\ncd /app\nls\n",
        expect![[r#"
            1: pytest in src
            2: pytest a in api
            3: pytest b in src
            5: npm test in web
            8: make
            10: ls in ${SCRIPT_DIRECTORY}/..
            12: ls in /app
        "#]],
    );
}

#[test]
fn compound_commands_and_functions() {
    check_strict(
        "test_all() {\n  pytest\n}\nfor f in a b; do python $f.py; done\nfor f in *.py; do python $f; done\nwhile read line; do echo $line; done < x\n\
         case $1 in\n  a|b) python a.py ;;\n  *) exit 1 ;;\nesac\nif [[ $A && -f x ]]; then\n  ls\nelif true; then :\nelse\n  cd z; pwd\nfi\ntest_all || true\n",
        expect![[r#"
            2: pytest [swallowed] function test_all
            4: python a.py [loop]
            4: python b.py [loop]
            5: python $f [loop]
            6: read line [condition] [swallowed]
            6: echo $line [loop]
            8: python a.py [branch]
            9: exit 1 [branch]
            11: [[ $A && -f x ]] [condition] [swallowed]
            12: ls [branch]
            13: true [condition] [swallowed]
            13: : [branch]
            15: pwd [branch] in z
            17: test_all [swallowed] Or
            17: true
        "#]],
    );
}

#[test]
fn wrappers_and_inner_scripts_are_opened() {
    check(
        "sudo -E env A=1 timeout 60 python a.py\nbash -ec 'cd x; pytest\necho hi'\neval \"python b.py\"\npython - <<'EOF'\nimport x\nEOF\n\
         bash <<EOF\nls\nEOF\ndiff <(sort a) b\nxvfb-run -a python c.py\n",
        expect![[r#"
            1: A=1 python a.py [swallowed]
            2: pytest [swallowed] in x
            3: echo hi [swallowed] in x
            4: python b.py [swallowed]
            5: python - [swallowed] << "import x\n" at 6
            8: ls [swallowed]
            11: sort a [swallowed]
            11: diff <(sort a) b [swallowed]
            12: python c.py
        "#]],
    );
}

#[test]
fn batch_and_powershell_are_tolerated() {
    check(
        "@echo off\r\nrem don't python no.py\r\nset X=tests\r\ncall venv\\Scripts\\activate\r\npython src\\train.py ^\r\n  --a %X%\r\n",
        expect![[r#"
            4: venv/Scripts/activate [swallowed]
            5: python src/train.py --a tests
        "#]],
    );
    check(
        "$env:SEED = \"1\"\nWrite-Host \"it's\"\npython .\\train.py `\n  --seed $env:SEED\n",
        expect![[r#"
            2: Write-Host it's [swallowed]
            3: python ./train.py --seed 1
        "#]],
    );
}

#[test]
fn programs_are_seen_through_launchers() {
    let cases = [
        "poetry run pytest -q",
        "uv run --with x -m pkg.train a",
        "uv run train.py",
        "pipenv run python -m pytest tests",
        "conda run -n env --no-capture-output python train.py --lr 1",
        "python3 -u -m src.train --x",
        "python -c print(1)",
        "coverage run -m pytest",
        "accelerate launch --num_processes 2 train.py",
        "torchrun --nproc_per_node=2 train.py",
        "python -m torch.distributed.launch --nproc_per_node 2 train.py",
        "docker run --rm -v a:b image python train.py",
        "docker compose -f x.yml exec -T api pytest",
        "docker run image",
        "mpirun -np 4 python a.py",
        "ray job submit --address x -- python a.py",
        "spark-submit --master y job.py 1",
        "papermill in.ipynb out.ipynb -p a 1",
        "jupyter nbconvert --to notebook --execute nb.ipynb",
        "jupyter nbconvert nb.ipynb",
        "Rscript -e testthat::test_dir()",
        "Rscript --vanilla x.R",
        "julia --project=. run.jl",
        "streamlit run app.py",
        "uvicorn app.main:app --host 0.0.0.0:80",
        "make -C sub -j4 test X=1",
        "./run.sh a",
        "bash scripts/x.sh",
        "source venv/bin/activate",
        "mlflow run .",
        "dvc repro",
        "docker run image sh -c ls",
        "python -m pip install x",
        "srun -n 4 deepspeed --num_gpus 2 train.py",
    ];
    let mut text = String::new();
    for case in cases {
        let words: Vec<String> = case.split(' ').map(str::to_owned).collect();
        let shown = match program(&words) {
            Some(Program::PythonFile { path, arguments }) => format!("python file {path} {arguments:?}"),
            Some(Program::PythonModule { module, arguments }) => {
                format!("python module {module} {arguments:?}")
            }
            Some(Program::Tool { name, arguments }) => format!("tool {name} {arguments:?}"),
            Some(other) => format!("{other:?}"),
            None => "-".to_owned(),
        };
        let _ = writeln!(text, "{case}  =>  {shown}");
    }
    expect![[r#"
        poetry run pytest -q  =>  tool pytest ["-q"]
        uv run --with x -m pkg.train a  =>  python module pkg.train ["a"]
        uv run train.py  =>  python file train.py []
        pipenv run python -m pytest tests  =>  tool pytest ["tests"]
        conda run -n env --no-capture-output python train.py --lr 1  =>  python file train.py ["--lr", "1"]
        python3 -u -m src.train --x  =>  python module src.train ["--x"]
        python -c print(1)  =>  PythonCode("print(1)")
        coverage run -m pytest  =>  tool pytest []
        accelerate launch --num_processes 2 train.py  =>  python file train.py []
        torchrun --nproc_per_node=2 train.py  =>  python file train.py []
        python -m torch.distributed.launch --nproc_per_node 2 train.py  =>  python file train.py []
        docker run --rm -v a:b image python train.py  =>  python file train.py []
        docker compose -f x.yml exec -T api pytest  =>  tool pytest []
        docker run image  =>  tool docker ["run", "image"]
        mpirun -np 4 python a.py  =>  python file a.py []
        ray job submit --address x -- python a.py  =>  python file a.py []
        spark-submit --master y job.py 1  =>  python file job.py ["1"]
        papermill in.ipynb out.ipynb -p a 1  =>  Notebook { path: "in.ipynb" }
        jupyter nbconvert --to notebook --execute nb.ipynb  =>  Notebook { path: "nb.ipynb" }
        jupyter nbconvert nb.ipynb  =>  tool jupyter ["nbconvert", "nb.ipynb"]
        Rscript -e testthat::test_dir()  =>  RCode("testthat::test_dir()")
        Rscript --vanilla x.R  =>  RScript { path: "x.R" }
        julia --project=. run.jl  =>  Julia { path: "run.jl" }
        streamlit run app.py  =>  python file app.py []
        uvicorn app.main:app --host 0.0.0.0:80  =>  python module app.main ["--host", "0.0.0.0:80"]
        make -C sub -j4 test X=1  =>  Make { directory: Some("sub"), targets: ["test"], makefile: None }
        ./run.sh a  =>  ShellFile { path: "./run.sh", arguments: ["a"] }
        bash scripts/x.sh  =>  ShellFile { path: "scripts/x.sh", arguments: [] }
        source venv/bin/activate  =>  tool source ["venv/bin/activate"]
        mlflow run .  =>  tool mlflow ["run", "."]
        dvc repro  =>  tool dvc ["repro"]
        docker run image sh -c ls  =>  ShellCode("ls")
        python -m pip install x  =>  tool pip ["install", "x"]
        srun -n 4 deepspeed --num_gpus 2 train.py  =>  python file train.py []
    "#]]
    .assert_eq(&text);
}

#[test]
fn any_text_is_read() {
    const PIECES: [&str; 40] = [
        "if ",
        "then ",
        "fi\n",
        "for x in a b; do ",
        "done ",
        "$(",
        ")",
        "`",
        "\"",
        "'",
        "${",
        "}",
        "{ ",
        "((",
        "[[ ",
        "<<E\n",
        "|| ",
        "&& ",
        "| ",
        "; ",
        "case x in ",
        "esac ",
        "f() ",
        "\\",
        "\n",
        "X=$X$X ",
        "cd .. ",
        "bash -c ",
        "eval ",
        "é",
        "#",
        "$?",
        "exit 1",
        "while ",
        "! ",
        "& ",
        "<(",
        "sudo ",
        "set -e ",
        "rem ",
    ];
    arbtest::arbtest(|random| {
        let mut text = String::new();
        for _ in 0..random.arbitrary_len::<u8>()?.min(300) {
            text.push_str(random.choose(&PIECES)?);
        }
        for command in read(&text).commands {
            program(&command.words);
        }
        read(random.arbitrary::<&str>()?);
        Ok(())
    })
    .budget_ms(1500);
}

#[test]
fn deep_nesting_ends() {
    for opening in [
        "(",
        "{ ",
        "if ",
        "$(",
        "`",
        "f() ",
        "! ",
        "for x in a b; do ",
        "\"$(",
        "case x in a) ",
        "bash -c \"",
    ] {
        read(&opening.repeat(20_000));
    }
    read(&"X=$X$X$X$X; ".repeat(1000));
}

#[test]
fn variables_that_are_not_put_in_are_told() {
    let told = |text: &str| -> Vec<(u32, String)> {
        let problems = read(text).problems.into_iter();
        problems
            .map(|problem| (problem.place.line, problem.what))
            .collect()
    };
    assert_eq!(told("X=a\nb $X $Y\n"), []);
    let long = format!("X={}\nb $X\n", "a".repeat(20_000));
    let what = "variables grow too long, or too many, to be put in";
    assert_eq!(told(&long), [(1, what.to_owned())]);
}

#[test]
fn words_become_a_line_and_words_again() {
    let words = [
        "python",
        "-c",
        "import a; print('b')",
        "",
        "$X",
        "a b",
        "é",
        "{x}",
    ];
    let line = super::line_of(words);
    assert_eq!(
        line,
        "python -c 'import a; print('\\''b'\\'')' '' '$X' 'a b' 'é' {x}"
    );
    assert_eq!(read(&line).commands[0].words, words);
}
