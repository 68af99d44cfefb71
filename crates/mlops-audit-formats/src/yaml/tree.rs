//! Builds the tree from the parser's events, with a stack of its own.

use std::ops::{ControlFlow, Range};

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};
use rustc_hash::{FxHashMap, FxHashSet};

use super::template::Mask;
use crate::data::{Data, Entry, Node, Value};
use crate::{LineIndex, Problem, limits, outline};

/// Bytes of text that count as much as one node: a copied alias costs its text too.
const BYTES_PER_NODE: usize = 128;

/// Most problems that are noted: a hostile file may have one in each value.
const PROBLEMS: usize = 100;

pub(super) struct Tree<'text> {
    text: &'text str,
    mask: Option<&'text Mask<'text>>,
    lines: &'text LineIndex,
    /// Whether only the outline of a lock file is kept.
    is_lock: bool,
    stack: Vec<Frame>,
    anchors: FxHashMap<usize, Measured>,
    /// Nodes so far, copies included.
    cost: usize,
    /// What aliases have copied of it.
    copied: usize,
    data: Data,
    pub(super) has_braced_map: bool,
}

/// A list or a map that is still open.
struct Frame {
    start: usize,
    end: usize,
    is_flow: bool,
    anchor: usize,
    cost: usize,
    height: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// The key that awaits its value, and whether it is an unquoted `<<`.
        key: Option<(Entry, bool)>,
        /// Where in `entries` the values of `<<` are.
        merges: Vec<usize>,
    },
}

/// A node with what copying it costs and how deep it is.
#[derive(Clone)]
struct Measured {
    node: Node,
    cost: usize,
    height: usize,
}

impl<'text> Tree<'text> {
    pub(super) fn new(text: &'text str, mask: Option<&'text Mask<'text>>, lines: &'text LineIndex) -> Self {
        Self {
            text,
            mask,
            lines,
            is_lock: false,
            stack: Vec::new(),
            anchors: FxHashMap::default(),
            cost: 0,
            copied: 0,
            data: Data::default(),
            has_braced_map: false,
        }
    }

    /// A tree that keeps the outline of a lock file.
    pub(super) fn of_lock(text: &'text str, lines: &'text LineIndex) -> Self {
        Self {
            is_lock: true,
            ..Self::new(text, None, lines)
        }
    }

