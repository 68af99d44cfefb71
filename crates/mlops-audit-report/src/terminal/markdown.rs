//! A page of documentation at a terminal: headings, paragraphs, lists, tables and code.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Style;
use super::page::{Page, Paragraph};
use super::text::{Text, Tone};

/// Renders Markdown, wrapped to the width; code is not wrapped. It ends in a line break.
pub fn markdown(source: &str, style: &Style) -> String {
    let mut writer = Writer {
        page: Page::new(style.columns(), style.colour),
        text: Text::default(),
        tone: Tone::Plain,
        lists: Vec::new(),
        lead: None,
        code: None,
        cells: Vec::new(),
        is_first: true,
    };
    for event in Parser::new_ext(source, Options::ENABLE_TABLES) {
        writer.take(event);
    }
    writer.page.finish()
}

/// Writes a page event by event.
struct Writer {
    page: Page,
    /// The paragraph that is open.
    text: Text,
    tone: Tone,
    /// The next number of each open list; `None` for a list without numbers.
    lists: Vec<Option<u64>>,
    /// What stands before the first paragraph of an item.
    lead: Option<String>,
    /// The code block that is open.
    code: Option<String>,
    /// The cells of the table row that is open.
    cells: Vec<Text>,
    is_first: bool,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.say(&text),
            },
            Event::Code(text) => {
                let tone = std::mem::replace(&mut self.tone, Tone::Good);
                self.say(&text);
                self.tone = tone;
            }
            Event::SoftBreak | Event::HardBreak => self.say(" "),
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        self.text = std::mem::take(&mut self.text).and(self.tone, text);
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.gap();
                self.tone = Tone::Heading;
            }
            Tag::Strong => self.tone = Tone::Heading,
            Tag::Paragraph if self.lists.is_empty() => self.gap(),
            Tag::List(first) => {
                // An item's own text stands before the list in it.
                self.paragraph();
                if self.lists.is_empty() {
                    self.gap();
                }
                self.lists.push(*first);
            }
            Tag::Item => {
                let lead = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.lead = Some(lead);
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.paragraph();
                self.gap();
                self.code = Some(String::new());
            }
            Tag::Table(_) => self.gap(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                self.tone = Tone::Plain;
                let text = std::mem::take(&mut self.text);
                let underline = (level == HeadingLevel::H1).then(|| "═".repeat(text.width()));
                self.write(0, Text::default(), text);
                if let Some(underline) = underline {
                    self.page.verbatim(0, &underline);
                }
            }
            TagEnd::Strong => self.tone = Tone::Plain,
            TagEnd::Paragraph | TagEnd::Item => self.paragraph(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::CodeBlock => {
                for line in self.code.take().unwrap_or_default().lines() {
                    self.page.verbatim(4, &line.replace('\t', "    "));
                }
            }
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.text)),
            TagEnd::TableHead | TagEnd::TableRow => self.row(),
            _ => {}
        }
    }

    /// A row of a table: its first cell stands before the others.
    fn row(&mut self) {
        let mut cells = std::mem::take(&mut self.cells).into_iter();
        let lead = cells.next().unwrap_or_default().and(Tone::Plain, "  ");
        let mut body = Text::default();
        for (index, cell) in cells.enumerate() {
            body = body
                .and(Tone::Plain, if index == 0 { "" } else { " | " })
                .and_text(&cell);
        }
        self.write(2, lead, body);
    }

    /// Writes the open paragraph, if there is one.
    fn paragraph(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.width() == 0 {
            return;
        }
        let depth = self.lists.len();
        let indent = depth.saturating_sub(1) * 2;
        let lead = match (self.lead.take(), depth) {
            (Some(lead), _) => Text::plain(&lead),
            (None, 0) => Text::default(),
            (None, _) => Text::plain("  "),
        };
        self.write(indent, lead, text);
    }

    fn write(&mut self, indent: usize, lead: Text, body: Text) {
        self.page.paragraph(&Paragraph { indent, lead, body });
    }

    /// A blank line between two blocks, and none before the first.
    fn gap(&mut self) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.page.blank();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_shape() {
        let source = "# Seeds\n\nWhy **it** matters, `seed=1`,\nand more.\n\n1. First\n2. Second\n   - inner\n\n```python\nx = 1\n\ty = 2\n```\n\n| A | B |\n| --- | --- |\n| one | two |\n";
        expect_test::expect![[r"
            Seeds
            ═════

            Why it matters, seed=1, and more.

            1. First
            2. Second
              - inner

                x = 1
                    y = 2

              A  B
              one  two
        "]]
        .assert_eq(&markdown(source, &Style::default()));
    }
}
