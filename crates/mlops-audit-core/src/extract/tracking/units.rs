//! The runs that can be tracked.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::ScopeKind;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached, Resolved};
use crate::extract::runs::RunnerKind;
use crate::extract::training::EntryPoint;

/// A run that can be tracked: a training entry point, or an evaluation or indexing run where nothing is trained.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The file that is run.
    pub file: FileIndex,
    /// All code that a run of it reaches.
    pub reached: Reached,
    /// Whether something runs it or the documentation names it.
    pub is_main: bool,
    /// Where it trains, or the file where nothing is trained.
    pub evidence: Evidence,
}

/// The methods of one name.
enum Methods {
    /// They are asked about one by one.
    Few(Vec<Node>),
    /// They are put together with others as a set.
    Many(Reached),
}

impl Methods {
    fn new(codebase: &Codebase, nodes: Vec<Node>) -> Self {
        // A set takes as much memory as many methods.
        const MANY: usize = 24;
        match nodes.len() < MANY {
            true => Self::Few(nodes),
            false => Self::Many(codebase.only(nodes)),
        }
    }

    fn few(&self) -> &[Node] {
        match self {
            Self::Few(nodes) => nodes,
            Self::Many(_) => &[],
        }
    }

    fn many(&self) -> Option<&Reached> {
        match self {
            Self::Few(_) => None,
            Self::Many(nodes) => Some(nodes),
        }
    }
}

/// What the scripts of the project reach, methods of values included whose class no file shows.
pub(super) struct Scripts<'a> {
    codebase: &'a Codebase,
    /// The methods of the project's classes that have a name; each name has its place in the list.
    methods: Vec<Methods>,
    /// The names of methods that each piece of code calls on values which it does not tell the class of, by their
    /// places; sorted.
    open_calls: Vec<(Node, Vec<u32>)>,
    /// The pieces of code that make such calls.
    calling: Reached,
    /// What each script that trains nothing reaches, by file.
    pub(super) others: Vec<(FileIndex, Reached)>,
}

impl<'a> Scripts<'a> {
    /// Looks at all scripts.
    pub(super) fn new(basis: &'a Basis<'_>) -> Self {
        let codebase = &basis.codebase;
        let methods = methods(codebase);
        let places: FxHashMap<&str, u32> = methods.keys().copied().zip(0..).collect();
        let open_calls = open_calls(codebase, &places);
        let mut scripts = Self {
            codebase,
            methods: methods
                .into_values()
                .map(|nodes| Methods::new(codebase, nodes))
                .collect(),
            calling: codebase.only(open_calls.iter().map(|(caller, _)| *caller)),
            open_calls,
            others: Vec::new(),
        };
        let training: BTreeSet<FileIndex> = basis.training.entries.iter().map(|entry| entry.file).collect();
        let run: BTreeSet<FileIndex> = basis.runs.run_files().collect();
        let starts = |index: FileIndex| {
            let file = codebase.file(index);
            let is_other = !file.is_test && !training.contains(&index);
            let mut main = codebase.calls_in(Node::main(index));
            is_other && (file.is_notebook || run.contains(&index) || main.next().is_some())
        };
        let started: Vec<FileIndex> = (0..)
            .take(codebase.files.len())
            .filter(|file| starts(*file))
            .collect();
        scripts.others = started
            .into_par_iter()
            .map(|file| (file, scripts.extended(codebase.reach_script(file))))
            .collect();
        scripts
    }

    /// Adds the methods that a value's calls may mean, where the class's module has been reached.
    pub(super) fn extended(&self, mut reached: Reached) -> Reached {
        let mut is_called = vec![false; self.methods.len()];
        let mut calling = reached.shared(&self.calling);
        for _ in 0..3 {
            // Both are sorted.
            let mut open_calls = self.open_calls.iter();
            for node in calling.nodes() {
                let called = open_calls.find(|(caller, _)| *caller == node);
                for method in called.into_iter().flat_map(|(_, called)| called) {
                    is_called[*method as usize] = true;
                }
            }
            let called = self.methods.iter().zip(&is_called);
            let called = called.filter(|(_, is_called)| **is_called);
            let called: Vec<&Methods> = called.map(|(methods, _)| methods).collect();
            let many = Reached::union(called.iter().filter_map(|methods| methods.many()));
            let many = many.without(&reached);
            let few = called.iter().flat_map(|methods| methods.few()).copied();
            let few = few.filter(|found| !reached.contains(*found));
            let new: Vec<Node> = (many.nodes().chain(few))
                .filter(|found| reached.contains(Node::module(found.file)))
                .collect();
            if new.is_empty() {
                break;
            }
            let added = self.codebase.reach(new);
            calling = added.shared(&self.calling).without(&reached);
            reached.extend(&added);
        }
        reached
    }

