//! What users say beside their choice of fixers: what no fixer may choose for them.

/// What a user gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The Python of the environment whose packages are to be the lock, by its whole path.
    pub interpreter: Option<String>,
    /// The name under which models are registered.
    pub model_name: Option<String>,
}

/// Whether a name of a model is one that every tracker takes, as a file name and in an address too.
pub fn is_model_name(name: &str) -> bool {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.');
    (1..=128).contains(&name.len())
        && name.starts_with(|sign: char| sign.is_ascii_alphanumeric())
        && name.chars().all(is_plain)
}
