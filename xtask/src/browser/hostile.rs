//! A repository that attacks whoever reads its report: with its names, its lines and its settings.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// An order that a browser would obey where something forgets to escape it.
const ORDER: &str = "<img src=x onerror=\"window.attacked=1\"><script>window.attacked=1</script>";

/// Writes the repository into the folder.
pub(super) fn write(folder: &Path) -> anyhow::Result<PathBuf> {
    let training = format!(
        "from sklearn.linear_model import LogisticRegression\nname = '''{ORDER}'''  # </pre></script>{ORDER}\nLogisticRegression().fit([[0.0], [1.0]], [0, 1])  # {ORDER}\n"
    );
    let workflow = format!(
        "name: '{}'\non:\n  schedule:\n    - cron: '0 3 * * 1'\njobs:\n  \"</title>{}\":\n    runs-on: ubuntu-latest\n    steps:\n      - run: python \"<b>train.py\"\n      - run: python 'gone {}.py'\n",
        ORDER.replace('\'', "''"),
        ORDER.replace('"', "\\\""),
        "<svg onload=window.attacked=1>"
    );
    let long = format!("{}/{}.py", "d".repeat(120), "n".repeat(180));
    let files = [
        ("<b>train.py", training.as_str()),
        // Read as one text, this path closes a script and opens another.
        (
            "<\u{2f}script><script>window.attacked=1<\u{2f}script>.py",
            training.as_str(),
        ),
        ("\"onmouseover=\"window.attacked=1\" x=\".py", training.as_str()),
        ("line\nbreak.py", training.as_str()),
        ("\u{202e}yp.niart\u{2066}.py", training.as_str()),
        ("\u{1b}[31mred.py", training.as_str()),
        ("javascript:window.attacked=1;.py", training.as_str()),
        (long.as_str(), training.as_str()),
        (".github/workflows/train.yml", workflow.as_str()),
        ("broken\u{7}.ipynb", "{\"cells\": [</script>"),
        ("requirements.txt", "scikit-learn\n"),
        (
            "README.md",
            "# </h1><script>window.attacked=1</script>\n\n```sh\npython '<b>train.py' --name '<i onclick=window.attacked=1>'\n```\n",
        ),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .with_context(|| format!("{name:?} cannot be written"))?;
    }
    Ok(folder.to_owned())
}