    /// The runs that can be tracked.
    pub(super) fn units(&self, basis: &Basis<'_>) -> Vec<Unit> {
        let training = &basis.training;
        if training.entries.is_empty() {
            return self.evaluations(basis);
        }
        // Code that only hands a job to a platform trains elsewhere: in the script that the job runs.
        let hands_on = |entry: &EntryPoint| {
            training.sites_of(entry).all(|site| {
                let mut uses = basis
                    .uses
                    .of(site.file, site.call)
                    .filter(|found| found.role == Role::Train);
                uses.any(|found| {
                    let tool = basis.catalogue.tool(found.tool);
                    tool.framework.is_none() && tool.roles.contains_key(&Role::Deploy)
                })
            })
        };
        let all_hand_on = training.entries.iter().all(hands_on);
        let pipelines = pipelines(basis);
        training
            .entries
            .par_iter()
            .filter(|entry| all_hand_on || !hands_on(entry))
            .map(|entry| {
                let mut reached = self.extended(entry.reached.clone());
                let starts_itself = !self.codebase.file(entry.file).is_notebook
                    && training
                        .sites_of(entry)
                        .all(|site| !matches!(site.node.scope, 0 | Node::MAIN) || site.file != entry.file);
                // Training in a function that some script reaches only through a value's method.
                if starts_itself {
                    for (_, other) in &self.others {
                        if training.sites_of(entry).any(|site| other.contains(site.node)) {
                            reached.extend(other);
                        }
                    }
                }
                // What other steps of the same pipeline record belongs to the run as well.
                for pipeline in &pipelines {
                    if training.sites_of(entry).any(|site| pipeline.contains(site.node)) {
                        reached.extend(pipeline);
                    }
                }
                let first = training.sites_of(entry).next();
                let evidence = first.map_or_else(
                    || Evidence::file(self.codebase.file(entry.file).path.clone(), "trains"),
                    |site| {
                        self.codebase
                            .evidence(site.file, site.place, format!("calls {}", site.what))
                    },
                );
                Unit {
                    file: entry.file,
                    reached,
                    is_main: entry.is_run,
                    evidence,
                }
            })
            .collect()
    }

    /// Runs that evaluate or index, of a project that trains nothing.
    fn evaluations(&self, basis: &Basis<'_>) -> Vec<Unit> {
        let evaluates = |reached: &Reached| {
            basis
                .uses
                .with(Role::EvaluateLlm)
                .any(|found| reached.contains(found.node(self.codebase)))
        };
        let is_named_so = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
            ["eval", "index", "ingest", "benchmark", "embed"]
                .iter()
                .any(|word| name.contains(word))
        };
        let uses_models = basis
            .uses
            .imports
            .iter()
            .any(|import| basis.catalogue.tool(import.tool).framework.is_some());
        self.others
            .iter()
            .filter(|(file, reached)| {
                let path = &self.codebase.file(*file).path;
                uses_models && (is_named_so(path) || evaluates(reached))
            })
            .map(|(file, reached)| Unit {
                file: *file,
                reached: reached.clone(),
                is_main: false,
                evidence: Evidence::file(self.codebase.file(*file).path.clone(), "evaluates or indexes"),
            })
            .collect()
    }
}

/// The names of methods, by their places, that each piece of code calls on values of unknown classes; sorted.
fn open_calls(codebase: &Codebase, places: &FxHashMap<&str, u32>) -> Vec<(Node, Vec<u32>)> {
    let mut found: Vec<(Node, Vec<u32>)> = Vec::new();
    for site in codebase.calls_by_method(|method| places.contains_key(method)) {
        if *codebase.resolved(site) == Resolved::Unknown && site.call.target.path.contains('.') {
            let node = codebase.node_of(site);
            let place = places.get(site.call.method());
            match found.last_mut() {
                // Calls of one piece of code mostly stand together.
                Some((caller, called)) if *caller == node => called.extend(place),
                _ => found.push((node, place.into_iter().copied().collect())),
            }
        }
    }
    found.sort_by_key(|(caller, _)| *caller);
    found.dedup_by(|(caller, called), (kept, all)| {
        let is_same = caller == kept;
        if is_same {
            all.append(called);
        }
        is_same
    });
    for (_, called) in &mut found {
        called.sort_unstable();
        called.dedup();
    }
    found
}

/// What all steps of a pipeline reach together, for each pipeline of an orchestrator.
fn pipelines(basis: &Basis<'_>) -> Vec<Reached> {
    basis
        .runs
        .runners
        .iter()
        .filter(|runner| matches!(runner.kind, RunnerKind::Orchestrator(_)))
        .map(|runner| {
            let invocations = runner.invocations.iter();
            Reached::union(invocations.filter_map(|invocation| basis.runs.reached(invocation)))
        })
        .collect()
}

fn methods(codebase: &Codebase) -> BTreeMap<&str, Vec<Node>> {
    let mut methods: BTreeMap<&str, Vec<Node>> = BTreeMap::new();
    for (index, file) in codebase.without_tests() {
        for (id, scope) in file.code.scopes.iter().enumerate() {
            let parent = &file.code.scopes[scope.parent as usize];
            if scope.kind == ScopeKind::Function && parent.kind == ScopeKind::Class {
                let node = Node::definition(index, u32::try_from(id).unwrap_or(u32::MAX));
                methods.entry(scope.name.as_str()).or_default().push(node);
            }
        }
    }
    methods
}
