import assert from "node:assert/strict";
import { test } from "node:test";
import { alwaysValidPValue, bounds, crossingProbability, preferenceInterval } from "../../../src/nexttrack/apps/try_it/sequential.mjs";

const near = (found, expected, tolerance) => assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected}`);

test("the interval before the first round, and with all rounds won", () => {
  assert.deepEqual(preferenceInterval(0, 0, 0.05), [0, 1]);
  for (const n of [1, 5, 40]) {
    const [low, high] = preferenceInterval(n, 0, 0.05);
    near(low, (0.05 / (n + 1)) ** (1 / n), 1e-12);
    assert.equal(high, 1);
    near(alwaysValidPValue(n, 0), Math.min((n + 1) / 2 ** n, 1), 1e-12);
  }
});

test("printed bounds, and what peeking does", () => {
  near(bounds(5)[0], 2.413, 5e-4);
  near(bounds(5, 0.05, "obrien-fleming")[4], 2.040, 5e-4);
  near(crossingProbability(Array(100).fill(1.96)), 0.374, 5e-4);
});

test("looks that no experiment stops at", () => {
  const limits = bounds([0.001, 1], 1e-4, "lan-demets-obrien-fleming");
  assert.equal(limits[0], Infinity);
  near(crossingProbability(limits, [0.001, 1]), 1e-4, 1e-10);
  assert.equal(crossingProbability(Array(200).fill(2), null, 40), 1);
});

test("what is no input is refused", () => {
  for (const counts of [[-1, 0], [0, 1.5], [NaN, 1], ["1", 1], [Infinity, 1]])
    assert.throws(() => preferenceInterval(...counts, 0.05), /whole numbers from 0/);
  for (const alpha of [0, 1, NaN, -1]) {
    assert.throws(() => preferenceInterval(1, 1, alpha), /alpha lies between/);
    assert.throws(() => bounds(3, alpha), /alpha lies between/);
  }
  assert.throws(() => preferenceInterval(1, 1, 0.05, [1, 0]), /prior is two numbers above 0/);
  assert.throws(() => alwaysValidPValue(1, 1, 1), /share lies between/);
  assert.throws(() => bounds(0), /from 1 to 1,000/);
  for (const looks of [[], [0.5, 0.5, 1], [0.5, 0.9], "weekly", [NaN, 1], [0.5, 0.50001, 1], 2.5])
    assert.throws(() => bounds(looks), /looks are a whole number/);
  for (const kind of ["haybittle", "toString"]) assert.throws(() => bounds(3, 0.05, kind), /kind is pocock/);
  for (const limits of [[], [2, -2], [2, NaN], 2]) assert.throws(() => crossingProbability(limits), /one number from 0/);
  assert.throws(() => crossingProbability([2, 2], 3), /2 bounds for 3 looks/);
  assert.throws(() => crossingProbability([2], null, Infinity), /drift is a finite number/);
});
