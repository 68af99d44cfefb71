//! A web service of the project as a test meets it: the application, its routes with their whole addresses, what a
//! request has to hold and what an answer holds.
//!
//! Only what the code says for sure is told. A route whose address is put together while the program runs, a request
//! whose fields could be refused, or a service that needs another one to answer is left out, with the reason.

mod answer;
mod examples;
mod fields;
mod page;
mod planned;
mod question;
mod surroundings;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Resolved, Site};
use mlops_audit_core::extract::serving::{Application, Route};
use mlops_audit_formats::Place;
use mlops_audit_formats::code::{BlockKind, Expr, ScopeKind};

use crate::importing::{Origin, origin};
use crate::python::is_identifier;

use answer::answer;
pub(crate) use page::Page;
pub(crate) use planned::Planned;
use question::{Body, Question, question};
use surroundings::surroundings;

/// An application that tests can import.
pub(crate) struct Service<'run> {
    pub(crate) inspection: &'run Inspection<'run>,
    pub(crate) application: &'run Application,
    /// From where it is imported.
    pub(crate) origin: Origin,
    /// Whether something of the project runs when it starts.
    pub(crate) has_startup: bool,
    /// The function that makes it, where it is no variable.
    factory: Option<(u32, String)>,
}

impl<'run> Service<'run> {
    /// The only application of a framework whose test client is known.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn of(inspection: &'run Inspection<'run>) -> Result<Self, String> {
        let facts = inspection.facts();
        let asked = |found: &&Application| {
            let routes = facts.serving.prediction_routes();
            let mut owned = routes.filter(|route| address(&facts.basis.codebase, found, route).is_some());
            owned.next().is_some()
        };
        let known = facts.serving.applications.iter();
        let mut known = known.filter(|found| matches!(found.framework, "FastAPI" | "Flask"));
        let application = known
            .clone()
            .find(asked)
            .or_else(|| known.next())
            .ok_or("the project has no application of FastAPI or Flask")?;
        let codebase = &facts.basis.codebase;
        let path = &codebase.file(application.file).path;
        let factory = factory(codebase, application);
        if factory.is_none() && !is_at_top(codebase, application) {
            return Err(format!(
                "the application of {path} is no variable that a test could import"
            ));
        }
        let origin = origin(inspection, application.file)
            .ok_or_else(|| format!("it is not sure from where {path} finds what it imports"))?;
        Ok(Self {
            inspection,
            has_startup: has_startup(codebase, application),
            application,
            origin,
            factory,
        })
    }

    /// The name that tests import.
    pub(crate) fn import(&self) -> &str {
        let made = self.factory.as_ref().map(|(_, name)| name);
        made.unwrap_or(&self.application.variable)
    }

    /// The application, as an expression of what is imported.
    pub(crate) fn expression(&self) -> String {
        let call = if self.factory.is_some() { "()" } else { "" };
        format!("{}{call}", self.import())
    }

    /// The source files together.
    pub(crate) fn codebase(&self) -> &'run Codebase {
        &self.inspection.facts().basis.codebase
    }

    /// The whole address of a route, where it is one of this application and known.
    pub(crate) fn address(&self, route: &Route) -> Option<String> {
        address(self.codebase(), self.application, route)
    }

    /// The function by whose name the application itself tells the address of a route, where the code does not write it
    /// out: the only application of the project takes in routers that it finds while it starts, and the route's lies in
    /// its folder.
    pub(crate) fn handler(&self, route: &Route) -> Option<&'run str> {
        let codebase = self.codebase();
        let serving = &self.inspection.facts().serving;
        let is_only = serving.applications.len() == 1 && self.application.framework == "FastAPI";
        let declared = declaration(codebase, route)?;
        let receiver = written(declared)?.rsplit_once('.')?.0;
        router(codebase, route.file, receiver)?;
        let made = constructor(codebase, self.application)?.call.scope;
        let is_found = |site: Site<'_>| {
            let router = site.call.positional(0).and_then(Expr::as_name);
            router.is_some_and(|name| match codebase.resolve(site.file, name, site.call.scope) {
                Resolved::Variable(file, at) => {
                    let bound = &codebase.file(file).code.assignments[at as usize];
                    codebase.call_of(file, &bound.value).is_none()
                }
                _ => true,
            })
        };
        let finds_routers = codebase.calls_of(self.application.file).any(|site| {
            let into = written(site).and_then(|callee| callee.rsplit_once('.'));
            let is_here = into == Some((&self.application.variable, "include_router"));
            site.call.scope == made && is_here && is_found(site)
        });
        let above = &codebase.file(self.application.file).path;
        let above = above.rsplit_once('/').map_or("", |(folder, _)| folder);
        let below = codebase.file(route.file).path.strip_prefix(above);
        let is_below = below.is_some_and(|rest| above.is_empty() || rest.starts_with('/'));
        let name = |found: &Route| {
            codebase.file(found.file).code.scopes[found.scope as usize]
                .name
                .as_str()
        };
        let own = name(route);
        let is_unique = serving.routes.iter().filter(|found| name(found) == own).count() == 1;
        let is_plain = is_only && finds_routers && is_below && is_unique && !route.path.contains('{');
        let is_named = declared.call.keyword("name").is_some();
        (is_plain && !is_named).then_some(own)
    }
}

