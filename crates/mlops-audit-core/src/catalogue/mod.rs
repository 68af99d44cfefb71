//! Knowledge of tools, as data: one TOML file a tool, and an index that finds what a call, an import, a file, a
//! command, an action, an image or a resource is used for.

pub(crate) mod pattern;
mod role;
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher as _};
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use mlops_audit_formats::code::Call;
use mlops_audit_formats::dotted::{first_segment, last_segment};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use pattern::CallPattern;
pub use role::Role;
pub use tool::{Example, Randomness, Seeding, Signals, Tool};

/// Position of a tool in the catalogue.
pub type ToolIndex = u16;

/// A tool in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Match {
    /// The tool.
    pub tool: ToolIndex,
    /// What it is used for.
    pub role: Role,
}

/// All known tools, indexed by their signs.
#[derive(Debug)]
pub struct Catalogue {
    /// Gives the tools that are known to the program.
    built_in: fn() -> Vec<(String, Tool)>,
    /// Tools beside those.
    more: Vec<(String, Tool)>,
    /// All of them. To read them takes a while, so they are read when one is first asked for.
    tools: OnceLock<Vec<(String, Tool)>>,
    /// That takes a while as well.
    signs: OnceLock<Signs>,
}

/// The tools by their signs.
#[derive(Debug, Default)]
struct Signs {
    calls: CallIndex<Match>,
    randomness: CallIndex<(ToolIndex, usize)>,
    seeding: CallIndex<(ToolIndex, usize)>,
    imports: FxHashMap<String, Vec<ToolIndex>>,
    import_roles: FxHashMap<ToolIndex, Vec<Role>>,
    packages: FxHashMap<String, ToolIndex>,
    commands: FxHashMap<String, Vec<(Vec<String>, Match)>>,
    actions: FxHashMap<String, Vec<Match>>,
    images: FxHashMap<String, Vec<Match>>,
    resources: FxHashMap<String, Vec<Match>>,
    settings: FxHashMap<String, Vec<Match>>,
    globs: Vec<Glob>,
    /// The patterns as one automaton, which takes longer still.
    files: OnceLock<GlobSet>,
    file_matches: Vec<Match>,
}

/// Call patterns by their last segment, or by their first where the last is a wildcard.
#[derive(Debug)]
struct CallIndex<T> {
    patterns: Vec<Indexed<T>>,
    by_last: FxHashMap<u64, Chain>,
    by_first: FxHashMap<u64, Chain>,
    /// The first segments of all patterns.
    starts: FxHashSet<u64>,
}

/// A pattern, with the position of the next one by the same segment.
#[derive(Debug)]
struct Indexed<T> {
    pattern: CallPattern,
    value: T,
    next: Option<u32>,
}

/// The positions of the first and the last pattern by a segment, whose hash stands for it: a pattern that is found by
/// another segment's equal hash does not fit.
#[derive(Clone, Copy, Debug)]
struct Chain {
    first: u32,
    last: u32,
}

impl<T> Default for CallIndex<T> {
    fn default() -> Self {
        Self {
            patterns: Vec::new(),
            by_last: FxHashMap::default(),
            by_first: FxHashMap::default(),
            starts: FxHashSet::default(),
        }
    }
}

fn hash(segment: &str) -> u64 {
    let mut hasher = FxHasher::default();
    segment.hash(&mut hasher);
    hasher.finish()
}

impl<T: Copy> CallIndex<T> {
    fn reserve(&mut self, patterns: usize) {
        self.patterns.reserve(patterns);
        self.by_last.reserve(patterns);
    }

    fn insert(&mut self, pattern: &str, value: T) {
        let pattern = CallPattern::new(pattern);
        self.starts.insert(hash(pattern.first_segment()));
        let (table, key) = match pattern.last_segment() {
            Some(last) => (&mut self.by_last, hash(last)),
            None => (&mut self.by_first, hash(pattern.first_segment())),
        };
        let position = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
        self.patterns.push(Indexed {
            pattern,
            value,
            next: None,
        });
        let chain = table.entry(key).or_insert(Chain {
            first: position,
            last: position,
        });
        let before = std::mem::replace(&mut chain.last, position);
        if before != position {
            self.patterns[before as usize].next = Some(position);
        }
    }

