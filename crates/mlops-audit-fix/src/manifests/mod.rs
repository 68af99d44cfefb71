//! Files that declare dependencies, edited: which one a part of the project goes by, and packages added to it in its own
//! style.
//!
//! A manifest is edited line by line. A new line is written like the one that it stands beside, a list that is sorted
//! stays so, and what a tool has compiled is left to that tool.

mod bounds;
mod line;
mod packages;
mod setup;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::environment::{Environment, Lock, Manifest, ManifestKind, is_aside};
use mlops_audit_formats::requirements::normalised;

use crate::edit::Edit;
use crate::reading::{line_end, text_of};
use crate::rewrite::edits_between;
use crate::tool::quoted;

pub(crate) use bounds::is_held_below;
use line::{Style, inline_array, style};
pub use packages::{is_known, on_conda};

/// The manifest that a file of the project goes by: the nearest above it, or in `requirements/` there, and of several
/// the one that is installed. `None` where there is none, or where it is not plain which.
pub fn manifest_for<'facts>(environment: &'facts Environment, path: &str) -> Option<&'facts Manifest> {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    loop {
        let of = |folder: &str| -> Vec<&Manifest> {
            let here = environment
                .manifests
                .iter()
                .filter(|found| found.folder() == folder);
            here.filter(|found| is_edited(found)).collect()
        };
        let here = of(folder);
        if !here.is_empty() {
            return chosen(&here);
        }
        let below = of(format!("{folder}/requirements").trim_start_matches('/'));
        if !below.is_empty() {
            return chosen(&below);
        }
        folder = match folder {
            "" => return None,
            _ => folder.rsplit_once('/').map_or("", |(above, _)| above),
        };
    }
}

/// Whether packages that the project needs can be added to it.
fn is_edited(manifest: &Manifest) -> bool {
    let kinds = [
        ManifestKind::Requirements,
        ManifestKind::Pyproject,
        ManifestKind::Poetry,
        ManifestKind::Pipfile,
        ManifestKind::Conda,
        ManifestKind::Setup,
    ];
    kinds.contains(&manifest.kind)
        && !manifest.is_development
        && manifest.has_runtime()
        && !is_aside(&manifest.path)
}

/// Of the manifests of one folder the one that people edit and that is installed.
fn chosen<'facts>(here: &[&'facts Manifest]) -> Option<&'facts Manifest> {
    let used = |found: &&&Manifest| !found.used_by.is_empty();
    let pool: Vec<&Manifest> = match here.iter().any(|found| used(&found)) {
        true => here.iter().filter(used).copied().collect(),
        false => here.to_vec(),
    };
    let rank = |found: &Manifest| match found.kind {
        ManifestKind::Requirements if found.path.ends_with(".in") => 0,
        ManifestKind::Pyproject | ManifestKind::Poetry => 1,
        ManifestKind::Pipfile => 2,
        ManifestKind::Requirements if is_named(&found.path, "requirements.txt") => 3,
        ManifestKind::Requirements => 4,
        ManifestKind::Conda => 5,
        _ => 6,
    };
    let best = pool.iter().copied().map(rank).min()?;
    let mut first = pool.into_iter().filter(|found| rank(found) == best);
    let only = first.next()?;
    first.next().is_none().then_some(only)
}

fn is_named(path: &str, name: &str) -> bool {
    path.rsplit('/').next() == Some(name)
}

/// Whether a lock file fixes what stands in a folder: whoever edits the manifest by hand there has to lock again.
pub fn is_locked(environment: &Environment, folder: &str) -> bool {
    environment
        .manifests
        .iter()
        .any(|found| found.folder() == folder && found.lock.as_ref().is_some_and(Lock::fits))
}

/// The folder whose files go by a manifest: its own, or the one above where that is called `requirements`.
pub fn home(manifest: &Manifest) -> &str {
    let folder = manifest.folder();
    match folder.rsplit_once('/') {
        Some((above, "requirements")) => above,
        None if folder == "requirements" => "",
        _ => folder,
    }
}

