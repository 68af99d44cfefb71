#![no_main]

use mlops_audit_formats::notebook;
use mlops_audit_fuzz::positions::{Positions as _, Text};

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    notebook::read(&text).check(&Text::of_notebook(&text));
    for cell in notebook::cells(&text) {
        assert!(cell.number > 0 && cell.lines.iter().all(|(line, _)| *line > 0));
    }
});
