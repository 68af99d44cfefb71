//! What images and the services of compose files run.

mod compose;
mod image;

use super::expand::{Start, joined};
use super::{Context, Expansion, Invocation, Runner};

/// Reads the Dockerfiles and compose files.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    image::read(context, expansion, runners);
    compose::read(context, expansion, runners);
}

/// Follows `docker build`, `docker run` of the repository's own image, and `docker compose`.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    name: &str,
    arguments: &[String],
    start: &dyn Fn() -> Start,
) -> Option<Vec<Invocation>> {
    let operand = arguments
        .iter()
        .map(String::as_str)
        .find(|word| !word.starts_with('-'));
    match (name, operand) {
        ("docker" | "podman", Some("build" | "buildx")) | ("buildah", Some("bud" | "build")) => {
            build(context, expansion, arguments, &start())
        }
        ("docker" | "podman", Some("run")) => image::follow_run(context, expansion, &start()),
        ("docker" | "podman", Some("compose")) | ("docker-compose" | "podman-compose", _) => {
            compose::follow(context, expansion, arguments, &start())
        }
        _ => None,
    }
}

/// `docker build -f X context` runs the commands of the Dockerfile.
fn build(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    const VALUED: [&str; 14] = [
        "-t",
        "--tag",
        "--build-arg",
        "--target",
        "--platform",
        "--cache-from",
        "--cache-to",
        "--network",
        "--label",
        "--secret",
        "--ssh",
        "--progress",
        "-o",
        "--output",
    ];
    let (mut file, mut folder) = (None, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-f" | "--file" => file = words.next().cloned(),
            "build" | "buildx" | "bud" => {}
            _ if VALUED.contains(&word.as_str()) => {
                words.next();
            }
            _ if word.starts_with('-') => {
                file = word.strip_prefix("--file=").map(str::to_owned).or(file);
            }
            _ => folder = Some(word.clone()),
        }
    }
    let folder = joined(&start.directory, folder.as_deref().unwrap_or("."));
    let path = match file {
        Some(file) => joined(&start.directory, &file),
        None => joined(&folder, "Dockerfile"),
    };
    image::Image::read(context, &path, &folder).map(|image| image.built(expansion, start))
}
