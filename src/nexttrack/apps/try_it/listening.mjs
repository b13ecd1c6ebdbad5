// A reader's own files (Spotify's data export, Exportify's tables) as tracks with weights, and these as a catalogue's.
// nexttrack.data.listener reads the same files alike, and a test holds the two together.
import {LARGEST_FILE, UnreadableFileError, bytesOf, checkSize, sizeOf, zipMembers} from "./zip_files.mjs";
import {exportifyRows} from "./exportify.mjs";

const SHORTEST_PLAY = 30_000;
const LONGEST_PLAY = 86_400_000;
const PLAYS_OF_A_LIKE = 5;
const DEEPEST_ARCHIVE = 3;
const MOST_UNPACKED = 8 * LARGEST_FILE;
const EXPORT_AGAIN = "ask Spotify for the export again";
const OWN_NAME = /^(streaming_?history.*|endsong.*|yourlibrary|playlist\d*)\.json$/i;
const PLAY_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?Z?)?$/;
const TRACK_URI = /^(?:(?:.*[:/])?track[:/])?([0-9A-Za-z]{22})(?:\?.*)?$/;
const MOST_OTHERS = 3;

// Names. When two names are one; the rules of nexttrack.data.listener.names, and a test holds the two together.
const NAME_BLANKS = /[\t-\r \x85\u1680\u2028\u2029]+/g;
const GUESTS_IN_BRACKETS = / ?[([](?:feat\.?|ft\.?|featuring|with) [^)\]]*[)\]]/g;
const GUESTS = / (?:feat\.?|ft\.?|featuring) .*?(?= - |$)/g;
const REMASTER = String.raw`(?:\d{4} (?:- )?)?(?:digital(?:ly)? )?re-?master(?:ed)?(?: version)?(?: \d{4})?(?: version)?`;
const REMASTERED = new RegExp(String.raw` (?:- ${REMASTER}|\(${REMASTER}\)|\[${REMASTER}\])$`);

// A name without what spellings differ in: case, accents, wide forms, invisible characters, doubled blanks.
export function folded(text) {
  const plain = text.normalize("NFKD").replace(/[\p{Mn}\p{Cf}]/gu, "").toLowerCase().replaceAll("ς", "σ");
  return plain.replace(NAME_BLANKS, " ").replace(/^ | $/g, "");
}

// A folded title without guests ("feat. X") and "Remastered 2011" at its end.
export function titleWithoutAdditions(title) {
  const plain = folded(title).replace(GUESTS_IN_BRACKETS, "").replace(GUESTS, "").replace(REMASTERED, "");
  return plain.replace(/^ +| +$/g, "") || folded(title);
}

// An artist's letters and digits, folded: no "the" before, "and" for "&"; "!!!" is only folded.
export function artistKey(artist) {
  const name = folded(artist);
  return name.replace(/^the /, "").replaceAll("&", "and").replace(/[^\p{L}\p{N}]/gu, "") || name;
}

// What may be the artist in a cell: all of it, and the first of several.
export function artistsOf(text) {
  const first = text.replaceAll("\\,", "\0").split(/[,;]/)[0].replaceAll("\0", ",");
  const names = [text.replaceAll("\\,", ","), first, folded(first).replace(GUESTS, "")];
  return [...new Set(names)].filter((name) => name.trim());
}

// What is equal for two rows of a listener's about one track, whatever file has them.
export function trackKey(title, artist) {
  return `${folded(title)}\u0001${artistKey(folded(artist.split(/[,;]/)[0]).replace(GUESTS, ""))}`;
}

// The keys of a track, "title\u0001artist", the most exact first. Artists are a list, or one text of an export.
export function joinKeys(title, artists) {
  const names = typeof artists === "string" ? artistsOf(artists) : artists;
  const keys = names.map(artistKey);
  const titles = [folded(title), titleWithoutAdditions(title)];
  return [...new Set(titles.flatMap((one) => keys.map((artist) => `${one}\u0001${artist}`)))];
}

// A Map from each key to a position in a catalogue; of several, that of which the key is more exact, then the first.
export function nameIndex(titles, artists) {
  const index = new Map();
  const ranked = Array.from(titles, (title, at) => (title && artists[at] ? joinKeys(title, artists[at]) : []));
  for (let rank = 0, more = true; more; rank++) {
    more = false;
    ranked.forEach((keys, at) => {
      if (rank < keys.length) {
        more = true;
        if (!index.has(keys[rank])) index.set(keys[rank], at);
      }
    });
  }
  return index;
}

// Files.

// How much a track counts: log(1 + plays + 5 * liked).
export function trackWeight(plays, liked) {
  return Math.log1p(plays + PLAYS_OF_A_LIKE * (liked ? 1 : 0));
}

