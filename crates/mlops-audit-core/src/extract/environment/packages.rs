//! Which packages imports come from, and which packages only developers need.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{BlockKind, Language, ScopeKind};
use mlops_audit_formats::requirements::normalised;
use rustc_hash::FxHashSet;

use super::{Install, Undeclared};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;
use crate::extract::standard_library;

/// Tools that check, test, format, document or package: what they do does not change the model.
const DEVELOPMENT: &[&str] = &[
    "autopep8",
    "awscli",
    "bandit",
    "black",
    "build",
    "bump2version",
    "commitizen",
    "coverage",
    "flake8",
    "hypothesis",
    "ipykernel",
    "ipython",
    "isort",
    "jupyter",
    "jupyterlab",
    "mypy",
    "nbconvert",
    "nbqa",
    "nbstripout",
    "notebook",
    "nox",
    "pip",
    "pip-audit",
    "pip-tools",
    "pipenv",
    "poetry",
    "poetry-core",
    "pre-commit",
    "pycodestyle",
    "pydocstyle",
    "pylint",
    "pyright",
    "pytest",
    "pyupgrade",
    "pyyaml-include",
    "rich-codex",
    "ruff",
    "safety",
    "setuptools",
    "sphinx",
    "tox",
    "twine",
    "ty",
    "uv",
    "virtualenv",
    "wheel",
    "yapf",
];

