//! Audits as they come out of real repositories, built by hand.

use mlops_audit_core::audit::{
    Assessment, Audit, AutomationLevel, CriterionResult, Deployment, Effort, Kind, Outcome, PolicyEffect,
    PolicyOrigin, PrincipleResult, Priority, ProjectSummary, Recommendation, Roadmap, Standing, TrainingCode,
    Unread,
};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::{CriterionId, Principle, Verdict};
use mlops_audit_core::reach::{Run, RunStep, RunTrigger};
use mlops_audit_formats::Place;
use mlops_audit_report::terminal::{Label, Vocabulary};

/// The words of the sample: labels as in the rubric, and names of a few tools.
pub(crate) struct Words;

impl Vocabulary for Words {
    fn label(&self, criterion: CriterionId) -> Label<'_> {
        let (label, looked_for) = match (criterion.principle, criterion.name) {
            (Principle::Automation, "pipeline") => ("Pipeline", ""),
            (Principle::Automation, "ci") => ("CI", ""),
            (Principle::Automation, "cd") => ("CD", ""),
            (Principle::Automation, "ct") => ("CT", ""),
            (Principle::Versioning, "code") => ("Code", "Git"),
            (Principle::Versioning, "data") => ("Data", "DVC/LFS/dataset versions"),
            (Principle::Versioning, "model") => ("Model", "MLflow/W&B Registry"),
            (Principle::Versioning, "config") => ("Config", "files apart from code"),
            (Principle::Tracking, "params") => ("Params", ""),
            (Principle::Tracking, "metrics") => ("Metrics", ""),
            (Principle::Tracking, "artifacts") => ("Artifacts", ""),
            (Principle::Tracking, "code") => ("Code", ""),
            (Principle::Testing, "unit") => ("Unit", ""),
            (Principle::Testing, "integration") => ("Integration", ""),
            (Principle::Testing, "model") => ("Model", "accuracy, fairness"),
            (Principle::Testing, "regression") => ("Regression", ""),
            (Principle::Monitoring, "system") => ("System", "CPU, memory, latency"),
            (Principle::Monitoring, "model") => ("Model", "Predictions, accuracy"),
            (Principle::Monitoring, "data") => ("Data", "Drift detection"),
            (Principle::Monitoring, "alerts") => ("Alerts", ""),
            (Principle::Reproducibility, "seeds") => ("Seeds", "random_state, manual_seed"),
            (Principle::Reproducibility, "environment") => ("Environment", "Docker/requirements locked"),
            (Principle::Reproducibility, "rebuild") => ("Rebuild", ""),
            (_, unknown) => panic!("no criterion is called '{unknown}'"),
        };
        Label { label, looked_for }
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        match id {
            "pytorch" => "PyTorch",
            "scikit-learn" => "scikit-learn",
            "mlflow" => "MLflow",
            "dvc" => "DVC",
            "github-actions" => "GitHub Actions",
            "prometheus" => "Prometheus",
            other => other,
        }
    }
}

/// A project with an API, a pipeline, and most of what production asks for missing.
pub(crate) fn fraud_detection() -> Audit {
    Audit {
        project: ProjectSummary {
            root: "fraud-detection".to_owned(),
            path: "fraud-detection".to_owned(),
            commit: Some("06ea489d3c1f0b7a5e2d9c8b7a6f5e4d3c2b1a09".to_owned()),
            remote: Some("https://github.com/example/fraud-detection".to_owned()),
            files_read: 128,
            unread: unread(),
            limits_hit: vec![
                "2 files are larger than 8 MiB and were read in their first part only".to_owned(),
            ],
            policy: PolicyOrigin::Pyproject,
        },
        assessment: Assessment {
            kind: Kind::Project,
            frameworks: vec!["pytorch".to_owned(), "scikit-learn".to_owned()],
            training_code: TrainingCode::Both,
            training_entry_points: vec![
                Evidence::new(
                    "notebooks/explore.ipynb",
                    Place { cell: 4, line: 2 },
                    "RandomForestClassifier.fit",
                ),
                Evidence::new("src/train.py", Place::line(48), "optimisation loop"),
            ],
            state: AutomationLevel::Pipeline,
            deployment: vec![Deployment::Api],
            intended: Vec::new(),
            experiment_trackers: vec!["mlflow".to_owned(), "dvc".to_owned()],
        },
        principles: principles(),
        standing: Some(Standing {
            score: 2.0 + 1.0 / 24.0,
            score_observed: 2.0 + 1.0 / 24.0,
            automation_level: AutomationLevel::Pipeline,
            maturity: AutomationLevel::Pipeline,
            held_down_by: Vec::new(),
        }),
        recommendations: recommendations().into(),
        roadmap: Roadmap {
            immediate: vec![1, 0],
            short_term: vec![2],
            medium_term: vec![3],
        },
        policy: PolicyEffect::default(),
        runs: runs(),
    }
}

