//! What is checked of a page.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::webdriver::Browser;

/// The accessibility checker.
const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");

/// Words that no script of a page may have run.
const ATTACKED: &str =
    "return window.attacked === undefined ? [] : ['a name or a line of the repository was executed']";

/// Every link within the page leads somewhere, and no id occurs twice.
const ANCHORS: &str = "
    const wrong = [];
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) wrong.push(`the id ${id} occurs twice`);
    for (const link of document.querySelectorAll('a[href^=\"#\"]'))
      if (!ids.includes(link.getAttribute('href').slice(1))) wrong.push(`${link.getAttribute('href')} leads nowhere`);
    return wrong;";

/// Nothing is asked of a network, and every link that leaves the page leads to a hosting service.
const NETWORK: &str = "
    const asked = performance.getEntriesByType('resource').map((entry) => `it asks for ${entry.name}`);
    const strange = [...document.querySelectorAll('a:not([href^=\"#\"])')].map((link) => link.getAttribute('href'))
      .filter((address) => !address.startsWith('https://'));
    return asked.concat(strange.map((address) => `it links to ${address}`));";

/// The filters show what they say, and a link to what is hidden shows it.
const FILTERS: &str = "
    const wrong = [];
    const visible = () => [...document.querySelectorAll('article.advice')].filter((advice) => advice.offsetParent !== null);
    const all = visible().length;
    if (document.querySelectorAll('article.advice').length !== all) wrong.push('not all recommendations are shown at first');
    for (const kind of ['priority', 'principle']) {
      for (const box of document.querySelectorAll(`[data-filter=\"${kind}\"]`)) {
        box.click();
        if (visible().some((advice) => advice.dataset[kind] === box.value)) wrong.push(`${box.value} is shown though it is filtered out`);
        if (!document.getElementById('advice-count').textContent.startsWith(`${visible().length} of`)) wrong.push('the count is stale');
        box.click();
        if (visible().length !== all) wrong.push(`${box.value} does not come back`);
      }
    }
    const ticks = document.querySelectorAll('[data-step]');
    if (all > 0) {
      if (ticks.length !== all) wrong.push(`the roadmap has ${ticks.length} steps for ${all} recommendations`);
      ticks[0].click();
      if (!document.getElementById('roadmap-count').textContent.startsWith('1 of')) wrong.push('a step that is done is not counted');
      ticks[0].click();
    }
    return wrong;";

/// Nothing is wider than the page.
const WIDTH: &str = "
    const page = document.documentElement;
    return page.scrollWidth <= page.clientWidth ? [] : [`it scrolls sideways: ${page.scrollWidth} of ${page.clientWidth} pixels`];";

/// Contrast, names, roles, landmarks, the order of headings.
const ACCESSIBLE: &str = "
    const done = arguments[arguments.length - 1];
    for (const details of document.querySelectorAll('details')) details.open = true;
    const told = (violation) => `${violation.id}: ${violation.help} (${violation.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')})`;
    axe.run(document).then((result) => done(result.violations.map(told)), (error) => done([`${error}`]));";

const OPENED: &str = "
    const entry = performance.getEntriesByType('navigation')[0];
    return Math.round(entry.loadEventEnd - entry.startTime);";

/// What is wrong with a page, and how many milliseconds it took to open.
pub(super) fn check(browser: &mut Browser, page: &Path) -> anyhow::Result<(Vec<String>, i64)> {
    let mut wrong = Vec::new();
    browser.console()?;
    browser.show(1280, "light")?;
    browser.open(page)?;
    let milliseconds = browser.evaluate(OPENED)?.as_i64().unwrap_or_default();
    for script in [ANCHORS, NETWORK, FILTERS, ATTACKED] {
        wrong.extend(told(&browser.evaluate(script)?));
    }
    for width in super::WIDTHS {
        browser.show(width, "light")?;
        browser.open(page)?;
        wrong.extend(
            told(&browser.evaluate(WIDTH)?)
                .into_iter()
                .map(|what| format!("at {width} pixels {what}")),
        );
    }
    wrong.extend(
        browser
            .console()?
            .into_iter()
            .map(|line| format!("the console says: {line}")),
    );
    for (width, scheme) in [(1280, "light"), (1280, "dark"), (360, "light")] {
        browser.show(width, scheme)?;
        browser.open(page)?;
        browser.evaluate(AXE).context("axe-core does not load")?;
        let found = told(&browser.evaluate_later(ACCESSIBLE)?);
        wrong.extend(
            found
                .into_iter()
                .map(|what| format!("{scheme}, {width} pixels: {what}")),
        );
    }
    Ok((wrong, milliseconds))
}

fn told(value: &Value) -> Vec<String> {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter()
        .map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned))
        .collect()
}
