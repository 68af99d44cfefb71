//! A request that a class of Pydantic takes, by its examples or the types of its fields.

use mlops_audit_core::extract::codebase::{Codebase, Definition, Resolved};
use mlops_audit_formats::code::{Assignment, AssignmentKind, Call, Expr, ScopeKind};

use super::examples::{example_of, field_example};
use super::question::is_annotated;
use crate::python::{literal, number, quoted};

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Its fields with values that it takes.
    Known(Vec<(String, String)>),
    /// Its fields with their types; the value of one at least is not sure.
    Open(Vec<String>),
}

/// One field of a request.
struct Field {
    name: String,
    kind: String,
    /// `None` where the type does not tell a value that is sure to be taken.
    value: Option<String>,
}

/// A request as its class describes it.
pub(super) fn request(codebase: &Codebase, class: Definition) -> Request {
    if let Some(example) = example_of(codebase, class) {
        return Request::Known(example);
    }
    let Some(fields) = fields(codebase, class, 9) else {
        return Request::Open(Vec::new());
    };
    // A text on its own is what the model reads; beside other fields it is one of a few words, which are not known.
    let is_alone = fields.len() == 1;
    let known: Option<Vec<(String, String)>> = fields
        .iter()
        .map(|field| {
            let text = || {
                (is_alone && is_prose(&field.name))
                    .then(|| prose(&field.kind))
                    .flatten()
            };
            Some((field.name.clone(), field.value.clone().or_else(text)?))
        })
        .collect();
    match known {
        Some(known) if !known.is_empty() && !has_validator(codebase, class) => Request::Known(known),
        _ => Request::Open(
            fields
                .into_iter()
                .map(|field| format!("{} ({})", field.name, field.kind))
                .collect(),
        ),
    }
}

/// The fields that have to be given, those of the bases first; `None` where the class cannot be understood.
fn fields(codebase: &Codebase, class: Definition, steps: u32) -> Option<Vec<Field>> {
    let steps = steps.checked_sub(1)?;
    let scope = codebase.scope(class);
    let mut found = Vec::new();
    for base in &scope.bases {
        match codebase.resolve(class.file, base.as_name()?, scope.parent) {
            Resolved::External(path) if is_plain_base(&path) => {}
            Resolved::Definition(base) if base != class => found.extend(fields(codebase, base, steps)?),
            _ => return None,
        }
    }
    let code = &codebase.file(class.file).code;
    for assignment in code.assignments.iter().filter(|found| found.scope == class.scope) {
        if assignment.target == "model_config" && renames(codebase, class, assignment) {
            return None;
        }
        if assignment.kind != AssignmentKind::Annotated || assignment.target.starts_with('_') {
            continue;
        }
        let annotation = assignment.annotation.as_ref()?;
        if let Some(field) = field(codebase, class, assignment, annotation, steps) {
            found.push(field);
        }
    }
    Some(found)
}

fn is_plain_base(path: &str) -> bool {
    matches!(
        path,
        "pydantic.BaseModel" | "pydantic.main.BaseModel" | "pydantic.v1.BaseModel"
    )
}

/// A configuration that gives the fields other names.
fn renames(codebase: &Codebase, class: Definition, assignment: &Assignment) -> bool {
    let call = codebase.call_of(class.file, &assignment.value);
    call.is_some_and(|site| site.call.keyword("alias_generator").is_some())
}

fn has_validator(codebase: &Codebase, class: Definition) -> bool {
    let code = &codebase.file(class.file).code;
    let is_validator = |decorator: &Expr| {
        let path = match decorator {
            Expr::Name(name) => Some(name.path.as_str()),
            _ => codebase
                .call_of(class.file, decorator)
                .map(|site| site.call.target.path.as_str()),
        };
        path.is_some_and(|path| path.contains("validator"))
    };
    let mut methods = code
        .scopes
        .iter()
        .filter(|scope| scope.parent == class.scope && scope.kind == ScopeKind::Function);
    methods.any(|scope| scope.decorators.iter().any(is_validator))
}

/// A field, unless it has a default and so need not be given.
fn field(
    codebase: &Codebase,
    class: Definition,
    assignment: &Assignment,
    annotation: &Expr,
    steps: u32,
) -> Option<Field> {
    let call = codebase
        .call_of(class.file, &assignment.value)
        .map(|site| site.call);
    let told = call.and_then(field_example);
    let has_default = match call {
        Some(call) => {
            call.keyword("default").is_some()
                || call.keyword("default_factory").is_some()
                || call.positional(0).is_some_and(|value| *value != Expr::Other)
        }
        // `None` stands for no value as well.
        None => !matches!(assignment.value, Expr::None | Expr::Other),
    };
    if has_default && told.is_none() {
        return None;
    }
    let alias = call.and_then(|call| call.keyword("alias").or_else(|| call.keyword("validation_alias")));
    let name = match alias {
        Some(alias) => alias.as_str()?.to_owned(),
        None => assignment.target.to_string(),
    };
    let typed = Typed {
        codebase,
        class,
        bounds: call,
    };
    let is_patterned = call.is_some_and(|call| {
        ["pattern", "regex", "multiple_of"]
            .iter()
            .any(|keyword| call.keyword(keyword).is_some())
    });
    let value = told.or_else(|| (!is_patterned).then(|| typed.value(annotation, steps)).flatten());
    Some(Field {
        name,
        kind: typed.kind(annotation),
        value,
    })
}

/// Finds values of a type.
#[derive(Clone, Copy)]
struct Typed<'code> {
    codebase: &'code Codebase,
    class: Definition,
    /// The call that bounds it: `Field(ge=0)`.
    bounds: Option<&'code Call>,
}

