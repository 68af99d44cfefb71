//! What to do about missing tests: with the project's own modules, routes, metrics and tracker.

use mlops_audit_formats::code::Expr;

use crate::advise::Advice;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::uses::shortened;
use crate::judge::Judgement;

/// Tests of the project's own functions.
pub(super) fn unit(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    let broken: Vec<Evidence> = facts
        .testing
        .cases
        .iter()
        .filter_map(|case| case.broken.clone())
        .collect();
    let works = facts.testing.cases.iter().any(|case| case.can_run());
    if !works && let Some(first) = broken.first() {
        return Advice {
            cause: "broken-tests".to_owned(),
            gap: format!("The tests cannot run: {} {}.", first.location(), first.what),
            recommendation: "Mend the imports of the tests, so that they run against the code as it is now."
                .to_owned(),
            implementation: "python -m pytest --collect-only -q   # lists every import that fails".to_owned(),
            tools: vec!["pytest".to_owned()],
            fixable: false,
            locations: broken,
        };
    }
    let missing = judgement.missing.join("; ");
    let Some((module, functions)) = facts.testing.untested.first() else {
        return Advice {
            cause: "no-unit-tests".to_owned(),
            gap: format!("{}: the code stands in notebooks or has no functions to test.", capital(&missing)),
            recommendation: "Move cleaning and features out of notebooks and scripts into functions that take data and return data, and test those.".to_owned(),
            implementation: "mkdir -p tests && python -m pytest tests".to_owned(),
            tools: vec!["pytest".to_owned()],
            fixable: false,
            locations: judgement.evidence.clone(),
        };
    };
    let listed = functions.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    let import = module_name(&module.path);
    let function = functions.first().cloned().unwrap_or_default();
    Advice {
        cause: "no-unit-tests".to_owned(),
        gap: format!(
            "{}. The largest module that no test reaches is {} ({listed}).",
            capital(&missing),
            module.path
        ),
        recommendation: format!(
            "Test the functions of {} with small inputs written by hand, {function} first.",
            module.path
        ),
        implementation: format!(
            "# tests/test_{}.py\nfrom {import} import {function}\n\n\ndef test_{function}():\n    result = {function}({})\n    assert result == ...  # the value that you expect for this input",
            import.rsplit('.').next().unwrap_or(&import),
            parameters(facts, module, &function),
        ),
        tools: vec!["pytest".to_owned()],
        fixable: false,
        locations: vec![module.clone()],
    }
}

/// A test through the API, or of a whole training run.
pub(super) fn integration(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    let missing = capital(&judgement.missing.join("; "));
    if let Some((route, method, app, place)) = route(facts) {
        let import = module_name(&place.path);
        let body = if method == "post" {
            ", json={...}  # a request as users send it\n    "
        } else {
            ""
        };
        return Advice {
            cause: "no-integration-tests".to_owned(),
            gap: format!(
                "{missing}: {method} {route} ({}) is never asked for in a test.",
                place.location()
            ),
            recommendation: format!(
                "Ask {route} with a test client and check status, fields and a value that you know."
            ),
            implementation: format!(
                "# tests/test_api.py\nfrom fastapi.testclient import TestClient\n\nfrom {import} import {app}\n\n\ndef test_{}():\n    response = TestClient({app}).{method}(\"{route}\"{body})\n    assert response.status_code == 200\n    assert response.json()  # and the value that you expect",
                identifier(&route),
            ),
            tools: vec!["pytest".to_owned(), "FastAPI TestClient".to_owned()],
            fixable: false,
            locations: vec![place],
        };
    }
    let basis = &facts.basis;
    let entry = basis
        .training
        .main_entries()
        .into_iter()
        .find(|entry| basis.listing.in_project(&basis.codebase.file(entry.file).path));
    let (what, command, locations) = match entry {
        Some(entry) => {
            let path = basis.codebase.file(entry.file).path.clone();
            let site = basis.training.sites_of(entry).next();
            let locations = site
                .map(|site| basis.codebase.evidence(site.file, site.place, "fits the model"))
                .into_iter()
                .collect();
            let command = if path.ends_with(".ipynb") {
                format!("\"jupyter\", \"nbconvert\", \"--to\", \"notebook\", \"--execute\", \"{path}\"")
            } else {
                format!("sys.executable, \"{path}\"")
            };
            (format!("{path} on a few rows"), command, locations)
        }
        None => (
            "the main command on small data".to_owned(),
            "sys.executable, \"main.py\"".to_owned(),
            Vec::new(),
        ),
    };
    Advice {
        cause: "no-integration-tests".to_owned(),
        gap: format!("{missing}."),
        recommendation: format!(
            "Run {what} in a temporary folder from a test, and check that it ends well and leaves a model that can predict."
        ),
        implementation: format!(
            "# tests/test_end_to_end.py\nimport subprocess\nimport sys\n\n\ndef test_training_runs():\n    done = subprocess.run([{command}], check=False)\n    assert done.returncode == 0"
        ),
        tools: vec!["pytest".to_owned()],
        fixable: false,
        locations,
    }
}

