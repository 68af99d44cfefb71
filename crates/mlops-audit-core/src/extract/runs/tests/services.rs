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
    expect![[r#"
        CircleCI .circleci/config.yml:9 test <- [push@23]
          .circleci/config.yml:17 pip install . in app [t]
          .circleci/config.yml:18 pytest in app [t]
          .circleci/config.yml:18 tee x in app [t]
          .circleci/config.yml:7 python train.py -> app/train.py in app

        CircleCI .circleci/config.yml:9 test <- [schedule '0 1 * * *'@30]
          .circleci/config.yml:17 pip install . in app [t]
          .circleci/config.yml:18 pytest in app [t]
          .circleci/config.yml:18 tee x in app [t]
          .circleci/config.yml:7 python train.py -> app/train.py in app

        CircleCI .circleci/config.yml:20 unused <- [push@20] DEAD: no workflow names the job
          .circleci/config.yml:21 pytest

        CircleCI .circleci/config.yml:27 python/dist <- [person@27] needs ["ok"]
          .circleci/config.yml:27 python/dist action(requires=, filters=)

    "#]]
    .assert_eq(&show(text));
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
    expect![[r#"
        Azure Pipelines ops/azure-pipelines.yml:8 unit <- [schedule '0 3 * * *'@3]
          ops/steps/run.yml:3 python app/train.py -> app/train.py via ["ops/steps/run.yml"]
          ops/azure-pipelines.yml:13 pytest in app SWALLOWED
          ops/azure-pipelines.yml:14 echo done in app

        Azure Pipelines ops/azure-pipelines.yml:19 ship <- [schedule '0 3 * * *'@3] needs ["unit"] DEAD: it is switched off by 'condition: false'
          ops/azure-pipelines.yml:24 AzureCLI@2 action(inlineScript=az ml job create -f job.yml) [cli]
          ops/azure-pipelines.yml:27 az ml job create -f job.yml [cli]
          ops/azure-pipelines.yml:27 az ml job create -f job.yml -> MISSING job.yml [cli] via ["az ml job create -f job.yml"]
          ops/azure-pipelines.yml:28 Docker@2 action(command=buildAndPush)

    "#]].assert_eq(&show(text));
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
    expect![[r#"
        AWS CodeBuild buildspec.yml:1 buildspec.yml <- [push@1]
          buildspec.yml:5 pytest in src [build]

        Bitbucket Pipelines bitbucket-pipelines.yml:3 test <- [push@2]
          bitbucket-pipelines.yml:3 pytest [test]
          bitbucket-pipelines.yml:3 atlassian/ssh-run:0.2 action(A=b) [test]

        Bitbucket Pipelines bitbucket-pipelines.yml:4 ship <- [person@2] needs ["test"]
          bitbucket-pipelines.yml:4 make deploy -> MISSING Makefile [ship]

        Bitbucket Pipelines bitbucket-pipelines.yml:6 step 1 <- [person@6]
          bitbucket-pipelines.yml:6 python train.py -> train.py [step 1]

        Drone .drone.yml:2  <- [push@5, schedule 'a cron of the project'@5]
          .drone.yml:4 pytest [test]

        Google Cloud Build cloudbuild.yaml:1 cloudbuild.yaml <- [push@1]
          cloudbuild.yaml:2 docker build -t app . [gcr.io/cloud-builders/docker]
          cloudbuild.yaml:9 pip install . [python:3.9] SWALLOWED
          cloudbuild.yaml:10 python train.py -> train.py [python:3.9]
          cloudbuild.yaml:11 docker push gcr.io/x/app [images]

        Travis CI .travis.yml:3 build <- [push@3, pullrequest@3]
          .travis.yml:2 pip install . [install]
          .travis.yml:4 pytest [script]
          .travis.yml:5 python train.py -> train.py [script]
          .travis.yml:6 codecov [after_success] SWALLOWED
          .travis.yml:7 travis deploy pypi action(provider=pypi) [deploy]

    "#]]
    .assert_eq(&show(text));
}
