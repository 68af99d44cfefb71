use expect_test::expect;

use super::show;

#[test]
fn circleci() {
    let text = r#"
=== .circleci/config.yml
version: 2.1
orbs: {python: circleci/python@2}
commands:
  go:
    parameters: {file: {type: string, default: x.py}}
    steps:
      - run: python << parameters.file >>
jobs:
  test:
    docker: [{image: cimg/python:3.9}]
    working_directory: ~/project/app
    steps:
      - checkout: {path: ~/project}
      - run:
          name: t
          command: |
            pip install .
            pytest | tee x
      - go: {file: train.py}
  unused:
    steps: [{run: pytest}]
workflows:
  main:
    jobs:
      - test
      - ok: {type: approval, requires: [test]}
      - python/dist: {requires: [ok], filters: {branches: {ignore: /.*/}, tags: {only: /v.*/}}}
  nightly:
    triggers:
      - schedule: {cron: "0 1 * * *", filters: {branches: {only: main}}}
    jobs: [test]
=== app/train.py
print(1)
"#;
    expect![[r#""#]].assert_eq(&show(text));
}

#[test]
fn azure() {
    let text = r#"
=== ops/azure-pipelines.yml
trigger: none
schedules:
  - cron: "0 3 * * *"
    branches: {include: [main]}
stages:
  - stage: Test
    jobs:
      - job: unit
        steps:
          - template: steps/run.yml
            parameters: {file: train.py}
          - script: |
              pytest
              echo done
            workingDirectory: $(Build.SourcesDirectory)/app
  - stage: Deploy
    condition: false
    jobs:
      - deployment: ship
        strategy:
          runOnce:
            deploy:
              steps:
                - task: AzureCLI@2
                  displayName: cli
                  inputs:
                    inlineScript: az ml job create -f job.yml
                - task: Docker@2
                  inputs: {command: buildAndPush}
=== ops/steps/run.yml
parameters: [{name: file, default: x.py}]
steps:
  - bash: python app/${{ parameters.file }}
=== app/train.py
print(1)
"#;
    expect![[r#""#]].assert_eq(&show(text));
}

#[test]
fn smaller_services() {
    let text = r#"
=== .travis.yml
language: python
install: pip install .
script:
  - pytest
  - python train.py
after_success: [codecov]
deploy: {provider: pypi}
=== bitbucket-pipelines.yml
pipelines:
  default:
    - step: {name: test, script: [pytest, {pipe: "atlassian/ssh-run:0.2", variables: {A: b}}]}
    - step: {name: ship, trigger: manual, script: [make deploy]}
  custom:
    retrain: [{step: {script: [python train.py]}}]
=== cloudbuild.yaml
steps:
  - name: gcr.io/cloud-builders/docker
    args: [build, -t, app, .]
  - name: python:3.9
    entrypoint: bash
    args:
      - -c
      - |
        pip install .
        python train.py
images: [gcr.io/x/app]
=== buildspec.yml
phases:
  build:
    commands:
      - cd src
      - pytest
=== .drone.yml
kind: pipeline
steps:
  - name: test
    commands: [pytest]
trigger: {event: [push, cron]}
=== train.py
print(1)
"#;
    expect![[r#""#]].assert_eq(&show(text));
}
