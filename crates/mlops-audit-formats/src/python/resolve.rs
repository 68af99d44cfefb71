//! From a name as written to what it means: through imports, to definitions, from an instance to its class.

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, ExprName, ModModule};

use super::bindings::{BindId, BindKind, ClassId, Memo, Names, Slot, TableId};
use crate::code::{Name, Origin, Text};
use crate::texts::Texts;

/// How many expressions a value is followed through.
const FUEL: u32 = 48;
/// Longest path that is built; what is longer counts as unknown.
const LONGEST_PATH: usize = 400;
/// How many bytes the attributes of an imported name mostly take.
const ROOM: usize = 24;
/// How many earlier bindings of a name are looked at.
const LOOK_BACK: usize = 16;
/// How many classes are followed upwards.
const ANCESTORS: usize = 16;

/// What is known of a value.
#[derive(Clone, Debug)]
pub(super) struct Known {
    path: String,
    origin: Origin,
    /// Whether it is an instance of what the path names, or the result of calling it, and not that thing itself.
    instance: bool,
    /// The class, where it is one of this file.
    class: Option<ClassId>,
}

/// Where a name is looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) table: TableId,
    pub(super) offset: u32,
}

/// One look-up: where the name's text is kept, and where it is asked for.
pub(super) type LookUp = (usize, u32, TableId);

/// What a name is bound to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    Bind(BindId),
    Shadowed,
    Nothing,
}

/// What a class has under a name.
enum Member {
    Method(String),
    Class(ClassId),
    /// A variable, with its qualified name.
    Variable(BindId, String),
    /// Not in this file, but the class descends from this one.
    Inherited(Known),
    Unknown,
}

impl Known {
    fn new(path: String, origin: Origin) -> Self {
        Self {
            path,
            origin,
            instance: false,
            class: None,
        }
    }

    /// An attribute that nothing more is known of.
    fn attribute(mut self, attribute: &str) -> Option<Self> {
        if self.path.len() + attribute.len() > LONGEST_PATH {
            return None;
        }
        if !self.path.ends_with('.') {
            self.path.push('.');
        }
        self.path.push_str(attribute);
        self.instance = false;
        self.class = None;
        Some(self)
    }

    /// The result of a call.
    fn called(mut self) -> Option<Self> {
        if !self.instance && self.is_class() {
            self.instance = true;
            return Some(self);
        }
        if self.path.len() > LONGEST_PATH {
            return None;
        }
        self.path
            .push_str(if self.instance { ".__call__()" } else { "()" });
        self.instance = true;
        self.class = None;
        Some(self)
    }

    fn is_class(&self) -> bool {
        let last = || {
            self.path
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .trim_start_matches('_')
        };
        self.class.is_some()
            || (self.origin == Origin::Import
                && !self.path.ends_with(')')
                && last().starts_with(|first: char| first.is_uppercase()))
    }

    /// The target of a call of it.
    fn into_target(mut self, texts: &mut Texts) -> Name {
        if self.instance {
            self.path.push_str(".__call__");
        }
        self.into_name(texts)
    }

    fn into_name(self, texts: &mut Texts) -> Name {
        Name {
            path: texts.of(&self.path),
            origin: self.origin,
        }
    }
}

impl<'a> Names<'a> {
    /// What a call of `callee` calls; `written` is its dotted path, where it is at hand.
    pub(super) fn target(&mut self, callee: &'a Expr, at: At, written: Option<&Text>) -> Name {
        match callee {
            Expr::Name(name) => self.name_target(name, at, written),
            Expr::Attribute(attribute) => self
                .known_attribute(attribute, at, true)
                .unwrap_or_else(|| self.unknown_attribute(callee, at, written)),
            _ => match self.value(callee, at, FUEL) {
                Some(known) => known.into_target(&mut self.texts),
                None => Name {
                    path: self.text_of(callee),
                    origin: Origin::Value,
                },
            },
        }
    }

    /// An expression as a dotted path, kept once.
    pub(super) fn text_of(&mut self, expression: &'a Expr) -> Text {
        let mut path = std::mem::take(&mut self.path);
        write_path(expression, &mut self.parts, &mut path);
        let text = self.texts.of(&path);
        self.path = path;
        text
    }

    /// What a name or attribute stands for where it is not called.
    pub(super) fn name(&mut self, expression: &'a Expr, at: At) -> Option<Name> {
        match expression {
            Expr::Name(name) => Some(self.plain_name(name, at)),
            Expr::Attribute(attribute) => {
                let known = self.known_attribute(attribute, at, false);
                Some(known.unwrap_or_else(|| self.unknown_attribute(expression, at, None)))
            }
            _ => None,
        }
    }

