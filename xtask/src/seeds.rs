//! `fuzz-seeds`: what the fuzzer starts from. The repositories of the pages, the traps and the example are taken apart,
//! and each file goes to the target of its reader, with the seeds that are written for it in `fuzz/seeds` and with what
//! earlier runs have found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use mlops_audit_core::discover::{Disk, Limits, Memory, Source};
use mlops_audit_core::judge::criteria;
use mlops_audit_core::read::Format;
use mlops_audit_hostile::corpora;

/// Longest seed, in bytes: a fuzzer mutates short ones far better.
const LONGEST: usize = 4096;

/// What the task takes.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Folder that holds one folder of seeds for each target
    #[arg(default_value = "fuzz/corpus")]
    corpus: PathBuf,
}

/// Writes the seeds of all targets.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut seeds = Seeds::default();
    let traps = fs::read_dir("docs/traps").context("run the task in the root of the project")?;
    let mut pages: Vec<String> = criteria().map(|criterion| criterion.page.to_owned()).collect();
    for trap in traps {
        pages.push(fs::read_to_string(trap?.path())?);
    }
    for repository in pages.iter().flat_map(|page| repositories(page)) {
        seeds.add("audit", repository.as_bytes());
        seeds.add_files(&Memory::from_text(repository));
    }
    seeds.add_files(&Disk::open(Path::new("examples/churn"), None, Limits::default())?);
    for target in fs::read_dir("fuzz/corpora")? {
        let path = target?.path();
        let target = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for input in corpora::kept(Path::new("."), &target)? {
            seeds.add(&target, &input);
        }
    }
    for target in fs::read_dir("fuzz/seeds")? {
        let target = target?;
        for seed in fs::read_dir(target.path())? {
            seeds.add(&target.file_name().to_string_lossy(), &fs::read(seed?.path())?);
        }
    }
    seeds.write(&arguments.corpus)
}

/// The `repository` blocks of a page.
fn repositories(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```repository\n").skip(1);
    blocks.filter_map(|block| block.split("\n```").next())
}

/// Seeds, each with the target that it is for.
#[derive(Default)]
struct Seeds(BTreeSet<(String, Vec<u8>)>);

impl Seeds {
    fn add(&mut self, target: &str, content: &[u8]) {
        if content.len() <= LONGEST {
            self.0.insert((target.to_owned(), content.to_vec()));
        }
    }

    fn add_files(&mut self, source: &dyn Source) {
        for file in &source.listing().files {
            let Ok(content) = source.read(file) else { continue };
            if file.name() == "mlops-audit.toml" {
                self.add("policy", &content);
            }
            if let Some(format) = Format::of(file) {
                self.add(target(format), &content);
            }
        }
    }

    /// One file a seed, named by its number.
    fn write(&self, corpus: &Path) -> anyhow::Result<()> {
        for (number, (target, content)) in self.0.iter().enumerate() {
            let folder = corpus.join(target);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(format!("seed-{number:04}")), content)?;
        }
        println!("{} seeds in '{}'", self.0.len(), corpus.display());
        Ok(())
    }
}

/// The target that fuzzes the reader of a format.
fn target(format: Format) -> &'static str {
    match format {
        Format::Python => "python",
        Format::Notebook => "notebook",
        Format::R => "r",
        Format::RMarkdown => "r_markdown",
        Format::Julia => "julia",
        Format::Yaml | Format::YamlLock => "yaml",
        Format::Toml | Format::TomlLock => "toml",
        Format::Json => "json",
        Format::Ini => "ini",
        Format::Hcl => "hcl",
        Format::Requirements => "requirements",
        Format::Shell => "shell",
        Format::Make => "make",
        Format::Just => "just",
        Format::Docker => "dockerfile",
        Format::Groovy => "groovy",
        Format::Markdown => "markdown",
        Format::Text => "comments",
    }
}
