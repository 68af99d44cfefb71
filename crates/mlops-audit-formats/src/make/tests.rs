use std::fmt::Write as _;

use expect_test::expect;

use super::{Makefile, read, read_justfile};

fn render(makefile: &Makefile) -> String {
    let mut text = format!(
        "goal {:?} includes {:?}\n",
        makefile.default_goal, makefile.includes
    );
    for target in &makefile.targets {
        let phony = if target.is_phony { " phony" } else { "" };
        let _ = writeln!(
            text,
            "{}: {:?} <- {:?}{phony}",
            target.place.line, target.names, target.prerequisites
        );
        for line in &target.recipe {
            let ignores = if line.ignores_failure { " [ignored]" } else { "" };
            let _ = writeln!(text, "    {}: {:?}{ignores}", line.place.line, line.text);
        }
    }
    text
}

#[test]
fn makefiles() {
    let text = "# comment\nPY ?= python3\nSRC := src tests # both\nDEPS += a\ninclude other.mk\n.PHONY: test all\n\
        all: test | build\ntest: $(DEPS)\n\t@$(PY) -m pytest ${SRC} \\\n\t  -q\n\t-rm -rf $$HOME/x $@\nifeq ($(X),1)\n\
        \t$(MAKE) -C sub lint\nendif\n\t# note\n\tgit $(shell git describe) $(UNKNOWN)\nmodel.pkl: train.py data.csv ; python $< $@\n\
        define RUN\npython a.py\n-python b.py\nendef\nrun:\n\t$(RUN)\nrun: SEED=4\n%.o: %.c\n\tcc $<\n";
    expect![[r#"
        goal Some("all") includes ["other.mk"]
        7: ["all"] <- ["test", "build"] phony
        8: ["test"] <- ["a"] phony
            9: "python3 -m pytest src tests \\\n\t  -q"
            11: "rm -rf $HOME/x test" [ignored]
            13: "make -C sub lint"
            16: "git $(shell git describe) $(UNKNOWN)"
        17: ["model.pkl"] <- ["train.py", "data.csv"]
            17: "python train.py model.pkl"
        22: ["run"] <- []
            23: "python a.py"
            23: "python b.py" [ignored]
        25: ["%.o"] <- ["%.c"]
            26: "cc %.c"
    "#]]
    .assert_eq(&render(&read(text)));
}

#[test]
fn justfiles() {
    let text = "set shell := [\"bash\"]\nsrc := \"src\"\nimport 'x.just'\nalias t := test\n\ndefault: lint\n\n# Runs.\n\
        test *args: (build \"x\") lint && done\n    @pytest {{src}} {{args}}\n    -ruff check {{ src }}\n\n\
        @script:\n    #!/usr/bin/env bash\n    set -e\n\n    python a.py\n";
    expect![[r##"
        goal Some("default") includes ["x.just"]
        4: ["t"] <- ["test"] phony
        6: ["default"] <- ["lint"] phony
        9: ["test"] <- ["build", "lint", "done"] phony
            10: "pytest src {{args}}"
            11: "ruff check src" [ignored]
        13: ["script"] <- [] phony
            14: "#!/usr/bin/env bash\nset -e\n\npython a.py"
    "##]]
    .assert_eq(&render(&read_justfile(text)));
}

#[test]
fn any_text_is_read() {
    const PIECES: [&str; 18] = [
        "a:",
        "\t",
        "\n",
        "$(",
        ")",
        "${X}",
        "$@",
        "X=$(X)$(X)\n",
        "X+=$X $X\n",
        "define Y\n",
        "endef\n",
        "\\\n",
        "é",
        ";",
        "{{",
        "}}",
        "$(call Y,",
        "  ",
    ];
    arbtest::arbtest(|random| {
        let mut text = String::new();
        for _ in 0..random.arbitrary_len::<u8>()?.min(200) {
            text.push_str(random.choose(&PIECES)?);
        }
        read(&text);
        read_justfile(&text);
        Ok(())
    })
    .budget_ms(1000);
}

#[test]
fn repeated_openings_end_soon() {
    for opening in [
        "$(",
        "X=$(X)$(X)\n",
        "X+=$(X)$(X)\n",
        "a:\n\t$@$<$^\n",
        "a: a\\\n",
        "{{",
        "define X\n",
    ] {
        read(&opening.repeat(20_000));
        read_justfile(&opening.repeat(20_000));
    }
}

#[test]
fn bounds_that_are_met_are_told() {
    let told = |text: &str| -> Vec<(u32, String)> {
        let found = read(text)
            .problems
            .into_iter()
            .chain(read_justfile(text).problems);
        found.map(|problem| (problem.place.line, problem.what)).collect()
    };
    assert_eq!(told("X = a\nY = $(X)\nall:\n\techo $(Y)\n"), []);
    let own = "PYTHONPATH := $(PYTHONPATH):src\nall:\n\tPYTHONPATH=$(PYTHONPATH) python train.py\n";
    assert_eq!(told(own), []);
    assert_eq!(told("A = $(B)\nB = $(A)\nC = $(A)\n"), []);
    let chain = (0..20).map(|number| format!("A{number} = $(A{})\n", number + 1));
    let nested = chain.collect::<String>() + "A20 = a\nC = $(A0)\n";
    assert_eq!(
        told(&nested),
        [(
            22,
            "variables are nested too deeply, or grow too long, to be put in".to_owned()
        )]
    );
    let long = format!("A = a\nX = {}\n", "a".repeat(20_000));
    assert_eq!(
        told(&long),
        [(2, "a variable is too long to be put in".to_owned())]
    );
    let grown = format!(
        "x := '{}'\na:\n{}",
        "a".repeat(9_000),
        "  echo {{x}}\n".repeat(500)
    );
    assert!(told(&grown).contains(&(1, "variables grow too long to be put in".to_owned())));
}

#[test]
fn a_pattern_gives_the_rule_for_a_name() {
    let makefile = read("%.rds: %.R tools.R\n\tRscript $< --as $* $@ && date +%Y\nall: a.rds\n");
    let found = makefile.rule_by_pattern("a.rds", |path| matches!(path, "a.R" | "tools.R"));
    let found = found.expect("the pattern fits");
    assert_eq!(found.names, ["a.rds"]);
    assert_eq!(found.prerequisites, ["a.R", "tools.R"]);
    assert_eq!(found.recipe[0].text, "Rscript a.R --as a a.rds && date +%Y");
    assert!(makefile.rule_by_pattern("a.rds", |path| path == "a.R").is_none());
    assert!(makefile.rule_by_pattern("a.csv", |_| true).is_none());
    assert!(makefile.rule_by_pattern(".rds", |_| true).is_none());
}