/// A job that trains through DVC and ignores a failure, and one whose script is gone.
fn runs() -> Vec<Run> {
    let at = |path: &str, line: u32, what: &str| Evidence::new(path, Place::line(line), what);
    let step = |work: &'static str, evidence: Evidence, file: &str| RunStep {
        work,
        telling: true,
        evidence,
        via: Vec::new(),
        file: file.to_owned(),
        broken: None,
        swallowed: false,
    };
    let workflow = ".github/workflows/train.yml";
    let train = RunStep {
        via: vec!["dvc repro".to_owned()],
        ..step("train", at("dvc.yaml", 12, "python src/train.py"), "src/train.py")
    };
    let gone = RunStep {
        broken: Some("runs scripts/deploy.py, which does not exist".to_owned()),
        ..step("deploy", at("Makefile", 9, "python scripts/deploy.py"), "")
    };
    vec![
        Run {
            kind: "GitHub Actions".to_owned(),
            name: "train".to_owned(),
            group: "nightly".to_owned(),
            evidence: at(workflow, 8, ""),
            triggers: vec![RunTrigger {
                what: "schedule 0 3 * * 1".to_owned(),
                by_person: false,
                evidence: at(workflow, 4, ""),
            }],
            dead: None,
            failure_ignored: false,
            steps: vec![train, step("test", at(workflow, 15, "pytest -q || true"), "")],
        },
        Run {
            kind: "Makefile".to_owned(),
            name: "deploy".to_owned(),
            group: String::new(),
            evidence: at("Makefile", 8, ""),
            triggers: Vec::new(),
            dead: None,
            failure_ignored: false,
            steps: vec![gone],
        },
    ]
}

/// A repository of recipes for containers.
pub(crate) fn not_ml() -> Audit {
    let mut audit = fraud_detection();
    audit.project = ProjectSummary {
        root: ".".to_owned(),
        path: ".".to_owned(),
        files_read: 41,
        ..ProjectSummary::default()
    };
    audit.assessment = Assessment {
        kind: Kind::NotMl,
        frameworks: Vec::new(),
        training_code: TrainingCode::None,
        training_entry_points: Vec::new(),
        state: AutomationLevel::Manual,
        deployment: Vec::new(),
        intended: Vec::new(),
        experiment_trackers: Vec::new(),
    };
    audit.principles[0].share = 0.0;
    audit.principles[0].status = Verdict::Unmet;
    audit.standing = None;
    audit.recommendations = Vec::new().into();
    audit.runs = Vec::new();
    audit
}

/// The sample with every string that a repository can choose replaced.
pub(crate) fn named(name: &str) -> Audit {
    let mut audit = fraud_detection();
    audit.project.path = name.to_owned();
    audit.project.commit = None;
    audit.project.unread[0].path = name.to_owned();
    audit.project.limits_hit = vec![name.to_owned()];
    audit.assessment.experiment_trackers = vec![name.to_owned()];
    audit.assessment.training_entry_points[0].path = name.to_owned();
    for criterion in audit
        .principles
        .iter_mut()
        .flat_map(|result| &mut result.criteria)
    {
        criterion.finding = format!("found {name}");
        criterion.evidence = vec![Evidence::new(name, Place::line(7), name)];
        criterion.missing = vec![format!("nothing reads {name}")];
    }
    let mut recommendations = std::mem::take(&mut audit.recommendations).into_vec();
    for advice in &mut recommendations {
        advice.gap = format!("no test reads {name}");
        advice.recommendation = format!("read {name}");
        // Lines of an implementation are the adviser's own, who must not let a name break one.
        advice.implementation = format!("cat {}", name.replace('\n', " "));
        advice.locations = vec![Evidence::file(name, "")];
    }
    audit.recommendations = recommendations.into();
    audit
}

