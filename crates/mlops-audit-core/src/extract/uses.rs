//! Which tools the code uses, where, and for what.

use std::collections::BTreeMap;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Expr, Import, Origin, Text};
use mlops_audit_formats::texts::address;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::attached::{Attached, AttachedTo};
use super::codebase::{At, Codebase, Definition, FileIndex, Node, Resolved, Site, SourceFile};
use crate::catalogue::{Catalogue, Match, Role, ToolIndex};
use crate::evidence::Evidence;

const BITS: usize = u64::BITS as usize;

/// A call of a tool in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The tool.
    pub tool: ToolIndex,
    /// What it is used for.
    pub role: Role,
    /// The file.
    pub file: FileIndex,
    /// Position of the call in the file.
    pub call: u32,
}

/// An import of a known tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportUse {
    /// The tool.
    pub tool: ToolIndex,
    /// The file.
    pub file: FileIndex,
    /// Where it stands.
    pub place: Place,
    /// The module as imported.
    pub module: String,
}

/// A function or class that a tool decorates, or whose base is a tool's class: `@flow`, `class Row(BaseModel)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefinitionUse {
    /// The tool.
    pub tool: ToolIndex,
    /// What it is used for.
    pub role: Role,
    /// The function or class.
    pub definition: Definition,
}

/// All uses of known tools.
#[derive(Debug, Default)]
pub struct Uses {
    /// Functions and classes that a tool decorates or is the base of, by file and place.
    pub definitions: Vec<DefinitionUse>,
    calls: Vec<Use>,
    by_role: BTreeMap<Role, Vec<usize>>,
    by_call: FxHashMap<(FileIndex, u32), Vec<usize>>,
    /// The calls of each file that are uses or have another name here, a bit for each: most are neither.
    noted: Vec<Vec<u64>>,
    /// Imports of known tools, by file and place.
    pub imports: Vec<ImportUse>,
    /// The qualified name by which each call outside Python, or one that `*` brought, was found.
    names: BTreeMap<(FileIndex, u32), String>,
}

impl Uses {
    /// Looks up every call and every import.
    pub fn new(codebase: &Codebase, catalogue: &Catalogue) -> Self {
        let calls = |file: &SourceFile| file.code.calls.len().div_ceil(BITS);
        let mut uses = Self {
            noted: codebase.files.iter().map(|file| vec![0; calls(file)]).collect(),
            ..Self::default()
        };
        let files: Vec<FileIndex> = (0..).take(codebase.files.len()).collect();
        let attached = Attached::new(codebase, catalogue);
        let known: Vec<Vec<Known<'_>>> = files
            .par_iter()
            .map(|file| {
                let mut reader = Reader {
                    codebase,
                    catalogue,
                    attached: attached.to(*file),
                    strange: FxHashSet::default(),
                    handed: FxHashMap::default(),
                };
                let sites = codebase.calls_of(*file);
                sites.filter_map(|site| reader.known(site)).collect()
            })
            .collect();
        known
            .into_iter()
            .flatten()
            .for_each(|known| uses.note_call(known));
        for (file, source) in codebase.files.iter().enumerate() {
            let file = u32::try_from(file).unwrap_or(u32::MAX);
            for import in &source.code.imports {
                uses.note_import(codebase, catalogue, file, import);
            }
            uses.note_definitions(codebase, catalogue, file);
        }
        uses
    }

    fn note_call(&mut self, known: Known<'_>) {
        let at = (known.site.file, known.site.index);
        let (word, bit) = (at.1 as usize / BITS, at.1 as usize % BITS);
        self.noted[at.0 as usize][word] |= 1 << bit;
        if let Some(name) = known.name {
            self.names.insert(at, name);
        }
        for Match { tool, role } in known.matches {
            let position = self.calls.len();
            self.calls.push(Use {
                tool,
                role,
                file: known.site.file,
                call: known.site.index,
            });
            self.by_role.entry(role).or_default().push(position);
            self.by_call.entry(at).or_default().push(position);
        }
    }