/// The command that adds packages to a manifest and its lock; `None` where it has none that fits, or one of a tool that
/// has no such command.
pub fn adding(manifest: &Manifest, packages: &[&str]) -> Option<String> {
    let lock = manifest.lock.as_ref().filter(|lock| lock.fits())?;
    let packages = packages.join(" ");
    let folder = match manifest.folder() {
        "" => String::new(),
        folder => format!("cd {} && ", quoted(folder)),
    };
    let command = match lock.path.rsplit('/').next()? {
        "uv.lock" => format!("uv add {packages}"),
        "poetry.lock" => format!("poetry add {packages}"),
        "pdm.lock" => format!("pdm add {packages}"),
        "Pipfile.lock" => format!("pipenv install {packages}"),
        "pixi.lock" => format!("pixi add {packages}"),
        _ => return None,
    };
    Some(format!("{folder}{command}"))
}

/// The edits that declare packages, by their names alone; `None` where the manifest does not show how it would write
/// them, or is not for people to edit.
pub fn declare(inspection: &Inspection<'_>, manifest: &Manifest, packages: &[String]) -> Option<Vec<Edit>> {
    let text = text_of(inspection, &manifest.path).filter(|text| !is_compiled(text))?;
    let whole = match manifest.kind {
        ManifestKind::Pyproject => inline_array(&text, packages),
        ManifestKind::Setup => setup::with_packages(inspection, manifest, &text, packages),
        _ => None,
    };
    let whole = match manifest.kind {
        ManifestKind::Setup => whole?,
        _ => whole.or_else(|| with_lines(&text, manifest, packages))?,
    };
    Some(edits_between(&manifest.path, &text, &whole))
}

/// Whether a line of a manifest names a package behind a comment's sign: somebody took it out.
pub fn is_taken_out(inspection: &Inspection<'_>, manifest: &Manifest, package: &str) -> bool {
    let text = text_of(inspection, &manifest.path).unwrap_or_default();
    let mut comments = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('#'));
    comments.any(|comment| {
        let item = comment
            .trim_start_matches(['#', ' ', '-', '"', '\''])
            .to_lowercase();
        let name =
            item.split(|sign: char| !(sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.')));
        let name = normalised(name.into_iter().next().unwrap_or_default());
        let rest = item.get(name.len()..).unwrap_or_default().trim_start();
        name == package
            && (rest.is_empty() || rest.starts_with(['=', '>', '<', '~', '[', '!', '"', '\'', ',', '#']))
    })
}

/// Whether a tool has written a file, which would write over what is added, or holds it to hashes that an added line
/// has not.
fn is_compiled(text: &str) -> bool {
    let marks = [
        "autogenerated",
        "auto-generated",
        "pip-compile",
        "uv pip compile",
        "uv export",
        "do not edit",
    ];
    let head = text
        .lines()
        .take(12)
        .filter(|line| line.trim_start().starts_with('#'));
    let mut head = head.map(str::to_ascii_lowercase);
    head.any(|line| marks.iter().any(|mark| line.contains(mark))) || text.contains("--hash")
}

/// A declared package that stands on a line of its own.
#[derive(Clone, Debug)]
struct Item {
    /// The line, from 0.
    at: usize,
    name: String,
    /// The name in small letters, as it is written.
    written: String,
    is_development: bool,
    style: Style,
}

fn with_lines(text: &str, manifest: &Manifest, packages: &[String]) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let items = items(&lines, manifest, packages)?;
    with_items(
        text,
        &items,
        manifest.kind == ManifestKind::Requirements,
        packages,
    )
}

