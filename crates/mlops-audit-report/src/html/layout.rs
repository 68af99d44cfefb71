//! Where the nodes of the graph of commands stand: triggers on the left, what runs in the middle, what it reaches on
//! the right. Pure geometry, in units of the picture.

use std::collections::BTreeMap;

use mlops_audit_core::reach::{Run, RunStep};

/// Width of the picture.
pub(super) const WIDTH: f64 = 980.0;
/// Height of a node.
pub(super) const NODE: f64 = 40.0;
const GAP: f64 = 12.0;

/// Left edge and width of each column.
pub(super) const COLUMNS: [(f64, f64); 3] = [(1.0, 200.0), (300.0, 270.0), (669.0, 310.0)];

/// How a node or an edge looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It works by itself.
    Automatic,
    /// A person starts it.
    ByPerson,
    /// It runs, and its failure fails nothing.
    Weak,
    /// It cannot run as committed.
    Dead,
}

impl Look {
    /// The class of the stylesheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::ByPerson => "person",
            Self::Weak => "weak",
            Self::Dead => "dead",
        }
    }
}

/// A box with two lines of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) look: Look,
    /// Top edge.
    pub(super) y: f64,
    /// Which column it stands in.
    pub(super) column: usize,
}

/// A line between two nodes, by their positions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) look: Look,
}

/// The whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) height: f64,
}

/// Lays the runs out in the order in which they are given.
pub(super) fn layout(runs: &[&Run]) -> Layout {
    let mut picture = Layout::default();
    let mut triggers: BTreeMap<String, usize> = BTreeMap::new();
    let mut ends: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut y = 0.0;
    for run in runs {
        let run_look = look_of(run);
        let at = picture.add(1, run_title(run), run.kind.clone(), run_look);
        picture.nodes[at].y = y;
        y += NODE + GAP;
        for (what, look) in started_by(run) {
            let from = *triggers
                .entry(what.clone())
                .or_insert_with(|| picture.add(0, what, String::new(), look));
            picture.edges.push(Edge {
                from,
                to: at,
                look: if run_look == Look::Dead { run_look } else { look },
            });
        }
        for step in told(run) {
            let look = step_look(run, step);
            let (title, detail) = step_text(step);
            let to = *ends
                .entry((title.clone(), detail.clone()))
                .or_insert_with(|| picture.add(2, title, detail, look));
            let edge = Edge { from: at, to, look };
            if !picture.edges.contains(&edge) {
                picture.edges.push(edge);
            }
        }
    }
    picture.settle(0);
    picture.settle(2);
    let lowest = picture.nodes.iter().map(|node| node.y + NODE);
    picture.height = lowest.fold(NODE, f64::max) + 2.0;
    picture
}

impl Layout {
    fn add(&mut self, column: usize, title: String, detail: String, look: Look) -> usize {
        self.nodes.push(Node {
            title,
            detail,
            look,
            y: 0.0,
            column,
        });
        self.nodes.len() - 1
    }

    /// Puts each node of a column beside what it is joined to, and none upon another.
    fn settle(&mut self, column: usize) {
        let mut order: Vec<(f64, usize)> = Vec::new();
        for (at, _) in self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.column == column)
        {
            let joined = self
                .edges
                .iter()
                .filter_map(|edge| match (edge.from == at, edge.to == at) {
                    (true, _) => Some(self.nodes[edge.to].y),
                    (_, true) => Some(self.nodes[edge.from].y),
                    _ => None,
                });
            let places: Vec<f64> = joined.collect();
            let count = u32::try_from(places.len().max(1)).unwrap_or(u32::MAX);
            order.push((places.iter().sum::<f64>() / f64::from(count), at));
        }
        order.sort_by(|(a, first), (b, second)| a.total_cmp(b).then(first.cmp(second)));
        let mut free = 0.0_f64;
        for (wanted, at) in order {
            self.nodes[at].y = wanted.max(free);
            free = self.nodes[at].y + NODE + GAP;
        }
    }
}

/// The steps that the picture shows: what an audit looks for, and dead ends.
pub(super) fn told(run: &Run) -> impl Iterator<Item = &RunStep> {
    run.steps
        .iter()
        .filter(|step| step.telling || step.broken.is_some())
}

