//! The commands that bring data under DVC, by what the repository holds already: no folder with code in it, no path that
//! nobody has, no second remote.

use std::collections::BTreeSet;

use super::clouds::Cloud;
use super::installing::{start_dvc, trains_nothing};
use crate::advise::Implementation;
use crate::catalogue::Role;
use crate::discover::{File, Presence};
use crate::extract::Facts;
use crate::extract::versioning::data::Access;
use crate::extract::versioning::{DataSource, Pin, is_content, is_model_path};

/// Most files that are named one by one.
const MOST: usize = 6;

/// What is to be put under DVC.
pub(super) struct Targets {
    /// Files and folders, relative to the root.
    paths: Vec<String>,
    /// Whether the one path is a pattern of files.
    is_pattern: bool,
    /// Whether Git keeps it so far.
    is_committed: bool,
    /// What has to be done by hand before it lies there.
    first: Option<String>,
}

impl Targets {
    /// A file that is yet to be written.
    pub(super) fn new_file(path: &str) -> Self {
        Self {
            paths: vec![path.to_owned()],
            is_pattern: false,
            is_committed: false,
            first: None,
        }
    }

    /// What a source of data reads; `None` where it is not known.
    pub(super) fn of(facts: &Facts<'_>, source: Option<&DataSource>) -> Self {
        let is_own_work =
            |source: &DataSource| is_model_path(&source.name) || is_written(facts, &source.name);
        let is_input = |source: &&DataSource| {
            source.access == Access::File && (source.pin == Pin::Committed || !is_own_work(source))
        };
        let Some(source) = source.filter(is_input) else {
            let what = match trains_nothing(facts) {
                true => "the labelled examples that the model is evaluated on",
                false => "the data that training reads",
            };
            return Self::moved(facts, what, "");
        };
        if source.pin == Pin::Committed {
            return Self::committed(facts, source);
        }
        let name = source.name.replace('\\', "/");
        let known = known_part(&name);
        let is_elsewhere =
            name.starts_with(['/', '~']) || name.contains(':') || known.is_empty() || is_of_machine(known);
        let path = (!is_elsewhere)
            .then(|| rooted(known, &source.read_at.path))
            .flatten();
        let what = format!("what {} reads", source.read_at.location());
        match path {
            Some(path) if facts.basis.listing.has_folder(&path) => Self::moved(facts, &what, &path),
            Some(path) => Self::new_file(&path),
            // A cache says nothing of what lies in it.
            None if is_of_machine(known)
                && !name.rsplit('/').next().is_some_and(|last| last.contains('.')) =>
            {
                Self::moved(facts, &what, "")
            }
            None => Self::moved(facts, &what, name.rsplit('/').next().unwrap_or_default()),
        }
    }

    /// Data that lies elsewhere and gets a place of its own: below the folder where the name is one, else below `data`.
    fn moved(facts: &Facts<'_>, what: &str, name: &str) -> Self {
        let listing = facts.basis.listing;
        let folder = format!("{}data", listing.project);
        let is_file = name.contains('.') && !name.contains('/') && !name.contains(['{', '*', '%', '<', '$']);
        let path = match name {
            _ if is_file => format!("{folder}/{name}"),
            _ if name.contains('/') || listing.has_folder(name) => format!("{name}/raw"),
            _ if listing.has_folder(&folder) => format!("{folder}/raw"),
            _ => folder,
        };
        let first = format!("put {what} into `{path}`, and let the code read it there");
        Self {
            first: Some(first),
            ..Self::new_file(&path)
        }
    }

