use expect_test::expect;

use super::show_only;

#[test]
fn workflows_and_their_dead_ends() {
    let text = r#"
=== .github/workflows/ci.yml
name: CI
on:
  push: {branches: [main]}
  pull_request:
  schedule:
    # - cron: '0 1 * * *'
  workflow_dispatch:
env:
  APP: service
jobs:
  test:
    strategy:
      matrix:
        dir: [a, b]
        python: ["3.9", "3.10"]
    defaults: {run: {working-directory: "${{ matrix.dir }}"}}
    steps:
      - uses: actions/checkout@v4
      - run: |
          pip install -r requirements.txt
          pytest | tee log
          make test || true
      - name: lint
        continue-on-error: true
        run: ruff check
      - uses: ./.github/actions/train
        with: {script: train.py}
  off:
    if: false
    steps: [{run: pytest}]
  after:
    needs: off
    steps: [{run: pytest}]
  report:
    needs: [off]
    if: always()
    steps: [{run: echo x, shell: "bash -l {0}"}]
  tags:
    needs: test
    if: startsWith(github.ref, 'refs/tags/')
    steps:
      - uses: docker/build-push-action@v5
        with: {context: ., push: true}
  hand:
    if: github.event_name == 'workflow_dispatch' && inputs.deploy == 'true'
    steps: [{run: python gone.py}]
  call:
    uses: ./.github/workflows/reuse.yml
    with: {file: src/train.py}
=== .github/workflows/reuse.yml
on:
  workflow_call:
    inputs: {file: {default: x.py}}
jobs:
  inner:
    steps: [{run: "python ${{ inputs.file }}"}]
=== .github/workflows/later.yml
name: Later
on: {workflow_run: {workflows: [CI]}}
jobs:
  x: {steps: [{run: pytest}]}
=== app/.github/workflows/dead.yml
on: push
jobs:
  x: {steps: [{run: pytest}]}
=== .github/actions/train/action.yml
inputs: {script: {default: a.py}}
runs:
  using: composite
  steps:
    - run: python src/${{ inputs.script }}
      shell: bash
=== src/train.py
print(1)
=== a/Makefile
test:
	pytest tests
=== Dockerfile
FROM python
RUN python train.py
"#;
    expect![[r#"
        GitHub Actions .github/workflows/ci.yml:11 test <- [push@3, pullrequest@4, person@7]
          .github/workflows/ci.yml:18 actions/checkout@v4 action() in a
          .github/workflows/ci.yml:20 pip install -r requirements.txt in a
          .github/workflows/ci.yml:21 pytest in a SWALLOWED
          .github/workflows/ci.yml:21 tee log in a
          a/Makefile:2 pytest tests in a [test] SWALLOWED via ["make test"]
          .github/workflows/ci.yml:22 true in a
          .github/workflows/ci.yml:25 ruff check in a [lint] SWALLOWED
          .github/actions/train/action.yml:5 python src/train.py -> src/train.py via ["./.github/actions/train"]
          .github/workflows/ci.yml:18 actions/checkout@v4 action() in b
          .github/workflows/ci.yml:20 pip install -r requirements.txt in b
          .github/workflows/ci.yml:21 pytest in b SWALLOWED
          .github/workflows/ci.yml:22 make test -> MISSING b/Makefile in b SWALLOWED
          .github/workflows/ci.yml:22 true in b
          .github/workflows/ci.yml:25 ruff check in b [lint] SWALLOWED

        GitHub Actions .github/workflows/ci.yml:28 off <- [push@3, pullrequest@4, person@7] DEAD: the job is switched off by 'if: false'
          .github/workflows/ci.yml:30 pytest

        GitHub Actions .github/workflows/ci.yml:31 after <- [push@3, pullrequest@4, person@7] needs ["off"] DEAD: it needs the job 'off', which never runs
          .github/workflows/ci.yml:33 pytest

        GitHub Actions .github/workflows/ci.yml:34 report <- [push@3, pullrequest@4, person@7] needs ["off"]
          .github/workflows/ci.yml:37 echo x

        GitHub Actions .github/workflows/ci.yml:38 tags <- [release@3, person@7] needs ["test"]
          .github/workflows/ci.yml:42 docker/build-push-action@v5 action(context=., push=true)
          Dockerfile:2 python train.py -> MISSING train.py [build] via ["docker/build-push-action@v5"]

        GitHub Actions .github/workflows/ci.yml:44 hand <- [person@7]
          .github/workflows/ci.yml:46 python gone.py -> MISSING gone.py

        GitHub Actions .github/workflows/ci.yml:47 call <- [push@3, pullrequest@4, person@7]
          .github/workflows/reuse.yml:6 python src/train.py -> src/train.py via ["./.github/workflows/reuse.yml"]

        GitHub Actions .github/workflows/later.yml:4 x <- [after 'CI'@2, push@2, pullrequest@2, person@2, release@2]
          .github/workflows/later.yml:4 pytest

        GitHub Actions .github/workflows/reuse.yml:5 inner <- []
          .github/workflows/reuse.yml:6 python ${{ inputs.file }}

        GitHub Actions app/.github/workflows/dead.yml:3 x <- [push@1] DEAD: the workflow stands outside the root's .github/workflows, where nothing reads it
          app/.github/workflows/dead.yml:3 pytest

    "#]].assert_eq(&show_only(text, "GitHub"));
}