/// The name of a run, behind that of its workflow.
pub(super) fn run_title(run: &Run) -> String {
    if run.group.is_empty() || run.group == run.name {
        run.name.clone()
    } else {
        format!("{} / {}", run.group, run.name)
    }
}

/// What starts a run, in words.
fn started_by(run: &Run) -> Vec<(String, Look)> {
    if run.dead.is_some() {
        return Vec::new();
    }
    if run.triggers.is_empty() {
        return vec![("a person".to_owned(), Look::ByPerson)];
    }
    let look = |by_person: bool| {
        if by_person {
            Look::ByPerson
        } else {
            Look::Automatic
        }
    };
    let all = run.triggers.iter();
    all.map(|trigger| (trigger.what.clone(), look(trigger.by_person)))
        .collect()
}

/// How a run looks.
pub(super) fn look_of(run: &Run) -> Look {
    if run.dead.is_some() {
        Look::Dead
    } else if run.triggers.iter().any(|trigger| !trigger.by_person) {
        Look::Automatic
    } else {
        Look::ByPerson
    }
}

fn step_look(run: &Run, step: &RunStep) -> Look {
    if step.broken.is_some() || run.dead.is_some() {
        Look::Dead
    } else if step.swallowed || run.failure_ignored {
        Look::Weak
    } else {
        look_of(run)
    }
}

/// What a step does, and the file or the command that does it.
fn step_text(step: &RunStep) -> (String, String) {
    let title = match &step.broken {
        Some(_) => format!("{}: dead end", step.work),
        None => step.work.to_owned(),
    };
    let detail = match (&step.broken, step.file.as_str()) {
        (Some(why), _) => why.clone(),
        (None, "") => step.evidence.what.clone(),
        (None, file) => file.to_owned(),
    };
    (title, detail)
}

#[cfg(test)]
mod tests {
    use super::{GAP, Look, NODE, layout};
    use mlops_audit_core::evidence::Evidence;
    use mlops_audit_core::reach::{Run, RunStep, RunTrigger};

    fn run(name: &str, trigger: Option<&str>, files: &[&str]) -> Run {
        let trigger = trigger.map(|what| RunTrigger {
            what: what.to_owned(),
            by_person: false,
            evidence: Evidence::file("ci.yml", ""),
        });
        let step = |file: &&str| RunStep {
            work: "train",
            telling: true,
            evidence: Evidence::file("ci.yml", "python"),
            via: Vec::new(),
            file: (*file).to_owned(),
            broken: None,
            swallowed: false,
        };
        Run {
            kind: "CI".to_owned(),
            name: name.to_owned(),
            group: String::new(),
            evidence: Evidence::file("ci.yml", ""),
            triggers: trigger.into_iter().collect(),
            dead: None,
            failure_ignored: false,
            steps: files.iter().map(step).collect(),
        }
    }

    #[test]
    fn what_two_runs_reach_is_one_node() {
        let (nightly, pushed) = (
            run("a", Some("schedule"), &["train.py"]),
            run("b", Some("push"), &["train.py"]),
        );
        let picture = layout(&[&nightly, &pushed]);
        let ends: Vec<_> = picture.nodes.iter().filter(|node| node.column == 2).collect();
        assert_eq!(ends.len(), 1);
        assert_eq!(picture.edges.len(), 4);
    }

    #[test]
    fn no_node_stands_upon_another() {
        let many: Vec<Run> = (0..9)
            .map(|at| run(&at.to_string(), Some("push"), &["a.py", "b.py", "c.py"]))
            .collect();
        let picture = layout(&many.iter().collect::<Vec<_>>());
        for column in 0..3 {
            let mut tops: Vec<f64> = picture
                .nodes
                .iter()
                .filter(|node| node.column == column)
                .map(|node| node.y)
                .collect();
            tops.sort_by(f64::total_cmp);
            assert!(
                tops.windows(2).all(|pair| pair[1] - pair[0] >= NODE + GAP - 0.01),
                "{tops:?}"
            );
        }
    }

    #[test]
    fn a_dead_run_has_no_trigger() {
        let mut dead = run("a", Some("push"), &["train.py"]);
        dead.dead = Some("the workflow stands where nobody reads it".to_owned());
        let picture = layout(&[&dead]);
        assert!(
            picture
                .nodes
                .iter()
                .all(|node| node.column > 0 && node.look == Look::Dead)
        );
    }
}