impl<'code> Typed<'code> {
    /// A value of the type that the class is sure to take.
    fn value(self, annotation: &'code Expr, steps: u32) -> Option<String> {
        let steps = steps.checked_sub(1)?;
        match annotation {
            Expr::Name(name) => match name.path.as_str() {
                "int" => self.number(true),
                "float" => self.number(false),
                "bool" => Some("True".to_owned()),
                _ => self.of_class(annotation, steps),
            },
            // `float | None`
            Expr::Binary(left, _, right) => match right.as_ref() {
                Expr::None => self.value(left, steps),
                _ => None,
            },
            Expr::Subscript(outer, inner) if is_annotated(outer) => {
                let Expr::List(items) = inner.as_ref() else {
                    return None;
                };
                let note = items
                    .iter()
                    .find_map(|item| self.codebase.call_of(self.class.file, item));
                let bounds = note.map(|site| site.call).or(self.bounds);
                Self { bounds, ..self }.value(items.first()?, steps)
            }
            Expr::Subscript(outer, inner) => {
                let outer = outer.as_name()?.path.as_str();
                match outer.rsplit('.').next().unwrap_or(outer) {
                    "Optional" => self.value(inner, steps),
                    "Literal" => match inner.as_ref() {
                        Expr::List(items) => literal(items.first()?),
                        only => literal(only),
                    },
                    // How many numbers a model wants is not told by their type; of records one is enough.
                    "list" | "List" | "Sequence"
                        if self
                            .bounds
                            .is_none_or(|call| call.keyword("min_length").is_none()) =>
                    {
                        self.of_class(inner, steps).map(|item| format!("[{item}]"))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A nested class, or an enumeration.
    fn of_class(self, annotation: &Expr, steps: u32) -> Option<String> {
        let scope = self.codebase.scope(self.class);
        let found = self
            .codebase
            .resolve(self.class.file, annotation.as_name()?, scope.parent);
        let Resolved::Definition(class) = found else {
            return None;
        };
        let inner = self.codebase.scope(class);
        let is_enumeration = inner.bases.iter().any(|base| {
            base.as_name().is_some_and(|name| {
                matches!(name.path.as_str(), "enum.Enum" | "enum.StrEnum" | "enum.IntEnum")
            })
        });
        if is_enumeration {
            let code = &self.codebase.file(class.file).code;
            let first = code.assignments.iter().find(|found| found.scope == class.scope)?;
            return literal(&first.value);
        }
        if let Some(example) = example_of(self.codebase, class) {
            return Some(dictionary(&example));
        }
        if has_validator(self.codebase, class) {
            return None;
        }
        let fields = fields(self.codebase, class, steps)?;
        let known = fields.into_iter().map(|field| Some((field.name, field.value?)));
        known.collect::<Option<Vec<_>>>().map(|known| dictionary(&known))
    }

    /// A number within its bounds.
    fn number(self, is_whole: bool) -> Option<String> {
        let bound = |name: &str| self.bounds.and_then(|call| call.keyword(name));
        let known = |name: &str| match bound(name) {
            None => Some(None),
            Some(value) => value.as_number().map(Some),
        };
        let (above, from, below, to) = (known("gt")?, known("ge")?, known("lt")?, known("le")?);
        let step = if is_whole { 1.0 } else { 0.5 };
        let low = above.map(|value| value + step).or(from);
        let high = below.map(|value| value - step).or(to);
        let middle = match (low, high) {
            (Some(low), Some(high)) => Some(f64::midpoint(low, high)),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        };
        let usual = if is_whole { 1.0 } else { 0.5 };
        let fits = |value: f64| {
            above.is_none_or(|bound| value > bound)
                && from.is_none_or(|bound| value >= bound)
                && below.is_none_or(|bound| value < bound)
                && to.is_none_or(|bound| value <= bound)
        };
        let middle = middle.map(|value| if is_whole { value.floor() } else { value });
        let value = std::iter::once(usual).chain(middle).find(|value| fits(*value))?;
        Some(number(value))
    }

    /// The type in one word, for people.
    fn kind(self, annotation: &Expr) -> String {
        let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        match annotation {
            Expr::Name(name) => last(&name.path),
            Expr::Subscript(outer, inner) if is_annotated(outer) => match inner.as_ref() {
                Expr::List(items) => items.first().map_or_else(String::new, |first| self.kind(first)),
                _ => String::new(),
            },
            Expr::Subscript(outer, inner) => {
                let outer = outer.as_name().map_or_else(String::new, |name| last(&name.path));
                match inner.as_ref() {
                    Expr::Name(_) if outer == "Optional" => self.kind(inner),
                    Expr::Name(_) => format!("{outer} of {}", self.kind(inner)),
                    _ => outer,
                }
            }
            Expr::Binary(left, _, _) => self.kind(left),
            _ => "value".to_owned(),
        }
    }
}

/// Names of fields that hold what somebody wrote.
fn is_prose(name: &str) -> bool {
    let words = [
        "comment",
        "content",
        "description",
        "message",
        "paragraph",
        "query",
        "question",
        "review",
        "sentence",
        "text",
        "tweet",
    ];
    let name = name.to_ascii_lowercase();
    name.split('_')
        .any(|word| words.contains(&word) || words.contains(&word.trim_end_matches('s')))
}

fn prose(kind: &str) -> Option<String> {
    let text = quoted("An example of what people write.")?;
    match kind {
        "str" => Some(text),
        "List of str" | "list of str" => Some(format!("[{text}]")),
        _ => None,
    }
}

fn dictionary(fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .filter_map(|(name, value)| Some(format!("{}: {value}", quoted(name)?)))
        .collect();
    format!("{{{}}}", fields.join(", "))
}
