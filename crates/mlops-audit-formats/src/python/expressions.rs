//! Expressions.

use ruff_python_ast::{
    self as ast, ArgOrKeyword, BoolOp, CmpOp, Comprehension, ExprCall, ExprLambda, FStringPart,
    InterpolatedStringElement, Number, UnaryOp,
};
use ruff_text_size::{Ranged, TextSize};

use super::bindings::BindKind;
use super::lower::{Lowering, Statement, count, span, span_of};
use crate::code::{
    Argument, AssignmentKind, BlockKind, Call, Comparison, Expr, Scope, ScopeKind, StringConstant, Text,
    ThinVec,
};

/// Deepest expression that is kept; below it only calls and strings are noted.
const DEPTH: u32 = 100;
/// From this length on a string is no constant that anyone asks for.
const LONG_STRING: usize = 300;

impl<'a> Lowering<'a> {
    pub(super) fn expression(&mut self, expression: &'a ast::Expr) -> Expr {
        self.depth += 1;
        let lowered = self.any(expression);
        self.depth -= 1;
        if self.depth > DEPTH && !matches!(lowered, Expr::Call(_)) {
            return Expr::Other;
        }
        lowered
    }

    fn any(&mut self, expression: &'a ast::Expr) -> Expr {
        match expression {
            ast::Expr::Name(_) => self.name(expression),
            ast::Expr::Attribute(attribute) => self.attribute(expression, attribute),
            ast::Expr::Call(call) => self.call(call),
            ast::Expr::StringLiteral(text) => self.string(text.value.to_str(), text.range.start()),
            ast::Expr::NumberLiteral(number) => number_of(&number.value),
            ast::Expr::BooleanLiteral(literal) => Expr::Bool(literal.value),
            ast::Expr::NoneLiteral(_) => Expr::None,
            ast::Expr::List(list) => self.list(&list.elts),
            ast::Expr::Tuple(tuple) => self.list(&tuple.elts),
            ast::Expr::Set(set) => self.list(&set.elts),
            ast::Expr::Dict(dict) => self.dict(dict),
            ast::Expr::Subscript(item) => {
                let value = self.expression(&item.value);
                let index = self.expression(&item.slice);
                Expr::Subscript(Box::new(value), Box::new(index))
            }
            ast::Expr::Starred(starred) => Expr::Spread(Box::new(self.expression(&starred.value))),
            ast::Expr::Await(inner) => self.expression(&inner.value),
            ast::Expr::FString(text) => self.format_string(text),
            _ => self.operation(expression),
        }
    }

    fn operation(&mut self, expression: &'a ast::Expr) -> Expr {
        match expression {
            ast::Expr::BinOp(operation) => {
                let left = self.expression(&operation.left);
                let right = self.expression(&operation.right);
                Expr::binary(left, operation.op.as_str(), right)
            }
            ast::Expr::UnaryOp(operation) => {
                let operand = self.expression(&operation.operand);
                unary(operation.op, operand)
            }
            ast::Expr::BoolOp(operation) => {
                let values = operation
                    .values
                    .iter()
                    .map(|value| self.expression(value))
                    .collect();
                match operation.op {
                    BoolOp::And => Expr::And(values),
                    BoolOp::Or => Expr::Or(values),
                }
            }
            ast::Expr::Compare(compare) => self.compare(compare),
            ast::Expr::If(choice) => {
                let test = self.expression(&choice.test);
                let body = self.expression(&choice.body);
                let orelse = self.expression(&choice.orelse);
                Expr::choice(test, body, orelse)
            }
            ast::Expr::Named(named) => self.named(named),
            ast::Expr::Lambda(lambda) => self.lambda(lambda),
            ast::Expr::Yield(result) => {
                if let Some(value) = &result.value {
                    let value = self.expression(value);
                    self.result(value, result.range.start());
                }
                Expr::Other
            }
            ast::Expr::YieldFrom(result) => {
                let value = self.expression(&result.value);
                self.result(value, result.range.start());
                Expr::Other
            }
            _ => self.rest(expression),
        }
    }

