//! What kind of repository the audit takes a repository for.

use std::fmt::Write as _;

use mlops_audit_core::audit::Kind;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::policy::Policy;

fn kind(text: &str) -> Kind {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    mlops_audit_core::audit(&Memory::from_text(text), &catalogue, &Policy::default())
        .assessment
        .kind
}

/// A package of many classes that fits models for whoever calls it.
fn package(manifest: &str) -> String {
    let mut text =
        format!("=== pyproject.toml\n[project]\nname = \"layers\"\nversion = \"1.0\"\n{manifest}\n");
    text += "=== layers/__init__.py\n=== layers/models.py\nimport torch\n";
    for number in 0..20 {
        let _ = writeln!(text, "class Layer{number}(torch.nn.Module):\n    pass");
    }
    text += "def fit(model, loss, optimizer):\n    loss.backward()\n    optimizer.step()\n";
    text
}

#[test]
fn a_package_that_is_described_for_an_index_is_a_library() {
    let text = package("classifiers = [\"Programming Language :: Python :: 3\"]");
    assert_eq!(kind(&text), Kind::Library);
}

#[test]
fn a_package_that_the_documentation_installs_by_name_is_a_library() {
    let text = package("") + "=== README.md\n```sh\npip install layers\n```\n";
    assert_eq!(kind(&text), Kind::Library);
}

#[test]
fn a_project_with_a_manifest_and_many_classes_is_no_library() {
    assert_eq!(kind(&package("")), Kind::Project);
}

#[test]
fn a_package_whose_own_script_trains_is_a_project() {
    let text = package("classifiers = [\"Programming Language :: Python :: 3\"]")
        + "=== train.py\nfrom layers.models import fit\nif __name__ == \"__main__\":\n    fit(None, None, None)\n";
    assert_eq!(kind(&text), Kind::Project);
}
