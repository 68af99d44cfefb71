//! All calls that draw or seed, wherever they stand.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, Name, Origin, ScopeKind, Text};
use mlops_audit_formats::dotted::last_segment;
use rustc_hash::FxHashSet;

use super::elsewhere::Elsewhere;
use super::fallback::never_made;
use super::seed::{Plain, Seed, Seeds};
use super::{Draw, Seeded};
use crate::catalogue::{Randomness as Random, Role};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Resolved, Site};
use crate::extract::uses::shortened;

/// A draw with the piece of code in which it is executed.
#[derive(Clone, Debug)]
pub(super) struct DrawCall {
    pub(super) node: Node,
    pub(super) draw: Draw,
}

/// A call that seeds generators.
#[derive(Clone, Debug)]
pub(super) struct SeedingCall {
    pub(super) node: Node,
    pub(super) generators: Vec<String>,
    /// Whether it is given a fixed or configured value.
    pub(super) is_on: bool,
    /// Whether it is there, and a setting leaves its value out.
    pub(super) is_switched_off: bool,
    pub(super) evidence: Evidence,
}

impl SeedingCall {
    /// Whether it seeds a generator.
    pub(super) fn seeds(&self, generator: &str) -> bool {
        self.generators.iter().any(|seeded| seeded == generator)
    }
}

/// All draws and seedings outside tests, by file and place.
pub(super) struct RandomCalls<'a> {
    basis: &'a Basis<'a>,
    pub(super) draws: Vec<DrawCall>,
    pub(super) seedings: Vec<SeedingCall>,
    language_models: Vec<Draw>,
    /// What configuration instantiates by name (`_target_`), with the pieces of code that this reaches.
    targets: Reached,
    /// Pieces of code that instantiate what configuration names.
    instantiating: Vec<Node>,
    /// Calls that would draw a seed, were none configured.
    never_made: FxHashSet<(FileIndex, u32)>,
}

impl<'a> RandomCalls<'a> {
    pub(super) fn new(basis: &'a Basis<'a>) -> Self {
        let seeds = Seeds::new(basis);
        let mut calls = Self {
            basis,
            draws: Vec::new(),
            seedings: Vec::new(),
            language_models: Vec::new(),
            targets: Reached::default(),
            instantiating: Vec::new(),
            never_made: never_made(basis, &seeds),
        };
        let catalogue = basis.catalogue;
        let wanted = basis
            .wanted()
            .with_role(&[Role::CallLlm])
            .with_target(|path| {
                instantiates(path)
                    || catalogue.seeding(path).is_some()
                    || catalogue.randomness(path).is_some()
            })
            .with_method(draws_of_frame);
        let elsewhere = Elsewhere::new(basis, &seeds);
        for site in wanted.outside_tests() {
            calls.note(&seeds, &elsewhere, site);
        }
        calls.draws.extend(super::handed::draws(basis, &seeds));
        if !calls.instantiating.is_empty() {
            calls.targets = targets(basis);
        }
        calls
    }

    fn note(&mut self, seeds: &Seeds<'a>, elsewhere: &Elsewhere<'a>, site: Site<'a>) {
        let basis = self.basis;
        let path = basis.uses.target(&basis.codebase, site);
        let is_own = matches!(basis.codebase.resolved(site), Resolved::Definition(_));
        let node = basis.codebase.node_of(site);
        if !is_own && instantiates(path) {
            self.instantiating.push(node);
        }
        if basis.uses.has(site.file, site.index, Role::CallLlm) {
            if samples_answers(basis, site, path) {
                let draw = language_model_call(basis, seeds, site, path);
                self.language_models.push(draw);
            }
            return;
        }
        if is_own {
            return;
        }
        if let Some(seeding) = basis.catalogue.seeding(path) {
            let own = own_seed(path).map_or(Seed::Absent, |key| seeds.configured(key));
            let passed = seeds.of_call(site, &seeding.argument, seeding.position).max(own);
            let asks = !seeding.argument.is_empty() || seeding.position.is_some();
            let is_on = passed == Seed::Fixed || seeding.fixed_default && passed != Seed::Off || !asks;
            let given = seeding
                .argument
                .iter()
                .find_map(|name| site.call.keyword(name))
                .or_else(|| seeding.position.and_then(|at| site.call.positional(at as usize)));
            // A state that was just read, or the clock, is no seed that a setting could give.
            let behind = given.map(|value| basis.codebase.value(site.file, site.call.scope, value).1);
            let is_switched_off = passed == Seed::Off
                && !matches!(given, None | Some(Expr::None))
                && !matches!(behind, Some(Expr::Call(_)))
                || own_seed(path).is_some() && !is_on;
            self.seedings.push(SeedingCall {
                node,
                generators: seeding.generators.clone(),
                is_on,
                is_switched_off,
                evidence: basis
                    .codebase
                    .evidence_at(site, format!("calls {}", shortened(path))),
            });
            if basis.catalogue.randomness(path).is_none() {
                return;
            }
        }
        let guessed;
        let random = match basis.catalogue.randomness(path) {
            Some((random, _)) => random,
            None => match frame_draw(site) {
                Some(random) => {
                    guessed = random;
                    &guessed
                }
                None => return,
            },
        };
        if random.generator == "system" || !draws(seeds, site, random) {
            return;
        }
        let passed = seeds.of_call(site, &random.argument, random.position);
        let loads = path.ends_with(".DataLoader") && passed != Seed::Fixed;
        if loads && super::unfed::stays_apart(basis, site) {
            return;
        }
        if self.never_made.contains(&(site.file, site.index)) {
            return;
        }
        let state = match passed {
            Seed::Fixed => Seeded::ByArgument,
            _ if !random.argument.is_empty() && elsewhere.seeds(seeds, site, &random.argument) => {
                Seeded::ByArgument
            }
            // A key cannot be made of nothing.
            Seed::Off if random.generator == "jax" && seeds.is_calculated(site) => Seeded::ByArgument,
            Seed::Absent if random.seeded_by_default => Seeded::ByDefault,
            Seed::Off | Seed::Absent if random.seeded_by_default => Seeded::ByDefault,
            Seed::Off | Seed::Absent => Seeded::Never,
        };
        self.draws.push(DrawCall {
            node,
            draw: Draw {
                path: basis.codebase.file(site.file).path.as_str().into(),
                place: site.call.place,
                what: what_of(path).into(),
                generator: random.generator.as_str().into(),
                argument: random.argument.first().map(Text::from),
                state,
                call: (site.file, site.index),
            },
        });
    }

