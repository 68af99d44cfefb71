//! Text in tones that is measured in columns, wrapped, and painted only at the end.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::harmless::harmless;
use super::links::Places;

/// What a stretch of text means to the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Heading,
    Faint,
    Good,
    Warning,
    Bad,
    Alarm,
}

impl Tone {
    fn style(self) -> Style {
        let coloured = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => coloured(AnsiColor::Green),
            Self::Warning => coloured(AnsiColor::Yellow),
            Self::Bad => coloured(AnsiColor::Red),
            Self::Alarm => coloured(AnsiColor::Red).bold(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    character: char,
    tone: Tone,
    /// Number of the link that it belongs to, from 1; 0 where it belongs to none.
    link: usize,
}

/// One line, or one paragraph that is still to be wrapped. Whatever is put into it is made harmless, so nothing
/// else has to think of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    cells: Vec<Cell>,
}

impl Text {
    pub(crate) fn plain(text: &str) -> Self {
        Self::default().and(Tone::Plain, text)
    }

    pub(crate) fn toned(tone: Tone, text: &str) -> Self {
        Self::default().and(tone, text)
    }

    /// The text with more of it at its end.
    #[must_use]
    pub(crate) fn and(mut self, tone: Tone, more: &str) -> Self {
        self.cells.extend(harmless(more).chars().map(|character| Cell {
            character,
            tone,
            link: 0,
        }));
        self
    }

    /// The text with a link at each word that names a known place, without the brackets and points around it.
    #[must_use]
    pub(crate) fn with_links(mut self, places: &Places) -> Self {
        if places.addresses().is_empty() {
            return self;
        }
        let mut path = "";
        for word in self.cells.split_mut(|cell| cell.character == ' ') {
            let before = word
                .iter()
                .take_while(|cell| matches!(cell.character, '(' | '`'))
                .count();
            let after = word
                .iter()
                .rev()
                .take_while(|cell| ")`.,;:".contains(cell.character))
                .count();
            let end = word.len().saturating_sub(after);
            let Some(core) = word.get_mut(before..end) else {
                continue;
            };
            let name: String = core.iter().map(|cell| cell.character).collect();
            if let Some((number, found)) = places.find(&name, path) {
                path = found;
                core.iter_mut().for_each(|cell| cell.link = number);
            }
        }
        self
    }

    #[must_use]
    pub(crate) fn and_text(mut self, more: &Self) -> Self {
        self.cells.extend_from_slice(&more.cells);
        self
    }

    /// How many columns it takes.
    pub(crate) fn width(&self) -> usize {
        let line: String = self.cells.iter().map(|cell| cell.character).collect();
        line.width()
    }

    /// The text without the blanks at its end.
    #[must_use]
    pub(crate) fn trimmed(mut self) -> Self {
        let kept = self
            .cells
            .iter()
            .rposition(|cell| cell.character != ' ')
            .map_or(0, |last| last + 1);
        self.cells.truncate(kept);
        self
    }

    /// The text as it is printed, with the codes of its tones where colour is wanted.
    pub(crate) fn paint(&self, colour: bool) -> String {
        self.paint_linked(colour, &[])
    }

    /// The text as it is printed, with its links to these addresses. A link that goes on in the next line has the
    /// same id there, so that terminals show both parts as one.
    pub(crate) fn paint_linked(&self, colour: bool, addresses: &[String]) -> String {
        let mut painted = String::new();
        let is_same = |left: &Cell, right: &Cell| left.tone == right.tone && left.link == right.link;
        for run in self.cells.chunk_by(is_same) {
            let style = if colour { run[0].tone.style() } else { Style::new() };
            let address = run[0].link.checked_sub(1).and_then(|link| addresses.get(link));
            painted.push_str(&style.render().to_string());
            if let Some(address) = address {
                painted.push_str(&format!("\u{1b}]8;id=m{};{address}\u{1b}\\", run[0].link));
            }
            painted.extend(run.iter().map(|cell| cell.character));
            if address.is_some() {
                painted.push_str("\u{1b}]8;;\u{1b}\\");
            }
            painted.push_str(&style.render_reset().to_string());
        }
        painted
    }

    /// The text up to so many columns, with a sign where it was cut.
    #[must_use]
    pub(crate) fn cut_to(mut self, most: usize) -> Self {
        if columns(&self.cells) <= most {
            return self;
        }
        let mut used = 1;
        let kept = self.cells.iter().take_while(|cell| {
            used += cell.character.width().unwrap_or(0);
            used <= most
        });
        self.cells.truncate(kept.count());
        let tone = self.cells.last().map_or(Tone::Plain, |cell| cell.tone);
        self.and(tone, "…")
    }

