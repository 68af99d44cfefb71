//! What a source file says, whatever its language: imports, scopes, calls, assignments, assertions.
//!
//! Readers of Python, notebooks, R and Julia all give this one form. It is flat: lists of facts that point at each
//! other by index, so that questions such as "which calls stand in a loop of this function" need no syntax tree.
//! Names are resolved as far as the one file allows: through imports and aliases ([`Origin::Import`]), to the file's
//! own definitions ([`Origin::Local`]), and from an instance to its class where the value is plain
//! (`model = XGBClassifier(); model.fit(x)` is a call of `xgboost.XGBClassifier.fit`).

use std::num::NonZeroU32;

pub use arcstr::ArcStr as Text;
pub use thin_vec::ThinVec;

use crate::dotted::last_segment;
pub use crate::operator::Operator;
use crate::{Place, Problem, Span};

/// Which language the text was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Python, also in notebooks.
    #[default]
    Python,
    /// R, also the chunks of R Markdown and Quarto.
    R,
    /// Julia.
    Julia,
}

/// One source file or notebook.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// The language of the file.
    pub language: Language,
    /// Imports in the order of the text, at any depth.
    pub imports: Vec<Import>,
    /// Module, classes, functions. The first is the module itself.
    pub scopes: Vec<Scope>,
    /// `if`, `for`, `try` … The first is the module's own body.
    pub blocks: Vec<Block>,
    /// Calls in the order in which they start to be evaluated: an argument's call stands before the outer call.
    pub calls: Vec<Call>,
    /// Assignments to names, attributes and items, also by `with … as`, `for … in` and the walrus.
    pub assignments: Vec<Assignment>,
    /// `assert` statements.
    pub asserts: Vec<Assert>,
    /// The blocks that hold a `return`, with a value or without, in order.
    pub returning: Vec<BlockId>,
    /// `return` and `yield` with a value.
    pub returns: Vec<Return>,
    /// `raise` statements.
    pub raises: Vec<Raise>,
    /// Statements of several lines that hold no other: where each starts, and its last line.
    pub long_statements: Vec<(Place, u32)>,
    /// Shell lines of a notebook (`!pip install x`, `%pip`, `%%bash`), without their mark.
    pub shell_lines: Vec<ShellLine>,
    /// Path-like or command-like strings are asked for in many places: every string constant that is no docstring,
    /// shorter than 300 bytes.
    pub strings: Vec<StringConstant>,
    /// What could not be parsed.
    pub problems: Vec<Problem>,
    /// Whether the text is Python 2 (print statements, `except X, e`), read as far as it goes.
    pub is_python2: bool,
    /// Number of code cells, where the file is a notebook.
    pub code_cells: u32,
}

/// Index into [`Code::scopes`].
pub type ScopeId = u32;
/// Index into [`Code::blocks`].
pub type BlockId = u32;
/// Index into [`Code::calls`].
pub type CallId = u32;

/// `import module`, `import module as alias`, `from module import name as alias`; `library(x)` and `using X: y` alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module's dotted path as written; leading dots where it is relative (`..utils`).
    pub module: Text,
    /// The imported name, `*` for all of them; `None` for `import module`.
    pub name: Option<Text>,
    /// The name that it is bound to in this file. Empty for `*`. For `import a.b` it is `a`.
    pub alias: Text,
    /// The block that it stands in.
    pub block: BlockId,
    /// Where it stands.
    pub place: Place,
    /// The statement's bytes.
    pub span: Span,
}

/// What kind of scope it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The file.
    Module,
    /// A class body.
    Class,
    /// A function or method.
    Function,
    /// A lambda.
    Lambda,
}

/// The module, a class or a function.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// Its own name; empty for the module.
    pub name: Text,
    /// Name with those of the enclosing classes and functions: `Trainer.fit`. Empty for the module.
    pub qualified: Text,
    /// The enclosing scope; the module's is itself.
    pub parent: ScopeId,
    /// The block in which the definition stands.
    pub block: BlockId,
    /// Decorators, outermost first: a name or a call.
    pub decorators: ThinVec<Expr>,
    /// Parameters of a function, in order.
    pub parameters: ThinVec<Parameter>,
    /// Base classes of a class.
    pub bases: ThinVec<Expr>,
    /// Where the definition stands (the `def` or `class` line).
    pub place: Place,
    /// The definition's bytes, body included.
    pub span: Span,
    /// Whether the body does nothing: only `pass`, `…`, a docstring, or raising `NotImplementedError`.
    pub is_stub: bool,
    /// Whether a parameter of a function takes all arguments that are left over: `*args`, `**kwargs`.
    pub gathers: bool,
}