fn unread() -> Vec<Unread> {
    let mut unread: Vec<Unread> = [
        ("data/raw/transactions.parquet", "binary"),
        (
            "legacy/clean.py",
            "python 2: 'print \"done\"' is no expression (line 14)",
        ),
        ("notebooks/broken.ipynb", "no JSON: unexpected end of the file"),
        ("reports/2024/q1.json", "larger than 8 MiB"),
        ("reports/2024/q2.json", "larger than 8 MiB"),
        ("vendor/linked", "a link out of the root"),
    ]
    .into_iter()
    .map(|(path, why)| Unread {
        path: path.to_owned(),
        path_bytes: None,
        why: why.to_owned(),
    })
    .collect();
    unread[5].path_bytes = Some("76656e646f722fff".to_owned());
    unread
}

fn principles() -> Vec<PrincipleResult> {
    vec![
        principle(
            Principle::Automation,
            1.0 / 3.0,
            vec![
                met("pipeline", "4 chained stages", "dvc.yaml", 1),
                partial(
                    "ci",
                    "lints on push",
                    ".github/workflows/lint.yml",
                    9,
                    "no job runs the tests",
                ),
                unmet("cd", "no delivery"),
                unmet("ct", "no scheduled training"),
            ],
        ),
        principle(
            Principle::Versioning,
            0.625,
            vec![
                CriterionResult {
                    evidence: vec![Evidence::file(".git", "a Git repository")],
                    ..met("code", "Git", ".git", 0)
                },
                met("data", "DVC", "data/data.xml.dvc", 3),
                unmet("model", "trained models are overwritten, no registry or version"),
                partial(
                    "config",
                    "argparse defaults",
                    "src/train.py",
                    12,
                    "no committed file feeds them",
                ),
            ],
        ),
        principle(
            Principle::Tracking,
            0.625,
            vec![
                met("params", "mlflow.autolog", "src/train.py", 31),
                met("metrics", "mlflow.autolog", "src/train.py", 31),
                partial(
                    "artifacts",
                    "figures in a folder for each run",
                    "src/plots.py",
                    88,
                    "no tool keeps them",
                ),
                unmet("code", "runs are not tied to a commit"),
            ],
        ),
        principle(
            Principle::Testing,
            0.25,
            vec![
                met("unit", "23 tests with assertions", "tests/test_features.py", 14),
                unmet("integration", "no test drives the API or the pipeline"),
                unmet("model", "no threshold on a metric"),
                unmet("regression", "no comparison with a previous model"),
            ],
        ),
        principle(
            Principle::Monitoring,
            0.125,
            vec![
                partial(
                    "system",
                    "health route only",
                    "src/serve.py",
                    20,
                    "no metric of latency or errors",
                ),
                unmet("model", "predictions are not recorded"),
                unmet("data", "no drift detection"),
                unmet("alerts", "nobody is notified"),
            ],
        ),
        principle(
            Principle::Reproducibility,
            1.0 / 3.0,
            vec![
                partial(
                    "seeds",
                    "torch.manual_seed",
                    "src/train.py",
                    19,
                    "train_test_split (src/split.py:8) draws unseeded",
                ),
                unmet("environment", "no file declares the dependencies"),
                partial(
                    "rebuild",
                    "dvc repro and a DVC remote",
                    "dvc.yaml",
                    1,
                    "environment not declared",
                ),
            ],
        ),
    ]
}

