// Keys, as the Spinal Cord Toolbox has them, and the start.
const KEYS = [
  ["↑ ↓", "previous, next case"], ["Enter", "open a case"], ["Esc", "back to all cases, out of a field"],
  ["→", "bones: outline, fill, off"], ["F", "pass, fail, artefact, none"], ["0 – 9", "rank; again: none"],
  ["C", "comment"], ["/", "search"], ["Page Up, Page Down, wheel", "slices"], ["+ − or Ctrl and wheel", "zoom"],
  ["R", "reset zoom and window"], ["Shift and arrows, on the bones", "turn them"],
];

function isTyping(target) {
  return target.matches("input:not([type=range]):not([type=file]), textarea, select");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, target } = event, row = open || selected;
  if (isTyping(target)) {
    if (key === "Escape") { target.blur(); event.preventDefault(); }
    return;
  }
  // A slider that has the focus keeps its own keys.
  if (target.matches("input[type=range]") && /^(Arrow|Page)/.test(key)) return;
  const press = {
    ArrowUp: () => (open ? openNext(-1) : step(-1)), ArrowDown: () => (open ? openNext(1) : step(1)),
    ArrowRight: slices ? () => slices.toggle() : null,
    PageUp: slices ? () => slices.scroll(-1) : null, PageDown: slices ? () => slices.scroll(1) : null,
    "+": slices ? () => slices.zoom(1.25) : null, "-": slices ? () => slices.zoom(1 / 1.25) : null,
    r: slices ? () => slices.reset() : null,
    f: row ? () => cycle(row) : null, c: open && byId("comment") ? () => byId("comment").focus() : null,
    Escape: closeCase, "/": () => { closeCase(); byId("search").focus(); byId("search").select(); },
    Enter: !open && selected && !target.closest("button, summary, label, .bar") ? () => openCase(selected) : null,
  }[key.length === 1 ? key.toLowerCase() : key];
  if (press) { event.preventDefault(); press(); } else if (/^[0-9]$/.test(key) && row) rank(row, Number(key));
}

function start() {
  const bundled = KEYS.flatMap(([keys, what]) => [make("dt", { text: keys }), make("dd", { text: what })]);
  byId("keys").replaceChildren(...bundled);
  byId("show-keys").addEventListener("click", () => {
    byId("keys").hidden = !byId("keys").hidden;
    byId("show-keys").setAttribute("aria-expanded", String(!byId("keys").hidden));
  });
  readStore();
  initVerdictFiles();
  initChoice();
  initCharts();
  initTable();
  listeners.push(showJudgement);
  document.addEventListener("keydown", onKey);
  showCounts();
  refresh();
  // After the next paint, when the first rows can be seen.
  requestAnimationFrame(() => setTimeout(() => performance.mark("rows"), 0));
}

start();
