//! What a test asks: the method, the address, and a request that the service takes.

use mlops_audit_core::extract::codebase::{Definition, Resolved};
use mlops_audit_core::extract::serving::{Route, is_typed};
use mlops_audit_formats::code::{Expr, Parameter};

use super::fields::{Request, request};
use super::{Service, constructor, declaration};

/// What is sent with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Nothing.
    None,
    /// Fields with their values, as Python writes them.
    Fields(Vec<(String, String)>),
    /// Something that the code does not tell for sure; what is known of it, in words.
    Open(Sent, Vec<String>),
}

/// In which part of a request something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// As JSON.
    Json,
    /// As fields of a form.
    Form,
    /// As files of a form.
    Files,
    /// After the address.
    Query,
}

impl Sent {
    /// The argument by which a test client takes it, that of Flask where it differs.
    pub(super) fn argument(self, is_flask: bool) -> &'static str {
        match (self, is_flask) {
            (Self::Json, _) => "json",
            (Self::Form, _) | (Self::Files, true) => "data",
            (Self::Files, false) => "files",
            (Self::Query, true) => "query_string",
            (Self::Query, false) => "params",
        }
    }

    /// What people fill in.
    pub(super) fn filled_in(self) -> &'static str {
        match self {
            Self::Json => "a request that the service answers, as a dictionary",
            Self::Form => "the fields of a form that the service answers, as a dictionary",
            Self::Files => "the files that the service answers, as a dictionary: each name with an open file",
            Self::Query => "the parameters that the service answers, as a dictionary",
        }
    }
}

/// What a test asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The method in lower case: `post`.
    pub(crate) method: String,
    /// The whole address, or the last part of it where the application knows the rest.
    pub(crate) address: String,
    /// The function by whose name the application is asked for the whole address.
    pub(super) handler: Option<String>,
    /// What is sent with it.
    pub(crate) body: Body,
}

/// The question that a route answers.
///
/// # Errors
/// Why it is not known for sure.
pub(crate) fn question(service: &Service<'_>, route: &Route) -> Result<Question, String> {
    let label = route.label();
    let (address, handler) = match (service.address(route), service.handler(route)) {
        (Some(address), _) => (Some(address), None),
        (None, Some(handler)) => (Some(route.path.clone()), Some(handler.to_owned())),
        (None, None) => (None, None),
    };
    let address = address
        .filter(|address| !address.contains(['{', '<', '*']))
        .ok_or_else(|| format!("the address of {label} is not known for sure"))?;
    let method = match route.methods.as_slice() {
        [] => Some("get".to_owned()),
        [only] => Some(only.to_ascii_lowercase()),
        several => several
            .iter()
            .find(|method| *method == "POST")
            .map(|method| method.to_ascii_lowercase()),
    };
    let method = method
        .filter(|method| matches!(method.as_str(), "get" | "post" | "put"))
        .ok_or_else(|| format!("the method of {label} is not known for sure"))?;
    let body = match service.application.framework {
        "FastAPI" => typed_body(service, route),
        _ => untyped_body(service, route, &method),
    };
    let body = body.ok_or_else(|| format!("{label} asks for more than fields of JSON"))?;
    Ok(Question {
        method,
        address,
        handler,
        body,
    })
}

/// The body that a handler of Flask looks at; `None` where it looks at something else of the request.
fn untyped_body(service: &Service<'_>, route: &Route, method: &str) -> Option<Body> {
    let code = &service.codebase().file(route.file).code;
    let own = |scope: u32| code.scopes_around(scope).any(|(id, _)| id == route.scope);
    let part = |value: &Expr| {
        let name = match value {
            Expr::Subscript(base, _) => base.as_name(),
            value => value.as_name(),
        };
        let rest = name?.path.strip_prefix("flask.request.")?;
        Some(rest.split(['.', '(']).next().unwrap_or(rest).to_owned())
    };
    let calls = code.calls.iter().filter(|call| own(call.scope));
    let called = calls
        .clone()
        .filter_map(|call| part(&Expr::Name(call.target.clone())));
    let handed = calls
        .flat_map(|call| &call.arguments)
        .filter_map(|argument| part(&argument.value));
    let assigned = code
        .assignments
        .iter()
        .filter(|found| own(found.scope))
        .filter_map(|found| part(&found.value));
    let parts: Vec<String> = called.chain(handed).chain(assigned).collect();
    let parts: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !matches!(*part, "method" | "headers" | "is_json" | "content_type"))
        .collect();
    let all = |known: &[&str]| parts.iter().all(|part| known.contains(part));
    if parts.is_empty() && method == "get" {
        return Some(Body::None);
    }
    let sent = [
        (Sent::Json, ["json", "get_json"].as_slice()),
        (Sent::Form, ["form"].as_slice()),
        (Sent::Files, ["files"].as_slice()),
        (Sent::Query, ["args"].as_slice()),
    ];
    let mut sent = sent.into_iter();
    let (sent, _) = sent.find(|(_, known)| all(known))?;
    Some(Body::Open(sent, Vec::new()))
}