    /// The values of the patterns by this segment that fit, in the order in which they were inserted.
    fn fitting<'index>(
        &'index self,
        chain: Option<&Chain>,
        path: &'index str,
        call: Option<&'index Call>,
    ) -> impl Iterator<Item = T> + use<'index, T> {
        let at = |position: u32| &self.patterns[position as usize];
        let first = chain.map(|chain| at(chain.first));
        std::iter::successors(first, move |found| found.next.map(at))
            .filter(move |found| found.pattern.matches(path, call))
            .map(|found| found.value)
    }

    fn find<'index>(
        &'index self,
        path: &'index str,
        call: Option<&'index Call>,
    ) -> impl Iterator<Item = T> + 'index {
        let by_last = self.fitting(self.by_last.get(&hash(last_segment(path))), path, call);
        by_last.chain(self.fitting(self.by_first.get(&hash(first_segment(path))), path, call))
    }

    /// Whether there is a pattern that a path with the first segment of this one may fit.
    fn may_start(&self, path: &str) -> bool {
        self.starts.contains(&hash(first_segment(path))) || self.starts.contains(&hash("*"))
    }

    /// Whether there is a pattern by this path's last segment, or by its first.
    fn may_find(&self, path: &str) -> bool {
        self.by_last.contains_key(&hash(last_segment(path)))
            || self.by_first.contains_key(&hash(first_segment(path)))
    }
}

impl Signs {
    fn new(tools: &[(String, Tool)]) -> Self {
        let mut signs = Self::default();
        signs.reserve(tools);
        for (index, (_, tool)) in tools.iter().enumerate() {
            signs.insert(ToolIndex::try_from(index).unwrap_or(ToolIndex::MAX), tool);
        }
        signs
    }

    /// Tables that grow as they are filled are made several times over.
    fn reserve(&mut self, tools: &[(String, Tool)]) {
        let tools = || tools.iter().map(|(_, tool)| tool);
        let signals = || tools().flat_map(|tool| tool.roles.values());
        let imports = tools().map(|tool| tool.imports.len()).sum();
        let packages = tools().map(|tool| tool.packages.len()).sum();
        let calls = signals().map(|signals| signals.calls.len()).sum();
        self.imports.reserve(imports);
        self.packages.reserve(packages);
        self.calls.reserve(calls);
    }

    fn insert(&mut self, id: ToolIndex, tool: &Tool) {
        for import in &tool.imports {
            self.imports.entry(import.clone()).or_default().push(id);
        }
        for package in &tool.packages {
            self.packages.entry(package.clone()).or_insert(id);
        }
        for (position, random) in tool.randomness.iter().enumerate() {
            self.randomness.insert(&random.call, (id, position));
        }
        for (position, seeding) in tool.seeding.iter().enumerate() {
            self.seeding.insert(&seeding.call, (id, position));
        }
        for (role, signals) in &tool.roles {
            let found = Match {
                tool: id,
                role: *role,
            };
            self.insert_signals(signals, found);
        }
    }

    fn insert_signals(&mut self, signals: &Signals, found: Match) {
        for call in &signals.calls {
            self.calls.insert(call, found);
        }
        if signals.imports {
            self.import_roles.entry(found.tool).or_default().push(found.role);
        }
        for command in &signals.commands {
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            if let Some(first) = words.first().cloned() {
                self.commands.entry(first).or_default().push((words, found));
            }
        }
        for (table, keys) in [
            (&mut self.actions, &signals.actions),
            (&mut self.images, &signals.images),
            (&mut self.resources, &signals.resources),
            (&mut self.settings, &signals.settings),
        ] {
            for key in keys {
                table.entry(key.to_ascii_lowercase()).or_default().push(found);
            }
        }
        for file in &signals.files {
            if let Ok(glob) = GlobBuilder::new(file).literal_separator(true).build() {
                self.globs.push(glob);
                self.file_matches.push(found);
            }
        }
    }
}

impl Catalogue {
    /// A catalogue of these tools, each with its id.
    pub fn new(tools: Vec<(String, Tool)>) -> Self {
        Self::with(Vec::new, tools)
    }

