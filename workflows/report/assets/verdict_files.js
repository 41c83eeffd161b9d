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
  const cases = ROWS.filter((row) => verdictOf(row).verdict === verdict).map((row) => row.case);
  const items = cases.length ? "\n" + cases.map((one) => `- ${quoted(one)}`).join("\n") : " []";
  save(name, `# shoulderseg, run ${DATA.run_id}\nFILES_SEG:${items}\n`, "text/yaml");
  tell(`${name}: ${cases.length} cases.`);
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
  const lines = [HEADINGS];
  for (const row of ROWS) {
    const known = verdictOf(row);
    if (judged.has(row.case)) {
      lines.push([row.case, known.verdict, known.rank, known.comment, known.rater, known.time,
        known.of]);
    }
  }
  save("qc.csv", lines.map((line) => line.map(cell).join(",") + "\n").join(""), "text/csv");
  tell(`qc.csv: ${lines.length - 1} cases.`);
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

function readTable(text) {
  const [heads, ...lines] = parseTable(text.replace(/^\ufeff/, ""));
  const places = HEADINGS.map((name) => (heads || []).indexOf(name));
  if (places[0] < 0 || places[1] < 0) {
    tell("This is no qc.csv: expected a table with the columns case and verdict. Nothing was read.");
    return;
  }
  const known = new Set(ROWS.map((row) => row.case));
  const read = [];
  for (const line of lines) {
    const [name, verdict, place, comment, rater, time, of] =
      places.map((column) => (column < 0 ? "" : bare(line[column] || "")));
    if (!known.has(name)) continue;
    judged.set(name, {
      verdict: VERDICTS.includes(verdict) ? verdict : undefined,
      rank: /^[0-9]$/.test(place) ? Number(place) : undefined, comment, rater, time, of,
    });
    read.push(name);
  }
  writeStore(read);
  listeners.forEach((listener) => listener(null));
  tell(`Verdicts of ${read.length} cases read; ${lines.length - read.length} lines are of other `
    + "cases.");
}

function initVerdictFiles() {
  byId("save-fails").addEventListener("click", () => saveList("qc_fail.yml", "fail"));
  byId("save-artefacts").addEventListener("click", () => saveList("qc_artifact.yml", "artefact"));
  byId("save-all").addEventListener("click", saveTable);
  byId("rater").addEventListener("change", () => writeStore([]));
  byId("read-all").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file) readTable(await file.text());
    event.target.value = "";
  });
}
