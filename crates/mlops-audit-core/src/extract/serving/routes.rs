//! Routes of web applications: path, methods, handler, what the request is checked against.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Call, Expr, ScopeKind};
use mlops_audit_formats::dotted::last_segment;

use super::predicting::names_prediction;
use super::words::{has_stem, has_word};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, FileIndex, Node, Reached, Resolved, Site};

/// A web application that the code creates.
#[derive(Clone, Debug)]
pub struct Application {
    /// The framework's name as its makers write it.
    pub framework: &'static str,
    /// The variable that holds it; empty where there is none.
    pub variable: String,
    /// The file.
    pub file: FileIndex,
    /// Where it is created.
    pub place: Place,
}

/// An address that a web application answers.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path as written: `/predict`.
    pub path: String,
    /// HTTP methods in upper case; empty where the framework's default holds.
    pub methods: Vec<String>,
    /// The file of the handler.
    pub file: FileIndex,
    /// The handler's scope in that file.
    pub scope: u32,
    /// Where the route is declared.
    pub place: Place,
    /// The class that the request's body is checked against.
    pub request_model: Option<Definition>,
    /// Whether it answers with a page for people.
    pub is_page: bool,
    /// Whether that page is one of its own: a template or a file, not a few words of HTML.
    pub from_template: bool,
    /// Whether it leads to a prediction or to an answer of a language model.
    pub predicts: bool,
    /// Everything that a request runs.
    pub reached: Reached,
}

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
const DECLARE: &[&str] = &[
    "route",
    "api_route",
    "websocket",
    "add_api_route",
    "add_url_rule",
    "add_route",
    "add_resource",
];

/// Constructors of applications and routers, with the framework's name.
const FRAMEWORKS: &[(&str, &str)] = &[
    ("fastapi", "FastAPI"),
    ("flask", "Flask"),
    ("flask_restful", "Flask"),
    ("flask_restx", "Flask"),
    ("flask_openapi3", "Flask"),
    ("starlette", "Starlette"),
    ("sanic", "Sanic"),
    ("quart", "Quart"),
    ("litestar", "Litestar"),
    ("bottle", "Bottle"),
    ("falcon", "Falcon"),
    ("robyn", "Robyn"),
    ("aiohttp", "aiohttp"),
    ("tornado", "Tornado"),
    ("django", "Django"),
    ("chalice", "Chalice"),
    ("blacksheep", "BlackSheep"),
];

/// The framework that a qualified name belongs to.
pub fn framework(path: &str) -> Option<&'static str> {
    let root = path.split('.').next().unwrap_or(path);
    FRAMEWORKS
        .iter()
        .find(|(import, _)| *import == root)
        .map(|(_, name)| *name)
}

/// Whether calls of this qualified name make a web application.
pub(in crate::extract) fn is_constructor(path: &str) -> bool {
    matches!(
        path,
        "fastapi.FastAPI"
            | "fastapi.applications.FastAPI"
            | "flask.Flask"
            | "flask.app.Flask"
            | "flask_openapi3.OpenAPI"
            | "starlette.applications.Starlette"
            | "sanic.Sanic"
            | "quart.Quart"
            | "litestar.Litestar"
            | "bottle.Bottle"
            | "falcon.App"
            | "falcon.asgi.App"
            | "robyn.Robyn"
            | "aiohttp.web.Application"
            | "tornado.web.Application"
            | "chalice.Chalice"
    )
}

/// All web applications outside tests.
pub(super) fn applications(basis: &Basis<'_>) -> Vec<Application> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    for site in codebase.calls_by_target(is_constructor) {
        let source = codebase.file(site.file);
        let path = codebase.target(site);
        if source.is_test || !basis.listing.in_project(&source.path) {
            continue;
        }
        let variable = source
            .code
            .assignments
            .iter()
            .find(|assignment| assignment.value == Expr::Call(site.index))
            .map(|assignment| assignment.target.clone())
            .unwrap_or_default();
        found.push(Application {
            framework: framework(path).unwrap_or("web"),
            variable: variable.to_string(),
            file: site.file,
            place: site.call.place,
        });
    }
    found
}

