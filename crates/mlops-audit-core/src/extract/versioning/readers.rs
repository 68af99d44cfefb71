//! Calls that may read data, told by their names alone, and where each says what it reads.
//!
//! One table for qualified names and one for methods: what picks the calls out of all is what they are then read by.

use mlops_audit_formats::dotted::last_segment;

use super::wording::live_source;

/// Where a call says what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// In its first argument, or the one that is named for a place.
    First,
    /// In its first argument, if the mode is one of reading.
    Opened,
    /// In its first argument, in languages other than Python: there, the catalogue may not know it.
    ForeignTable,
    /// It is what the method is called on.
    Receiver,
    /// It is what the method is called on, if that is a path.
    ReceiverIfPath,
    /// In the folder beside the table that it is handed.
    Directory,
    /// In the address behind the name that it is to have here.
    Origin,
    /// In the name of an object in a bucket.
    Key,
}

impl Reads {
    /// Where a call of this qualified name says it.
    pub(super) fn by_target(target: &str) -> Option<Self> {
        let found = match target {
            "open" | "io.open" | "codecs.open" | "builtins.open" | "h5py.File" => Self::Opened,
            "os.listdir" | "os.walk" | "os.scandir" | "glob.glob" | "glob.iglob" | "CSV.read"
            | "CSV.File" => Self::First,
            _ if is_download(target) => Self::First,
            _ => match last_segment(target) {
                "get_file" => Self::Origin,
                "image_dataset_from_directory"
                | "ImageFolder"
                | "DatasetFolder"
                | "memmap"
                | "loadmat"
                | "download_url_to_file"
                | "open_dataset" => Self::First,
                "fread" | "read_csv" | "read_tsv" | "read_excel" | "read.csv" | "read.table"
                | "read_parquet" => Self::ForeignTable,
                _ => return None,
            },
        };
        Some(found)
    }

    /// Where a method of this name says it, whatever it is called on.
    pub(super) fn by_method(method: &str) -> Option<Self> {
        let found = match method {
            "glob" | "rglob" | "iterdir" | "read_text" | "read_bytes" => Self::Receiver,
            "open" => Self::ReceiverIfPath,
            "flow_from_directory" | "from_directory" => Self::First,
            "flow_from_dataframe" => Self::Directory,
            "download_file" => Self::Key,
            _ => return None,
        };
        Some(found)
    }
}

/// Whether a call of this qualified name may read data, also from what is no file.
pub(super) fn may_read(target: &str) -> bool {
    Reads::by_target(target).is_some()
        || target.ends_with("datasets.load_dataset")
        || target.starts_with("sklearn.datasets.make_")
        || live_source(target, false).is_some()
}

/// Calls whose first argument is a value that was read before, though the catalogue has them load data.
pub(super) fn takes_values(target: &str) -> bool {
    matches!(
        last_segment(target),
        "DataLoader" | "from_tensor_slices" | "from_generator" | "from_pandas" | "flow" | "load_from_df"
    )
}

/// Calls that fetch an address.
pub(super) fn is_download(target: &str) -> bool {
    matches!(
        target,
        "requests.get"
            | "urllib.request.urlretrieve"
            | "urllib.request.urlopen"
            | "urllib.urlretrieve"
            | "wget.download"
            | "httpx.get"
            | "torch.hub.download_url_to_file"
            | "torchvision.datasets.utils.download_url"
            | "torchvision.datasets.utils.download_and_extract_archive"
            | "gdown.download"
            | "gdown.download_folder"
            | "gdown.cached_download"
            | "opendatasets.download"
            | "pooch.retrieve"
            | "utils.download.file"
            | "Downloads.download"
    ) || target.ends_with("Session.get") && target.starts_with("requests")
}