/// The body that a handler's parameters ask for; `None` where they ask for something else.
fn typed_body(service: &Service<'_>, route: &Route) -> Option<Body> {
    let codebase = service.codebase();
    let handler = Definition {
        file: route.file,
        scope: route.scope,
    };
    let declared = [
        declaration(codebase, route),
        constructor(codebase, service.application),
    ];
    let mut declared = declared.into_iter().flatten();
    if declared.any(|site| site.call.keyword("dependencies").is_some()) {
        return None;
    }
    let mut bodies = Vec::new();
    let mut others: Vec<(Sent, String)> = Vec::new();
    for parameter in &codebase.scope(handler).parameters {
        match meaning(service, route, parameter) {
            Meaning::Body(class) => bodies.push(class),
            Meaning::Sent(sent) => others.push((sent, described(parameter))),
            Meaning::Nothing => {}
            Meaning::Unknown => return None,
        }
    }
    match (bodies.as_slice(), others.first()) {
        ([], None) => Some(Body::None),
        ([], Some((sent, _))) => {
            let sent = *sent;
            let is_one = others.iter().all(|(other, _)| *other == sent);
            let fields = others.into_iter().map(|(_, field)| field).collect();
            is_one.then_some(Body::Open(sent, fields))
        }
        ([only], None) => Some(match request(codebase, *only) {
            Request::Known(fields) => Body::Fields(fields),
            Request::Open(fields) => Body::Open(Sent::Json, fields),
        }),
        _ => None,
    }
}

/// A parameter with its type, where that is a plain one: `tweet (str)`.
fn described(parameter: &Parameter) -> String {
    match parameter.annotation.as_ref().and_then(plain_type) {
        Some(kind) => format!("{} ({kind})", parameter.name),
        None => parameter.name.to_string(),
    }
}

/// A type that is read from a word of an address or a form.
fn plain_type(annotation: &Expr) -> Option<&str> {
    let name = annotation.as_name()?.path.as_str();
    matches!(name, "str" | "int" | "float" | "bool").then_some(name)
}

enum Meaning {
    /// The body is of this class.
    Body(Definition),
    /// It is sent on its own.
    Sent(Sent),
    /// Nobody has to send anything for it.
    Nothing,
    /// Something has to be sent, and the code does not tell what.
    Unknown,
}

fn meaning(service: &Service<'_>, route: &Route, parameter: &Parameter) -> Meaning {
    let codebase = service.codebase();
    let scope = &codebase.file(route.file).code.scopes[route.scope as usize];
    let named = |value: &Expr| {
        let name = value.as_name()?;
        Some(codebase.resolve(route.file, name, scope.parent))
    };
    // `Annotated[Order, Body()]`
    let (annotation, notes) = match &parameter.annotation {
        Some(Expr::Subscript(outer, inner)) if is_annotated(outer) => match inner.as_ref() {
            Expr::List(items) => (items.first(), items.get(1..).unwrap_or_default()),
            _ => (None, [].as_slice()),
        },
        other => (other.as_ref(), [].as_slice()),
    };
    let default = parameter.default.as_ref();
    for note in notes.iter().chain(default) {
        let Some(site) = codebase.call_of(route.file, note) else {
            continue;
        };
        match site.call.method() {
            "Body" if site.call.keyword("embed").is_none() => {}
            "Depends" => {
                let given = site.call.positional(0).and_then(named);
                let asks_nothing = matches!(given, Some(Resolved::Definition(found))
                    if codebase.scope(found).parameters.is_empty());
                return if asks_nothing {
                    Meaning::Nothing
                } else {
                    Meaning::Unknown
                };
            }
            "Query" | "Form" | "File" if default_of(site.call.argument("default", Some(0))) => {
                return Meaning::Nothing;
            }
            "Query" => return Meaning::Sent(Sent::Query),
            "Form" => return Meaning::Sent(Sent::Form),
            "File" => return Meaning::Sent(Sent::Files),
            _ => return Meaning::Unknown,
        }
    }
    match annotation.and_then(named) {
        Some(Resolved::Definition(class)) if is_typed(codebase, class, 6) => Meaning::Body(class),
        Some(Resolved::External(path)) if path.starts_with("fastapi.") || path.starts_with("starlette.") => {
            // Who takes the request itself may read anything out of it, unless it is for a page.
            let is_request = path.ends_with(".Request") && route.methods != ["GET"] && !route.is_page;
            if path.ends_with("UploadFile") {
                Meaning::Sent(Sent::Files)
            } else if is_request {
                Meaning::Unknown
            } else {
                Meaning::Nothing
            }
        }
        _ if default_of(default) => Meaning::Nothing,
        _ if default.is_none() && annotation.is_some_and(|found| plain_type(found).is_some()) => {
            Meaning::Sent(Sent::Query)
        }
        _ => Meaning::Unknown,
    }
}

/// Whether a default is a plain value, so that nothing has to be sent.
fn default_of(default: Option<&Expr>) -> bool {
    matches!(
        default,
        Some(Expr::None | Expr::Bool(_) | Expr::Number(_) | Expr::String(_))
    )
}

pub(super) fn is_annotated(outer: &Expr) -> bool {
    outer
        .as_name()
        .is_some_and(|name| name.path.rsplit('.').next() == Some("Annotated"))
}
