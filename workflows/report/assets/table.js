// The table of cases. Rows are made as they are scrolled to, so that thousands cost nothing.
const BATCH = 60;
let selected = null, built = 0, sentinel = null;

function heading(column) {
  if (!column.of) return make("th", { scope: "col" }, make("span", { class: "unseen", text: "Picture" }));
  const press = () => {
    if (order.key !== column.key) Object.assign(order, { key: column.key, down: false });
    else if (!order.down) order.down = true;
    else Object.assign(order, { key: null, down: false });
    refresh();
  };
  const button = make("button", { type: "button", text: column.title, onclick: press });
  return make("th", { scope: "col", "data-key": column.key, class: column.number ? "number" : column.key }, button);
}

function picture(row) {
  if (!row.thumbnail) return make("span", { class: "no-picture", text: row.state === "failed" ? "failed" : "no picture" });
  return make("img", {
    src: `data:image/webp;base64,${row.thumbnail}`, alt: `Slice of ${row.case} with the bones outlined`,
    loading: "lazy", decoding: "async",
  });
}

function cells(row) {
  const name = make("td", { class: "case" },
    make("button", { type: "button", class: "open", onclick: () => openCase(row) }, named(row.case)),
    row.examination ? make("small", {}, "examination ", named(row.examination)) : null);
  const told = row.state === "failed" ? [row.error] : [...row.flags, row.error].filter(Boolean);
  const flags = make("td", { class: "flags" },
    ...told.map((flag) => make("p", { class: row.flags.includes(flag) ? "flag" : "error", title: flag },
      named(flag.replace(/ \(usually.*\)$/, "")))));
  const numbers = COLUMNS.filter((column) => column.number).map((column) => {
    const low = column.key.startsWith("dice") && row.missing.includes(column.bone.name);
    return make("td", { class: "number", text: low ? "missing" : number(column.of(row), column.digits) });
  });
  const texts = [row.sequence, row.kind, row.side].map((text) => make("td", {}, named(text || "–")));
  const verdict = make("td", { class: `verdict ${verdictOf(row).verdict || ""}`, text: verdictText(row) });
  return [make("td", { class: "picture" }, picture(row)), name, verdict, flags, ...numbers, ...texts];
}

function lineOf(row) {
  const line = make("tr", { "data-index": row.index }, ...cells(row));
  line.addEventListener("click", (event) => {
    if (event.target.closest("button")) return;
    select(row);
    if (event.target.closest(".picture")) openCase(row);
  });
  // Who goes from name to name with Tab judges and opens the one that has the focus.
  line.addEventListener("focusin", () => { if (selected !== row) select(row); });
  line.addEventListener("dblclick", () => openCase(row));
  return line;
}

function buildUpTo(count) {
  const wanted = Math.min(visible.length, count);
  const lines = [];
  for (; built < wanted; built += 1) lines.push(lineOf(visible[built]));
  byId("rows").append(...lines);
}

function buildMore() {
  const { scrollTop, clientHeight, scrollHeight } = byId("scroller");
  if (built < visible.length && scrollTop + clientHeight > scrollHeight - 1500) buildUpTo(built + BATCH);
}

function select(row, scroll = false) {
  document.querySelectorAll("#rows [aria-current]").forEach((line) => line.removeAttribute("aria-current"));
  selected = row;
  if (!row) return;
  buildUpTo(visible.indexOf(row) + 1);
  const line = document.querySelector(`#rows [data-index="${row.index}"]`);
  if (!line) return;
  line.setAttribute("aria-current", "true");
  if (!scroll) return;
  // Else Enter would press the button that has the focus still: another case's, or a heading.
  line.querySelector(".open").focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
}

function step(by) {
  if (!visible.length) return null;
  const at = visible.indexOf(selected);
  const next = at < 0 ? 0 : Math.max(0, Math.min(visible.length - 1, at + by));
  select(visible[next], true);
  return visible[next];
}

function refresh() {
  choose();
  built = 0;
  byId("rows").replaceChildren();
  byId("scroller").scrollTop = 0;
  buildUpTo(BATCH);
  document.querySelectorAll("#heads th[data-key]").forEach((head) => {
    const own = head.dataset.key === order.key;
    head.setAttribute("aria-sort", own ? (order.down ? "descending" : "ascending") : "none");
  });
  markBars();
  select(visible.includes(selected) ? selected : visible[0] || null);
}

function refreshRow(row) {
  showCounts();
  if (!row) { refresh(); return; }
  const line = document.querySelector(`#rows [data-index="${row.index}"] .verdict`);
  if (!line) return;
  line.textContent = verdictText(row);
  line.className = `verdict ${verdictOf(row).verdict || ""}`;
}

function showCounts() {
  const failed = ROWS.filter((row) => row.state === "failed").length;
  const flagged = ROWS.filter((row) => row.flags.length).length;
  const told = ROWS.filter(currentVerdict).length;
  byId("counts").textContent = `${ROWS.length - failed} cases, ${flagged} flagged, ` +
    `${failed} failed, ${DATA.not_reached.length} not reached, ${told} judged. ` +
    `Made ${DATA.made.slice(0, 10)}, shoulderseg ${DATA.version}${DATA.model ? `, model ${DATA.model}` : ""}.`;
}

function initTable() {
  byId("heads").replaceChildren(...COLUMNS.map(heading));
  byId("scroller").addEventListener("scroll", buildMore, { passive: true });
  listeners.push(refreshRow);
  if (!DATA.complete || DATA.not_reached.length) {
    byId("problems").replaceChildren(make("p", { class: "error" },
      `The run is not complete. Not reached: `, named(DATA.not_reached.slice(0, 20).join(", ") || "unknown"),
      DATA.not_reached.length > 20 ? ` and ${DATA.not_reached.length - 20} more.` : ""));
  }
}