    /// Adds an event; breaks where the file has become too large to go on.
    pub(super) fn take(&mut self, event: Event<'_>, span: &granit_parser::Span) -> ControlFlow<()> {
        let bytes = self.bytes(span);
        match event {
            Event::DocumentEnd => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let text = match self.mask {
                    Some(mask) if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) => {
                        without_blanked(&mask.restore(&text, &bytes))
                    }
                    Some(mask) => mask.restore(&text, &bytes),
                    None => text.into_owned(),
                };
                self.scalar(text, style, anchor, tag.as_deref(), bytes);
            }
            Event::SequenceStart(style, anchor, _) => {
                return self.open(style, anchor, bytes, Content::List(Vec::new()));
            }
            Event::MappingStart(style, anchor, _) => {
                self.has_braced_map |= self
                    .text
                    .get(bytes.start..)
                    .is_some_and(|rest| rest.starts_with("{{"));
                let content = Content::Map {
                    entries: Vec::new(),
                    key: None,
                    merges: Vec::new(),
                };
                return self.open(style, anchor, bytes, content);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(bytes.end)),
            Event::Alias(anchor) => self.alias(anchor, bytes),
            Event::UnresolvedAlias(name) => {
                self.problem_at(bytes.start, format!("the alias *{name} has no anchor"));
                let text = format!("*{name}");
                self.scalar(text, ScalarStyle::SingleQuoted, 0, None, bytes);
            }
            _ => {}
        }
        if self.cost > limits::NODES {
            self.problem_at(self.text.len(), "the file has too many values".to_owned());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn bytes(&self, span: &granit_parser::Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or_default();
        let end = range.end.min(self.text.len());
        range.start.min(end)..end
    }

    fn open(
        &mut self,
        style: StructureStyle,
        anchor: usize,
        bytes: Range<usize>,
        content: Content,
    ) -> ControlFlow<()> {
        if self.stack.len() >= limits::DEPTH {
            self.problem_at(bytes.start, "the values are nested too deeply".to_owned());
            return ControlFlow::Break(());
        }
        self.cost += 1;
        self.stack.push(Frame {
            start: bytes.start,
            end: bytes.end,
            is_flow: style == StructureStyle::Flow,
            anchor,
            cost: 1,
            height: 1,
            content,
        });
        ControlFlow::Continue(())
    }

    /// Ends the innermost list or map. A block ends with its last value: the parser sees its end only at what
    /// follows.
    fn close(&mut self, end: Option<usize>) {
        let Some(mut frame) = self.stack.pop() else {
            return;
        };
        if frame.is_flow
            && let Some(end) = end
        {
            frame.end = frame.end.max(end);
        }
        let bytes = frame.start..frame.end.max(frame.start);
        let is_kept = !self.is_lock || self.is_of_outline(&mut frame);
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, key, merges } => {
                let mut entries = entries;
                entries.extend(key.map(|(entry, _)| entry));
                Value::Map(merged(entries, &merges))
            }
        };
        let measured = Measured {
            node: Node::at_bytes(value, bytes.clone(), self.lines),
            cost: frame.cost,
            height: frame.height,
        };
        if is_kept {
            self.add(measured, frame.anchor, bytes.end, None);
        } else {
            self.let_go(&measured, frame.anchor, bytes.end);
        }
    }

    /// Whether a list or map that has ended is in the outline of a lock file. What does not belong there is taken out
    /// of packages and of their list.
    fn is_of_outline(&mut self, frame: &mut Frame) -> bool {
        let in_packages = |root: &Frame| match &root.content {
            Content::Map {
                key: Some((key, _)), ..
            } => outline::is_packages(&key.key),
            _ => false,
        };
        let is_list = |frame: &Frame| matches!(frame.content, Content::List(_));
        match (self.stack.as_slice(), &mut frame.content) {
            ([root], Content::List(items)) if in_packages(root) => {
                items.retain(|item| matches!(item.value, Value::Map(_)));
                true
            }
            ([root, list], Content::Map { entries, merges, .. }) if is_list(list) && in_packages(root) => {
                entries.retain(|entry| outline::names_package(&entry.key));
                entries.shrink_to_fit();
                merges.clear();
                self.cost = self.cost.saturating_sub(frame.cost);
                frame.cost = 1 + entries.len();
                self.cost += frame.cost;
                true
            }
            ([], _) => true,
            ([root], Content::Map { .. }) if !is_list(root) => true,
            // A key without its value would take the next one's place.
            _ => self.awaits_key(),
        }
    }

    /// Leaves out a list or map, with its key; its anchor may still be named.
    fn let_go(&mut self, measured: &Measured, anchor: usize, end: usize) {
        if anchor != 0 {
            self.remember(anchor, measured);
        }
        self.cost = self.cost.saturating_sub(measured.cost);
        if let Some(outer) = self.stack.last_mut() {
            outer.end = outer.end.max(end);
            if let Content::Map { key, .. } = &mut outer.content {
                key.take();
            }
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        bytes: Range<usize>,
    ) {
        let is_plain = style == ScalarStyle::Plain;
        let bytes = match self.stack.last() {
            // A value that is not there is reported where the parser noticed that; it belongs to its key.
            Some(Frame {
                content: Content::Map {
                    key: Some((key, _)), ..
                },
                ..
            }) if text.is_empty() && is_plain => key.span.end as usize..key.span.end as usize,
            _ => bytes,
        };
        let cost = 1 + text.len() / BYTES_PER_NODE;
        self.cost += cost;
        if self.awaits_key() {
            // The value is only needed where the key's node is an anchor.
            let node = Node::at_bytes(Value::String(text.clone()), bytes.clone(), self.lines);
            let measured = Measured {
                node,
                cost,
                height: 0,
            };
            return self.add(measured, anchor, bytes.end, Some((text, is_plain)));
        }
        let value = match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix() != "str" => resolve(text),
            None if is_plain => resolve(text),
            _ => Value::String(text),
        };
        let node = Node::at_bytes(value, bytes.clone(), self.lines);
        self.add(
            Measured {
                node,
                cost,
                height: 0,
            },
            anchor,
            bytes.end,
            None,
        );
    }

    fn alias(&mut self, anchor: usize, bytes: Range<usize>) {
        let depth = self.stack.len();
        let refusal = match self.anchors.get(&anchor) {
            None => Some("an alias stands within its own anchor"),
            Some(found) if depth + found.height > limits::DEPTH => Some("the aliases nest too deeply"),
            Some(found) if self.copied + found.cost > limits::COPIES => {
                Some("the aliases expand to too many values")
            }
            Some(found) => {
                let copy = found.clone();
                self.cost += copy.cost;
                self.copied += copy.cost;
                self.add(copy, 0, bytes.end, None);
                return;
            }
        };
        self.problem_at(bytes.start, refusal.unwrap_or_default().to_owned());
        let node = Node::at_bytes(Value::Null, bytes.clone(), self.lines);
        self.cost += 1;
        self.add(
            Measured {
                node,
                cost: 1,
                height: 0,
            },
            0,
            bytes.end,
            None,
        );
    }

    fn awaits_key(&self) -> bool {
        matches!(
            self.stack.last(),
            Some(Frame {
                content: Content::Map { key: None, .. },
                ..
            })
        )
    }

    /// Puts a finished node into the list or map that it belongs to. `end` is where it ends in the text, which
    /// for an alias is not where its node does; `key` is its text and whether it is plain, where it is a scalar
    /// and a key.
    fn add(&mut self, measured: Measured, anchor: usize, end: usize, key: Option<(String, bool)>) {
        if anchor != 0 {
            self.remember(anchor, &measured);
        }
        let Measured { node, cost, height } = measured;
        let Some(frame) = self.stack.last_mut() else {
            let is_nothing = node.is_null() && node.span.start == node.span.end;
            if !is_nothing {
                self.data.documents.push(node);
            }
            return;
        };
        frame.cost += cost;
        frame.height = frame.height.max(height + 1);
        frame.end = frame.end.max(end);
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map {
                entries,
                key: slot,
                merges,
            } => match slot.take() {
                Some((entry, is_merge)) => {
                    if is_merge {
                        merges.push(entries.len());
                    }
                    entries.push(Entry { value: node, ..entry });
                }
                None => {
                    let bytes = node.span.start as usize..node.span.end as usize;
                    let (text, is_plain) = key.unwrap_or_else(|| (key_text(&node, self.text), false));
                    let is_merge = is_plain && text == "<<";
                    let none = Node::at_bytes(Value::Null, bytes.end..bytes.end, self.lines);
                    *slot = Some((Entry::at_bytes(text, bytes, self.lines, none), is_merge));
                }
            },
        }
    }

    fn remember(&mut self, anchor: usize, measured: &Measured) {
        if self.cost + measured.cost > limits::NODES {
            let line = measured.node.place.line;
            self.problem(
                line,
                "the anchors hold too many values for their aliases".to_owned(),
            );
            return;
        }
        self.cost += measured.cost;
        self.anchors.insert(anchor, measured.clone());
    }

    fn problem_at(&mut self, at: usize, what: String) {
        let line = self.lines.line(u32::try_from(at).unwrap_or(u32::MAX));
        self.problem(line, what);
    }

    pub(super) fn problem(&mut self, line: u32, what: String) {
        if self.data.problems.len() < PROBLEMS {
            self.data.problems.push(Problem::at(line, what));
        }
    }

    /// Closes what is open after an error: what was read so far is the document.
    pub(super) fn abandon(&mut self) {
        while !self.stack.is_empty() {
            self.close(None);
        }
        self.anchors.clear();
    }

    pub(super) fn finish(mut self) -> Data {
        self.abandon();
        self.data
    }
}