    /// The name as written, with the origin of its first segment; `None` where that is no name.
    pub(super) fn written(&mut self, expression: &'a Expr, at: At) -> Option<Name> {
        let origin = self.root_origin(expression, at)?;
        Some(Name {
            path: self.text_of(expression),
            origin,
        })
    }

    fn root_origin(&self, expression: &'a Expr, at: At) -> Option<Origin> {
        let root = root(expression)?;
        Some(match self.find(root.id.as_str(), at) {
            Found::Nothing => Origin::Unbound,
            Found::Shadowed => Origin::Value,
            Found::Bind(id) => match self.binds[id as usize].kind {
                BindKind::Import(_) => Origin::Import,
                BindKind::Opaque | BindKind::Receiver(..) => Origin::Value,
                _ => Origin::Local,
            },
        })
    }

    fn name_target(&mut self, name: &'a ExprName, at: At, written: Option<&Text>) -> Name {
        let path = match written {
            Some(written) => written.clone(),
            None => self.texts.of(name.id.as_str()),
        };
        let written = |origin| Name { path, origin };
        let id = match self.find(name.id.as_str(), at) {
            Found::Nothing => return written(Origin::Unbound),
            Found::Shadowed => return written(Origin::Value),
            Found::Bind(id) => id,
        };
        let opaque = matches!(self.binds[id as usize].kind, BindKind::Opaque);
        match self.bind_value(id, FUEL) {
            Some(known) => known.into_target(&mut self.texts),
            None if opaque => written(Origin::Value),
            None => written(Origin::Local),
        }
    }

    fn plain_name(&mut self, name: &'a ExprName, at: At) -> Name {
        let origin = match self.find(name.id.as_str(), at) {
            Found::Nothing => Origin::Unbound,
            Found::Shadowed => Origin::Value,
            Found::Bind(id) => match &self.binds[id as usize].kind {
                BindKind::Opaque | BindKind::Receiver(..) => Origin::Value,
                BindKind::Variable => Origin::Local,
                _ => match self.bind_value(id, FUEL) {
                    Some(known) if !known.instance => return known.into_name(&mut self.texts),
                    _ => Origin::Local,
                },
            },
        };
        Name {
            path: self.texts.of(name.id.as_str()),
            origin,
        }
    }

    fn known_attribute(&mut self, attribute: &'a ExprAttribute, at: At, called: bool) -> Option<Name> {
        let known = self.value(&attribute.value, at, FUEL)?;
        self.member_name(known, attribute.attr.as_str(), called)
    }

    fn unknown_attribute(&mut self, attribute: &'a Expr, at: At, written: Option<&Text>) -> Name {
        let origin = match self.root_origin(attribute, at) {
            Some(Origin::Unbound) => Origin::Unbound,
            _ => Origin::Value,
        };
        let path = match written {
            Some(written) => written.clone(),
            None => self.text_of(attribute),
        };
        Name { path, origin }
    }

    fn member_name(&mut self, known: Known, attribute: &str, called: bool) -> Option<Name> {
        let Some(class) = known.class else {
            return known
                .attribute(attribute)
                .map(|known| known.into_name(&mut self.texts));
        };
        match self.member(class, attribute) {
            Member::Method(path) => Some(Known::new(path, Origin::Local).into_name(&mut self.texts)),
            Member::Class(id) => Some(self.class_value(id, false).into_name(&mut self.texts)),
            Member::Inherited(base) => base
                .attribute(attribute)
                .map(|known| known.into_name(&mut self.texts)),
            Member::Variable(id, path) => {
                let value = if called { self.bind_value(id, FUEL) } else { None };
                Some(match value {
                    Some(known) => known.into_target(&mut self.texts),
                    None => Known::new(path, Origin::Local).into_name(&mut self.texts),
                })
            }
            Member::Unknown => None,
        }
    }

    /// What is known of an expression's value.
    fn value(&mut self, expression: &'a Expr, at: At, fuel: u32) -> Option<Known> {
        let fuel = fuel.checked_sub(1)?;
        match expression {
            Expr::Name(name) => match self.find(name.id.as_str(), at) {
                Found::Bind(id) => self.bind_value(id, fuel),
                Found::Shadowed | Found::Nothing => None,
            },
            Expr::Attribute(attribute) => {
                let known = self.value(&attribute.value, at, fuel)?;
                self.member_value(known, attribute.attr.as_str(), fuel)
            }
            Expr::Call(call) => self.result(call, at, fuel),
            Expr::Await(inner) => self.value(&inner.value, at, fuel),
            Expr::Named(named) => self.value(&named.value, at, fuel),
            Expr::If(choice) => self
                .value(&choice.body, at, fuel)
                .or_else(|| self.value(&choice.orelse, at, fuel)),
            Expr::BoolOp(operation) => operation
                .values
                .iter()
                .take(4)
                .rev()
                .find_map(|value| self.value(value, at, fuel)),
            _ => None,
        }
    }