// Read the reader's files: [{name, bytes}], bytes a Uint8Array, a File or a Blob; archives are looked through.
// Gives {tracks: [{id, title, artist, plays, ms, liked, weight}], notes: [text]}, the heaviest first. A play counts from
// 30 seconds on, and once, whichever files tell of it; liked is what is in the library or in a playlist. What cannot be
// read is said in a note; nothing is thrown.
export const readExport = async (files) => {
  const reading = {tracks: new Map(), played: new Set(), notes: [], others: [], unpacked: 0};
  for (const {name, bytes} of files) await readOwnFile(reading, name, bytes, 0);
  const tracks = [...reading.tracks.values()];
  for (const track of tracks) track.weight = trackWeight(track.plays, track.liked);
  tracks.sort((one, other) => other.weight - one.weight);
  const notes = [...reading.notes, ...notesOnOthers(reading.others)];
  if (!tracks.length && !notes.length) notes.push("nothing in it: no plays, library or playlists");
  return {tracks, notes};
};

// Find the tracks in a catalogue: byName is what nameIndex gives, or a Map from title and artist, each folded and joined by
// \u0001, to a position. Gives {matched: [{item, weight, plays, ms, liked, tracks}], unmatched: [track]}; several tracks can be one item.
export function match(tracks, byName) {
  const items = new Map();
  const unmatched = [];
  for (const track of tracks) {
    const named = track.title !== null && track.artist !== null;
    const key = named ? [...joinKeys(track.title, track.artist), ...foldedKeys(track.title, track.artist)]
      .find((one) => byName.has(one)) : undefined;
    if (key === undefined) {
      unmatched.push(track);
      continue;
    }
    const item = byName.get(key);
    const one = items.get(item) ?? {item, weight: 0, plays: 0, ms: 0, liked: false, tracks: []};
    one.plays += track.plays;
    one.ms += track.ms;
    one.liked ||= track.liked;
    one.weight = trackWeight(one.plays, one.liked);
    one.tracks.push(track);
    items.set(item, one);
  }
  const matched = [...items.values()].sort((one, other) => other.weight - one.weight || one.item - other.item);
  return {matched, unmatched};
}

function foldedKeys(title, artist) {
  const titles = [folded(title), titleWithoutAdditions(title)];
  return titles.flatMap((one) => artistsOf(artist).map((name) => `${one}\u0001${folded(name)}`));
}

async function readOwnFile(reading, name, source, depth) {
  try {
    const start = await bytesOf(source, 0, Math.min(4, sizeOf(source)));
    if (start[0] === 0x50 && start[1] === 0x4b && start[2] < 9) {
      await readArchive(reading, name, source, depth);
    } else {
      checkSize(sizeOf(source));
      readText(reading, name, decodedText(await bytesOf(source)));
    }
  } catch (error) {
    const why = error instanceof UnreadableFileError ? error.message : `cannot be read (${error?.message ?? error})`;
    reading.notes.push(`${name}: ${why}`);
  }
}

async function readArchive(reading, name, source, depth) {
  if (depth === DEEPEST_ARCHIVE) {
    throw new UnreadableFileError(`an archive in ${depth} others; unpack them and try again`);
  }
  for (const member of await zipMembers(source)) {
    const shown = `${name}: ${member.name}`;
    if (!/\.(json|csv|zip)$/i.test(member.name)) {
      reading.others.push(shown);
      continue;
    }
    try {
      checkSize(member.size);
      reading.unpacked += member.size;
      if (reading.unpacked > MOST_UNPACKED) {
        throw new UnreadableFileError(`over ${MOST_UNPACKED / 1e6} MB in archives; give the files with your music alone`);
      }
      await readOwnFile(reading, shown, await member.unpack(), depth + 1);
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      reading.notes.push(`${shown}: ${error.message}`);
    }
  }
}

function decodedText(bytes) {
  const order = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(order, {fatal: true}).decode(bytes);
  } catch {
    throw new UnreadableFileError(`not UTF-8 text; ${EXPORT_AGAIN}, or save it as UTF-8`);
  }
}

function readText(reading, name, text) {
  const base = name.split(/[/\\]|: /).at(-1);
  if (!text.trim()) throw new UnreadableFileError("empty");
  if (/^\s*[{[]/.test(text) || /\.json$/i.test(base)) {
    if (!readJson(reading, name, parsedJson(text))) {
      if (OWN_NAME.test(base)) throw new UnreadableFileError("no plays, library or playlists of Spotify's export in it");
      reading.others.push(name);
    }
  } else if (/\.csv$/i.test(base)) {
    readTable(reading, name, text);
  } else {
    reading.others.push(name);
  }
}

function parsedJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableFileError(`cut short, or no JSON; ${EXPORT_AGAIN}`);
  }
}