    /// A committed file; its folder where that holds nothing but data of its kind, else the files beside it that are read.
    fn committed(facts: &Facts<'_>, source: &DataSource) -> Self {
        let one = |paths: Vec<String>, is_pattern: bool| Self {
            paths,
            is_pattern,
            is_committed: true,
            first: None,
        };
        let name = &source.name;
        let Some((folder, file)) = name.rsplit_once('/') else {
            return one(vec![name.clone()], false);
        };
        let kind = file.rsplit_once('.').map_or("", |(_, kind)| kind);
        let is_kept = |file: &&File| file.presence != Presence::Untracked;
        let siblings: Vec<&File> = facts.basis.listing.below(folder).filter(is_kept).collect();
        let same_kind = siblings
            .iter()
            .filter(|found| found.folder() == folder && found.path.ends_with(&format!(".{kind}")))
            .count();
        if same_kind < 2 {
            return one(vec![name.clone()], false);
        }
        if siblings.iter().all(|file| is_data(file)) {
            return one(vec![folder.to_owned()], false);
        }
        let read = read_in(facts, folder);
        if read.len() > MOST || (read.len() < 2 && same_kind > MOST) {
            return one(vec![format!("{folder}/*.{kind}")], true);
        }
        one(read.into_iter().collect(), false)
    }

    /// How it is called in a sentence.
    pub(super) fn label(&self) -> String {
        match self.paths.as_slice() {
            [] => "the data".to_owned(),
            [one] => format!("`{one}`"),
            [first, second] => format!("`{first}` and `{second}`"),
            [first, rest @ ..] => format!("`{first}` and {} more files", rest.len()),
        }
    }

    /// The commands that put it under DVC and send it to a remote.
    pub(super) fn tracked(&self, facts: &Facts<'_>) -> Implementation {
        let start = match &self.first {
            Some(sentence) => Implementation::default().decide(sentence.clone()),
            None => Implementation::default(),
        };
        let quoted: Vec<String> = self.paths.iter().map(|path| format!("\"{path}\"")).collect();
        let paths = quoted.join(" ");
        let mut commands = set_up(facts);
        if self.is_committed {
            // Git's own pattern reaches into the folders below.
            commands += &match self.is_pattern {
                true => format!("git rm --cached \":(glob){}\"\n", self.paths[0]),
                false => format!("git rm -r --cached {paths}\n"),
            };
        }
        let option = if self.is_pattern { "--glob " } else { "" };
        commands += &format!("dvc add {option}{paths}\ndvc push\n{}", self.commit());
        start.run(commands)
    }

    /// The commands that commit what DVC has left: its files, and the lists of what Git is to ignore.
    fn commit(&self) -> String {
        let mut written: Vec<String> = Vec::new();
        for path in &self.paths {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let below = |name: &str| match folder {
                "" => format!("\"{name}\""),
                _ => format!("\"{folder}/{name}\""),
            };
            written.push(match self.is_pattern {
                true => below("*.dvc"),
                false => format!("\"{path}.dvc\""),
            });
            written.push(below(".gitignore"));
        }
        let unique: BTreeSet<&String> = written.iter().collect();
        let files: Vec<&str> = unique.into_iter().map(String::as_str).collect();
        let what = match self.paths.as_slice() {
            [one] if !self.is_pattern => one,
            _ => "the data",
        };
        format!(
            "git add .dvc {}\ngit commit -m \"Track {what} by DVC\"",
            files.join(" ")
        )
    }
}

/// What of DVC is not set up yet, up to a remote that others can reach.
pub(super) fn set_up(facts: &Facts<'_>) -> String {
    let is_set_up =
        facts.versioning.data.idle_dvc.is_some() || facts.basis.listing.file(".dvc/config").is_some();
    let cloud = Cloud::of(facts);
    match &facts.environment.data.remote {
        Some(remote) if remote.is_shared => String::new(),
        Some(remote) => format!("dvc remote modify {} url {}\n", remote.name, cloud.address()),
        None => {
            let start = match is_set_up {
                true => String::new(),
                false => format!("{}\n", start_dvc(facts, cloud.package())),
            };
            format!("{start}dvc remote add --default storage {}\n", cloud.address())
        }
    }
}

