use expect_test::expect;

use super::{show, show_only};

#[test]
fn jobs_extend_include_and_refer() {
    let text = r#"
=== .gitlab-ci.yml
include:
  - local: '/ci/base.yml'
stages: [test, train, deploy]
default:
  before_script:
    - pip install -r requirements.txt
.setup:
  script:
    - cd app
unit:
  stage: test
  extends: .tests
lint:
  stage: test
  allow_failure: true
  script: ruff check
  before_script: []
train:
  stage: train
  script:
    - !reference [.setup, script]
    - |
      echo start
      python train.py --fast
  after_script:
    - curl http://x
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
deploy:
  stage: deploy
  when: manual
  script: [kubectl apply -f k8s.yml]
never:
  script: [pytest]
  when: never
flag:
  script: [pytest]
  rules:
    - if: $RUN_ALL == "true"
old:
  script: [pytest]
  only: [merge_requests, main]
  except: [schedules]
=== ci/base.yml
.tests: &tests
  script:
    - pip install pytest
    - pytest tests || true
    - make check
=== app/train.py
print(1)
=== Makefile
check:
	python missing.py
=== sub/.gitlab-ci.yml
job:
  script: [pytest]
"#;
    expect![[r#"
        GitLab CI .gitlab-ci.yml:10 unit <- [push@10]
          .gitlab-ci.yml:6 pip install -r requirements.txt [test]
          ci/base.yml:3 pip install pytest [test]
          ci/base.yml:4 pytest tests [test] SWALLOWED
          ci/base.yml:4 true [test]
          Makefile:2 python missing.py -> MISSING missing.py [check] via ["make check"]

        GitLab CI .gitlab-ci.yml:13 lint <- [push@13] [failure ignored]
          .gitlab-ci.yml:16 ruff check [test] SWALLOWED

        GitLab CI .gitlab-ci.yml:18 train <- [schedule 'a pipeline schedule of the project'@28] needs ["unit", "lint", "never", "flag", "old"]
          .gitlab-ci.yml:6 pip install -r requirements.txt [train]
          .gitlab-ci.yml:23 echo start in app [train]
          .gitlab-ci.yml:24 python train.py --fast -> app/train.py in app [train]
          .gitlab-ci.yml:26 curl http://x [train] SWALLOWED

        GitLab CI .gitlab-ci.yml:29 deploy <- [person@29] needs ["train"]
          .gitlab-ci.yml:6 pip install -r requirements.txt [deploy]
          .gitlab-ci.yml:32 kubectl apply -f k8s.yml [deploy]

        GitLab CI .gitlab-ci.yml:33 never <- [] DEAD: the job is switched off by 'when: never'
          .gitlab-ci.yml:6 pip install -r requirements.txt [test]
          .gitlab-ci.yml:34 pytest [test]

        GitLab CI .gitlab-ci.yml:36 flag <- [person@39]
          .gitlab-ci.yml:6 pip install -r requirements.txt [test]
          .gitlab-ci.yml:37 pytest [test]

        GitLab CI .gitlab-ci.yml:40 old <- [pullrequest@42, push@42]
          .gitlab-ci.yml:6 pip install -r requirements.txt [test]
          .gitlab-ci.yml:41 pytest [test]

        GitLab CI sub/.gitlab-ci.yml:1 job <- [push@1] DEAD: the .gitlab-ci.yml stands in a sub-folder, where GitLab does not read it
          sub/.gitlab-ci.yml:2 pytest in sub [test]

    "#]].assert_eq(&show_only(text, "GitLab"));
}

#[test]
fn workflow_rules_decide_for_all_jobs() {
    let text = r#"
=== .gitlab-ci.yml
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
variables:
  TRAIN: "true"
test:
  script: [pytest]
tag:
  script: [pytest]
  rules:
    - if: $CI_COMMIT_TAG
train:
  script: [python -m train]
  rules:
    - if: $TRAIN == "true"
hand:
  script: [pytest]
  rules:
    - if: $CI_COMMIT_BRANCH == "main"
      when: manual
"#;
    expect![[r#"
        GitLab CI .gitlab-ci.yml:7 test <- [pullrequest@3, push@4]
          .gitlab-ci.yml:8 pytest [test]

        GitLab CI .gitlab-ci.yml:9 tag <- [] DEAD: the job is switched off by its rules
          .gitlab-ci.yml:10 pytest [test]

        GitLab CI .gitlab-ci.yml:13 train <- [pullrequest@16, push@16]
          .gitlab-ci.yml:14 python -m train [test]

        GitLab CI .gitlab-ci.yml:17 hand <- [person@20]
          .gitlab-ci.yml:18 pytest [test]

    "#]]
    .assert_eq(&show(text));
}
