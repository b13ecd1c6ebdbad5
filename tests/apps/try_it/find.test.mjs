import assert from "node:assert/strict";
import { test } from "node:test";
import { createFinder, foldedName, isNear } from "../../../src/nexttrack/apps/try_it/find.mjs";

function distance(a, b) {
  // Damerau-Levenshtein (restricted), by the table.
  const d = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j++) d[0][j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] !== b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.length][b.length];
}

const beginnings = (word) => Array.from({ length: word.length + 1 }, (_, i) => word.slice(0, i));
const nearest = (word, other) => Math.min(...beginnings(other).map((part) => distance(word, part)));

function strings(alphabet, longest) {
  const all = [""];
  for (let i = 0; all[i].length < longest; i++) for (const letter of alphabet) all.push(all[i] + letter);
  return all.slice(1);
}

function arraysOf(names) {
  // The arrays of fitting.py for [title, artist] pairs, the first the most popular.
  const text = (lines) => new TextEncoder().encode(lines.join("\n"));
  const artists = [...new Set(names.map(([, artist]) => artist))];
  return {
    titles: text(names.map(([title]) => title)), "artist names": text(artists),
    artists: Uint16Array.from(names, ([, artist]) => artists.indexOf(artist)), "artists counts": new Uint8Array(names.length).fill(1),
    popularity: Uint8Array.from(names, (_, k) => Math.max(100 - k, 0)),
  };
}

const NAMES = [
  ["Hello", "Adele"], ["Hello Again", "Neil Diamond"], ["Hallo", "Oomph!"], ["Hell", "Adele"],
  ["夜に駆ける", "YOASOBI"], ["Группа крови", "Кино"], ["Où es-tu, Ásgeir?", "Beyoncé"], ["Don't Stop", "Ærø"],
];
const finder = createFinder(arraysOf(NAMES));
const found = (query, n = 10) => finder.search(query, n).map(({ item }) => item);

test("near is what the table of distances says, for all short words", () => {
  const words = strings("abc", 4);
  for (const a of words.filter((word) => word.length > 1))
    for (const b of words)
      if (!b.startsWith(a)) assert.equal(isNear(a, b), nearest(a, b) <= 1, `${a} ${b}`);
});

test("exact before beginning before error, popular ones first", () => {
  assert.deepEqual(found("hello"), [0, 1, 2, 3]);
  assert.equal(found("hell")[0], 3);
  assert.deepEqual(found("h"), [0, 1, 2, 3]);
  assert.deepEqual(found("h", 2), [0, 1]);
});

test("words of title and artist mix; each must match", () => {
  assert.equal(found("adele hello")[0], 0);
  assert.equal(found("HÉLLO  Adéle!")[0], 0);
  assert.equal(found("hello diamond")[0], 1);
  assert.deepEqual(found("hello diamond xyz"), []);
});

test("one error in any letter, the first too, also while typing", () => {
  for (const query of ["adele hlelo", "adele gello", "adele helllo", "adele ello", "adele ehllo", "adele xhello"])
    assert.equal(found(query)[0], 0, query);
  assert.equal(found("neil daim")[0], 1);
  assert.deepEqual(found("qqello adele"), []);
});

test("accents fold, and scripts without blanks are found within", () => {
  assert.deepEqual(found("asgeir beyonce"), [6]);
  assert.deepEqual(found("dont stop aero"), [7]);
  assert.deepEqual(found("駆ける"), [4]);
  assert.deepEqual(found("групп"), [5]);
  assert.equal(foldedName("ÀÉ ﬁ Ⅷ ¿Qué? 한국어 ストリート"), "ae fi viii que 한국어 ストリート");
});

test("any query is answered", () => {
  for (const query of ["", " ", "?!", "(.*)+[", "\u0000", "\ud800", "\u202e", null, undefined])
    assert.ok(Array.isArray(found(query)), JSON.stringify(query));
  assert.equal(found("hello \u0000 .*")[0], 0);
  for (const query of ["a".repeat(10_000), "a ".repeat(5_000), "e".repeat(10_000)])
    assert.doesNotThrow(() => [found(query), finder.nearest(query, 5)]);
  assert.deepEqual(createFinder(arraysOf([["x", "y"]])).search("hello", 3), []);
});

test("the nearest names are told where nothing is found", () => {
  assert.deepEqual(found("helloween"), []);
  assert.ok([0, 1].includes(finder.nearest("helloween", 1)[0].item));
  assert.deepEqual(finder.nearest("zzz", 3), []);
});

test("it finds what a scan of all names finds", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const word = () => Array.from({ length: 1 + random(6) }, () => "abc"[random(3)]).join("");
  const names = Array.from({ length: 300 }, () => [`${word()} ${word()}`, word()]);
  const own = createFinder(arraysOf(names));
  const matches = (shortest) => (typed, one) => one.startsWith(typed) || (typed.length >= shortest && nearest(typed, one) <= 1);
  let some = 0;
  for (let k = 0; k < 200; k++) {
    const query = [word(), word()];
    const scanned = (shortest) => names.flatMap((name, item) => {
      const all = name.join(" ").split(" ");
      return query.every((typed) => all.some((one) => matches(shortest)(typed, one))) ? [item] : [];
    });
    const scan = scanned(3).length ? scanned(3) : scanned(2);
    const given = own.search(query.join(" "), 1000).map(({ item }) => item);
    assert.deepEqual(given.sort((a, b) => a - b), scan, query.join(" "));
    some += scan.length > 0;
  }
  assert.ok(some > 50);
});
