// Says, as JSON, what the JavaScript twins find for the cases in a file.
import { readFileSync } from "node:fs";
import { teamDraft } from "../../../src/nexttrack/apps/try_it/interleaving.mjs";
import { alwaysValidPValue, bounds, crossingProbability, preferenceInterval } from "../../../src/nexttrack/apps/try_it/sequential.mjs";

const twins = {
  preferenceInterval, alwaysValidPValue, bounds, crossingProbability,
  teamDraft: (a, b, n, draws) => teamDraft(a, b, n, () => draws.shift()),
};
const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(cases.map(({ name, given }) => twins[name](...given))));
