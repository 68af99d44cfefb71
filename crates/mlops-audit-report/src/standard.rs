//! An audit as a standard sees it: for a terminal, and for programs.

use mlops_audit_core::audit::Audit;
use mlops_audit_core::evidence;
use mlops_audit_knowledge::{Kind, Points, Status, Summary, View, ViewedItem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::json::v1::{Evidence, Verdict};
use crate::terminal::page::{Page, Paragraph};
use crate::terminal::text::{Text, Tone};
use crate::terminal::{Style, level};

/// How many places an item names.
const PLACES: usize = 2;

/// For people at a terminal. It ends in a line break.
pub fn terminal(audit: &Audit, view: &View<'_>, style: &Style) -> String {
    let mut page = Page::new(style.columns(), style.colour);
    let standard = view.standard;
    say(
        &mut page,
        Tone::Heading,
        &format!("{} ({})", standard.name, standard.edition),
    );
    say(
        &mut page,
        Tone::Plain,
        &format!("{}, {}", standard.publisher, standard.source),
    );
    page.blank();
    say(&mut page, Tone::Plain, &standard.note);
    page.blank();
    say(
        &mut page,
        Tone::Plain,
        &format!("Project: {}", audit.project.path),
    );
    for line in summary(&view.summary) {
        say(&mut page, Tone::Heading, &line);
    }
    let mut section = "";
    for viewed in &view.items {
        if viewed.item.section != section {
            section = &viewed.item.section;
            page.blank();
            page.ruled(Tone::Heading, section, "");
        }
        write_item(&mut page, viewed);
    }
    page.blank();
    say(&mut page, Tone::Faint, &explanation(standard.kind));
    page.finish()
}

fn write_item(page: &mut Page, viewed: &ViewedItem<'_>) {
    let tone = match viewed.status {
        Status::Shown => Tone::Good,
        Status::Partly => Tone::Warning,
        Status::NotShown => Tone::Bad,
        Status::Unseen => Tone::Faint,
    };
    let doubt = if viewed.item.unverified {
        " (from memory, unverified)"
    } else {
        ""
    };
    page.paragraph(&Paragraph {
        indent: 0,
        lead: Text::toned(tone, &format!("{} ", viewed.status.mark())),
        body: Text::toned(Tone::Heading, &viewed.item.id).and(
            Tone::Plain,
            &format!("  {}: {}{doubt}", viewed.item.title, viewed.status.as_str()),
        ),
    });
    for result in &viewed.criteria {
        let shown: Vec<String> = result
            .evidence
            .iter()
            .take(PLACES)
            .map(evidence::Evidence::location)
            .collect();
        let places = if shown.is_empty() {
            String::new()
        } else {
            format!(" ({})", shown.join(", "))
        };
        page.paragraph(&Paragraph {
            indent: 4,
            lead: Text::plain(&format!("{} ", result.verdict.mark())),
            body: Text::plain(&format!("{}{places}", result.id)),
        });
    }
}

fn summary(summary: &Summary) -> Vec<String> {
    match summary {
        Summary::Points { sections, total } => {
            let mut lines = vec![format!("Score: {}, the smallest of the sections", range(total))];
            lines.extend(
                sections
                    .iter()
                    .map(|(name, points)| format!("  {name}: {} of 7", range(points))),
            );
            lines
        }
        Summary::Level {
            reached,
            of,
            ours,
            missing,
        } => {
            let own = ours.map_or_else(|| "none".to_owned(), level);
            let mut lines = vec![
                format!("Level there: {reached} of {of}, by what files show"),
                format!("Level here: {own}"),
            ];
            if !missing.is_empty() {
                let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
                lines.push(format!(
                    "Missing for level {} there: {}",
                    reached + 1,
                    names.join(", ")
                ));
            }
            lines
        }
        Summary::Counts([shown, partly, not_shown, unseen]) => vec![format!(
            "Evidence toward {} of {} items: {shown} shown, {partly} partly; {not_shown} not shown, {unseen} cannot be seen",
            shown + partly,
            shown + partly + not_shown + unseen
        )],
    }
}

fn range(points: &Points) -> String {
    format!("{:.1} to {:.1}", points.from, points.to)
}

fn explanation(kind: Kind) -> String {
    let range = match kind {
        Kind::Points => " What cannot be seen may be done or not: hence a range.",
        Kind::Levels | Kind::Items => "",
    };
    format!(
        "What is shown is evidence toward an item. 'Cannot be seen' means that no file shows it, or that no criterion \
         looks for it.{range}"
    )
}

fn say(page: &mut Page, tone: Tone, text: &str) {
    page.paragraph(&Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::toned(tone, text),
    });
}

/// An audit as a standard sees it: evidence toward its items, never proof that they are fulfilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "mlops-audit standard")]
pub struct StandardReport {
    /// Version of this contract.
    pub schema_version: String,
    /// Id of the standard.
    pub standard: String,
    /// What it is called, with its edition.
    pub name: String,
    /// Where it can be read.
    pub source: String,
    /// From how many points to how many; present for a standard that counts points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<[f64; 2]>,
    /// The level that files show; present for a standard that has levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Its items in its own order.
    pub items: Vec<ItemReport>,
}

/// An item of a standard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ItemReport {
    /// Its number in the standard.
    pub id: String,
    /// What it asks for, in words of our own.
    pub title: String,
    /// How far the repository shows it.
    pub status: StatusReport,
    /// Whether the item was checked against the source, or stands from memory.
    pub verified: bool,
    /// The criteria that give evidence toward it.
    pub criteria: Vec<ItemCriterion>,
}

/// How far the repository shows an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatusReport {
    /// It shows what the item asks for.
    Shown,
    /// It shows some of it.
    Partly,
    /// It shows nothing of it.
    NotShown,
    /// Files cannot show it, or no criterion looks for it.
    Unseen,
}

/// A criterion that gives evidence toward an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ItemCriterion {
    /// Its id.
    pub id: String,
    /// What was decided.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Vec<Evidence>,
}

/// For programs: pretty JSON that ends in a line break.
pub fn json(view: &View<'_>) -> String {
    let report = StandardReport {
        schema_version: "1.0".to_owned(),
        standard: view.standard.id.clone(),
        name: format!("{} ({})", view.standard.name, view.standard.edition),
        source: view.standard.source.clone(),
        points: match &view.summary {
            Summary::Points { total, .. } => Some([total.from, total.to]),
            _ => None,
        },
        level: match &view.summary {
            Summary::Level { reached, .. } => Some(*reached),
            _ => None,
        },
        items: view.items.iter().map(ItemReport::from).collect(),
    };
    crate::json::v1::pretty(&report)
}

/// The JSON Schema of [`json`], pretty and with a line break at its end.
pub fn schema() -> String {
    crate::json::v1::pretty(&schemars::schema_for!(StandardReport))
}

impl From<&ViewedItem<'_>> for ItemReport {
    fn from(viewed: &ViewedItem<'_>) -> Self {
        Self {
            id: viewed.item.id.clone(),
            title: viewed.item.title.clone(),
            status: match viewed.status {
                Status::Shown => StatusReport::Shown,
                Status::Partly => StatusReport::Partly,
                Status::NotShown => StatusReport::NotShown,
                Status::Unseen => StatusReport::Unseen,
            },
            verified: !viewed.item.unverified,
            criteria: viewed
                .criteria
                .iter()
                .map(|result| ItemCriterion {
                    id: result.id.to_string(),
                    verdict: result.verdict.into(),
                    evidence: result.evidence.iter().map(Evidence::from).collect(),
                })
                .collect(),
        }
    }
}
