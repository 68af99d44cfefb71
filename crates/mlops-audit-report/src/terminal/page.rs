//! The page that is written from top to bottom: open lines, rules, and the box with its borders.

use super::links::Places;
use super::text::{Text, Tone};

/// Columns that a paragraph's text gets at least beside its lead. Where there are fewer, on narrow terminals, its
/// other lines stand further to the left.
const NARROWEST: usize = 30;

/// Columns that they are indented by then.
const OUTDENT: usize = 2;

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
    /// The lines, the first of which begins with `start` in place of the blanks.
    fn lines(&self, start: Text, width: usize, links: &Places) -> Vec<Text> {
        let mut lead = self.lead.clone();
        let mut hang = self.indent + lead.width();
        if width.saturating_sub(hang) < NARROWEST && hang > self.indent + OUTDENT {
            hang = self.indent + OUTDENT;
            // Blanks that align a text with others are lost columns here.
            lead = lead.trimmed().and(Tone::Plain, " ");
        }
        let under_lead = self.indent + lead.width();
        let first = start.and_text(&lead);
        let body = self.body.clone().with_links(links);
        let wrapped = body.wrap(width.saturating_sub(under_lead), width.saturating_sub(hang));
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
    links: Places,
}

impl Page {
    pub(crate) fn new(width: usize, colour: bool) -> Self {
        Self {
            written: String::new(),
            width,
            colour,
            links: Places::default(),
        }
    }

    /// The page with links at the places that it names.
    pub(crate) fn with_links(self, links: Places) -> Self {
        Self { links, ..self }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
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
        for line in paragraph.lines(blanks(paragraph.indent), self.width, &self.links) {
            self.open(line);
        }
    }

    /// A paragraph whose number stands in the columns before it.
    pub(crate) fn numbered(&mut self, number: &str, paragraph: &Paragraph) {
        for line in paragraph.lines(Text::plain(number), self.width, &self.links) {
            self.open(line);
        }
    }

    /// A heading with its meaning, where there is room for it, that a line runs on from to the right edge.
    pub(crate) fn ruled(&mut self, tone: Tone, heading: &str, meaning: &str) {
        let whole = Text::toned(tone, &format!("── {heading}: {meaning} "));
        let heading = if whole.width() < self.width && !meaning.is_empty() {
            whole
        } else {
            Text::toned(tone, &format!("── {heading} ")).cut_to(self.width)
        };
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
        for line in paragraph.lines(blanks(paragraph.indent), self.inner_width(), &self.links) {
            self.boxed_line(&line);
        }
    }

    fn boxed_line(&mut self, line: &Text) {
        let padding = " ".repeat(self.inner_width().saturating_sub(line.width()));
        let painted = self.painted(line);
        self.written.push_str(&format!("║ {painted}{padding} ║\n"));
    }

    fn border(&mut self, left: char, right: char) {
        let line = "═".repeat(self.width.saturating_sub(2));
        self.written.push_str(&format!("{left}{line}{right}\n"));
    }

    /// A line outside the box that is known to fit.
    pub(crate) fn line(&mut self, line: Text) {
        self.open(line);
    }

    fn open(&mut self, line: Text) {
        let painted = self.painted(&line.trimmed());
        self.written.push_str(&painted);
        self.written.push('\n');
    }

    fn painted(&self, line: &Text) -> String {
        line.paint_linked(self.colour, self.links.addresses())
    }

    /// The columns between the borders and the blank beside each.
    fn inner_width(&self) -> usize {
        self.width.saturating_sub(4)
    }
}
