// Search as you type over titles and artists: accents folded, one typing error forgiven, any script.
//
// All distinct words stand in one sorted table, with the recordings that each is in. A word of the query is looked up in it as
// it stands, as the beginning of a word, or with one edit. An edit after the first letter leaves the first letter: the words that
// begin with it are looked at one by one. An edit of the first letter leaves the others: each first letter there is gets tried.
// Words of scripts without blanks are looked for within words.
import { linesOf } from "./container.mjs";

// How well a word of the query matches one of a name: as it is, as its beginning, as a word with an error, as its beginning.
const EXACT = 6;
const BEGINNING = 4;
const NEAR = 3;
const NEAR_BEGINNING = 2;
const MOST_WORDS = 8;
const SHORTEST_NEAR = 3; // letters of a word that may have an error in it; of two, where nothing is found else
const LETTERS = { "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h" };
const WITHOUT_BLANKS = /[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]/;

/** Folds a name: lower case, no accents, one blank between words, no punctuation. */
export function foldedName(text) {
  if (/^[a-z0-9 ]*$/.test(text)) return text;
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().normalize("NFC")
    .replace(/[øßæœłđðþıħ]/g, (letter) => LETTERS[letter])
    .replace(/['’`´]/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** Returns {search(query, n), nearest(query, n)} over a model's names; both give [{item, score}], the best first. */
export function createFinder(arrays) {
  const titles = linesOf(arrays.titles).map(foldedName);
  const artists = linesOf(arrays["artist names"]).map(foldedName);
  const counts = arrays["artists counts"];
  const n = titles.length;
  const names = new Array(n);
  const titleWords = new Uint8Array(n);
  const items = new Map(); // word -> its recordings, rising
  for (let item = 0, at = 0; item < n; at += counts[item], item++) {
    const inTitle = wordsOf(titles[item]);
    titleWords[item] = Math.min(inTitle.length, 255);
    const words = new Set(inTitle);
    names[item] = titles[item];
    for (let p = at; p < at + counts[item]; p++) {
      names[item] += ` ${artists[arrays.artists[p]]}`;
      for (const word of wordsOf(artists[arrays.artists[p]])) words.add(word);
    }
    for (const word of words) {
      const list = items.get(word);
      if (list) list.push(item);
      else items.set(word, [item]);
    }
  }
  const table = [...items.keys()].sort();
  const { popularity } = arrays;
  const best = new Uint8Array(n); // how well the word at hand matches each recording
  const sums = new Float32Array(n);
  const matched = new Uint8Array(n);

  const starts = [...new Set(table.map((word) => word[0]))].map((letter) => [letter, firstFrom(table, letter)]);
  starts.push(["", table.length]);
  const ascii = starts.filter(([letter]) => letter < "\u0080");

  /** Calls back with each word of the table that is one edit away, or begins so; with some more than once. */
  const eachNear = (word, found) => {
    const own = starts.findIndex(([letter]) => letter === word[0]);
    if (own >= 0) {
      for (let at = starts[own][1]; at < starts[own + 1][1]; at++) if (isNear(word, table[at])) found(table[at]);
    }
    const beginning = (text) => {
      for (let at = firstFrom(table, text); at < table.length && table[at].startsWith(text); at++) {
        if (table[at][0] !== word[0]) found(table[at]);
      }
    };
    beginning(word.slice(1));
    beginning(word[1] + word[0] + word.slice(2));
    for (const [letter] of word[0] < "\u0080" ? ascii : starts) {
      if (!letter || letter === word[0]) continue;
      beginning(letter + word.slice(1));
      beginning(letter + word);
    }
  };

  /** Adds what the word with this place in the query matches; returns what was touched for the first time. */
  const look = (word, place, touched, shortest) => {
    const seen = [];
    const note = (found, quality) => {
      for (const item of items.get(found)) {
        if (matched[item] !== place) continue; // an earlier word of the query is not in it
        if (!best[item]) seen.push(item);
        if (quality > best[item]) best[item] = quality;
      }
    };
    if (WITHOUT_BLANKS.test(word)) {
      for (const one of table) if (one.includes(word)) note(one, one === word ? EXACT : BEGINNING);
    } else {
      for (let at = firstFrom(table, word); at < table.length && table[at].startsWith(word); at++) {
        note(table[at], table[at] === word ? EXACT : BEGINNING);
      }
      if (word.length >= shortest) {
        eachNear(word, (one) => note(one, Math.abs(one.length - word.length) <= 1 ? NEAR : NEAR_BEGINNING));
      }
    }
    for (const item of seen) {
      if (place === 0) touched.push(item);
      sums[item] += best[item];
      matched[item] = place + 1;
      best[item] = 0;
    }
  };

  const matches = (words, shortest) => {
    const touched = [];
    words.forEach((word, place) => look(word, place, touched, shortest));
    const all = [];
    for (const item of touched) {
      if (matched[item] === words.length) {
        const whole = titleWords[item] === words.length && sums[item] === EXACT * words.length ? 12 : 0;
        all.push({ item, score: (100 * sums[item]) / (EXACT * words.length) + whole + popularity[item] / 4 });
      }
      sums[item] = 0;
      matched[item] = 0;
    }
    return all;
  };

  return {
    search(query, most) {
      const words = [...new Set(wordsOf(foldedName(String(query).slice(0, 1000))))].slice(0, MOST_WORDS);
      if (!words.length || !(most > 0)) return [];
      const all = matches(words, SHORTEST_NEAR);
      return firstOf(all.length ? all : matches(words, SHORTEST_NEAR - 1), most);
    },

    /** Names that share most groups of three letters with the query, for a query that finds nothing. */
    nearest(query, most) {
      const groups = [...new Set(groupsOf(foldedName(String(query).slice(0, 100))))];
      const all = [];
      for (let item = 0; item < n && groups.length; item++) {
        let shared = 0;
        for (const group of groups) shared += names[item].includes(group);
        const score = (2 * shared) / (groups.length + Math.max(names[item].length - 2, 1));
        if (3 * shared >= groups.length) all.push({ item, score });
      }
      return firstOf(all, most);
    },
  };
}

/** Whether two words differ by one edit (a letter too many, too few, another, or two that changed places), or the second
 *  begins with such a word. The first letters that differ decide where the edit is. */
export function isNear(word, other) {
  const size = word.length;
  if (other.length < size - 1) return false;
  let at = 0;
  while (at < size && word.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  if (at === size) return false; // it is the word or begins with it
  if (at + 1 === size && other.length === at) return true;
  const rest = (from, to) => {
    for (; from < size; from++, to++) if (word.charCodeAt(from) !== other.charCodeAt(to)) return false;
    return true;
  };
  return rest(at + 1, at + 1) || rest(at + 1, at) || rest(at, at + 1) ||
    (at + 1 < size && word.charCodeAt(at) === other.charCodeAt(at + 1) && word.charCodeAt(at + 1) === other.charCodeAt(at) && rest(at + 2, at + 2));
}

function wordsOf(folded) {
  return folded ? folded.split(" ") : [];
}

function groupsOf(folded) {
  return Array.from({ length: Math.max(folded.length - 2, 0) }, (_, at) => folded.slice(at, at + 3));
}

function firstFrom(table, word) {
  let [low, high] = [0, table.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table[middle] < word) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstOf(all, most) {
  const better = (a, b) => a.score > b.score || (a.score === b.score && a.item < b.item);
  const first = [];
  for (const one of all) {
    if (first.length === most && !better(one, first[most - 1])) continue;
    let place = first.length;
    while (place > 0 && better(one, first[place - 1])) place -= 1;
    first.splice(place, 0, one);
    if (first.length > most) first.pop();
  }
  return first;
}