    /// Splits of data that no training entry point reaches: a step of its own prepares the data. One that is not
    /// seeded counts only where something runs it.
    pub(super) fn splits_beside(&self, reached: &Reached, run: &Reached) -> Vec<Draw> {
        self.draws
            .iter()
            .filter(|found| !reached.contains(found.node))
            .filter(|found| {
                let what = found.draw.what.to_ascii_lowercase();
                what.contains("split") && !super::is_lesson(&found.draw.path)
            })
            .filter(|found| found.draw.state == Seeded::ByArgument || run.contains(found.node))
            .filter(|found| {
                found.draw.state != Seeded::Never
                    || !self.seedings.iter().any(|seeding| {
                        seeding.is_on
                            && seeding.evidence.path == found.draw.path
                            && seeding.seeds(&found.draw.generator)
                    })
            })
            .map(|found| Draw::clone(&found.draw))
            .collect()
    }

    /// Adds what configuration instantiates, where this code asks it to.
    pub(super) fn extend_by_targets(&self, reached: &mut Reached) {
        if self.instantiating.iter().any(|node| reached.contains(*node)) {
            reached.extend(&self.targets);
        }
    }

    /// Calls of language models and the other draws, for repositories that train nothing; global generators count as
    /// seeded where their own file seeds them.
    /// A seed that another file of the project sets for its own draws does not reach them.
    pub(super) fn without_training(&self) -> (Vec<Draw>, Vec<Draw>) {
        let draws = self
            .draws
            .iter()
            .map(|found| {
                let mut draw = Draw::clone(&found.draw);
                let by = self.seedings.iter().find(|seeding| {
                    seeding.is_on && seeding.seeds(&draw.generator) && seeding.evidence.path == draw.path
                });
                if let (Seeded::Never, Some(by)) = (&draw.state, by) {
                    draw.state = Seeded::ByCall(by.evidence.clone().into());
                }
                draw
            })
            .collect();
        (self.language_models.clone(), draws)
    }
}

/// Whether a call draws, by the arguments on which that depends.
fn draws<'a>(seeds: &Seeds<'a>, site: Site<'a>, random: &Random) -> bool {
    let holds = |condition: &String| -> Option<bool> {
        let (name, wanted) = condition.split_once('=')?;
        match seeds.plain(site, name)? {
            Plain::Text(text) => Some(same_value(&text, wanted)),
            Plain::Unknown => None,
        }
    };
    let is_unknown = |condition: &String| {
        condition
            .split_once('=')
            .is_some_and(|(name, _)| seeds.plain(site, name) == Some(Plain::Unknown))
    };
    if random
        .unless
        .iter()
        .any(|condition| holds(condition) == Some(true))
    {
        return false;
    }
    random.only_if.is_empty()
        || random
            .only_if
            .iter()
            .any(|condition| holds(condition) == Some(true) || is_unknown(condition))
}

