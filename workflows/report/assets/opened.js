// One case, opened: its slices, its numbers, and what someone says of it.
let open = null, slices = null;
const awaited = new Map();
// What the script of a case calls.
window.shoulderCase = (content) => {
  const given = awaited.get(content.case);
  awaited.delete(content.case);
  if (given) given(content);
};

function loadContent(row) {
  if (!row.file) return Promise.resolve(null);
  if (DATA.single_file) {
    const holder = [...document.querySelectorAll("script.content")].find((one) => one.dataset.file === row.file);
    return Promise.resolve(holder ? JSON.parse(holder.textContent) : null);
  }
  return new Promise((resolve) => {
    awaited.set(row.case, resolve);
    const script = make("script", { src: `cases/${encodeURIComponent(row.file)}.js` });
    script.addEventListener("error", () => { awaited.delete(row.case); resolve(null); });
    script.addEventListener("load", () => script.remove());
    document.head.append(script);
  });
}

const line = (title, value) =>
  (value === null || value === undefined || value === "" ? null : make("tr", {}, make("th", { scope: "row", text: title }), make("td", {}, named(value))));

function bonesOf(row) {
  return make("table", { class: "numbers" },
    make("thead", {}, make("tr", {}, ...["Bone", "Volume, ml", "Predicted Dice"].map((text) => make("th", { scope: "col", text })))),
    make("tbody", {}, ...bonesIn(row).map((bone) => {
      const k = BONES.indexOf(bone);
      const mark = make("span", { class: "mark", "aria-hidden": "true" });
      mark.style.background = bone.colour;
      return make("tr", {}, make("th", { scope: "row" }, mark, named(bone.name)),
        make("td", { class: "number", text: row.missing.includes(bone.name) ? "missing" : number(row.volumes[k], 1) }),
        make("td", { class: "number", text: number(row.dice[k], 2) }));
    })));
}

function aboutOf(row) {
  return make("table", { class: "about" }, make("tbody", {}, ...[
    line("Sequence", row.sequence), line("Plane", row.plane),
    line("Side", row.side && `${row.side}${row.side_from ? ` (${row.side_from})` : ""}`),
    line("Size", row.shape && `${row.shape.join(" × ")} voxels`),
    line("Spacing", row.spacing && `${row.spacing.map((step) => Number(step.toFixed(2))).join(" × ")} mm`),
  ].filter(Boolean)));
}

const UNITS = { 1: "", h: "o'clock", mm2: "mm²", mm3: "mm³", deg: "°", percent: "%" };

function measuresOf(measures) {
  if (!Array.isArray(measures) || !measures.length) return null;
  const given = measures.filter((one) => !one.refused), refused = measures.filter((one) => one.refused);
  return make("div", {}, listOf(`Measures: ${given.length}`, "given", given), listOf(`Refused measures: ${refused.length}`, "refused", refused));
}

// What the series of an examination share.
function fusedOf(row) {
  const table = measuresOf(DATA.fused[row.examination]);
  return table && make("section", { class: "fused" }, make("h3", {}, "Examination's fused bones"), table);
}

function listOf(title, kind, measures) {
  if (!measures.length) return null;
  return make("details", { open: kind === "given", class: `measures-${kind}` }, make("summary", { text: title }),
    make("table", { class: "measures" }, make("tbody", {}, ...measures.map(measureLine))));
}

function measureLine(one) {
  const digits = typeof one.value === "number" && Math.abs(one.value) < 10 ? 2 : 1;
  const spread = typeof one.uncertainty === "number" ? ` ± ${one.uncertainty.toFixed(digits)}` : "";
  const unit = UNITS[one.unit] ?? one.unit ?? "";
  const told = one.refused || `${number(one.value, digits)}${spread} ${unit}${one.note ? `, ${one.note}` : ""}`;
  const name = String(one.name).replaceAll("_", " ");
  return make("tr", {}, make("th", { scope: "row", title: DATA.methods[one.name] }, named(name), one.experimental ? make("em", { text: " experimental" }) : null),
    make("td", { class: one.refused ? "refused" : "number" }, named(told)));
}