/// Whether a distribution is a tool for development only.
pub(super) fn is_development_tool(name: &str) -> bool {
    DEVELOPMENT.binary_search(&name).is_ok()
        || [
            "pytest-", "mkdocs", "sphinx-", "flake8-", "types-", "mypy-", "pylint-",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || name.ends_with("-stubs")
}

/// Imports whose distribution has another name and that the catalogue does not know.
const RENAMED: &[(&str, &[&str])] = &[
    ("Bio", &["biopython"]),
    ("Crypto", &["pycryptodome", "pycrypto"]),
    ("OpenSSL", &["pyopenssl"]),
    ("PIL", &["pillow"]),
    ("attr", &["attrs"]),
    ("bs4", &["beautifulsoup4", "bs4"]),
    (
        "cv2",
        &[
            "opencv-python",
            "opencv-python-headless",
            "opencv-contrib-python",
            "opencv-contrib-python-headless",
        ],
    ),
    ("dateutil", &["python-dateutil"]),
    ("decouple", &["python-decouple"]),
    ("docx", &["python-docx"]),
    ("dotenv", &["python-dotenv", "dotenv"]),
    ("faiss", &["faiss-cpu", "faiss-gpu", "faiss"]),
    ("fitz", &["pymupdf"]),
    ("git", &["gitpython"]),
    ("github", &["pygithub"]),
    ("hydra", &["hydra-core"]),
    ("igraph", &["python-igraph", "igraph"]),
    ("jose", &["python-jose"]),
    ("jwt", &["pyjwt"]),
    ("kafka", &["kafka-python", "kafka-python-ng"]),
    ("librosa", &["librosa"]),
    ("magic", &["python-magic"]),
    ("mpl_toolkits", &["matplotlib"]),
    ("multipart", &["python-multipart"]),
    ("mysql", &["mysql-connector-python", "mysql-connector"]),
    ("MySQLdb", &["mysqlclient"]),
    ("osgeo", &["gdal"]),
    ("past", &["future"]),
    ("pl_bolts", &["lightning-bolts", "pytorch-lightning-bolts"]),
    ("psycopg2", &["psycopg2", "psycopg2-binary"]),
    ("pptx", &["python-pptx"]),
    ("pydub", &["pydub"]),
    ("pylab", &["matplotlib"]),
    ("serial", &["pyserial"]),
    ("skimage", &["scikit-image"]),
    ("sklearn", &["scikit-learn", "sklearn", "scikit-learn-intelex"]),
    ("slugify", &["python-slugify"]),
    (
        "snowflake",
        &[
            "snowflake-connector-python",
            "snowflake-snowpark-python",
            "snowflake-ml-python",
        ],
    ),
    ("sqlalchemy", &["sqlalchemy"]),
    ("telegram", &["python-telegram-bot"]),
    ("tensorboard", &["tensorboard", "tensorflow"]),
    (
        "tensorflow",
        &[
            "tensorflow",
            "tensorflow-cpu",
            "tensorflow-gpu",
            "tensorflow-macos",
            "tf-nightly",
        ],
    ),
    (
        "keras",
        &["keras", "tensorflow", "tensorflow-cpu", "tensorflow-gpu"],
    ),
    ("usb", &["pyusb"]),
    ("wx", &["wxpython"]),
    ("xdist", &["pytest-xdist"]),
    ("yaml", &["pyyaml", "ruamel-yaml"]),
    ("zmq", &["pyzmq"]),
    ("Box2D", &["box2d", "box2d-py"]),
    ("Levenshtein", &["levenshtein", "python-levenshtein"]),
    ("absl", &["absl-py"]),
    ("community", &["python-louvain"]),
    ("dns", &["dnspython"]),
    ("ee", &["earthengine-api"]),
    ("ffmpeg", &["ffmpeg-python"]),
    ("googleapiclient", &["google-api-python-client"]),
    ("imblearn", &["imbalanced-learn", "imblearn"]),
    ("jenkins", &["python-jenkins"]),
    ("ldap", &["python-ldap"]),
    ("llama_cpp", &["llama-cpp-python"]),
    ("mmcv", &["mmcv", "mmcv-full"]),
    ("nacl", &["pynacl"]),
    ("pinecone", &["pinecone", "pinecone-client"]),
    ("psycopg", &["psycopg", "psycopg-binary"]),
    ("pythonjsonlogger", &["python-json-logger"]),
    ("pywt", &["pywavelets"]),
    ("rest_framework", &["djangorestframework"]),
    ("ruamel", &["ruamel-yaml"]),
    ("serpapi", &["google-search-results", "serpapi"]),
    ("skopt", &["scikit-optimize"]),
    ("sksurv", &["scikit-survival"]),
    ("soundfile", &["soundfile", "pysoundfile"]),
    ("speech_recognition", &["speechrecognition"]),
    ("st_aggrid", &["streamlit-aggrid"]),
    ("talib", &["ta-lib"]),
    ("tavily", &["tavily-python"]),
    ("umap", &["umap-learn"]),
    ("weaviate", &["weaviate-client"]),
    ("websocket", &["websocket-client"]),
    ("whois", &["python-whois", "whois"]),
    ("MeCab", &["mecab-python3"]),
    ("barcode", &["python-barcode"]),
    ("bson", &["pymongo"]),
    ("cairo", &["pycairo"]),
    ("camelot", &["camelot-py"]),
    ("cpuinfo", &["py-cpuinfo"]),
    ("discord", &["discord-py"]),
    ("fasttext", &["fasttext", "fasttext-wheel"]),
    ("gi", &["pygobject"]),
    ("gridfs", &["pymongo"]),
    ("impala", &["impyla"]),
    ("odf", &["odfpy"]),
    ("openslide", &["openslide-python"]),
    ("paho", &["paho-mqtt"]),
    ("pdfminer", &["pdfminer-six"]),
    ("progressbar", &["progressbar2", "progressbar"]),
    ("pynvml", &["nvidia-ml-py", "pynvml"]),
    ("scikitplot", &["scikit-plot"]),
    ("skbio", &["scikit-bio"]),
    ("skfuzzy", &["scikit-fuzzy"]),
    ("sklego", &["scikit-lego"]),
    ("skmultiflow", &["scikit-multiflow"]),
    ("skmultilearn", &["scikit-multilearn"]),
    ("socketio", &["python-socketio"]),
    ("spellchecker", &["pyspellchecker"]),
    ("tabula", &["tabula-py"]),
    ("tree", &["dm-tree"]),
    ("turbojpeg", &["pyturbojpeg"]),
    ("win32api", &["pywin32"]),
    ("win32com", &["pywin32"]),
];

/// Packages that the platform brings on which the code runs; Airflow brings `pendulum`.
const OF_PLATFORM: &[&str] = &[
    "IPython",
    "_pytest",
    "airflow",
    "awsglue",
    "dbutils",
    "distutils",
    "google",
    "nteract",
    "pendulum",
    "pip",
    "pkg_resources",
    "pyspark",
    "setuptools",
    "wheel",
];

/// What the first segments of imports tell that are of no other package.
struct Roots<'a> {
    /// Modules that Python itself brings.
    standard: FxHashSet<&'static str>,
    /// Folders and modules of the project, by which its own imports go.
    own: FxHashSet<&'a str>,
}

