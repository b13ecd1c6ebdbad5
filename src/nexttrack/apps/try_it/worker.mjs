// The other thread: holds the models and the index, and answers the page's questions, one after the other.
import { linesOf, unpack, unzipped } from "./container.mjs";
import { createModels } from "./models.mjs";
import { chosen } from "./choice.mjs";
import { createFinder } from "./find.mjs";
import { match, nameIndex, readExport } from "./listening.mjs";

const MOST_SONGS = 200;

/** Returns the answers to the page's questions: an object of functions, each of one message. */
export function createAnswers() {
  let at;

  const described = (item) => ({
    item,
    title: at.titles[item],
    artists: at.artistsOf(item).map((artist) => at.artistNames[artist]),
    popularity: at.arrays.popularity[item],
    listed: Boolean(at.models.learned[item]),
    sound: Boolean(at.models.audio.known[item]),
  });

  return {
    async load({ model }) {
      const { meta, arrays } = unpack(await unzipped(model));
      const starts = new Uint32Array(meta.n + 1);
      for (let item = 0; item < meta.n; item++) starts[item + 1] = starts[item] + arrays["artists counts"][item];
      const artistsOf = (item) => [...arrays.artists.subarray(starts[item], starts[item + 1])];
      at = {
        meta, arrays, artistsOf,
        titles: linesOf(arrays.titles),
        artistNames: linesOf(arrays["artist names"]),
        models: createModels(meta, arrays),
        percentiles: percentilesOf(meta, arrays.audio),
      };
      return { ...meta, songs: Object.fromEntries(meta.examples.flat().map((item) => [item, described(item)])) };
    },

    search({ query, n }) {
      at.finder ??= createFinder(at.arrays);
      const found = at.finder.search(query, n).map(({ item }) => described(item));
      const nearest = found.length ? [] : at.finder.nearest(query, 3).map(({ item }) => described(item));
      return { query, found, nearest };
    },

    /** Makes the index before it is asked for; the first list comes first. */
    prepare() {
      at.finder ??= createFinder(at.arrays);
    },

    describe({ items }) {
      return items.filter((item) => Number.isInteger(item) && item >= 0 && item < at.meta.n).map(described);
    },

    recommend({ model, profile, without, n, options }) {
      const { moods = {}, discovery = 0, variety = 0, oncePerArtist = false } = options;
      const limits = Object.entries(moods).map(([name, [low, high]]) => [at.percentiles[name], low, high]);
      const scores = at.models.score(model, profile);
      const list = chosen(scores, {
        n, discovery, variety, oncePerArtist,
        without: new Set([...profile.items, ...without]),
        may: limits.length
          ? (item) => at.models.audio.known[item] && limits.every(([p, low, high]) => p[item] >= low && p[item] <= high)
          : null,
        positive: model === "neighbours",
        popularity: at.arrays.popularity,
        similarity: at.models.similarity,
        artistsOf: at.artistsOf,
      });
      return {
        model,
        list: list.map((item) => ({
          ...described(item), score: scores[item], parts: at.models.explain(model, profile, item),
        })),
      };
    },

    /** Where all sounds lie on the map: Float32Arrays x and y, and which are known. */
    map() {
      const { scores, known, size } = at.models.audio;
      const [x, y] = at.meta.map.loadings.map((loadings) => {
        const found = new Float32Array(at.meta.n);
        for (let item = 0; item < found.length; item++) {
          let sum = 0;
          for (let f = 0; f < size; f++) sum += loadings[f] * scores[item * size + f];
          found[item] = sum;
        }
        return found;
      });
      return { x, y, known };
    },

    async read({ files }) {
      const { tracks, notes } = await readExport(files);
      at.byName ??= nameIndex(at.titles, at.titles.map((_, item) => at.artistsOf(item).map((artist) => at.artistNames[artist])));
      const { matched, unmatched } = match(tracks, at.byName);
      return {
        notes,
        read: tracks.length,
        found: matched.reduce((sum, one) => sum + one.tracks.length, 0),
        songs: matched.slice(0, MOST_SONGS).map(({ item, weight }) => ({ ...described(item), weight })),
        unmatched: unmatched.map(({ id, title, artist }) => (title === null ? id : `${artist} – ${title}`)),
      };
    },
  };
}

/** Returns for each audio feature where each item stands among all that are known, 0 to 100. */
function percentilesOf(meta, audio) {
  const size = meta.features.length;
  return Object.fromEntries(meta.features.map((name, f) => {
    const counts = new Uint32Array(256);
    for (let item = 0; item < meta.n; item++) counts[audio[item * size + f]] += 1;
    const known = meta.n - counts[255];
    const share = new Float32Array(256);
    for (let code = 0, below = 0; code < 255; below += counts[code], code++) share[code] = (100 * (below + counts[code] / 2)) / known;
    const found = new Float32Array(meta.n);
    for (let item = 0; item < meta.n; item++) found[item] = share[audio[item * size + f]];
    return [name, found];
  }));
}

/** Answers the messages of the page, in the worker. */
export function serve(scope) {
  const answers = createAnswers();
  scope.onmessage = async ({ data: { id, type, ...question } }) => {
    try {
      scope.postMessage({ id, answer: await answers[type](question) });
    } catch (error) {
      scope.postMessage({ id, error: String(error?.message ?? error) });
    }
  };
}
