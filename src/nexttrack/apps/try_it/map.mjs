// The map of sounds: all recordings as a grey cloud, what the reader likes in its colours, what comes back as numbers.

const CELLS = 160;

/** Returns a function that draws songs and results, [item], on the canvas; `at` is what the worker's map() says. */
export function createMap(canvas, at, colourOf, nameOfItem) {
  const width = rangeOf(at.x, at.known);
  const height = rangeOf(at.y, at.known);
  const cloud = cloudOf(at, width, height);
  const place = (item) => [
    (at.x[item] - width.low) / (width.high - width.low), 1 - (at.y[item] - height.low) / (height.high - height.low),
  ];
  return function draw(songs, results) {
    const style = getComputedStyle(document.documentElement);
    const colour = (text) => style.getPropertyValue(text.replace(/^var\(|\)$/g, "")).trim() || text;
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [canvas.clientWidth, canvas.clientHeight];
    Object.assign(canvas, { width: Math.round(w * ratio), height: Math.round(h * ratio) });
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = colour("--soft");
    for (const [column, row, share] of cloud) {
      pen.globalAlpha = 0.5 * share;
      pen.fillRect((column / CELLS) * w, (1 - (row + 1) / CELLS) * h, w / CELLS + 0.5, h / CELLS + 0.5);
    }
    pen.globalAlpha = 1;
    pen.font = "600 11px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const dot = (item, radius, fill, text, ink) => {
      if (!at.known[item]) return;
      const [x, y] = place(item);
      const [left, top] = [Math.min(Math.max(x, 0.01), 0.99) * w, Math.min(Math.max(y, 0.02), 0.98) * h];
      pen.beginPath();
      pen.arc(left, top, radius, 0, 2 * Math.PI);
      pen.fillStyle = fill;
      pen.fill();
      pen.lineWidth = 2;
      pen.strokeStyle = colour("--ground");
      pen.stroke();
      pen.fillStyle = ink;
      if (text) pen.fillText(text, left, top + 0.5);
    };
    results.forEach((item, k) => dot(item, 9, colour("--ink"), String(k + 1), colour("--ground")));
    songs.forEach((item, k) => dot(item, 7, colour(colourOf(k)), "", ""));
    const unknown = [...songs, ...results].filter((item) => !at.known[item]);
    canvas.setAttribute("aria-label", `Map of sounds: ${songs.length} songs you like, ${results.length} recommendations` +
      (unknown.length ? `; of ${unknown.map(nameOfItem).join(", ")} the sound is not known` : ""));
  };
}

/** Says what the directions of the map are: the features that lie nearest to them. */
export function mapWords({ features, map: { loadings, share } }) {
  const word = (name) => ({ valence: "cheerful", energy: "energetic", acousticness: "acoustic", danceability: "danceable", loudness: "loud",
    instrumentalness: "instrumental", speechiness: "spoken", liveness: "live", tempo: "fast" }[name] ?? name);
  const ends = loadings.map((row) => row.map((value, f) => [value, word(features[f])])
    .filter(([value]) => Math.abs(value) >= 0.35).sort((a, b) => Math.abs(b[0]) - Math.abs(a[0]))
    .map(([value, name]) => `${value > 0 ? "more" : "less"} ${name}`).slice(0, 3).join(", "));
  return `Your songs in their colours, the recommendations by their number, all recordings in grey. To the right: ${ends[0]}; ` +
    `up: ${ends[1]}. The two directions hold ${Math.round(100 * share)} % of how sounds differ.`;
}

function rangeOf(values, known) {
  const there = Float32Array.from(values.filter((_, item) => known[item])).sort();
  const at = (share) => there[Math.round(share * (there.length - 1))] ?? 0;
  const margin = (at(0.999) - at(0.001)) / 20 || 1;
  return { low: at(0.001) - margin, high: at(0.999) + margin };
}

function cloudOf({ x, y, known }, width, height) {
  const counts = new Uint32Array(CELLS * CELLS);
  const cell = (value, { low, high }) => Math.floor(((value - low) / (high - low)) * CELLS);
  for (let item = 0; item < x.length; item++) {
    const [column, row] = [cell(x[item], width), cell(y[item], height)];
    if (known[item] && column >= 0 && column < CELLS && row >= 0 && row < CELLS) counts[row * CELLS + column] += 1;
  }
  const most = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 1));
  return [...counts].map((count, place) => [place % CELLS, Math.floor(place / CELLS), Math.log1p(count) / most])
    .filter(([, , share]) => share > 0);
}