    fn rest(&mut self, expression: &'a ast::Expr) -> Expr {
        match expression {
            ast::Expr::ListComp(list) => self.comprehension(&list.generators, [Some(&*list.elt), None]),
            ast::Expr::SetComp(set) => self.comprehension(&set.generators, [Some(&*set.elt), None]),
            ast::Expr::Generator(each) => self.comprehension(&each.generators, [Some(&*each.elt), None]),
            ast::Expr::DictComp(dict) => {
                self.comprehension(&dict.generators, [dict.key.as_deref(), Some(&*dict.value)])
            }
            ast::Expr::BytesLiteral(literal) => {
                let bytes: Vec<u8> = literal.value.bytes().collect();
                Expr::String(String::from_utf8_lossy(&bytes).into_owned().into())
            }
            ast::Expr::Slice(slice) => {
                for part in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
                    self.expression(part);
                }
                Expr::Other
            }
            ast::Expr::TString(text) => {
                let mut format = (String::new(), ThinVec::new());
                for part in text.value.elements() {
                    self.interpolated(part, &mut format);
                }
                Expr::Format(self.text(&format.0), format.1)
            }
            _ => Expr::Other,
        }
    }

    /// Reads expressions for what stands in them.
    pub(super) fn walk_all(&mut self, expressions: &'a [ast::Expr]) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    /// Reads what is evaluated before something is assigned to the target: `f().x` and `a[g()]`.
    pub(super) fn walk_target(&mut self, target: &'a ast::Expr) {
        match target {
            ast::Expr::Attribute(attribute) => self.walk_target(&attribute.value),
            ast::Expr::Subscript(item) => {
                self.walk_target(&item.value);
                self.expression(&item.slice);
            }
            ast::Expr::Name(_) => {}
            _ => drop(self.expression(target)),
        }
    }

    fn name(&mut self, expression: &'a ast::Expr) -> Expr {
        let at = self.at(expression.range().start());
        self.names.name(expression, at).map_or(Expr::Other, Expr::Name)
    }

    fn attribute(&mut self, expression: &'a ast::Expr, attribute: &'a ast::ExprAttribute) -> Expr {
        if is_dotted(&attribute.value) {
            return self.name(expression);
        }
        let value = self.expression(&attribute.value);
        Expr::Attribute(Box::new(value), self.text(attribute.attr.as_str()))
    }

    fn call(&mut self, call: &'a ExprCall) -> Expr {
        let at = self.at(call.range_start);
        let callee = self.callee(&call.func, at);
        let written = callee.as_name().map(|name| &name.path);
        let target = self.names.target(&call.func, at, written);
        let mut arguments = ThinVec::with_capacity(call.arguments.len());
        for argument in call.arguments.iter_source_order() {
            arguments.push(self.argument(argument));
        }
        let last_name = match &*call.func {
            ast::Expr::Attribute(attribute) => attribute.attr.range.start(),
            ast::Expr::Name(name) => name.range.start(),
            _ => call.arguments.range.start(),
        };
        let place = self.place(last_name);
        self.code.calls.push(Call {
            target,
            callee,
            arguments,
            block: self.block,
            scope: self.scope,
            place,
            span: span(call.range()),
        });
        Expr::Call(count(self.code.calls.len() - 1))
    }

    fn callee(&mut self, callee: &'a ast::Expr, at: super::resolve::At) -> Expr {
        if is_dotted(callee) {
            return self.names.written(callee, at).map_or(Expr::Other, Expr::Name);
        }
        self.expression(callee)
    }

    fn argument(&mut self, argument: ArgOrKeyword<'a>) -> Argument {
        match argument {
            ArgOrKeyword::Arg(value) => Argument {
                name: None,
                value: self.expression(value),
                span: span_of(value),
            },
            ArgOrKeyword::Keyword(keyword) => {
                let value = self.expression(&keyword.value);
                let name = keyword.arg.as_ref().map(|name| self.text(name.as_str()));
                Argument {
                    value: if name.is_none() {
                        Expr::Spread(Box::new(value))
                    } else {
                        value
                    },
                    name,
                    span: span_of(&keyword.value),
                }
            }
        }
    }

    fn string(&mut self, text: &str, start: TextSize) -> Expr {
        let text = self.text(text);
        self.note_string(&text, start);
        Expr::String(text)
    }

    fn note_string(&mut self, text: &Text, start: TextSize) {
        if self.notes_strings && text.len() < LONG_STRING {
            let place = self.place(start);
            self.code.strings.push(StringConstant {
                value: text.clone(),
                scope: self.scope,
                place,
            });
        }
    }

    fn format_string(&mut self, text: &'a ast::ExprFString) -> Expr {
        let mut format = (String::new(), ThinVec::new());
        for part in text.value.iter() {
            match part {
                FStringPart::Literal(literal) => format.0.push_str(literal.as_str()),
                FStringPart::FString(part) => {
                    for element in &part.elements {
                        self.interpolated(element, &mut format);
                    }
                }
            }
        }
        let written = self.text(&format.0);
        self.note_string(&written, text.range.start());
        Expr::Format(written, format.1)
    }

    fn interpolated(&mut self, element: &'a InterpolatedStringElement, format: &mut (String, ThinVec<Expr>)) {
        match element {
            InterpolatedStringElement::Literal(literal) => format.0.push_str(&literal.value),
            InterpolatedStringElement::Interpolation(hole) => {
                let value = self.expression(&hole.expression);
                format.0.push_str("{}");
                format.1.push(value);
                if let Some(specification) = &hole.format_spec {
                    for inner in specification.elements.interpolations() {
                        self.expression(&inner.expression);
                    }
                }
            }
        }
    }

    fn list(&mut self, elements: &'a [ast::Expr]) -> Expr {
        let mut lowered = ThinVec::with_capacity(elements.len());
        for element in elements {
            lowered.push(self.expression(element));
        }
        Expr::List(lowered)
    }

    fn dict(&mut self, dict: &'a ast::ExprDict) -> Expr {
        let mut items = ThinVec::with_capacity(dict.items.len());
        for item in &dict.items {
            let key = item.key.as_ref().map(|key| self.expression(key));
            items.push((key, self.expression(&item.value)));
        }
        Expr::Dict(items)
    }

    fn compare(&mut self, compare: &'a ast::ExprCompare) -> Expr {
        let left = self.expression(&compare.left);
        let mut rest = ThinVec::with_capacity(compare.ops.len());
        for (operator, operand) in compare.ops.iter().zip(&*compare.comparators) {
            rest.push((comparison(*operator), self.expression(operand)));
        }
        Expr::Compare(Box::new(left), rest)
    }

    fn named(&mut self, named: &'a ast::ExprNamed) -> Expr {
        let value = self.expression(&named.value);
        let statement = Statement {
            kind: AssignmentKind::Plain,
            span: span(named.range),
        };
        self.target(&named.target, value.clone(), None, statement);
        if let ast::Expr::Name(name) = &*named.target {
            let end = named.range.end().to_u32();
            self.names
                .bind(self.table, name.id.as_str(), end, BindKind::Value(&named.value));
        }
        value
    }

    fn lambda(&mut self, lambda: &'a ExprLambda) -> Expr {
        let parameters = lambda.parameters.as_deref();
        let lowered = parameters
            .map(|parameters| self.parameters(parameters))
            .unwrap_or_default();
        let start = lambda.range.start();
        let scope = Scope {
            kind: ScopeKind::Lambda,
            parameters: lowered,
            ..self.new_scope("<lambda>", start, span(lambda.range))
        };
        let shadows = self.names.shadows.len();
        if let Some(parameters) = parameters {
            let names = parameters
                .iter_source_order()
                .map(|parameter| parameter.name().as_str());
            self.names.shadows.extend(names);
        }
        let position = self.enter_scope(scope, None, start);
        self.expression(&lambda.body);
        self.leave_scope(position);
        self.names.shadows.truncate(shadows);
        Expr::Other
    }

    fn comprehension(
        &mut self,
        generators: &'a [Comprehension],
        elements: [Option<&'a ast::Expr>; 2],
    ) -> Expr {
        let (outer, shadows) = (self.block, self.names.shadows.len());
        for (at, generator) in generators.iter().enumerate() {
            self.expression(&generator.iter);
            if at == 0 {
                self.enter(BlockKind::Comprehension, generator.range.start());
            }
            self.shadow(&generator.target);
            for condition in &generator.ifs {
                self.expression(condition);
            }
        }
        for element in elements.into_iter().flatten() {
            self.expression(element);
        }
        self.names.shadows.truncate(shadows);
        self.block = outer;
        Expr::Other
    }

    fn shadow(&mut self, target: &'a ast::Expr) {
        match target {
            ast::Expr::Name(name) => self.names.shadows.push(name.id.as_str()),
            ast::Expr::Starred(starred) => self.shadow(&starred.value),
            ast::Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.shadow(target)),
            ast::Expr::List(list) => list.elts.iter().for_each(|target| self.shadow(target)),
            _ => {}
        }
    }
}

