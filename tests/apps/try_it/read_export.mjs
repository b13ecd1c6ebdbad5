// Print what the page makes of files, or of names: node read_export.mjs files FILE... | names < JSON
import fs from "node:fs";
import path from "node:path";
import {joinKeys, readExport, trackKey} from "../../../src/nexttrack/apps/try_it/listening.mjs";

const [what, ...places] = process.argv.slice(2);
if (what === "files") {
  const files = places.map((place) => ({name: path.basename(place), bytes: new Uint8Array(fs.readFileSync(place))}));
  console.log(JSON.stringify(await readExport(files)));
} else {
  const pairs = JSON.parse(fs.readFileSync(0, "utf8"));
  console.log(JSON.stringify(pairs.map(([title, artist]) => [trackKey(title, artist), ...joinKeys(title, artist)])));
}