/// All routes outside tests, by file and place.
pub(super) fn routes(basis: &Basis<'_>, predicting: &BTreeSet<Node>) -> Vec<Route> {
    let codebase = &basis.codebase;
    let predicting = codebase.only(predicting.iter().copied());
    let mut registering = Vec::new();
    codebase.add_by_method(registers, &mut registering);
    codebase.add_by_target(is_table, &mut registering);
    let registering = codebase.sites(registering);
    let mut found = Vec::new();
    for (file, source) in (0..).zip(&codebase.files) {
        if source.is_test || !basis.listing.in_project(&source.path) {
            continue;
        }
        decorated(basis, &predicting, file, &mut found);
        let own = registering.partition_point(|site| site.file < file);
        let own = registering[own..].iter().take_while(|site| site.file == file);
        own.for_each(|site| registered(basis, &predicting, *site, &mut found));
        method_views(basis, &predicting, file, &mut found);
    }
    found.sort_by_key(|route| (route.file, route.place, route.scope));
    found
}

fn decorated(basis: &Basis<'_>, predicting: &Reached, file: FileIndex, found: &mut Vec<Route>) {
    let codebase = &basis.codebase;
    let code = &codebase.file(file).code;
    for (position, scope) in code.scopes.iter().enumerate() {
        if scope.kind != ScopeKind::Function {
            continue;
        }
        for decorator in &scope.decorators {
            let Some(site) = codebase.call_of(file, decorator) else {
                continue;
            };
            let Some((path, methods)) = declaration(codebase, site) else {
                continue;
            };
            let id = u32::try_from(position).unwrap_or(u32::MAX);
            found.push(route(
                basis,
                predicting,
                (file, id),
                site.call.place,
                path,
                methods,
            ));
        }
    }
}

/// The path and methods that `@app.post("/predict")` declares.
pub(in crate::extract) fn declaration(codebase: &Codebase, site: Site<'_>) -> Option<(String, Vec<String>)> {
    let method = site.call.method();
    if !METHODS.contains(&method) && !DECLARE.contains(&method) {
        return None;
    }
    let path = site
        .call
        .positional(0)
        .or_else(|| site.call.keyword("path"))
        .or_else(|| site.call.keyword("rule"))
        .map(|path| codebase.value(site.file, site.call.scope, path).1);
    let known = framework(codebase.target(site)).is_some();
    let path = match path {
        Some(Expr::String(path)) if path.starts_with('/') => path.as_str(),
        Some(Expr::Format(path, _)) if known || path.contains('/') => path.as_str(),
        Some(Expr::Binary(_, _, right)) if known => right.as_str().unwrap_or_default(),
        Some(_) if known => "",
        None if known => "/",
        _ => return None,
    };
    Some((path.to_owned(), methods_of(site.call)))
}

fn methods_of(call: &Call) -> Vec<String> {
    let method = call.method();
    if METHODS.contains(&method) {
        return vec![method.to_ascii_uppercase()];
    }
    match call.keyword("methods") {
        Some(Expr::List(items)) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_ascii_uppercase))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether calls of this name register a handler.
fn registers(method: &str) -> bool {
    matches!(
        method,
        "add_api_route" | "add_url_rule" | "add_route" | "add_get" | "add_post"
    )
}

/// Whether calls of this qualified name may declare a route in a table of them.
fn is_table(target: &str) -> bool {
    target.starts_with("aiohttp.web.")
        || matches!(
            target,
            "starlette.routing.Route" | "django.urls.path" | "django.urls.re_path" | "django.conf.urls.url"
        )
}

/// `app.add_api_route("/predict", predict)`, `web.post("/predict", handler)`, `path("predict/", views.predict)`.
fn registered(basis: &Basis<'_>, predicting: &Reached, site: Site<'_>, found: &mut Vec<Route>) {
    let codebase = &basis.codebase;
    let target = codebase.target(site);
    let is_other = target.starts_with("aiohttp.web.") && !METHODS.contains(&site.call.method());
    if !registers(site.call.method()) && (!is_table(target) || is_other) {
        return;
    }
    let Some(path) = site.call.positional(0).and_then(Expr::as_str) else {
        return;
    };
    let names = site.call.arguments.iter();
    let names = names.filter_map(|argument| argument.value.as_name());
    let handlers = names.filter_map(|name| match codebase.resolve(site.file, name, site.call.scope) {
        Resolved::Definition(definition)
            if definition.scope != 0 && codebase.scope(definition).kind == ScopeKind::Function =>
        {
            Some(definition)
        }
        _ => None,
    });
    for handler in handlers {
        let methods = methods_of(site.call);
        let path = format!("/{}", path.trim_start_matches(['/', '^']));
        found.push(route(
            basis,
            predicting,
            (handler.file, handler.scope),
            site.call.place,
            path,
            methods,
        ));
    }
}

