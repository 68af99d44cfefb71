use std::fmt::Write as _;

use expect_test::expect;

use super::read;

#[test]
fn instructions_are_read() {
    let text = "# syntax=docker/dockerfile:1\nARG TAG=3.11\nFROM python:${TAG}-slim AS base\nENV SEED=42 NAME=\"a b\"\nENV OLD style value\n\
            WORKDIR /app\nWORKDIR src\nCOPY --from=base --chown=a:b [\"x y\", \"/z\"]\nCOPY a b \\\n  # comment\n  c /d/\n\
            RUN --mount=type=cache,target=/x \\\n    pip install -r requirements.txt && \\\n    # note\n\n    pytest || true\n\
            RUN <<EOF\nset -e\npython train.py\nEOF\nRUN python3 <<PY\nprint(1)\nPY\nfrom base\nONBUILD RUN make\nEXPOSE 80 9090/tcp\n\
            nonsense here\nHEALTHCHECK --interval=5s CMD curl -f x || exit 1\nENTRYPOINT [\"python\", \"-m\", \"app\"]\nCMD uvicorn app:app\n";
    let file = read(text);
    let mut shown = String::new();
    for stage in &file.stages {
        let _ = writeln!(
            shown,
            "stage {} {:?} {}",
            stage.image, stage.name, stage.place.line
        );
    }
    for instruction in &file.instructions {
        let _ = writeln!(
            shown,
            "{}: [{}] {} {:?}",
            instruction.place.line, instruction.stage, instruction.keyword, instruction.text
        );
        for command in instruction.script.iter().flat_map(|script| &script.commands) {
            let swallowed = if command.swallowed { " [swallowed]" } else { "" };
            let _ = writeln!(
                shown,
                "    {}: {:?}{swallowed}",
                command.place.line, command.words
            );
        }
    }
    let _ = writeln!(shown, "{:?}", file.workdirs);
    for copy in &file.copies {
        let _ = writeln!(
            shown,
            "copy {:?} {} {:?} {}",
            copy.sources, copy.target, copy.from, copy.stage
        );
    }
    for (name, value, _) in &file.environment {
        let _ = writeln!(shown, "{name}={value}");
    }
    let _ = writeln!(shown, "{:?} {:?}", file.exposed, file.problems);
    expect![[r#"
            stage python:3.11-slim Some("base") 3
            stage base None 24
            2: [0] ARG "TAG=3.11"
            3: [0] FROM "python:${TAG}-slim AS base"
            4: [0] ENV "SEED=42 NAME=\"a b\""
            5: [0] ENV "OLD style value"
            6: [0] WORKDIR "/app"
            7: [0] WORKDIR "src"
            8: [0] COPY "--from=base --chown=a:b [\"x y\", \"/z\"]"
            9: [0] COPY "a b     c /d/"
            12: [0] RUN "--mount=type=cache,target=/x      pip install -r requirements.txt &&        pytest || true"
                13: ["pip", "install", "-r", "requirements.txt"] [swallowed]
                16: ["pytest"] [swallowed]
                16: ["true"]
            17: [0] RUN "<<EOF\nset -e\npython train.py\nEOF"
                19: ["python", "train.py"]
            21: [0] RUN "python3 <<PY\nprint(1)\nPY"
                21: ["python3"]
            24: [1] FROM "base"
            25: [1] RUN "make"
                25: ["make"]
            26: [1] EXPOSE "80 9090/tcp"
            28: [1] HEALTHCHECK "--interval=5s CMD curl -f x || exit 1"
                28: ["curl", "-f", "x"]
                28: ["exit", "1"]
            29: [1] ENTRYPOINT "[\"python\", \"-m\", \"app\"]"
                29: ["python", "-m", "app"]
            30: [1] CMD "uvicorn app:app"
                30: ["uvicorn", "app:app"]
            [(0, "/app", Place { cell: 0, line: 6 }), (0, "/app/src", Place { cell: 0, line: 7 })]
            copy ["x y"] /z Some("base") 0
            copy ["a", "b", "c"] /d/ None 0
            TAG=3.11
            SEED=42
            NAME=a b
            OLD=style value
            ["80", "9090/tcp"] [Problem { place: Place { cell: 0, line: 27 }, what: "not an instruction of a Dockerfile" }]
        "#]].assert_eq(&shown);
}

#[test]
fn a_program_that_goes_on_below_moves_no_line() {
    let dockerfile = read("FROM a\nRUN <<END sh -e && \\\n    echo a\npython train.py\nEND");
    let scripts = dockerfile
        .instructions
        .iter()
        .filter_map(|found| found.script.as_ref());
    let lines: Vec<u32> = scripts
        .flat_map(|script| script.commands.iter().map(|command| command.place.line))
        .collect();
    assert!(
        lines.contains(&2) && lines.iter().all(|line| *line <= 3),
        "{lines:?}"
    );
}

#[test]
fn a_last_line_that_asks_for_another_adds_none() {
    // The last instruction goes on in a line that is not there.
    for text in [
        "RUN <<E*0\0?\\\\\\h\0.p E v\\\\",
        "RUN <<E?0\\\\\\\\\\h\0.p\u{5}\0\u{10}\0OSE v\\\\",
        "RUN a <<E && b \\",
        "RUN a && \\",
    ] {
        let dockerfile = read(text);
        let scripts = dockerfile
            .instructions
            .iter()
            .filter_map(|found| found.script.as_ref());
        let found = format!("{:?}", scripts.collect::<Vec<_>>());
        assert!(!found.contains("line: 2"), "{text:?}: {found}");
        assert_eq!(dockerfile.instructions.len(), 1, "{text:?}");
    }
}

#[test]
fn any_text_is_read() {
    const PIECES: [&str; 18] = [
        "FROM a AS b\n",
        "RUN ",
        "<<E",
        "\nE\n",
        "\\\n",
        "\n",
        "--x=y ",
        "[\"a\"]",
        "ENV ",
        "A=$A$A ",
        "${A",
        "}",
        "COPY ",
        "é",
        "#",
        "ONBUILD ",
        "HEALTHCHECK CMD ",
        "WORKDIR b\n",
    ];
    arbtest::arbtest(|random| {
        let mut text = String::new();
        for _ in 0..random.arbitrary_len::<u8>()?.min(150) {
            text.push_str(random.choose(&PIECES)?);
        }
        read(&text);
        Ok(())
    })
    .budget_ms(1000);
}

#[test]
fn bounds_that_are_met_are_told() {
    let told = |text: &str| -> Vec<(u32, String)> {
        let problems = read(text).problems.into_iter();
        problems
            .map(|problem| (problem.place.line, problem.what))
            .collect()
    };
    assert_eq!(told("ARG A=b\nFROM $A\nRUN a $A\n"), []);
    let long = format!("ARG A={}\nFROM $A\n", "a".repeat(2_000));
    assert_eq!(
        told(&long),
        [(1, "variables grow too long to be put in".to_owned())]
    );
    let deep = format!("FROM a\nRUN {}\n", "$(".repeat(1_000));
    assert_eq!(told(&deep), [(2, "nested too deeply".to_owned())]);
}