    fn result(&mut self, call: &'a ExprCall, at: At, fuel: u32) -> Option<Known> {
        if let Expr::Name(name) = &*call.func
            && name.id.as_str() == "super"
            && matches!(self.find("super", at), Found::Nothing)
        {
            let class = self.tables[at.table as usize].method_of?;
            return self.base(class, fuel);
        }
        self.value(&call.func, at, fuel)?.called()
    }

    /// An instance of the first base class that is known.
    fn base(&mut self, class: ClassId, fuel: u32) -> Option<Known> {
        let class = &self.classes[class as usize];
        let (bases, at) = (
            class.bases,
            At {
                table: class.outer,
                offset: class.offset,
            },
        );
        let mut known = bases.iter().take(8).find_map(|base| self.value(base, at, fuel))?;
        known.instance = true;
        Some(known)
    }

    fn member_value(&mut self, known: Known, attribute: &str, fuel: u32) -> Option<Known> {
        let Some(class) = known.class else {
            return known.attribute(attribute);
        };
        match self.member(class, attribute) {
            Member::Method(path) => Some(Known::new(path, Origin::Local)),
            Member::Class(id) => Some(self.class_value(id, false)),
            Member::Inherited(base) => base.attribute(attribute),
            Member::Variable(id, _) => self.bind_value(id, fuel),
            Member::Unknown => None,
        }
    }

    fn class_value(&self, id: ClassId, instance: bool) -> Known {
        Known {
            path: self.classes[id as usize].qualified.clone(),
            origin: Origin::Local,
            instance,
            class: Some(id),
        }
    }

    /// Looks for a member in the class and, in order, in its ancestors.
    fn member(&mut self, class: ClassId, attribute: &str) -> Member {
        let mut open = vec![class];
        let mut inherited = None;
        let mut seen = 0;
        while let Some(id) = open.pop() {
            seen += 1;
            if seen > ANCESTORS {
                break;
            }
            if let Some(member) = self.own_member(id, attribute) {
                return member;
            }
            let class = &self.classes[id as usize];
            let (bases, at) = (
                class.bases,
                At {
                    table: class.outer,
                    offset: class.offset,
                },
            );
            let mut next = Vec::new();
            for base in bases.iter().take(8) {
                match self.value(base, at, 8) {
                    Some(known) if known.class.is_some() => next.extend(known.class),
                    Some(known) if inherited.is_none() && known.origin == Origin::Import => {
                        inherited = Some(known);
                    }
                    _ => {}
                }
            }
            open.extend(next.into_iter().rev());
        }
        inherited.map_or(Member::Unknown, Member::Inherited)
    }

    fn own_member(&self, class: ClassId, attribute: &str) -> Option<Member> {
        let class = &self.classes[class as usize];
        let body = self.tables[class.table as usize].names.get(attribute);
        let assigned = class.attributes.get(attribute);
        let in_body = body.map(|slot| self.pick(slot, None));
        let id = match (in_body, assigned) {
            (Some(id), None) => id,
            (Some(id), Some(_)) if !self.is_variable(id) => id,
            (_, Some(slot)) => self.pick(slot, None),
            (None, None) => return None,
        };
        Some(match &self.binds[id as usize].kind {
            BindKind::Function(path) => Member::Method(path.clone()),
            BindKind::Class(id) => Member::Class(*id),
            _ => Member::Variable(id, format!("{}.{attribute}", class.qualified)),
        })
    }

    fn is_variable(&self, id: BindId) -> bool {
        matches!(
            self.binds[id as usize].kind,
            BindKind::Value(_) | BindKind::Variable | BindKind::Opaque
        )
    }

    fn bind_value(&mut self, id: BindId, fuel: u32) -> Option<Known> {
        let bind = &self.binds[id as usize];
        match &bind.kind {
            BindKind::Import(path) => return Some(Known::new(with_room(path), Origin::Import)),
            BindKind::Function(path) => return Some(Known::new(path.clone(), Origin::Local)),
            BindKind::Class(class) => return Some(self.class_value(*class, false)),
            BindKind::Receiver(class, instance) => return Some(self.class_value(*class, *instance)),
            BindKind::Opaque => return None,
            BindKind::Variable | BindKind::Value(_) => {}
        }
        match &bind.memo {
            Memo::Done(known) => return known.clone(),
            Memo::Busy => return None,
            Memo::New => {}
        }
        self.binds[id as usize].memo = Memo::Busy;
        let shadows = std::mem::take(&mut self.shadows);
        let known = self.variable_value(id, fuel);
        self.shadows = shadows;
        self.binds[id as usize].memo = Memo::Done(known.clone());
        known
    }