/// The scope and name of the function of its file that makes an application and returns it, and needs nothing for it.
fn factory(codebase: &Codebase, application: &Application) -> Option<(u32, String)> {
    let made = constructor(codebase, application)?.call.scope;
    let code = &codebase.file(application.file).code;
    let scope = code.scopes.get(made as usize).filter(|_| made != 0)?;
    let needs_nothing = scope
        .parameters
        .iter()
        .all(|parameter| parameter.default.is_some());
    let mut returned = code.returns.iter().filter(|found| found.scope == made);
    let returns_it = returned
        .next()
        .and_then(|found| found.value.as_name())
        .is_some_and(|name| name.path == application.variable.as_str());
    let is_plain = scope.kind == ScopeKind::Function && scope.parent == 0 && scope.decorators.is_empty();
    (is_plain && needs_nothing && returns_it && returned.next().is_none())
        .then(|| (made, scope.name.to_string()))
}

/// Whether an application is a variable that importing its file binds.
fn is_at_top(codebase: &Codebase, application: &Application) -> bool {
    let code = &codebase.file(application.file).code;
    is_identifier(&application.variable)
        && codebase
            .assignments_to(application.file, &application.variable)
            .all(|found| {
                let blocks = code.blocks_around(found.block);
                found.scope == 0
                    && blocks
                        .into_iter()
                        .all(|block| matches!(block.kind, BlockKind::Body))
            })
}

/// The call that makes an application.
fn constructor<'code>(codebase: &'code Codebase, application: &Application) -> Option<Site<'code>> {
    outermost(codebase, application.file, application.place)
}

/// The call that declares a route.
fn declaration<'code>(codebase: &'code Codebase, route: &Route) -> Option<Site<'code>> {
    outermost(codebase, route.file, route.place)
}

/// The outermost call of a line: calls among its arguments stand before it.
fn outermost(codebase: &Codebase, file: FileIndex, place: Place) -> Option<Site<'_>> {
    codebase
        .calls_of(file)
        .filter(|site| site.call.place == place)
        .last()
}

fn has_startup(codebase: &Codebase, application: &Application) -> bool {
    let handed = constructor(codebase, application).is_some_and(|site| {
        ["lifespan", "on_startup"]
            .iter()
            .any(|name| site.call.keyword(name).is_some_and(|value| *value != Expr::None))
    });
    handed
        || codebase
            .calls_of(application.file)
            .any(|site| matches!(site.call.method(), "on_event" | "add_event_handler"))
}

/// The whole address of a route: with the prefixes of its router, where each of them is written out.
fn address(codebase: &Codebase, application: &Application, route: &Route) -> Option<String> {
    let declared = declaration(codebase, route)?;
    let (receiver, _) = written(declared)?.rsplit_once('.')?;
    if !is_identifier(receiver) || !route.path.starts_with('/') {
        return None;
    }
    if route.file == application.file && receiver == application.variable {
        return Some(route.path.clone());
    }
    let router = router(codebase, route.file, receiver)?;
    let is_its_own = |site: &Site<'_>| {
        matches!(site.call.method(), "include_router" | "register_blueprint")
            && !codebase.file(site.file).is_test
            && site
                .call
                .positional(0)
                .and_then(Expr::as_name)
                .is_some_and(|name| {
                    let found = codebase.resolve(site.file, name, site.call.scope);
                    matches!(found, Resolved::Variable(file, at) if file == route.file
                    && codebase.file(file).code.assignments[at as usize].target == receiver)
                })
    };
    let mut included = codebase.calls().filter(is_its_own);
    let site = included.next().filter(|_| included.next().is_none())?;
    let into = written(site)?.rsplit_once('.')?.0;
    let made = constructor(codebase, application)?.call.scope;
    if site.file != application.file || into != application.variable || site.call.scope != made {
        return None;
    }
    let (outer, inner) = match site.call.method() {
        "include_router" => (prefix(site, "prefix")?, prefix(router, "prefix")?),
        // The prefix that a blueprint is registered under takes the place of its own.
        _ => match prefix(site, "url_prefix")? {
            "" => ("", prefix(router, "url_prefix")?),
            outer => (outer, ""),
        },
    };
    let outer = outer.trim_end_matches('/');
    Some(format!("{outer}{inner}{}", route.path))
}

/// The callee as it is written: `app.post`.
fn written<'code>(site: Site<'code>) -> Option<&'code str> {
    site.call.callee.as_name().map(|name| name.path.as_str())
}

/// The call that makes the router of a name.
fn router<'code>(codebase: &'code Codebase, file: FileIndex, name: &str) -> Option<Site<'code>> {
    let mut bound = codebase.assignments_to(file, name);
    let only = bound.next().filter(|_| bound.next().is_none())?;
    let site = codebase.call_of(file, &only.value)?;
    let is_router = matches!(
        codebase.target(site),
        "fastapi.APIRouter" | "fastapi.routing.APIRouter" | "flask.Blueprint" | "flask.blueprints.Blueprint"
    );
    (is_router && site.call.keyword("dependencies").is_none()).then_some(site)
}

/// A prefix that is written out; empty where none is given.
fn prefix<'code>(site: Site<'code>, name: &str) -> Option<&'code str> {
    site.call.keyword(name).map_or(Some(""), Expr::as_str)
}
