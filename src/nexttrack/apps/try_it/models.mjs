// The recommenders, from the bytes that fitting.py makes: the same scores as the Python models, and what each song of a
// profile adds to them. A profile is {items: [position], weights: [above 0]}, and does not change.
import { momentsOf } from "./choice.mjs";

const UNKNOWN = 255;

/** Returns {names, score(name, profile), explain(name, profile, item), learned, ...} for a block. */
export function createModels(meta, arrays) {
  const { n } = meta;
  const audio = soundVectors(meta, arrays);
  const learned = new Uint8Array(n);
  const names = [...meta.models];
  const models = {
    popular: { score: () => Float64Array.from(arrays.popularity), explain: () => null },
    sound: soundModel(n, audio),
  };
  if (arrays.listed) {
    for (const item of arrays.listed) learned[item] = 1;
    models.neighbours = neighbourModel(n, arrays);
    models.factors = factorModel(meta, arrays, itemFactors(meta, arrays, audio));
    models.hybrid = hybridModel(n, ["factors", "neighbours", "sound"].map((name) => models[name]), meta.weights);
  }
  return {
    names,
    learned,
    audio,
    score: (name, profile) => models[name].score(profile),
    explain: (name, profile, item) => models[name].explain(profile, item),
    // What a score lacks to be the sum of its parts: the same for all items that every member knows.
    shift: (name, profile, item) => models[name].shift?.(profile, item) ?? 0,
    similarity: models.factors ? models.factors.similarity : models.sound.similarity,
  };
}

/** Returns the normal scores of sounds (Float64Array, n x features), unit vectors, and which are known. */
export function soundVectors(meta, arrays) {
  const { n, steps, widest } = meta;
  const size = meta.features.length;
  const scores = new Float64Array(n * size);
  const unit = new Float32Array(n * size);
  const known = new Uint8Array(n);
  const value = new Float64Array(256);
  for (let code = 0; code < 256; code++) value[code] = (code / (steps - 1)) * 2 * widest - widest;
  for (let item = 0, at = 0; item < n; item++, at += size) {
    if (arrays.audio[at] === UNKNOWN) continue;
    known[item] = 1;
    let square = 0;
    for (let f = 0; f < size; f++) {
      const score = value[arrays.audio[at + f]];
      scores[at + f] = score;
      square += score * score;
    }
    const length = Math.sqrt(square) || 1;
    for (let f = 0; f < size; f++) unit[at + f] = scores[at + f] / length;
  }
  return { scores, unit, known, size };
}

/** The mean cosine of an item's sound to those of the profile. */
function soundModel(n, { unit, known, size }) {
  const dot = (a, b) => {
    let sum = 0;
    for (let f = 0; f < size; f++) sum += unit[a * size + f] * unit[b * size + f];
    return sum;
  };
  const total = ({ items, weights }) => weights.reduce((sum, weight, k) => sum + weight * known[items[k]], 0);
  return {
    score(profile) {
      const all = total(profile);
      const centre = new Float64Array(size);
      profile.items.forEach((item, k) => {
        for (let f = 0; f < size; f++) centre[f] += (profile.weights[k] / (all || 1)) * unit[item * size + f];
      });
      const scores = new Float64Array(n).fill(NaN);
      if (!(all > 0)) return scores;
      for (let item = 0, at = 0; item < n; item++, at += size) {
        if (!known[item]) continue;
        let sum = 0;
        for (let f = 0; f < size; f++) sum += centre[f] * unit[at + f];
        scores[item] = sum;
      }
      return scores;
    },
    explain(profile, item) {
      const all = total(profile);
      return profile.items.map((own, k) => (profile.weights[k] / all) * dot(own, item));
    },
    similarity: dot,
    silent: NaN,
  };
}

