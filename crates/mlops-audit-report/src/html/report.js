"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  for (const element of all(".needs-script")) element.hidden = false;

  // Recommendations by priority and principle.
  const chosen = (kind) => new Set(all(`[data-filter="${kind}"]:checked`).map((box) => box.value));
  const filter = () => {
    const priorities = chosen("priority");
    const principles = chosen("principle");
    let shown = 0;
    for (const advice of all("article.advice")) {
      const fits = priorities.has(advice.dataset.priority) && principles.has(advice.dataset.principle);
      advice.hidden = !fits;
      if (fits) shown += 1;
    }
    const total = all("article.advice").length;
    document.getElementById("advice-count").textContent =
      shown === total ? `${total} recommendation${total === 1 ? "" : "s"}` : `${shown} of ${total} recommendations`;
  };
  for (const box of all("[data-filter]")) box.addEventListener("change", filter);

  // A link to what is filtered out or closed shows it first.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.matches("details")) target.open = true;
    if (target.hidden) {
      for (const box of all("[data-filter]")) box.checked = true;
      filter();
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // What is ticked off is kept in this browser, where it lets a page keep anything.
  const steps = all("[data-step]");
  const key = `mlops-audit:${document.title}`;
  let done = new Set();
  try { done = new Set(JSON.parse(localStorage.getItem(key) || "[]")); } catch { /* nothing was kept */ }
  const count = () => {
    const counter = document.getElementById("roadmap-count");
    if (counter) counter.textContent = `${steps.filter((box) => box.checked).length} of ${steps.length} done`;
  };
  for (const box of steps) {
    box.checked = done.has(box.dataset.step);
    box.addEventListener("change", () => {
      const kept = steps.filter((step) => step.checked).map((step) => step.dataset.step);
      try { localStorage.setItem(key, JSON.stringify(kept)); } catch { /* nothing can be kept */ }
      count();
    });
  }
  count();

  for (const button of all("[data-open]")) {
    button.addEventListener("click", () => {
      for (const details of all("details.criterion")) details.open = button.dataset.open === "all";
    });
  }
  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trimEnd());
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }

  // Print shows what is closed on the screen.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of closed) details.open = false; });
})();
