//! The tools that mlops-audit knows.
//!
//! Each stands in a file of its own, `tools/<id>.toml`, with examples of what must and must not be detected. The
//! build packs them, without the examples, into a compact form that is read at every start.

use mlops_audit_core::catalogue::Tool;

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tools.bin"));

/// Every built-in tool with its id, sorted by id; without examples.
///
/// # Panics
///
/// When the build packed another form than this program reads, which the tests rule out.
pub fn tools() -> Vec<(String, Tool)> {
    postcard::from_bytes(PACKED).expect("the build packs the same types that are read here")
}
