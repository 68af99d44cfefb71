//! Kubernetes: jobs and cron jobs, Argo workflows, and the jobs of training operators.

use mlops_audit_formats::data::Node;

use super::super::expand::Start;
use super::super::{Invocation, Runner, RunnerKind, Trigger, TriggerKind};
use super::reader::{Reader, command_line, trigger};

/// Deepest nesting of Argo templates that is followed.
const DEPTH: u32 = 8;

/// Most containers that one workflow is followed to.
const MOST: usize = 300;

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let manifests = Manifests::new(reader);
    for (path, root) in &manifests.all {
        let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
        let name = name_of(root);
        let place = root.entry("kind").map_or(root.place, |entry| entry.place);
        let (kind, found) = match kind {
            "CronJob" => {
                let job = root.at(&["spec", "jobTemplate", "spec", "template", "spec"]);
                (
                    RunnerKind::Platform("Kubernetes CronJob"),
                    manifests.pods(path, job, name),
                )
            }
            "Job" => {
                let job = root.at(&["spec", "template", "spec"]);
                (
                    RunnerKind::Platform("Kubernetes Job"),
                    manifests.pods(path, job, name),
                )
            }
            "RayJob" => (RunnerKind::Platform("RayJob"), manifests.ray(path, root, name)),
            "PyTorchJob" | "TFJob" | "MPIJob" | "XGBoostJob" | "TrainJob" => (
                RunnerKind::Platform("Kubeflow Trainer"),
                manifests.replicas(path, root, name),
            ),
            "Workflow" | "CronWorkflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate" => (
                RunnerKind::Orchestrator("argo-workflows".to_owned()),
                manifests.workflow(path, root),
            ),
            _ => continue,
        };
        let mut runner = reader.runner(kind, path, place, name);
        runner.triggers = triggers(root);
        runner.invocations = found;
        runners.push(runner);
    }
}

/// The schedule of a cron job or cron workflow.
fn triggers(root: &Node) -> Vec<Trigger> {
    let Some(spec) = root.get("spec") else {
        return Vec::new();
    };
    let is_suspended = spec.get("suspend").and_then(Node::as_bool) == Some(true);
    let mut found = Vec::new();
    for key in ["schedule", "schedules"] {
        let Some(entry) = spec.entry(key) else { continue };
        for schedule in entry.value.one_or_many() {
            let kind = if is_suspended {
                TriggerKind::Person
            } else {
                TriggerKind::Schedule(schedule.text())
            };
            found.push(trigger(kind, entry.place));
        }
    }
    found
}

fn name_of(root: &Node) -> &str {
    ["name", "generateName"]
        .iter()
        .find_map(|key| root.at(&["metadata", key]).and_then(Node::as_str))
        .unwrap_or("job")
}

/// All manifests of a repository.
struct Manifests<'r, 'a> {
    reader: &'r Reader<'a>,
    all: Vec<(&'a str, &'a Node)>,
}

impl<'r, 'a> Manifests<'r, 'a> {
    fn new(reader: &'r Reader<'a>) -> Self {
        let documents = reader.context.documents;
        let all = documents
            .all_data()
            .flat_map(|(file, data)| data.documents.iter().map(|root| (file.path.as_str(), root)))
            .flat_map(|(path, root)| {
                // A `List` holds manifests.
                let items = root
                    .get("items")
                    .filter(|_| root.get("kind").and_then(Node::as_str) == Some("List"));
                let inner = items.map(Node::items).unwrap_or_default();
                std::iter::once((path, root)).chain(inner.iter().map(move |item| (path, item)))
            })
            .filter(|(_, root)| root.get("apiVersion").is_some() && root.get("kind").is_some())
            .collect();
        Self { reader, all }
    }

    /// The containers of a pod, those that prepare it first.
    fn pods(&self, path: &str, pod: Option<&Node>, step: &str) -> Vec<Invocation> {
        let Some(pod) = pod else { return Vec::new() };
        ["initContainers", "containers"]
            .iter()
            .filter_map(|key| pod.get(key))
            .flat_map(Node::items)
            .flat_map(|container| {
                let name = container.get("name").and_then(Node::as_str).unwrap_or(step);
                self.container(path, container, name)
            })
            .collect()
    }

    /// What a container runs: its command, or its image's.
    fn container(&self, path: &str, container: &Node, step: &str) -> Vec<Invocation> {
        let words = |key: &str| -> Vec<String> {
            container
                .get(key)
                .map(Node::one_or_many)
                .unwrap_or_default()
                .into_iter()
                .map(Node::text)
                .collect()
        };
        let (command, arguments) = (words("command"), words("args"));
        let entry = ["command", "args", "image"]
            .iter()
            .find_map(|key| container.entry(key));
        let start = Start {
            path: path.to_owned(),
            place: entry.map_or(container.place, |entry| entry.place),
            step: step.to_owned(),
            directory: String::new(),
            ..Start::default()
        };
        let image = container.get("image").map(Node::text).unwrap_or_default();
        if command.is_empty() {
            let mut whole = vec!["docker".to_owned(), "run".to_owned(), image];
            whole.extend(arguments);
            return self.in_container(&command_line(&whole), &start);
        }
        let whole: Vec<String> = command.into_iter().chain(arguments).collect();
        let directory = container.get("workingDir").map(Node::text).unwrap_or_default();
        let at = Start {
            directory: super::super::expand::joined("", &directory),
            ..start
        };
        self.in_container(&command_line(&whole), &at)
    }

