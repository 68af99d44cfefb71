//! A compact rendering of what was read.

use std::fmt::Write;

use crate::Place;
use crate::code::{
    Argument, Assignment, BlockKind, Call, Code, Comparison, Expr, Name, Origin, Parameter, Scope, ScopeKind,
};

/// Everything, section by section; empty sections are left out.
pub(crate) fn show(code: &Code) -> String {
    let mut out = String::new();
    for import in &code.imports {
        let name = import
            .name
            .as_deref()
            .map_or(String::new(), |name| format!(" {name}"));
        line(
            &mut out,
            import.place,
            &format!(
                "import {}{name} as {:?} b{}",
                import.module, import.alias, import.block
            ),
        );
    }
    for (id, scope) in code.scopes.iter().enumerate().skip(1) {
        line(
            &mut out,
            scope.place,
            &format!("s{id} {}", scope_text(code, scope)),
        );
    }
    for (id, block) in code.blocks.iter().enumerate().skip(1) {
        if !matches!(block.kind, BlockKind::Body) {
            let text = block_text(code, &block.kind);
            line(
                &mut out,
                block.place,
                &format!("b{id} {text} in b{} s{}", block.parent, block.scope),
            );
        }
    }
    for assignment in &code.assignments {
        line(&mut out, assignment.place, &assignment_text(code, assignment));
    }
    out.push_str(&calls(code));
    for assert in &code.asserts {
        line(
            &mut out,
            assert.place,
            &format!("assert {}", expression(code, &assert.test)),
        );
    }
    for result in &code.returns {
        line(
            &mut out,
            result.place,
            &format!("return {} s{}", expression(code, &result.value), result.scope),
        );
    }
    for raise in &code.raises {
        let exception = raise
            .exception
            .as_ref()
            .map_or(String::new(), |raised| expression(code, raised));
        line(&mut out, raise.place, &format!("raise {exception}"));
    }
    for shell in &code.shell_lines {
        line(&mut out, shell.place, &format!("$ {}", shell.text));
    }
    if !code.strings.is_empty() {
        let strings: Vec<String> = code
            .strings
            .iter()
            .map(|text| format!("{:?}", text.value))
            .collect();
        let _ = writeln!(out, "strings {}", strings.join(" "));
    }
    for problem in &code.problems {
        line(&mut out, problem.place, &format!("problem: {}", problem.what));
    }
    if code.is_python2 {
        out.push_str("python 2\n");
    }
    out
}

/// The calls, one a line.
pub(crate) fn calls(code: &Code) -> String {
    let mut out = String::new();
    for call in &code.calls {
        line(&mut out, call.place, &call_text(code, call));
    }
    out
}

fn line(out: &mut String, place: Place, text: &str) {
    let cell = if place.cell > 0 {
        format!("{}/", place.cell)
    } else {
        String::new()
    };
    let _ = writeln!(out, "{cell}{}: {text}", place.line);
}

fn call_text(code: &Code, call: &Call) -> String {
    let arguments: Vec<String> = call
        .arguments
        .iter()
        .map(|argument| argument_text(code, argument))
        .collect();
    let callee = expression(code, &call.callee);
    let target = name(&call.target);
    let same = callee == target;
    let via = if same {
        String::new()
    } else {
        format!(" <- {callee}")
    };
    format!(
        "{target}({}){via} b{} s{}",
        arguments.join(", "),
        call.block,
        call.scope
    )
}

fn argument_text(code: &Code, argument: &Argument) -> String {
    let value = expression(code, &argument.value);
    argument
        .name
        .as_ref()
        .map_or(value.clone(), |name| format!("{name}={value}"))
}

fn assignment_text(code: &Code, assignment: &Assignment) -> String {
    let element = assignment
        .element
        .map_or(String::new(), |element| format!("#{}", element.position()));
    let annotation = assignment.annotation.as_ref();
    let annotation = annotation.map_or(String::new(), |annotation| {
        format!(": {}", expression(code, annotation))
    });
    format!(
        "{}{annotation} = {}{element} {:?} b{} s{}",
        assignment.target,
        expression(code, &assignment.value),
        assignment.kind,
        assignment.block,
        assignment.scope
    )
}

