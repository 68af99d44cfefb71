//! A badge: one number of the audit, as a picture for a README or for the service that draws badges.

use std::fmt::Write as _;

use mlops_audit_core::audit::{Audit, AutomationLevel};
use serde_json::json;

use crate::terminal::{level, score};

/// Which number a badge shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The score out of 6.
    Score,
    /// The level of automation.
    Level,
    /// The level of maturity.
    Maturity,
}

/// A badge: a label, and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    label: &'static str,
    message: String,
    colour: &'static str,
}

/// Colours on which white text is easy to read, from bad to good, and one that says nothing.
const RED: &str = "b3261e";
const ORANGE: &str = "a8470b";
const YELLOW: &str = "806000";
const GREEN: &str = "1a7f37";
const GREY: &str = "57606a";

/// The badge of an audit. A repository without machine learning gets a grey one, whatever was asked for.
pub fn badge(audit: &Audit, subject: Subject) -> Badge {
    let label = match subject {
        Subject::Score => "MLOps score",
        Subject::Level => "automation level",
        Subject::Maturity => "MLOps maturity",
    };
    let Some(standing) = &audit.standing else {
        return Badge {
            label,
            message: "not an ML project".to_owned(),
            colour: GREY,
        };
    };
    let (message, colour) = match subject {
        Subject::Score => (format!("{}/6", score(standing.score)), of_score(standing.score)),
        Subject::Level => (
            level(standing.automation_level),
            of_level(standing.automation_level),
        ),
        Subject::Maturity => (level(standing.maturity), of_level(standing.maturity)),
    };
    Badge {
        label,
        message,
        colour,
    }
}

fn of_score(score: f64) -> &'static str {
    match score {
        score if score < 1.5 => RED,
        score if score < 3.0 => ORANGE,
        score if score < 4.5 => YELLOW,
        _ => GREEN,
    }
}

const fn of_level(level: AutomationLevel) -> &'static str {
    match level {
        AutomationLevel::Manual => RED,
        AutomationLevel::Pipeline => ORANGE,
        AutomationLevel::CiCd => YELLOW,
        AutomationLevel::Ct => GREEN,
    }
}

/// Pixels between text and edge.
const PADDING: f64 = 6.0;

impl Badge {
    /// A picture that needs nothing from elsewhere. Texts are set to their widths, so they fit whatever font a reader has.
    pub fn svg(&self) -> String {
        let (label, message) = (width(self.label), width(&self.message));
        let (left, right) = (label + 2.0 * PADDING, message + 2.0 * PADDING);
        let whole = left + right;
        let said = format!("{}: {}", self.label, self.message);
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole:.1}\" height=\"20\" viewBox=\"0 0 {whole:.1} 20\" role=\"img\" aria-label=\"{said}\">\n\
             <title>{said}</title>\n\
             <clipPath id=\"round\"><rect width=\"{whole:.1}\" height=\"20\" rx=\"3\"/></clipPath>\n\
             <g clip-path=\"url(#round)\">\n\
             <rect width=\"{left:.1}\" height=\"20\" fill=\"#3b3f45\"/>\n\
             <rect x=\"{left:.1}\" width=\"{right:.1}\" height=\"20\" fill=\"#{}\"/>\n\
             </g>\n\
             <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,Geneva,sans-serif\" font-size=\"11\">\n",
            self.colour
        );
        for (x, width, text) in [
            (PADDING, label, self.label),
            (left + PADDING, message, self.message.as_str()),
        ] {
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"14\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>"
            );
        }
        svg.push_str("</g>\n</svg>\n");
        svg
    }

    /// What a service that draws badges asks an address for: the form `endpoint` of shields.io.
    pub fn endpoint(&self) -> String {
        crate::json::v1::pretty(&json!({
            "schemaVersion": 1,
            "label": self.label,
            "message": self.message,
            "color": self.colour,
        }))
    }
}

/// The width of a text in Verdana at 11 pixels. Labels and messages are words of this file, in plain letters.
fn width(text: &str) -> f64 {
    /// Units of the font to an em.
    const EM: f64 = 2048.0;
    let units = |character: char| match character {
        'i' | 'l' => 562,
        'f' | ' ' => 720,
        'j' => 705,
        '.' => 745,
        't' => 807,
        'r' => 874,
        'I' => 862,
        '/' | '-' => 930,
        'c' | 's' => 1067,
        'z' => 1076,
        'L' => 1140,
        'k' | 'v' | 'x' | 'y' => 1212,
        'e' | 'a' => 1225,
        'm' => 1992,
        'w' => 1676,
        'M' => 1726,
        'O' => 1612,
        'T' => 1262,
        'C' => 1430,
        'D' => 1578,
        _ => 1300,
    };
    let sum: i32 = text.chars().map(units).sum();
    f64::from(sum) / EM * 11.0
}