function judgement(row) {
  const known = verdictOf(row);
  const buttons = VERDICTS.map((verdict) => make("button", {
    type: "button", class: `judge ${verdict}`, "data-verdict": verdict, text: SIGNS[verdict],
    "aria-pressed": String(currentVerdict(row) === verdict),
    onclick: () => judge(row, { verdict: currentVerdict(row) === verdict ? undefined : verdict }),
  }));
  const ranks = make("select", { id: "rank" }, make("option", { value: "", text: "–" }),
    ...Array.from({ length: 10 }, (_, k) => make("option", { value: k, text: k })));
  ranks.value = known.rank ?? "";
  ranks.addEventListener("change", () => judge(row, { rank: ranks.value === "" ? undefined : Number(ranks.value) }));
  const comment = make("textarea", { id: "comment", rows: 2, maxlength: 2000 });
  comment.value = known.comment || "";
  comment.addEventListener("input", () => judge(row, { comment: comment.value }));
  return make("section", { "aria-label": "Verdict" }, make("div", { class: "judges" }, ...buttons,
    make("label", {}, "Rank ", ranks)), make("p", { id: "outdated", class: "error", text: outdatedText(row) }),
  make("label", {}, "Comment", comment));
}

function volumeLink(row) {
  if (!row.volume || DATA.single_file) return null;
  return make("a", { class: "button volume", href: `viewer.html#${row.file}/${row.digest}`, text: "Whole volume" });
}

function others(row) {
  const names = (DATA.examinations[row.examination] || []).filter((name) => name !== row.case);
  const known = names.map((name) => ROWS.find((one) => one.case === name)).filter(Boolean);
  if (!known.length) return null;
  return make("section", { class: "others" }, make("h3", {}, "Series of ", named(row.examination)),
    ...known.map((one) => make("button", { type: "button", onclick: () => openCase(one) }, named(one.case), one.plane ? ` (${one.plane})` : "")));
}

function closeCase() {
  if (!open) return;
  const row = open;
  open = slices = null;
  byId("opened").hidden = true;
  byId("opened").replaceChildren();
  byId("list").hidden = false;
  // A case that the filters leave out has no row: keys are for the one that is marked.
  select(visible.includes(row) ? row : visible.includes(selected) ? selected : visible[0] || null, true);
}

async function openCase(row) {
  open = row;
  slices = null;
  if (visible.includes(row)) select(row);
  byId("list").hidden = true;
  const at = visible.indexOf(row);
  const go = (text, title, press) => make("button", { type: "button", text, title, "aria-label": title, onclick: press });
  const stage = make("div", { class: "left" }, make("p", { text: row.state === "failed" ? "" : "Loading …" }));
  const flags = row.flags.map((flag) => make("p", { class: "flag" }, named(flag)));
  const notes = [row.error, row.note, ...(row.notes || [])].filter(Boolean).map((note) => make("p", { class: "error" }, named(note)));
  const space = make("div", { class: "space" });
  const measures = make("div");
  const side = make("aside", {}, make("nav", { "aria-label": "Cases" },
    go("↑", "Previous case", () => openNext(-1)), go("↓", "Next case", () => openNext(1)),
    make("span", { text: at < 0 ? "" : `${at + 1} of ${visible.length}` }), go("Back", "Back to all cases", closeCase)),
  make("h2", { tabindex: "-1" }, named(row.case)), volumeLink(row), ...flags, ...notes,
  ...(row.state === "failed" ? [] : [judgement(row), bonesOf(row), space, measures]), fusedOf(row),
  ...(row.state === "failed" ? [] : [aboutOf(row)]), others(row));
  byId("opened").replaceChildren(stage, side);
  byId("opened").hidden = false;
  side.querySelector("h2").focus({ preventScroll: true });
  const content = await loadContent(row);
  if (open !== row) return;
  if (!content) {
    stage.replaceChildren(make("p", { class: "error", text: row.state === "failed" ? "This case failed: there is nothing to show." : "Its pictures are not there; run `shoulderseg report` again." }));
    return;
  }
  if (content.digest !== row.digest) side.querySelector("h2").after(make("p", { class: "error", text: "The pictures are of a newer result than this page; run `shoulderseg report` again." }));
  if (content.slices) {
    slices = sliceView(content, bonesIn(row));
    stage.replaceChildren(slices.element);
  } else stage.replaceChildren(make("p", { class: "error", text: "There are no pictures of this case." }));
  const solid = content.meshes && solidView(content.meshes, bonesIn(row));
  if (solid) space.replaceChildren(solid);
  const table = measuresOf(content.measures);
  if (table) measures.replaceChildren(table);
}

function openNext(by) {
  const row = step(by);
  if (row && row !== open) openCase(row);
}

function showJudgement(row) {
  if (!open || open.state === "failed" || (row && row !== open)) return;
  const known = verdictOf(open);
  document.querySelectorAll(".judge").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.verdict === currentVerdict(open)));
  });
  byId("rank").value = known.rank ?? "";
  if (document.activeElement !== byId("comment")) byId("comment").value = known.comment || "";
  byId("outdated").textContent = outdatedText(open);
}
