//! Bars in expressions: a metric of a model that is compared with a number, a threshold or an earlier value.

use super::rivals;
use super::vocabulary::{
    ERRORS, any_word, has_stem, has_word, is_earlier_name, is_metric_name, is_threshold_name, tail,
};
use mlops_audit_formats::code::{AssignmentKind, Comparison, Expr};
use mlops_audit_formats::dotted::last_segment;

use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Resolved};

/// How far a value is followed.
const STEPS: u32 = 5;

/// What a metric is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bar {
    /// The bounds that the metric has anyhow, or zero: no model fails it.
    Vacuous,
    /// A number or a threshold.
    Absolute,
    /// A value of an earlier model or run that is read from somewhere.
    Relative,
}

/// Looks at expressions of one scope.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub basis: &'a Basis<'a>,
    pub file: FileIndex,
    pub scope: u32,
    /// Whether names alone may tell the new model from the one before it. In a test they may not: it may be one of the
    /// code that compares.
    pub by_name: bool,
    /// Whether the expression stands in a loop.
    pub in_loop: bool,
}

impl<'a> Reader<'a> {
    /// A reader of an assertion of a test.
    pub(super) fn in_test(basis: &'a Basis<'a>, file: FileIndex, scope: u32) -> Self {
        Self {
            basis,
            file,
            scope,
            by_name: false,
            in_loop: false,
        }
    }

    /// A reader of the project's own code.
    pub(super) fn outside_tests(basis: &'a Basis<'a>, file: FileIndex, scope: u32) -> Self {
        Self {
            by_name: true,
            ..Self::in_test(basis, file, scope)
        }
    }

    fn at(self, file: FileIndex, scope: u32) -> Self {
        Self { file, scope, ..self }
    }

    /// The bars in an expression, the sharpest first.
    pub(super) fn bars(self, expr: &Expr) -> Vec<Bar> {
        let mut found = Vec::new();
        self.collect_bars(expr, STEPS, &mut found);
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found
    }

    fn collect_bars(self, expr: &Expr, steps: u32, found: &mut Vec<Bar>) {
        if steps == 0 {
            return;
        }
        match expr {
            Expr::Compare(first, rest) => self.compare_bars(first, rest, found),
            Expr::And(items) | Expr::Or(items) => {
                for item in items {
                    self.collect_bars(item, steps - 1, found);
                }
            }
            Expr::Not(inner) => self.collect_bars(inner, steps - 1, found),
            Expr::Name(name) => {
                if let Some((file, assignment)) = self.bound(&name.path) {
                    self.at(file, assignment.scope)
                        .collect_bars(&assignment.value, steps - 1, found);
                }
            }
            Expr::Call(_) => self.call_bars(expr, steps, found),
            _ => {}
        }
    }

    /// `all(metric > bar for …)` and functions of the project that return a comparison.
    fn call_bars(self, expr: &Expr, steps: u32, found: &mut Vec<Bar>) {
        let codebase = &self.basis.codebase;
        let Some(site) = codebase.call_of(self.file, expr) else {
            return;
        };
        if matches!(codebase.target(site), "all" | "any" | "bool" | "numpy.all") {
            for argument in &site.call.arguments {
                match &argument.value {
                    Expr::List(items) => items
                        .iter()
                        .for_each(|item| self.collect_bars(item, steps - 1, found)),
                    value => self.collect_bars(value, steps - 1, found),
                }
            }
            return;
        }
        let Some(definition) = codebase.callee(site) else {
            return;
        };
        if definition.scope == 0 {
            return;
        }
        let inner = self.at(definition.file, definition.scope);
        let mut returns_truth = false;
        for result in codebase.returns_of(definition) {
            returns_truth |= matches!(result.value, Expr::Bool(_));
            match &result.value {
                // `return is_better, metrics`
                Expr::List(items) => items
                    .iter()
                    .for_each(|item| inner.collect_bars(item, steps - 1, found)),
                value => inner.collect_bars(value, steps - 1, found),
            }
        }
        // `if metric < bar: return False` decides for whoever asks.
        if returns_truth && steps > 1 {
            let blocks = codebase.file(definition.file).code.blocks.iter();
            for block in blocks.filter(|block| block.scope == definition.scope) {
                if let mlops_audit_formats::code::BlockKind::If(condition) = &block.kind {
                    inner.collect_bars(condition, steps - 1, found);
                }
            }
        }
    }

