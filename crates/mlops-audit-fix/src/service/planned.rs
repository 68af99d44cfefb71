//! One test of a service: what it asks and what it expects.

use mlops_audit_core::extract::serving::Route;
use mlops_audit_formats::code::Expr;

use super::{Body, Question, Service, answer, declaration, question, surroundings};
use crate::needs::Beside;
use crate::python::quoted;

/// A question with the answer that is expected.
pub(crate) struct Planned {
    pub(crate) question: Question,
    /// The status of a good answer.
    status: u16,
    /// The keys of a good answer; none where they are not known.
    keys: Vec<String>,
    /// What the service needs beside itself.
    pub(crate) beside: Beside,
}

impl Planned {
    /// The test of a route.
    ///
    /// # Errors
    /// Why the route cannot be asked.
    pub(crate) fn of(service: &Service<'_>, route: &Route) -> Result<Self, String> {
        let label = route.label();
        let question = question(service, route)?;
        let status = status(service, route)
            .ok_or_else(|| format!("the status that {label} answers with is not known"))?;
        Ok(Self {
            question,
            status,
            keys: answer(service.codebase(), route),
            beside: surroundings(service, route),
        })
    }

    /// Whether somebody has to fill in the request.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.question.body, Body::Open(..))
    }

    /// The constant that holds the request.
    pub(crate) fn request(&self) -> Option<String> {
        match &self.question.body {
            Body::None => None,
            Body::Fields(fields) => {
                let entries: Vec<String> = fields
                    .iter()
                    .filter_map(|(name, value)| Some(format!("{}: {value}", quoted(name)?)))
                    .collect();
                let line = format!("REQUEST = {{{}}}\n", entries.join(", "));
                if line.len() <= 88 {
                    return Some(line);
                }
                let lines: String = entries.iter().map(|entry| format!("    {entry},\n")).collect();
                Some(format!("REQUEST = {{\n{lines}}}\n"))
            }
            Body::Open(sent, fields) => {
                let mut text = format!("# Fill in {}.\n", sent.filled_in());
                if !fields.is_empty() {
                    text += &commented(&format!("It takes {}.", fields.join(", ")));
                }
                Some(text + "REQUEST = None\n")
            }
        }
    }

    /// The test function.
    pub(crate) fn function(&self, is_flask: bool) -> String {
        let Question {
            method,
            address,
            handler,
            body,
        } = &self.question;
        let asked = match handler {
            Some(handler) => format!("client.app.url_path_for(\"{handler}\")"),
            None => format!("\"{address}\""),
        };
        let sent = match body {
            Body::None => String::new(),
            Body::Fields(_) => ", json=REQUEST".to_owned(),
            Body::Open(sent, _) => format!(", {}=REQUEST", sent.argument(is_flask)),
        };
        let filled = if self.is_open() {
            "    assert REQUEST is not None, \"fill in REQUEST\"\n"
        } else {
            ""
        };
        let expected = match (self.keys.as_slice(), is_flask) {
            ([], true) => "response.data".to_owned(),
            ([], false) => "response.content".to_owned(),
            (keys, _) => {
                let parsed = if is_flask {
                    "response.get_json()"
                } else {
                    "response.json()"
                };
                let keys: Vec<String> = keys.iter().filter_map(|key| quoted(key)).collect();
                match keys.as_slice() {
                    [only] => format!("{only} in {parsed}"),
                    several => format!("{parsed}.keys() >= {{{}}}", several.join(", ")),
                }
            }
        };
        format!(
            "def test_{}_answers(client):\n{filled}    response = client.{method}({asked}{sent})\n\
             \x20   assert response.status_code == {}\n    assert {expected}\n",
            identifier(address),
            self.status,
        )
    }
}

/// A text as lines of comments, each short enough to be read.
fn commented(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split(' ') {
        let line = lines.len() - 1;
        if lines[line].len() + word.len() > 86 {
            lines.push(format!("# {word}"));
        } else {
            lines[line] += &format!(" {word}");
        }
    }
    lines.join("\n") + "\n"
}

/// The status that a route declares, else that of the framework.
fn status(service: &Service<'_>, route: &Route) -> Option<u16> {
    let codebase = service.codebase();
    let declared = declaration(codebase, route)?;
    let Some(value) = declared.call.keyword("status_code") else {
        return Some(200);
    };
    // `status.HTTP_201_CREATED`
    let digits = match value {
        Expr::Number(number) => number.to_string(),
        Expr::Name(name) => name.path.chars().filter(char::is_ascii_digit).collect(),
        _ => return None,
    };
    digits.parse().ok()
}

/// An address as a part of a name: `/v1/predict` is `v1_predict`.
fn identifier(address: &str) -> String {
    let words = address.split(|char: char| !char.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [] => "index".to_owned(),
        words => words.join("_").to_ascii_lowercase(),
    }
}