fn recommendations() -> Vec<Recommendation> {
    let mut tracking = advice(Priority::Low, Principle::Tracking, &["code"], "no-commit");
    tracking.recommendation = "Tag each run with the commit that it ran at.".to_owned();
    tracking.implementation = "mlflow.set_tag(\"git_commit\", commit)".to_owned();
    tracking.gap = "runs are not tied to a commit".to_owned();
    tracking.tools = Vec::new();
    tracking.reason = String::new();
    vec![
        Recommendation {
            gap: "no file declares the dependencies".to_owned(),
            reason: "an API is deployed, and its environment cannot be built again".to_owned(),
            recommendation: "Declare the 9 packages that the code imports and lock them to exact versions.".to_owned(),
            implementation: "uv init --bare\nuv add torch scikit-learn pandas fastapi uvicorn mlflow dvc\nuv lock".to_owned(),
            tools: vec!["uv".to_owned(), "poetry".to_owned()],
            fixable: true,
            ..advice(Priority::Critical, Principle::Reproducibility, &["environment"], "undeclared")
        },
        Recommendation {
            gap: "src/train.py overwrites models/model.pt at each run".to_owned(),
            reason: "an API is deployed, and no earlier model can be restored".to_owned(),
            recommendation: "Register each trained model in the MLflow registry that the project already tracks to.".to_owned(),
            implementation: "mlflow.pytorch.log_model(model, name=\"model\", registered_model_name=\"fraud\")".to_owned(),
            tools: vec!["mlflow".to_owned()],
            locations: vec![Evidence::new("src/train.py", Place::line(97), "torch.save")],
            ..advice(Priority::Critical, Principle::Versioning, &["model"], "overwritten")
        },
        Recommendation {
            gap: "CI lints and runs no test, though 23 tests exist".to_owned(),
            reason: "an API is deployed".to_owned(),
            recommendation: "Run the tests on each push, beside the linter.".to_owned(),
            implementation: "# .github/workflows/lint.yml\n- name: Test\n  run: |\n    uv sync --locked\n\tuv run pytest\n".to_owned(),
            tools: vec!["github-actions".to_owned(), "pytest".to_owned()],
            locations: (9..14).map(|line| Evidence::new(".github/workflows/lint.yml", Place::line(line), "")).collect(),
            ..advice(Priority::High, Principle::Automation, &["ci"], "no-tests")
        },
        tracking,
    ]
}

fn advice(priority: Priority, principle: Principle, names: &[&'static str], cause: &str) -> Recommendation {
    let criteria: Vec<CriterionId> = names.iter().map(|name| CriterionId { principle, name }).collect();
    Recommendation {
        id: format!("{}:{cause}", criteria[0]),
        principle,
        criteria,
        gap: String::new(),
        priority,
        reason: String::new(),
        because: Vec::new(),
        recommendation: String::new(),
        implementation: String::new(),
        steps: Vec::new(),
        tools: Vec::new(),
        fixable: false,
        locations: Vec::new(),
        effort: Effort::Hours,
        unlocks: Vec::new(),
        outcome: Outcome {
            score: 2.25,
            automation_level: AutomationLevel::Pipeline,
            maturity: AutomationLevel::Pipeline,
        },
    }
}

fn principle(principle: Principle, share: f64, criteria: Vec<CriterionResult>) -> PrincipleResult {
    let criteria = criteria.into_iter().map(|mut criterion| {
        criterion.id.principle = principle;
        criterion
    });
    PrincipleResult {
        principle,
        status: Verdict::Partial,
        share,
        criteria: criteria.collect(),
    }
}

fn met(name: &'static str, finding: &str, path: &str, line: u32) -> CriterionResult {
    CriterionResult {
        // The principle is set by the list that it stands in.
        id: CriterionId {
            principle: Principle::Automation,
            name,
        },
        verdict: Verdict::Met,
        observed: Verdict::Met,
        attested: None,
        evidence: vec![Evidence::new(path, Place::line(line), finding)],
        finding: finding.to_owned(),
        missing: Vec::new(),
    }
}

fn partial(name: &'static str, finding: &str, path: &str, line: u32, missing: &str) -> CriterionResult {
    let missing = vec![missing.to_owned()];
    CriterionResult {
        verdict: Verdict::Partial,
        observed: Verdict::Partial,
        missing,
        ..met(name, finding, path, line)
    }
}

fn unmet(name: &'static str, missing: &str) -> CriterionResult {
    CriterionResult {
        verdict: Verdict::Unmet,
        observed: Verdict::Unmet,
        evidence: Vec::new(),
        finding: String::new(),
        missing: vec![missing.to_owned()],
        ..met(name, "", "", 0)
    }
}