/// A bar for the metric that training computes.
pub(super) fn model(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    let missing = capital(&judgement.missing.join("; "));
    let metric = metric(facts);
    let (named, locations) = match &metric {
        Some((name, place)) => (
            format!("`{name}`, which {} computes", place.location()),
            vec![place.clone()],
        ),
        None => (
            "the metric that you report".to_owned(),
            judgement.evidence.clone(),
        ),
    };
    let variable = metric
        .as_ref()
        .map_or_else(|| "metric".to_owned(), |(name, _)| variable(name));
    let lower_is_better = ["error", "loss", "rmse", "mae", "mse"]
        .iter()
        .any(|part| variable.contains(part));
    let sign = if lower_is_better { ">" } else { "<" };
    let bar = if lower_is_better { "MAXIMUM" } else { "MINIMUM" };
    let comma = if metric.is_some() { "," } else { "" };
    let llm = facts.assessment.kind == crate::audit::Kind::LlmApp;
    Advice {
        cause: "no-quality-bar".to_owned(),
        gap: format!(
            "{missing}: {named}{comma} is compared with no limit that stops a bad {}.",
            if llm { "answer" } else { "model" }
        ),
        recommendation: format!(
            "Agree on the worst value that the product can live with, and let the evaluation fail beyond it: {named}."
        ),
        implementation: format!(
            "{bar}_{} = ...  # the worst value that you accept\nif {variable} {sign} {bar}_{}:\n    raise SystemExit(f\"{variable} {{{variable}}} misses the bar\")",
            variable.to_ascii_uppercase(),
            variable.to_ascii_uppercase(),
        ),
        tools: if llm {
            vec!["DeepEval".to_owned(), "promptfoo".to_owned()]
        } else {
            vec!["pytest".to_owned()]
        },
        fixable: false,
        locations,
    }
}

/// A comparison with the model in production, by the tracker or a metrics file.
pub(super) fn regression(facts: &Facts<'_>, judgement: &Judgement) -> Advice {
    let missing = capital(&judgement.missing.join("; "));
    let mlflow = facts
        .assessment
        .experiment_trackers
        .iter()
        .any(|tracker| tracker == "mlflow");
    let metric = metric(facts);
    let variable = metric
        .as_ref()
        .map_or_else(|| "metric".to_owned(), |(name, _)| variable(name));
    let compared = match &metric {
        Some(_) => format!("`{variable}`"),
        None => "the metric that you report".to_owned(),
    };
    let (source, code, tool) = if mlflow {
        (
            "the run behind the model in production",
            format!(
                "client = mlflow.MlflowClient()\nchampion = client.get_model_version_by_alias(MODEL_NAME, \"champion\")\nbaseline = client.get_run(champion.run_id).data.metrics[\"{variable}\"]"
            ),
            "MLflow",
        )
    } else {
        (
            "a committed metrics file",
            format!("baseline = json.loads(Path(\"baseline.json\").read_text())[\"{variable}\"]"),
            "pytest",
        )
    };
    Advice {
        cause: "no-comparison".to_owned(),
        gap: format!("{missing}."),
        recommendation: format!(
            "Compare {compared} of each new model with {source} before it is kept, and stop when it is worse by more than you tolerate."
        ),
        implementation: format!(
            "{code}\nif {variable} < baseline - 0.01:  # turn the sign for an error\n    raise SystemExit(f\"{variable} fell from {{baseline}} to {{{variable}}}\")"
        ),
        tools: vec![tool.to_owned()],
        fixable: false,
        locations: metric.map(|(_, place)| vec![place]).unwrap_or_default(),
    }
}

