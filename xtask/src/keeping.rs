//! `fuzz-keep`: what a fuzzer has found becomes what is kept in `fuzz/corpora`, and what the test suite reads again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use mlops_audit_hostile::corpora;

/// What the task takes.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Folder that holds one folder of inputs for each target, minimised
    #[arg(default_value = "fuzz/corpus")]
    corpus: PathBuf,

    /// Only this target, repeatable
    #[arg(long = "target", value_name = "TARGET")]
    targets: Vec<String>,

    /// Most inputs of a target; of more, the shortest are kept
    #[arg(long, value_name = "N", default_value_t = 400)]
    most: usize,
}

/// Writes the inputs of the targets.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folders = fs::read_dir(&arguments.corpus)
        .with_context(|| format!("no folder '{}'", arguments.corpus.display()))?;
    for folder in folders {
        let folder = folder?;
        let target = folder.file_name().to_string_lossy().into_owned();
        let is_wanted = arguments.targets.is_empty() || arguments.targets.contains(&target);
        if !is_wanted || !folder.path().is_dir() {
            continue;
        }
        let mut inputs = Vec::new();
        for input in fs::read_dir(folder.path())? {
            inputs.push(fs::read(input?.path())?);
        }
        inputs.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        inputs.truncate(arguments.most);
        let inputs: BTreeSet<Vec<u8>> = inputs.into_iter().collect();
        corpora::keep(Path::new("."), &target, &inputs)?;
        println!("{target}: {} inputs", inputs.len());
    }
    Ok(())
}
