// From scores to a list: what may be listed, how far from the hits, how varied, and in which order.

const HITS = 4; // spreads of the scores that full discovery takes from the most popular
const LIKENESS = 3; // spreads that a cosine of 1 counts against an item, at full variety
const POOL = 200; // the best items that variety chooses from

/** Returns the n positions with the largest scores, the smaller position first of equals; NaN and -Infinity are left out. */
export function topOf(scores, n) {
  const heap = [];
  const worse = (a, b) => scores[a] < scores[b] || (scores[a] === scores[b] && a > b);
  const down = (at) => {
    for (let child; (child = 2 * at + 1) < heap.length; at = child) {
      if (child + 1 < heap.length && worse(heap[child + 1], heap[child])) child += 1;
      if (!worse(heap[child], heap[at])) return;
      [heap[at], heap[child]] = [heap[child], heap[at]];
    }
  };
  for (let item = 0; item < scores.length; item++) {
    if (!(scores[item] > -Infinity)) continue;
    if (heap.length < n) {
      heap.push(item);
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!worse(heap[at], heap[parent])) break;
        [heap[at], heap[parent]] = [heap[parent], heap[at]];
        at = parent;
      }
    } else if (n && worse(heap[0], item)) {
      heap[0] = item;
      down(0);
    }
  }
  return heap.sort((a, b) => (worse(a, b) ? 1 : -1));
}

/** Mean and spread of the scores that are numbers. */
export function momentsOf(scores) {
  let count = 0, sum = 0, square = 0;
  for (let k = 0; k < scores.length; k++) if (scores[k] > -Infinity) { count += 1; sum += scores[k]; }
  const mean = sum / Math.max(count, 1);
  for (let k = 0; k < scores.length; k++) if (scores[k] > -Infinity) square += (scores[k] - mean) ** 2;
  return { mean, spread: Math.sqrt(square / Math.max(count, 1)) || 1 };
}

/**
 * Chooses a list.
 * @param scores of all items; NaN: nothing to say. Items in `without` (a Set) are left out, and those that `may` refuses.
 * @param discovery 0 to 1: how much popularity is held against an item, in spreads of the scores.
 * @param variety 0 to 1: maximal marginal relevance (Carbonell & Goldstein 1998) over the best 200.
 * @param artistsOf gives the artists of an item; with `oncePerArtist` each is listed once.
 */
export function chosen(scores, { n, without, may, popularity, discovery, variety, similarity, artistsOf, oncePerArtist, positive }) {
  const own = scores.slice();
  for (const item of without) own[item] = NaN;
  if (may || positive) {
    for (let item = 0; item < own.length; item++) {
      if ((positive && !(own[item] > 0)) || (may && !may(item))) own[item] = NaN;
    }
  }
  if (discovery > 0) {
    const { spread } = momentsOf(own);
    for (let item = 0; item < own.length; item++) own[item] -= (discovery * spread * HITS * popularity[item]) / 100;
  }
  const pool = topOf(own, variety > 0 || oncePerArtist ? Math.max(POOL, 10 * n) : n);
  if (!(variety > 0)) return oncePerArtist ? firstOfEachArtist(pool, artistsOf, n) : pool;
  const { mean, spread } = momentsOf(pool.map((item) => own[item]));
  const relevance = new Map(pool.map((item) => [item, (own[item] - mean) / spread]));
  const nearest = new Map(pool.map((item) => [item, 0]));
  const list = [];
  const seen = new Set();
  let left = pool;
  while (list.length < n && left.length) {
    if (oncePerArtist) left = left.filter((item) => !artistsOf(item).some((artist) => seen.has(artist)));
    let best = -1, value = -Infinity;
    for (const item of left) {
      const gain = (1 - variety) * relevance.get(item) - variety * LIKENESS * nearest.get(item);
      if (gain > value) [best, value] = [item, gain];
    }
    if (best < 0) break;
    list.push(best);
    for (const artist of artistsOf(best)) seen.add(artist);
    left = left.filter((item) => item !== best);
    for (const item of left) nearest.set(item, Math.max(nearest.get(item), similarity(item, best)));
  }
  return list;
}

function firstOfEachArtist(pool, artistsOf, n) {
  const seen = new Set();
  const list = [];
  for (const item of pool) {
    if (list.length === n) break;
    if (artistsOf(item).some((artist) => seen.has(artist))) continue;
    for (const artist of artistsOf(item)) seen.add(artist);
    list.push(item);
  }
  return list;
}
