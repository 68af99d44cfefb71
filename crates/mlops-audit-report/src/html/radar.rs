//! The six principles as a picture: one axis each, reached as far as its share goes, with the figures beside it.

use std::f64::consts::{FRAC_PI_2, TAU};
use std::fmt::Write as _;

use maud::{Markup, html};
use mlops_audit_core::audit::Audit;

use super::shown::verdict;

const CENTRE: (f64, f64) = (180.0, 130.0);
const RADIUS: f64 = 92.0;

/// The picture, and the same in words for whoever cannot see it.
pub(super) fn radar(audit: &Audit) -> Markup {
    let shares: Vec<f64> = audit
        .principles
        .iter()
        .map(|result| result.share.clamp(0.0, 1.0))
        .collect();
    let count = shares.len();
    let full = |share: f64| polygon(&vec![share; count]);
    html! {
        svg.radar viewBox="-50 0 460 260" aria-hidden="true" focusable="false" {
            @for ring in [1.0 / 3.0, 2.0 / 3.0, 1.0] { polygon.ring points=(full(ring)) {} }
            @for index in 0..count {
                @let (x, y) = point(index, count, 1.0);
                line.axis x1=(CENTRE.0) y1=(CENTRE.1) x2=(number(x)) y2=(number(y)) {}
            }
            polygon.shape points=(polygon(&shares)) {}
            @for (index, result) in audit.principles.iter().enumerate() {
                @let (x, y) = point(index, count, shares[index]);
                circle.dot cx=(number(x)) cy=(number(y)) r="3.5" {}
                @let (x, y) = point(index, count, 1.16);
                text class="label" x=(number(x)) y=(number(y + 4.0)) text-anchor=(anchor(x)) {
                    (result.principle.name())
                }
            }
        }
        table.shares {
            caption.hidden { "Share of each principle" }
            thead.hidden { tr { th scope="col" { "Principle" } th scope="col" { "Share" } th scope="col" { "Status" } } }
            tbody {
                @for result in &audit.principles {
                    tr {
                        th scope="row" { a href={ "#principle-" (result.principle.as_str()) } { (result.principle.name()) } }
                        td { (format!("{:.0} %", result.share * 100.0)) }
                        td { (verdict(result.status, false)) }
                    }
                }
            }
        }
    }
}

/// Where a share of an axis ends; the first axis points upwards.
fn point(index: usize, count: usize, share: f64) -> (f64, f64) {
    let index = u32::try_from(index).unwrap_or_default();
    let count = u32::try_from(count.max(1)).unwrap_or(1);
    let angle = TAU * f64::from(index) / f64::from(count) - FRAC_PI_2;
    (
        CENTRE.0 + RADIUS * share * angle.cos(),
        CENTRE.1 + RADIUS * share * angle.sin(),
    )
}

fn polygon(shares: &[f64]) -> String {
    let mut points = String::new();
    for (index, share) in shares.iter().enumerate() {
        let (x, y) = point(index, shares.len(), *share);
        let separator = if index == 0 { "" } else { " " };
        let _ = write!(points, "{separator}{},{}", number(x), number(y));
    }
    points
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn anchor(x: f64) -> &'static str {
    if x < CENTRE.0 - 5.0 {
        "end"
    } else if x > CENTRE.0 + 5.0 {
        "start"
    } else {
        "middle"
    }
}