// JSON: what it is, by its first row. Gives false where it is none of Spotify's plays, library or playlists.
function readJson(reading, name, value) {
  const listed = Array.isArray(value);
  const first = listed ? value[0] : value;
  if ((listed && !value.length) || (isRecord(value) && !Object.keys(value).length)) throw new UnreadableFileError("empty");
  if (!isRecord(first)) return false;
  const has = (...keys) => keys.every((key) => Object.hasOwn(first, key));
  if (listed && has("endTime", "msPlayed", "trackName")) {
    readPlays(reading, name, value, {time: "endTime", ms: "msPlayed", title: "trackName", artist: "artistName"});
  } else if (listed && has("ts", "ms_played", "master_metadata_track_name")) {
    readPlays(reading, name, value, {time: "ts", ms: "ms_played", title: "master_metadata_track_name",
      artist: "master_metadata_album_artist_name", uri: "spotify_track_uri"});
  } else if (listed && (has("podcastName") || has("audiobookName"))) {
    throw new UnreadableFileError("podcasts or audiobooks, which are not read");
  } else if (!listed && Array.isArray(value.playlists)) {
    readLikes(reading, name, inPlaylists(value.playlists));
  } else if (!listed && Array.isArray(value.tracks)) {
    readLikes(reading, name, value.tracks.map((row) => isRecord(row) ? namesOf(row.uri, row.track, row.artist) : null));
  } else {
    return false;
  }
  return true;
}

function readPlays(reading, name, rows, keys) {
  let untimed = 0;
  let unnamed = 0;
  for (const row of rows) {
    const minute = isRecord(row) ? minuteOf(row[keys.time]) : null;
    const ms = isRecord(row) ? row[keys.ms] : null;
    if (minute === null || typeof ms !== "number" || !(ms >= 0 && ms <= LONGEST_PLAY)) {
      untimed++;
      continue;
    }
    const names = namesOf(row[keys.uri], row[keys.title], row[keys.artist]);
    if (names) addPlay(reading, names, minute, Math.trunc(ms));
    else unnamed++;
  }
  noteLeftOut(reading, name, untimed, rows.length, "plays", "without a time or a length");
  noteLeftOut(reading, name, unnamed, rows.length, "plays", "podcasts, or without title and artist");
}

function readLikes(reading, name, rows) {
  for (const names of rows) if (names) trackOf(reading, names).liked = true;
  const unnamed = rows.filter((names) => !names).length;
  noteLeftOut(reading, name, unnamed, rows.length, "entries", "no tracks, or without title and artist");
}

function inPlaylists(playlists) {
  return playlists.flatMap((playlist) => {
    const items = playlist?.items ?? playlist?.tracks;
    return !Array.isArray(items) ? [] : items.map((item) => {
      const track = isRecord(item) && Object.hasOwn(item, "track") ? item.track : item;
      return isRecord(track) ? namesOf(track.trackUri, track.trackName, track.artistName) : null;
    });
  });
}

function readTable(reading, name, text) {
  const rows = exportifyRows(text, folded);
  readLikes(reading, name, rows.map((row) => namesOf(row.uri, row.title, row.artists)));
  if (rows.length && !rows.some((row) => row.title)) {
    reading.notes.push(`${name}: read by ids alone: no column is called Track Name`);
  }
}

function addPlay(reading, names, minute, ms) {
  if (ms < SHORTEST_PLAY) return;
  const track = trackOf(reading, names);
  const play = `${minute}\u0001${ms}\u0001${names.key}`;
  if (reading.played.has(play)) return;
  reading.played.add(play);
  track.plays += 1;
  track.ms += ms;
}

function trackOf(reading, {key, id, title, artist}) {
  let track = reading.tracks.get(key);
  if (!track) {
    track = {id: null, title, artist, plays: 0, ms: 0, liked: false};
    reading.tracks.set(key, track);
  }
  if (id !== null && (track.id === null || id < track.id)) track.id = id;
  return track;
}

// A row's id, title and artist, and the key of its track; null where it has neither an id nor both names.
function namesOf(uriCell, titleCell, artistCell) {
  const id = typeof uriCell === "string" ? uriCell.trim().match(TRACK_URI)?.[1] ?? null : null;
  const [title, artist] = [textOf(titleCell), textOf(artistCell)];
  if (title !== null && artist !== null) return {key: trackKey(title, artist), id, title, artist};
  return id === null ? null : {key: `\u0001${id}`, id, title, artist};
}

function textOf(cell) {
  return typeof cell === "string" && cell.trim() ? cell.trim().toWellFormed() : null;
}

function minuteOf(cell) {
  const found = typeof cell === "string" ? cell.trim().match(PLAY_TIME) : null;
  if (!found) return null;
  const [, day, minute = "00:00", second = ":00"] = found;
  const time = new Date(`${day}T${minute}${second}Z`);
  // A day that a month does not have is no day; Date would take it for one of the next month.
  const real = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(`${day}T${minute}${second}`);
  return real ? `${day} ${minute}` : null;
}

function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function noteLeftOut(reading, name, n, total, what, why) {
  const [some, all] = [n, total].map((number) => number.toLocaleString("en-US"));
  if (n) reading.notes.push(`${name}: ${some} of ${all} ${what} left out (${why})`);
}

function notesOnOthers(others) {
  if (!others.length) return [];
  const shown = others.slice(0, MOST_OTHERS).join(", ") + (others.length > MOST_OTHERS ? ", …" : "");
  return [`${others.length.toLocaleString("en-US")} other file${others.length > 1 ? "s" : ""} not read: ${shown}`];
}
