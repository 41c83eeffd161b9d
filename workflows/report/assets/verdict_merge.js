// Of what page and table have on one case each field is taken from where it is newer; none is lost
// without being told.
const FIELDS = ["verdict", "rank", "comment"];
const WORDS = { artifact: "artefact" };

// As spreadsheets and people write them.
function readVerdict(text) {
  const word = text.trim().toLowerCase(), verdict = WORDS[word] || word;
  return VERDICTS.includes(verdict) ? verdict : undefined;
}

// A time that is none, as a spreadsheet may leave it, is the oldest.
const timeOf = (text) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text || "") ? text : "");
// Tables that were saved before ranks and comments had a time go by that of the verdict.
const changedAt = (known) => [timeOf(known.changed), timeOf(known.time)].sort()[1];
const has = (known, field) => known[field] !== undefined && known[field] !== "";

// What is of this result comes before what is of an earlier one, and the newer before the older.
const weights = {
  verdict: (row, known) => Number(!isOutdated(row, known)) + timeOf(known.time),
  rank: (row, known) => Number(!isOutdated(row, { of: rankOf(known) })) + changedAt(known),
  comment: (row, known) => changedAt(known),
};

// Of two as old as each other the table's is taken: it was changed after it was saved. Without any
// time nothing is known of it.
function takesGiven(row, mine, given, field) {
  if (!has(given, field) || !has(mine, field)) return has(given, field);
  const [own, other] = [weights[field](row, mine), weights[field](row, given)];
  return other > own || (other === own && changedAt(given) !== "");
}

function mergeEntry(row, mine, given) {
  const taken = [], replaced = [], kept = [];
  for (const field of FIELDS.filter((one) => has(given, one) && given[one] !== mine[one])) {
    const takes = takesGiven(row, mine, given, field);
    if (takes) taken.push(field);
    if (has(mine, field)) (takes ? replaced : kept).push(field);
  }
  const next = { ...mine };
  const ranked = taken.includes("rank") ? given : mine;
  // A verdict comes with its time, rater and result, also where it is the same, but newer.
  const isNewer = taken.includes("verdict") || (has(given, "verdict") && given.verdict === mine.verdict
    && weights.verdict(row, given) > weights.verdict(row, mine));
  if (isNewer || !Object.keys(mine).length) {
    const { verdict, time, rater, of } = given;
    Object.assign(next, { verdict, time, rater, of });
  }
  if (taken.includes("comment")) next.comment = given.comment;
  next.rank = ranked.rank;
  next.rank_of = ranked.rank === undefined ? undefined : rankOf(ranked);
  next.changed = [changedAt(mine), changedAt(given)].sort()[1];
  return { next, isRead: isNewer || taken.length > 0, replaced, kept };
}

// Names of cases by what happened to a field of them: "verdicts of a, b; comments of c".
function toldOf(found) {
  const shown = 5;
  return FIELDS.filter((field) => found[field].length).flatMap((field, k) => {
    const names = found[field], more = names.length - shown;
    return [`${k ? "; " : ""}${names.length} ${field}${names.length === 1 ? "" : "s"} (`,
      ...names.slice(0, shown).flatMap((name, at) => [at ? ", " : "", named(name)]),
      more > 0 ? ` and ${more} more)` : ")"];
  });
}
