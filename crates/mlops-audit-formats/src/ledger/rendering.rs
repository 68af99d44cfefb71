//! A compact rendering of what was read, for tests.

//! A document in few lines, for tests.

use crate::code::{BlockKind, Code, Expr, Name, Origin};

fn name(of: &Name) -> String {
    let mark = match of.origin {
        Origin::Import => "^",
        Origin::Local => "",
        Origin::Unbound => "?",
        Origin::Value => "~",
    };
    format!("{}{mark}", of.path)
}

fn list(code: &Code, of: &[Expr]) -> String {
    of.iter()
        .map(|item| expr(code, item))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(crate) fn expr(code: &Code, of: &Expr) -> String {
    match of {
        Expr::Name(of) => name(of),
        Expr::String(text) => format!("{text:?}"),
        Expr::Format(text, holes) => format!("{text:?}%({})", list(code, holes)),
        Expr::Number(number) => number.to_string(),
        Expr::Bool(value) => value.to_string(),
        Expr::None => "none".to_owned(),
        Expr::List(items) => format!("[{}]", list(code, items)),
        Expr::Dict(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let key = key.as_ref().map(|key| expr(code, key)).unwrap_or_default();
                format!("{key}: {}", expr(code, value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Expr::Call(at) => format!("#{at}"),
        Expr::Attribute(of, name) => format!("{}.{name}", expr(code, of)),
        Expr::Subscript(of, at) => format!("{}[{}]", expr(code, of), expr(code, at)),
        Expr::Binary(left, operator, right) => {
            format!("({} {operator} {})", expr(code, left), expr(code, right))
        }
        Expr::Compare(first, rest) => {
            let rest = rest
                .iter()
                .map(|(how, right)| format!(" {how:?} {}", expr(code, right)));
            format!("({}{})", expr(code, first), rest.collect::<String>())
        }
        Expr::And(of) => format!("and({})", list(code, of)),
        Expr::Or(of) => format!("or({})", list(code, of)),
        Expr::Not(of) => format!("not {}", expr(code, of)),
        Expr::Choice(choice) => {
            format!(
                "({} ? {} : {})",
                expr(code, &choice.condition),
                expr(code, &choice.yes),
                expr(code, &choice.no)
            )
        }
        Expr::Spread(of) => format!("*{}", expr(code, of)),
        Expr::Other => "_".to_owned(),
    }
}

fn around(code: &Code, scope: u32, block: u32) -> String {
    let mut out = match scope {
        0 => String::new(),
        at => format!(" in {}@{at}", code.scopes[at as usize].qualified),
    };
    for block in code.blocks_around(block) {
        let kind = match &block.kind {
            BlockKind::Body => continue,
            BlockKind::If(of) => format!("if {}", expr(code, of)),
            BlockKind::Else(of) => format!("else {}", expr(code, of)),
            BlockKind::For(of) => format!("for {}", expr(code, of)),
            BlockKind::While(of) => format!("while {}", expr(code, of)),
            kind => format!("{kind:?}"),
        };
        out += &format!(" <{kind}>");
    }
    out
}

fn scopes(code: &Code, out: &mut Vec<(u32, String)>) {
    for scope in code.scopes.iter().skip(1) {
        let parameters = scope.parameters.iter().map(|parameter| {
            let annotation = parameter
                .annotation
                .as_ref()
                .map(|of| format!("::{}", expr(code, of)));
            let default = parameter
                .default
                .as_ref()
                .map(|of| format!("={}", expr(code, of)));
            format!(
                "{}{}{}",
                parameter.name,
                annotation.unwrap_or_default(),
                default.unwrap_or_default()
            )
        });
        let stub = if scope.is_stub { " stub" } else { "" };
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        let text = format!("{:?} {}({parameters}){stub}", scope.kind, scope.qualified);
        out.push((scope.place.line, text));
    }
}

/// One fact a line, in the order of the text.
pub(crate) fn render(code: &Code) -> String {
    let mut out = Vec::new();
    for import in &code.imports {
        let name = import
            .name
            .as_ref()
            .map(|name| format!(": {name}"))
            .unwrap_or_default();
        out.push((
            import.place.line,
            format!("import {}{name} as {}", import.module, import.alias),
        ));
    }
    scopes(code, &mut out);
    for (at, call) in code.calls.iter().enumerate() {
        let arguments = call.arguments.iter().map(|argument| {
            let name = argument
                .name
                .as_ref()
                .map(|name| format!("{name}="))
                .unwrap_or_default();
            format!("{name}{}", expr(code, &argument.value))
        });
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        let around = around(code, call.scope, call.block);
        out.push((
            call.place.line,
            format!("#{at} {}({arguments}){around}", name(&call.target)),
        ));
    }
    for assignment in &code.assignments {
        let element = assignment
            .element
            .map(|at| format!("[{}]", at.position()))
            .unwrap_or_default();
        let annotation = assignment
            .annotation
            .as_ref()
            .map(|of| format!("::{}", expr(code, of)));
        let text = format!(
            "{}{} = {}{element} {:?}{}",
            assignment.target,
            annotation.unwrap_or_default(),
            expr(code, &assignment.value),
            assignment.kind,
            around(code, assignment.scope, assignment.block)
        );
        out.push((assignment.place.line, text));
    }
    for assert in &code.asserts {
        let around = around(code, assert.scope, assert.block);
        out.push((
            assert.place.line,
            format!("assert {}{around}", expr(code, &assert.test)),
        ));
    }
    for returned in &code.returns {
        out.push((
            returned.place.line,
            format!("return {}", expr(code, &returned.value)),
        ));
    }
    for problem in &code.problems {
        out.push((problem.place.line, format!("problem: {}", problem.what)));
    }
    out.sort_by_key(|(line, _)| *line);
    out.into_iter()
        .map(|(line, text)| format!("{line} {text}\n"))
        .collect()
}
