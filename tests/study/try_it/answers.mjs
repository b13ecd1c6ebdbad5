// Answers profiles as the page does: node answers.mjs FOLDER MODEL PROFILES, JSON on standard output.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { pathToFileURL } from "node:url";

const [folder, model, profiles] = process.argv.slice(2);
const from = (name) => import(pathToFileURL(`${folder}/${name}.mjs`));
const { unpack } = await from("container");
const { createModels } = await from("models");
const { topOf } = await from("choice");
const block = gunzipSync(readFileSync(model));
const { meta, arrays } = unpack(block.buffer.slice(block.byteOffset, block.byteOffset + block.byteLength));
const models = createModels(meta, arrays);
const answers = JSON.parse(readFileSync(profiles)).map((profile) =>
  Object.fromEntries(models.names.map((name) => {
    const scores = models.score(name, profile);
    for (const item of profile.items) scores[item] = NaN;
    if (name === "neighbours") for (let item = 0; item < scores.length; item++) if (!(scores[item] > 0)) scores[item] = NaN;
    const items = topOf(scores, 25);
    const parts = items.slice(0, 3).map((item) => models.explain(name, profile, item));
    const shifts = items.slice(0, 3).map((item) => models.shift(name, profile, item));
    return [name, { shifts, items, scores: items.map((item) => scores[item]), parts }];
  })));
process.stdout.write(JSON.stringify(answers));
