//! `data`: puts the data that training reads under DVC; see the page beside this file.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::audit::Kind;
use mlops_audit_core::discover::{Listing, Presence};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::versioning::data::Access;
use mlops_audit_core::extract::versioning::{DataSource, Pin};
use mlops_audit_core::judge::{Verdict, criterion_named};

use super::{Fixer, recommended_places};
use crate::dvc::Pinned;
use crate::edit::{Class, Edit, Fix};
use crate::ignoring::ignoring;
use crate::reading::text_of;
use crate::tool::{Tool, quoted};

/// `data`
pub(super) const FIXER: Fixer = Fixer {
    id: "data",
    criteria: &["versioning.data"],
    class: Class::Offered,
    summary: "pins the data that training reads by DVC: its hashes, its cache and what Git is to ignore",
    page: include_str!("data.md"),
    propose,
    open,
};

/// What `dvc init` writes.
const IGNORED_BY_GIT: &str = "/config.local\n/tmp\n/cache\n";
const IGNORED_BY_DVC: &str = "# Add patterns of files dvc should ignore, which could improve\n# the performance. Learn \
                              more at\n# https://dvc.org/doc/user-guide/dvcignore\n";

/// Most bytes and files that are hashed in all.
const MOST_BYTES: u64 = 2 << 30;
const MOST_FILES: usize = 20_000;

fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    recommended_places(inspection, FIXER.criteria)
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    let listing = inspection.source.listing();
    let refused =
        |why: String| vec![Fix::new(&FIXER, "pin the data that training reads by DVC").impossible(why)];
    if listing.git.is_none() {
        return refused("the repository is not one of Git".to_owned());
    }
    let mut targets: BTreeSet<String> = committed(inspection)
        .into_iter()
        .filter_map(|source| target(listing, source))
        .flat_map(|target| whole_or_files(listing, target))
        .collect();
    let all = targets.clone();
    let is_below = |path: &str| {
        all.iter().any(|folder| {
            path.strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    targets.retain(|path| !is_below(path));
    if targets.is_empty() {
        return match absent(inspection) {
            Some(fix) => vec![fix],
            None => refused(why_nothing_is_there(inspection)),
        };
    }
    fix(inspection, &targets).map_or_else(refused, |fix| vec![fix])
}

/// The sources that Git keeps as plain files: those of training, else those that preparation and indexing read.
fn committed<'run>(inspection: &'run Inspection<'run>) -> Vec<&'run DataSource> {
    let data = &inspection.facts().versioning.data;
    let is_one = |source: &&DataSource| source.pin == Pin::Committed && source.access == Access::File;
    let training = data.entries.iter().flat_map(|(_, sources)| sources);
    let found: Vec<&DataSource> = training.filter(is_one).collect();
    if !found.is_empty() {
        return found;
    }
    // Where the criterion is unmet, what the audit looks at is other data than that.
    let is_partial = criterion_named(FIXER.criteria[0])
        .and_then(|criterion| inspection.audit.criterion(criterion.id))
        .is_some_and(|result| result.observed == Verdict::Partial);
    let elsewhere = data.elsewhere.iter().filter(|source| {
        let is_other = source.is_downstream || is_aside(&source.name) || is_aside(&source.read_at.path);
        is_partial && !is_other && !is_shown(inspection, source)
    });
    elsewhere.filter(is_one).collect()
}

/// Whether a page for people reads it: figures to be shown, and no data to train on. What an application of language
/// models reads there is what it answers from.
fn is_shown(inspection: &Inspection<'_>, source: &DataSource) -> bool {
    let facts = inspection.facts();
    let codebase = &facts.basis.codebase;
    let mut fronts = facts.serving.fronts.iter();
    facts.assessment.kind != Kind::LlmApp
        && fronts.any(|front| codebase.file(*front).path == source.read_at.path)
}

/// Whether a path speaks of samples, or of what only evaluates.
fn is_aside(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let asides = ["benchmark", "eval", "golden", "ground_truth", "judge", "sample"];
    asides.iter().any(|word| path.contains(word))
}

/// Most files of a folder that are pinned one by one.
const MOST_SINGLE_FILES: usize = 20;

/// A folder that holds something beside data gives way to the data in it.
fn whole_or_files(listing: &Listing, target: String) -> Vec<String> {
    let files: Vec<&str> = listing.below(&target).map(|file| file.path.as_str()).collect();
    let data: Vec<String> = files
        .iter()
        .filter(|path| is_data(path))
        .map(|path| (*path).to_owned())
        .collect();
    if data.len() == files.len() || data.is_empty() || data.len() > MOST_SINGLE_FILES {
        return vec![target];
    }
    data
}

/// Whether a file is neither code nor documentation nor hidden.
fn is_data(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_other = matches!(
        ending,
        "py" | "ipynb" | "r" | "R" | "jl" | "sh" | "md" | "rst" | "dvc"
    );
    !is_other && !name.starts_with('.')
}

/// The command that pins data which training reads from files that the repository does not hold: it has to be run where
/// they lie.
fn absent(inspection: &Inspection<'_>) -> Option<Fix> {
    let listing = inspection.source.listing();
    let is_plain = |name: &str| {
        let sure = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '_' | '.' | '/');
        name.contains('/') && !name.contains("..") && !name.starts_with('/') && name.chars().all(sure)
    };
    let training = inspection.facts().versioning.data.entries.iter();
    let names: BTreeSet<&str> = training
        .flat_map(|(_, sources)| sources)
        .filter(|source| source.pin == Pin::Elsewhere && source.access == Access::File)
        .map(|source| source.name.strip_prefix("./").unwrap_or(&source.name))
        .map(|name| name.trim_end_matches('/'))
        .filter(|name| is_plain(name) && listing.file(&format!("{name}.dvc")).is_none())
        // What runs leave behind is no data that they start from.
        .filter(|name| {
            !["log/", "logs/", "output/", "outputs/"]
                .iter()
                .any(|folder| name.starts_with(folder))
        })
        .collect();
    let first = names.first().filter(|_| names.len() <= MOST_SINGLE_FILES)?;
    let others = match names.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let start = match listing.file(".dvc/config") {
        Some(_) => "",
        None => "dvc init && ",
    };
    let added: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let title = format!("pin {first}{others} by DVC where it lies: the repository does not hold it");
    Some(Fix::new(&FIXER, title).running(format!("{start}dvc add {}", added.join(" "))))
}

/// Why there is nothing to hash, with the command that pins what is read.
fn why_nothing_is_there(inspection: &Inspection<'_>) -> String {
    let data = &inspection.facts().versioning.data;
    let training = data.entries.iter().flat_map(|(_, sources)| sources);
    let mut open = training.filter(|source| matches!(source.pin, Pin::Nothing(_) | Pin::Committed));
    let Some(source) = open.next() else {
        return "no data that training reads from a file is in the repository".to_owned();
    };
    let (name, place) = (&source.name, source.read_at.location());
    let is_whole = !name.contains(['{', '<', '*', '$']);
    match source.access {
        Access::Download if is_whole => format!(
            "{place} reads {name}: run `dvc import-url {}`, and read the file that it leaves",
            quoted(name)
        ),
        Access::Hub => format!("{place} loads {name} from its hub: give it the revision that you trained on"),
        Access::Table => format!("{place} reads a table: export what you train on, and run `dvc add` on it"),
        Access::Bucket => {
            format!(
                "{place} reads a bucket: run `dvc import-url` on the object, and read the file that it leaves"
            )
        }
        _ => "no data that training reads from a file is in the repository".to_owned(),
    }
}

/// The file that is read, or the folder where the code names one or a pattern of its files.
fn target(listing: &Listing, source: &DataSource) -> Option<String> {
    let file = listing.file(&source.name)?;
    let Some(text) = source.read_at.what.strip_prefix("reads ") else {
        return Some(file.path.clone());
    };
    let text = text.replace('\\', "/");
    let named = text.trim_end_matches('/').rsplit('/').next()?;
    if named == file.name() {
        return Some(file.path.clone());
    }
    // `data/*.csv` and `data/` mean a folder; the longest one whose path the text ends with is meant.
    let is_pattern = |part: &str| part.contains(['*', '?', '{', '[', '%']);
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .take_while(|part| !is_pattern(part))
        .collect();
    let last = parts.last()?;
    let folders: Vec<&str> = file.folder().split('/').collect();
    let at = folders.iter().rposition(|folder| folder == last)?;
    Some(folders[..=at].join("/"))
}

/// # Errors
/// Why DVC cannot take it up, in lower case.
fn fix(inspection: &Inspection<'_>, targets: &BTreeSet<String>) -> Result<Fix, String> {
    let first = targets.first().map(String::as_str).unwrap_or_default();
    let listing = inspection.source.listing();
    let home = home(listing, first);
    if targets.iter().any(|target| !target.starts_with(&home)) || !is_plain_setup(inspection, &home) {
        return Err("the project's own set-up of DVC is another than the plain one".to_owned());
    }
    let pins: Vec<Pinned> = targets
        .iter()
        .map(|target| pinned(inspection, target, &home))
        .collect::<Result<_, _>>()?;
    let files = || {
        pins.iter()
            .flat_map(|pin| pin.files.iter().flatten().chain([&pin.path]))
    };
    let size: u64 = files().filter_map(|path| Some(listing.file(path)?.size)).sum();
    if size > MOST_BYTES || files().count() > MOST_FILES {
        return Err(format!(
            "it is more than {MOST_FILES} files or {} GiB",
            MOST_BYTES >> 30
        ));
    }
    let what = match pins.as_slice() {
        [_, _, ..] => format!("{first} and {} more", pins.len() - 1),
        _ => first.to_owned(),
    };
    let mut fix = Fix::new(&FIXER, format!("pin {what} by DVC"));
    if listing.file(&format!("{home}.dvc/config")).is_none() {
        fix = fix
            .creating(format!("{home}.dvc/config"), "")
            .creating(format!("{home}.dvc/.gitignore"), IGNORED_BY_GIT);
        if listing.file(&format!("{home}.dvcignore")).is_none() {
            fix = fix.creating(format!("{home}.dvcignore"), IGNORED_BY_DVC);
        }
    }
    let ignored = ignored(inspection, targets).ok_or("an ignore file beside it is no text")?;
    fix = fix.with(ignored);
    fix.pins = pins;
    fix.tool = untracker(inspection, targets, &home);
    Ok(fix.running(untracking(inspection, targets, &home)))
}

/// Whether DVC has a remote that others can have the data from.
fn has_remote(inspection: &Inspection<'_>, home: &str) -> bool {
    text_of(inspection, &format!("{home}.dvc/config")).is_some_and(|config| config.contains("remote \""))
}

/// Git's own command that takes the data out of its index and leaves it on the disk; `None` where there is no remote, so
/// that nobody else could have the data afterwards.
fn untracker(inspection: &Inspection<'_>, targets: &BTreeSet<String>, home: &str) -> Option<Tool> {
    if !has_remote(inspection, home) {
        return None;
    }
    let quiet = [
        "-c",
        "core.fsmonitor=false",
        "rm",
        "-r",
        "--cached",
        "--quiet",
        "--",
    ];
    let arguments = quiet
        .into_iter()
        .map(str::to_owned)
        .chain(targets.iter().cloned());
    Some(Tool {
        program: "git",
        arguments: arguments.collect(),
        folder: String::new(),
        renames: None,
        writes: String::new(),
        install: "https://git-scm.com",
        environment: &[],
        builds: false,
        uses_network: false,
        uses_project_python: false,
    })
}

/// The folder above a file that holds DVC's own, with a closing `/`; the root where there is none yet.
fn home(listing: &Listing, path: &str) -> String {
    let mut folder = path;
    while let Some((above, _)) = folder.rsplit_once('/') {
        if listing.file(&format!("{above}/.dvc/config")).is_some() {
            return format!("{above}/");
        }
        folder = above;
    }
    String::new()
}

/// Whether DVC keeps its cache where it does by itself, and no stage makes what is to be pinned.
fn is_plain_setup(inspection: &Inspection<'_>, home: &str) -> bool {
    let config = text_of(inspection, &format!("{home}.dvc/config")).unwrap_or_default();
    let is_moved =
        config.contains("[cache]") || config.contains("no_scm") || config.contains("site_cache_dir");
    // A link or a local configuration may do what the listing does not show.
    !is_moved
        && inspection
            .source
            .listing()
            .file(&format!("{home}.dvc/config.local"))
            .is_none()
}

/// A file or folder with what is to be hashed.
///
/// # Errors
/// Why DVC could not take it up as it is.
fn pinned(inspection: &Inspection<'_>, path: &str, home: &str) -> Result<Pinned, String> {
    let listing = inspection.source.listing();
    let is_plain = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '_' | '.' | '/' | ' ');
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_named = path.chars().all(is_plain) && name.trim() == name && !name.starts_with(['-', '.']);
    if !is_named {
        return Err(format!(
            "'{path}' has a name that a .dvc file would have to quote"
        ));
    }
    if listing.file(&format!("{path}.dvc")).is_some() || is_of_stage(inspection, name) {
        return Err(format!("DVC holds '{path}'"));
    }
    let whole = listing.file(path).map(|file| vec![file.path.clone()]);
    let files = || listing.below(path).map(|file| file.path.clone()).collect();
    let files: Vec<String> = whole.clone().unwrap_or_else(files);
    let is_absent = |path: &&String| {
        listing
            .file(path)
            .is_none_or(|file| file.presence == Presence::Missing)
    };
    if let Some(absent) = files.iter().find(is_absent) {
        return Err(format!("Git knows '{absent}', which is not checked out"));
    }
    if whole.is_none()
        && let Some(other) = files.iter().find(|path| !is_data(path))
    {
        return Err(format!("'{path}' is not all data: it holds {other}"));
    }
    if files.iter().any(|path| is_pointer(inspection, path)) {
        return Err(format!("Git LFS holds '{path}'"));
    }
    Ok(Pinned {
        path: path.to_owned(),
        files: whole.is_none().then_some(files),
        home: home.to_owned(),
    })
}

