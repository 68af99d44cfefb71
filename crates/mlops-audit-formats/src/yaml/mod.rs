//! YAML: configuration, workflows, Kubernetes, Compose, conda environments, DVC files.

mod template;
mod tree;

use granit_parser::{ErrorKind, Parser, options};

use crate::data::Data;
use crate::{LineIndex, Problem, limits};

/// Most documents with an error after which the reader goes on with the next document.
const BROKEN_DOCUMENTS: usize = 100;

/// Reads one document for each YAML document that holds something.
///
/// - Plain scalars become values by the core schema of YAML 1.2: `on` and `yes` are text, `3.10` is the number
///   3.1. Integers of more than 15 digits and numbers too large to represent stay text: they are identifiers or
///   hashes.
/// - Keys are the text of the file. A key that occurs twice is kept twice.
/// - An alias becomes a copy of what its anchor names, at the place of the anchor's value. `<<` puts the
///   entries of its maps before the map's own; entries that the map or an earlier one of its maps overrides are
///   left out. An alias without an anchor is text, and a problem.
/// - A scalar with a tag of its own, such as `!Ref name`, is its text.
/// - Where the file is a Helm or Jinja template, template lines are left out and expressions are text.
pub fn read(text: &str) -> Data {
    let lines = LineIndex::new(text);
    let plain = attempt(tree::Tree::new(text, None, &lines), text, &lines);
    if plain.error.is_none() && !plain.has_braced_map {
        return plain.data;
    }
    let Some(mask) = template::mask(text) else {
        return plain.refusing();
    };
    let tree = tree::Tree::new(&mask.text, Some(&mask), &lines);
    let mut masked = attempt(tree, &mask.text, &lines);
    let is_further = match (&plain.error, &masked.error) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(before), Some(after)) => after.place > before.place,
    };
    if !is_further {
        return if mask.is_template() {
            plain.data
        } else {
            plain.refusing()
        };
    }
    for (line, what) in mask.problems(&lines) {
        masked.data.problems.push(Problem::at(line, what));
    }
    masked.data.problems.sort_by_key(|problem| problem.place);
    if mask.is_template() {
        return masked.data;
    }
    (masked.error, masked.is_certain) = (plain.error, plain.is_certain);
    masked.refusing()
}

/// Reads a lock file: the scalars of its root and of the root's tables, and what names each package. The rest is
/// parsed and let go of, so that a file of any length may be read.
pub fn read_lock(text: &str) -> Data {
    let lines = LineIndex::new(text);
    attempt(tree::Tree::of_lock(text, &lines), text, &lines).data
}

/// What one pass over a text gave.
struct Attempt {
    data: Data,
    /// The first error of syntax.
    error: Option<Problem>,
    /// Whether every reader of YAML stops there.
    is_certain: bool,
    /// Whether some map begins with two braces: valid YAML, but nearly always an expression of a template.
    has_braced_map: bool,
}

impl Attempt {
    /// What was read, with the error for which other readers refuse the file.
    fn refusing(mut self) -> Data {
        self.data.refused = self.error.filter(|_| self.is_certain);
        self.data
    }
}

fn attempt(mut tree: tree::Tree<'_>, text: &str, lines: &LineIndex) -> Attempt {
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits::DEPTH,
        block_nesting_limit: limits::DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut first = None;
    let mut errors = 0;
    loop {
        match parser.next() {
            Some(Ok((event, span))) => {
                if tree.take(event, &span).is_break() {
                    break;
                }
            }
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                let line = lines.line(u32::try_from(at).unwrap_or(u32::MAX));
                first.get_or_insert_with(|| (Problem::at(line, error.info()), is_certain(error.kind())));
                tree.problem(line, error.info());
                tree.abandon();
                errors += 1;
                if errors >= BROKEN_DOCUMENTS || !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
            None => break,
        }
    }
    let has_braced_map = tree.has_braced_map;
    let is_certain = first.as_ref().is_some_and(|(_, is_certain)| *is_certain);
    Attempt {
        data: tree.finish(),
        error: first.map(|(error, _)| error),
        is_certain,
        has_braced_map,
    }
}

