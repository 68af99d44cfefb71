//! Commands at which data comes in, each with what pins it.

use super::data::{Access, DataSource, Pin};
use super::sources::Reader;
use super::wording::{cut, has_data_ending, is_program};
use crate::evidence::Evidence;

impl Reader<'_> {
    /// Commands that fetch data: of notebooks, scripts, CI, the documentation.
    pub(super) fn read_commands(&self, found: &mut Vec<DataSource>) {
        for invocation in self
            .basis
            .runs
            .runners
            .iter()
            .flat_map(|runner| &runner.invocations)
        {
            if !invocation.words.first().is_some_and(|first| may_fetch(first)) {
                continue;
            }
            let words: Vec<&str> = invocation.words.iter().map(String::as_str).collect();
            if let Some((name, pin, access)) = self.pin_of_command(&words) {
                let evidence = invocation.evidence(format!("runs {}", invocation.line()));
                found.push(DataSource {
                    name,
                    pin,
                    evidence: evidence.clone(),
                    read_at: evidence,
                    node: None,
                    access,
                    is_downstream: false,
                });
            }
        }
        for (at, file) in (0u32..).zip(&self.basis.codebase.files) {
            if file.is_test {
                continue;
            }
            for line in &file.code.shell_lines {
                let words: Vec<&str> = line.text.split_whitespace().collect();
                if let Some((name, pin, access)) = self.pin_of_command(&words) {
                    let evidence =
                        Evidence::new(file.path.clone(), line.place, format!("runs {}", cut(&line.text)));
                    found.push(DataSource {
                        name,
                        pin,
                        evidence: evidence.clone(),
                        read_at: evidence,
                        node: Some(crate::extract::codebase::Node::module(at)),
                        access,
                        is_downstream: false,
                    });
                }
            }
        }
    }

    fn pin_of_command(&self, words: &[&str]) -> Option<(String, Pin, Access)> {
        let first = program_of(words.first()?);
        let option = |names: &[&str]| {
            let at = words.iter().position(|word| names.contains(word))?;
            words.get(at + 1).map(|word| (*word).to_owned())
        };
        let address = || {
            words
                .iter()
                .map(|word| word.trim_matches(['"', '\'']))
                .find(|word| word.contains("://"))
        };
        match first {
            "kaggle" if words.contains(&"competitions") => {
                let name =
                    option(&["-c", "--competition"]).or_else(|| words.last().map(|w| (*w).to_owned()))?;
                Some((name, Pin::Name("a Kaggle competition".to_owned()), Access::Kaggle))
            }
            "kaggle" if words.contains(&"datasets") && words.contains(&"download") => {
                let name = option(&["-d", "--dataset"]).or_else(|| words.last().map(|w| (*w).to_owned()))?;
                let reason = format!("the Kaggle data set `{name}` has no version");
                Some((name, Pin::Nothing(reason), Access::Kaggle))
            }
            "gdown" => Some((
                words.last()?.to_string(),
                Pin::Nothing("a share link pins nothing".to_owned()),
                Access::Download,
            )),
            "wget" | "curl" => {
                let address = address()?;
                let lower = address.to_ascii_lowercase();
                if !has_data_ending(&lower) || is_program(&lower) {
                    return None;
                }
                let (pin, access) = self.pin_of_address(address)?;
                Some((address.to_owned(), pin, access))
            }
            "hf" | "huggingface-cli" if words.contains(&"download") && words.contains(&"dataset") => {
                let name = words.iter().skip(2).find(|word| word.contains('/'))?;
                let pin = match option(&["--revision"]) {
                    Some(_) => Pin::Version("a revision".to_owned()),
                    None => Pin::Nothing(format!("the hub data set `{name}` has no revision")),
                };
                Some(((*name).to_owned(), pin, Access::Hub))
            }
            _ => None,
        }
    }
}

/// The name of a program that is called by its path.
fn program_of(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether a command of this first word may fetch data.
fn may_fetch(first: &str) -> bool {
    matches!(
        program_of(first),
        "kaggle" | "gdown" | "wget" | "curl" | "hf" | "huggingface-cli"
    )
}
