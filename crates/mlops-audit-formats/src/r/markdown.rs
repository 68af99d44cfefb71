//! The chunks of R Markdown and Quarto that run R.

use std::ops::Range;

/// Finds the bodies of the R chunks that are evaluated.
pub(super) fn chunks(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let content = line.trim_start_matches(['>', ' ', '\t']).trim_end();
        match &open {
            None => open = Fence::open(content, end),
            Some(fence) if fence.is_closed_by(content) => {
                if fence.runs_r && !is_switched_off(&text[fence.body..start]) {
                    found.push(fence.body..start);
                }
                open = None;
            }
            Some(_) => {}
        }
    }
    // A chunk that the file's end cuts off still runs.
    if let Some(fence) = open
        && fence.runs_r
        && !is_switched_off(&text[fence.body..])
    {
        found.push(fence.body..text.len());
    }
    found
}

struct Fence {
    ticks: usize,
    runs_r: bool,
    body: usize,
}

impl Fence {
    /// A line that opens a chunk, or a longer fence that shows chunks without running them. Plain fences of three
    /// do not count: knitr passes over them as well.
    fn open(content: &str, body: usize) -> Option<Self> {
        let info = content.trim_start_matches('`');
        let ticks = content.len() - info.len();
        let header = info
            .trim_start()
            .strip_prefix('{')
            .and_then(|header| header.strip_suffix('}'));
        match header {
            _ if ticks < 3 => None,
            Some(header) => Some(Self {
                ticks,
                runs_r: is_r(header),
                body,
            }),
            None => (ticks > 3).then_some(Self {
                ticks,
                runs_r: false,
                body,
            }),
        }
    }

    fn is_closed_by(&self, content: &str) -> bool {
        content.len() >= self.ticks && content.bytes().all(|byte| byte == b'`')
    }
}

/// Whether a chunk's header names R and does not switch it off.
fn is_r(header: &str) -> bool {
    let language = header.split([' ', ',', '\t']).next().unwrap_or_default();
    let squeezed: String = header.chars().filter(|next| !next.is_whitespace()).collect();
    let off =
        ["eval=FALSE", "eval=F,"].iter().any(|off| squeezed.contains(off)) || squeezed.ends_with("eval=F");
    language.eq_ignore_ascii_case("r") && !off
}

/// Whether the option comments at a chunk's top switch it off.
fn is_switched_off(body: &str) -> bool {
    body.lines()
        .map_while(|line| line.trim_start().strip_prefix("#|"))
        .filter_map(|option| option.split_once(':'))
        .any(|(key, value)| key.trim() == "eval" && matches!(value.trim(), "false" | "FALSE" | "no"))
}
