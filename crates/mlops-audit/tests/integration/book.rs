//! The book's pages are the pages that the program explains. `UPDATE_BOOK=1 cargo test book` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/book")
}

#[test]
fn the_pages_of_the_book_are_fresh() {
    for (path, text) in mlops_audit_knowledge::book() {
        let file = root().join("src").join(&path);
        if std::env::var_os("UPDATE_BOOK").is_some() {
            fs::create_dir_all(file.parent().expect("a page has a folder")).expect("it can be made");
            fs::write(&file, &text).expect("the page can be written");
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == text,
            "{path} is stale: run `UPDATE_BOOK=1 cargo test book`"
        );
    }
}

#[test]
fn the_summary_lists_every_page_once_and_every_link_leads_somewhere() {
    let book = mlops_audit_knowledge::book();
    let pages: BTreeSet<&str> = book.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(pages.len(), book.len(), "no path is taken twice");
    let summary = &book[0].1;
    for path in pages.iter().filter(|path| **path != "SUMMARY.md") {
        assert_eq!(summary.matches(&format!("]({path})")).count(), 1, "{path}");
    }
    for (path, text) in &book {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let is_page = link.ends_with(".md") && !link.contains("://");
            assert!(
                !is_page || root().join("src").join(folder).join(link).is_file(),
                "{path}: {link}"
            );
        }
    }
}

#[test]
fn the_configuration_of_the_book_is_toml_with_a_title_and_sources() {
    let text = fs::read_to_string(root().join("book.toml")).expect("it is there");
    let book: toml::Table = text.parse().expect("it is TOML");
    assert_eq!(book["book"]["src"].as_str(), Some("src"));
    assert!(book["book"]["title"].as_str().is_some());
}