/// A target as a dotted path; items by their literal keys.
pub(super) fn target_text(target: &ast::Expr) -> String {
    let mut parts = Vec::new();
    let mut next = target;
    while parts.len() < 64 {
        match next {
            ast::Expr::Attribute(attribute) => {
                parts.push(format!(".{}", attribute.attr.as_str()));
                next = &attribute.value;
            }
            ast::Expr::Subscript(item) => {
                parts.push(format!("[{}]", index_text(&item.slice)));
                next = &item.value;
            }
            _ => break,
        }
    }
    let mut text = super::resolve::as_written(next);
    parts.iter().rev().for_each(|part| text.push_str(part));
    text
}

fn index_text(index: &ast::Expr) -> String {
    match index {
        ast::Expr::StringLiteral(text) => format!("{:?}", text.value.to_str()),
        ast::Expr::NumberLiteral(number) => number_of(&number.value)
            .as_number()
            .map_or_else(String::new, |number| number.to_string()),
        ast::Expr::Name(_) | ast::Expr::Attribute(_) => super::resolve::as_written(index),
        _ => String::new(),
    }
}

/// Whether it is a name or a chain of attributes on one.
pub(super) fn is_dotted(mut expression: &ast::Expr) -> bool {
    while let ast::Expr::Attribute(attribute) = expression {
        expression = &attribute.value;
    }
    expression.is_name_expr()
}