/// A function's parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, without stars.
    pub name: Text,
    /// The annotation, where there is one.
    pub annotation: Option<Expr>,
    /// The default value, where there is one.
    pub default: Option<Expr>,
}

/// Why a stretch of code runs, or how often.
#[derive(Clone, Debug)]
pub enum BlockKind {
    /// The body of a module, class or function.
    Body,
    /// Runs when the condition holds.
    If(Expr),
    /// Runs when the conditions of all branches before it do not hold; the first branch's condition.
    Else(Expr),
    /// The body of a loop over something.
    For(Expr),
    /// The body of a `while` loop.
    While(Expr),
    /// The body of `try`.
    Try,
    /// The body of an `except` clause with its exception, if it names one.
    Except(Option<Expr>),
    /// The body of `with`, with its context managers (also kept as calls).
    With(ThinVec<Expr>),
    /// The body of `if __name__ == "__main__":`.
    Main,
    /// A comprehension or generator expression: it loops.
    Comprehension,
}

/// A stretch of code inside a scope.
#[derive(Clone, Debug)]
pub struct Block {
    /// Why it runs.
    pub kind: BlockKind,
    /// The scope that it belongs to.
    pub scope: ScopeId,
    /// The enclosing block; a body's is the block in which its scope is defined; the first block's is itself.
    pub parent: BlockId,
    /// Where it starts.
    pub place: Place,
}

/// How far a name was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Through an import: the path is the qualified name (`numpy.random.seed`), with leading dots where relative.
    Import,
    /// Defined in this file: the path is the definition's qualified name (`train`, `Trainer.fit`, or a variable).
    Local,
    /// A name that nothing in the file binds: a builtin, something that `*` brought, or a mistake. As written.
    Unbound,
    /// A method of a value whose class is not known in this file. As written (`model.fit`, `self.net.train`), where
    /// the receiver is a parameter, a loop variable or the result of an unresolved call.
    Value,
}

/// A dotted name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// Dotted path; what it means depends on `origin`.
    pub path: Text,
    /// How far it was resolved.
    pub origin: Origin,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `is`
    Is,
    /// `is not`
    IsNot,
}

/// `a if condition else b`
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The condition.
    pub condition: Expr,
    /// The value where it holds.
    pub yes: Expr,
    /// The value where it does not.
    pub no: Expr,
}

/// An expression, as deep as questions about it go.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A name or a chain of attributes on one.
    Name(Name),
    /// A string constant; implicit concatenation joined.
    String(Text),
    /// An f-string or R `glue`/Julia interpolation, its holes written `{}` in the text and kept beside it.
    Format(Text, ThinVec<Self>),
    /// An integer or float, negative ones too.
    Number(f64),
    /// `True`, `False`.
    Bool(bool),
    /// `None`, `NULL`, `nothing`.
    None,
    /// A list, tuple or set.
    List(ThinVec<Self>),
    /// A dictionary; a `**spread` has no key.
    Dict(ThinVec<(Option<Self>, Self)>),
    /// A call, kept in [`Code::calls`].
    Call(CallId),
    /// An attribute of something that is no name: `f(x).shape`.
    Attribute(Box<Self>, Text),
    /// `a[b]`
    Subscript(Box<Self>, Box<Self>),
    /// Arithmetic.
    Binary(Box<Self>, Operator, Box<Self>),
    /// `a < b <= c`: the first operand, then each operator with its operand.
    Compare(Box<Self>, ThinVec<(Comparison, Self)>),
    /// `and`
    And(ThinVec<Self>),
    /// `or`
    Or(ThinVec<Self>),
    /// `not`
    Not(Box<Self>),
    /// `a if condition else b`.
    Choice(Box<Choice>),
    /// `*x` or `**x` among arguments or elements; `await x` is `x` itself.
    Spread(Box<Self>),
    /// A lambda, a comprehension, a slice: not followed, though calls inside are in [`Code::calls`].
    Other,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The keyword, `None` for a positional argument. `**spread` is positional with [`Expr::Spread`].
    pub name: Option<Text>,
    /// The value.
    pub value: Expr,
    /// The value's bytes.
    pub span: Span,
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called. For `f(x).g()` the path is that of `f`'s result where it is a class (`sklearn.svm.SVC.fit`),
    /// else `f().g` with the origin of `f`, or `Value` where `f` is unbound; the same where the result was kept in a
    /// variable. A call of an instance is one of its `__call__` (`torch.nn.CrossEntropyLoss.__call__`).
    pub target: Name,
    /// The callee as an expression, for receivers that need a second look across files: `Attribute(Call(f), "g")`,
    /// or the name as written (`model.fit` with the origin that `model` has).
    pub callee: Expr,
    /// The arguments in order.
    pub arguments: ThinVec<Argument>,
    /// The block that it stands in.
    pub block: BlockId,
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// Where the callee's last name stands.
    pub place: Place,
    /// The call's bytes.
    pub span: Span,
}

