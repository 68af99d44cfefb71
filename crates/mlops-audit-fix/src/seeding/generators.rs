//! Which calls seed the generators of a whole run.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::extract::codebase::FileIndex;
use mlops_audit_core::extract::randomness::Draw;

use super::SEED;
use super::project::{Called, helper};
use crate::python::{Imports, Module, Needed, Opening};

/// Whether one call at the start of a run seeds a draw, rather than an argument of its own.
pub(crate) fn is_seeded_by_run(catalogue: &Catalogue, draw: &Draw) -> bool {
    // A trainer that takes a whole number does more with it than its framework's generator.
    let takes_number =
        draw.generator == "torch" && matches!(draw.argument.as_deref(), Some("seed" | "random_state"));
    let by_argument = takes_number
        || draw.argument.is_some()
            && !matches!(
                draw.generator.as_str(),
                "julia" | "keras" | "python" | "r" | "tensorflow" | "torch"
            );
    !by_argument && has_seeder(catalogue, &draw.generator)
}

/// Whether a call is known that seeds this generator for a whole run.
pub(crate) fn has_seeder(catalogue: &Catalogue, generator: &str) -> bool {
    matches!(generator, "keras" | "numpy" | "python" | "tensorflow" | "torch")
        || alone(catalogue, generator).is_some()
}

/// The call that seeds this generator and no other, by the catalogue.
fn alone(catalogue: &Catalogue, generator: &str) -> Option<Needed> {
    let seedings = catalogue.tools().iter().flat_map(|(_, tool)| &tool.seeding);
    let mut own = seedings.filter(|seeding| {
        seeding.generators == [generator] && seeding.position == Some(0) && !seeding.call.contains('*')
    });
    let (module, name) = own.next()?.call.split_once('.')?;
    let alias = if module == "cupy" { "cp" } else { module };
    Some(Needed::below(module, alias, name))
}

/// A call that seeds generators.
struct Seeder {
    /// The names that it has, the one to import first.
    names: Vec<Needed>,
    /// The generators that it is called for.
    main: &'static [&'static str],
    /// All that it seeds.
    generators: Vec<String>,
    /// What follows the seed in the call.
    rest: &'static str,
}

/// The calls that seed a run.
pub(crate) struct Seeders<'run> {
    inspection: &'run Inspection<'run>,
    /// The modules that the files of the run import, by their dotted paths.
    imported: BTreeSet<String>,
    /// Those that the file itself imports.
    own: BTreeSet<String>,
}

impl<'run> Seeders<'run> {
    /// The calls that fit a run of this file, which reaches `files`.
    pub(crate) fn new(
        inspection: &'run Inspection<'run>,
        file: FileIndex,
        files: &BTreeSet<FileIndex>,
    ) -> Self {
        let codebase = &inspection.facts().basis.codebase;
        let of = |file: FileIndex| {
            let imports = codebase.file(file).code.imports.iter();
            imports.map(|import| match &import.name {
                Some(name) if name != "*" => format!("{}.{name}", import.module),
                _ => import.module.to_string(),
            })
        };
        Self {
            inspection,
            imported: files.iter().flat_map(|file| of(*file)).collect(),
            own: of(file).collect(),
        }
    }

    /// The lines that seed these generators with a value at an opening of the module.
    ///
    /// # Errors
    /// Why one of them cannot be seeded.
    pub(crate) fn lines(
        &self,
        module: &Module<'_>,
        opening: Opening,
        generators: &BTreeSet<&str>,
        seed: &str,
        imports: &mut Imports,
    ) -> Result<Vec<String>, String> {
        let scope = opening.scope();
        let wanted = |open: &BTreeSet<&str>, seeder: &Seeder| {
            seeder.main.iter().any(|generator| open.contains(generator))
        };
        let mut open: BTreeSet<&str> = generators.clone();
        let mut lines = Vec::new();
        if let Some(helper) = helper(self.inspection, module, opening, &open) {
            let name = match helper.called {
                Called::Own(name) => name,
                Called::Imported(needed) => imports.name(module, scope, &needed)?,
            };
            let seed = if helper.has_seed && seed == SEED { "" } else { seed };
            return Ok(vec![format!("{name}({seed})")]);
        }
        for seeder in self.frameworks() {
            if wanted(&open, &seeder) {
                let name = written(module, scope, &seeder.names, imports)?;
                lines.push(format!("{name}({seed}{})", seeder.rest));
                open.retain(|known| !seeder.generators.iter().any(|seeded| seeded == known));
            }
        }
        for generator in open {
            let needed = match generator {
                "python" => Needed::below("random", "random", "seed"),
                "numpy" => Needed::below("numpy", "np", "random.seed"),
                "torch" => Needed::below("torch", "torch", "manual_seed"),
                other => alone(self.inspection.catalogue, other)
                    .ok_or_else(|| format!("no call is known that seeds '{other}'"))?,
            };
            lines.push(format!("{}({seed})", imports.name(module, scope, &needed)?));
        }
        // The smaller libraries first, as people write it.
        lines.sort_by_key(|line| !line.starts_with("random."));
        Ok(lines)
    }

