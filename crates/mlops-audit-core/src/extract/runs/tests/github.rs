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
    expect![[r#""#]].assert_eq(&show_only(text, "GitHub"));
}