fn scope_text(code: &Code, scope: &Scope) -> String {
    let kind = match scope.kind {
        ScopeKind::Module => "module",
        ScopeKind::Class => "class",
        ScopeKind::Function => "def",
        ScopeKind::Lambda => "lambda",
    };
    let list = |items: &[Expr]| -> String {
        items
            .iter()
            .map(|item| format!(" {}", expression(code, item)))
            .collect()
    };
    let mut text = format!("{kind} {} in s{} b{}", scope.qualified, scope.parent, scope.block);
    if !scope.parameters.is_empty() {
        let parameters: Vec<String> = scope
            .parameters
            .iter()
            .map(|one| parameter_text(code, one))
            .collect();
        let _ = write!(text, " ({})", parameters.join(", "));
    }
    if !scope.bases.is_empty() {
        let _ = write!(text, " bases{}", list(&scope.bases));
    }
    if !scope.decorators.is_empty() {
        let _ = write!(text, " @{}", list(&scope.decorators));
    }
    if scope.is_stub {
        text.push_str(" stub");
    }
    text
}

fn parameter_text(code: &Code, parameter: &Parameter) -> String {
    let mut text = parameter.name.to_string();
    if let Some(annotation) = &parameter.annotation {
        let _ = write!(text, ": {}", expression(code, annotation));
    }
    if let Some(default) = &parameter.default {
        let _ = write!(text, " = {}", expression(code, default));
    }
    text
}

fn block_text(code: &Code, kind: &BlockKind) -> String {
    match kind {
        BlockKind::Body => "body".to_owned(),
        BlockKind::If(test) => format!("if {}", expression(code, test)),
        BlockKind::Else(test) => format!("else of {}", expression(code, test)),
        BlockKind::For(over) => format!("for {}", expression(code, over)),
        BlockKind::While(test) => format!("while {}", expression(code, test)),
        BlockKind::Try => "try".to_owned(),
        BlockKind::Except(Some(exception)) => format!("except {}", expression(code, exception)),
        BlockKind::Except(None) => "except".to_owned(),
        BlockKind::With(managers) => format!("with {}", expressions(code, managers)),
        BlockKind::Main => "main".to_owned(),
        BlockKind::Comprehension => "comprehension".to_owned(),
    }
}

fn name(name: &Name) -> String {
    let mark = match name.origin {
        Origin::Import => "",
        Origin::Local => "~",
        Origin::Unbound => "?",
        Origin::Value => "*",
    };
    format!("{}{mark}", name.path)
}

fn expressions(code: &Code, items: &[Expr]) -> String {
    let items: Vec<String> = items.iter().map(|item| expression(code, item)).collect();
    items.join(", ")
}

fn expression(code: &Code, expr: &Expr) -> String {
    let one = |expr: &Expr| expression(code, expr);
    match expr {
        Expr::Name(found) => name(found),
        Expr::String(text) => format!("{text:?}"),
        Expr::Format(text, holes) => format!("f{text:?}[{}]", expressions(code, holes)),
        Expr::Number(number) => number.to_string(),
        Expr::Bool(value) => value.to_string(),
        Expr::None => "None".to_owned(),
        Expr::List(items) => format!("[{}]", expressions(code, items)),
        Expr::Dict(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|(key, value)| format!("{}: {}", key.as_ref().map_or("**".to_owned(), one), one(value)))
                .collect();
            format!("{{{}}}", items.join(", "))
        }
        Expr::Call(id) => code
            .calls
            .get(*id as usize)
            .map_or("call?".to_owned(), |call| format!("{}()", name(&call.target))),
        Expr::Attribute(value, attribute) => format!("{}->{attribute}", one(value)),
        Expr::Subscript(value, index) => format!("{}[{}]", one(value), one(index)),
        Expr::Binary(left, operator, right) => format!("({} {operator} {})", one(left), one(right)),
        Expr::Compare(first, rest) => {
            let rest: String = rest
                .iter()
                .map(|(operator, operand)| format!(" {} {}", sign(*operator), one(operand)))
                .collect();
            format!("({}{rest})", one(first))
        }
        Expr::And(items) => format!("and[{}]", expressions(code, items)),
        Expr::Or(items) => format!("or[{}]", expressions(code, items)),
        Expr::Not(inner) => format!("not {}", one(inner)),
        Expr::Choice(choice) => format!(
            "({} if {} else {})",
            one(&choice.yes),
            one(&choice.condition),
            one(&choice.no)
        ),
        Expr::Spread(inner) => format!("**{}", one(inner)),
        Expr::Other => "…".to_owned(),
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
        Comparison::In => "in",
        Comparison::NotIn => "not in",
        Comparison::Is => "is",
        Comparison::IsNot => "is not",
    }
}