/// `target = value`, also augmented, annotated, `with … as target`, `for target in …`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// What is assigned: a dotted path as written (`x`, `self.model`, `os.environ`, `cfg.seed`); an item assignment
    /// `a["b"] = …` gives `a["b"]`; a tuple gives one assignment for each of its names.
    pub target: Text,
    /// The value. For one name of an unpacked tuple: the element where it is written out, else the whole right side.
    pub value: Expr,
    /// Which element of the right side it is, where a tuple is unpacked that is not written out.
    pub element: Option<Element>,
    /// How it is bound.
    pub kind: AssignmentKind,
    /// The annotation, where there is one.
    pub annotation: Option<Box<Expr>>,
    /// The block that it stands in.
    pub block: BlockId,
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// Where the target stands.
    pub place: Place,
    /// The statement's bytes.
    pub span: Span,
}

/// Which element of a value is meant. There are hundreds of thousands of assignments, most of which mean none: so that
/// this takes no room of its own, positions are kept from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element(NonZeroU32);

impl Element {
    /// The element at a position, from 0.
    pub fn at(position: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(position))
    }

    /// The position, from 0.
    pub fn position(self) -> u32 {
        self.0.get() - 1
    }
}

/// How an assignment binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentKind {
    /// `=`, `:=`, `<-`
    Plain,
    /// `+=` and its like.
    Augmented,
    /// An annotation, with or without a value (`Expr::None` where there is none): a class's field.
    Annotated,
    /// `for x in value`: an element of the value.
    Loop,
    /// `with value as x`
    With,
}

/// `assert test`.
#[derive(Clone, Debug)]
pub struct Assert {
    /// What is asserted.
    pub test: Expr,
    /// The block that it stands in.
    pub block: BlockId,
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// Where it stands.
    pub place: Place,
}

/// `return value` or `yield value`.
#[derive(Clone, Debug)]
pub struct Return {
    /// The value.
    pub value: Expr,
    /// The scope that it returns from.
    pub scope: ScopeId,
    /// Where it stands.
    pub place: Place,
}

/// `raise exception`.
#[derive(Clone, Debug)]
pub struct Raise {
    /// What is raised; `None` for a bare `raise`.
    pub exception: Option<Expr>,
    /// The block that it stands in.
    pub block: BlockId,
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// Where it stands.
    pub place: Place,
}

/// A shell line of a notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellLine {
    /// The command without its mark.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A string constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringConstant {
    /// Its value; holes of an f-string as `{}`.
    pub value: Text,
    /// The scope that it stands in.
    pub scope: ScopeId,
    /// Where it stands.
    pub place: Place,
}

impl Expr {
    /// `yes if condition else no`
    pub fn choice(condition: Self, yes: Self, no: Self) -> Self {
        Self::Choice(Box::new(Choice { condition, yes, no }))
    }

