//! Packs `tools/*.toml` into one compact file that the library embeds.
//!
//! The types are the audit's own sources, included as modules: to depend on that crate here would build it twice.

#![expect(
    unreachable_pub,
    reason = "the included sources are public in their own crate"
)]

#[path = "../mlops-audit-core/src/catalogue/role.rs"]
#[expect(dead_code, reason = "only its serialised form is used here")]
mod role;
#[path = "../mlops-audit-core/src/catalogue/tool.rs"]
mod tool;

use std::{env, error::Error, fs, path::Path};

use role::Role;
use tool::Tool;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tools");
    println!("cargo::rerun-if-changed=../mlops-audit-core/src/catalogue/role.rs");
    println!("cargo::rerun-if-changed=../mlops-audit-core/src/catalogue/tool.rs");

    let mut tools = Vec::new();
    for entry in fs::read_dir("tools")? {
        let path = entry?.path();
        let Some(id) = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".toml"))
        else {
            continue;
        };
        let mut tool: Tool = toml::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        tool.examples.clear();
        tools.push((id.to_owned(), tool));
    }
    tools.sort_by(|a, b| a.0.cmp(&b.0));
    let out = Path::new(&env::var("OUT_DIR")?).join("tools.bin");
    Ok(fs::write(out, postcard::to_stdvec(&tools)?)?)
}