/// The first metric that the project's code computes.
fn metric(facts: &Facts<'_>) -> Option<(String, Evidence)> {
    let basis = &facts.basis;
    let found = basis.uses.with(Role::Evaluate).find(|found| {
        let file = basis.codebase.file(found.file);
        !file.is_test && basis.listing.in_project(&file.path)
    })?;
    let site = found.site(&basis.codebase);
    let name = shortened(basis.uses.target(&basis.codebase, site));
    let name = name.rsplit('.').next().unwrap_or(&name).to_owned();
    Some((name, found.evidence(&basis.codebase)))
}

/// `accuracy_score` is kept in `accuracy`.
fn variable(metric: &str) -> String {
    metric
        .strip_suffix("_score")
        .unwrap_or(metric)
        .to_ascii_lowercase()
}

/// A route of the API that does some work: its path, its method, the name of the application, its handler's place.
fn route(facts: &Facts<'_>) -> Option<(String, String, String, Evidence)> {
    let basis = &facts.basis;
    let mut found = Vec::new();
    for (at, source) in basis.codebase.files.iter().enumerate() {
        let file = u32::try_from(at).unwrap_or(u32::MAX);
        if source.is_test || !basis.listing.in_project(&source.path) {
            continue;
        }
        for scope in &source.code.scopes {
            for decorator in &scope.decorators {
                let Some(site) = basis.codebase.call_of(file, decorator) else {
                    continue;
                };
                let method = site.call.method();
                let is_fastapi = basis.codebase.target(site).starts_with("fastapi.FastAPI");
                let Some(path) = site.call.positional(0).and_then(Expr::as_str) else {
                    continue;
                };
                if !is_fastapi || !matches!(method, "get" | "post") || path.contains("health") || path == "/"
                {
                    continue;
                }
                let app = match &site.call.callee {
                    Expr::Name(name) => name.path.split('.').next().unwrap_or("app").to_owned(),
                    _ => "app".to_owned(),
                };
                // The callee's first part is the class where the name was resolved.
                let app = source
                    .code
                    .assignments
                    .iter()
                    .find(|found| {
                        found.scope == 0
                            && basis
                                .codebase
                                .call_of(file, &found.value)
                                .is_some_and(|site| basis.codebase.target(site) == "fastapi.FastAPI")
                    })
                    .map_or(app, |found| found.target.clone());
                let place = basis
                    .codebase
                    .evidence(file, scope.place, format!("answers {path}"));
                found.push((method != "post", path.to_owned(), method.to_owned(), app, place));
            }
        }
    }
    found.sort();
    let (_, path, method, app, place) = found.into_iter().next()?;
    Some((path, method, app, place))
}

/// The parameters of a function, as the arguments of a call that has yet to be written.
fn parameters(facts: &Facts<'_>, module: &Evidence, function: &str) -> String {
    let codebase = &facts.basis.codebase;
    let Some(file) = codebase.position(&module.path) else {
        return "...".to_owned();
    };
    let code = &codebase.file(file).code;
    let scope = code
        .scopes
        .iter()
        .find(|scope| scope.parent == 0 && scope.name == function);
    let names = scope.map(|scope| {
        scope
            .parameters
            .iter()
            .filter(|parameter| parameter.default.is_none())
            .map(|parameter| format!("{}=...", parameter.name))
            .collect::<Vec<_>>()
            .join(", ")
    });
    names.unwrap_or_default()
}

/// The name under which a module is imported.
fn module_name(path: &str) -> String {
    let module = path.strip_suffix(".py").unwrap_or(path);
    let module = module.strip_suffix("/__init__").unwrap_or(module);
    module.replace('/', ".")
}

fn identifier(route: &str) -> String {
    let name: String = route
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
        .collect();
    name.trim_matches('_').to_ascii_lowercase()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