    fn compare_bars(self, first: &Expr, rest: &[(Comparison, Expr)], found: &mut Vec<Bar>) {
        if self.by_name && rivals::compares(self, first, rest, self.in_loop) {
            found.push(Bar::Relative);
            return;
        }
        let mut left = first;
        let mut own = Vec::new();
        for (operator, right) in rest {
            let sides = match operator {
                Comparison::Less | Comparison::LessEqual => Some((right, left)),
                Comparison::Greater | Comparison::GreaterEqual => Some((left, right)),
                _ => None,
            };
            if let Some((greater, smaller)) = sides {
                own.extend(self.bar_between(greater, smaller));
            }
            left = right;
        }
        if !own.is_empty()
            && rest.len() > 1
            && own.iter().all(|bar| *bar != Bar::Relative)
            && self.is_range(first, rest)
        {
            own = vec![Bar::Vacuous];
        }
        found.extend(own);
    }

    /// `0 <= metric <= 1`
    fn is_range(self, first: &Expr, rest: &[(Comparison, Expr)]) -> bool {
        let last = rest.last().map(|(_, expr)| expr);
        let low = self.number(first);
        let high = last.and_then(|expr| self.number(expr));
        matches!((low, high), (Some(low), Some(high)) if low <= 0.0 && high >= 1.0)
    }

    /// The bar that `greater > smaller` sets.
    fn bar_between(self, greater: &Expr, smaller: &Expr) -> Option<Bar> {
        let metric_above = self.is_metric(greater, STEPS);
        let metric_below = self.is_metric(smaller, STEPS);
        if !metric_above && !metric_below {
            return None;
        }
        // `expected_error >= 0` compares with no earlier model, whatever it is called; `drop > 0.02` may.
        let against = |earlier: &Expr, other: &Expr| {
            !self.is_open(other)
                && (self.number(other).is_none() || self.is_gap(earlier, STEPS))
                && self.is_earlier(earlier)
        };
        if against(greater, smaller) || against(smaller, greater) {
            return Some(Bar::Relative);
        }
        // `abs(train_accuracy - test_accuracy) < 0.01` says nothing of how good either is.
        if self.is_difference(greater) || self.is_difference(smaller) {
            return None;
        }
        if metric_above && let Some(bar) = self.number(smaller) {
            return Some(if bar > 0.0 { Bar::Absolute } else { Bar::Vacuous });
        }
        if metric_below && let Some(bar) = self.number(greater) {
            let bounds = bar <= 0.0
                || !bar.is_finite()
                || bar >= 1e6
                || ((bar == 1.0 || bar == 100.0) && !self.is_error(smaller));
            return Some(if bounds { Bar::Vacuous } else { Bar::Absolute });
        }
        let names_bar = |expr: &Expr| {
            let is_threshold = |name: String| is_threshold_name(&name);
            let behind = self.basis.codebase.value(self.file, self.scope, expr).1;
            self.spelled(expr).is_some_and(is_threshold) || is_expected(behind)
        };
        if (metric_above && names_bar(smaller)) || (metric_below && names_bar(greater)) {
            return Some(Bar::Absolute);
        }
        None
    }

    /// Whether a value has yet to be filled in: what is compared with it is compared with no earlier model.
    pub(super) fn is_open(self, expr: &Expr) -> bool {
        *self.basis.codebase.value(self.file, self.scope, expr).1 == Expr::None
    }

