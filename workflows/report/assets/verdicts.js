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
    if (DATA.moved && !judged.size) {
      tell("This folder was moved or copied: verdicts that were given before are not shown. "
        + "Read the qc.csv that was saved of them.");
    }
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

// A page that was opened before somebody gave a name in another tab may have an empty field.
function raterName() {
  const given = byId("rater").value;
  if (given) return given;
  try {
    return keptCases().rater;
  } catch (error) { return ""; }
}

// Another tab may have judged others since: only these cases are this tab's to say.
function writeStore(changed, rater = raterName()) {
  try {
    const { cases } = keptCases();
    takeOver(cases, [...changed, ...unsaved]);
    localStorage.setItem(STORE, JSON.stringify({ rater, cases: Object.fromEntries(cases) }));
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
    const { rater, cases } = keptCases();
    takeOver(cases, unsaved);
    judged = cases;
    if (document.activeElement !== byId("rater")) byId("rater").value = rater;
  } catch (error) { return; }
  listeners.forEach((listener) => listener(null));
});

const verdictOf = (row) => judged.get(row.case) || {};
// A verdict on an earlier result of the case says so; one that failed has no result now.
const isOutdated = (row, { of } = verdictOf(row)) =>
  row.state === "failed" || Boolean(of && row.digest && of !== row.digest);
const rankOf = (known) => (known.rank === undefined ? undefined : known.rank_of || known.of);
// A case that was made anew is still to be judged.
const currentVerdict = (row) => (isOutdated(row) ? undefined : verdictOf(row).verdict);

function judge(row, change) {
  if (row.state === "failed") return;
  const before = verdictOf(row), rater = raterName();
  const now = new Date().toISOString().slice(0, 19) + "Z";
  // A comment makes a verdict neither one on this result, nor a newer one, nor one of the person who
  // comments.
  const isNew = "verdict" in change || !before.verdict;
  const next = {
    ...before, ...change, time: isNew ? now : before.time || now, changed: now,
    rater: isNew ? rater : before.rater || rater, of: isNew ? row.digest : before.of || row.digest,
    // A rank is of the result on which it was given, whichever the verdict is of.
    rank_of: "rank" in change ? row.digest : rankOf(before),
  };
  if (next.rank === undefined) delete next.rank_of;
  if (!next.verdict && next.rank === undefined && !next.comment) judged.delete(row.case);
  else judged.set(row.case, next);
  writeStore([row.case]);
  listeners.forEach((listener) => listener(row));
}

function cycle(row) {
  const next = VERDICTS[VERDICTS.indexOf(currentVerdict(row)) + 1];
  judge(row, { verdict: next });
}

function rank(row, value) {
  judge(row, { rank: verdictOf(row).rank === value ? undefined : value });
}

function verdictText(row) {
  const known = verdictOf(row), sign = SIGNS[known.verdict], earlier = " (of an earlier result)";
  const place = known.rank === undefined ? "" : `rank ${known.rank}`;
  const [ofVerdict, ofRank] = [isOutdated(row), isOutdated(row, { of: rankOf(known) })];
  if (!sign || !place) return (sign || place) + ((sign ? ofVerdict : place && ofRank) ? earlier : "");
  if (ofVerdict === ofRank) return `${sign}, ${place}${ofVerdict ? earlier : ""}`;
  return `${sign}${ofVerdict ? earlier : ""}, ${place}${ofRank ? earlier : ""}`;
}

function outdatedText(row) {
  if (!judged.has(row.case) || !isOutdated(row)) return "";
  const sign = SIGNS[verdictOf(row).verdict];
  return `Judged on an earlier result of this case${sign ? `: ${sign}` : ""}.`;
}
