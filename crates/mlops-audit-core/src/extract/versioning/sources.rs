//! Calls and commands at which data comes in, each with what pins it.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, Language};

use super::data::{Access, DataSource, Pin};
use super::handed::hands_data;
use super::kaggle::competitions;
use super::locations::Locations;
use super::model_paths::is_model_path;
use super::paths::Texts;
use super::readers::{Reads, is_download, may_read, takes_values};
use super::shelves::Shelves;
use super::wording::{
    ARCHIVES, asks_after_service, cut, has_commit, has_data_ending, has_date_or_version, is_by_product,
    is_statement_without_rows, live_source, may_be_data, readable, reads,
};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::Site;
use crate::extract::uses::shortened;

/// Reads calls and commands.
pub(super) struct Reader<'a> {
    pub(super) basis: &'a Basis<'a>,
    texts: &'a Texts<'a>,
    shelves: &'a Shelves,
    pub(super) locations: &'a Locations<'a>,
    /// Names of the Kaggle competitions that the documentation links to.
    competitions: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    /// A reader of this repository.
    pub(super) fn new(
        basis: &'a Basis<'a>,
        texts: &'a Texts<'a>,
        shelves: &'a Shelves,
        locations: &'a Locations<'a>,
    ) -> Self {
        Self {
            basis,
            texts,
            shelves,
            locations,
            competitions: competitions(basis),
        }
    }

    /// The calls outside tests that may read data.
    pub(super) fn reading(&self) -> Vec<Site<'a>> {
        let handing = self.basis.codebase.calls_of_definitions();
        let handing = handing.filter(|site| hands_data(site.call));
        self.basis
            .wanted()
            .with_role(&[
                Role::HubDataset,
                Role::PinnedDataset,
                Role::DataVersioning,
                Role::LoadData,
            ])
            .with_target(may_read)
            .with_method(|method| Reads::by_method(method).is_some())
            .with_sites(handing.map(|site| (site.file, site.index)))
            .outside_tests()
    }

    /// What a call reads, if it reads data.
    pub(super) fn read(&self, site: Site<'a>, found: &mut Vec<DataSource>) {
        let uses = &self.basis.uses;
        let has = |role| uses.has(site.file, site.index, role);
        let target = uses.target(&self.basis.codebase, site);
        if has(Role::LoadModel) && !has(Role::LoadData) {
            return;
        }
        if has(Role::HubDataset) || target.ends_with("datasets.load_dataset") {
            self.hub(site, target, found);
        } else if has(Role::PinnedDataset) {
            found.push(self.pinned(
                site,
                format!("loads the benchmark {}", shortened(target)),
                "its library",
                Access::Benchmark,
            ));
        } else if has(Role::DataVersioning) {
            self.store(site, target, found);
        } else if let Some(access) = live_source(target, has(Role::LoadData)) {
            self.live(site, target, access, found);
        } else if target.starts_with("sklearn.datasets.make_") {
            self.made(site, target, found);
        } else if let Some(definition) = self.basis.codebase.callee(site) {
            self.handed(site, definition, found);
        } else if let Some(argument) = self.location_argument(site, target, has(Role::LoadData)) {
            let texts = self.texts.of(site.file, site.call.scope, argument);
            for text in texts {
                if let Some(source) = self.classify(site, target, &text) {
                    found.push(source);
                }
            }
        }
    }

    /// The argument that says what is read; `None` where the call reads no data.
    fn location_argument(&self, site: Site<'a>, target: &str, loads: bool) -> Option<&'a Expr> {
        const NAMES: &[&str] = &[
            "filepath_or_buffer",
            "path",
            "file_path",
            "filename",
            "file",
            "io",
            "directory",
            "root",
            "data_dir",
            "data_files",
            "fname",
            "url",
            "src",
            "source",
            "input_dir",
            "root_dir",
            "origin",
            "f",
            "text_file",
        ];
        let call = site.call;
        let first = || {
            NAMES
                .iter()
                .find_map(|name| call.keyword(name))
                .or_else(|| call.positional(0))
        };
        let is_python = || self.basis.codebase.file(site.file).code.language == Language::Python;
        match Reads::by_target(target).or_else(|| Reads::by_method(call.method())) {
            Some(Reads::First) if is_download(target) => call.keyword("url").or_else(first),
            Some(Reads::First) => first(),
            Some(Reads::Opened) => first().filter(|_| reads(call.argument("mode", Some(1)))),
            Some(Reads::Receiver) => self.receiver(site),
            Some(Reads::ReceiverIfPath) if target.contains("athlib") => self.receiver(site),
            Some(Reads::Directory) => call.argument("directory", Some(1)),
            Some(Reads::Origin) => call.argument("origin", Some(1)),
            Some(Reads::Key) if call.arguments.len() >= 2 => call.argument("Key", Some(1)),
            Some(Reads::ForeignTable) if !is_python() => first(),
            _ if loads && !takes_values(target) => first(),
            _ => None,
        }
    }

    /// The object that a method is called on.
    fn receiver(&self, site: Site<'a>) -> Option<&'a Expr> {
        match &site.call.callee {
            Expr::Attribute(base, _) => Some(base),
            Expr::Name(name) => {
                let (base, _) = name.path.rsplit_once('.')?;
                let bound = self
                    .basis
                    .codebase
                    .assignments(site.file, site.call.scope, base)
                    .next()?;
                Some(&bound.value)
            }
            _ => None,
        }
    }

    fn hub(&self, site: Site<'a>, target: &str, found: &mut Vec<DataSource>) {
        let argument = site
            .call
            .argument("path", Some(0))
            .or_else(|| site.call.keyword("repo_id"));
        let names = argument.map_or_else(Vec::new, |value| self.texts.of(site.file, site.call.scope, value));
        let name = names.first().cloned().unwrap_or_else(|| "a data set".to_owned());
        let is_local_format = matches!(
            name.as_str(),
            "csv" | "json" | "text" | "parquet" | "imagefolder" | "audiofolder" | "arrow" | "pandas" | "xml"
        );
        if is_local_format {
            let files = site
                .call
                .keyword("data_files")
                .or_else(|| site.call.keyword("data_dir"));
            let files = match files {
                Some(Expr::Dict(entries)) => entries.first().map(|(_, value)| value),
                files => files,
            };
            let texts = files.map_or_else(Vec::new, |files| self.texts.of(site.file, site.call.scope, files));
            found.extend(texts.iter().filter_map(|text| self.classify(site, target, text)));
            return;
        }
        if name.starts_with(['.', '/'])
            || self
                .locations
                .find(&self.path(site), &name)
                .is_some_and(|_| name.contains('/'))
        {
            found.extend(self.classify(site, target, &name));
            return;
        }
        let revision = site
            .call
            .keyword("revision")
            .filter(|value| **value != Expr::None);
        let revision_text =
            revision.map_or_else(Vec::new, |value| self.texts.of(site.file, site.call.scope, value));
        let moving = revision_text
            .iter()
            .any(|text| matches!(text.as_str(), "main" | "master"));
        let pin = match revision {
            Some(_) if !moving => Pin::Version("a revision".to_owned()),
            _ => Pin::Nothing(format!("the hub data set `{name}` has no revision")),
        };
        let what = match &pin {
            Pin::Version(_) => format!("loads {name} at a revision"),
            _ => format!("loads {name} from the hub without a revision"),
        };
        found.push(self.source(site, name, pin, what, Access::Hub));
    }

    /// A store that gives versions: DVC's interface, a tracker's artifact, a checksum.
    fn store(&self, site: Site<'a>, target: &str, found: &mut Vec<DataSource>) {
        let call = site.call;
        let by_hash = ["known_hash", "file_hash", "md5_hash", "md5", "registry"]
            .iter()
            .any(|name| call.keyword(name).is_some_and(|value| *value != Expr::None));
        let is_dvc = target.starts_with("dvc.");
        if is_dvc && call.keyword("rev").is_none() && call.keyword("repo").is_none() {
            let texts = call
                .positional(0)
                .map_or_else(Vec::new, |path| self.texts.of(site.file, call.scope, path));
            if let Some(source) = texts.iter().find_map(|text| self.classify(site, target, text)) {
                found.push(source);
                return;
            }
        }
        let (what, by) = if by_hash {
            (
                "checks the download against its hash".to_owned(),
                "a checksum".to_owned(),
            )
        } else {
            (
                format!("takes a version of the data by {}", shortened(target)),
                tool_name(self.basis, site),
            )
        };
        found.push(self.pinned(site, what, &by, Access::Store));
    }

    /// Tables, buckets and topics that change under their name.
    fn live(&self, site: Site<'a>, target: &str, access: Access, found: &mut Vec<DataSource>) {
        let texts: Vec<String> = site
            .call
            .positional(0)
            .map_or_else(Vec::new, |value| self.texts.of(site.file, site.call.scope, value));
        let travel = texts.iter().any(|text| {
            let text = text.to_ascii_uppercase();
            text.contains("VERSION AS OF")
                || text.contains("TIMESTAMP AS OF")
                || text.contains("FOR SYSTEM_TIME AS OF")
                || text.contains("AT(")
        });
        if access == Access::Table && texts.iter().any(|text| is_statement_without_rows(text)) {
            return;
        }
        let what = shortened(target);
        if travel {
            found.push(self.pinned(
                site,
                format!("reads a table at a version by {what}"),
                "a table version",
                Access::Store,
            ));
            return;
        }
        let (name, reason) = match access {
            Access::Table => ("a table".to_owned(), "a live table is read as it is".to_owned()),
            Access::Kaggle => {
                let name = texts
                    .first()
                    .cloned()
                    .unwrap_or_else(|| "a Kaggle data set".to_owned());
                if target.contains("competition") {
                    let pin = Pin::Name("a Kaggle competition".to_owned());
                    found.push(self.source(
                        site,
                        name,
                        pin,
                        "downloads a Kaggle competition".to_owned(),
                        access,
                    ));
                    return;
                }
                if name.contains("/versions/") {
                    found.push(self.pinned(
                        site,
                        "downloads a version of a Kaggle data set".to_owned(),
                        "a Kaggle version",
                        access,
                    ));
                    return;
                }
                (name, "the Kaggle data set has no version".to_owned())
            }
            _ => (
                "a bucket".to_owned(),
                "an object store is read without a version".to_owned(),
            ),
        };
        found.push(self.source(
            site,
            name,
            Pin::Nothing(reason),
            format!("reads by {what}"),
            access,
        ));
    }

    fn made(&self, site: Site<'a>, target: &str, found: &mut Vec<DataSource>) {
        let seed = site
            .call
            .keyword("random_state")
            .filter(|value| **value != Expr::None);
        let what = shortened(target);
        let (pin, what) = match seed {
            Some(_) => (Pin::Generated, format!("generates data by {what} with a seed")),
            None => (
                Pin::Nothing("is generated without a seed".to_owned()),
                format!("generates data by {what} without a seed"),
            ),
        };
        found.push(self.source(site, "generated data".to_owned(), pin, what, Access::Generator));
    }

    /// What pins what stands at a path or address.
    fn classify(&self, site: Site<'a>, target: &str, text: &str) -> Option<DataSource> {
        if is_download(target) && asks_after_service(text) {
            return None;
        }
        if text.contains("://") || text.starts_with("www.") {
            return self.address(site, text);
        }
        // What the code asks an address with is no path, whatever it is put together from.
        if is_download(target) {
            let pin = Pin::Nothing("the address has neither version nor checksum".to_owned());
            let (name, what) = ("an address", "asks an address");
            return Some(self.source(site, name.to_owned(), pin, what.to_owned(), Access::Download));
        }
        let is_simulator = target.ends_with("gym.make") || target.ends_with("gymnasium.make");
        if is_simulator {
            let versioned = text
                .rsplit_once("-v")
                .is_some_and(|(_, end)| end.bytes().all(|b| b.is_ascii_digit()));
            return versioned.then(|| {
                let pin = Pin::Name("a simulator of a versioned name".to_owned());
                self.source(
                    site,
                    text.to_owned(),
                    pin,
                    format!("simulates {text}"),
                    Access::Generator,
                )
            });
        }
        let plain_open = matches!(target, "open" | "io.open" | "codecs.open")
            || matches!(site.call.method(), "open" | "read_text" | "read_bytes");
        if plain_open && !may_be_data(text) {
            return None;
        }
        if is_model_path(text) && plain_open {
            return None;
        }
        let from = self.path(site);
        if let Some(shelf) = self.shelves.covering(&from, text) {
            let mut source = self.source(
                site,
                readable(text),
                Pin::Version(shelf.tool.to_owned()),
                format!("reads {}", readable(text)),
                Access::File,
            );
            source.evidence = shelf.evidence.clone();
            return Some(source);
        }
        if let Some(file) = self.locations.find(&from, text) {
            let of_tests = file
                .path
                .split('/')
                .any(|part| matches!(part, "tests" | "fixtures"));
            if is_by_product(&file.path) || of_tests {
                return None;
            }
            let mut source = self.source(
                site,
                file.path.clone(),
                Pin::Committed,
                format!("reads {}", readable(text)),
                Access::File,
            );
            source.evidence = Evidence::file(file.path.clone(), "a data file in Git");
            return Some(source);
        }
        if self.is_of_competition(text) {
            let pin = Pin::Name("a Kaggle competition".to_owned());
            return Some(self.source(
                site,
                text.to_owned(),
                pin,
                format!("reads {text}"),
                Access::Kaggle,
            ));
        }
        let name = readable(text);
        let what = format!("reads {name}");
        Some(self.source(site, name, Pin::Elsewhere, what, Access::File))
    }

    /// Whether a path is where Kaggle, or who downloads from it, puts the files of a competition that the documentation
    /// links to.
    fn is_of_competition(&self, text: &str) -> bool {
        let named = text.split('/').any(|part| self.competitions.contains(part));
        let mut folders = text.rsplit('/').skip(1);
        let is_raw = has_data_ending(&text.to_ascii_lowercase())
            && folders.any(|folder| matches!(folder, "data" | "input" | "raw"));
        named
            || self.competitions.len() == 1
                && (is_raw || text.starts_with("../input/") && text.matches('/').count() == 2)
    }

    fn address(&self, site: Site<'a>, text: &str) -> Option<DataSource> {
        let (pin, access) = self.pin_of_address(text)?;
        let what = format!("reads {}", cut(text));
        Some(self.source(site, text.to_owned(), pin, what, access))
    }

    /// What pins the content behind an address. None where the address is no data (a web service of the project).
    pub(super) fn pin_of_address(&self, text: &str) -> Option<(Pin, Access)> {
        let lower = text.to_ascii_lowercase();
        if lower.contains("localhost")
            || lower.contains("127.0.0.1")
            || lower.contains("api.") && !has_data_ending(&lower)
        {
            return None;
        }
        // Weights and word vectors that training starts from are no data of its own.
        let is_pretrained = is_model_path(lower.split('?').next().unwrap_or(&lower))
            || [
                "/glove.",
                "word2vec",
                "googlenews-vectors",
                "fasttext",
                "/wiki-news-",
            ]
            .iter()
            .any(|name| lower.contains(name));
        if is_pretrained {
            return None;
        }
        let bucket = [
            "s3://",
            "gs://",
            "abfs",
            "wasb",
            "azureml://",
            "hdfs://",
            "minio://",
        ]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
            || lower.contains(".s3.")
            || lower.contains("s3.amazonaws");
        let access = if bucket { Access::Bucket } else { Access::Download };
        if lower.contains("versionid=") || has_commit(&lower) {
            return Some((Pin::Version("the commit in its address".to_owned()), access));
        }
        if (lower.contains("github") || lower.contains("gitlab")) && !lower.contains("/releases/") {
            let own = self.own_file(text);
            if own {
                return Some((Pin::Committed, access));
            }
            return Some((
                Pin::Nothing("the address is on a branch that moves".to_owned()),
                access,
            ));
        }
        if lower.contains("drive.google")
            || lower.contains("dropbox.com")
            || lower.contains("1drv.ms")
            || lower.contains("sharepoint")
        {
            return Some((Pin::Nothing("a share link pins nothing".to_owned()), access));
        }
        if ARCHIVES.iter().any(|archive| lower.contains(archive)) {
            return Some((Pin::Name("an archive's record".to_owned()), access));
        }
        if lower.contains("kaggle.com/c/") || lower.contains("kaggle.com/competitions/") {
            return Some((Pin::Name("a Kaggle competition".to_owned()), Access::Kaggle));
        }
        if lower.contains("/releases/download/") || has_date_or_version(&lower) {
            return Some((Pin::Name("a dated or versioned name".to_owned()), access));
        }
        Some((
            Pin::Nothing(if bucket {
                "an object store is read without a version".to_owned()
            } else {
                "the address has neither version nor checksum".to_owned()
            }),
            access,
        ))
    }

    /// Whether an address of a forge names a file of this repository.
    fn own_file(&self, text: &str) -> bool {
        let Some((_, rest)) = text.split_once("://") else {
            return false;
        };
        let parts: Vec<&str> = rest.split(['/', '?']).filter(|part| !part.is_empty()).collect();
        // A collection of data sets may hold a file of the same path.
        let is_collection = parts.get(2).is_some_and(|name| {
            matches!(
                name.to_ascii_lowercase().as_str(),
                "datasets" | "data" | "seaborn-data"
            )
        });
        // host / owner / name [/ blob|raw|refs/heads] / branch / path…
        (4..parts.len().min(8)).any(|from| {
            let path = parts[from..].join("/");
            path.contains('.') && self.basis.listing.file(&path).is_some() && !is_collection
        })
    }

    pub(super) fn path(&self, site: Site<'_>) -> String {
        self.basis.codebase.file(site.file).path.clone()
    }

    pub(super) fn source(
        &self,
        site: Site<'a>,
        name: String,
        pin: Pin,
        what: String,
        access: Access,
    ) -> DataSource {
        let evidence = self.basis.codebase.evidence_at(site, cut(&what));
        DataSource {
            name,
            pin,
            evidence: evidence.clone(),
            read_at: evidence,
            node: Some(self.basis.codebase.node_of(site)),
            access,
            is_downstream: false,
        }
    }

    fn pinned(&self, site: Site<'a>, what: String, by: &str, access: Access) -> DataSource {
        let name = shortened(self.basis.uses.target(&self.basis.codebase, site));
        self.source(site, name, Pin::Version(by.to_owned()), what, access)
    }
}

/// The name of the tool that a call belongs to.
fn tool_name(basis: &Basis<'_>, site: Site<'_>) -> String {
    let tool = basis
        .uses
        .of(site.file, site.index)
        .find(|found| found.role == Role::DataVersioning);
    tool.map_or_else(String::new, |found| basis.catalogue.tool(found.tool).name.clone())
}
