//! Whether a path is one of its own for each run.

use mlops_audit_formats::code::{AssignmentKind, Call, Expr, Name, ScopeKind};

use super::given::Scalar;
use super::switches::{Switches, dotted};
use super::words::{is_metric, is_single_parameter};
use crate::extract::Basis;
use crate::extract::codebase::{Definition, FileIndex, Resolved, Site};
use crate::extract::versioning::numbered::{counts_on, counts_past};

/// How many steps a path is followed.
const STEPS: u32 = 6;

/// How a path differs between runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Differs {
    /// The next run overwrites it.
    Not,
    /// It is named by hyper-parameters: a repeat overwrites it.
    ByParameters,
    /// A time, an id or a name that each run is given.
    Always,
}

/// Follows paths.
pub(super) struct Paths<'a> {
    pub(super) basis: &'a Basis<'a>,
    pub(super) switches: &'a Switches<'a>,
}

impl Paths<'_> {
    /// How the path that this expression gives differs between runs.
    pub(super) fn differs(&self, file: FileIndex, scope: u32, expr: &Expr) -> Differs {
        self.visit(file, scope, expr, STEPS)
    }

    fn all<'e>(
        &self,
        file: FileIndex,
        scope: u32,
        parts: impl IntoIterator<Item = &'e Expr>,
        steps: u32,
    ) -> Differs {
        let mut most = Differs::Not;
        for part in parts {
            most = most.max(self.visit(file, scope, part, steps));
            if most == Differs::Always {
                break;
            }
        }
        most
    }

    fn visit(&self, file: FileIndex, scope: u32, expr: &Expr, steps: u32) -> Differs {
        if steps == 0 {
            return Differs::Not;
        }
        match expr {
            Expr::String(text) if text.contains("${hydra:") || text.contains("${now:") => Differs::Always,
            Expr::Format(_, holes) => {
                let holes = holes.iter().filter(|hole| !tells_steps_apart(hole));
                self.all(file, scope, holes, steps)
            }
            Expr::List(items) | Expr::Or(items) => self.all(file, scope, items, steps),
            Expr::Binary(..) if counts_on(&self.basis.codebase, file, scope, expr) => Differs::Always,
            Expr::Binary(left, _, right) => self.all(file, scope, [&**left, &**right], steps),
            Expr::Choice(choice) => self.all(file, scope, [&choice.yes, &choice.no], steps),
            Expr::Spread(inner) => self.visit(file, scope, inner, steps),
            Expr::Attribute(base, part) if part == "stem" && self.opens_configuration(file, base) => {
                Differs::ByParameters
            }
            Expr::Attribute(base, _) | Expr::Subscript(base, _) => {
                let by_path = dotted(expr).map_or(Differs::Not, |path| self.of_setting(file, &path));
                by_path.max(self.visit(file, scope, base, steps))
            }
            Expr::Call(index) => match self.basis.codebase.file(file).code.calls.get(*index as usize) {
                Some(call) => self.of_call(
                    Site {
                        file,
                        index: *index,
                        call,
                    },
                    scope,
                    steps,
                ),
                None => Differs::Not,
            },
            Expr::Name(name) => self.of_name(file, scope, name, steps),
            _ => Differs::Not,
        }
    }

    fn of_call(&self, site: Site<'_>, scope: u32, steps: u32) -> Differs {
        let target = self.basis.codebase.target(site);
        if is_new_each_time(target) {
            return Differs::Always;
        }
        let call: &Call = site.call;
        if self.takes_name_of_configuration(site) {
            return Differs::ByParameters;
        }
        let arguments = call.arguments.iter().map(|argument| &argument.value);
        let arguments = arguments.filter(|value| call.method() != "format" || !tells_steps_apart(value));
        let mut most = self.all(site.file, scope, arguments, steps);
        match &call.callee {
            Expr::Attribute(base, _) => most = most.max(self.visit(site.file, scope, base, steps)),
            // `path.format(…)`, `folder.joinpath(…)`, `now.strftime(…)`: the receiver counts.
            Expr::Name(name) => {
                if let Some((receiver, _)) = name.path.rsplit_once('.') {
                    let receiver = Name {
                        path: receiver.into(),
                        origin: name.origin,
                    };
                    most = most.max(self.of_name(site.file, scope, &receiver, steps));
                }
            }
            _ => {}
        }
        if most < Differs::Always
            && let Some(definition) = self.basis.codebase.callee(site)
            && self.basis.codebase.scope(definition).kind == ScopeKind::Function
        {
            let code = &self.basis.codebase.file(definition.file).code;
            for result in code
                .returns
                .iter()
                .filter(|found| found.scope == definition.scope)
            {
                most = most.max(self.visit(definition.file, definition.scope, &result.value, steps - 1));
            }
        }
        most
    }

    /// Whether a call takes the name out of the path of the run's configuration: a run is called by its settings then.
    fn takes_name_of_configuration(&self, site: Site<'_>) -> bool {
        let path = match site.call.method() {
            "split" | "rsplit" => match &site.call.callee {
                Expr::Name(name) => name
                    .path
                    .rsplit_once('.')
                    .map(|(receiver, _)| receiver.to_owned()),
                Expr::Attribute(base, _) => dotted(base),
                _ => None,
            },
            "basename" | "splitext" => site.call.positional(0).and_then(dotted),
            _ => None,
        };
        path.is_some_and(|path| self.names_configuration(site.file, &path))
    }

    /// Whether an expression is `Path(args.config)`.
    fn opens_configuration(&self, file: FileIndex, expr: &Expr) -> bool {
        let made = self.basis.codebase.call_of(file, expr);
        let path = made.filter(|site| site.call.method() == "Path");
        let path = path.and_then(|site| dotted(site.call.positional(0)?));
        path.is_some_and(|path| self.names_configuration(file, &path))
    }

    /// Whether an option of the command line, without which nothing runs, is the path of the run's configuration.
    fn names_configuration(&self, file: FileIndex, path: &str) -> bool {
        let Some((_, last)) = path.rsplit_once('.') else {
            return false;
        };
        let is_configuration = ["config", "cfg"].iter().any(|word| last.contains(word));
        let option = || self.switches.option(file, last);
        is_configuration && matches!(option(), Some(None | Some(Scalar::Null)))
    }

    fn of_name(&self, file: FileIndex, scope: u32, name: &Name, steps: u32) -> Differs {
        if steps == 0 {
            return Differs::Not;
        }
        if is_new_each_time(&name.path) {
            return Differs::Always;
        }
        let code = &self.basis.codebase.file(file).code;
        let target = name.path.as_str();
        if target.starts_with("self.") || target.starts_with("cls.") {
            let assigned = code.assignments.iter().filter(|found| found.target == target);
            let mut most = self.of_setting(file, target);
            for found in assigned {
                most = most.max(self.visit(file, found.scope, &found.value, steps - 1));
            }
            return most;
        }
        let nearest = self
            .basis
            .codebase
            .assignments(file, scope, target)
            .next()
            .map(|found| found.scope);
        if let Some(nearest) = nearest {
            let mut most = if is_single_parameter(target) {
                Differs::ByParameters
            } else {
                Differs::Not
            };
            let assigned = code.assignments.iter();
            for found in assigned.filter(|found| found.scope == nearest && found.target == target) {
                if counts_past(&self.basis.codebase, file, found) {
                    return Differs::Always;
                }
                if !matches!(found.kind, AssignmentKind::Loop) {
                    most = most.max(self.visit(file, nearest, &found.value, steps - 1));
                }
            }
            return most;
        }
        if target.contains('.') {
            if let Resolved::Variable(other, position) = self.basis.codebase.resolve(file, name, scope) {
                let found = &self.basis.codebase.file(other).code.assignments[position as usize];
                return self.visit(other, 0, &found.value, steps - 1);
            }
            return self.of_setting(file, target);
        }
        for (id, around) in code.scopes_around(scope) {
            if let Some(position) = around
                .parameters
                .iter()
                .position(|parameter| parameter.name == target)
            {
                let own = if is_single_parameter(target) {
                    Differs::ByParameters
                } else {
                    Differs::Not
                };
                return own.max(self.of_parameter(Definition { file, scope: id }, position, steps - 1));
            }
        }
        match self.basis.codebase.resolve(file, name, scope) {
            Resolved::Variable(other, position) => {
                let found = &self.basis.codebase.file(other).code.assignments[position as usize];
                self.visit(other, 0, &found.value, steps - 1)
            }
            _ => Differs::Not,
        }
    }

    fn of_parameter(&self, function: Definition, position: usize, steps: u32) -> Differs {
        if steps == 0 {
            return Differs::Not;
        }
        let scope = self.basis.codebase.scope(function);
        let parameter = &scope.parameters[position];
        let parent = &self.basis.codebase.file(function.file).code.scopes[scope.parent as usize];
        let is_method = parent.kind == ScopeKind::Class;
        let called = if is_method && scope.name == "__init__" {
            Definition {
                file: function.file,
                scope: scope.parent,
            }
        } else {
            function
        };
        let Some(at) = position.checked_sub(usize::from(is_method)) else {
            return Differs::Not;
        };
        let mut most = parameter.default.as_ref().map_or(Differs::Not, |default| {
            self.visit(function.file, scope.parent, default, steps)
        });
        for Site { file, call, .. } in self.basis.codebase.callers_of(called).take(20) {
            if let Some(value) = call.argument(&parameter.name, Some(at)) {
                most = most.max(self.visit(file, call.scope, value, steps));
            }
        }
        most
    }

    /// A setting in a path: a name that each run is given, or a hyper-parameter.
    fn of_setting(&self, file: FileIndex, path: &str) -> Differs {
        let mut parts = path.rsplit('.');
        let last = parts.next().unwrap_or_default().to_ascii_lowercase();
        let owned = path.split('.').rev().skip(1).any(|part| {
            let part = part.trim_end_matches("()").to_ascii_lowercase();
            matches!(
                part.as_str(),
                "args"
                    | "arg"
                    | "opt"
                    | "opts"
                    | "cfg"
                    | "config"
                    | "conf"
                    | "hparams"
                    | "hp"
                    | "flags"
                    | "params"
                    | "configs"
                    | "parse_args"
                    | "options"
            )
        });
        if matches!(
            last.as_str(),
            "run_id" | "run_name" | "timestamp" | "job_id" | "experiment_id"
        ) && !owned
        {
            return Differs::Always;
        }
        if !owned {
            return Differs::Not;
        }
        let is_place = [
            "dir",
            "path",
            "out",
            "save",
            "folder",
            "root",
            "log",
            "file",
            "data",
            "ckpt",
            "checkpoint",
            "weight",
            "device",
            "gpu",
            "cuda",
            "verbose",
            "resume",
            "pretrained",
            "ext",
            "suffix",
            "prefix",
        ]
        .iter()
        .any(|word| last.contains(word));
        if is_place && !last.contains("dataset") {
            return Differs::Not;
        }
        let is_name = [
            "name", "exp", "run", "tag", "version", "project", "title", "note", "comment",
        ]
        .iter()
        .any(|word| {
            last == *word || last.starts_with(&format!("{word}_")) || last.ends_with(&format!("_{word}"))
        });
        let is_model_name = last.contains("model") || last.contains("data") || last.contains("net");
        let option = self.switches.option(file, &last);
        if is_name && !is_model_name {
            return match option {
                Some(None | Some(Scalar::Null)) => Differs::Always,
                _ => Differs::Not,
            };
        }
        // A setting that no command line offers is as good as constant, unless it is what gets tuned.
        if option.is_some() || is_single_parameter(&last) {
            Differs::ByParameters
        } else {
            Differs::Not
        }
    }
}