/// The committed files of a folder that the code reads.
fn read_in(facts: &Facts<'_>, folder: &str) -> BTreeSet<String> {
    let data = &facts.versioning.data;
    let sources = data.entries.iter().flat_map(|(_, sources)| sources);
    sources
        .chain(&data.elsewhere)
        .filter(|source| source.pin == Pin::Committed && source.access == Access::File)
        .filter(|source| source.name.rsplit_once('/').is_some_and(|(of, _)| of == folder))
        .map(|source| source.name.clone())
        .collect()
}

/// Whether a file is data: neither code nor documentation, neither hidden nor a model.
fn is_data(file: &File) -> bool {
    let is_code = matches!(
        file.extension().as_str(),
        "go" | "jsx" | "kt" | "php" | "rb" | "rs" | "scala" | "sql" | "vue" | "xsh"
    );
    is_content(file) && !is_code && !is_model_path(&file.path)
}

/// Whether the code itself writes a file of this name: what it is made from is to be kept.
fn is_written(facts: &Facts<'_>, name: &str) -> bool {
    let codebase = &facts.basis.codebase;
    let mut writes = facts.basis.uses.with(Role::PrepareData);
    writes.any(|found| {
        let site = found.site(codebase);
        let mut given = site.call.arguments.iter();
        !codebase.file(found.file).is_test && given.any(|argument| argument.value.as_str() == Some(name))
    })
}

/// Whether a path is one of a machine or a session, which no clone has: a mounted drive, the input of a hosted notebook,
/// a cache.
fn is_of_machine(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !matches!(*part, "." | ".."));
    let is_cache = |part: &str| {
        let lower = part.trim_start_matches('.').to_ascii_lowercase();
        matches!(
            lower.as_str(),
            "cache" | "caches" | "tmp" | "temp" | "__pycache__"
        )
    };
    let first = parts.clone().next().unwrap_or_default();
    let is_mounted = matches!(first, "content" | "drive" | "gdrive" | "kaggle" | "mnt");
    is_mounted || parts.any(|part| is_cache(part) || part == "MyDrive")
}

/// The folders of a path up to what only a run knows: `data` of `data/{}/raw.csv`.
fn known_part(name: &str) -> &str {
    let Some(hole) = name.find(['{', '*', '?', '%', '<', '$']) else {
        return name.trim_end_matches('/');
    };
    name[..hole].rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A relative path from the root; one with `..` is taken from the file that reads it. `None` where it leaves the root.
fn rooted(path: &str, reader: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    if path.split('/').any(|part| part == "..") {
        let folder = reader.rsplit_once('/').map_or("", |(folder, _)| folder);
        parts.extend(folder.split('/').filter(|part| !part.is_empty()));
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{is_of_machine, known_part, rooted};

    #[test]
    fn paths_are_taken_from_the_root() {
        assert_eq!(
            rooted("data/a.csv", "src/train.py").as_deref(),
            Some("data/a.csv")
        );
        assert_eq!(
            rooted("../data/a.csv", "notebooks/eda.ipynb").as_deref(),
            Some("data/a.csv")
        );
        assert_eq!(rooted("../../a.csv", "notebooks/eda.ipynb"), None);
        assert_eq!(rooted("./", "train.py"), None);
    }

    #[test]
    fn mounted_drives_and_caches_are_of_a_machine() {
        assert!(is_of_machine("drive/MyDrive/rows.csv"));
        assert!(is_of_machine("./cache"));
        assert!(is_of_machine("../input/.cache/rows.csv"));
        assert!(!is_of_machine("data/drive/rows.csv"));
        assert!(!is_of_machine("data/cached_rows.csv"));
    }

    #[test]
    fn what_only_a_run_knows_is_no_path() {
        assert_eq!(known_part("data/{}/a.csv"), "data");
        assert_eq!(known_part("{}/popular"), "");
        assert_eq!(known_part("data/raw/"), "data/raw");
    }
}