/// Classes whose methods `get` and `post` answer: Flask-RESTful, Falcon, Tornado, Django REST, `http.server`.
fn method_views(basis: &Basis<'_>, predicting: &Reached, file: FileIndex, found: &mut Vec<Route>) {
    let codebase = &basis.codebase;
    let code = &codebase.file(file).code;
    for (position, scope) in code.scopes.iter().enumerate() {
        let Some(class) = code.scopes.get(scope.parent as usize) else {
            continue;
        };
        if scope.kind != ScopeKind::Function || class.kind != ScopeKind::Class {
            continue;
        }
        let name = scope.name.trim_start_matches("on_").trim_start_matches("do_");
        if !METHODS.iter().any(|method| name.eq_ignore_ascii_case(method)) {
            continue;
        }
        let is_view = class.bases.iter().any(|base| {
            let Expr::Name(base) = base else { return false };
            matches!(
                base.path.rsplit('.').next().unwrap_or_default(),
                "Resource"
                    | "RequestHandler"
                    | "APIView"
                    | "MethodView"
                    | "View"
                    | "BaseHTTPRequestHandler"
                    | "HTTPEndpoint"
            )
        }) || scope.name.starts_with("on_");
        if !is_view {
            continue;
        }
        let id = u32::try_from(position).unwrap_or(u32::MAX);
        let path = format!("/{}", class.name);
        found.push(route(
            basis,
            predicting,
            (file, id),
            scope.place,
            path,
            vec![name.to_ascii_uppercase()],
        ));
    }
}

fn route(
    basis: &Basis<'_>,
    predicting: &Reached,
    (file, scope): (FileIndex, u32),
    place: Place,
    path: String,
    methods: Vec<String>,
) -> Route {
    let codebase = &basis.codebase;
    let handler = Definition { file, scope };
    let mut entries = vec![Node::definition(file, scope)];
    entries.extend(injected(codebase, handler));
    let reached = codebase.reach_calls(entries);
    let by_code = predicting.meets(&reached);
    let name = &codebase.scope(handler).name;
    let stub = codebase.scope(handler).is_stub;
    // A route that trains evaluates as well, and answers nobody with its predictions.
    let trains = basis.training.trains(&reached) || has_stem(&path, &["train", "retrain"]);
    let is_status =
        is_health_path(&path) || has_word(&path, &["metrics", "metadata", "info", "version", "docs"]);
    Route {
        is_page: answers_with_page(codebase, handler, true),
        from_template: answers_with_page(codebase, handler, false),
        predicts: !stub
            && !is_status
            && ((by_code && !trains) || names_prediction(&path) || (names_prediction(name) && !trains)),
        request_model: request_model(codebase, handler),
        path,
        methods,
        file,
        scope,
        place,
        reached,
    }
}

/// What a framework calls for a handler's parameters: `Depends(get_model)`, `dependencies=[…]`.
fn injected(codebase: &Codebase, handler: Definition) -> Vec<Node> {
    let scope = codebase.scope(handler);
    let mut found = Vec::new();
    let mut note = |expr: &Expr| {
        let Some(site) = codebase.call_of(handler.file, expr) else {
            return;
        };
        for argument in &site.call.arguments {
            if let Expr::Name(name) = &argument.value
                && let Resolved::Definition(definition) = codebase.resolve(handler.file, name, scope.parent)
                && codebase.scope(definition).kind == ScopeKind::Function
            {
                found.push(Node::definition(definition.file, definition.scope));
            }
        }
    };
    for parameter in &scope.parameters {
        if let Some(default) = &parameter.default {
            note(default);
        }
        if let Some(Expr::Subscript(_, inner)) = &parameter.annotation
            && let Expr::List(items) = inner.as_ref()
        {
            items.iter().for_each(&mut note);
        }
    }
    found
}