    /// Whether an expression is a difference or a ratio.
    fn is_gap(self, expr: &Expr, steps: u32) -> bool {
        match expr {
            Expr::Binary(_, operator, _) => matches!(operator.as_str(), "-" | "/"),
            Expr::Name(name) if steps > 0 => self
                .bound(&name.path)
                .is_some_and(|(file, found)| self.at(file, found.scope).is_gap(&found.value, steps - 1)),
            Expr::Call(_) if steps > 0 => self.basis.codebase.call_of(self.file, expr).is_some_and(|site| {
                matches!(site.call.method(), "abs" | "float" | "round")
                    && site
                        .call
                        .positional(0)
                        .is_some_and(|inner| self.is_gap(inner, steps - 1))
            }),
            _ => false,
        }
    }

    /// Whether an expression is the distance between two metrics of one run.
    fn is_difference(self, expr: &Expr) -> bool {
        match expr {
            Expr::Binary(left, operator, right) => {
                operator == "-" && self.is_metric(left, STEPS) && self.is_metric(right, STEPS)
            }
            Expr::Call(_) => self.basis.codebase.call_of(self.file, expr).is_some_and(|site| {
                site.call.method() == "abs"
                    && site
                        .call
                        .positional(0)
                        .is_some_and(|inner| self.is_difference(inner))
            }),
            _ => false,
        }
    }

    /// Whether a metric is one that is better the smaller it is.
    pub(super) fn is_error(self, expr: &Expr) -> bool {
        self.spelled(expr).is_some_and(|name| has_word(&name, &ERRORS))
    }

    /// A number, through names and constants.
    pub(super) fn number(self, expr: &Expr) -> Option<f64> {
        self.number_within(expr, 8)
    }

