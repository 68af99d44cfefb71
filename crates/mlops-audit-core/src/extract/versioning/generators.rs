//! Data that the project's own code draws at random and writes to files or tables.

use std::collections::BTreeMap;

use mlops_audit_formats::code::{Expr, Language};
use mlops_audit_formats::dotted::last_segment;

use super::data::{Access, DataSource, Pin};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Reached, Site};

/// Files whose own code draws data at random, seeds the draw and writes what it drew.
pub(super) fn generators(basis: &Basis<'_>, live: &Reached) -> Vec<DataSource> {
    let mut writes: BTreeMap<FileIndex, Evidence> = BTreeMap::new();
    for site in basis.codebase.calls_by_method(may_write) {
        let is_alive = live.contains(basis.codebase.node_of(site));
        if !basis.codebase.file(site.file).is_test && is_alive && writes_data(site) {
            writes
                .entry(site.file)
                .or_insert_with(|| basis.codebase.evidence_at(site, "writes the generated data"));
        }
    }
    let written = writes.into_iter();
    written
        .filter_map(|(file, evidence)| generator(basis, file, evidence))
        .collect()
}

/// Whether a method of this name may write a table.
fn may_write(method: &str) -> bool {
    is_table_writer(method) || is_spark_writer(method)
}

fn is_table_writer(method: &str) -> bool {
    matches!(
        method,
        "to_csv"
            | "to_parquet"
            | "to_feather"
            | "to_json"
            | "savez"
            | "savez_compressed"
            | "write_csv"
            | "write_parquet"
            | "writerow"
            | "writerows"
            | "to_excel"
    )
}

/// Methods by which `frame.write` of Spark ends.
fn is_spark_writer(method: &str) -> bool {
    matches!(
        method,
        "csv" | "insertInto" | "json" | "orc" | "parquet" | "save" | "saveAsTable"
    )
}

fn writes_data(site: Site<'_>) -> bool {
    is_table_writer(site.call.method()) || is_of_spark(site, "write")
}

/// Whether a call ends a chain which starts at this attribute of a frame or session: `frame.write.mode("append").save()`.
fn is_of_spark(site: Site<'_>, attribute: &str) -> bool {
    let mut parts = site.call.target.path.split('.').rev().skip(1);
    parts.any(|part| part == attribute)
}

/// What a file draws and writes; `None` where it draws nothing, or merely samples what it has read.
fn generator(basis: &Basis<'_>, file: FileIndex, written: Evidence) -> Option<DataSource> {
    let source = basis.codebase.file(file);
    let trains = !basis.training.sites_in(file).is_empty();
    if source.code.language != Language::Python || trains {
        return None;
    }
    let mut draws = 0usize;
    let mut seed = None;
    for site in basis.codebase.calls_of(file) {
        let drawn = drawn(basis, site);
        draws += usize::from(drawn.is_some_and(|drawn| drawn.is_draw));
        if drawn.is_some_and(|drawn| drawn.is_seeded) {
            let evidence = || {
                basis
                    .codebase
                    .evidence_at(site, "seeds the generator of the data")
            };
            seed.get_or_insert_with(evidence);
        }
    }
    // A script that also reads may fall back on what it generates; a draw or two merely samples what it read.
    if draws == 0 || (draws < 3 && reads_data(basis, file)) || reads_with_spark(basis, file) {
        return None;
    }
    Some(DataSource {
        name: source.path.clone(),
        pin: match &seed {
            Some(_) => Pin::Generated,
            None => Pin::Nothing("is generated without a seed".to_owned()),
        },
        evidence: seed.unwrap_or_else(|| written.clone()),
        read_at: written,
        node: None,
        access: Access::Generator,
        is_downstream: false,
    })
}

/// What a call has to do with drawing data.
#[derive(Clone, Copy)]
struct Drawn {
    /// Whether it draws values.
    is_draw: bool,
    /// Whether it seeds what draws, or is seeded itself.
    is_seeded: bool,
}

fn drawn(basis: &Basis<'_>, site: Site<'_>) -> Option<Drawn> {
    let target = basis.uses.target(&basis.codebase, site);
    let seeds = basis.catalogue.seeding(target).is_some()
        || target == "faker.Faker.seed"
        || target.ends_with(".seed_instance");
    let seeded_generator =
        target.ends_with("default_rng") || target.ends_with("RandomState") || target == "random.Random";
    if seeds || (seeded_generator && !site.call.arguments.is_empty()) {
        return Some(Drawn {
            is_draw: false,
            is_seeded: true,
        });
    }
    let known = basis.catalogue.randomness(target);
    let draws = (known.is_some() && makes_values(target))
        || target.starts_with("numpy.random.")
        || (target.starts_with("random.") && makes_values(target))
        || target.starts_with("faker.");
    let at = known.and_then(|(random, _)| random.position);
    let own = (["random_state", "seed"].iter())
        .find_map(|name| site.call.keyword(name))
        .or_else(|| site.call.positional(at? as usize));
    draws.then(|| Drawn {
        is_draw: true,
        is_seeded: own.is_some_and(|value| *value != Expr::None),
    })
}

/// Whether a call draws values, rather than picks among those there are or builds a model.
fn makes_values(target: &str) -> bool {
    let last = last_segment(target);
    let picks = matches!(
        last,
        "sample" | "shuffle" | "permutation" | "randomSplit" | "train_test_split" | "resample"
    );
    !picks && !last.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Whether a file loads data from anywhere: what it writes is then derived, not generated.
fn reads_data(basis: &Basis<'_>, file: FileIndex) -> bool {
    basis.codebase.calls_of(file).any(|site| {
        basis.uses.of(site.file, site.index).any(|found| {
            matches!(
                found.role,
                Role::LoadData | Role::HubDataset | Role::PinnedDataset
            )
        }) && matches!(
            site.call.method(),
            "read_csv"
                | "read_parquet"
                | "read_excel"
                | "read_json"
                | "read_sql"
                | "load_dataset"
                | "read_feather"
        )
    })
}

/// Whether a file takes a table from Spark, to which random columns may be added: `spark.read.parquet(…)`,
/// `spark.table(…)`.
fn reads_with_spark(basis: &Basis<'_>, file: FileIndex) -> bool {
    let uses_spark = |module: &str| module.split('.').next() == Some("pyspark");
    let mut imports = basis.codebase.file(file).code.imports.iter();
    imports.any(|import| uses_spark(&import.module))
        && basis.codebase.calls_of(file).any(|site| {
            is_of_spark(site, "read")
                || is_of_spark(site, "readStream")
                || matches!(site.call.method(), "sql" | "table") && site.call.positional(0).is_some()
        })
}
