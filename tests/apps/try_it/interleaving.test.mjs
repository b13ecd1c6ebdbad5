import assert from "node:assert/strict";
import { test } from "node:test";
import { draftPreference, teamDraft } from "../../../src/nexttrack/apps/try_it/interleaving.mjs";

const lots = (draws) => () => draws.shift();

test("a draft by hand", () => {
  const { items, teams } = teamDraft([..."abcd"], [..."bead"], 4, lots([0.2, 0.7]));
  assert.deepEqual([items, teams], [[..."abec"], [0, 1, 1, 0]]);
  assert.equal(draftPreference(teams, [1, 2]), -1);
  assert.equal(draftPreference(teams, [0, 3, 3]), 1);
  assert.equal(draftPreference(teams, []), 0);
});

test("rankers that are alike tie over the lots", () => {
  for (const click of [0, 1, 2, 3, 4]) {
    let sum = 0;
    for (let code = 0; code < 8; code++) {
      const { items, teams } = teamDraft([5, 4, 3, 2, 1], [5, 4, 3, 2, 1], 5, lots([1, 2, 4].map((bit) => (code & bit ? 0.2 : 0.7))));
      assert.deepEqual(items, [5, 4, 3, 2, 1]);
      sum += draftPreference(teams, [click]);
    }
    assert.equal(sum, 0);
  }
});

test("what is no round is refused", () => {
  assert.throws(() => teamDraft([1, 1], [2], 2, Math.random), /an item twice/);
  for (const n of [-1, 1.5, "2"]) assert.throws(() => teamDraft([1], [2], n, Math.random), /n is a whole number/);
  for (const at of [2, -1, 0.5, "length"]) assert.throws(() => draftPreference([0, 1], [at]), /is not in a list of 2/);
});