    /// `size = size / 2` names itself, so no more than so many steps are taken.
    fn number_within(self, expr: &Expr, steps: u32) -> Option<f64> {
        let steps = steps.checked_sub(1)?;
        let codebase = &self.basis.codebase;
        let (file, value) = codebase.value(self.file, self.scope, expr);
        match value {
            Expr::Number(number) => Some(*number),
            // `self.config.expected_score`
            Expr::Name(name) => {
                let scope = if file == self.file { self.scope } else { 0 };
                let (file, scope, value) = codebase.field(file, scope, &name.path)?;
                self.at(file, scope).number_within(value, steps)
            }
            Expr::Binary(left, operator, right) => {
                let reader = self.at(file, 0);
                let left = reader.number_within(left, steps)?;
                let right = reader.number_within(right, steps)?;
                match operator.as_str() {
                    "+" => Some(left + right),
                    "-" => Some(left - right),
                    "*" => Some(left * right),
                    "/" => Some(left / right),
                    _ => None,
                }
            }
            // `float(os.environ.get("MIN_ACCURACY", "0.8"))`
            Expr::Call(_) => {
                let site = codebase.call_of(file, value)?;
                match codebase.target(site) {
                    "float" | "int" | "pytest.approx" => {
                        let inner = site.call.positional(0)?;
                        inner.as_str().map_or_else(
                            || self.at(file, site.call.scope).number_within(inner, steps),
                            |t| t.parse().ok(),
                        )
                    }
                    "os.environ.get" | "os.getenv" => {
                        let default = site.call.positional(1)?;
                        default
                            .as_str()
                            .map_or_else(|| default.as_number(), |text| text.parse().ok())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A name or key as written.
    fn spelled(self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Name(name) => Some(tail(&name.path).to_owned()),
            Expr::Attribute(_, name) => Some(name.to_string()),
            Expr::Subscript(base, key) => match key.as_ref() {
                Expr::String(key) => Some(format!("{}.{key}", self.spelled(base).unwrap_or_default())),
                _ => self.spelled(base),
            },
            Expr::Call(_) => {
                let site = self.basis.codebase.call_of(self.file, expr)?;
                let key = site.call.positional(0).and_then(Expr::as_str).unwrap_or_default();
                Some(format!("{}.{key}", tail(&site.call.target.path)))
            }
            Expr::Binary(left, _, right) => self.spelled(left).or_else(|| self.spelled(right)),
            _ => None,
        }
    }

    /// The assignment that a name is bound by, here or in another module.
    pub(super) fn bound(self, path: &str) -> Option<(FileIndex, &'a mlops_audit_formats::code::Assignment)> {
        let plain = |kind| !matches!(kind, AssignmentKind::Loop | AssignmentKind::Augmented);
        let code = &self.basis.codebase.file(self.file).code;
        let targets = self.basis.codebase.assignments_to(self.file, path);
        // Most names that are asked about are parameters, attributes and modules.
        targets.clone().next()?;
        let found = code.scopes_around(self.scope).find_map(|(id, _)| {
            targets
                .clone()
                .rev()
                .find(|found| found.scope == id && plain(found.kind))
        });
        found.map(|assignment| (self.file, assignment))
    }

    /// Whether an expression is a metric of a model.
    pub(super) fn is_metric(self, expr: &Expr, steps: u32) -> bool {
        if steps == 0 {
            return false;
        }
        match expr {
            Expr::Name(name) => {
                let last = name.path.rsplit('.').next().unwrap_or_default();
                is_metric_name(last)
                    || (!is_threshold_name(last)
                        && self.bound(&name.path).is_some_and(|(file, found)| {
                            found.element.is_none()
                                && found.value != *expr
                                && self.at(file, found.scope).is_metric(&found.value, steps - 1)
                        }))
            }
            Expr::Subscript(base, key) => match key.as_ref() {
                Expr::String(key) => {
                    is_metric_name(key) || (!is_threshold_name(key) && self.is_metric(base, steps - 1))
                }
                _ => self.is_metric(base, steps - 1),
            },
            Expr::Attribute(base, name) => is_metric_name(name) || self.is_metric(base, steps - 1),
            Expr::Binary(left, _, right) => {
                self.is_metric(left, steps - 1) || self.is_metric(right, steps - 1)
            }
            Expr::Call(_) => self.is_metric_call(expr, steps),
            _ => false,
        }
    }

    fn is_metric_call(self, expr: &Expr, steps: u32) -> bool {
        let codebase = &self.basis.codebase;
        let Some(site) = codebase.call_of(self.file, expr) else {
            return false;
        };
        if self.basis.uses.has(site.file, site.index, Role::Evaluate) || is_metric_name(site.call.method()) {
            return true;
        }
        let argument = site.call.positional(0);
        match site.call.method() {
            "len" | "isinstance" | "str" | "set" | "print" => false,
            "get" => argument.and_then(Expr::as_str).is_some_and(is_metric_name),
            "abs" | "round" | "float" | "mean" | "max" | "min" | "item" | "sqrt" => {
                argument.is_some_and(|argument| self.is_metric(argument, steps - 1))
                    || match &site.call.callee {
                        Expr::Attribute(base, _) => self.is_metric(base, steps - 1),
                        Expr::Name(name) => name
                            .path
                            .rsplit_once('.')
                            .is_some_and(|(receiver, _)| is_metric_name(last_segment(receiver))),
                        _ => false,
                    }
            }
            _ => false,
        }
    }

    /// Whether a value belongs to an earlier model or run: it is named so, and it is read from a file, a registry or
    /// a tracker rather than kept in a variable of this run.
    pub(super) fn is_earlier(self, expr: &Expr) -> bool {
        // Few values are named so, and names are cheaper to look at.
        [Asked::Name, Asked::Origin].into_iter().all(|asked| {
            let mut found = false;
            self.trace(expr, STEPS, asked, &mut found);
            found
        })
    }

    /// Follows a value until what is asked for is found.
    fn trace(self, expr: &Expr, steps: u32, asked: Asked, found: &mut bool) {
        if steps == 0 || *found {
            return;
        }
        match expr {
            Expr::Name(name) => {
                *found |= asked.names(tail(&name.path));
                let mut path = name.path.as_str();
                loop {
                    if let Some((file, bound)) = self.bound(path) {
                        *found |= asked.names(path);
                        self.at(file, bound.scope)
                            .trace(&bound.value, steps - 1, asked, found);
                        return;
                    }
                    match path.rsplit_once('.') {
                        Some((shorter, _)) => path = shorter,
                        None => return,
                    }
                }
            }
            Expr::Subscript(base, key) => {
                *found |= key.as_str().is_some_and(|key| asked.names(key));
                self.trace(base, steps, asked, found);
            }
            Expr::Attribute(base, name) => {
                *found |= asked.names(name);
                self.trace(base, steps, asked, found);
            }
            Expr::Binary(left, _, right) => {
                self.trace(left, steps, asked, found);
                self.trace(right, steps, asked, found);
            }
            Expr::Choice(choice) => {
                self.trace(&choice.yes, steps, asked, found);
                self.trace(&choice.no, steps, asked, found);
            }
            Expr::Call(_) => self.trace_call(expr, steps, asked, found),
            _ => {}
        }
    }

    fn trace_call(self, expr: &Expr, steps: u32, asked: Asked, found: &mut bool) {
        let codebase = &self.basis.codebase;
        let Some(site) = codebase.call_of(self.file, expr) else {
            return;
        };
        *found |= asked.names(tail(&site.call.target.path));
        *found |= asked == Asked::Origin && is_read(self.basis, site);
        for argument in &site.call.arguments {
            *found |= argument.value.as_str().is_some_and(|text| asked.names(text));
            self.trace(&argument.value, steps - 1, asked, found);
        }
        if let Expr::Attribute(base, _) = &site.call.callee {
            self.trace(base, steps - 1, asked, found);
        } else if let Expr::Name(name) = &site.call.callee
            && let Some((receiver, _)) = name.path.rsplit_once('.')
            && let Some((file, bound)) = self.bound(receiver)
        {
            *found |= asked.names(receiver);
            self.at(file, bound.scope)
                .trace(&bound.value, steps - 1, asked, found);
        }
        if asked == Asked::Origin
            && !*found
            && let Some(definition) = codebase.callee(site)
        {
            let node = crate::extract::codebase::Node::definition(definition.file, definition.scope);
            *found |= definition.scope != 0
                && codebase
                    .reach_calls([node])
                    .nodes()
                    .any(|node| super::suite::calls_in(codebase, node).any(|site| is_read(self.basis, site)));
        }
    }
}

/// Whether a value is what settings expect of a metric: `self.config.expected_score`, `settings.base_accuracy`.
fn is_expected(expr: &Expr) -> bool {
    let Expr::Name(name) = expr else { return false };
    let Some((settings, metric)) = name.path.rsplit_once('.') else {
        return false;
    };
    let is_bar = |word: &str| matches!(word, "expected" | "base" | "lowest" | "desired");
    has_stem(settings, &["config", "cfg", "conf", "setting", "param"])
        && any_word(metric, is_bar)
        && is_metric_name(metric)
}

/// What is asked of a value that may belong to an earlier model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Whether something that it comes from is named so.
    Name,
    /// Whether it is read from where an earlier run left it.
    Origin,
}

impl Asked {
    /// Whether names are asked for, and this is such a one.
    fn names(self, text: &str) -> bool {
        self == Self::Name && is_earlier_name(text)
    }
}

/// Whether a call reads what an earlier run left: a file, a registry, a tracker.
fn is_read(basis: &Basis<'_>, site: crate::extract::codebase::Site<'_>) -> bool {
    if basis.uses.has(site.file, site.index, Role::LoadModel) {
        return true;
    }
    if let Resolved::Definition(_) = basis.codebase.resolved(site) {
        return false;
    }
    let target = basis.codebase.target(site);
    let root = target.split('.').next().unwrap_or_default();
    let method = site.call.method();
    match root {
        "json" | "yaml" | "joblib" | "pickle" | "toml" | "tomllib" => {
            method.starts_with("load") || method == "safe_load"
        }
        "numpy" | "torch" => method.starts_with("load") || method == "genfromtxt",
        "pandas" | "polars" => method.starts_with("read_"),
        "requests" | "httpx" => method == "get",
        "mlflow" | "wandb" | "boto3" | "comet_ml" | "neptune" | "clearml" | "google" | "sagemaker" => true,
        _ => matches!(
            method,
            "read_text"
                | "search_runs"
                | "search_model_versions"
                | "get_latest_versions"
                | "get_model_version_by_alias"
                | "get_run"
                | "get_metric_history"
                | "get_best_run"
        ),
    }
}
