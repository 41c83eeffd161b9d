// Verdicts as files: lists as SCT writes them, and a table to go on with elsewhere.
const HEADINGS = ["case", "verdict", "rank", "comment", "rater", "time", "result", "changed", "rank_result"];

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
    return [row.case, known.verdict, known.rank, known.comment, known.rater, known.time, known.of,
      known.changed, known.rank_of];
  })];
  save("qc.csv", lines.map((line) => line.map(cell).join(",") + "\n").join(""), "text/csv");
  const earlier = rows.filter((row) => isOutdated(row)).length, failed = all.length - rows.length;
  tell(`qc.csv: ${rows.length} cases.${earlier ? ` ${earlier} of them were judged on an earlier result.` : ""}${
    failed ? ` ${failed} more that failed since are left out.` : ""}`);
}

function parseTable(text, separator) {
  const lines = [[""]];
  let inside = false;
  for (let k = 0; k < text.length; k += 1) {
    const sign = text[k], line = lines[lines.length - 1], last = line.length - 1;
    if (inside) {
      if (sign !== '"') line[last] += sign;
      else if (text[k + 1] === '"') { line[last] += sign; k += 1; } else inside = false;
    } else if (sign === '"') inside = true;
    else if (sign === separator) line.push("");
    else if (sign === "\n") lines.push([""]);
    else if (sign !== "\r") line[last] += sign;
  }
  return lines.filter((line) => line.length > 1);
}

// A spreadsheet saves semicolons where a comma parts decimals.
function openTable(text) {
  for (const separator of [",", ";", "\t"]) {
    const [heads = [], ...lines] = parseTable(text.replace(/^\ufeff/, ""), separator);
    const known = heads.map((head) => head.trim().toLowerCase());
    const places = HEADINGS.map((name) => known.indexOf(name));
    if (places[0] >= 0 && places[1] >= 0) return { places, lines };
  }
  return null;
}

function readLine(line, places, unknown) {
  const cells = places.map((column) => (column < 0 ? "" : bare(line[column] || "")));
  const [name, word, place, comment, rater, time, of, changed, rank_of] = cells;
  const verdict = readVerdict(word), isRank = /^[0-9]$/.test(place.trim());
  if (word.trim() && !verdict) unknown.add(word.trim());
  if (place.trim() && !isRank) unknown.add(place.trim());
  const rank = isRank ? Number(place) : undefined;
  return { name, given: { verdict, rank, comment, rater, time, of, changed, rank_of: rank_of || undefined } };
}

function readTable(text) {
  const table = openTable(text);
  if (!table) {
    tell("This is no qc.csv: expected a table with the columns case and verdict. Nothing was read.");
    return;
  }
  const done = new Map(ROWS.filter((row) => row.state !== "failed").map((row) => [row.case, row]));
  const read = new Set(), unknown = new Set();
  const [replaced, kept] = [0, 1].map(() => Object.fromEntries(FIELDS.map((field) => [field, new Set()])));
  let others = 0;
  for (const line of table.lines) {
    const { name, given } = readLine(line, table.places, unknown);
    const row = done.get(name);
    if (!row) { others += 1; continue; }
    const merged = mergeEntry(row, judged.get(name) || {}, given);
    if (merged.isRead) { judged.set(name, merged.next); read.add(name); }
    merged.replaced.forEach((field) => replaced[field].add(name));
    merged.kept.forEach((field) => kept[field].add(name));
  }
  writeStore([...read]);
  listeners.forEach((listener) => listener(null));
  tellOfRead({ read, others, unknown, replaced: listed(replaced), kept: listed(kept) });
}

const listed = (found) => Object.fromEntries(FIELDS.map((field) => [field, [...found[field]]]));

function tellOfRead({ read, others, unknown, replaced, kept }) {
  const given = toldOf(replaced), own = toldOf(kept), words = [...unknown];
  const more = words.length > 5 ? ` and ${words.length - 5} more` : "";
  tell(`Verdicts of ${read.size} cases read; ${others} lines are of other cases, or of failed ones.`,
    ...(given.length ? [" Replaced by the table: ", ...given, "."] : []),
    ...(own.length ? [" Kept of this page, as the table's are older or of another result: ", ...own, "."] : []),
    ...(words.length ? [` Not understood and passed over: ${words.length} kinds of entries (`,
      named(words.slice(0, 5).join(", ")), `${more}); expected ${VERDICTS.join(", ")}, and ranks from 0 to 9.`] : []));
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
