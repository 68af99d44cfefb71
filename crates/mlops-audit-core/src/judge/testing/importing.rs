//! Which modules a test can import, and what a test does to import the others.

use crate::catalogue::Role;
use crate::extract::Facts;
use crate::extract::codebase::{FileIndex, Node};
use crate::extract::standard_library;
use crate::judge::insertion::module_name;

/// Why a test had better not import a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hindrance {
    /// It can be imported.
    None,
    /// The import does the work of the script: it trains or reads data.
    Works,
    /// The import reads the arguments of the command line, and ends the test without them.
    ReadsArguments,
}

/// What importing a module runs into. What stands below `if __name__ == "__main__"` is not run.
pub(super) fn hindrance(facts: &Facts<'_>, file: FileIndex) -> Hindrance {
    let basis = &facts.basis;
    let codebase = &basis.codebase;
    let at_import = || {
        let reached = codebase.reach_calls([Node::module(file)]);
        let own = codebase.calls_of(file);
        own.filter(move |site| reached.contains(codebase.node_of(*site)))
    };
    if at_import().any(|site| matches!(site.call.method(), "parse_args" | "parse_known_args")) {
        return Hindrance::ReadsArguments;
    }
    let module = Node::module(file);
    let trains = basis
        .training
        .sites_in(file)
        .iter()
        .any(|site| site.node == module);
    let loads = || {
        let mut sites = codebase.calls_in(module);
        sites.any(|site| {
            let mut uses = basis.uses.of(site.file, site.index);
            uses.any(|found| matches!(found.role, Role::LoadData | Role::HubDataset))
        })
    };
    if trains || loads() {
        Hindrance::Works
    } else {
        Hindrance::None
    }
}

/// How a test imports a module.
pub(super) struct Import {
    /// The module as the statement names it.
    pub(super) module: String,
    /// The folder that has to be on the path for it; empty where the root is enough.
    pub(super) folder: String,
}

/// How a test imports a file of the project. A folder with the name of one of Python's own modules, such as `code`, is
/// never found as a package: its files are imported by their own names.
pub(super) fn import_for_test(facts: &Facts<'_>, path: &str) -> Import {
    let project = &facts.basis.listing.project;
    let module = module_name(&facts.basis.codebase, project, path);
    let first = module.split('.').next().unwrap_or_default();
    let is_taken = module.contains('.') && standard_library::modules().any(|known| known == first);
    match module.rsplit_once('.') {
        Some((folder, name)) if is_taken => Import {
            module: name.to_owned(),
            folder: format!("{project}{}", folder.replace('.', "/")),
        },
        _ => Import {
            module,
            folder: String::new(),
        },
    }
}

/// The command that runs the tests with such a folder on the path.
pub(super) fn test_command(folder: &str) -> String {
    match folder {
        "" => "python -m pytest".to_owned(),
        folder => format!("python -m pytest -o pythonpath={folder}"),
    }
}
