// What the reader chose, as the fragment of an address; nothing of it is sent to anybody.

const ADDRESSED = ["energy", "valence", "danceability", "acousticness"];

/** Returns the fragment for a state; `version` says which models its numbers are positions of. */
export function songState({ songs, without, model, options }, version) {
  const parts = new URLSearchParams({ v: version, m: model });
  parts.set("s", songs.map(({ item, weight }) => (weight === 1 ? item.toString(36) : `${item.toString(36)}*${weight}`)).join("."));
  if (without.length) parts.set("x", without.map((item) => item.toString(36)).join("."));
  if (options.discovery) parts.set("d", options.discovery);
  if (options.variety) parts.set("y", options.variety);
  if (options.oncePerArtist) parts.set("o", 1);
  for (const [name, range] of Object.entries(options.moods)) parts.set(name, range.join("-"));
  return parts.toString();
}

/** Returns the state of a fragment, {problem} if it is of other models, or null. What makes no sense is left out. */
export function stateOf(fragment, { version, models, n }) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!parts.get("s")) return null;
  if (parts.get("v") !== version) {
    return { problem: "This address was made with another edition of the page, whose songs have other numbers: choose them again." };
  }
  const place = (text) => (/^[0-9a-z]{1,6}$/.test(text) && parseInt(text, 36) < n ? parseInt(text, 36) : -1);
  const share = (name) => Math.min(Math.max(Number(parts.get(name)) || 0, 0), 1);
  const seen = new Set();
  const songs = parts.get("s").split(".").map((one) => {
    const [item, weight] = one.split("*");
    return { item: place(item), weight: weight === undefined ? 1 : Number(weight) };
  }).filter(({ item, weight }) => item >= 0 && weight > 0 && weight < 1e6 && !seen.has(item) && seen.add(item));
  const moods = {};
  for (const name of ADDRESSED) {
    const [low, high] = (parts.get(name) ?? "").split("-").map(Number);
    if (low >= 0 && low <= high && high <= 100) moods[name] = [low, high];
  }
  return {
    songs,
    without: (parts.get("x") ?? "").split(".").map(place).filter((item) => item >= 0),
    model: models.includes(parts.get("m")) ? parts.get("m") : models.at(-1),
    options: { moods, discovery: share("d"), variety: Math.min(share("y"), 0.9), oncePerArtist: parts.get("o") === "1" },
  };
}
