//! The cloud that a project works in, and what its stores are called.

use crate::extract::Facts;

/// Where the project keeps its objects; S3, which most stores understand, where nothing tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cloud {
    #[default]
    Amazon,
    Google,
    Azure,
}

impl Cloud {
    /// The cloud whose libraries, addresses and commands the project has; the one with most signs.
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let mut signs = [0_usize; 3];
        let codebase = &facts.basis.codebase;
        for source in codebase.files.iter().filter(|source| !source.is_test) {
            let imports = source.code.imports.iter().map(|import| import.module.as_str());
            let imported = imports.filter_map(Self::of_module);
            let addresses = source
                .code
                .strings
                .iter()
                .filter_map(|text| Self::of_address(&text.value));
            for cloud in imported.chain(addresses) {
                signs[cloud as usize] += 1;
            }
        }
        for runner in &facts.basis.runs.runners {
            let words = runner.invocations.iter().filter_map(|found| found.words.first());
            for cloud in words.filter_map(|word| Self::of_program(word)) {
                signs[cloud as usize] += 1;
            }
        }
        [Self::Google, Self::Azure]
            .into_iter()
            .filter(|cloud| signs[*cloud as usize] > signs[Self::Amazon as usize])
            .max_by_key(|cloud| signs[*cloud as usize])
            .unwrap_or_default()
    }

    fn of_module(module: &str) -> Option<Self> {
        let is_below = |package: &str| {
            module == package
                || module
                    .strip_prefix(package)
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        if is_below("google.cloud") || is_below("gcsfs") || is_below("vertexai") {
            return Some(Self::Google);
        }
        if is_below("azure") || is_below("azureml") || is_below("adlfs") {
            return Some(Self::Azure);
        }
        let is_amazon =
            is_below("boto3") || is_below("s3fs") || is_below("sagemaker") || is_below("botocore");
        is_amazon.then_some(Self::Amazon)
    }

    /// The cloud that an address of an object leads to.
    pub(super) fn of_address(text: &str) -> Option<Self> {
        let scheme = text.split_once("://")?.0;
        match scheme {
            "gs" => Some(Self::Google),
            "abfs" | "abfss" | "azure" | "az" | "wasbs" => Some(Self::Azure),
            "s3" | "s3a" | "s3n" => Some(Self::Amazon),
            _ => None,
        }
    }

    fn of_program(word: &str) -> Option<Self> {
        match word {
            "gcloud" | "gsutil" | "bq" => Some(Self::Google),
            "az" | "azcopy" => Some(Self::Azure),
            "aws" | "sam" => Some(Self::Amazon),
            _ => None,
        }
    }

    /// An address in its object store, to be filled in.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Amazon => "s3://BUCKET/PATH",
            Self::Google => "gs://BUCKET/PATH",
            Self::Azure => "azure://CONTAINER/PATH",
        }
    }

    /// The package of DVC with the client of its object store.
    pub(super) const fn package(self) -> &'static str {
        match self {
            Self::Amazon => "dvc[s3]",
            Self::Google => "dvc[gs]",
            Self::Azure => "dvc[azure]",
        }
    }
}
