// Which cases are shown, and in what order.
const COLUMNS = [
  { key: "picture", title: "", of: null },
  { key: "case", title: "Case", of: (row) => row.case.toLowerCase() },
  { key: "verdict", title: "Verdict", of: (row) => verdictText(row) || null },
  { key: "flags", title: "Flags", of: (row) => urgency(row) * 100 - row.flags.length },
  ...BONES.map((bone, k) => ({
    key: `dice${k}`, title: `${bone.name}, predicted Dice`, of: (row) => row.dice[k], bone, digits: 2, number: true,
  })),
  ...BONES.map((bone, k) => ({
    key: `volume${k}`, title: `${bone.name}, ml`, of: (row) => row.volumes[k], bone, digits: 1, number: true,
  })),
  ...DATA.columns.map((column, k) => ({
    key: `measure-${column.name}`, title: column.title, of: (row) => (row.measured || [])[k], digits: column.digits, number: true,
  })),
  { key: "sequence", title: "Sequence", of: (row) => row.sequence },
  { key: "plane", title: "Plane", of: (row) => row.plane },
  { key: "side", title: "Side", of: (row) => row.side },
];
const ranges = new Map();
const order = { key: null, down: false };
let visible = [];

const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);

function sorted(rows) {
  const column = COLUMNS.find((one) => one.key === order.key);
  const usual = (a, b) => urgency(a) - urgency(b) ||
    (a.lowest ?? Infinity) - (b.lowest ?? Infinity) || a.index - b.index;
  if (!column) return rows.sort((a, b) => usual(a, b) || 0);
  return rows.sort((a, b) => {
    const first = column.of(a) ?? null, second = column.of(b) ?? null;
    if (first === null || second === null) return (first === null) - (second === null) || usual(a, b);
    return (order.down ? -1 : 1) * compare(first, second) || usual(a, b);
  });
}

function isWanted(row) {
  const flag = byId("by-flag").value, plane = byId("by-plane").value;
  const missing = byId("by-missing").value, verdict = byId("by-verdict").value;
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.every((word) => row.words.includes(word))) return false;
  if (flag === "any" && !row.flags.length) return false;
  if (flag === "none" && (row.flags.length || row.state === "failed")) return false;
  if (flag === "failed" && row.state !== "failed") return false;
  if (flag.startsWith("=") && !row.kinds.includes(flag.slice(1))) return false;
  if (plane && `=${row.kind}` !== plane) return false;
  if (missing && !row.missing.includes(missing.slice(1))) return false;
  const own = currentVerdict(row);
  if (verdict === "none" ? own || row.state === "failed" : verdict && own !== verdict) return false;
  for (const [key, chosen] of ranges) {
    const value = COLUMNS.find((one) => one.key === key).of(row);
    if (typeof value !== "number" || barOf(chosen, value) !== chosen.bar) return false;
  }
  return true;
}

function choose() {
  visible = sorted(ROWS.filter(isWanted));
  byId("shown").textContent = `${visible.length} of ${ROWS.length} cases`;
}

function fillSelect(id, entries) {
  byId(id).replaceChildren(...entries.map(([value, text]) => make("option", { value, text })));
  byId(id).addEventListener("change", refresh);
}

function distinct(values) {
  return [...new Set(values.filter(Boolean))].sort(compare).map((value) => [`=${value}`, value]);
}

function initChoice() {
  fillSelect("by-flag", [["", "all"], ["any", "any flag"], ["none", "no flag"], ["failed", "failed"],
    ...distinct(ROWS.flatMap((row) => row.kinds))]);
  fillSelect("by-plane", [["", "all"], ...distinct(ROWS.map((row) => row.kind))]);
  fillSelect("by-missing", [["", "all"], ...BONES.map((bone) => [`=${bone.name}`, bone.name])]);
  fillSelect("by-verdict", [["", "all"], ["none", "none yet"], ...VERDICTS.map((one) => [one, one])]);
  byId("search").addEventListener("input", refresh);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    ranges.clear();
    byId("filters").reset();
    refresh();
  });
}
