//! What is not sure is not offered: repositories in a line or two, each with the reason that people are told.

use std::fmt::Write;

use crate::tree::{changed, planned, shown, tree};

/// A project with a test that no job runs.
const TESTED: &str = "=== requirements.txt\npytest==8.3.3\nscikit-learn==1.5.2\n=== train.py\n\
    from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\n\n\n\
    def clean(rows):\n    return rows\n\n\nLogisticRegression().fit(*load_iris(return_X_y=True))\n\
    === tests/test_train.py\nfrom train import clean\n\n\ndef test_clean():\n    assert clean([1]) == [1]\n";

/// Holds what a fixer refuses of each repository against the reason.
fn check(fixer: &str, cases: &[(String, &str)]) {
    let mut wrong = String::new();
    for (files, reason) in cases {
        let plan = planned(&tree(files), fixer);
        let left = changed(&plan);
        let told = plan.unproved.iter().any(|one| one.why.contains(reason));
        if left.is_empty() && told {
            continue;
        }
        let why: Vec<&str> = plan.unproved.iter().map(|one| one.why.as_str()).collect();
        let _ = writeln!(
            wrong,
            "{files}becomes\n{}{why:?} and not '{reason}'\n",
            shown(&left)
        );
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn jobs_that_could_break_a_pipeline_are_not_added() {
    let gitlab = |text: &str| format!("{TESTED}=== .gitlab-ci.yml\n{text}");
    let python = |asked: &str| {
        format!(
            "{TESTED}=== pyproject.toml\n[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \"{asked}\"\n"
        )
    };
    let build = "build:\n  script: [make]\n";
    let include = "include:\n  - project: a/b\n    file: /ci.yml\n";
    check(
        "ci",
        &[
            (gitlab(&format!("{build}...\n")), "ends its document itself"),
            (gitlab(&format!("{include}{build}")), "which stages there are"),
            (
                gitlab(&format!("stages: [.pre]\n{build}")),
                "which stages there are",
            ),
            (gitlab(include), "takes jobs from elsewhere"),
            (python(">=3.7,<3.8"), "asks for '>=3.7,<3.8'"),
            (python("==3.11.4"), "asks for '==3.11.4'"),
            (
                format!("{TESTED}=== .python-version\n3.7.9\n"),
                "asks for '3.7.9'",
            ),
        ],
    );
}

#[test]
fn a_job_runs_where_the_jobs_beside_it_do() {
    let left = |text: &str| {
        let files = tree(&format!("{TESTED}=== .gitlab-ci.yml\n{text}"));
        shown(&changed(&planned(&files, "ci")))
    };
    let by_stage =
        left("stages: [build, deploy]\nbuild:\n  stage: build\n  script: [make]\n  only: [main]\n");
    assert!(by_stage.contains("\ntest:\n  stage: build\n"), "{by_stage}");
    assert!(!by_stage.contains("rules:"), "{by_stage}");
    let asked =
        "build:\n  script: [make]\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n";
    let requests = left(asked);
    assert!(requests.contains("  rules:\n    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS\n"), "{requests}");
    let ruled = left(&format!(
        "workflow:\n  rules:\n    - if: $CI_COMMIT_BRANCH\n{asked}"
    ));
    assert!(!ruled.contains("test:\n  rules:"), "{ruled}");
    let included =
        left("include: ci.yml\nstages: [test]\nbuild:\n  stage: test\n  script: [make]\n=== ci.yml\n{}\n");
    assert!(included.contains("inherit:\n    default: [tags]\n"), "{included}");
}

/// A script that trains, with what stands above and below its training.
fn script(packages: &str, imports: &str, body: &str) -> String {
    format!(
        "=== pyproject.toml\n[project]\nname = \"tumours\"\nversion = \"1\"\ndependencies = [{packages}]\n\
         === .gitignore\n*.joblib\n=== train.py\nimport sys\n\nimport joblib\n{imports}\n\
         from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\n\n{body}"
    )
}

#[test]
fn models_are_registered_only_in_a_session_that_is_sure_to_be_open() {
    const FIT: &str = "X, y = load_iris(return_X_y=True)\nmodel = LogisticRegression(C=0.5).fit(X, y)\n";
    const SAVE: &str = "joblib.dump(model, \"model.joblib\")\n";
    const OPEN: &str = "wandb.init(project=\"p\", config={\"C\": 0.5})\n";
    let wandb = |body: String| script("\"scikit-learn\", \"wandb\"", "import wandb", &body);
    let switch = "use_wandb = len(sys.argv) > 1\n";
    let cases = [
        wandb(format!(
            "try:\n    {OPEN}except Exception:\n    print(1)\n{FIT}{SAVE}"
        )),
        wandb(format!(
            "{switch}if use_wandb:\n    try:\n        {OPEN}    except Exception:\n        print(1)\n{FIT}{SAVE}"
        )),
        wandb(format!(
            "{switch}if sys.flags.dev_mode:\n    print(1)\nelif use_wandb:\n    {OPEN}{FIT}{SAVE}"
        )),
        wandb(format!(
            "{switch}if use_wandb:\n    {OPEN}{FIT}if not use_wandb:\n    {SAVE}"
        )),
        wandb(format!(
            "{switch}if use_wandb:\n    {OPEN}{FIT}if use_wandb:\n    print(1)\nelif X is not None:\n    {SAVE}"
        )),
        wandb(format!(
            "{switch}\n\ndef setup():\n    global use_wandb\n    use_wandb = True\n\n\n\
             if use_wandb:\n    {OPEN}setup()\n{FIT}{SAVE}"
        )),
        wandb(format!(
            "{switch}\n\ndef close():\n    wandb.finish()\n\n\nif use_wandb:\n    {OPEN}{FIT}if use_wandb:\n    close()\n{SAVE}"
        )),
        wandb(format!(
            "def close():\n    wandb.finish()\n\n\n{OPEN}{FIT}close()\n{SAVE}"
        )),
        wandb(format!(
            "def save(model):\n    {SAVE}\n\ndef quick(model):\n    save(model)\n\n\n\
             def full(model):\n    with wandb.init(project=\"p\", config={{\"C\": 0.5}}):\n        save(model)\n\n\n\
             {FIT}quick(model)\nfull(model)\n"
        )),
        wandb(format!(
            "def work(model):\n    wandb.finish()\n    {SAVE}\n\n{OPEN}{FIT}work(model)\n"
        )),
    ];
    check(
        "registry",
        &cases.map(|files| (files, "no session of the tracker is sure")),
    );
}

#[test]
fn one_name_holds_the_versions_of_one_model() {
    const LOOP: &str = "X, y = load_iris(return_X_y=True)\nmlflow.log_param(\"n\", 3)\nfor C in (0.1, 1.0):\n    \
        model = LogisticRegression(C=C)\n    model.fit(X, y)\n    joblib.dump(model, f\"model-{C}.joblib\")\n";
    const CALLED: &str = "X, y = load_iris(return_X_y=True)\n\n\ndef train(C, path):\n    \
        model = LogisticRegression(C=C)\n    model.fit(X, y)\n    joblib.dump(model, path)\n\n\n\
        with mlflow.start_run():\n    train(0.1, \"a.joblib\")\n    train(1.0, \"b.joblib\")\n";
    let mlflow = |body: &str| script("\"scikit-learn\", \"mlflow\"", "import mlflow", body);
    let cases = [mlflow(LOOP), mlflow(CALLED)];
    check(
        "registry",
        &cases.map(|files| (files, "a run saves several models")),
    );
}

#[test]
fn what_is_fitted_is_logged_only_where_it_is_the_model() {
    let project = |packages: &str, train: &str| {
        format!(
            "=== pyproject.toml\n[project]\nname = \"tumours\"\nversion = \"1\"\ndependencies = [{packages}]\n\
             === train.py\n{train}"
        )
    };
    let spark = "import mlflow\nfrom pyspark.ml.classification import LogisticRegression\n\
        from pyspark.sql import SparkSession\n\nspark = SparkSession.builder.getOrCreate()\n\
        train = spark.read.parquet(\"train.parquet\")\nlr = LogisticRegression(maxIter=10)\n\
        with mlflow.start_run():\n    model = lr.fit(train)\n    \
        mlflow.log_metric(\"accuracy\", model.summary.accuracy)\n";
    let plan = planned(&tree(&project("\"mlflow\", \"pyspark\"", spark)), "registry");
    let left = shown(&changed(&plan));
    assert!(
        left.contains("mlflow.spark.log_model(model, \"model\","),
        "{left}"
    );
    let models = "import mlflow\nimport pandas as pd\nimport statsmodels.api as sm\n\ndata = pd.read_csv(\"data.csv\")\n\
        with mlflow.start_run():\n    model = sm.OLS(data[\"y\"], data[[\"x\"]])\n    results = model.fit()\n    \
        mlflow.log_metric(\"r2\", results.rsquared)\n";
    let plan = planned(
        &tree(&project("\"mlflow\", \"pandas\", \"statsmodels\"", models)),
        "registry",
    );
    let left = shown(&changed(&plan));
    assert!(
        left.contains("mlflow.statsmodels.log_model(results, \"model\","),
        "{left}"
    );
    let trainer = "import lightning as L\nimport mlflow\nfrom net import Net, data\n\nmodel = Net()\n\
        trainer = L.Trainer(max_epochs=3)\nwith mlflow.start_run():\n    trainer.fit(model, data())\n    \
        mlflow.log_metric(\"loss\", 0.1)\n";
    let trainer = project("\"lightning\", \"mlflow\"", trainer) + NET;
    check(
        "registry",
        &[(trainer, "no run saves a model to a file that is named")],
    );
}

/// A network of Lightning.
const NET: &str = "=== net.py\nimport lightning as L\nimport torch\n\n\ndef data():\n    \
    return torch.utils.data.DataLoader(torch.ones(8, 4))\n\n\nclass Net(L.LightningModule):\n    \
    def training_step(self, batch, index):\n        return self.net(batch).mean()\n\n    \
    def configure_optimizers(self):\n        return torch.optim.SGD(self.parameters(), lr=0.1)\n";

#[test]
fn loggers_that_are_decided_or_too_old_are_left_alone() {
    let project = |package: &str, logger: &str, trainer: &str| {
        format!(
            "=== requirements.txt\nmlflow\nwandb\n{package}\n=== train.py\nimport lightning as L\n\
             from lightning.pytorch.loggers import MLFlowLogger, WandbLogger\nfrom net import Net, data\n\n\
             options = {{\"log_model\": \"all\"}}\nlogger = {logger}\n\
             trainer = L.Trainer(max_epochs=3, logger=logger{trainer})\ntrainer.fit(Net(), data())\n{NET}"
        )
    };
    let decided = "is told already which checkpoints to keep";
    let old = "before 1.9";
    check(
        "registry",
        &[
            (
                project(
                    "lightning",
                    "MLFlowLogger(\"x\", None, \"file:ml\", None, \"ml\", False)",
                    "",
                ),
                decided,
            ),
            (project("lightning", "WandbLogger(**options)", ""), decided),
            (
                project("lightning", "WandbLogger()", ", fast_dev_run=True"),
                decided,
            ),
            (
                project("pytorch-lightning==1.5.10", "MLFlowLogger(\"x\")", ""),
                old,
            ),
            (
                project("pytorch-lightning>=1.5,<1.9", "MLFlowLogger(\"x\")", ""),
                old,
            ),
        ],
    );
    let current = project("lightning>=2.1,!=1.5", "MLFlowLogger(\"x\")", "");
    let left = shown(&changed(&planned(&tree(&current), "registry")));
    assert!(left.contains("MLFlowLogger(\"x\", log_model=True)"), "{left}");
}

/// A page of Streamlit with its model, and what it does.
fn page(body: &str) -> String {
    format!(
        "=== requirements.txt\njoblib\nscikit-learn\nstreamlit\n=== app.py\nimport joblib\nimport streamlit as st\n\n{body}\
         === train.py\nimport joblib\nfrom sklearn.datasets import load_iris\n\
         from sklearn.linear_model import LogisticRegression\n\n\
         joblib.dump(LogisticRegression().fit(*load_iris(return_X_y=True)), \"model.joblib\")\n"
    )
}

const LOAD: &str = "model = joblib.load(\"model.joblib\")\na = st.slider(\"a\", 0.0, 9.0)\n";

#[test]
fn pages_that_are_not_sure_to_answer_are_not_asked() {
    const ANSWER: &str = "if st.button(\"go\"):\n    st.success(model.predict([[a] * 4])[0])\n";
    let unsure = "it is not sure that app.py answers";
    check(
        "smoke-test",
        &[
            (
                page(&format!(
                    "{LOAD}if st.button(\"go\"):\n    if a > 5:\n        st.success(model.predict([[a] * 4])[0])\n"
                )),
                unsure,
            ),
            (
                page(&format!(
                    "{LOAD}if st.button(\"go\"):\n    try:\n        st.success(model.predict([[a] * 4])[0])\n    \
                     except ValueError:\n        st.error(\"no\")\n"
                )),
                unsure,
            ),
            (
                page(&format!(
                    "def ask(a):\n    if a < 5:\n        return None\n    return model.predict([[a] * 4])[0]\n\n\n\
                     {LOAD}if st.button(\"go\"):\n    st.write(ask(a))\n"
                )),
                unsure,
            ),
            (
                page(&format!(
                    "{LOAD}{}",
                    ANSWER.replace("\"go\"", "\"go\", disabled=a < 5")
                )),
                unsure,
            ),
            (
                page(&format!("{LOAD}if a < 5:\n    st.stop()\n{ANSWER}")),
                "may end before it answers, by stop",
            ),
            (
                page(&format!("{LOAD}st.write(st.secrets[\"x\"])\n{ANSWER}")),
                "reads secrets",
            ),
            (
                page(&format!("{LOAD}b = st.number_input(\"b\", value=None)\n{ANSWER}")),
                "waits for what number_input is given",
            ),
            (
                page(&format!(
                    "{LOAD}b = st.selectbox(\"b\", [1, 2], index=None)\n{ANSWER}"
                )),
                "waits for what selectbox is given",
            ),
            (
                page(&format!("{LOAD}b = st.text_input(\"b\", value=None)\n{ANSWER}")),
                "waits for what text_input is given",
            ),
            (
                page(&format!("{LOAD}{ANSWER}")).replace("\nstreamlit\n", "\nstreamlit==1.20.0\n"),
                "before 1.28",
            ),
        ],
    );
}

#[test]
fn a_test_looks_only_for_what_a_page_is_sure_to_show() {
    let left = |body: &str| shown(&changed(&planned(&tree(&page(body)), "smoke-test")));
    let ask = "st.write(model.predict([[a] * 4])[0])";
    let own = left(&format!(
        "{LOAD}if st.button(\"go\"):\n    {ask}\n    st.success(\"done\")\n"
    ));
    assert!(own.contains("assert page.success"), "{own}");
    let emptied = left(&format!(
        "{LOAD}box = st.empty()\nif st.button(\"go\"):\n    box.success(\"wait\")\n    {ask}\n    box.empty()\n"
    ));
    assert!(emptied.contains("click().run()"), "{emptied}");
    assert!(!emptied.contains("assert page.success"), "{emptied}");
    let other = left(&format!(
        "class Answer:\n    def json(self):\n        return \"{{}}\"\n\n\n{LOAD}if st.button(\"go\"):\n    {ask}\n    Answer().json()\n"
    ));
    assert!(other.contains("click().run()"), "{other}");
    assert!(!other.contains("assert page.json"), "{other}");
}

#[test]
fn a_test_is_skipped_only_for_what_is_sure_to_be_missing() {
    let service = |above: &str, load: &str| {
        let files = format!(
            "=== requirements.txt\nfastapi\njoblib\nscikit-learn\n=== main.py\nimport os\n\nimport joblib\n\
             from fastapi import FastAPI\nfrom pydantic import BaseModel\n\n{above}app = FastAPI()\n{load}\n\n\
             class Flower(BaseModel):\n    width: float\n\n\n@app.post(\"/predict\")\ndef predict(flower: Flower):\n    \
             return {{\"label\": int(model.predict([[flower.width]])[0])}}\n"
        );
        shown(&changed(&planned(&tree(&files), "smoke-test")))
    };
    let load = "model = joblib.load(\"model.joblib\")\n";
    let sure = service("", load);
    assert!(sure.contains("if not Path(\"model.joblib\").exists()"), "{sure}");
    let called = service(
        "def load():\n    return joblib.load(\"model.joblib\")\n\n\n",
        "model = load()\n",
    );
    assert!(
        called.contains("if not Path(\"model.joblib\").exists()"),
        "{called}"
    );
    for (above, load) in [
        (
            "if not os.path.exists(\"model.joblib\"):\n    joblib.dump([1], \"model.joblib\")\n",
            load,
        ),
        (
            "from pathlib import Path\n\nMODEL = Path(\"model.joblib\")\nif not MODEL.exists():\n    joblib.dump([1], MODEL)\n",
            "model = joblib.load(MODEL)\n",
        ),
        (
            "def fast():\n    return joblib.load(\"fast.joblib\")\n\n\ndef slow():\n    return joblib.load(\"slow.joblib\")\n\n\n",
            "if os.name == \"nt\":\n    model = fast()\nelse:\n    model = slow()\n",
        ),
        (
            "def load():\n    if os.name == \"nt\":\n        return None\n    return joblib.load(\"model.joblib\")\n\n\n",
            "model = load()\n",
        ),
        ("", "model = joblib.load(\"models\\\\new.joblib\")\n"),
        ("", "model = joblib.load('my \"best\" model.joblib')\n"),
        (
            "from dotenv import load_dotenv\n\nload_dotenv()\nKEY = os.environ[\"KEY\"]\n",
            "model = joblib.load(os.environ[\"MODEL\"])\n",
        ),
        (
            "os.environ[\"MODE\"] = \"serve\"\nMODE = os.environ[\"MODE\"]\n",
            "model = joblib.load(MODE)\n",
        ),
        (
            "os.environ.setdefault(\"MODE\", \"serve\")\nMODE = os.environ[\"MODE\"]\n",
            "model = joblib.load(MODE)\n",
        ),
    ] {
        let left = service(above, load);
        assert!(left.contains("def test_predict_answers"), "{above}{load}{left}");
        assert!(!left.contains("pytest.skip"), "{above}{load}{left}");
    }
}
