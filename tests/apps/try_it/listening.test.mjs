import assert from "node:assert/strict";
import test from "node:test";
import zlib from "node:zlib";
import {folded, joinKeys, match, nameIndex, readExport, trackWeight} from "../../../src/nexttrack/apps/try_it/listening.mjs";
import {LARGEST_FILE} from "../../../src/nexttrack/apps/try_it/zip_files.mjs";

const encode = (text) => new TextEncoder().encode(text);
const play = (trackName, artistName, msPlayed = 40_000, endTime = "2023-01-01 10:00") =>
  ({endTime, artistName, trackName, msPlayed});
const json = (value) => encode(JSON.stringify(value));
const HISTORY = "StreamingHistory_music_0.json";

// A zip archive of [name, bytes]; change(entry) may make its header lie.
function zipOf(files, change = () => ({})) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const packed = zlib.deflateRawSync(bytes);
    const entry = {flags: 0, method: 8, size: bytes.length, packed: packed.length, ...change(name)};
    const named = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(entry.method, 8);
    local.writeUInt16LE(named.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(entry.flags, 8);
    central.writeUInt16LE(entry.method, 10);
    central.writeUInt32LE(entry.packed, 20);
    central.writeUInt32LE(entry.size, 24);
    central.writeUInt16LE(named.length, 28);
    central.writeUInt32LE(offset, 42);
    directory.push(central, named);
    parts.push(local, named, packed);
    offset += 30 + named.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.reduce((sum, part) => sum + part.length, 0), 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, ...directory, end]));
}

const good = ["Playlist1.json", json({playlists: [{name: "P", items: [{track: {trackName: "T", artistName: "A"}}]}]})];
const titles = ({tracks}) => tracks.map((track) => track.title);

test("plays from 30 seconds on count, once; a like counts as five plays", async () => {
  const rows = [play("T", "A"), play("T", "A"), play("T", "A", 29_999, "2023-01-02 10:00"), play("T", "A", 30_000, "2023-01-03 10:00"),
    play("Skipped", "A", 1_000)];
  const {tracks, notes} = await readExport([{name: HISTORY, bytes: json(rows)}, {name: good[0], bytes: good[1]}]);
  assert.deepEqual(tracks, [{id: null, title: "T", artist: "A", plays: 2, ms: 70_000, liked: true, weight: Math.log(8)}]);
  assert.deepEqual(notes, []);
});

test("a file may be a Blob, and files in archives are found", async () => {
  const inner = zipOf([good]);
  const outer = zipOf([["my folder/inner.zip", inner], ["__MACOSX/._Playlist1.json", encode("x")], ["Read me.pdf", encode("x")]]);
  const {tracks, notes} = await readExport([{name: "a.zip", bytes: new Blob([outer])}]);
  assert.equal(tracks[0].title, "T");
  assert.deepEqual(notes, ["1 other file not read: a.zip: Read me.pdf"]);
});

test("what would harm is said, and the rest is read", async () => {
  const zeros = new Uint8Array(5_000_000);
  const changes = {
    "large.json": {size: 4_000_000_000}, "bomb.json": {}, "lying.json": {size: 10}, "locked.json": {flags: 1}, "odd.json": {method: 12},
  };
  const archive = zipOf([...Object.keys(changes).map((name) => [name, zeros]), good], (name) => changes[name]);
  const read = await readExport([{name: "a.zip", bytes: archive}]);
  assert.deepEqual(titles(read), ["T"]);
  assert.deepEqual(read.notes, [
    "a.zip: large.json: 4,000 MB, where at most 128 MB are read; ask Spotify for the export again, or split it",
    "a.zip: bomb.json: would unpack to over 200 times its size, as no export does; get the file again",
    "a.zip: lying.json: damaged in its zip archive; get the file again",
    "a.zip: locked.json: encrypted; unpack the archive and give its files",
    "a.zip: odd.json: packed by a method that is not read here (12); unpack the archive",
  ]);
});

test("archives unpack to so much and no more", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(60_000));
  const large = Buffer.concat(Array(11).fill(noise));
  const files = [...Array(9)].map((_, i) => [`${i}.csv`, large]).concat([good]);
  const archive = zipOf(files, (name) => (name === good[0] ? {} : {size: LARGEST_FILE}));
  const {notes} = await readExport([{name: "a.zip", bytes: archive}]);
  assert.equal(notes.at(-1), "a.zip: Playlist1.json: over 1024 MB in archives; give the files with your music alone");
  assert.equal(notes[0], "a.zip: 0.csv: damaged in its zip archive; get the file again");
});

