// Tests that may be looked at more than once: the twin of nexttrack.experiments.always_valid and .sequential, which say
// what is computed and whose it is.

// ---- the preference of A, always valid

// The always-valid interval [low, high] of the chance that A wins a decided round, after `wins` and `losses` of A.
// `prior` is the mixture's beta distribution.
export function preferenceInterval(wins, losses, alpha = 0.05, prior = [1, 1]) {
  for (const [name, count] of [["wins", wins], ["losses", losses]])
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`${name} are whole numbers from 0, not ${count}`);
  checkAlpha(alpha);
  const [a, b] = prior;
  if (!(a > 0 && b > 0 && a < Infinity && b < Infinity)) throw new RangeError(`prior is two numbers above 0, not ${prior}`);
  return [lowestShare(wins, losses, alpha, a, b), 1 - lowestShare(losses, wins, alpha, b, a)];
}

// The p-value, valid whenever one stops, that A wins this share of the decided rounds.
export function alwaysValidPValue(wins, losses, share = 0.5, prior = [1, 1]) {
  preferenceInterval(wins, losses, 0.05, prior); // what is no count or prior is refused there
  if (!(share > 0 && share < 1)) throw new RangeError(`share lies between 0 and 1, not at ${share}`);
  const [a, b] = prior;
  const evidence = logBeta(a + wins, b + losses) - logBeta(a, b) - wins * Math.log(share) - losses * Math.log1p(-share);
  return Math.exp(-Math.max(evidence, 0));
}

function lowestShare(won, lost, alpha, a, b) {
  if (won === 0) return 0;
  const best = won / (won + lost);
  const against = (share) =>
    won * Math.log(best / share) + (lost ? lost * Math.log((1 - best) / (1 - share)) : 0);
  const evidence = logBeta(a + won, b + lost) - logBeta(a, b)
    - won * Math.log(best) - (lost ? lost * Math.log(1 - best) : 0) + Math.log(alpha);
  const excess = (share) => evidence + against(share);
  return excess(1e-300) > 0 ? rootBetween(excess, 1e-300, best, 1e-15) : 0;
}

