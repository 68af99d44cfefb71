//! Packages that are known to be what their import says.

use mlops_audit_core::Inspection;
use mlops_audit_formats::requirements::normalised;

/// Packages of PyPI that are imported by their own name, beside those of the catalogue. A name that is not known is never
/// written into a manifest: anyone may have registered it.
const OF_OWN_NAME: &str = " \
accelerate aiofiles aiohttp albumentations alembic altair annoy anthropic arrow azure babel backoff biopython bokeh \
boto3 botocore cartopy catboost celery certifi chardet chromadb click cloudpickle colorama coloredlogs contextily \
cryptography cvxpy cycler cython dacite dask dash datasets decord diffusers dill django docker duckdb editdistance \
einops emoji fastapi fastparquet filelock fire flask folium fsspec ftfy fuzzywuzzy gensim geopandas geopy gevent \
gradio graphviz gspread gunicorn gym gymnasium h5py hdbscan httpx huggingface-hub humanize idna imageio imagehash \
imgaug inflect ipywidgets itsdangerous jax jaxlib jieba jinja2 joblib jsonlines jsonpickle jsonschema kaggle kneed \
langchain langdetect lazypredict librosa lightgbm lightning-utilities lime llvmlite loguru lxml mapie markdown \
markupsafe matplotlib mlxtend moviepy msgpack multiprocess nbformat networkx nibabel nltk numba numexpr numpy \
omegaconf openai openpyxl optuna orjson packaging pandas pandera papermill paramiko pathlib2 patsy peft pexpect \
pillow plotly plotnine pluggy polars prettytable prophet protobuf psutil pyarrow pycocotools pydantic \
pydantic-settings pydicom pydub pygments pymongo pymysql pynndescent pyod pyodbc pyparsing pypdf pyproj pytesseract \
pytz rasterio rapidfuzz redis regex requests rich safetensors scikit-learn scipy seaborn selenium sentencepiece shap \
shapely simplejson simpy six spacy sqlalchemy sqlmodel starlette statsmodels streamlit structlog sympy tables \
tabulate tenacity tensorflow termcolor textblob textdistance thop tifffile tiktoken timm tokenizers toml tomli toolz \
torch torchaudio torchmetrics torchvision tornado tqdm transformers trimesh tweepy typer typing-extensions ujson \
unidecode urllib3 uvicorn watchdog websockets werkzeug wget wordcloud xarray xgboost xlrd xlsxwriter xmltodict \
yfinance zstandard ";

/// Packages that conda's channels know by the name that PyPI has for them.
const ON_CONDA: &str = " \
beautifulsoup4 catboost click dask flask h5py imbalanced-learn joblib lightgbm lxml matplotlib networkx nltk \
numba numpy openpyxl pandas pillow plotly psutil pyarrow python-dateutil pytz pyyaml requests rich scikit-image \
scikit-learn scipy seaborn six sqlalchemy statsmodels sympy tabulate tqdm xarray xlrd ";

/// Roots of imports that many packages share, so that the root alone does not tell which is meant; and Mage, which brings
/// itself where its blocks run.
const SHARED: &[&str] = &[
    "azure",
    "community",
    "google",
    "mage_ai",
    "mpl_toolkits",
    "opentelemetry",
    "ruamel",
    "snowflake",
    "zope",
];

fn is_listed(names: &str, name: &str) -> bool {
    names.contains(&format!(" {name} "))
}

/// Whether a package is known to bring an import, and the only one to be meant by it.
pub fn is_known(inspection: &Inspection<'_>, package: &str, import: &str) -> bool {
    if SHARED.contains(&import) {
        return false;
    }
    let own = normalised(import);
    let named_by_catalogue = || {
        let tools = inspection.catalogue.imported(import).iter();
        tools
            .flat_map(|tool| &inspection.catalogue.tool(*tool).packages)
            .any(|name| normalised(name) == package)
    };
    // A package by another name than the import's is one that the audit knows.
    package != own || is_listed(OF_OWN_NAME, package) || named_by_catalogue()
}

/// Whether conda's channels know a package by the name that PyPI has for it.
pub fn on_conda(package: &str) -> bool {
    is_listed(ON_CONDA, package)
}