/// Whether every reader of YAML stops at an error of this kind. Of tabs, indentation within brackets and quotes, and
/// comments within texts readers think differently.
fn is_certain(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::InvalidTrailingDoubleQuotedScalar
            | ErrorKind::InvalidTrailingSingleQuotedScalar
            | ErrorKind::MappingValueNotAllowed
            | ErrorKind::MismatchedFlowCollectionEnd { .. }
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::UnclosedQuotedScalar
            | ErrorKind::UnexpectedCharacter { .. }
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnknownQuotedScalarEscape
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::{read, read_lock};
    use crate::data::testing::{check_spans, mutate, show};
    use crate::outline::outline;

    const WORKFLOW: &str = "\
on:
  push: {branches: [main]}
env:
  A: &a ~
jobs:
  test:
    python: [3.10, \"3.10\", 3.10.1, 0x1F, 1e3, yes, True, 12345678901234567890, 1e999]
    empty:
    run: |
      pytest
      ruff
  other: {needs: test, x: *a}
";

    #[test]
    fn scalars_follow_the_core_schema() {
        expect![[r#"
            {3} @1
            1 on: {1} @2
              2 push: {1}
                2 branches: [1]
                  - "main" @2
            3 env: {1} @4
              4 A: null
            5 jobs: {2} @6
              6 test: {3} @7
                7 python: [9]
                  - 3.1 @7
                  - "3.10" @7
                  - "3.10.1" @7
                  - 31 @7
                  - 1000 @7
                  - "yes" @7
                  - true @7
                  - "12345678901234567890" @7
                  - "1e999" @7
                8 empty: null
                9 run: "pytest\nruff\n" @10
              12 other: {2}
                12 needs: "test"
                12 x: null @4
        "#]]
        .assert_eq(&show(&read(WORKFLOW)));
    }

    #[test]
    fn anchors_and_merge_keys_are_expanded() {
        let text = "a: &a\n  x: 1\n  y: 2\nb: &b {y: 3}\nc:\n  <<: [*a, *b]\n  x: 9\nd:\n  <<: *a\ne: [*.csv, *a]\n'<<': 1\n";
        expect![[r#"
            {6} @1
            1 a: {2} @2
              2 x: 1
              3 y: 2
            4 b: {1}
              4 y: 3
            5 c: {2} @6
              3 y: 2
              7 x: 9
            8 d: {2} @9
              2 x: 1
              3 y: 2
            10 e: [2]
              - "*.csv" @10
              - {2} @2
                2 x: 1
                3 y: 2
            11 <<: 1
            ! 10: the alias *.csv has no anchor
        "#]]
        .assert_eq(&show(&read(text)));
    }

    #[test]
    fn documents_tags_and_duplicate_keys() {
        let text = "---\na: !Ref x\nb: !Sub '${y}'\nc: !!str 1\nd: !GetAtt [p, 2]\na: 2\n---\n# nothing\n---\n- !!int '7'\n--- {}\n---\n? [k, l]\n: v\n...\n";
        expect![[r#"
            {5} @2
            2 a: "x"
            3 b: "${y}"
            4 c: "1"
            5 d: [2]
              - "p" @5
              - 2 @5
            6 a: 2
            ---
            [1] @10
            - 7 @10
            ---
            {0} @11
            ---
            {1} @13
            13 [k, l]: "v" @14
        "#]]
        .assert_eq(&show(&read(text)));
    }

    #[test]
    fn helm_templates_keep_their_structure() {
        let text = "\
{{- if .Values.on }}
kind: Deployment
metadata:
  name: {{ include \"x.name\" . }}-web
  labels:
    {{- include \"x.labels\" . | nindent 4 }}
spec:
  image: \"{{ .Values.image }}:{{ .Values.tag | default \"latest\" }}\"
  replicas: {{ .Values.n }}
  {{/* a
     comment */}}
  command: |
    run {{ .Values.x }}
{{- end }}
";
        expect![[r#"
            {3} @2
            2 kind: "Deployment"
            3 metadata: {2} @4
              4 name: "{{ include \"x.name\" . }}-web"
              5 labels: null
            7 spec: {3} @8
              8 image: "{{ .Values.image }}:{{ .Values.tag | default \"latest\" }}"
              9 replicas: "{{ .Values.n }}"
              12 command: "run {{ .Values.x }}\n" @13
            ! 1: the file is a template: its template lines are left out, its expressions are text
        "#]]
        .assert_eq(&show(&read(text)));
    }

    #[test]
    fn jinja_templates_keep_their_structure() {
        let text = "{% set v = \"1\" %}\npackage:\n  name: {{ name|lower }}\n  version: {{ v }}\nbuild:\n  x: ${{ github.ref }}\n{% if a %}\n  y: {% if b %}1{% else %}2{% endif %}\n{% endif %}\n{{ key }}: 1\n";
        expect![[r#"
            {3} @2
            2 package: {2} @3
              3 name: "{{ name|lower }}"
              4 version: "{{ v }}"
            5 build: {2} @6
              6 x: "${{ github.ref }}"
              8 y: "{% if b %}1{% else %}2{% endif %}"
            10 {{ key }}: 1
            ! 1: the file is a template: its template lines are left out, its expressions are text
        "#]]
        .assert_eq(&show(&read(text)));
    }

    #[test]
    fn errors_keep_what_stands_before_them() {
        let cases = [
            "a: 1\nb:\n\t- 2\nc: 3\n",
            "a: [1, 2\n---\nb: 2\n",
            "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\nc: 4\n",
            "a: 1\n b: 2\n",
            "a: 'x\n",
            "",
            "# only\n",
        ];
        let shown: String = cases
            .iter()
            .map(|text| format!("{text:?}\n{}\n", show(&read(text))))
            .collect();
        expect![[r##"
            "a: 1\nb:\n\t- 2\nc: 3\n"
            {2} @1
            1 a: 1
            2 b: null
            ! 3: tabs disallowed within this context (block indentation)

            "a: [1, 2\n---\nb: 2\n"
            {1} @1
            1 a: [1]
              - 1 @1
            ---
            {1} @3
            3 b: 2
            ! 1: unclosed bracket '['

            "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\nc: 4\n"
            {4} @1
            1 a: 1
            3 b: 2
            5 b: 3
            7 c: 4
            ! 2: the file has merge conflict markers

            "a: 1\n b: 2\n"
            {1} @1
            1 a: "1 b"
            ! 2: mapping values are not allowed in this context

            "a: 'x\n"
            {1} @1
            1 a: null
            ! 1: unclosed quote

            ""

            "# only\n"

        "##]]
        .assert_eq(&shown);
    }

    #[test]
    fn an_alias_bomb_is_cut() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let before = format!("*a{}, ", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", before.repeat(10)));
        }
        let data = read(&text);
        assert_eq!(data.documents.len(), 1);
        assert!(
            data.problems
                .iter()
                .any(|problem| problem.what.contains("aliases")),
            "{:?}",
            data.problems
        );
    }

    #[test]
    fn deep_trees_end_no_process() {
        let mut chain = "a0: &a0 []\n".to_owned();
        for level in 1..2_000 {
            chain.push_str(&format!(
                "a{level}: &a{level} [[[[[[[[[[*a{}]]]]]]]]]]\n",
                level - 1
            ));
        }
        let nested: String = (0..2_000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect();
        for text in [
            "[".repeat(100_000),
            "{a: ".repeat(100_000),
            "- ".repeat(100_000),
            "? ".repeat(100_000),
            nested,
            chain,
        ] {
            let data = read(&text);
            assert!(!data.problems.is_empty());
            check_spans(&text, &data);
        }
    }

    #[test]
    fn of_a_lock_the_outline_is_kept() {
        let lock = "\
version: 6
metadata:
  content_hash: {linux-64: abc}
  platforms: [linux-64]
  made: x
environments:
  default:
    packages:
      linux-64:
      - conda: https://a/b.conda
packages:
- conda: https://a/numpy-1.0.conda
  sha256: &hash abc
  depends: [a, {name: b}]
- pypi: https://a/scipy-1.0.whl
  name: scipy
  requires_dist:
  - name: none
- [name, x]
- x
? [a]
: - 1
package: []
";
        expect![[r#"
            {5} @1
            1 version: 6
            2 metadata: {1} @3
              5 made: "x"
            6 environments: {0} @7
            11 packages: [2] @12
              - {1} @12
                12 conda: "https://a/numpy-1.0.conda"
              - {2} @15
                15 pypi: "https://a/scipy-1.0.whl"
                16 name: "scipy"
            23 package: [0]
        "#]]
        .assert_eq(&show(&read_lock(lock)));
        for text in [
            lock,
            WORKFLOW,
            "- a\n- [b]\n",
            "a",
            "",
            "package:\n- name: x\n  y: &a {z: 1}\n  z: *a\n",
        ] {
            let (whole, kept) = (read(text), read_lock(text));
            let shown_of = crate::outline::shown;
            let shown = |data: &crate::data::Data| data.documents.first().map(shown_of);
            let outlined = whole.documents.first().map(outline).map(|root| shown_of(&root));
            assert_eq!(shown(&kept), outlined, "{text}");
            check_spans(text, &kept);
        }
    }

    #[test]
    fn a_lock_may_have_many_values() {
        let package = "- name: x\n  depends: [a, b, c, d, e, f, g, h]\n";
        let text = format!("package:\n{}", package.repeat(crate::limits::NODES / 10));
        assert!(!read(&text).problems.is_empty());
        let lock = read_lock(&text);
        assert_eq!(lock.problems, []);
        let packages = lock.documents[0].get("package").map(|list| list.items().len());
        assert_eq!(packages, Some(crate::limits::NODES / 10));
    }

    #[test]
    fn no_text_panics() {
        let helm = "{{- if x }}\na: {{ b }}\n{% endif %}\nc: \"{{ d \"e\" }}\"\n{{/* x\n */}}\n";
        let anchors = "a: &a {x: 1}\nb:\n  <<: *a\n? [1]\n: !t &c |-\n  text\n--- # x\n- *a\n";
        mutate(&[WORKFLOW, helm, anchors], |text| {
            check_spans(text, &read(text));
            check_spans(text, &read_lock(text));
        });
    }

    #[test]
    fn what_other_readers_refuse_is_said() {
        let refused = |text: &str| read(text).refused.map(|problem| problem.place.line);
        for (text, line) in [
            ("a: 1\nb: echo \"x: y\": z\n", Some(2)),
            ("a: echo one: two\n", Some(1)),
            ("a:\n- b\n - c: ${{ d }}\n e: f\n", Some(3)),
            ("a: \"b\" c\n", Some(1)),
            (
                "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n",
                Some(2),
            ),
            ("a: 1\na: 2\n", None),
            ("a: {{ b }}\nc: echo one: two\n", None),
            ("{% if a %}\nb: 1\n{% endif %}\n", None),
            ("a: *b\n", None),
            ("a:\n\tb: 1\n", None),
            ("a: [\n  b\n]\n", None),
            ("a: ${{ b }}\nc: |\n  x: y: z\n", None),
        ] {
            assert_eq!(refused(text), line, "{text}");
        }
    }
}
