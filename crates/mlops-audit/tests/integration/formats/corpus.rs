//! What the forms of the report are tried on: all repositories of the pages, and one that is hostile.

use std::sync::LazyLock;

use mlops_audit_core::audit::{Audit, PolicyOrigin};
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Git, Memory};
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge::CriterionId;
use mlops_audit_core::policy::{self, Policy};
use mlops_audit_report::terminal::{Label, Vocabulary};

use crate::pages;

/// An audit with what a renderer takes beside it.
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) audit: Audit,
    pub(crate) excerpts: Excerpts,
}

/// Plain words: ids as they are.
pub(crate) struct Words;

impl Vocabulary for Words {
    fn label(&self, criterion: CriterionId) -> Label<'_> {
        Label {
            label: criterion.name,
            looked_for: "",
        }
    }
}

/// All cases, made once for all tests.
pub(crate) fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let mut cases: Vec<Case> = pages::repositories()
            .into_iter()
            .map(|(title, source)| case(&title, &source, &Policy::default()))
            .collect();
        cases.push(case("hostile", &hostile(), &Policy::default()));
        cases.push(case("hostile with a policy", &hostile(), &silencing()));
        cases.push(case("nothing", &Memory::from_text(""), &Policy::default()));
        cases
    });
    &CASES
}

pub(crate) fn case(title: &str, source: &Memory, policy: &Policy) -> Case {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(mlops_audit_catalogue::tools()));
    let audit = mlops_audit_core::audit(source, &CATALOGUE, policy);
    Case {
        title: title.to_owned(),
        excerpts: Excerpts::of(source, &audit),
        audit,
    }
}

/// The case of a repository in one text, in Git.
pub(crate) fn case_of(text: &str) -> Case {
    case("case", &Memory::from_text(text).in_git(), &Policy::default())
}

/// The case of a repository in one text, with a policy.
pub(crate) fn case_with(text: &str, policy: &str) -> Case {
    let policy = policy::read(policy, "mlops-audit.toml", PolicyOrigin::ProjectFile)
        .expect("the policy is right")
        .expect("there is a policy");
    case("case", &Memory::from_text(text).in_git(), &policy)
}

fn silencing() -> Policy {
    let text = "[[suppress]]\ncriterion = \"reproducibility.seeds\"\n\
                reason = \"\\u001b[31m]]> </script> \\u202e [link](1) {0} % , : \\u0007\"\n";
    policy::read(text, "mlops-audit.toml", PolicyOrigin::ProjectFile)
        .expect("the policy is right")
        .expect("there is a policy")
}

/// Names of files that mean something to a terminal, a shell, XML, HTML, Markdown, a URI or a workflow command.
pub(crate) const NAMES: &[&str] = &[
    "src/<script>alert(1)</script>.py",
    "src/\"double\" and 'single'.py",
    "src/two\nlines\r\n::error file=x,line=1::pwned.py",
    "src/\u{202e}yp.right\u{200f}.py",
    "src/\u{1b}[31mred\u{7}\u{1}\u{0}.py",
    "src/]]>&amp;<![CDATA[.py",
    "src/100%0A25%, a:b; [link](javascript:1) {0} `code`.py",
    "src/\u{fffe}\u{feff}\u{85}.py",
];

fn hostile() -> Memory {
    let script = "from sklearn.svm import SVC  # ]]> </script> \u{1b}[31m \u{202e}\nmodel = SVC(probability=True)\n\
                  model.fit([[0], [1]], [0, 1])  # <b onclick=\"x\"> ::error::pwned %0A \u{1}\n";
    let long = format!("src/{}.py", "folder/".repeat(42));
    let mut files: Vec<(String, Vec<u8>)> = NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .chain([long])
        .map(|path| (path, script.as_bytes().to_vec()))
        .collect();
    files.push(("src/broken\u{1b}]0;x\u{7}.ipynb".to_owned(), b"{".to_vec()));
    files.push((
        "requirements.txt".to_owned(),
        b"scikit-learn>=1 # \x1b[31m ]]>\n".to_vec(),
    ));
    let git = Git {
        commit: Some("0".repeat(40)),
        remote: Some("https://example.com/owner/name".to_owned()),
        has_index: true,
    };
    Memory::new(files, Some(git))
}