/// The class of the project that a handler's parameter is annotated with, where it checks what comes in.
fn request_model(codebase: &Codebase, handler: Definition) -> Option<Definition> {
    let scope = codebase.scope(handler);
    let mut names = Vec::new();
    for parameter in &scope.parameters {
        if let Some(annotation) = &parameter.annotation {
            annotated(annotation, &mut names);
        }
    }
    names
        .into_iter()
        .find_map(|name| match codebase.resolve(handler.file, name, scope.parent) {
            Resolved::Definition(class) if is_typed(codebase, class, 6) => Some(class),
            _ => None,
        })
}

fn annotated<'code>(annotation: &'code Expr, names: &mut Vec<&'code mlops_audit_formats::code::Name>) {
    match annotation {
        Expr::Name(name) => names.push(name),
        Expr::Subscript(outer, inner) => {
            annotated(outer, names);
            annotated(inner, names);
        }
        Expr::Binary(left, _, right) => {
            annotated(left, names);
            annotated(right, names);
        }
        Expr::List(items) => items.iter().for_each(|item| annotated(item, names)),
        _ => {}
    }
}

/// Whether a class declares the types of its fields and refuses others: Pydantic, SQLModel, msgspec, Marshmallow.
pub fn is_typed(codebase: &Codebase, class: Definition, steps: u32) -> bool {
    if steps == 0 || class.scope == 0 {
        return false;
    }
    let scope = codebase.scope(class);
    if scope.kind != ScopeKind::Class {
        return false;
    }
    scope.bases.iter().any(|base| {
        let name = match base {
            Expr::Name(name) => name,
            Expr::Subscript(inner, _) => match inner.as_ref() {
                Expr::Name(name) => name,
                _ => return false,
            },
            _ => return false,
        };
        match codebase.resolve(class.file, name, scope.parent) {
            Resolved::External(path) => matches!(
                path.as_str(),
                "pydantic.BaseModel"
                    | "pydantic.main.BaseModel"
                    | "pydantic.v1.BaseModel"
                    | "pydantic.RootModel"
                    | "sqlmodel.SQLModel"
                    | "msgspec.Struct"
                    | "marshmallow.Schema"
                    | "ninja.Schema"
                    | "rest_framework.serializers.Serializer"
            ),
            Resolved::Definition(base) if base != class => is_typed(codebase, base, steps - 1),
            _ => false,
        }
    })
}

fn answers_with_page(codebase: &Codebase, handler: Definition, with_plain_html: bool) -> bool {
    let is_page_call = |path: &str| match last_segment(path) {
        "HTMLResponse" | "render_template_string" => with_plain_html,
        name => matches!(
            name,
            "render_template" | "TemplateResponse" | "render" | "template" | "send_static_file"
        ),
    };
    let scopes = &codebase.file(handler.file).code.scopes;
    let end = codebase.scope(handler).span.end;
    // Functions inside the handler stand behind it in the list, and before whatever follows it.
    let inner = (handler.scope..).zip(&scopes[handler.scope as usize..]);
    let own = inner.take_while(|(_, scope)| scope.span.start < end);
    let mut calls = own.flat_map(|(scope, _)| codebase.calls_in(Node::definition(handler.file, scope)));
    calls.any(|site| {
        is_page_call(&site.call.target.path)
            || matches!(site.call.method(), "FileResponse" | "send_from_directory" | "send_file")
                && site.call.arguments.iter().any(|argument| {
                    matches!(&argument.value, Expr::String(text) | Expr::Format(text, _) if text.ends_with(".html"))
                })
    })
}

/// Whether a path is one by which a platform asks whether the service lives.
pub fn is_health_path(path: &str) -> bool {
    has_word(
        path,
        &[
            "health",
            "healthz",
            "healthcheck",
            "livez",
            "readyz",
            "ready",
            "readiness",
            "live",
            "liveness",
            "alive",
            "ping",
            "heartbeat",
            "status",
            "isalive",
        ],
    )
}

impl Route {
    /// The handler, by its name in its file.
    pub fn handler<'code>(&self, codebase: &'code Codebase) -> &'code str {
        &codebase
            .scope(Definition {
                file: self.file,
                scope: self.scope,
            })
            .qualified
    }

    /// The method and path as people write them: `POST /predict`.
    pub fn label(&self) -> String {
        match self.methods.first() {
            Some(method) => format!("{method} {}", self.path),
            None => self.path.clone(),
        }
    }

    /// Evidence at its declaration.
    pub fn evidence(&self, codebase: &Codebase, what: impl Into<String>) -> Evidence {
        codebase.evidence(self.file, self.place, what)
    }
}