    /// `left operator right`
    pub fn binary(left: Self, operator: &str, right: Self) -> Self {
        Self::Binary(Box::new(left), Operator::new(operator), Box::new(right))
    }

    /// The string, where it is a plain one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, where it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The name, where it is one.
    pub fn as_name(&self) -> Option<&Name> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl Call {
    /// The value of the argument with this keyword, or else the positional one at `position`.
    pub fn argument(&self, keyword: &str, position: Option<usize>) -> Option<&Expr> {
        self.keyword(keyword)
            .or_else(|| position.and_then(|at| self.positional(at)))
    }

    /// The value of the argument with this keyword.
    pub fn keyword(&self, keyword: &str) -> Option<&Expr> {
        self.arguments
            .iter()
            .find(|argument| argument.name.as_deref() == Some(keyword))
            .map(|argument| &argument.value)
    }

    /// The value of the positional argument at this position, from 0, unless a spread stands before it.
    pub fn positional(&self, position: usize) -> Option<&Expr> {
        let mut positional = self.arguments.iter().filter(|argument| argument.name.is_none());
        let found = positional.nth(position)?;
        let spread_before = self
            .arguments
            .iter()
            .filter(|argument| argument.name.is_none())
            .take(position + 1)
            .any(|argument| matches!(argument.value, Expr::Spread(_)));
        (!spread_before).then_some(&found.value)
    }

    /// The last segment of what is called: `fit` of `model.fit`.
    pub fn method(&self) -> &str {
        last_segment(&self.target.path)
    }
}

impl Code {
    /// Gives back what the lists hold in reserve, once no more is added.
    pub(crate) fn fit(&mut self) {
        self.imports.shrink_to_fit();
        self.scopes.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.calls.shrink_to_fit();
        self.assignments.shrink_to_fit();
        self.asserts.shrink_to_fit();
        self.returning.shrink_to_fit();
        self.returns.shrink_to_fit();
        self.raises.shrink_to_fit();
        self.strings.shrink_to_fit();
        self.long_statements.shrink_to_fit();
    }

    /// The last line of the statement that stands at a place.
    pub fn last_line(&self, place: Place) -> Place {
        let mut long = self.long_statements.iter();
        let around =
            long.find(|(start, end)| start.cell == place.cell && (start.line..=*end).contains(&place.line));
        around.map_or(place, |(_, line)| Place { line: *line, ..place })
    }

    /// The blocks around `block`, itself first, out to the body of its scope (included).
    pub fn blocks_around(&self, block: BlockId) -> impl Iterator<Item = &Block> {
        let mut next = Some(block);
        std::iter::from_fn(move || {
            let at = next?;
            let found = self.blocks.get(at as usize)?;
            next = (!matches!(found.kind, BlockKind::Body) && found.parent != at).then_some(found.parent);
            Some(found)
        })
    }

    /// Whether a block is another one, or lies in it, in the same scope.
    pub fn is_within(&self, inner: BlockId, outer: BlockId) -> bool {
        let outer = self.blocks.get(outer as usize);
        outer.is_some_and(|outer| self.blocks_around(inner).any(|block| std::ptr::eq(block, outer)))
    }

    /// Whether the block, or one around it in the same scope, is a loop.
    pub fn in_loop(&self, block: BlockId) -> bool {
        self.blocks_around(block).any(|block| {
            matches!(
                block.kind,
                BlockKind::For(_) | BlockKind::While(_) | BlockKind::Comprehension
            )
        })
    }

    /// Whether the block, or one around it in the same scope, runs only after an exception.
    pub fn in_handler(&self, block: BlockId) -> bool {
        let mut around = self.blocks_around(block);
        around.any(|block| matches!(block.kind, BlockKind::Except(_)))
    }

    /// The scopes around `scope`, itself first, the module last.
    pub fn scopes_around(&self, scope: ScopeId) -> impl Iterator<Item = (ScopeId, &Scope)> {
        let mut next = Some(scope);
        std::iter::from_fn(move || {
            let at = next?;
            let found = self.scopes.get(at as usize)?;
            next = (found.parent != at).then_some(found.parent);
            Some((at, found))
        })
    }
}
