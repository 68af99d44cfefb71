use expect_test::expect;

use super::{show, show_only};

#[test]
fn make_targets_and_scripts() {
    let text = r#"
=== Makefile
all: prepare train
prepare:
	python src/prepare.py
train: prepare
	-./scripts/train.sh
	@cd src && python evaluate.py
=== scripts/train.sh
#!/bin/bash
cd "$(dirname "$0")/.."
python src/train.py
=== scripts/lib.sh
run() {
  python x.py
}
=== src/train.py
print(1)
=== src/prepare.py
print(1)
=== src/evaluate.py
print(1)
"#;
    expect![[r#"
        Make Makefile:1 all <- [] needs ["prepare", "train"]
          Makefile:3 python src/prepare.py -> src/prepare.py [prepare]
          scripts/train.sh:3 python src/train.py -> src/train.py [train] SWALLOWED via ["./scripts/train.sh"]
          Makefile:6 python evaluate.py -> src/evaluate.py in src [train]

        Make Makefile:2 prepare <- []
          Makefile:3 python src/prepare.py -> src/prepare.py [prepare]

        Make Makefile:4 train <- [] needs ["prepare"]
          Makefile:3 python src/prepare.py -> src/prepare.py [prepare]
          scripts/train.sh:3 python src/train.py -> src/train.py [train] SWALLOWED via ["./scripts/train.sh"]
          Makefile:6 python evaluate.py -> src/evaluate.py in src [train]

        Script scripts/train.sh:3 scripts/train.sh <- []
          scripts/train.sh:3 python src/train.py -> src/train.py

    "#]]
    .assert_eq(&show(text));
}

#[test]
fn task_runners() {
    let text = r#"
=== .github/workflows/ci.yml
on: push
jobs:
  all:
    runs-on: ubuntu-latest
    steps:
      - run: tox -e lint,py39
      - run: nox -s tests
      - run: poetry run poe all
      - run: npm test
        working-directory: web
      - run: hatch run cov
      - run: inv train
      - run: uv run task check
      - run: pre-commit run --all-files
      - run: just go
      - run: fit --fast
=== tox.ini
[tox]
envlist = py{38,39}, lint
[testenv]
deps = pytest
commands =
    pytest {posargs:tests}
    # note
    - coverage report \
        --show-missing
[testenv:lint]
changedir = {toxinidir}/src
commands = python {toxinidir}/src/train.py
=== noxfile.py
import nox

@nox.session(python=["3.9"])
def tests(session):
    session.install("-r", "requirements.txt")
    session.run("pytest", "-k", "a b", *session.posargs)
=== tasks.py
from invoke import task

@task
def clean(c):
    c.run("rm -rf x")

@task(pre=[clean])
def train(c):
    c.run("python src/train.py")
=== pyproject.toml
[project.scripts]
fit = "pkg.cli:main"
[tool.poe.tasks]
test = "pytest"
lint.cmd = "ruff check"
all = ["lint", "test", {script = "pkg.cli:main"}]
[tool.hatch.envs.default.scripts]
cov = ["pytest --cov", "coverage report"]
[tool.taskipy.tasks]
check = "mypy ."
=== web/package.json
{
  "scripts": {
    "pretest": "eslint .",
    "test": "jest"
  }
}
=== .pre-commit-config.yaml
repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    hooks:
      - id: ruff
        args: [--fix]
  - repo: local
    hooks:
      - id: tests
        entry: pytest tests
=== justfile
go: prep
    python src/train.py
prep:
    echo a
=== src/train.py
print(1)
=== pkg/__init__.py
=== pkg/cli.py
def main():
    print(1)
"#;
    expect![[r#"
        GitHub Actions .github/workflows/ci.yml:3 all <- [push@1]
          .github/workflows/ci.yml:6 tox -e lint,py39
          tox.ini:6 pytest tests [py39] via ["tox -e lint,py39"]
          tox.ini:8 coverage report --show-missing [py39] SWALLOWED via ["tox -e lint,py39"]
          tox.ini:12 python /src/train.py -> src/train.py in src [lint] via ["tox -e lint,py39"]
          .github/workflows/ci.yml:7 nox -s tests
          noxfile.py:5 pip install -r requirements.txt [tests] via ["nox -s tests"]
          noxfile.py:6 pytest -k a b [tests] via ["nox -s tests"]
          .github/workflows/ci.yml:8 poetry run poe all
          pyproject.toml:5 ruff check [lint] via ["poetry run poe all"]
          pyproject.toml:4 pytest [test] via ["poetry run poe all"]
          pyproject.toml:6 python -m pkg.cli -> pkg/cli.py [all] via ["poetry run poe all"]
          .github/workflows/ci.yml:9 npm test in web
          web/package.json:3 eslint . in web [pretest] via ["npm test"]
          web/package.json:4 jest in web [test] via ["npm test"]
          .github/workflows/ci.yml:11 hatch run cov
          pyproject.toml:8 pytest --cov [cov] via ["hatch run cov"]
          pyproject.toml:8 coverage report [cov] via ["hatch run cov"]
          .github/workflows/ci.yml:12 inv train
          tasks.py:5 rm -rf x [clean] via ["inv train"]
          tasks.py:9 python src/train.py -> src/train.py [train] via ["inv train"]
          .github/workflows/ci.yml:13 uv run task check
          pyproject.toml:10 mypy . [check] via ["uv run task check"]
          .github/workflows/ci.yml:14 pre-commit run --all-files
          .pre-commit-config.yaml:4 ruff --fix [ruff] via ["pre-commit run --all-files"]
          .pre-commit-config.yaml:9 pytest tests [tests] via ["pre-commit run --all-files"]
          .github/workflows/ci.yml:15 just go
          justfile:4 echo a [prep] via ["just go"]
          justfile:2 python src/train.py -> src/train.py [go] via ["just go"]
          .github/workflows/ci.yml:16 fit --fast -> pkg/cli.py

    "#]]
    .assert_eq(&show_only(text, "GitHub"));
}

#[test]
fn images_and_services() {
    let text = r#"
=== docker/Dockerfile
FROM python AS base
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
FROM base
COPY serving/app.py serving/run.sh ./
COPY src/ /app/src/
RUN python src/train.py
ENTRYPOINT ["./run.sh"]
CMD ["python", "app.py"]
=== requirements.txt
flask
=== serving/app.py
print(1)
=== serving/run.sh
exec "$@"
=== src/train.py
print(1)
=== docker-compose.yml
services:
  api:
    build:
      context: .
      dockerfile: docker/Dockerfile
    depends_on: [db]
  train:
    build: {context: ., dockerfile: docker/Dockerfile}
    command: python /app/src/train.py
  db:
    image: postgres:16
=== Makefile
build:
	docker build -f docker/Dockerfile -t x .
up:
	docker compose up -d api
"#;
    expect![[r#"
        Make Makefile:1 build <- []
          Makefile:2 docker build -f docker/Dockerfile -t x . [build]
          docker/Dockerfile:4 pip install -r requirements.txt [build] via ["docker build -f docker/Dockerfile -t x ."]
          docker/Dockerfile:8 python src/train.py -> src/train.py [build] via ["docker build -f docker/Dockerfile -t x ."]

        Make Makefile:3 up <- []
          Makefile:4 docker compose up -d api [up]
          docker/Dockerfile:4 pip install -r requirements.txt [build] via ["docker compose up -d api"]
          docker/Dockerfile:8 python src/train.py -> src/train.py [build] via ["docker compose up -d api"]
          serving/run.sh:1 $@ in serving [start] via ["docker compose up -d api", "./run.sh"]
          docker/Dockerfile:10 python app.py -> serving/app.py in serving [start] via ["docker compose up -d api"]

        Script serving/run.sh:1 serving/run.sh <- []
          serving/run.sh:1 $@ in serving

        Image docker/Dockerfile:1 docker/Dockerfile <- []
          docker/Dockerfile:4 pip install -r requirements.txt [build]
          docker/Dockerfile:8 python src/train.py -> src/train.py [build]
          serving/run.sh:1 $@ in serving [start] via ["./run.sh"]
          docker/Dockerfile:10 python app.py -> serving/app.py in serving [start]

        Compose docker-compose.yml:2 api <- [] needs ["db"]
          docker/Dockerfile:4 pip install -r requirements.txt [build]
          docker/Dockerfile:8 python src/train.py -> src/train.py [build]
          serving/run.sh:1 $@ in serving [start] via ["./run.sh"]
          docker/Dockerfile:10 python app.py -> serving/app.py in serving [start]

        Compose docker-compose.yml:7 train <- []
          docker/Dockerfile:4 pip install -r requirements.txt [build]
          docker/Dockerfile:8 python src/train.py -> src/train.py [build]
          serving/run.sh:1 $@ in serving [start] via ["./run.sh python src/train.py"]
          docker-compose.yml:9 python src/train.py -> src/train.py [start]

        Compose docker-compose.yml:10 db <- []
          docker-compose.yml:11 docker run postgres:16 [db]

    "#]].assert_eq(&show(text));
}

#[test]
fn words_of_lists_stay_words() {
    let text = r#"
=== .github/workflows/ci.yml
on: push
jobs:
  all:
    runs-on: ubuntu-latest
    steps:
      - run: pre-commit run smoke
      - run: pdm run smoke
      - run: tox -e py
      - run: |
          echo a
          docker run app bash -c "pytest tests && python train.py"
=== .pre-commit-config.yaml
repos:
  - repo: local
    hooks:
      - id: smoke
        entry: docker run app python -c
        args: ["import a; b()", "it's"]
=== pyproject.toml
[tool.pdm.scripts]
smoke = {cmd = ["docker", "run", "app", "python", "-c", "import a; b()", "{args}"]}
[tool.tox.env.py]
commands = [["python", "-c", "import a; b()", "{posargs:-k x}"]]
=== train.py
print(1)
"#;
    expect![[r#"
        GitHub Actions .github/workflows/ci.yml:3 all <- [push@1]
          .github/workflows/ci.yml:6 pre-commit run smoke
          .pre-commit-config.yaml:5 docker run app python -c import a; b() it's [smoke] via ["pre-commit run smoke"]
          .github/workflows/ci.yml:7 pdm run smoke
          pyproject.toml:2 docker run app python -c import a; b() [smoke] via ["pdm run smoke"]
          .github/workflows/ci.yml:8 tox -e py
          pyproject.toml:4 python -c import a; b() -k x [py] via ["tox -e py"]
          .github/workflows/ci.yml:10 echo a
          .github/workflows/ci.yml:11 docker run app bash -c pytest tests && python train.py
          .github/workflows/ci.yml:11 pytest tests via ["docker"]
          .github/workflows/ci.yml:11 python train.py -> train.py via ["docker"]

    "#]].assert_eq(&show_only(text, "GitHub"));
}
