//! How to close a gap, step by step. A step says what is done with it: a program can follow the first three kinds, and
//! people read all of them as one text. Places are those of the audited files: what is put above a place moves it down.

use std::fmt;

use crate::evidence::Evidence;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Commands of a shell, one a line.
    Run {
        /// The commands.
        text: String,
    },
    /// A file that is not there yet.
    Create {
        /// Its path, relative to the root.
        path: String,
        /// All of it.
        text: String,
    },
    /// Lines to put below a line of a file as they are, or at the end of the file where no line is named.
    Add {
        /// Where.
        place: Evidence,
        /// The lines, without the indentation of that place.
        text: String,
    },
    /// What a place has to look like; what stands there gives way.
    Change {
        /// Where.
        place: Evidence,
        /// The lines.
        text: String,
    },
    /// What only people can decide or do, in a sentence without a full stop.
    Decide {
        /// The sentence.
        text: String,
    },
}

/// The steps in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Implementation {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Implementation {
    /// Commands to run next; none where the text is empty.
    #[must_use]
    pub fn run(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.steps.push(Step::Run { text });
        }
        self
    }

    /// A file to create next.
    #[must_use]
    pub fn create(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.steps.push(Step::Create {
            path: path.into(),
            text,
        });
        self
    }

    /// Lines to add next, below a place.
    #[must_use]
    pub fn add(mut self, place: &Evidence, text: impl Into<String>) -> Self {
        self.steps.push(Step::Add {
            place: place.clone(),
            text: text.into(),
        });
        self
    }

    /// A place to change next.
    #[must_use]
    pub fn change(mut self, place: &Evidence, text: impl Into<String>) -> Self {
        self.steps.push(Step::Change {
            place: place.clone(),
            text: text.into(),
        });
        self
    }

    /// Something to decide next.
    #[must_use]
    pub fn decide(mut self, text: impl Into<String>) -> Self {
        self.steps.push(Step::Decide { text: text.into() });
        self
    }

    /// The same with the steps of another one behind.
    #[must_use]
    pub fn then(mut self, mut other: Self) -> Self {
        self.steps.append(&mut other.steps);
        self
    }
}

/// The sign that opens a comment in files of this name.
fn comment_sign(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit('.').next() {
        Some("sql") => "--",
        Some("groovy" | "js" | "ts") => "//",
        _ if name.starts_with("Jenkinsfile") => "//",
        _ => "#",
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { text } => formatter.write_str(text),
            Self::Create { path, text } => {
                write!(
                    formatter,
                    "{} {path}, a new file\n{}",
                    comment_sign(path),
                    text.trim_end()
                )
            }
            Self::Add { place, text } => {
                let sign = comment_sign(&place.path);
                let side = if place.place.line == 0 { "in" } else { "below" };
                write!(formatter, "{sign} {side} {}\n{text}", place.location())
            }
            Self::Change { place, text } => {
                write!(
                    formatter,
                    "{} at {}\n{text}",
                    comment_sign(&place.path),
                    place.location()
                )
            }
            Self::Decide { text } => write!(formatter, "# {text}"),
        }
    }
}

impl fmt::Display for Implementation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A sentence alone is prose, and no comment beside code.
        if let [Step::Decide { text }] = self.steps.as_slice() {
            let mut letters = text.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            return write!(formatter, "{first}{}.", letters.as_str());
        }
        for (at, step) in self.steps.iter().enumerate() {
            let is_line = |step: &Step| matches!(step, Step::Run { .. } | Step::Decide { .. });
            if at > 0 {
                let both_are_lines = is_line(step) && is_line(&self.steps[at - 1]);
                formatter.write_str(if both_are_lines { "\n" } else { "\n\n" })?;
            }
            write!(formatter, "{step}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mlops_audit_formats::Place;

    use super::*;

    #[test]
    fn steps_are_read_as_one_text() {
        let place = Evidence::new("train.py", Place::line(9), "");
        let steps = Implementation::default()
            .run("pip install mlflow")
            .decide("agree on the bar")
            .create("sql/table.sql", "SELECT 1")
            .add(&place, "import mlflow");
        assert_eq!(
            steps.to_string(),
            "pip install mlflow\n# agree on the bar\n\n-- sql/table.sql, a new file\nSELECT 1\n\n\
             # below train.py:9\nimport mlflow"
        );
        let alone = Implementation::default().decide("agree on the bar");
        assert_eq!(alone.to_string(), "Agree on the bar.");
    }
}
