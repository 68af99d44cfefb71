//! A job more in a `.gitlab-ci.yml` that is there.

use mlops_audit_core::Inspection;
use mlops_audit_formats::data::Node;
use mlops_audit_formats::yaml;

use crate::edit::{Change, Edit};
use crate::reading::{line_end, text_of};

/// What jobs take over from the whole file that they are not made for.
const TAKEN_OVER: [&str; 3] = ["after_script", "before_script", "services"];

/// The edit that puts a job at the end of the file, and the name under which it stands there. The job is one as the
/// recommendation writes it; it runs when the jobs beside it do.
///
/// # Errors
/// Why it is not put there, in lower case.
pub(crate) fn appended(inspection: &Inspection<'_>, path: &str, job: &str) -> Result<(String, Edit), String> {
    const NAMES: [&str; 3] = ["test", "unit-tests", "project-tests"];
    let unread = || format!("'{path}' is not read as one document");
    let data = inspection.facts().basis.documents.data(path).ok_or_else(unread)?;
    let [document] = data.documents.as_slice() else {
        return Err(unread());
    };
    let text = text_of(inspection, path).ok_or_else(unread)?;
    let is_there = |key: &str| document.get(key).is_some();
    let is_ended = |line: &str| line == "..." || line.starts_with("... ");
    if text.lines().any(|line| is_ended(line.trim_end())) {
        return Err(format!("'{path}' ends its document itself"));
    }
    // What is included may have a job of the usual name, which this one would be mixed with.
    let names = if is_there("include") { &NAMES[1..] } else { &NAMES };
    let name = names
        .iter()
        .find(|name| !is_there(name))
        .ok_or_else(|| format!("the names of jobs are taken in '{path}'"))?;
    let end = line_end(&text);
    let mut lines = vec![String::new(), format!("{name}:")];
    let stage = stage(document).map_err(|why| format!("{why} '{path}'"))?;
    lines.extend(stage.map(|stage| format!("  stage: {stage}")));
    if takes_over(document) || is_there("include") {
        lines.extend(["  inherit:".to_owned(), "    default: [tags]".to_owned()]);
    }
    let job = match tests_requests(document) {
        true => without_duplicates(job)
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect(),
        false => without_rules(job),
    };
    lines.extend(job);
    let mut added: String = lines.iter().map(|line| format!("{line}{end}")).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        added.insert_str(0, end);
    }
    let whole = yaml::read(&format!("{text}{added}"));
    let is_one = whole.problems.is_empty() && whole.documents.len() == 1;
    if !is_one
        || whole
            .documents
            .iter()
            .all(|document| document.get(name).is_none())
    {
        return Err(unread());
    }
    let change = Change::Replace {
        range: text.len()..text.len(),
        text: added,
    };
    let edit = Edit {
        path: path.to_owned(),
        change,
    };
    Ok(((*name).to_owned(), edit))
}

/// The stage of the job, where the file names its stages and none of them is the one that jobs have by themselves: the
/// first. The one before all others would not do: GitLab runs nothing where all jobs of a change stand there.
///
/// # Errors
/// That no stage is sure to be there.
fn stage(document: &Node) -> Result<Option<String>, &'static str> {
    const UNSURE: &str = "it is not sure which stages there are in";
    let Some(stages) = document.get("stages") else {
        // What is included may name stages too.
        return match document.get("include") {
            Some(_) => Err(UNSURE),
            None => Ok(None),
        };
    };
    let stages = stages.items();
    let named: Option<Vec<&str>> = stages.iter().map(Node::as_str).collect();
    let named = named.ok_or(UNSURE)?;
    if named.contains(&"test") {
        return Ok(None);
    }
    let is_plain = |stage: &&str| {
        let mut signs = stage.chars();
        signs.all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign))
    };
    let first = named
        .into_iter()
        .find(|stage| !matches!(*stage, ".pre" | ".post"));
    let first = first.filter(|stage| is_plain(stage) && stage.starts_with(|sign: char| sign.is_alphabetic()));
    first.map(|stage| Some(stage.to_owned())).ok_or(UNSURE)
}

/// Whether jobs run for merge requests, without a rule for all of them: a job without rules would not run there.
fn tests_requests(document: &Node) -> bool {
    if document.at(&["workflow", "rules"]).is_some() {
        return false;
    }
    let mut found = false;
    document.walk(&mut |keys, node| {
        let decides = keys.iter().any(|key| matches!(*key, "rules" | "only"));
        found |= decides && node.as_str().is_some_and(|text| text.contains("merge_request"));
    });
    found
}

/// Whether the file gives all jobs something that is not meant for this one.
fn takes_over(document: &Node) -> bool {
    TAKEN_OVER.iter().any(|key| {
        let for_all = document.get(key).or_else(|| document.at(&["default", key]));
        for_all.is_some()
    })
}

/// The lines of a job below its name, without the rules that a file with a single job needs.
fn without_rules(job: &str) -> Vec<String> {
    let mut is_rule = false;
    let mut lines = Vec::new();
    for line in job.lines().skip(1) {
        let is_key = line.starts_with("  ") && !line.starts_with("   ");
        if is_key {
            is_rule = line.trim() == "rules:";
        }
        if !is_rule {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// The same job with a rule more: a branch with an open merge request would be tested twice.
pub(crate) fn without_duplicates(text: &str) -> String {
    const BRANCH: &str = "    - if: $CI_COMMIT_BRANCH\n";
    const TWICE: &str = "    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS\n      when: never\n";
    text.replace(BRANCH, &format!("{TWICE}{BRANCH}"))
}