    fn uses(&self, root: &str) -> bool {
        is_below(&self.imported, root)
    }

    /// The calls of the frameworks in use that seed more than one generator, the ones that do most first.
    fn frameworks(&self) -> Vec<Seeder> {
        let mut found = Vec::new();
        let torch = || ["numpy", "python", "torch"].map(str::to_owned).to_vec();
        if let Some(package) = self.lightning() {
            found.push(Seeder {
                names: vec![
                    Needed::from(package, "seed_everything"),
                    Needed::from("lightning", "seed_everything"),
                    Needed::from("pytorch_lightning", "seed_everything"),
                ],
                main: &["torch"],
                generators: torch(),
                rest: ", workers=True",
            });
        }
        // A trainer seeds when it is made, which is after its model; the same call before that seeds both.
        let trains = [
            "transformers.Trainer",
            "transformers.Seq2SeqTrainer",
            "transformers.TrainingArguments",
        ];
        let has_trainer = trains.iter().any(|name| self.imported.contains(*name));
        if is_below(&self.own, "accelerate") && !has_trainer {
            found.push(Seeder {
                names: vec![
                    Needed::from("accelerate.utils", "set_seed"),
                    Needed::from("accelerate", "set_seed"),
                ],
                main: &["torch"],
                generators: torch(),
                rest: "",
            });
        } else if is_below(&self.own, "transformers") {
            let mut generators = torch();
            generators.push("tensorflow".to_owned());
            found.push(Seeder {
                names: vec![Needed::from("transformers", "set_seed")],
                main: &["tensorflow", "torch"],
                generators,
                rest: "",
            });
        }
        found.push(self.keras());
        found
    }

    /// The package of Lightning that is imported.
    fn lightning(&self) -> Option<&'static str> {
        let imports = |package: &str| self.uses(package);
        match () {
            () if imports("pytorch_lightning") => Some("pytorch_lightning"),
            () if imports("lightning.pytorch") => Some("lightning.pytorch"),
            () if imports("lightning") => Some("lightning"),
            () => None,
        }
    }

    /// `set_random_seed` of the Keras that is imported: it seeds Python, NumPy and the backend.
    fn keras(&self) -> Seeder {
        let plain = Needed::below("keras", "keras", "utils.set_random_seed");
        let of_tensorflow = Needed::below("tensorflow", "tf", "keras.utils.set_random_seed");
        let names = match self.uses("tensorflow") && !self.uses("keras") {
            true => vec![of_tensorflow, plain],
            false => vec![plain, of_tensorflow],
        };
        Seeder {
            names,
            main: &["keras", "tensorflow"],
            generators: ["keras", "numpy", "python", "tensorflow"]
                .map(str::to_owned)
                .to_vec(),
            rest: "",
        }
    }
}

fn is_below(imported: &BTreeSet<String>, root: &str) -> bool {
    let below = format!("{root}.");
    imported
        .iter()
        .any(|path| path == root || path.starts_with(&below))
}

/// The name that needs no import, where there is one, else the first.
fn written(
    module: &Module<'_>,
    scope: Option<u32>,
    names: &[Needed],
    imports: &mut Imports,
) -> Result<String, String> {
    let mut tried = imports.clone();
    for needed in names {
        let before = tried.lines.len();
        if let Ok(name) = tried.name(module, scope, needed)
            && tried.lines.len() == before
        {
            *imports = tried;
            return Ok(name);
        }
        tried = imports.clone();
    }
    let first = names.first().ok_or("no name is known for it")?;
    imports.name(module, scope, first)
}
