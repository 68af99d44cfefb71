//! `browser`: opens HTML reports in headless Chromium and checks what only a browser can tell.
//!
//! The reports are those of the program as it is built here: of the example, of a repository whose every name and
//! line is an attack, of a folder without machine learning, and of any other repository that is named.

mod checks;
mod hostile;
mod webdriver;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use webdriver::Browser;

use crate::program;

/// Widths at which reports are looked at, in CSS pixels: a phone, a tablet, a desk.
const WIDTHS: [u32; 3] = [360, 768, 1280];

/// Options of `cargo xtask browser`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The program that writes the reports, in place of one that is built first
    #[arg(long = "bin", value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Repositories whose reports are checked as well
    #[arg(value_name = "DIR")]
    repositories: Vec<PathBuf>,

    /// Keep a picture of each report at each width, light and dark, in this folder
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

/// Checks every report, and tells of all that is wrong with them.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let program = program::given_or_built(arguments.binary.as_deref())?;
    let folder = std::env::temp_dir().join(format!("mlops-audit-browser-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("'{}' cannot be made", folder.display()))?;
    let outcome = check_all(arguments, &program, &folder);
    // What is left behind in a folder for temporary files harms nobody.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn check_all(arguments: &Arguments, program: &Path, folder: &Path) -> anyhow::Result<()> {
    if let Some(pictures) = &arguments.pictures {
        std::fs::create_dir_all(pictures)
            .with_context(|| format!("'{}' cannot be made", pictures.display()))?;
    }
    let mut repositories = vec![
        ("example".to_owned(), PathBuf::from("examples/churn")),
        ("hostile".to_owned(), hostile::write(&folder.join("hostile"))?),
        ("not-ml".to_owned(), PathBuf::from("docs/schema")),
    ];
    for given in &arguments.repositories {
        let name = given
            .file_name()
            .map_or_else(|| "repository".into(), |name| name.to_string_lossy());
        repositories.push((name.into_owned(), given.clone()));
    }
    let mut browser = Browser::start()?;
    let mut failures = 0;
    for (name, repository) in &repositories {
        let page = folder.join(format!("{name}.html"));
        report(program, repository, &page)?;
        let size = std::fs::metadata(&page).map(|about| about.len())?;
        let (problems, milliseconds) = checks::check(&mut browser, &page)?;
        println!(
            "{name}: {} KB, opened in {milliseconds} ms, {} wrong",
            size / 1024,
            problems.len()
        );
        for problem in &problems {
            println!("    {problem}");
        }
        failures += problems.len();
        if let Some(pictures) = &arguments.pictures {
            take_pictures(&mut browser, &page, &pictures.join(name))?;
        }
    }
    ensure!(failures == 0, "{failures} things are wrong with the HTML reports");
    println!("{} reports hold", repositories.len());
    Ok(())
}

fn report(program: &Path, repository: &Path, page: &Path) -> anyhow::Result<()> {
    let done = Command::new(program)
        .args(["check", "--format", "html", "--output"])
        .arg(page)
        .arg("--root")
        .arg(repository)
        .arg(repository)
        .output()
        .with_context(|| format!("'{}' cannot be started", program.display()))?;
    if !done.status.success() {
        bail!(
            "no report of '{}': {}",
            repository.display(),
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    Ok(())
}

fn take_pictures(browser: &mut Browser, page: &Path, stem: &Path) -> anyhow::Result<()> {
    for width in WIDTHS {
        for scheme in ["light", "dark"] {
            browser.show(width, scheme)?;
            browser.open(page)?;
            let picture = PathBuf::from(format!("{}-{width}-{scheme}.png", stem.display()));
            std::fs::write(&picture, browser.picture()?)
                .with_context(|| format!("'{}' cannot be written", picture.display()))?;
        }
    }
    Ok(())
}