impl<'a> Roots<'a> {
    fn new(basis: &'a Basis<'_>) -> Self {
        Self {
            standard: standard_library::modules().collect(),
            own: own_names(basis),
        }
    }

    /// Whether an import of this first segment is of some package beside Python and the project.
    fn are_foreign(&self, root: &str) -> bool {
        !root.is_empty() && !self.standard.contains(root) && !self.own.contains(root)
    }
}

/// The distributions that an import may come from; the first is the one to name.
fn distributions(basis: &Basis<'_>, module: &str) -> Vec<String> {
    let root = module.split('.').next().unwrap_or(module);
    let mut found: Vec<String> = RENAMED
        .iter()
        .find(|(import, _)| *import == root)
        .map(|(_, names)| names.iter().map(|name| (*name).to_owned()).collect())
        .unwrap_or_default();
    for tool in basis.catalogue.imported(module) {
        found.extend(
            basis
                .catalogue
                .tool(*tool)
                .packages
                .iter()
                .map(|name| normalised(name)),
        );
    }
    let own = normalised(root);
    match found.iter().position(|name| *name == own) {
        // One entry of the catalogue may stand for several packages: the one of the import's own name is meant.
        Some(at) if !RENAMED.iter().any(|(import, _)| *import == root) => found.swap(0, at),
        Some(_) => {}
        None => found.push(own),
    }
    found
}

/// Whether only tests and checks use what an import brings.
fn is_for_checks(basis: &Basis<'_>, module: &str) -> bool {
    let tools = basis.catalogue.imported(module);
    !tools.is_empty()
        && tools.iter().all(|tool| {
            let roles = &basis.catalogue.tool(*tool).roles;
            !roles.is_empty()
                && roles
                    .keys()
                    .all(|role| matches!(role, Role::RunTests | Role::Lint | Role::IntegrationTest))
        })
}

/// Third-party packages that these files import and nothing declares, each with its first place.
pub(super) fn undeclared(
    basis: &Basis<'_>,
    files: &BTreeSet<FileIndex>,
    declared: &BTreeSet<String>,
) -> Vec<Undeclared> {
    let mut found: BTreeMap<String, Undeclared> = BTreeMap::new();
    let roots = Roots::new(basis);
    for index in files {
        let source = basis.codebase.file(*index);
        if source.code.language != Language::Python || source.is_test {
            continue;
        }
        for import in &source.code.imports {
            let root = import.module.split('.').next().unwrap_or_default();
            if !roots.are_foreign(root) {
                continue;
            }
            let optional = source
                .code
                .blocks_around(import.block)
                .any(|block| matches!(block.kind, BlockKind::Try | BlockKind::Except(_)));
            let scope = &source.code.scopes[source.code.blocks[import.block as usize].scope as usize];
            // What a function imports for itself is often optional; the steps of an orchestrator are not.
            let on_demand = scope.kind == ScopeKind::Function && scope.decorators.is_empty();
            if optional
                || on_demand
                || OF_PLATFORM.contains(&root)
                || basis.codebase.resolve_module(*index, &import.module).is_some()
                || is_for_checks(basis, &import.module)
            {
                continue;
            }
            let names = distributions(basis, &import.module);
            // Plug-ins and builds for other hardware carry the name in front: `tensorflow-cpu`, `opencv-python`.
            let prefix = format!("{}-", normalised(root));
            let is_declared = names
                .iter()
                .any(|name| declared.contains(name) || is_development_tool(name))
                || declared.iter().any(|name| name.starts_with(&prefix));
            if !is_declared {
                let name = names.first().cloned().unwrap_or_default();
                found.entry(name.clone()).or_insert_with(|| Undeclared {
                    package: name,
                    import: root.to_owned(),
                    evidence: basis
                        .codebase
                        .evidence(*index, import.place, format!("imports {root}")),
                });
            }
        }
    }
    found.into_values().collect()
}