function logBeta(a, b) {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

// Stirling's series, from 12 on.
function logGamma(x) {
  let factor = 1;
  while (x < 12) factor *= x++;
  const s = 1 / (x * x);
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - Math.log(factor);
}

// ---- group-sequential bounds

// The two-sided bounds of |Z| for a number of equal looks, or an array of fractions of the information.
export function bounds(looks, alpha = 0.05, kind = "pocock") {
  const fractions = informationAt(looks);
  checkAlpha(alpha);
  if (kind === "lan-demets-pocock")
    return spentBounds(fractions, fractions.map((t) => alpha * Math.log1p((Math.E - 1) * t)));
  if (kind === "lan-demets-obrien-fleming") {
    const z = upperQuantile(alpha / 4);
    return spentBounds(fractions, fractions.map((t) => 4 * upperTail(z / Math.sqrt(t))));
  }
  const shapes = { "pocock": () => 1, "obrien-fleming": (t) => 1 / Math.sqrt(t) };
  if (!Object.hasOwn(shapes, kind))
    throw new RangeError(`kind is pocock, obrien-fleming, lan-demets-pocock or lan-demets-obrien-fleming, not ${kind}`);
  const shape = fractions.map(shapes[kind]);
  const excess = (level) =>
    Math.log(sumOf(crossingsOf(shape.map((s) => level * s), fractions, 0, Infinity)) / alpha);
  const low = Math.max(upperQuantile(alpha / 2) - 1e-6, 0), high = upperQuantile(alpha / 2 / fractions.length) + 1e-6;
  const level = rootBetween(excess, low, high, 1e-9);
  return shape.map((s) => level * s);
}

// The chance that |Z| reaches its bound at some look; `drift` is the expected Z when all information is in.
export function crossingProbability(limits, looks = null, drift = 0) {
  if (!Array.isArray(limits) || !limits.length || !limits.every((limit) => limit >= 0))
    throw new RangeError(`bounds are one number from 0 for each look, not ${limits}`);
  const fractions = informationAt(looks ?? limits.length);
  if (fractions.length !== limits.length)
    throw new RangeError(`${limits.length} bounds for ${fractions.length} looks: give one for each`);
  if (!Number.isFinite(drift)) throw new RangeError(`drift is a finite number, not ${drift}`);
  return Math.min(sumOf(crossingsOf(limits, fractions, drift, 9)), 1);
}

function informationAt(looks) {
  if (Number.isInteger(looks)) {
    if (looks < 1 || looks > 1000) throw new RangeError(`the number of looks is from 1 to 1,000, not ${looks}`);
    return Array.from({ length: looks }, (_, k) => (k + 1) / looks);
  }
  const fine = Array.isArray(looks) && looks.length > 0 && looks.length <= 1000 && looks.at(-1) === 1
    && looks.every((t, k) => t - (k ? looks[k - 1] : 0) >= 1e-4 * (1 - 1e-9));
  if (!fine) throw new RangeError(`looks are a whole number, or fractions that increase to 1 by 0.0001 or more, not ${looks}`);
  return looks;
}

function checkAlpha(alpha) {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha lies between 0 and 1, not at ${alpha}`);
}

function sumOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

function crossingsOf(limits, fractions, drift, reach) {
  let scores = { nodes: [0], chances: [1] };
  return limits.map((limit, k) => {
    const t = fractions[k], edge = limit * Math.sqrt(t), step = t - (k ? fractions[k - 1] : 0);
    const found = beyondEdge(scores, edge, step, drift);
    if (k + 1 < limits.length) {
      const middle = drift * t, half = reach * Math.sqrt(t);
      const low = Math.max(-edge, middle - half), high = Math.min(edge, middle + half);
      scores = carriedScores(scores, low, high, step, Math.min(step, fractions[k + 1] - t), drift);
    }
    return found;
  });
}

function spentBounds(fractions, spending) {
  let scores = { nodes: [0], chances: [1] };
  return fractions.map((t, k) => {
    const root = Math.sqrt(t), step = t - (k ? fractions[k - 1] : 0), chance = spending[k] - (k ? spending[k - 1] : 0);
    const excess = (z) => Math.log(Math.max(beyondEdge(scores, z * root, step, 0), Number.MIN_VALUE) / chance);
    const found = chance > 1e-300 ? rootBetween(excess, 0, 40, 1e-10) : Infinity;
    const edge = Math.min(found, 38) * root;
    if (k + 1 < fractions.length)
      scores = carriedScores(scores, -edge, edge, step, Math.min(step, fractions[k + 1] - t), 0);
    return found;
  });
}

function beyondEdge({ nodes, chances }, edge, step, drift) {
  const width = Math.sqrt(step);
  let sum = 0;
  for (let i = 0; i < nodes.length; i++) {
    const expected = nodes[i] + drift * step;
    sum += chances[i] * (upperTail((edge - expected) / width) + upperTail((edge + expected) / width));
  }
  return sum;
}

function carriedScores({ nodes, chances }, low, high, step, finest, drift) {
  if (low >= high) return { nodes: [], chances: [] };
  const half = (high - low) / 2, width = Math.sqrt(step);
  const [unit, weights] = gaussLegendre(16 * Math.ceil((16 + 4 * half / Math.sqrt(finest)) / 16));
  const carried = unit.map((u) => (low + high) / 2 + half * u);
  const found = carried.map((node, j) => {
    let density = 0;
    for (let i = 0; i < nodes.length; i++) {
      const away = (node - nodes[i] - drift * step) / width;
      density += Math.exp(-0.5 * away * away) * chances[i];
    }
    return half * weights[j] * density / (width * Math.sqrt(2 * Math.PI));
  });
  return { nodes: carried, chances: found };
}

// Nodes and weights on (-1, 1), by Newton's method from Tricomi's guess.
function gaussLegendre(n) {
  gaussLegendre.known ??= new Map();
  if (gaussLegendre.known.has(n)) return gaussLegendre.known.get(n);
  const nodes = new Array(n), weights = new Array(n);
  for (let i = 0; i < n; i++) {
    let x = -Math.cos(Math.PI * (i + 0.75) / (n + 0.5)), slope = 1;
    for (let turn = 0; turn < 8; turn++) {
      let last = 1, value = x;
      for (let k = 2; k <= n; k++) [last, value] = [value, ((2 * k - 1) * x * value - (k - 1) * last) / k];
      slope = n * (x * value - last) / (x * x - 1);
      x -= value / slope;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  gaussLegendre.known.set(n, [nodes, weights]);
  return [nodes, weights];
}

// ---- the normal distribution, and roots

// The chance that a standard normal number is above z: a series near 0, a continued fraction beyond 3.
function upperTail(z) {
  if (z < 0) return 1 - upperTail(-z);
  if (z > 38.6) return 0;
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z, sum = z;
    for (let k = 3; term > 1e-17 * sum; k += 2) sum += term *= z * z / k;
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = Math.ceil(10 + 400 / (z * z)); k > 0; k--) fraction = z + k / fraction;
  return density / fraction;
}

function upperQuantile(chance) {
  return rootBetween((z) => Math.log(Math.max(upperTail(z), Number.MIN_VALUE) / chance), 0, 39, 1e-12);
}

// Where a function changes its sign between low and high (Ridders 1979, IEEE Trans. Circuits Syst. 26(11)).
function rootBetween(f, low, high, precision) {
  let below = f(low), above = f(high), found = NaN;
  if (below === 0) return low;
  if (above === 0) return high;
  if (below > 0 === above > 0) throw new RangeError(`no change of sign between ${low} and ${high}`);
  for (let turn = 0; turn < 200; turn++) {
    const middle = (low + high) / 2, at = f(middle);
    const next = middle + (middle - low) * Math.sign(below - above) * at / Math.sqrt(at * at - below * above);
    if (at === 0 || Math.abs(next - found) <= precision || high - low <= precision) return at === 0 ? middle : next;
    found = next;
    const here = f(found);
    if (here === 0) return found;
    const ends = [[low, below], [middle, at], [found, here], [high, above]].sort((p, q) => p[0] - q[0]);
    const k = ends.findIndex(([, value], i) => value > 0 !== ends[i + 1][1] > 0);
    [[low, below], [high, above]] = [ends[k], ends[k + 1]];
  }
  return found;
}
