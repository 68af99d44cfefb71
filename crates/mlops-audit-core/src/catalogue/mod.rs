//! Knowledge of tools, as data: one TOML file a tool, and an index that finds what a call, an import, a file, a
//! command, an action, an image or a resource is used for.

pub(crate) mod pattern;
mod role;
mod tool;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use mlops_audit_formats::code::Call;
use rustc_hash::FxHashMap;

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
#[derive(Debug, Default)]
pub struct Catalogue {
    tools: Vec<(String, Tool)>,
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
    /// The patterns as one automaton, which takes a while to build: it is there once a file was asked for.
    files: OnceLock<GlobSet>,
    file_matches: Vec<Match>,
}

/// Call patterns by their last segment, or by their first where the last is a wildcard.
#[derive(Debug)]
struct CallIndex<T> {
    by_last: FxHashMap<String, Vec<(CallPattern, T)>>,
    by_first: FxHashMap<String, Vec<(CallPattern, T)>>,
}

impl<T> Default for CallIndex<T> {
    fn default() -> Self {
        Self {
            by_last: FxHashMap::default(),
            by_first: FxHashMap::default(),
        }
    }
}

impl<T: Copy> CallIndex<T> {
    fn insert(&mut self, pattern: &str, value: T) {
        let pattern = CallPattern::new(pattern);
        let (table, key) = match pattern.last_segment() {
            Some(last) => (&mut self.by_last, last.to_owned()),
            None => (&mut self.by_first, pattern.first_segment().to_owned()),
        };
        table.entry(key).or_default().push((pattern, value));
    }

    fn find<'index>(
        &'index self,
        path: &'index str,
        call: Option<&'index Call>,
    ) -> impl Iterator<Item = T> + 'index {
        let last = path.rsplit('.').next().unwrap_or(path);
        let first = path.split('.').next().unwrap_or(path);
        let candidates = self
            .by_last
            .get(last)
            .into_iter()
            .chain(self.by_first.get(first))
            .flatten();
        candidates
            .filter(move |(pattern, _)| pattern.matches(path, call))
            .map(|(_, value)| *value)
    }
}

impl Catalogue {
    /// A catalogue of these tools, each with its id.
    pub fn new(tools: Vec<(String, Tool)>) -> Self {
        let mut catalogue = Self {
            tools,
            ..Self::default()
        };
        for index in 0..catalogue.tools.len() {
            catalogue.insert(index);
        }
        catalogue
    }

    fn insert(&mut self, index: usize) {
        let tool = std::mem::take(&mut self.tools[index].1);
        let id = ToolIndex::try_from(index).unwrap_or(ToolIndex::MAX);
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
        self.tools[index].1 = tool;
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

    /// The tools with their ids.
    pub fn tools(&self) -> &[(String, Tool)] {
        &self.tools
    }

    /// A tool by its position.
    pub fn tool(&self, index: ToolIndex) -> &Tool {
        &self.tools[index as usize].1
    }

    /// A tool's id.
    pub fn id(&self, index: ToolIndex) -> &str {
        &self.tools[index as usize].0
    }

    /// What a call of this qualified name is used for. `call` gives the arguments that some patterns ask for.
    pub fn call(&self, path: &str, call: Option<&Call>) -> Vec<Match> {
        let mut found: Vec<Match> = self.calls.find(path, call).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What a call of this qualified name draws at random. The first pattern that fits decides.
    pub fn randomness(&self, path: &str) -> Option<(&Randomness, ToolIndex)> {
        let (tool, position) = self.randomness.find(path, None).next()?;
        Some((&self.tool(tool).randomness[position], tool))
    }

    /// What a call of this qualified name seeds.
    pub fn seeding(&self, path: &str) -> Option<&Seeding> {
        let (tool, position) = self.seeding.find(path, None).next()?;
        Some(&self.tool(tool).seeding[position])
    }

    /// The tools that an import of this module brings in: those with the longest prefix of it.
    pub fn imported(&self, module: &str) -> &[ToolIndex] {
        let mut prefix = module;
        loop {
            if let Some(tools) = self.imports.get(prefix) {
                return tools;
            }
            match prefix.rsplit_once('.') {
                Some((shorter, _)) => prefix = shorter,
                None => return &[],
            }
        }
    }

    /// The roles that importing a tool is sign enough for.
    pub fn roles_of_import(&self, tool: ToolIndex) -> &[Role] {
        self.import_roles.get(&tool).map_or(&[], Vec::as_slice)
    }

    /// The tool that a distribution of this normalised name installs.
    pub fn package(&self, name: &str) -> Option<ToolIndex> {
        self.packages.get(name).copied()
    }

    /// The first segments of all known imports.
    pub fn import_roots(&self) -> BTreeSet<String> {
        let root = |(_, tool): &(String, Tool)| {
            tool.imports
                .iter()
                .filter_map(|import| import.split('.').next().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        self.tools.iter().flat_map(root).collect()
    }

    /// What a command line is used for, by its first words; options between them are passed over.
    pub fn command(&self, words: &[String]) -> Vec<Match> {
        let Some(first) = words.first() else {
            return Vec::new();
        };
        let name = first.rsplit('/').next().unwrap_or(first);
        let Some(candidates) = self.commands.get(first).or_else(|| self.commands.get(name)) else {
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
        self.actions.get(&name).map_or(&[], Vec::as_slice)
    }

    /// What a container image is used for, given with or without registry and tag.
    pub fn image(&self, image: &str) -> &[Match] {
        let name = image.split('@').next().unwrap_or(image).to_ascii_lowercase();
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => name.as_str(),
        };
        let short = name.strip_prefix("docker.io/").unwrap_or(name);
        self.images
            .get(short)
            .or_else(|| self.images.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// What an infrastructure resource type or Kubernetes kind is used for.
    pub fn resource(&self, kind: &str) -> &[Match] {
        self.resources
            .get(&kind.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// What a setting (`key=value`) of a configuration file is used for.
    pub fn setting(&self, setting: &str) -> &[Match] {
        self.settings
            .get(&setting.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// What a file with this path is used for.
    pub fn file(&self, path: &str) -> Vec<Match> {
        let files = self.files.get_or_init(|| {
            let mut builder = GlobSetBuilder::new();
            for glob in &self.globs {
                builder.add(glob.clone());
            }
            builder.build().unwrap_or_default()
        });
        let mut found: Vec<Match> = files
            .matches(path)
            .into_iter()
            .map(|at| self.file_matches[at])
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
        for (index, (_, tool)) in self.tools.iter().enumerate() {
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
