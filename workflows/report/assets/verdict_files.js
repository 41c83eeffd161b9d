// Verdicts as files: lists as SCT writes them, and a table to go on with elsewhere.
const HEADINGS = ["case", "verdict", "rank", "comment", "rater", "time", "result"];

function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// JSON's quotes are YAML's, but for signs that YAML takes for line ends or does not allow.
const quoted = (text) => JSON.stringify(text).replace(
  /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
  (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);

function saveList(name, verdict) {
  const all = ROWS.filter((row) => verdictOf(row).verdict === verdict);
  const cases = all.filter((row) => !isOutdated(row)).map((row) => row.case);
  const items = cases.length ? "\n" + cases.map((one) => `- ${quoted(one)}`).join("\n") : " []";
  save(name, `# shoulderseg, run ${DATA.run_id}\nFILES_SEG:${items}\n`, "text/yaml");
  const earlier = all.length - cases.length;
  tell(`${name}: ${cases.length} cases.${earlier
    ? ` ${earlier} more that were judged so on an earlier result are left out.` : ""}`);
}

// A spreadsheet runs what begins like a formula, but for a quote before it; see csv_file.py.
const isFormula = (text) =>
  /^(\p{Cc}|[\p{Z}\p{C}]*[=+\-@\u2212])/u.test(text.replace(/^'*/, "").normalize("NFKC"));
const bare = (text) => (text.startsWith("'") && isFormula(text) ? text.slice(1) : text);
const cell = (value) => {
  const plain = value === undefined || value === null ? "" : String(value);
  const text = isFormula(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function saveTable() {
  const all = ROWS.filter((row) => judged.has(row.case));
  const rows = all.filter((row) => row.state !== "failed");
  const lines = [HEADINGS, ...rows.map((row) => {
    const known = verdictOf(row);
    return [row.case, known.verdict, known.rank, known.comment, known.rater, known.time, known.of];
  })];
  save("qc.csv", lines.map((line) => line.map(cell).join(",") + "\n").join(""), "text/csv");
  const earlier = rows.filter((row) => isOutdated(row)).length, failed = all.length - rows.length;
  tell(`qc.csv: ${rows.length} cases.${earlier ? ` ${earlier} of them were judged on an earlier result.` : ""}${
    failed ? ` ${failed} more that failed since are left out.` : ""}`);
}

function parseTable(text) {
  const lines = [[""]];
  let inside = false;
  for (let k = 0; k < text.length; k += 1) {
    const sign = text[k], line = lines[lines.length - 1], last = line.length - 1;
    if (inside) {
      if (sign !== '"') line[last] += sign;
      else if (text[k + 1] === '"') { line[last] += sign; k += 1; } else inside = false;
    } else if (sign === '"') inside = true;
    else if (sign === ",") line.push("");
    else if (sign === "\n") lines.push([""]);
    else if (sign !== "\r") line[last] += sign;
  }
  return lines.filter((line) => line.length > 1);
}

// What is of this result comes before what is of an earlier one, a verdict before a comment alone,
// and the newer before the older. A time that is none, as a spreadsheet may leave it, is the oldest.
function weight(row, known) {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(known.time) ? known.time : "";
  return `${Number(!isOutdated(row, known))}${known.verdict ? 1 : 0}${time}`;
}

function readTable(text) {
  const [heads, ...lines] = parseTable(text.replace(/^\ufeff/, ""));
  const places = HEADINGS.map((name) => (heads || []).indexOf(name));
  if (places[0] < 0 || places[1] < 0) {
    tell("This is no qc.csv: expected a table with the columns case and verdict. Nothing was read.");
    return;
  }
  const done = new Map(ROWS.filter((row) => row.state !== "failed").map((row) => [row.case, row]));
  const read = new Set(), kept = new Set();
  let others = 0;
  for (const line of lines) {
    const [name, verdict, place, comment, rater, time, of] =
      places.map((column) => (column < 0 ? "" : bare(line[column] || "")));
    const row = done.get(name), mine = judged.get(name);
    const given = {
      verdict: VERDICTS.includes(verdict) ? verdict : undefined,
      rank: /^[0-9]$/.test(place) ? Number(place) : undefined, comment, rater, time, of,
    };
    const gives = mine && mine.verdict === given.verdict && weight(row, mine) === weight(row, given)
      && ((comment && !mine.comment) || (given.rank !== undefined && mine.rank === undefined));
    if (!row) others += 1;
    else if (gives) {
      // Of the same verdict, with what somebody has added to it elsewhere.
      judged.set(name, { ...mine, comment: mine.comment || comment, rank: mine.rank ?? given.rank });
      read.add(name);
    }
    else if (mine && weight(row, mine) >= weight(row, given)) kept.add(name);
    else if (given.verdict || given.rank !== undefined || comment) {
      judged.set(name, given);
      read.add(name);
    }
  }
  writeStore([...read]);
  listeners.forEach((listener) => listener(null));
  // A case may have several lines.
  const own = [...kept].filter((name) => !read.has(name)).length;
  tell(`Verdicts of ${read.size} cases read; ${others} lines are of other cases, or of failed ones.${
    own ? ` ${own} verdicts of this page were kept: those of the table are older, empty, or of another result.` : ""}`);
}

function initVerdictFiles() {
  byId("save-fails").addEventListener("click", () => saveList("qc_fail.yml", "fail"));
  byId("save-artefacts").addEventListener("click", () => saveList("qc_artifact.yml", "artefact"));
  byId("save-all").addEventListener("click", saveTable);
  byId("rater").addEventListener("change", () => writeStore([], byId("rater").value));
  byId("read-all").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file) readTable(await file.text());
    event.target.value = "";
  });
}
