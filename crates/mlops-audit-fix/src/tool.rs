//! A program of the user's machine that has to do what an edit cannot. This crate only says how it is called.

/// A program with its arguments, and what has to be known before it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name, as it is looked for on the path: `uv`.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder that it is run in, relative to the root; empty for the root itself.
    pub folder: String,
    /// A file of that folder that is renamed first, and the name that it gets.
    pub renames: Option<(String, String)>,
    /// The file that it writes, relative to the root.
    pub writes: String,
    /// How it is installed.
    pub install: &'static str,
    /// Variables of the environment that keep it from building packages, and from what else it should not do.
    pub environment: &'static [(&'static str, &'static str)],
    /// Whether it may build packages, which runs code of theirs: some tools cannot be kept from it.
    pub builds: bool,
    /// Whether it uses the network.
    pub uses_network: bool,
    /// Whether it runs the Python of a virtual environment that lies in the project.
    pub uses_project_python: bool,
}

impl Tool {
    /// The lines to type, from the root.
    pub fn command(&self) -> String {
        let mut lines = beforehand(&self.folder, self.renames.as_ref());
        lines.push(self.call());
        lines.join(" && ")
    }

    /// The call of the program alone.
    pub fn call(&self) -> String {
        let words = self.arguments.iter().map(|word| quoted(word));
        let words: Vec<String> = std::iter::once(self.program.to_owned()).chain(words).collect();
        words.join(" ")
    }
}

/// The lines to type before a program is run in a folder, where a file of it is renamed first.
pub(crate) fn beforehand(folder: &str, renames: Option<&(String, String)>) -> Vec<String> {
    let enter = Some(folder)
        .filter(|folder| !folder.is_empty())
        .map(|folder| format!("cd {}", quoted(folder)));
    let rename = renames.map(|(from, to)| format!("git mv {} {}", quoted(from), quoted(to)));
    enter.into_iter().chain(rename).collect()
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_./:=@%+,".contains(sign);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
