// Two rankings in one list, and who won a round: the twin of nexttrack.experiments.interleaving.

// Team draft (Radlinski, Kurup & Joachims 2008). `a` and `b` are arrays of ids, the best first, no id twice; `n` items
// at most; `random` gives a number from 0 to 1 for each lot. Gives {items, teams}: for each item who added it,
// 0 for a and 1 for b.
export function teamDraft(a, b, n, random) {
  const rankings = [a, b], items = [], teams = [], shown = new Set();
  for (const ranking of rankings)
    if (new Set(ranking).size < ranking.length) throw new RangeError("a ranking has an item twice");
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`n is a whole number from 0, not ${n}`);
  for (let lead = 0; items.length < n; lead += teams.at(-1) ? -1 : 1) {
    const left = rankings.map((ranking) => nextTwo(ranking, shown));
    const pairs = (first, second) => second.some((item) => item !== first[0]);
    if (lead === 0 && (!left[0].length || !left[1].length || pairs(...left) !== pairs(left[1], left[0]))) break;
    const team = lead === 0 ? (random() < 0.5 ? 0 : 1) : lead > 0 ? 1 : 0;
    if (!left[team].length) break;
    items.push(left[team][0]);
    shown.add(left[team][0]);
    teams.push(team);
  }
  return { items, teams };
}

function nextTwo(ranking, shown) {
  const found = [];
  for (let at = 0; at < ranking.length && found.length < 2; at++) if (!shown.has(ranking[at])) found.push(ranking[at]);
  return found;
}

// Who won a round of team draft: 1 if a has more clicked items, -1 if b, else 0. `clicked` holds positions, from 0.
export function draftPreference(teams, clicked) {
  let lead = 0;
  for (const at of new Set(clicked)) {
    if (!(at in teams) || !Number.isInteger(at)) throw new RangeError(`clicked position ${at} is not in a list of ${teams.length}`);
    lead += teams[at] ? -1 : 1;
  }
  return Math.sign(lead);
}