/// Whether a file is what Git LFS leaves in the place of the content.
fn is_pointer(inspection: &Inspection<'_>, path: &str) -> bool {
    let is_small = |size: u64| size < 300;
    let small = inspection
        .source
        .listing()
        .file(path)
        .is_some_and(|file| is_small(file.size));
    small && text_of(inspection, path).is_some_and(|text| text.starts_with("version https://git-lfs"))
}

/// Whether a stage of DVC writes a file or folder of this name: DVC pins that by itself.
fn is_of_stage(inspection: &Inspection<'_>, name: &str) -> bool {
    let documents = inspection.facts().basis.documents.all_data();
    let mut stages = documents.filter(|(file, _)| file.path.ends_with("dvc.yaml"));
    stages.any(|(_, data)| {
        let mut found = false;
        for document in &data.documents {
            document.walk(&mut |path, node| {
                let is_output = path.contains(&"outs");
                let last = |text: &str| text.trim_end_matches('/').rsplit('/').next() == Some(name);
                found |= is_output && (node.as_str().is_some_and(last) || path.iter().any(|part| last(part)));
            });
        }
        found
    })
}

/// The lines by which Git ignores what DVC holds, beside the data as `dvc add` writes them.
fn ignored(inspection: &Inspection<'_>, targets: &BTreeSet<String>) -> Option<Vec<Edit>> {
    let listing = inspection.source.listing();
    let folder = |path: &str| {
        path.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| format!("{folder}/"))
    };
    let folders: BTreeSet<String> = targets.iter().map(|target| folder(target)).collect();
    let mut edits = Vec::new();
    for beside in folders {
        let path = format!("{beside}.gitignore");
        let names = targets.iter().filter(|target| folder(target) == beside);
        let lines: Vec<String> = names
            .map(|target| format!("/{}", &target[beside.len()..]))
            .collect();
        // An ignore file that is no text cannot take the lines, and without them Git would hold the data twice.
        if listing.file(&path).is_some() {
            text_of(inspection, &path)?;
        }
        edits.extend(ignoring(inspection, &path, &lines, |known, line| known == line));
    }
    Some(edits)
}

/// What takes the data out of Git, once others can have it from a remote.
fn untracking(inspection: &Inspection<'_>, targets: &BTreeSet<String>, home: &str) -> String {
    let remote = match has_remote(inspection, home) {
        true => "",
        false => "dvc remote add --default NAME URL && ",
    };
    let enter = match home.trim_end_matches('/') {
        "" => String::new(),
        folder => format!("cd {} && ", quoted(folder)),
    };
    let names = targets.iter().map(|target| quoted(&target[home.len()..]));
    let names: Vec<String> = names.collect();
    format!(
        "{enter}{remote}dvc push && git rm -r --cached {}",
        names.join(" ")
    )
}