    /// Decorators without arguments and base classes are no calls, and use a tool all the same.
    fn note_definitions(&mut self, codebase: &Codebase, catalogue: &Catalogue, file: FileIndex) {
        for (position, scope) in codebase.file(file).code.scopes.iter().enumerate() {
            for expr in scope.decorators.iter().chain(&scope.bases) {
                let Expr::Name(name) = expr else { continue };
                let Resolved::External(path) = codebase.resolve(file, name, scope.parent) else {
                    continue;
                };
                let definition = Definition {
                    file,
                    scope: u32::try_from(position).unwrap_or(u32::MAX),
                };
                for Match { tool, role } in catalogue.call(&path, None) {
                    self.definitions.push(DefinitionUse {
                        tool,
                        role,
                        definition,
                    });
                }
            }
        }
    }

    fn note_import(&mut self, codebase: &Codebase, catalogue: &Catalogue, file: FileIndex, import: &Import) {
        if import.module.starts_with('.') || codebase.resolve_module(file, &import.module).is_some() {
            return;
        }
        let whole = match import.name.as_deref() {
            Some(name) if name != "*" => format!("{}.{name}", import.module),
            _ => import.module.to_string(),
        };
        for tool in catalogue.imported(&whole) {
            self.imports.push(ImportUse {
                tool: *tool,
                file,
                place: import.place,
                module: import.module.to_string(),
            });
        }
    }

    /// All calls in a role.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &Use> + Clone {
        self.by_role
            .get(&role)
            .into_iter()
            .flatten()
            .map(|position| &self.calls[*position])
    }

    /// Whether anything was noted of a call.
    fn knows(&self, file: FileIndex, call: u32) -> bool {
        let words = self.noted.get(file as usize);
        let word = words.and_then(|words| words.get(call as usize / BITS));
        word.is_some_and(|word| word >> (call as usize % BITS) & 1 == 1)
    }

    /// What a call is used for.
    pub fn of(&self, file: FileIndex, call: u32) -> impl Iterator<Item = &Use> {
        let found = if self.knows(file, call) {
            self.by_call.get(&(file, call))
        } else {
            None
        };
        found.into_iter().flatten().map(|position| &self.calls[*position])
    }

    /// Whether a call has a role.
    pub fn has(&self, file: FileIndex, call: u32, role: Role) -> bool {
        self.of(file, call).any(|found| found.role == role)
    }

    /// Corrects the calls that were found by their own qualified names: those with another name here go, and come where
    /// that name is wanted.
    pub(super) fn correct_targets(&self, is_wanted: impl Fn(&str) -> bool, found: &mut Vec<At>) {
        if self.names.is_empty() {
            return;
        }
        found.retain(|at| !self.names.contains_key(at));
        found.extend(
            self.names
                .iter()
                .filter(|(_, name)| is_wanted(name))
                .map(|(at, _)| *at),
        );
    }

    /// The qualified name of a call, also where it was found through attached packages or `*`.
    pub fn target<'uses>(&'uses self, codebase: &'uses Codebase, site: Site<'uses>) -> &'uses str {
        let name = if self.knows(site.file, site.index) {
            self.names.get(&(site.file, site.index))
        } else {
            None
        };
        name.map_or_else(|| codebase.target(site), String::as_str)
    }
}

/// A call that the catalogue knows.
struct Known<'code> {
    site: Site<'code>,
    matches: Vec<Match>,
    /// The qualified name by which it was found, where that is not the call's own.
    name: Option<String>,
}