/** The sum of an item's similarities to those of the profile; 0 where nothing speaks for it. */
function neighbourModel(n, arrays) {
  const { listed, neighbours, similarities } = arrays;
  const scale = arrays["similarity scale"][0];
  const row = new Int32Array(n).fill(-1);
  const start = new Uint32Array(listed.length + 1);
  listed.forEach((item, k) => {
    row[item] = k;
    start[k + 1] = start[k] + arrays["neighbour counts"][k];
  });
  return {
    score(profile) {
      const scores = new Float64Array(n);
      profile.items.forEach((item, k) => {
        if (row[item] < 0) return;
        for (let p = start[row[item]]; p < start[row[item] + 1]; p++) {
          scores[listed[neighbours[p]]] += profile.weights[k] * similarities[p] * scale;
        }
      });
      return scores;
    },
    explain(profile, item) {
      return profile.items.map((own, k) => {
        if (row[own] < 0) return 0;
        for (let p = start[row[own]]; p < start[row[own] + 1]; p++) {
          if (listed[neighbours[p]] === item) return profile.weights[k] * similarities[p] * scale;
        }
        return 0;
      });
    },
    silent: 0,
  };
}

/** Returns the factors of all items, Float32Array of n x factors: learned, or predicted from content. */
export function itemFactors(meta, arrays, audio) {
  const { n } = meta;
  const size = arrays.factors.shape[1];
  const Y = new Float32Array(n * size);
  const table = arrays["content factors"];
  const scales = arrays["content scales"];
  const rows = { genres: audio.size, artists: audio.size + arrays["genres known"].length };
  const places = {};
  for (const kind of ["genres", "artists"]) {
    const names = kind === "genres" ? meta.genres : meta.artists;
    places[kind] = new Int32Array(names).fill(-1);
    arrays[`${kind} known`].forEach((name, k) => (places[kind][name] = rows[kind] + k));
  }
  const sum = new Float64Array(size);
  const add = (row, weight) => {
    const scaled = weight * scales[row];
    for (let f = 0, at = row * size; f < size; f++, at++) sum[f] += scaled * table[at];
  };
  const next = { genres: 0, artists: 0 };
  const root = Math.sqrt(audio.size);
  for (let item = 0; item < n; item++) {
    sum.fill(0);
    if (audio.known[item]) {
      for (let f = 0; f < audio.size; f++) add(f, audio.scores[item * audio.size + f] / root);
    }
    for (const kind of ["genres", "artists"]) {
      const count = arrays[`${kind} counts`][item];
      for (let p = next[kind]; p < next[kind] + count; p++) {
        const row = places[kind][arrays[kind][p]];
        if (row >= 0) add(row, 1 / Math.sqrt(count));
      }
      next[kind] += count;
    }
    Y.set(sum, item * size);
  }
  arrays.listed.forEach((item, k) => {
    const scale = arrays["factor scales"][k];
    for (let f = 0; f < size; f++) Y[item * size + f] = arrays.factors[k * size + f] * scale;
  });
  return Y;
}

/** Solves A x = b for one or more right sides, A symmetric and positive definite (rows of Float64Array). */
export function choleskySolve(A, size, b) {
  const L = cholesky(A, size);
  return substituted(L, size, b);
}

export function cholesky(A, size) {
  const L = Float64Array.from(A);
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < j; k++) {
      const left = L[j * size + k];
      for (let i = j; i < size; i++) L[i * size + j] -= L[i * size + k] * left;
    }
    const pivot = Math.sqrt(L[j * size + j]);
    for (let i = j; i < size; i++) L[i * size + j] /= pivot;
  }
  return L;
}

export function substituted(L, size, b) {
  const x = Float64Array.from(b);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] -= L[i * size + k] * x[k];
    x[i] /= L[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= L[k * size + i] * x[k];
    x[i] /= L[i * size + i];
  }
  return x;
}