    /// A catalogue of the tools that a function gives, which is asked once one is needed, and of these.
    pub fn with(built_in: fn() -> Vec<(String, Tool)>, more: Vec<(String, Tool)>) -> Self {
        Self {
            built_in,
            more,
            tools: OnceLock::new(),
            signs: OnceLock::new(),
        }
    }

    fn signs(&self) -> &Signs {
        self.signs.get_or_init(|| Signs::new(self.tools()))
    }

    /// The tools with their ids.
    pub fn tools(&self) -> &[(String, Tool)] {
        self.tools.get_or_init(|| {
            let mut tools = (self.built_in)();
            tools.extend_from_slice(&self.more);
            tools
        })
    }

    /// A tool by its position.
    pub fn tool(&self, index: ToolIndex) -> &Tool {
        &self.tools()[index as usize].1
    }

    /// A tool's id.
    pub fn id(&self, index: ToolIndex) -> &str {
        &self.tools()[index as usize].0
    }

    /// What a call of this qualified name is used for. `call` gives the arguments that some patterns ask for.
    pub fn call(&self, path: &str, call: Option<&Call>) -> Vec<Match> {
        let mut found: Vec<Match> = self.signs().calls.find(path, call).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether any tool may have a call of this qualified name; most names are none's.
    pub fn may_know_call(&self, path: &str) -> bool {
        self.signs().calls.may_find(path)
    }

    /// Whether any tool may have a call of which a module of this name holds the function, or something seeded or drawn.
    pub fn may_know_call_below(&self, module: &str) -> bool {
        let signs = self.signs();
        signs.calls.may_start(module) || signs.randomness.may_start(module) || signs.seeding.may_start(module)
    }

    /// What a call of this qualified name draws at random. The first pattern that fits decides.
    pub fn randomness(&self, path: &str) -> Option<(&Randomness, ToolIndex)> {
        let (tool, position) = self.signs().randomness.find(path, None).next()?;
        Some((&self.tool(tool).randomness[position], tool))
    }

    /// What a call of this qualified name seeds.
    pub fn seeding(&self, path: &str) -> Option<&Seeding> {
        let (tool, position) = self.signs().seeding.find(path, None).next()?;
        Some(&self.tool(tool).seeding[position])
    }

    /// The tools that an import of this module brings in: those with the longest prefix of it.
    pub fn imported(&self, module: &str) -> &[ToolIndex] {
        let mut prefix = module;
        loop {
            if let Some(tools) = self.signs().imports.get(prefix) {
                return tools;
            }
            match prefix.rsplit_once('.') {
                Some((shorter, _)) => prefix = shorter,
                None => return &[],
            }
        }
    }

    /// Whether something of this qualified name is a machine-learning framework's.
    pub fn is_of_framework(&self, path: &str) -> bool {
        let mut tools = self.imported(path).iter();
        tools.any(|tool| self.tool(*tool).framework.is_some())
    }

    /// The roles that importing a tool is sign enough for.
    pub fn roles_of_import(&self, tool: ToolIndex) -> &[Role] {
        self.signs().import_roles.get(&tool).map_or(&[], Vec::as_slice)
    }

    /// The tool that a distribution of this normalised name installs.
    pub fn package(&self, name: &str) -> Option<ToolIndex> {
        self.signs().packages.get(name).copied()
    }

    /// The first segments of all known imports.
    pub fn import_roots(&self) -> BTreeSet<String> {
        let root = |(_, tool): &(String, Tool)| {
            tool.imports
                .iter()
                .filter_map(|import| import.split('.').next().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        self.tools().iter().flat_map(root).collect()
    }

    /// What a command line is used for, by its first words; options between them are passed over.
    pub fn command(&self, words: &[String]) -> Vec<Match> {
        let Some(first) = words.first() else {
            return Vec::new();
        };
        let name = first.rsplit('/').next().unwrap_or(first);
        let commands = &self.signs().commands;
        let Some(candidates) = commands.get(first).or_else(|| commands.get(name)) else {
            return Vec::new();
        };
        let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let fits = |wanted: &[String]| {
            let mut next = 0;
            for word in &rest {
                if next == wanted.len() {
                    break;
                }
                if *word == wanted[next] {
                    next += 1;
                } else if !word.starts_with('-') && next == 0 && wanted.len() == 1 {
                    // A first word that is not an option decides the subcommand.
                    return false;
                }
            }
            next == wanted.len()
        };
        let mut found: Vec<Match> = candidates
            .iter()
            .filter(|(wanted, _)| fits(&wanted[1..]))
            .map(|(_, found)| *found)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What a CI action is used for, given as the workflow names it (`docker/build-push-action@v5`).
    pub fn action(&self, uses: &str) -> &[Match] {
        let name = uses.split('@').next().unwrap_or(uses).to_ascii_lowercase();
        self.signs().actions.get(&name).map_or(&[], Vec::as_slice)
    }

    /// What a container image is used for, given with or without registry and tag.
    pub fn image(&self, image: &str) -> &[Match] {
        let name = image.split('@').next().unwrap_or(image).to_ascii_lowercase();
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => name.as_str(),
        };
        let short = name.strip_prefix("docker.io/").unwrap_or(name);
        let images = &self.signs().images;
        images
            .get(short)
            .or_else(|| images.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// What an infrastructure resource type or Kubernetes kind is used for.
    pub fn resource(&self, kind: &str) -> &[Match] {
        self.signs()
            .resources
            .get(&kind.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// What a setting (`key=value`) of a configuration file is used for.
    pub fn setting(&self, setting: &str) -> &[Match] {
        self.signs()
            .settings
            .get(&setting.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// What a file with this path is used for.
    pub fn file(&self, path: &str) -> Vec<Match> {
        let signs = self.signs();
        let files = signs.files.get_or_init(|| {
            let mut builder = GlobSetBuilder::new();
            for glob in &signs.globs {
                builder.add(glob.clone());
            }
            builder.build().unwrap_or_default()
        });
        let mut found: Vec<Match> = files
            .matches(path)
            .into_iter()
            .map(|at| signs.file_matches[at])
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The rubric's frameworks, each id with its tools.
    pub fn frameworks(&self) -> BTreeMap<&str, Vec<ToolIndex>> {
        self.named(|tool| tool.framework.as_deref())
    }

    /// The rubric's experiment trackers, each id with its tools.
    pub fn trackers(&self) -> BTreeMap<&str, Vec<ToolIndex>> {
        self.named(|tool| tool.tracker.as_deref())
    }

    fn named(&self, name: impl Fn(&Tool) -> Option<&str>) -> BTreeMap<&str, Vec<ToolIndex>> {
        let mut found: BTreeMap<&str, Vec<ToolIndex>> = BTreeMap::new();
        for (index, (_, tool)) in self.tools().iter().enumerate() {
            if let Some(id) = name(tool) {
                found
                    .entry(id)
                    .or_default()
                    .push(ToolIndex::try_from(index).unwrap_or(ToolIndex::MAX));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let tool: Tool = toml::from_str(
            r#"
            name = "MLflow"
            packages = ["mlflow"]
            imports = ["mlflow"]
            [roles.track-metrics]
            calls = ["mlflow.log_metric"]
            [roles.autolog]
            calls = ["mlflow.autolog", "mlflow.*.autolog"]
            [roles.model-registry]
            calls = ["mlflow.*.log_model(registered_model_name)"]
            commands = ["mlflow models serve"]
            files = ["MLproject", "**/MLproject"]
            "#,
        )
        .expect("the fixture parses");
        Catalogue::new(vec![("mlflow".to_owned(), tool)])
    }

    #[test]
    fn calls_are_found_by_name_and_wildcard() {
        let catalogue = catalogue();
        let roles = |path: &str| {
            catalogue
                .call(path, None)
                .iter()
                .map(|found| found.role)
                .collect::<Vec<_>>()
        };
        assert_eq!(roles("mlflow.log_metric"), [Role::TrackMetrics]);
        assert_eq!(roles("mlflow.sklearn.autolog"), [Role::Autolog]);
        assert_eq!(roles("mlflow_export.log_metric"), []);
        assert_eq!(roles("mlflow.sklearn.log_model"), []);
    }

    #[test]
    fn commands_are_found_by_their_first_words() {
        let catalogue = catalogue();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(catalogue.command(&words("mlflow models serve -m x")).len(), 1);
        assert_eq!(catalogue.command(&words("mlflow ui")).len(), 0);
        assert_eq!(catalogue.file("ml/MLproject").len(), 1);
    }
}
