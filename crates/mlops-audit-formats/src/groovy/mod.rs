//! Jenkinsfiles and the Groovy files beside them: stages, the commands of their steps, triggers.
//!
//! No Groovy is evaluated. The text is cut into words, strings and brackets (comments are gone then), and blocks are
//! told apart by what stands in front of their brace.

mod lexer;
mod reader;
#[cfg(test)]
mod tests;

use crate::shell::Script;
use crate::{Place, Problem};

/// A Jenkinsfile, declarative or scripted, or a Groovy file with functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jenkinsfile {
    /// Stages in the order of the text. Steps outside any stage and function stand in one without a name.
    pub stages: Vec<Stage>,
    /// Functions (`def f() { … }`) in the same form: their name, commands and calls.
    pub functions: Vec<Stage>,
    /// What starts the pipeline: `cron`, `pollSCM`, `upstream` or `githubPush`, the argument, the place.
    pub triggers: Vec<(String, String, Place)>,
    /// Parameters: name, default as text, place.
    pub parameters: Vec<(String, String, Place)>,
    /// `environment` blocks: name, value as text, place.
    pub environment: Vec<(String, String, Place)>,
    /// Steps of `post`: the condition (`failure`), the step's name, its arguments as written, the place.
    pub post: Vec<(String, String, String, Place)>,
    /// Shared libraries that the file loads.
    pub libraries: Vec<String>,
    /// Where the reader gave up.
    pub problems: Vec<Problem>,
}

/// A stage or function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// What `sh`, `bat`, `powershell` and `pwsh` steps run, with the place of the step.
    pub commands: Vec<(Script, Place)>,
    /// The body of its `when` block as written.
    pub when: Option<String>,
    /// Other steps and calls: the name (`docker.build`, `image.push`, `.push` on a result), the arguments as written,
    /// the place.
    pub calls: Vec<(String, String, Place)>,
}

/// Reads a Jenkinsfile or Groovy file.
pub fn read(text: &str) -> Jenkinsfile {
    reader::read(text)
}