fn unary(operator: UnaryOp, operand: Expr) -> Expr {
    match (operator, operand) {
        (UnaryOp::Not, operand) => Expr::Not(Box::new(operand)),
        (UnaryOp::USub, Expr::Number(number)) => Expr::Number(-number),
        (UnaryOp::UAdd, operand) => operand,
        (UnaryOp::USub, operand) => Expr::binary(Expr::Number(0.0), "-", operand),
        (UnaryOp::Invert, _) => Expr::Other,
    }
}

fn number_of(number: &Number) -> Expr {
    match number {
        Number::Int(int) => match int.as_u64() {
            #[allow(
                clippy::cast_precision_loss,
                reason = "numbers of configuration are far below 2^53"
            )]
            Some(int) => Expr::Number(int as f64),
            None => int.to_string().parse().map_or(Expr::Other, Expr::Number),
        },
        Number::Float(float) => Expr::Number(*float),
        Number::Complex { .. } => Expr::Other,
    }
}

fn comparison(operator: CmpOp) -> Comparison {
    match operator {
        CmpOp::Eq => Comparison::Equal,
        CmpOp::NotEq => Comparison::NotEqual,
        CmpOp::Lt => Comparison::Less,
        CmpOp::LtE => Comparison::LessEqual,
        CmpOp::Gt => Comparison::Greater,
        CmpOp::GtE => Comparison::GreaterEqual,
        CmpOp::Is => Comparison::Is,
        CmpOp::IsNot => Comparison::IsNot,
        CmpOp::In => Comparison::In,
        CmpOp::NotIn => Comparison::NotIn,
    }
}
