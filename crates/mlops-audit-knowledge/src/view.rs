//! An audit as a standard sees it. What is shown is evidence toward an item, never proof that it is fulfilled.

use mlops_audit_core::audit::{Audit, AutomationLevel, CriterionResult};
use mlops_audit_core::judge::{CriterionId, Verdict, criterion_named};

use crate::standard::{Item, Kind, Standard, Visibility};

/// An audit as a standard sees it.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The standard.
    pub standard: &'static Standard,
    /// Its items in its own order.
    pub items: Vec<ViewedItem<'a>>,
    /// What they come to.
    pub summary: Summary,
}

/// An item with what the audit shows of it.
#[derive(Clone, Debug)]
pub struct ViewedItem<'a> {
    /// The item.
    pub item: &'static Item,
    /// How far it is shown.
    pub status: Status,
    /// The criteria that give evidence toward it.
    pub criteria: Vec<&'a CriterionResult>,
}

/// How far an item is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The repository shows what the item asks for.
    Shown,
    /// It shows some of it; or all that files can show of an item that asks for more.
    Partly,
    /// It shows nothing of it.
    NotShown,
    /// Files cannot show it, or this audit does not look for it.
    Unseen,
}

impl Status {
    /// The name that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Partly => "partly shown",
            Self::NotShown => "not shown",
            Self::Unseen => "cannot be seen",
        }
    }

    /// The sign in reports.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Shown => "✓",
            Self::Partly => "⚠",
            Self::NotShown => "✗",
            Self::Unseen => "?",
        }
    }
}

/// What the items of a standard come to.
#[derive(Clone, Debug, PartialEq)]
pub enum Summary {
    /// Points: a range, since what cannot be seen may be done or not.
    Points {
        /// Each section with its points.
        sections: Vec<(&'static str, Points)>,
        /// The smallest section.
        total: Points,
    },
    /// A level of the standard beside ours.
    Level {
        /// The highest level all of whose visible items are shown, and those of the levels below.
        reached: u8,
        /// The highest level that there is.
        of: u8,
        /// The level of automation of this audit; `None` where there is no score.
        ours: Option<AutomationLevel>,
        /// Criteria that are missing for the next level.
        missing: Vec<CriterionId>,
    },
    /// How many items are shown, partly shown, not shown, and cannot be seen.
    Counts([usize; 4]),
}

/// From how many points to how many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Points {
    /// What the repository shows.
    pub from: f64,
    /// The same with everything that cannot be seen.
    pub to: f64,
}

/// Shows an audit as a standard sees it.
pub fn view<'a>(audit: &'a Audit, standard: &'static Standard) -> View<'a> {
    let items: Vec<ViewedItem<'a>> = standard.items.iter().map(|item| viewed(audit, item)).collect();
    let summary = match standard.kind {
        Kind::Points => points(audit, &items),
        Kind::Levels => level(audit, &items),
        Kind::Items => {
            let all = [Status::Shown, Status::Partly, Status::NotShown, Status::Unseen];
            Summary::Counts(all.map(|status| items.iter().filter(|item| item.status == status).count()))
        }
    };
    View {
        standard,
        items,
        summary,
    }
}

fn viewed<'a>(audit: &'a Audit, item: &'static Item) -> ViewedItem<'a> {
    let needs: Vec<(&CriterionResult, Verdict)> = item
        .needs()
        .filter_map(|(name, least)| Some((audit.criterion(criterion_named(name)?.id)?, least)))
        .collect();
    let reached = needs
        .iter()
        .filter(|(result, least)| result.verdict >= *least)
        .count();
    let some = needs.iter().any(|(result, _)| result.verdict > Verdict::Unmet);
    let status = match item.visible {
        Visibility::Unasked | Visibility::Outside => Status::Unseen,
        Visibility::Files if reached == needs.len() => Status::Shown,
        _ if some => Status::Partly,
        _ => Status::NotShown,
    };
    ViewedItem {
        item,
        status,
        criteria: needs.into_iter().map(|(result, _)| result).collect(),
    }
}

/// Whether all that files can show of the item is there.
fn is_reached(viewed: &ViewedItem<'_>) -> bool {
    let mut needs = viewed.item.needs().zip(&viewed.criteria);
    needs.all(|((_, least), result)| result.verdict >= least)
}

/// The rule of the ML Test Score (2017): the sum of each section, and the smallest of them. A test that CI runs again
/// and again gives the whole point, one that merely exists half of it; what cannot be seen gives nothing to a point.
fn points(audit: &Audit, items: &[ViewedItem<'_>]) -> Summary {
    let is_automated = criterion_named("automation.ci")
        .and_then(|criterion| audit.criterion(criterion.id))
        .is_some_and(|result| result.verdict == Verdict::Met);
    let shown = if is_automated { 1.0 } else { 0.5 };
    let mut sections: Vec<(&'static str, Points)> = Vec::new();
    for viewed in items {
        let points = match (viewed.status, viewed.item.visible) {
            (Status::Shown, _) => Points { from: shown, to: 1.0 },
            (Status::Partly, Visibility::Partly) if is_reached(viewed) => Points { from: 0.5, to: 1.0 },
            (Status::Partly | Status::Unseen, _) => Points { from: 0.0, to: 1.0 },
            (Status::NotShown, Visibility::Partly) => Points { from: 0.0, to: 0.5 },
            (Status::NotShown, _) => Points::default(),
        };
        match sections
            .last_mut()
            .filter(|(name, _)| *name == viewed.item.section)
        {
            Some((_, sum)) => {
                sum.from += points.from;
                sum.to += points.to;
            }
            None => sections.push((&viewed.item.section, points)),
        }
    }
    let least = |value: fn(&Points) -> f64| {
        sections
            .iter()
            .map(|(_, sum)| value(sum))
            .fold(f64::MAX, f64::min)
    };
    let total = Points {
        from: least(|sum| sum.from),
        to: least(|sum| sum.to),
    };
    Summary::Points { sections, total }
}

fn level(audit: &Audit, items: &[ViewedItem<'_>]) -> Summary {
    let of = items
        .iter()
        .filter_map(|viewed| viewed.item.level)
        .max()
        .unwrap_or(0);
    let is_open = |level: u8| {
        items
            .iter()
            .filter(move |viewed| viewed.item.level == Some(level))
            .any(|viewed| !is_reached(viewed))
    };
    let reached = (1..=of).take_while(|level| !is_open(*level)).last().unwrap_or(0);
    let next = items
        .iter()
        .filter(|viewed| viewed.item.level == Some(reached + 1));
    let mut missing: Vec<CriterionId> = next
        .flat_map(|viewed| viewed.item.needs().zip(&viewed.criteria))
        .filter(|((_, least), result)| result.verdict < *least)
        .map(|(_, result)| result.id)
        .collect();
    missing.sort();
    missing.dedup();
    Summary::Level {
        reached,
        of,
        ours: audit.standing.as_ref().map(|standing| standing.automation_level),
        missing,
    }
}
