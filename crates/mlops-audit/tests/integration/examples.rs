//! Repositories with expected verdicts, as Markdown: a heading, a `repository` block, and what the audit must say of it.

use mlops_audit_core::judge::Verdict;

/// One repository of a page with the verdicts that it must get.
pub(crate) struct Example {
    /// The heading above it.
    pub(crate) title: String,
    /// Its files, each after a line `=== path`.
    pub(crate) repository: String,
    /// The expected verdicts, each with the criterion that a `Verdict of` line names; a plain `Verdict:` line names
    /// none: the page is about one criterion.
    pub(crate) expected: Vec<(Option<String>, Verdict)>,
}

/// The examples of a page, in order.
pub(crate) fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut title = String::new();
    let mut open = false;
    for line in page.lines() {
        if open && line == "```" {
            open = false;
        } else if open {
            if let Some(example) = found.last_mut() {
                example.repository.push_str(line);
                example.repository.push('\n');
            }
        } else if let Some(heading) = line.strip_prefix("### ") {
            heading.clone_into(&mut title);
        } else if line == "```repository" {
            open = true;
            found.push(Example {
                title: title.clone(),
                repository: String::new(),
                expected: Vec::new(),
            });
        } else if let (Some(verdict), Some(example)) = (expectation(line), found.last_mut()) {
            example.expected.push(verdict);
        }
    }
    found
}

/// Reads `Verdict: **met**` and `` Verdict of `automation.ct`: **unmet** ``.
fn expectation(line: &str) -> Option<(Option<String>, Verdict)> {
    let rest = line.strip_prefix("Verdict")?;
    let (of, word) = rest.split_once(": **")?;
    let criterion = of.strip_prefix(" of `").and_then(|name| name.strip_suffix('`'));
    let word = word.split("**").next()?;
    let verdict = Verdict::ALL
        .iter()
        .copied()
        .find(|verdict| verdict.as_str() == word)?;
    Some((criterion.map(str::to_owned), verdict))
}