/// All distributions that code outside tests may import.
pub(super) fn imported(basis: &Basis<'_>) -> BTreeSet<String> {
    let roots = Roots::new(basis);
    let mut modules: FxHashSet<&str> = FxHashSet::default();
    for source in basis.codebase.files.iter().filter(|file| !file.is_test) {
        modules.extend(source.code.imports.iter().map(|import| import.module.as_str()));
    }
    modules
        .into_iter()
        .filter(|module| roots.are_foreign(module.split('.').next().unwrap_or_default()))
        .flat_map(|module| distributions(basis, module))
        .collect()
}

/// What a manifest would have to name: each distribution that code outside tests imports, anywhere, and that commands
/// install, as the commands write it where they ask for a version.
pub(super) fn needed(basis: &Basis<'_>, installs: &[Install]) -> Vec<String> {
    let roots = Roots::new(basis);
    let mut modules: BTreeSet<&str> = BTreeSet::new();
    for source in basis.codebase.files.iter().filter(|file| !file.is_test) {
        let is_aside = super::is_aside(&source.path) || source.path.ends_with("setup.py");
        if source.code.language == Language::Python && !is_aside && basis.listing.in_project(&source.path) {
            modules.extend(source.code.imports.iter().map(|import| import.module.as_str()));
        }
    }
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let commands = installs.iter().filter(|install| !install.is_beside);
    for (install, written) in commands.flat_map(|install| install.packages.iter().zip(&install.written)) {
        // A build for one kind of hardware is on no index that others use: `torch==2.1.0+cu118`.
        let written = written
            .split_once('+')
            .map_or(written.as_str(), |(version, _)| version);
        let is_bare = normalised(written) == install.0;
        let known = found
            .entry(install.0.clone())
            .or_insert_with(|| written.to_owned());
        if !is_bare && normalised(known) == install.0 {
            written.clone_into(known);
        }
    }
    for module in modules {
        let root = module.split('.').next().unwrap_or_default();
        if !roots.are_foreign(root) || OF_PLATFORM.contains(&root) || is_for_checks(basis, module) {
            continue;
        }
        let names = distributions(basis, module);
        let prefix = format!("{}-", normalised(root));
        let is_named = names
            .iter()
            .any(|name| found.contains_key(name) || is_development_tool(name))
            || found.keys().any(|name| name.starts_with(&prefix));
        if let Some(name) = names.first().filter(|_| !is_named) {
            found.insert(name.clone(), name.clone());
        }
    }
    found.into_values().collect()
}

/// Folders and modules of the project, by which its own imports go.
fn own_names<'a>(basis: &'a Basis<'_>) -> FxHashSet<&'a str> {
    let mut names = FxHashSet::default();
    for file in &basis.codebase.files {
        let mut parts = file.path.split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_some() {
                names.insert(part);
            } else {
                names.insert(part.split('.').next().unwrap_or(part));
            }
        }
    }
    names
}
