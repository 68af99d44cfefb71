//! How long each stage of an audit takes, on the example project copied so many times.
//!
//! The numbers compare one state of the code with another on one machine. What an audit costs beside other tools is
//! measured by `cargo xtask bench-peers`.

use std::path::Path;

use divan::Bencher;
use divan::counter::BytesCount;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, Limits, Memory, Source};
use mlops_audit_core::policy::Policy;
use mlops_audit_core::{extract, judge, read};
use mlops_audit_report::Extras;

/// How often the example stands in the repository: time must grow with it, and no faster.
const COPIES: [usize; 4] = [1, 2, 4, 8];

fn main() {
    divan::main();
}

/// The example project, so many times side by side.
fn repository(copies: usize) -> (Memory, usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/churn");
    let disk = Disk::open(&root, Some(&root), Limits::default()).expect("the example is there");
    let mut bytes = 0;
    let mut files = Vec::new();
    for copy in 0..copies {
        for file in &disk.listing().files {
            let content = disk.read(file).expect("the example can be read");
            bytes += content.len();
            files.push((format!("copy{copy}/{}", file.path), content));
        }
    }
    (Memory::new(files, None), bytes)
}

fn catalogue() -> Catalogue {
    Catalogue::new(mlops_audit_catalogue::tools())
}

#[divan::bench]
fn load_the_catalogue() -> Catalogue {
    catalogue()
}

#[divan::bench(args = COPIES)]
fn read_documents(bencher: Bencher<'_, '_>, copies: usize) {
    let (source, bytes) = repository(copies);
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| read::read(&source));
}

#[divan::bench(args = COPIES)]
fn extract_facts(bencher: Bencher<'_, '_>, copies: usize) {
    let (source, bytes) = repository(copies);
    let catalogue = catalogue();
    bencher
        .counter(BytesCount::new(bytes))
        .with_inputs(|| read::read(&source))
        .bench_local_values(|mut documents| {
            let facts = extract::extract(source.listing(), &mut documents, &catalogue);
            facts.assessment.clone()
        });
}

#[divan::bench(args = COPIES)]
fn judge_criteria(bencher: Bencher<'_, '_>, copies: usize) {
    let (source, _) = repository(copies);
    let catalogue = catalogue();
    let mut documents = read::read(&source);
    let facts = extract::extract(source.listing(), &mut documents, &catalogue);
    let policy = Policy::default();
    bencher.bench_local(|| judge::judge(&facts, &policy).standing());
}

#[divan::bench(args = COPIES)]
fn audit_and_render(bencher: Bencher<'_, '_>, copies: usize) {
    let (source, bytes) = repository(copies);
    let catalogue = catalogue();
    let policy = Policy::default();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let audit = mlops_audit_core::audit(&source, &catalogue, &policy);
        mlops_audit_report::json::render(&audit, &Extras::default())
    });
}