/// Looks up the calls of one file.
struct Reader<'all, 'code> {
    codebase: &'code Codebase,
    catalogue: &'code Catalogue,
    attached: AttachedTo<'all, 'code>,
    /// Where the names lie that no tool can have, and how far the file resolved them: a file calls most of its names
    /// again and again.
    strange: FxHashSet<(usize, Origin)>,
    /// What is handed in under the names of each scope.
    handed: FxHashMap<(u32, &'code str), Vec<Text>>,
}

impl<'code> Reader<'_, 'code> {
    /// What the catalogue knows of a call, if it knows anything.
    fn known(&mut self, site: Site<'code>) -> Option<Known<'code>> {
        let origin = site.call.target.origin;
        match self.codebase.resolved(site) {
            Resolved::External(path) => {
                let name = (address(path), Origin::Import);
                if self.strange.contains(&name) {
                    return None;
                }
                if !self.catalogue.may_know_call(path) {
                    self.strange.insert(name);
                    return None;
                }
                let matches = self.catalogue.call(path, Some(site.call));
                let name = None;
                (!matches.is_empty()).then_some(Known { site, matches, name })
            }
            Resolved::Unknown if origin == Origin::Unbound => {
                let name = (address(&site.call.target.path), origin);
                if self.strange.contains(&name) {
                    return None;
                }
                let paths = self.attached.paths(&site.call.target.path);
                let may_be = paths.iter().any(|path| self.catalogue.may_know_call(path));
                let found = self.first_known(site, paths);
                if found.is_none() && !may_be {
                    self.strange.insert(name);
                }
                found
            }
            Resolved::Unknown if origin == Origin::Value => {
                let attached = self.first_known(site, self.attached.paths_of_method(site));
                attached.or_else(|| self.handed_tracker(site))
            }
            _ => None,
        }
    }

    /// A call of a tracker that the code around it is handed: `self.logger.log(…)` below `Experiment(logger=wandb)`.
    fn handed_tracker(&mut self, site: Site<'code>) -> Option<Known<'code>> {
        let (receiver, method) = site.call.target.path.rsplit_once('.')?;
        let may_record = ["log", "save", "track", "link", "upload", "watch"]
            .iter()
            .any(|verb| method.starts_with(verb));
        if !may_record || receiver.contains('(') {
            return None;
        }
        let codebase = self.codebase;
        let handed = self
            .handed
            .entry((site.call.scope, receiver))
            .or_insert_with(|| codebase.handed(site.file, site.call.scope, receiver));
        handed.iter().find_map(|owner| {
            let path = format!("{owner}.{method}");
            let mut matches = self.catalogue.call(&path, Some(site.call));
            matches.retain(|found| self.catalogue.tool(found.tool).tracker.is_some());
            let name = Some(path);
            (!matches.is_empty()).then_some(Known { site, matches, name })
        })
    }

    /// What the catalogue knows of a call by the first of these names that it knows.
    fn first_known(&self, site: Site<'code>, paths: Vec<String>) -> Option<Known<'code>> {
        paths.into_iter().find_map(|path| {
            let matches = self.catalogue.call(&path, Some(site.call));
            let is_known = !matches.is_empty()
                || self.catalogue.randomness(&path).is_some()
                || self.catalogue.seeding(&path).is_some();
            let name = Some(path);
            is_known.then_some(Known { site, matches, name })
        })
    }
}

impl Use {
    /// The call itself.
    pub fn site<'code>(&self, codebase: &'code Codebase) -> Site<'code> {
        let call = &codebase.file(self.file).code.calls[self.call as usize];
        Site {
            file: self.file,
            index: self.call,
            call,
        }
    }

    /// The piece of code in which it is executed.
    pub fn node(&self, codebase: &Codebase) -> Node {
        codebase.node_of(self.site(codebase))
    }

    /// Evidence at the call, which names what is called.
    pub fn evidence(&self, codebase: &Codebase) -> Evidence {
        let site = self.site(codebase);
        codebase.evidence_at(site, format!("calls {}", shortened(codebase.target(site))))
    }
}

/// The last two segments of a qualified name, which is what people know it by.
pub fn shortened(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(2)..].join(".")
}
