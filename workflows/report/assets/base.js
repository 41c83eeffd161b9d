// The rows, and how elements are made: strings become text, never markup.
const DATA = JSON.parse(document.getElementById("data").textContent);
const ROWS = DATA.rows;
const BONES = DATA.bones;
// A run's bundle may know other bones than the next one's; pictures number those of their own.
const bonesIn = (row) => (row.bones ? row.bones.map((k) => BONES[k]) : BONES);
const byId = (id) => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function shape(tag, properties = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

// A name from a file stands apart from what is around it, whichever way it is written.
const named = (text, properties = {}) => make("bdi", { ...properties, text });
const number = (value, digits) => (typeof value === "number" ? value.toFixed(digits) : "–");
const tell = (...parts) => { byId("told").replaceChildren(...parts); };

ROWS.forEach((row, index) => {
  row.index = index;
  row.flags = row.flags || [];
  row.missing = row.missing || [];
  row.volumes = row.volumes || [];
  row.dice = row.dice || [];
  const known = row.dice.filter((value) => typeof value === "number");
  // A bone that was not found is worse than any that was.
  row.lowest = row.missing.length ? 0 : known.length ? Math.min(...known) : null;
  // Numbers apart, one reason is the same in all cases.
  row.kinds = row.flags.map((flag) =>
    flag.replace(/ \(usually.*\)$/, "").replace(/\d[\d.]*/g, "…"));
  // Degrees apart, planes between two are of one kind.
  row.kind = (row.plane || "").replace(/\(\d+° from (\w+) towards (\w+)\)/, "$1 to $2");
  row.words = [row.case, row.examination, row.plane, row.sequence, row.side, row.error, ...row.flags]
    .filter(Boolean).join("\n").toLowerCase();
});
// First what is flagged, then by predicted Dice; what failed has nothing to look at.
const urgency = (row) => (row.state === "failed" ? 2 : row.flags.length ? 0 : 1);