    /// Breaks it into lines of at most `first` columns for the first and `rest` for the others: at spaces, or
    /// within a word that is wider than a whole line. There is always one line.
    pub(crate) fn wrap(&self, first: usize, rest: usize) -> Vec<Self> {
        let mut filling = Filling {
            lines: Vec::new(),
            line: Vec::new(),
            used: 0,
            room: first,
            rest: rest.max(1),
        };
        let mut cells = self.cells.as_slice();
        while !cells.is_empty() {
            let spaces = cells.iter().take_while(|cell| cell.character == ' ').count();
            let letters = cells[spaces..]
                .iter()
                .take_while(|cell| cell.character != ' ')
                .count();
            filling.place(&cells[..spaces], &cells[spaces..spaces + letters]);
            cells = &cells[spaces + letters..];
        }
        filling.finish()
    }
}

/// Lines as they are filled with words.
struct Filling {
    lines: Vec<Text>,
    line: Vec<Cell>,
    used: usize,
    room: usize,
    rest: usize,
}

impl Filling {
    fn place(&mut self, spaces: &[Cell], word: &[Cell]) {
        let gap = if self.line.is_empty() { &[] } else { spaces };
        if word.is_empty() {
            return;
        }
        if self.used + columns(gap) + columns(word) <= self.room {
            self.push(gap);
            self.push(word);
        } else if columns(word) <= self.rest {
            self.next_line();
            self.push(word);
        } else {
            self.place_in_parts(gap, word);
        }
    }

    fn place_in_parts(&mut self, gap: &[Cell], mut word: &[Cell]) {
        // A few characters of a path at the end of a line help nobody.
        if self.room.saturating_sub(self.used + columns(gap)) < self.rest / 3 {
            self.next_line();
        } else {
            self.push(gap);
        }
        loop {
            let (part, left) = word.split_at(cut(word, self.room.saturating_sub(self.used)));
            self.push(part);
            if left.is_empty() {
                return;
            }
            self.next_line();
            word = left;
        }
    }

    fn push(&mut self, cells: &[Cell]) {
        self.used += columns(cells);
        self.line.extend_from_slice(cells);
    }

    fn next_line(&mut self) {
        self.lines.push(Text {
            cells: std::mem::take(&mut self.line),
        });
        self.used = 0;
        self.room = self.rest;
    }

    fn finish(mut self) -> Vec<Text> {
        self.lines.push(Text { cells: self.line });
        self.lines
    }
}

/// The sum of the characters' widths. A sequence of them may show narrower (an emoji with its modifier), never
/// wider, so a line that is filled by this measure fits.
fn columns(cells: &[Cell]) -> usize {
    cells.iter().map(|cell| cell.character.width().unwrap_or(0)).sum()
}

/// How many cells of a word that is too wide go onto a line with `room` columns: up to its last `/`, bracket, comma or
/// sign of equality where one stands in the second half, else as many as fit, and always one at least.
fn cut(word: &[Cell], room: usize) -> usize {
    let mut used = 0;
    let fitting = word.iter().take_while(|cell| {
        used += cell.character.width().unwrap_or(0);
        used <= room
    });
    let fitting = fitting.count();
    if fitting == word.len() {
        return fitting;
    }
    let ends_part = |cell: &Cell| matches!(cell.character, '/' | '(' | ',' | '=');
    match word[..fitting].iter().rposition(ends_part) {
        Some(slash) if slash * 2 >= fitting => slash + 1,
        _ => fitting.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::{Text, Tone};

    fn lines(text: &str, first: usize, rest: usize) -> Vec<String> {
        Text::plain(text)
            .wrap(first, rest)
            .iter()
            .map(|line| line.paint(false))
            .collect()
    }

    #[test]
    fn breaks_at_spaces() {
        assert_eq!(lines("one two three", 7, 5), ["one two", "three"]);
        assert_eq!(lines("", 5, 5), [""]);
    }

    #[test]
    fn breaks_a_long_path_behind_a_slash() {
        assert_eq!(
            lines("at src/models/training/train.py", 20, 14),
            ["at src/models/", "training/", "train.py"]
        );
    }

    #[test]
    fn breaks_a_long_call_behind_a_sign() {
        assert_eq!(
            lines("run.with(schedule=Schedule(cron))", 20, 20),
            ["run.with(schedule=", "Schedule(cron))"]
        );
    }

    #[test]
    fn breaks_what_has_no_slash_anywhere() {
        assert_eq!(lines("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("学習学習学習", 5, 5), ["学習", "学習", "学習"]);
    }

    #[test]
    fn keeps_the_spaces_of_a_name_within_a_line() {
        assert_eq!(lines("a  b.py", 10, 10), ["a  b.py"]);
    }

    #[test]
    fn paints_only_where_colour_is_wanted() {
        let text = Text::plain("Unit: ").and(Tone::Good, "✓");
        assert_eq!(text.paint(false), "Unit: ✓");
        assert_eq!(text.paint(true), "Unit: \u{1b}[32m✓\u{1b}[0m");
        assert_eq!(text.width(), 7);
    }
}
