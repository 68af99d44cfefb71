#![no_main]

use mlops_audit_core::discover::Memory;
use mlops_audit_core::read::{self, Document};
use mlops_audit_fuzz::positions::{Positions as _, Text};

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let page = ("README.md".to_owned(), text.as_bytes().to_vec());
    for file in read::read(&Memory::new([page], None)).files {
        if let Document::Markdown(page) = file.document {
            page.check(&Text::new(&text));
        }
    }
});
