//! What is too large for the test suite.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::{Case, write};

const MB: usize = 1_000_000;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("a sparse file of 2 GB", |root| File::create(root.join("sparse.py"))?.set_len(2 << 30))
            .says(&[
                "sparse.py: larger than 5 MiB",
            ]),
        Case::new("100,000 files in one folder", |root| {
            fs::create_dir(root.join("many"))?;
            (0..100_000).try_for_each(|number| fs::write(root.join(format!("many/{number}.py")), "import os\n"))
        }),
        Case::new("300,000 files in one folder", |root| {
            fs::create_dir(root.join("many"))?;
            (0..300_000).try_for_each(|number| fs::write(root.join(format!("many/{number}.txt")), ""))
        })
        .says(&["more than 200000 files (--max-files): the others were not listed"]),
        Case::new("one line of 100 MB", |root| {
            write(root, "line.py", format!("x = '{}'\n", "a".repeat(100 * MB)).as_bytes())
        })
        .says(&["line.py: larger than 5 MiB"]),
        Case::new("one line of 100 MB, as data", |root| {
            write(root, "line.yaml", format!("x: '{}'\n", "a".repeat(100 * MB)).as_bytes())
        })
        .says(&["line.yaml: larger than 8 MiB"]),
        Case::new("a notebook with 500 MB of outputs", |root| notebook(root, 500))
            .says(&[
                "outputs.ipynb: larger than 64 MiB",
                "files larger than 64 MiB (--max-file-size) were not read: 1, such as 'outputs.ipynb'",
            ]),
        Case::new("the same with --max-file-size 600MB", |root| notebook(root, 500))
            .with(&["--max-file-size", "600MB"]),
        Case::new("a notebook with 60 MB of outputs", |root| notebook(root, 60)),
        Case::new("a notebook whose source is 60 MB of numbers", |root| {
            let numbers = "0,".repeat(30 * MB);
            let cells = format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": [{numbers}0]}}]}}");
            write(root, "numbers.ipynb", cells.as_bytes())
        })
        .says(&["numbers.ipynb: cell 1, line 1: its source is not all text"]),
        Case::new("a lock file of 50 MB, as TOML", |root| lock(root, "poetry.lock", "", &|number| {
            format!("[[package]]\nname = \"package-{number}\"\nversion = \"1.{number}.0\"\nfiles = [\n    {{file = \"package-{number}.whl\", hash = \"sha256:{number:064}\"}},\n]\n\n")
        })),
        Case::new("a lock file of 50 MB of empty tables, as TOML", |root| {
            lock(root, "uv.lock", "", &|_| "[a.b]\n".to_owned())
        })
        .says(&["uv.lock: line 1000001: is too large a lock file to be read further"]),
        Case::new("a lock file of 50 MB, as YAML", |root| lock(root, "conda-lock.yml", "package:\n", &|number| {
            format!("- name: package-{number}\n  version: 1.{number}.0\n  hash:\n    sha256: '{number:064}'\n")
        })),
        Case::new("a lock file of 50 MB, as JSON", |root| {
            lock(root, "Pipfile.lock", "", &|number| format!("{{\"package-{number}\": {{}}}}\n"))
        })
        .says(&["Pipfile.lock: larger than 8 MiB"]),
        Case::new("a manifest of 50 MB", |root| {
            lock(root, "environment.yml", "dependencies:\n", &|number| format!("- package-{number}=1.0\n"))
        })
        .says(&["environment.yml: larger than 8 MiB"]),
        Case::new("a lock file of 8 MB, as JSON", |root| {
            let packages: Vec<String> = (0..60_000)
                .map(|number| format!("\"package-{number}\": {{\"version\": \"==1.{number}.0\", \"hashes\": [\"sha256:{number:064}\"]}}"))
                .collect();
            write(root, "Pipfile.lock", format!("{{\"default\": {{{}}}}}", packages.join(",\n")).as_bytes())
        }),
        Case::new("5 MB of each language", |root| {
            for (path, line) in [
                ("many.py", "x = f(a, b=[1, 2], c='d')\n"),
                ("many.R", "x <- f(a, b = c(1, 2), c = 'd')\n"),
                ("many.jl", "x = f(a; b=[1, 2], c=\"d\")\n"),
                ("requirements.txt", "numpy==1.26.4 --hash=sha256:0\n"),
            ] {
                write(root, path, line.repeat(5 * MB / line.len()).as_bytes())?;
            }
            for (path, line) in [
                ("many.sh", "python a.py --x \"$Y\" && b | c\n"),
                ("Makefile", "a: b\n\tpython a.py $(X)\n"),
                ("Dockerfile", "RUN python a.py && b\n"),
                ("Jenkinsfile", "stage('a') { sh 'python a.py' }\n"),
                ("main.tf", "resource \"a\" \"b\" { c = [1, 2] }\n"),
                ("README.md", "# a `python a.py`\n\n    python b.py\n"),
                ("setup.cfg", "[a]\nb = c\n"),
            ] {
                write(root, path, line.repeat(2 * MB / line.len()).as_bytes())?;
            }
            Ok(())
        })
        .says(&[
            "Jenkinsfile: line 10001: too many steps to be read",
            "README.md: too many commands, or loops that repeat too much",
            "many.sh: too many commands, or loops that repeat too much",
            "setup.cfg: line 3: the section [a] occurs twice",
        ]),
    ]
    .into_iter()
    .chain(super::text::deeper())
    .map(Case::large)
    .collect()
}

fn notebook(root: &Path, megabytes: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(root.join("outputs.ipynb"))?);
    write!(
        file,
        "{{\"cells\": [{{\"cell_type\": \"code\", \"source\": [\"import mlflow\"], \"outputs\": ["
    )?;
    let picture = format!("{{\"data\": {{\"image/png\": \"{}\"}}}}", "A".repeat(MB - 28));
    for number in 0..megabytes {
        write!(file, "{}{picture}", if number > 0 { ",\n" } else { "" })?;
    }
    write!(file, "]}}], \"nbformat\": 4}}")?;
    file.flush()
}

fn lock(root: &Path, path: &str, head: &str, package: &dyn Fn(usize) -> String) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(root.join(path))?);
    file.write_all(head.as_bytes())?;
    let (mut written, mut number) = (0, 0);
    while written < 50 * MB {
        let text = package(number);
        file.write_all(text.as_bytes())?;
        written += text.len();
        number += 1;
    }
    file.flush()
}