test("a file of 500 MB is refused before it is read", async () => {
  const large = {size: 500_000_000, slice: (from, to) => new Blob([new Uint8Array(to - from).fill(0x5b)])};
  const {notes} = await readExport([{name: HISTORY, bytes: large}]);
  assert.deepEqual(notes, [`${HISTORY}: 500 MB, where at most 128 MB are read; ask Spotify for the export again, or split it`]);
});

test("damaged archives, deep ones and a file that cannot be read are said, and nothing is thrown", async () => {
  const archive = zipOf([good]);
  let deep = archive;
  for (let i = 0; i < 3; i++) deep = zipOf([["a.zip", deep]]);
  const broken = {size: 9, slice: () => ({arrayBuffer: () => Promise.reject(new Error("gone"))})};
  const garbled = archive.slice();
  garbled.fill(0xff, 45, 60);
  const read = await readExport([
    {name: "cut.zip", bytes: archive.slice(0, -30)}, {name: "deep.zip", bytes: deep}, {name: "gone.json", bytes: broken},
    {name: "garbled.zip", bytes: garbled}, {name: "nothing.zip", bytes: zipOf([])},
  ]);
  assert.deepEqual(read, {tracks: [], notes: [
    "cut.zip: a zip archive that is cut short; get the file again",
    "deep.zip: a.zip: a.zip: a.zip: an archive in 3 others; unpack them and try again",
    "gone.json: cannot be read (gone)",
    "garbled.zip: Playlist1.json: damaged in its zip archive; get the file again",
  ]});
});

test("every cut of an archive, and every byte changed, throws nothing", async () => {
  const archive = zipOf([good]);
  for (let at = 0; at < archive.length; at++) {
    const changed = archive.slice();
    changed[at] ^= 0xff;
    await readExport([{name: "a.zip", bytes: changed}, {name: "b.zip", bytes: archive.slice(0, at)}]);
  }
  assert.deepEqual(titles(await readExport([{name: "a.zip", bytes: archive}])), ["T"]);
});

test("nothing given, nothing said to be read", async () => {
  assert.deepEqual(await readExport([]), {tracks: [], notes: ["nothing in it: no plays, library or playlists"]});
});

test("tracks are matched by their folded names, and what is one item is added up", async () => {
  const index = nameIndex(["Déjà Vu", "Under Pressure", "Si", "Untitled", null],
    [["Beyoncé"], "Queen, David Bowie", ["The Band"], null, ["X"]]);
  const rows = [play("DEJA VU (feat. JAY-Z)", "Beyonce"), play("Under Pressure - Remastered 2011", "Queen"),
    play("Under Pressure", "David Bowie"), play("Déjà vu", "Beyoncé", 30_000), play("Sí", "Band"), play("Nowhere", "X")];
  const {tracks} = await readExport([{name: HISTORY, bytes: json(rows)}]);
  const {matched, unmatched} = match(tracks, index);
  assert.deepEqual(matched.map(({item, plays, weight}) => [item, plays, weight]),
    [[0, 2, trackWeight(2, false)], [1, 1, trackWeight(1, false)], [2, 1, trackWeight(1, false)]]);
  assert.deepEqual(unmatched.map((track) => track.title), ["Under Pressure", "Nowhere"]);
});

test("a Map of folded titles and artists serves too", async () => {
  const byName = new Map([[`${folded("Déjà Vu")}\u0001${folded("The Simon & Garfunkel")}`, 7]]);
  const {tracks} = await readExport([{name: HISTORY, bytes: json([play("deja vu", "The Simon & Garfunkel, Anna")])}]);
  assert.deepEqual(match(tracks, byName).matched.map(({item}) => item), [7]);
});

test("names are folded", () => {
  assert.equal(folded("  Ｂeyonce\u0301\u200f  ΟΔΟΣ "), "beyonce οδοσ");
  assert.deepEqual(joinKeys("Song 2 - 2012 Remaster", "Blur, Anna"),
    ["song 2 - 2012 remaster\u0001bluranna", "song 2 - 2012 remaster\u0001blur", "song 2\u0001bluranna", "song 2\u0001blur"]);
});
