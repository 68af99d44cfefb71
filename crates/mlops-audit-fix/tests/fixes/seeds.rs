//! Seeds, case by case: what the fixer makes of one project. `cases/seeds.md` holds them; those of the page are not
//! repeated. `UPDATE_EXPECT=1` writes the outcomes anew.

use mlops_audit_core::discover::{Memory, Source as _};

use crate::cases;
use crate::tree::{Tree, applied, changed, planned, shown, tree};

#[test]
fn every_case_comes_out_as_it_is_written() {
    cases::check("tests/fixes/cases/seeds.md", "seeds");
}

/// A small training script with the given line ends, indentation and encoding.
fn script(edit: impl Fn(&str) -> Vec<u8>) -> Tree {
    let text = "import joblib\nimport torch\nfrom sklearn.ensemble import RandomForestClassifier\n\n\n\
                def main():\n\t# Übung\n\tnet = torch.nn.Linear(2, 1)\n\tmodel = RandomForestClassifier(\n\t\tn_estimators=5,\n\t)\n\
                \tmodel.fit(net(torch.ones(4, 2)).detach(), [0, 1, 0, 1])\n\tjoblib.dump(model, \"model.joblib\")\n\n\nmain()";
    std::iter::once(("train.py".to_owned(), edit(text))).collect()
}

const FIXED: &str = "import joblib\nimport torch\nfrom sklearn.ensemble import RandomForestClassifier\n\n\n\
                     def main():\n\ttorch.manual_seed(42)\n\t# Übung\n\tnet = torch.nn.Linear(2, 1)\n\tmodel = RandomForestClassifier(\n\t\tn_estimators=5,\n\t\trandom_state=42,\n\t)\n\
                     \tmodel.fit(net(torch.ones(4, 2)).detach(), [0, 1, 0, 1])\n\tjoblib.dump(model, \"model.joblib\")\n\n\nmain()";

#[test]
fn line_ends_tabs_encodings_and_a_missing_last_line_break_are_kept() {
    let utf16 = |text: &str| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xFF, 0xFE].into_iter().chain(units).collect::<Vec<u8>>()
    };
    let latin = |text: &str| {
        text.chars()
            .map(|character| u8::try_from(u32::from(character)).unwrap())
            .collect()
    };
    type Encoding<'form> = &'form dyn Fn(&str) -> Vec<u8>;
    let forms: [(&str, Encoding<'_>); 5] = [
        ("plain", &|text| text.as_bytes().to_vec()),
        ("CRLF", &|text| text.replace('\n', "\r\n").into_bytes()),
        ("a mark", &|text| [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("UTF-16", &utf16),
        ("Latin-1", &latin),
    ];
    for (name, form) in forms {
        let files = script(form);
        let after = changed(&planned(&files, "seeds"));
        assert_eq!(
            after.get("train.py"),
            Some(&form(FIXED)),
            "{name}: {}",
            shown(&after)
        );
    }
}

#[test]
fn a_notebook_keeps_all_but_the_lines_that_change() {
    let notebook = include_str!("cases/notebook.ipynb");
    let expected = notebook
        .replace(
            "    \"from tensorflow import keras\"\n",
            "    \"from tensorflow import keras\\n\",\n    \"\\n\",\n    \"keras.utils.set_random_seed(42)\"\n",
        )
        .replace("test_size=0.2)", "test_size=0.2, random_state=42)");
    assert_ne!(notebook, expected);
    for (name, before, after) in [
        ("a list of lines", notebook.to_owned(), expected.clone()),
        ("one string", in_one_string(notebook), in_one_string(&expected)),
        (
            "CRLF in the file",
            notebook.replace('\n', "\r\n"),
            expected.replace('\n', "\r\n"),
        ),
        (
            "no last line break",
            notebook.trim_end().to_owned(),
            expected.trim_end().to_owned(),
        ),
    ] {
        let files = std::iter::once(("train.ipynb".to_owned(), before.into_bytes())).collect();
        let is = changed(&planned(&files, "seeds"));
        let is = String::from_utf8_lossy(&is["train.ipynb"]).into_owned();
        assert!(is == after, "{name}:\n{is}");
    }
}

/// The notebook with each source as one string.
fn in_one_string(notebook: &str) -> String {
    let mut text = String::new();
    let mut lines = notebook.lines();
    while let Some(line) = lines.next() {
        if !line.ends_with("\"source\": [") {
            text += &format!("{line}\n");
            continue;
        }
        text += &line.replace("[", "\"");
        for inner in lines.by_ref() {
            let inner = inner.trim();
            if let Some(rest) = inner.strip_prefix(']') {
                text += &format!("\"{rest}\n");
                break;
            }
            text += inner
                .trim_start_matches('"')
                .trim_end_matches(',')
                .trim_end_matches('"');
        }
    }
    text
}

#[test]
fn what_is_fixed_in_one_project_is_not_touched_a_second_time() {
    let files = script(|text| text.as_bytes().to_vec());
    let once = applied(&files, &changed(&planned(&files, "seeds")));
    assert_eq!(shown(&changed(&planned(&once, "seeds"))), "");
    assert_eq!(Memory::new(once, None).listing().files.len(), 1);
    assert!(changed(&planned(&tree("=== notes.py\nprint(1)\n"), "seeds")).is_empty());
}