/// What a run counts or measures tells its own files apart, not those of two runs.
fn tells_steps_apart(hole: &Expr) -> bool {
    hole.as_name().is_some_and(|name| {
        let counts = matches!(
            name.path.as_str(),
            "epoch" | "step" | "fold" | "i" | "iteration" | "it" | "idx"
        );
        counts || is_metric(&name.path)
    })
}

/// Calls whose result no two runs share.
fn is_new_each_time(target: &str) -> bool {
    const EXACT: &[&str] = &[
        "time.time",
        "time.time_ns",
        "time.strftime",
        "time.localtime",
        "time.ctime",
        "time.gmtime",
        "time.asctime",
        "subprocess.check_output",
        "subprocess.getoutput",
        "secrets.token_hex",
        "wandb.util.generate_id",
        "wandb.run.id",
        "wandb.run.name",
        "wandb.run.dir",
        "os.getpid",
    ];
    EXACT.contains(&target)
        || target.starts_with("uuid.")
        || target.contains("HydraConfig")
        || target.contains("hydra.utils.get_original_cwd")
        || target == "pandas.Timestamp.now"
        || target.starts_with("datetime.")
            && [".now", ".utcnow", ".today", ".strftime", ".isoformat"]
                .iter()
                .any(|part| target.contains(part))
        || target.ends_with("increment_path")
}
