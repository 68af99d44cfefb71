//! What a file system can hold beside files.

use std::fs;

use super::{Case, write};

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![
        Case::new("folders 500 deep", |root| {
            let deep = "d/".repeat(500);
            write(root, &format!("{deep}model.py"), b"import mlflow\nmlflow.autolog()\n")
        })
        .says(&[
            "folders deeper than 100 (--max-depth) were not entered: 1, such as \
             'd/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/\
             d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d'",
        ]),
        Case::new("more files than are listed", |root| {
            (0..60).try_for_each(|number| write(root, &format!("a/{number}.py"), b"x = 1\n"))
        })
        .with(&["--max-files", "50"])
        .says(&["more than 50 files (--max-files): the others were not listed"]),
        Case::file("a file larger than is read", "large.py", vec![b' '; 5000])
            .with(&["--max-file-size", "4kB"])
            .says(&[
                "large.py: larger than 4000 bytes",
                "files larger than 4000 bytes (--max-file-size) were not read: 1, such as 'large.py'",
            ]),
        Case::new("a sparse file of 40 MB", |root| {
            fs::File::create(root.join("sparse.py"))?.set_len(40 << 20)
        })
        .says(&["sparse.py: larger than 5 MiB"]),
        Case::file("an ignore file of 300 kB", ".gitignore", "*.x\n".repeat(80_000))
            .says(&[".gitignore: its rules were not applied: larger than 256 KiB"]),
        Case::file(
            "an ignore file of rules that backtrack",
            ".gitignore",
            "**/**/**/a*a*a*a*a*a*a*a*a*a*a*[!b]*\n".repeat(300),
        ),
    ];
    #[cfg(unix)]
    all.extend(of_unix());
    all
}

#[cfg(unix)]
fn of_unix() -> Vec<Case> {
    use super::{link, pipe};
    use std::os::unix::ffi::OsStrExt as _;
    const OUT: &str = "a link that leads out of the repository, which is not followed";
    const ODD: &str = "no regular file: a pipe, a socket or a device";
    let out = |path: &str| format!("{path}: {OUT}");
    let odd = |path: &str| format!("{path}: {ODD}");
    vec![
        Case::new("links out of the root", |root| {
            write(
                &root.join(".."),
                "secret/tests/test_model.py",
                b"def test():\n    assert 1\n",
            )?;
            link(root, "passwd.py", "/etc/passwd")?;
            link(root, "up", "../secret")?;
            link(root, "pkg/up.py", "../../secret/tests/test_model.py")?;
            link(root, "root", "/")?;
            link(root, "fine.py", "train.py")
        })
        .says(&[&out("passwd.py"), &out("pkg/up.py"), &out("root"), &out("up")]),
        Case::new("links in a circle", |root| {
            link(root, "a", "b")?;
            link(root, "b", "a")?;
            link(root, "sub/self", "../sub")?;
            link(root, "c.py", "c.py")
        }),
        Case::new("1,000 links out of the root", |root| {
            (0..1000).try_for_each(|number| link(root, &format!("l/{number:04}"), "/etc"))
        })
        .says(
            &(0..20)
                .map(|number| out(&format!("l/{number:04}")))
                .fold(
                    vec![": 980 more links out of the repository, pipes, sockets or devices".to_owned()],
                    |mut all, one| {
                        all.push(one);
                        all
                    },
                )
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        ),
        Case::new("pipes where files are expected", |root| {
            for path in ["model.py", "requirements.txt", "data/x.csv", "mlops-audit.toml"] {
                pipe(root, path)?;
            }
            Ok(())
        })
        .says(&[
            &odd("data/x.csv"),
            &odd("mlops-audit.toml"),
            &odd("model.py"),
            &odd("requirements.txt"),
        ]),
        Case::new("a pipe as an ignore file", |root| pipe(root, ".gitignore")).says(&[
            ".gitignore: its rules were not applied: no regular file",
            &odd(".gitignore"),
        ]),
        Case::new("an ignore file that is a link to a device", |root| {
            link(root, ".gitignore", "/dev/zero")
        })
        .says(&[
            &out(".gitignore"),
            ".gitignore: its rules were not applied: no regular file",
        ]),
        Case::new("a socket", |root| {
            std::os::unix::net::UnixListener::bind(root.join("model.py")).map(drop)
        })
        .says(&[&odd("model.py")]),
        Case::new("names that are not UTF-8, two of them alike", |root| {
            for name in [&b"caf\xe9.py"[..], b"caf\xe8.py"] {
                let name = std::ffi::OsStr::from_bytes(name);
                fs::write(root.join(name), "import mlflow\nmlflow.autolog()\n")?;
            }
            Ok(())
        })
        .says(&["caf\u{fffd}.py: another file has a name that looks the same"]),
        Case::new("names that a terminal obeys", |root| {
            for name in [
                "\u{1b}[2J\u{1b}]0;x\u{7}.py",
                "\u{202e}yp.live",
                "a\nb\r::error::x.py",
            ] {
                write(root, name, b"import mlflow\nmlflow.autolog()\n")?;
            }
            Ok(())
        }),
    ]
}