    /// Commands, all at the place of the container that runs them.
    fn in_container(&self, text: &str, start: &Start) -> Vec<Invocation> {
        let mut found = self.reader.commands(text, start);
        for invocation in &mut found {
            if invocation.path == start.path {
                invocation.place = start.place;
            }
        }
        found
    }

    fn ray(&self, path: &str, root: &Node, step: &str) -> Vec<Invocation> {
        let Some(entry) = root.get("spec").and_then(|spec| spec.entry("entrypoint")) else {
            return Vec::new();
        };
        let start = Start {
            path: path.to_owned(),
            place: entry.place,
            step: step.to_owned(),
            ..Start::default()
        };
        self.in_container(&entry.value.text(), &start)
    }

    /// The first kind of replica: the others run the same.
    fn replicas(&self, path: &str, root: &Node, step: &str) -> Vec<Invocation> {
        let specs = root.get("spec").map(Node::entries).unwrap_or_default();
        let replicas = specs.iter().find(|entry| entry.key.ends_with("ReplicaSpecs"));
        let first = replicas.and_then(|entry| entry.value.entries().first());
        self.pods(
            path,
            first.and_then(|replica| replica.value.at(&["template", "spec"])),
            step,
        )
    }

    /// The templates of a workflow from its entry point on.
    fn workflow(&self, path: &str, root: &Node) -> Vec<Invocation> {
        let Some(mut spec) = root.get("spec") else {
            return Vec::new();
        };
        spec = spec.get("workflowSpec").unwrap_or(spec);
        let mut home = path;
        if let Some(name) = spec.at(&["workflowTemplateRef", "name"]).and_then(Node::as_str) {
            let Some((other, template)) = self.template(name) else {
                return Vec::new();
            };
            (home, spec) = (other, template);
        }
        let mut found = Vec::new();
        let templates = spec.get("templates").map(Node::items).unwrap_or_default();
        match spec.get("entrypoint").and_then(Node::as_str) {
            Some(entry) => self.run(home, spec, entry, entry, DEPTH, &mut found),
            None => {
                for template in templates {
                    let name = template.get("name").and_then(Node::as_str).unwrap_or_default();
                    if template.get("dag").is_none() && template.get("steps").is_none() {
                        self.run(home, spec, name, name, DEPTH, &mut found);
                    }
                }
            }
        }
        found
    }

    /// The specification of the workflow template with this name.
    fn template(&self, name: &str) -> Option<(&'a str, &'a Node)> {
        self.all
            .iter()
            .filter(|(_, root)| {
                root.get("kind")
                    .and_then(Node::as_str)
                    .is_some_and(|kind| kind.ends_with("WorkflowTemplate"))
            })
            .find(|(_, root)| name_of(root) == name)
            .and_then(|(path, root)| Some((*path, root.get("spec")?)))
    }

    fn run(
        &self,
        path: &str,
        spec: &Node,
        template: &str,
        step: &str,
        depth: u32,
        found: &mut Vec<Invocation>,
    ) {
        if depth == 0 || found.len() > MOST {
            return;
        }
        let templates = spec.get("templates").map(Node::items).unwrap_or_default();
        let Some(node) = templates
            .iter()
            .find(|node| node.get("name").and_then(Node::as_str) == Some(template))
        else {
            return;
        };
        if let Some(container) = node.get("container") {
            found.extend(self.container(path, container, step));
        }
        if let Some(script) = node.entry("script") {
            found.extend(self.script(path, &script.value, step));
        }
        for container in node
            .at(&["containerSet", "containers"])
            .map(Node::items)
            .unwrap_or_default()
        {
            found.extend(self.container(path, container, step));
        }
        let tasks = node.at(&["dag", "tasks"]).map(Node::items).unwrap_or_default();
        // `steps` is a list of lists.
        let steps = node.get("steps").map(Node::items).unwrap_or_default();
        let steps = steps.iter().flat_map(|group| {
            if group.items().is_empty() {
                std::slice::from_ref(group)
            } else {
                group.items()
            }
        });
        for task in tasks.iter().chain(steps) {
            let name = task.get("name").and_then(Node::as_str).unwrap_or(step);
            if let Some(inner) = task.get("template").and_then(Node::as_str) {
                self.run(path, spec, inner, name, depth - 1, found);
            } else if let Some(reference) = task.get("templateRef") {
                let text = |key: &str| reference.get(key).and_then(Node::as_str).unwrap_or_default();
                if let Some((other, spec)) = self.template(text("name")) {
                    self.run(other, spec, text("template"), name, depth - 1, found);
                }
            } else if let Some(inline) = task.at(&["inline", "container"]) {
                found.extend(self.container(path, inline, name));
            }
        }
    }

    /// A script that stands in the template.
    fn script(&self, path: &str, script: &Node, step: &str) -> Vec<Invocation> {
        let Some(source) = script.entry("source") else {
            return Vec::new();
        };
        let start = Start {
            path: path.to_owned(),
            place: source.value.place.max(source.place),
            step: step.to_owned(),
            ..Start::default()
        };
        let program = script
            .get("command")
            .map(Node::one_or_many)
            .unwrap_or_default()
            .first()
            .map(|word| word.text())
            .unwrap_or_default();
        if program.contains("python") {
            let words = ["python".to_owned(), "-c".to_owned(), source.value.text()];
            let code = mlops_audit_formats::shell::Program::PythonCode(source.value.text());
            return vec![self.reader.expansion.invocation(
                &words,
                Some(code),
                super::super::Target::Tool,
                &start,
            )];
        }
        self.reader.commands(&source.value.text(), &start)
    }
}