    /// What a variable's value says, or else its annotation.
    fn variable_value(&mut self, id: BindId, fuel: u32) -> Option<Known> {
        let bind = &self.binds[id as usize];
        let (kind, annotation) = (&bind.kind, bind.annotation);
        let at = At {
            table: bind.table,
            offset: bind.offset,
        };
        let known = match kind {
            BindKind::Value(expression) => {
                let expression = *expression;
                self.value(expression, at, fuel)
            }
            _ => None,
        };
        let plain = |known: &Known| !known.instance || !known.path.ends_with(')');
        let (None, Some(annotation)) = (known.as_ref().filter(|known| plain(known)), annotation) else {
            return known;
        };
        let class = self.value(annotation, at, fuel);
        let class =
            class.filter(|class| !class.instance && class.is_class() && !class.path.starts_with("typing."));
        class
            .map(|class| Known {
                instance: true,
                ..class
            })
            .or(known)
    }

    fn find(&self, name: &str, at: At) -> Found {
        let look_up = (name.as_ptr().addr(), at.offset, at.table);
        if let Some((last, found)) = self.last.get()
            && last == look_up
        {
            return found;
        }
        let found = self.look_up(name, at);
        self.last.set(Some((look_up, found)));
        found
    }

    fn look_up(&self, name: &str, at: At) -> Found {
        if self.shadows.iter().rev().any(|shadow| *shadow == name) {
            return Found::Shadowed;
        }
        let mut table = at.table;
        loop {
            let scope = &self.tables[table as usize];
            let visible = scope.class.is_none() || table == at.table;
            if visible && let Some(slot) = scope.names.get(name) {
                let before = (table == at.table).then_some(at.offset);
                return Found::Bind(self.pick(slot, before));
            }
            if scope.parent == table {
                return Found::Nothing;
            }
            table = scope.parent;
        }
    }

    /// The latest binding, before a byte where one is given; neither a fallback nor `None` if there is a choice.
    fn pick(&self, slot: &Slot, before: Option<u32>) -> BindId {
        let ids = slot.ids();
        let bind = |id: &BindId| &self.binds[*id as usize];
        let end = before.map_or(ids.len(), |before| {
            ids.partition_point(|id| bind(id).offset < before)
        });
        let Some(latest) = ids[..end].last() else {
            return ids[0];
        };
        let strong = ids[..end].iter().rev().take(LOOK_BACK).find(|id| {
            let bind = bind(id);
            !bind.weak && !matches!(bind.kind, BindKind::Value(Expr::NoneLiteral(_)))
        });
        *strong.unwrap_or(latest)
    }
}

/// A copy of a path that attributes are likely to be added to.
fn with_room(path: &str) -> String {
    let mut copy = String::with_capacity(path.len() + ROOM);
    copy.push_str(path);
    copy
}

/// The name that a chain of attributes starts with.
fn root(mut expression: &Expr) -> Option<&ExprName> {
    loop {
        match expression {
            Expr::Name(name) => return Some(name),
            Expr::Attribute(attribute) => expression = &attribute.value,
            _ => return None,
        }
    }
}

/// An expression as a dotted path: calls as `f()`, items as `a[]`.
pub(super) fn as_written(expression: &Expr) -> String {
    let mut path = String::new();
    write_path(expression, &mut Vec::new(), &mut path);
    path
}

/// Writes an expression as a dotted path in place of what `path` holds; `parts` is room to work in.
fn write_path<'a>(expression: &'a Expr, parts: &mut Vec<(&'a str, bool)>, path: &mut String) {
    parts.clear();
    path.clear();
    let mut next = Some(expression);
    let mut length = 0;
    while let Some(expression) = next {
        let (part, rest) = match expression {
            Expr::Name(name) => (name.id.as_str(), None),
            Expr::Attribute(attribute) => (attribute.attr.as_str(), Some(&*attribute.value)),
            Expr::Call(call) => ("()", Some(&*call.func)),
            Expr::Subscript(item) => ("[]", Some(&*item.value)),
            Expr::Await(inner) => ("", Some(&*inner.value)),
            Expr::StringLiteral(_) | Expr::FString(_) => ("str", None),
            Expr::List(_) | Expr::ListComp(_) => ("list", None),
            Expr::Dict(_) | Expr::DictComp(_) => ("dict", None),
            Expr::Lambda(_) => ("lambda", None),
            _ => ("()", None),
        };
        length += part.len() + 1;
        let dotted = matches!(expression, Expr::Attribute(_));
        parts.push((part, dotted));
        next = rest.filter(|_| length < LONGEST_PATH);
    }
    for (part, dotted) in parts.drain(..).rev() {
        if dotted && !path.is_empty() {
            path.push('.');
        }
        path.push_str(part);
    }
}

/// Collects what a parsed module binds.
pub(super) fn names(module: &ModModule, texts: Texts) -> Names<'_> {
    Names {
        texts,
        ..Names::collect(&module.body)
    }
}