/// A block of text without the spaces that blanked template lines have left.
fn without_blanked(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| if line.trim().is_empty() { "" } else { line })
        .collect();
    let joined = lines.join("\n");
    let end = if text.ends_with('\n') { "\n" } else { "" };
    format!("{}{end}", joined.trim_end_matches('\n'))
}

/// A key that is no scalar is its source.
fn key_text(node: &Node, text: &str) -> String {
    match &node.value {
        Value::List(_) | Value::Map(_) => {
            let source = text.get(node.span.start as usize..node.span.end as usize);
            source.unwrap_or_default().to_owned()
        }
        _ => node.text(),
    }
}

/// The entries with those of the `<<` maps put before them. A `<<` that names no map stays an entry.
fn merged(entries: Vec<Entry>, merges: &[usize]) -> Vec<Entry> {
    if merges.is_empty() {
        return entries;
    }
    let mut own = Vec::with_capacity(entries.len());
    let mut sources = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let is_merge = merges.binary_search(&at).is_ok();
        match entry.value.value {
            Value::Map(entries) if is_merge => sources.push(entries),
            Value::List(items)
                if is_merge && items.iter().all(|item| matches!(item.value, Value::Map(_))) =>
            {
                sources.extend(items.into_iter().map(|item| match item.value {
                    Value::Map(entries) => entries,
                    _ => Vec::new(),
                }));
            }
            value => own.push(Entry {
                value: Node { value, ..entry.value },
                ..entry
            }),
        }
    }
    let mut known: FxHashSet<String> = own.iter().map(|entry| entry.key.clone()).collect();
    let mut all = Vec::new();
    for source in sources {
        let fresh: Vec<Entry> = source
            .into_iter()
            .filter(|entry| !known.contains(&entry.key))
            .collect();
        known.extend(fresh.iter().map(|entry| entry.key.clone()));
        all.extend(fresh);
    }
    all.extend(own);
    all
}

/// The value of a plain scalar by the core schema.
fn resolve(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Number(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Number(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Number(f64::NEG_INFINITY),
        _ => number(&text).map_or(Value::String(text), Value::Number),
    }
}

fn number(text: &str) -> Option<f64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = digits.starts_with(|sign: char| sign.is_ascii_digit() || sign == '.')
        && digits.contains(|sign: char| sign.is_ascii_digit())
        && digits
            .chars()
            .all(|sign| sign.is_ascii_digit() || matches!(sign, '.' | 'e' | 'E' | '+' | '-'));
    let is_long = digits.len() > 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || is_long {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn radix(digits: &str, radix: u32) -> Option<f64> {
    let is_plain = digits.chars().all(|digit| digit.is_digit(radix));
    let number = is_plain
        .then(|| u64::from_str_radix(digits, radix).ok())
        .flatten()?;
    (number < 1 << 53).then_some(number as f64)
}