/// The text with packages added among items that stand on lines of their own. A list `with_headings` may be divided by
/// blank lines.
fn with_items(text: &str, items: &[Item], with_headings: bool, packages: &[String]) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let end = line_end(text);
    // Tools sort by the names as they are written, or by what these are to an index.
    let keys: [fn(&Item) -> &str; 2] = [|item| &item.name, |item| &item.written];
    let sorting = keys.into_iter().find(|key| {
        let is_in_order = |pair: &[Item]| key(&pair[0]) <= key(&pair[1]);
        items.len() > 2 && items.windows(2).all(is_in_order)
    });
    let last = items
        .iter()
        .rev()
        .find(|item| !item.is_development)
        .or(items.last())?;
    // A list with headings gets a paragraph of its own: what is added belongs below none of them.
    let is_parted = with_headings
        && last.at == items.last()?.at
        && (items[0].at..last.at).any(|at| lines[at].trim().is_empty());
    // What is added above and below each line.
    let mut above: Vec<Vec<String>> = vec![Vec::new(); lines.len()];
    let mut below = above.clone();
    let mut packages = packages.to_vec();
    packages.sort();
    for package in &packages {
        let before = |key: fn(&Item) -> &str| items.iter().rev().find(|item| key(item) < package.as_str());
        match sorting.map(before) {
            Some(Some(item)) => below[item.at].push(item.style.written(package)),
            Some(None) => above[items[0].at].push(items[0].style.written(package)),
            None => {
                if is_parted && below[last.at].is_empty() {
                    below[last.at].push(String::new());
                }
                below[last.at].push(last.style.written(package));
            }
        }
    }
    let mut whole = String::with_capacity(text.len() + 64);
    for (at, line) in lines.iter().enumerate() {
        for added in &above[at] {
            whole.push_str(added);
            whole.push_str(end);
        }
        let added = &below[at];
        if added.is_empty() {
            whole.push_str(line);
            continue;
        }
        let body = line.trim_end_matches(['\r', '\n']);
        // The last item of an array may lack the comma that another one behind it asks for.
        let style = items.iter().find(|item| item.at == at).map(|item| &item.style);
        let (body, is_open) = style.map_or((body.to_owned(), false), |style| style.closed(body));
        whole.push_str(&body);
        for (order, text) in added.iter().enumerate() {
            whole.push_str(end);
            let is_last = order + 1 == added.len();
            whole.push_str(match is_open && is_last {
                true => text.trim_end_matches(','),
                false => text,
            });
        }
        whole.push_str(&line[line.trim_end_matches(['\r', '\n']).len()..]);
    }
    Some(whole)
}

/// The items of the list that the packages belong to.
fn items(lines: &[&str], manifest: &Manifest, packages: &[String]) -> Option<Vec<Item>> {
    let mut found = Vec::new();
    for dependency in manifest
        .dependencies
        .iter()
        .filter(|found| !found.name.is_empty())
    {
        let at = (dependency.place.line as usize).checked_sub(1)?;
        let Some(style) = style(lines.get(at)?, manifest.kind) else {
            continue;
        };
        found.push(Item {
            at,
            name: dependency.name.clone(),
            written: name_in(&dependency.written).to_ascii_lowercase(),
            is_development: dependency.is_development,
            style,
        });
    }
    found.sort_by_key(|item| item.at);
    let mut places = found.iter().map(|item| item.at);
    let first = places.next()?;
    // Several items on a line cannot be told apart by lines.
    let doubled = places
        .try_fold(first, |before, at| (at != before).then_some(at))
        .is_none();
    if doubled {
        return None;
    }
    match manifest.kind {
        ManifestKind::Conda => of_conda(lines, found, packages),
        // Where both tables of a `pyproject.toml` list packages, the standard one is meant.
        ManifestKind::Poetry => {
            let standard = found.iter().any(|item| matches!(item.style, Style::Array { .. }));
            found.retain(|item| matches!(item.style, Style::Array { .. }) == standard);
            Some(found)
        }
        _ => Some(found),
    }
}

/// The name that a requirement begins with.
fn name_in(written: &str) -> &str {
    let is_other = |sign: char| !(sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.'));
    written.split(is_other).next().unwrap_or_default()
}

/// The list below `pip:`, which goes by the names of PyPI; else conda's own, for names that are the same there.
fn of_conda(lines: &[&str], mut items: Vec<Item>, packages: &[String]) -> Option<Vec<Item>> {
    let pip = lines
        .iter()
        .position(|line| line.trim().trim_start_matches('-').trim() == "pip:");
    match pip {
        Some(pip) => {
            items.retain(|item| item.at > pip && line::depth(lines[item.at]) > line::depth(lines[pip]));
        }
        None if packages.iter().all(|package| on_conda(package)) => {}
        None => return None,
    }
    (!items.is_empty()).then_some(items)
}