/** iALS: the reader's vector solves A x = b exactly, as IALS.recalculate_user does; the score is y . x. */
export function factorModel(meta, arrays, Y) {
  const size = arrays.gram.shape[0];
  const { alpha, unobserved_weight: a0, regularization, frequency_exponent: nu, frequency_scale } = meta.ials;
  const n = Y.length / size;
  const solved = ({ items, weights }) => {
    const A = new Float64Array(size * size);
    for (let p = 0; p < A.length; p++) A[p] = a0 * arrays.gram[p];
    const b = new Float64Array(size);
    items.forEach((item, k) => {
      const c = alpha * weights[k];
      const y = Y.subarray(item * size, (item + 1) * size);
      for (let f = 0; f < size; f++) {
        b[f] += c * y[f];
        for (let g = 0; g < size; g++) A[f * size + g] += (c - a0) * y[f] * y[g];
      }
    });
    const ridge = (regularization / frequency_scale) * (items.length + a0 * n) ** nu;
    for (let f = 0; f < size; f++) A[f * size + f] += ridge;
    return { L: cholesky(A, size), b };
  };
  const solution = ofLast(solved);
  const user = (profile) => {
    const { L, b } = solution(profile);
    return substituted(L, size, b);
  };
  return {
    user,
    score(profile) {
      const scores = new Float64Array(n);
      if (!profile.items.length) return scores;
      const x = user(profile);
      for (let item = 0, at = 0; item < n; item++) {
        let sum = 0;
        for (let f = 0; f < size; f++, at++) sum += Y[at] * x[f];
        scores[item] = sum;
      }
      return scores;
    },
    // y_j' A^-1 b, and b is a sum over the songs of the profile.
    explain(profile, item) {
      const { L } = solution(profile);
      const direction = substituted(L, size, Y.subarray(item * size, (item + 1) * size));
      return profile.items.map((own, k) => {
        let sum = 0;
        for (let f = 0; f < size; f++) sum += Y[own * size + f] * direction[f];
        return alpha * profile.weights[k] * sum;
      });
    },
    similarity(a, b) {
      let dot = 0, left = 0, right = 0;
      for (let f = 0; f < size; f++) {
        const x = Y[a * size + f], y = Y[b * size + f];
        dot += x * y; left += x * x; right += y * y;
      }
      return left && right ? dot / Math.sqrt(left * right) : 0;
    },
    silent: 0,
  };
}

/** Returns a function of profiles that remembers its last answer. */
export function ofLast(work) {
  let last = { profile: null, found: null };
  return (profile) => {
    if (last.profile !== profile) last = { profile, found: work(profile) };
    return last.found;
  };
}

/** The weighted sum of z-scores over all that the reader does not have; what a song adds is shifted by a constant. */
function hybridModel(n, members, weights) {
  const scaled = ofLast((profile) => members.map((member) => {
    const scores = member.score(profile);
    const others = scores.slice();
    for (const item of profile.items) others[item] = NaN;
    return { scores, ...momentsOf(others) };
  }));
  return {
    score(profile) {
      const found = new Float64Array(n);
      scaled(profile).forEach(({ scores, mean, spread }, m) => {
        const weight = weights[m] / spread;
        for (let item = 0; item < n; item++) {
          if (scores[item] === scores[item]) found[item] += weight * (scores[item] - mean);
        }
      });
      return found;
    },
    explain(profile, item) {
      const parts = new Array(profile.items.length).fill(0);
      scaled(profile).forEach(({ scores, spread }, m) => {
        if (Number.isNaN(scores[item])) return;
        members[m].explain(profile, item).forEach((part, k) => (parts[k] += (weights[m] * part) / spread));
      });
      return parts;
    },
    // What all items share: a score is the sum of its parts less this.
    shift: (profile, item) => scaled(profile).reduce(
      (sum, { scores, mean, spread }, m) => sum + (Number.isNaN(scores[item]) ? 0 : (weights[m] * mean) / spread), 0),
    silent: 0,
  };
}
