// What people say of the cases, kept by this browser under the name of the run.
const VERDICTS = ["pass", "fail", "artefact"];
const SIGNS = { pass: "✓ pass", fail: "✗ fail", artefact: "⚠ artefact" };
const STORE = `shoulderseg-report-${DATA.run_id}`;
let judged = new Map();
const listeners = [];

const keptCases = () => {
  const kept = JSON.parse(localStorage.getItem(STORE) || "{}");
  return { rater: kept.rater || "", cases: new Map(Object.entries(kept.cases || {})) };
};

function readStore() {
  try {
    const kept = keptCases();
    judged = kept.cases;
    byId("rater").value = kept.rater;
  } catch (error) {
    tell("This browser keeps no verdicts for this page; save them as qc.csv before you close it.");
  }
}

// Cases whose verdicts only this tab has.
const unsaved = new Set();
const takeOver = (cases, names) => {
  for (const name of names) {
    if (judged.has(name)) cases.set(name, judged.get(name)); else cases.delete(name);
  }
};

// Another tab may have judged others since: only these cases are this tab's to say.
function writeStore(changed) {
  try {
    const { cases } = keptCases();
    takeOver(cases, [...changed, ...unsaved]);
    const kept = { rater: byId("rater").value, cases: Object.fromEntries(cases) };
    localStorage.setItem(STORE, JSON.stringify(kept));
    unsaved.clear();
  } catch (error) {
    changed.forEach((name) => unsaved.add(name));
    tell("This browser cannot keep the verdicts; save them as qc.csv before you close the page.");
  }
}

// What another tab judges shows here too.
addEventListener("storage", (event) => {
  if (event.key !== STORE) return;
  try {
    const { cases } = keptCases();
    takeOver(cases, unsaved);
    judged = cases;
  } catch (error) { return; }
  listeners.forEach((listener) => listener(null));
});

const verdictOf = (row) => judged.get(row.case) || {};
// A verdict on an earlier result of the case says so.
const isOutdated = (row) => {
  const of = verdictOf(row).of;
  return Boolean(of && row.digest && of !== row.digest);
};

function judge(row, change) {
  if (row.state === "failed") return;
  const before = verdictOf(row);
  // A comment on a verdict of an earlier result makes it no verdict on this one.
  const of = "verdict" in change || !before.verdict ? row.digest : before.of || row.digest;
  const next = {
    ...before, ...change,
    rater: byId("rater").value, time: new Date().toISOString().slice(0, 19) + "Z", of,
  };
  if (!next.verdict && next.rank === undefined && !next.comment) judged.delete(row.case);
  else judged.set(row.case, next);
  writeStore([row.case]);
  listeners.forEach((listener) => listener(row));
}

function cycle(row) {
  const next = VERDICTS[VERDICTS.indexOf(verdictOf(row).verdict) + 1];
  judge(row, { verdict: next });
}

function rank(row, value) {
  judge(row, { rank: verdictOf(row).rank === value ? undefined : value });
}

function verdictText(row) {
  const { verdict, rank: place } = verdictOf(row);
  const text = [SIGNS[verdict], place === undefined ? "" : `rank ${place}`].filter(Boolean).join(", ");
  return text + (text && isOutdated(row) ? " (of an earlier result)" : "");
}
