use std::fmt::Write as _;

use expect_test::expect;

use super::{Jenkinsfile, read};

fn render(file: &Jenkinsfile) -> String {
    let mut text = String::new();
    let stages = file.stages.iter().map(|stage| ("stage", stage));
    for (kind, stage) in stages.chain(file.functions.iter().map(|stage| ("function", stage))) {
        let _ = writeln!(
            text,
            "{kind} {:?} at {} when {:?}",
            stage.name, stage.place.line, stage.when
        );
        for command in stage.commands.iter().flat_map(|(script, _)| &script.commands) {
            let swallowed = if command.swallowed { " [swallowed]" } else { "" };
            let _ = writeln!(
                text,
                "  {}: {:?} {:?}{swallowed}",
                command.place.line, command.words, command.directory
            );
        }
        for (name, raw, place) in &stage.calls {
            let _ = writeln!(text, "  {}: {name} <- {raw}", place.line);
        }
    }
    let _ = writeln!(text, "triggers {:?}", file.triggers);
    let _ = writeln!(text, "parameters {:?}", file.parameters);
    let _ = writeln!(text, "environment {:?}", file.environment);
    let _ = writeln!(text, "post {:?}", file.post);
    let _ = writeln!(text, "libraries {:?}", file.libraries);
    text
}

#[test]
fn declarative_pipelines() {
    let text = r#"@Library('shared@main') _
pipeline {
    agent { docker { image 'python:3.11' } }
    triggers { cron('H 2 * * *') }
    // triggers { pollSCM('x') }
    parameters { string(name: 'EPOCHS', defaultValue: '5', description: '') }
    environment {
        MODEL = 'xgb'
        TOKEN = credentials('t')
    }
    stages {
        stage('Test') {
            when { branch 'main' }
            steps {
                sh 'pytest -q'
                sh """
                    cd src
                    python train.py --model ${MODEL} \\
                        --x
                """
                /* sh 'never' */
                sh(script: 'ruff check', returnStatus: true)
                dir('web') { sh 'npm test' }
                echo "don't { "
            }
        }
        stage('Deploy') {
            steps {
                script {
                    def image = docker.build("app:${env.BUILD_ID}")
                    image.push('latest')
                    docker.image('x').push()
                }
                catchError(buildResult: 'SUCCESS', stageResult: 'FAILURE') { sh 'flaky' }
                build job: 'retrain', wait: false
                bat 'python a.py'
            }
        }
    }
    post {
        failure { mail to: 'a@b', subject: 'x' }
        always { junit 'r.xml' }
    }
}
"#;
    expect![[r#"
        stage "Test" at 12 when Some("branch 'main'")
          15: ["pytest", "-q"] None
          18: ["python", "train.py", "--model", "xgb", "--x"] Some("src")
          22: ["ruff", "check"] None [swallowed]
          23: ["npm", "test"] Some("web")
          23: dir <- 'web'
          24: echo <- "don't { "
        stage "Deploy" at 27 when None
          34: ["flaky"] None [swallowed]
          36: ["python", "a.py"] None
          30: docker.build <- "app:${env.BUILD_ID}"
          31: image.push <- 'latest'
          32: docker.image <- 'x'
          32: .push <- 
          34: catchError <- buildResult: 'SUCCESS', stageResult: 'FAILURE'
          35: build <- job: 'retrain', wait: false
        triggers [("cron", "H 2 * * *", Place { cell: 0, line: 4 })]
        parameters [("EPOCHS", "5", Place { cell: 0, line: 6 })]
        environment [("MODEL", "xgb", Place { cell: 0, line: 8 }), ("TOKEN", "credentials('t')", Place { cell: 0, line: 9 })]
        post [("failure", "mail", "to: 'a@b', subject: 'x'", Place { cell: 0, line: 41 }), ("always", "junit", "'r.xml'", Place { cell: 0, line: 42 })]
        libraries ["shared@main"]
    "#]].assert_eq(&render(&read(text)));
}

#[test]
fn scripted_pipelines_and_functions() {
    let text = r#"properties([pipelineTriggers([cron('@daily'), pollSCM('H/5 * * * *')])])
def runTests(String where) {
    sh "pytest ${where}"
    if (where == 'x') { helper(where) }
}
node('gpu') {
    checkout scm
    stage('Train') {
        try {
            def rc = sh script: 'python train.py', returnStatus: true
            runTests('tests')
        } catch (e) {
            error "failed"
        }
    }
}
"#;
    expect![[r#"
        stage "" at 0 when None
          1: properties <- [pipelineTriggers([cron('@daily'), pollSCM('H/5 * * * *')])]
          1: pipelineTriggers <- [cron('@daily'), pollSCM('H/5 * * * *')]
          7: checkout <- scm
        stage "Train" at 8 when None
          10: ["python", "train.py"] None [swallowed]
          11: runTests <- 'tests'
          13: error <- "failed"
        function "runTests" at 2 when None
          3: ["pytest", "${where}"] None
          4: helper <- where
        triggers [("cron", "@daily", Place { cell: 0, line: 1 }), ("pollSCM", "H/5 * * * *", Place { cell: 0, line: 1 })]
        parameters []
        environment []
        post []
        libraries []
    "#]].assert_eq(&render(&read(text)));
}

#[test]
fn any_text_is_read() {
    const PIECES: [&str; 24] = [
        "stage('x') ",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "sh ",
        "'a'",
        "\"\"\"",
        "'''",
        "\n",
        "post ",
        "when ",
        "dir('x')",
        "def f()",
        "script: ",
        "cron('x')",
        "triggers ",
        "//",
        "/*",
        "é",
        ".",
        "=",
    ];
    arbtest::arbtest(|random| {
        let mut text = String::new();
        for _ in 0..random.arbitrary_len::<u8>()?.min(200) {
            text.push_str(random.choose(&PIECES)?);
        }
        read(&text);
        Ok(())
    })
    .budget_ms(1000);
}

#[test]
fn repeated_openings_end_soon() {
    for opening in [
        "a(",
        "sh(",
        "{",
        "when {",
        "stage('x') {",
        ".a ",
        "'",
        "def f() {",
        "x = a ",
        "dir('x') { sh 'a' \n",
    ] {
        read(&opening.repeat(5_000));
    }
}

#[test]
fn lines_that_are_written_as_escapes_are_no_lines_of_the_file() {
    let file = read("node {\n  sh 'cat << X\\none\\nX\\nmake test\\nmake lint'\n}\n");
    let scripts = file.stages.iter().flat_map(|stage| &stage.commands);
    let places: Vec<u32> = scripts
        .flat_map(|(script, _)| &script.commands)
        .map(|command| command.place.line)
        .collect();
    assert_eq!(places, [2, 2, 2]);
}

#[test]
fn bounds_that_are_met_are_told() {
    let told = |text: &str| -> Vec<(u32, String)> {
        let problems = read(text).problems.into_iter();
        problems
            .map(|problem| (problem.place.line, problem.what))
            .collect()
    };
    assert_eq!(told("stage('a') {\n  sh 'b'\n}\n"), []);
    let deep = format!("{}sh 'a'\n", "a {\n".repeat(300));
    assert_eq!(told(&deep), [(201, "nested too deeply".to_owned())]);
    let many = "a('b')\n".repeat(20_001);
    assert_eq!(told(&many), [(20_001, "too many steps to be read".to_owned())]);
    let shell = format!("\nsh '{}'\n", "$(".repeat(1_000));
    assert_eq!(told(&shell), [(2, "nested too deeply".to_owned())]);
}
