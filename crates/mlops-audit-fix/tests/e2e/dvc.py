"""Holds data that a fix has pinned against DVC itself: python dvc.py TARGET, in the fixed project."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

target = Path(sys.argv[1])
# What `dvc init` and `dvc add` write that is no file of the cache.
written = [".dvc/.gitignore", ".dvc/config", ".dvcignore", f"{target.parent}/.gitignore", f"{target}.dvc"]


def run(*words, at="."):
    done = subprocess.run([str(word) for word in words], cwd=at, capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def commit(at="."):
    run("git", "add", ".", at=at)
    who = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.com", "-c", "commit.gpgsign=false"]
    run("git", *who, "commit", "--quiet", "--no-verify", "--message", "Pin the data", at=at)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def data(root):
    found = root / target
    return contents(found) if found.is_dir() else found.read_bytes()


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    assert run("dvc", "status").strip() == "Data and pipelines are up to date.", run("dvc", "status")

    # DVC itself writes the same, byte for byte, the cache too.
    own = folder / "own"
    own.mkdir()
    run("git", "init", "--quiet", at=own)
    if Path(".gitignore").is_file() and target.parent != Path("."):
        shutil.copy(".gitignore", own)
    (own / target.parent).mkdir(parents=True, exist_ok=True)
    (shutil.copytree if target.is_dir() else shutil.copy)(target, own / target)
    run("dvc", "init", "--quiet", at=own)
    run("dvc", "add", "--quiet", target, at=own)
    for path in written:
        assert Path(path).read_bytes() == (own / path).read_bytes(), (path, Path(path).read_text())
    assert contents(Path(".dvc/cache/files")) == contents(own / ".dvc/cache/files")

    # Others get the data from a remote, once it is out of Git.
    run("dvc", "remote", "add", "--quiet", "--default", "storage", folder / "remote")
    run("dvc", "push", "--quiet")
    run("git", "rm", "-r", "--cached", "--quiet", target)
    commit()
    clone = folder / "clone"
    run("git", "clone", "--quiet", ".", clone)
    assert not (clone / target).exists(), "the data is still in Git"
    run("dvc", "pull", "--quiet", at=clone)
    assert data(clone) == data(Path(".")), "what was pulled is not what was pushed"
    assert run("dvc", "status", at=clone).strip() == "Data and pipelines are up to date."
