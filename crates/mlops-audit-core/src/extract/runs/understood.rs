//! What the words of commands say, found once for each command line.
//!
//! A script of a repository is followed for each job, target and page that starts it: the same words come back hundreds
//! of times.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use mlops_audit_formats::code::Text;
use mlops_audit_formats::shell::{self, Program};
use rustc_hash::{FxHashMap, FxHashSet};

use super::ReachedBy;
use crate::catalogue::{Catalogue, Match};
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached};

/// What a command's words say, wherever it stands.
#[derive(Clone, Debug)]
pub(super) struct Understood {
    /// The words themselves.
    pub(super) words: Arc<[String]>,
    /// What kind of command it is.
    pub(super) program: Option<Arc<Program>>,
    /// What the catalogue says of it.
    pub(super) matches: Arc<[Match]>,
}

impl Understood {
    /// What these words say of this program.
    pub(super) fn new(catalogue: &Catalogue, words: &[String], program: Option<Program>) -> Self {
        let mut matches = catalogue.command(words);
        if let Some(Program::Tool { name, arguments }) = &program {
            // Launchers such as `poetry run` stand before the command that counts.
            let inner: Vec<String> = std::iter::once(name.clone())
                .chain(arguments.iter().cloned())
                .collect();
            if inner != words {
                matches.extend(catalogue.command(&inner));
            }
        }
        matches.sort_unstable();
        matches.dedup();
        Self {
            words: words.into(),
            program: program.map(Arc::new),
            matches: matches.into(),
        }
    }
}

/// Environment variables with their values.
type Environment = Arc<[(String, String)]>;

/// What was understood and reached so far.
#[derive(Debug, Default)]
pub(super) struct Memory {
    commands: RefCell<FxHashMap<Arc<[String]>, Understood>>,
    reached: RefCell<ReachedBy>,
    /// Paths, folders and names of steps, each once: thousands of commands stand in one script.
    texts: RefCell<FxHashSet<Text>>,
    /// Environments, each once: a command mostly has that of the one before it.
    environments: RefCell<FxHashSet<Environment>>,
    /// The source files by their names.
    names: OnceCell<FxHashMap<String, Vec<FileIndex>>>,
}

impl Memory {
    /// What the words of a command say.
    pub(super) fn understood(&self, catalogue: &Catalogue, words: &[String]) -> Understood {
        if let Some(known) = self.commands.borrow().get(words) {
            return known.clone();
        }
        let found = Understood::new(catalogue, words, shell::program(words));
        let mut commands = self.commands.borrow_mut();
        commands.insert(Arc::clone(&found.words), found.clone());
        found
    }

    /// The one piece of memory that holds this text.
    pub(super) fn text(&self, text: &str) -> Text {
        let mut texts = self.texts.borrow_mut();
        if let Some(known) = texts.get(text) {
            return known.clone();
        }
        let new = Text::from(text);
        texts.insert(new.clone());
        new
    }

    /// The one piece of memory that holds these variables.
    pub(super) fn environment(&self, variables: &[(String, String)]) -> Environment {
        let mut environments = self.environments.borrow_mut();
        if let Some(known) = environments.get(variables) {
            return Arc::clone(known);
        }
        let new = Environment::from(variables);
        environments.insert(Arc::clone(&new));
        new
    }

    /// What running a source file from these pieces of code on reaches.
    pub(super) fn reached(&self, codebase: &Codebase, file: FileIndex, nodes: &[Node]) -> Reached {
        let mut reached = self.reached.borrow_mut();
        let known = reached.entry(file).or_default();
        if let Some(found) = known.get(nodes) {
            return found.clone();
        }
        let found = codebase.reach(nodes.iter().copied());
        known.insert(nodes.to_vec(), found.clone());
        found
    }

    /// The source files of a name, in order.
    pub(super) fn files_named(&self, codebase: &Codebase, name: &str) -> &[FileIndex] {
        let names = self.names.get_or_init(|| {
            let mut names: FxHashMap<String, Vec<FileIndex>> = FxHashMap::default();
            for (at, file) in (0..).zip(&codebase.files) {
                let name = file.path.rsplit('/').next().unwrap_or(&file.path);
                names.entry(name.to_owned()).or_default().push(at);
            }
            names
        });
        names.get(name).map_or(&[], Vec::as_slice)
    }
}
