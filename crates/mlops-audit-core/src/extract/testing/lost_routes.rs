//! Routes that no application takes in: requests of tests to them find nothing.

use mlops_audit_formats::code::{Expr, ScopeKind};

use super::suite::Suite;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached, number};
use crate::extract::serving::{declared_route, makes_application};

/// The routes of routers that an application of the project leaves out, and all others.
#[derive(Debug, Default)]
pub(super) struct LostRoutes {
    lost: Vec<Vec<String>>,
    others: Vec<Vec<String>>,
}

impl LostRoutes {
    /// Finds the routers of FastAPI whose files no application reaches. Where modules are found as the program runs, none
    /// is lost for certain.
    pub(super) fn new(basis: &Basis<'_>, suite: &Suite) -> Self {
        let codebase = &basis.codebase;
        let is_own =
            |file: FileIndex| !suite.contains(file) && basis.listing.in_project(&codebase.file(file).path);
        let routers: Vec<FileIndex> = files_of(codebase, |target| {
            matches!(target, "fastapi.APIRouter" | "fastapi.routing.APIRouter")
        })
        .into_iter()
        .filter(|file| is_own(*file))
        .collect();
        let applications: Vec<FileIndex> = files_of(codebase, makes_application)
            .into_iter()
            .filter(|file| is_own(*file))
            .collect();
        if routers.is_empty() || applications.is_empty() || finds_modules(codebase, suite) {
            return Self::default();
        }
        let taken_in = codebase.reach(applications.iter().flat_map(|file| {
            let scopes = 0..codebase.file(*file).code.scopes.len();
            let parts = scopes.map(|scope| Node::definition(*file, number(scope)));
            parts.chain([Node::main(*file)])
        }));
        let mut found = Self::default();
        for file in routers.iter().copied().filter(|file| is_lost(&taken_in, *file)) {
            found.lost.extend(paths(codebase, file));
        }
        if !found.lost.is_empty() {
            let files = (0..).take(codebase.files.len());
            for file in files.filter(|file| is_own(*file)) {
                if !routers.contains(&file) || !is_lost(&taken_in, file) {
                    found.others.extend(paths(codebase, file));
                }
            }
        }
        found
    }

    /// Whether a request to this path asks for a route that no application takes in, and for none that one does.
    pub(super) fn holds(&self, path: &str) -> bool {
        if self.lost.is_empty() {
            return false;
        }
        let asked = segments(path);
        let fits = |route: &Vec<String>| ends_with(&asked, route);
        self.lost.iter().any(fits) && !self.others.iter().any(fits)
    }
}

fn is_lost(taken_in: &Reached, file: FileIndex) -> bool {
    !taken_in.contains(Node::module(file))
}

/// The files with calls of such a qualified name, each once.
fn files_of(codebase: &Codebase, is_wanted: impl Fn(&str) -> bool) -> Vec<FileIndex> {
    let sites = codebase.calls_by_target(is_wanted);
    let mut files: Vec<FileIndex> = sites.iter().map(|site| site.file).collect();
    files.dedup();
    files
}

/// Whether code outside tests looks for modules as it runs.
fn finds_modules(codebase: &Codebase, suite: &Suite) -> bool {
    let finds = |method: &str| {
        matches!(
            method,
            "__import__" | "import_module" | "iter_modules" | "spec_from_file_location" | "walk_packages"
        )
    };
    codebase
        .calls_by_method(finds)
        .any(|site| !suite.contains(site.file))
}

/// The paths that the functions of a file answer, with the prefix of the router, as segments. A path that is all
/// parameters stands below the name of the file, as it mostly does.
fn paths(codebase: &Codebase, file: FileIndex) -> Vec<Vec<String>> {
    let source = codebase.file(file);
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let stem = name.trim_end_matches(".py");
    let functions = source
        .code
        .scopes
        .iter()
        .filter(|scope| scope.kind == ScopeKind::Function);
    let declared = functions
        .flat_map(|scope| &scope.decorators)
        .filter_map(|decorator| {
            let site = codebase.call_of(file, decorator)?;
            let (path, _) = declared_route(codebase, site)?;
            let router = match &site.call.callee {
                Expr::Name(name) => name.path.rsplit_once('.').map(|(router, _)| router),
                _ => None,
            };
            let made = codebase.assignments(file, 0, router?).next();
            let made = made.and_then(|made| codebase.call_of(file, &made.value));
            let prefix = made
                .and_then(|made| made.call.keyword("prefix"))
                .and_then(Expr::as_str);
            Some(segments(&format!("{}/{path}", prefix.unwrap_or_default())))
        });
    declared
        .map(|path| {
            if path.iter().all(|segment| is_parameter(segment)) {
                [vec![stem.to_owned()], path].concat()
            } else {
                path
            }
        })
        .collect()
}

fn segments(path: &str) -> Vec<String> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.contains('{')
}

/// Whether the last segments of a path that is asked for are those of a route: one at least by its name.
fn ends_with(asked: &[String], route: &[String]) -> bool {
    let Some(start) = asked.len().checked_sub(route.len()) else {
        return false;
    };
    let pairs = || asked[start..].iter().zip(route);
    let is_named = pairs().any(|(asked, own)| asked == own && !is_parameter(own));
    is_named && pairs().all(|(asked, own)| asked == own || is_parameter(asked) || is_parameter(own))
}
