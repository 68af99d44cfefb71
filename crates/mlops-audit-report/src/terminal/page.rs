//! The page that is written from top to bottom: open lines, rules, and the box with its borders.

use super::text::{Text, Tone};

/// A paragraph with a lead that stands before its first line; the other lines hang under the first.
pub(crate) struct Paragraph {
    /// Columns before the lead.
    pub(crate) indent: usize,
    /// What stands before the text: `Findings: `.
    pub(crate) lead: Text,
    /// The text that is wrapped.
    pub(crate) body: Text,
}

impl Paragraph {
    fn lines(&self, width: usize) -> Vec<Text> {
        let hang = self.indent + self.lead.width();
        let room = width.saturating_sub(hang);
        let first = blanks(self.indent).and_text(&self.lead);
        let wrapped = self.body.wrap(room, room);
        let starts = std::iter::once(first).chain(std::iter::repeat(blanks(hang)));
        starts
            .zip(&wrapped)
            .map(|(start, line)| start.and_text(line))
            .collect()
    }
}

fn blanks(columns: usize) -> Text {
    Text::plain(&" ".repeat(columns))
}

/// The report as it grows.
pub(crate) struct Page {
    written: String,
    width: usize,
    colour: bool,
}

impl Page {
    pub(crate) fn new(width: usize, colour: bool) -> Self {
        Self {
            written: String::new(),
            width,
            colour,
        }
    }

    pub(crate) fn finish(self) -> String {
        self.written
    }

    pub(crate) fn blank(&mut self) {
        self.written.push('\n');
    }

    /// A line as it stands, however wide: what a reader copies must stay whole.
    pub(crate) fn verbatim(&mut self, indent: usize, line: &str) {
        self.open(blanks(indent).and(Tone::Plain, line));
    }

    /// A sentence among code, wrapped as the comments of a shell and of most files are.
    pub(crate) fn comment(&mut self, indent: usize, text: &str) {
        let start = blanks(indent).and(Tone::Plain, "# ");
        let room = self.width.saturating_sub(start.width());
        for line in Text::plain(text).wrap(room, room) {
            self.open(start.clone().and_text(&line));
        }
    }

    /// A paragraph outside the box.
    pub(crate) fn paragraph(&mut self, paragraph: &Paragraph) {
        for line in paragraph.lines(self.width) {
            self.open(line);
        }
    }

    /// A heading that a line runs on from to the right edge.
    pub(crate) fn ruled(&mut self, tone: Tone, heading: &str) {
        let heading = Text::toned(tone, &format!("── {heading} "));
        let rule = "─".repeat(self.width.saturating_sub(heading.width()));
        self.open(heading.and(tone, &rule));
    }

    pub(crate) fn top_border(&mut self) {
        self.border('╔', '╗');
    }

    pub(crate) fn inner_border(&mut self) {
        self.border('╠', '╣');
    }

    pub(crate) fn bottom_border(&mut self) {
        self.border('╚', '╝');
    }

    /// The box's title, in its middle.
    pub(crate) fn boxed_title(&mut self, title: &str) {
        let title = Text::toned(Tone::Heading, title);
        let before = self.inner_width().saturating_sub(title.width()) / 2;
        self.boxed_line(&blanks(before).and_text(&title));
    }

    /// A paragraph inside the box.
    pub(crate) fn boxed(&mut self, paragraph: &Paragraph) {
        for line in paragraph.lines(self.inner_width()) {
            self.boxed_line(&line);
        }
    }

    fn boxed_line(&mut self, line: &Text) {
        let padding = " ".repeat(self.inner_width().saturating_sub(line.width()));
        let painted = line.paint(self.colour);
        self.written.push_str(&format!("║ {painted}{padding} ║\n"));
    }

    fn border(&mut self, left: char, right: char) {
        let line = "═".repeat(self.width.saturating_sub(2));
        self.written.push_str(&format!("{left}{line}{right}\n"));
    }

    fn open(&mut self, line: Text) {
        self.written.push_str(&line.trimmed().paint(self.colour));
        self.written.push('\n');
    }

    /// The columns between the borders and the blank beside each.
    fn inner_width(&self) -> usize {
        self.width.saturating_sub(4)
    }
}