fn same_value(text: &str, wanted: &str) -> bool {
    let plain = |value: &str| value.trim_matches(['\'', '"']).to_ascii_lowercase();
    let (text, wanted) = (plain(text), plain(wanted));
    text == wanted || matches!((text.parse::<f64>(), wanted.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

/// Whether a call of this qualified name builds what configuration names.
fn instantiates(path: &str) -> bool {
    path.ends_with(".instantiate") && path.starts_with("hydra") || own_seed(path).is_some()
}

/// The setting from which a command line of a library takes a seed for all generators. Without it, it draws one.
fn own_seed(path: &str) -> Option<&'static str> {
    path.ends_with(".LightningCLI").then_some("seed_everything")
}

/// Whether methods of this name may draw rows of a table: [`frame_draw`] looks at the rest.
fn draws_of_frame(method: &str) -> bool {
    matches!(method, "sample" | "randomSplit")
}

/// Methods of a data frame whose origin the file does not show, known by their arguments: `frame.sample(frac=1)`,
/// `frame.randomSplit([0.8, 0.2])`.
fn frame_draw(site: Site<'_>) -> Option<Random> {
    if !site.call.target.path.contains('.') {
        return None;
    }
    let has = |name: &str| site.call.keyword(name).is_some();
    let (generator, argument, position) = match site.call.method() {
        "sample" if (has("frac") || has("n")) && !has("fraction") => ("numpy", "random_state", None),
        "randomSplit" => ("spark", "seed", Some(1)),
        _ => return None,
    };
    Some(Random {
        generator: generator.to_owned(),
        argument: vec![argument.to_owned()],
        position,
        ..Random::default()
    })
}

/// The name that people know a draw by: the class of a constructor, else the last two segments.
fn what_of(path: &str) -> String {
    let last = last_segment(path);
    if last.starts_with(|c: char| c.is_ascii_uppercase()) || last.contains("split") {
        last.to_owned()
    } else {
        shortened(path)
    }
}

/// Whether a call of a language model's library decides how answers are sampled: the request, or the object of a model
/// that is made with its temperature. Making a client decides nothing, and asking a model object nothing any more.
fn samples_answers(basis: &Basis<'_>, site: Site<'_>, path: &str) -> bool {
    if basis.catalogue.randomness(path).is_some() {
        return true;
    }
    let Some((owner, last)) = path.rsplit_once('.') else {
        return true;
    };
    if last.starts_with(|c: char| c.is_ascii_uppercase()) {
        return ["temperature", "seed"]
            .iter()
            .any(|name| site.call.keyword(name).is_some());
    }
    basis.catalogue.randomness(owner).is_none()
}

/// A call of a language model: temperature 0 or a seed, in the call or in an object of options that it is given.
fn language_model_call<'a>(basis: &'a Basis<'a>, seeds: &Seeds<'a>, site: Site<'a>, path: &str) -> Draw {
    let names = ["seed", "random_seed"].map(str::to_owned);
    let is_cold = |site: Site<'a>| {
        matches!(seeds.plain(site, "temperature"), Some(Plain::Text(text)) if same_value(&text, "0"))
            || seeds.of_call(site, &names, None) == Seed::Fixed
    };
    let given_cold = || {
        site.call.arguments.iter().any(|argument| {
            let (file, value) = basis.codebase.value(site.file, site.call.scope, &argument.value);
            match value {
                Expr::Call(_) => basis.codebase.call_of(file, value).is_some_and(is_cold),
                Expr::Dict(entries) => {
                    entries
                        .iter()
                        .any(|(key, value)| match key.as_ref().and_then(Expr::as_str) {
                            Some("temperature") => value.as_number() == Some(0.0),
                            Some("seed") => *value != Expr::None,
                            _ => false,
                        })
                }
                _ => false,
            }
        })
    };
    let state = if is_cold(site) || given_cold() {
        Seeded::ByArgument
    } else {
        Seeded::Never
    };
    Draw {
        path: basis.codebase.file(site.file).path.as_str().into(),
        place: site.call.place,
        what: shortened(path).into(),
        generator: "language-model".into(),
        argument: Some("temperature=0 or seed".into()),
        state,
        call: (site.file, site.index),
    }
}

/// What the configuration names as `_target_`, and all that this reaches.
fn targets(basis: &Basis<'_>) -> Reached {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (_, data) in basis.documents.all_data() {
        for document in &data.documents {
            document.walk(&mut |path, node| {
                if matches!(path.last(), Some(&("_target_" | "class_path")))
                    && let Some(name) = node.as_str()
                {
                    names.insert(name);
                }
            });
        }
    }
    let mut nodes = Vec::new();
    for name in names {
        let name = Name {
            path: name.into(),
            origin: Origin::Import,
        };
        let Resolved::Definition(definition) = basis.codebase.resolve(0, &name, 0) else {
            continue;
        };
        nodes.push(Node::module(definition.file));
        let code = &basis.codebase.file(definition.file).code;
        for (position, scope) in code.scopes.iter().enumerate() {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let is_it = position == definition.scope || scope.parent == definition.scope;
            if is_it && scope.kind == ScopeKind::Function {
                nodes.push(Node::definition(definition.file, position));
            }
        }
    }
    basis.codebase.reach(nodes)
}
