// What is shown of a run, whatever the server reports: laws over seeded sequences of its states.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Eta } from "../../assets/canvas/app/eta.js";
import { RunProgress } from "../../assets/canvas/document/run-progress.js";

const SEEDS = Array.from({ length: 200 }, (_, i) => i + 1);
const storage = () => new (class extends Map {
  getItem(key) {
    return this.get(key) ?? null;
  }
  setItem(key, value) {
    this.set(key, value);
  }
})();

/** random(n): a whole number below n, from a seed. */
function dice(seed) {
  let state = seed;
  return (n) => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
}

const job = (revision, more) => ({ revision, edit: revision, group: "one", mask: [0, 0, 9, 9], pipeline: "slow", index: 0, total: 0, ...more });

/**
 * The server's states while a replay runs: steps of several models, restarts of a step that died, reports that are skipped,
 * and a plan whose steps are not those that the model takes in the end.
 */
function* replayed(random) {
  const of = 1 + random(9);
  const jobs = Array.from({ length: of }, (_, i) =>
    job(`r${i}`, { pipeline: ["slow", "fast"][random(2)], replay: { step: i + 1, of, steps: random(30) } }));
  while (jobs.length) {
    const total = 1 + random(30);
    for (let tries = random(5) ? 1 : 2; tries > 0; tries--) {
      yield jobs;
      const end = tries > 1 ? random(total) : total;
      for (let index = 0; index <= end; index += 1 + random(4)) {
        Object.assign(jobs[0], { index, total });
        yield jobs;
      }
      if (tries > 1) Object.assign(jobs[0], { index: 0, total: random(2) * total });
    }
    jobs.shift();
    if (!random(4)) jobs.splice(0, random(jobs.length)); // steps so fast that no state shows them
  }
}

/** The same of an edit with variations, made all at once, in parts, or one after another. */
function* varied(random) {
  const total = 1 + random(30);
  const jobs = Array.from({ length: 1 + random(8) }, (_, i) => job(`v${i}`));
  const others = [job("later", { group: "two" })];
  while (jobs.length) {
    const together = 1 + random(jobs.length);
    yield [...jobs, ...others];
    for (let index = 0; index <= total; index += 1 + random(4)) {
      for (const one of jobs.slice(0, together)) Object.assign(one, { index, total });
      yield [...jobs, ...others];
    }
    jobs.splice(0, together);
  }
}

/** What is shown of each state. The clock goes on irregularly, so that steps seem fast and slow. */
function shown(states, random, eta = null) {
  let now = 0;
  const progress = new RunProgress(eta ?? new Eta(storage(), () => now));
  progress.eta.stepTimes = random(2) ? { slow: 1 + random(2000), fast: 1 + random(50) } : {};
  return Array.from(states, (jobs) => {
    now += random(3) ? random(40) : random(5000);
    return { ...progress.update(structuredClone(jobs)), revision: jobs[0].revision };
  });
}

for (const [name, states] of Object.entries({ "a replay": replayed, "variations": varied })) {
  test(`${name}: never backwards, within 0 and 1, and the time left never rises within a step`, () => {
    for (const seed of SEEDS) {
      const random = dice(seed);
      const all = shown(states(random), random).filter(({ revision }) => revision !== "later");
      all.forEach(({ done, seconds, revision }, i) => {
        assert.ok(done >= 0 && done <= 1);
        assert.ok(seconds === null || seconds >= 0);
        if (!i) return;
        assert.ok(done >= all[i - 1].done, `seed ${seed}: ${all[i - 1].done} to ${done}`);
        if (revision !== all[i - 1].revision || all[i - 1].seconds === null) return;
        assert.ok(seconds !== null && seconds <= all[i - 1].seconds, `seed ${seed}: ${all[i - 1].seconds} s to ${seconds} s`);
      });
    }
  });
}

test("the next run begins anew, also where no state lies between", () => {
  const progress = new RunProgress(new Eta(storage()));
  progress.update([job("a", { index: 9, total: 10 })]);
  assert.equal(progress.update([job("b", { group: "two", index: 1, total: 10 })]).done, 0.1);
  assert.equal(progress.update([]), null);
  assert.equal(progress.update([job("a", { index: 0, total: 10 })]).done, 0);
});

test("a replay of nine steps takes the time of all nine", () => {
  const eta = new Eta(storage());
  eta.stepTimes = { slow: 1000, fast: 100 };
  const jobs = Array.from({ length: 9 }, (_, i) => job(`r${i}`, { pipeline: i % 3 ? "slow" : "fast", replay: { step: i + 1, of: 9, steps: 20 } }));
  assert.equal(new RunProgress(eta).update(jobs).seconds, 6 * 20 + 3 * 2);
  Object.assign(jobs[0], { index: 5, total: 20 });
  assert.equal(new RunProgress(eta).update(jobs).seconds, 6 * 20 + 2 * 2 + 1.5);
});

test("variations take as long as they are many, whether they are made at once or not", () => {
  const eta = new Eta(storage());
  eta.stepTimes = { slow: 1000 };
  const jobs = Array.from({ length: 4 }, (_, i) => job(`v${i}`, { index: 5, total: 20 }));
  assert.equal(new RunProgress(eta).update(jobs).seconds, 4 * 15);
  let now = 0;
  const measured = new Eta(storage(), () => now);
  const progress = new RunProgress(measured);
  for (let index = 1; index <= 20; index++, now += 400) progress.update(jobs.map((one) => ({ ...one, index })));
  measured.finish();
  assert.equal(measured.seconds("slow", 20), 2); // 4 images a step of 400 ms
});

test("what a replay's step took is known to the next", () => {
  let now = 0;
  const eta = new Eta(storage(), () => now);
  const progress = new RunProgress(eta);
  const jobs = [1, 2].map((step) => job(`r${step}`, { replay: { step, of: 2, steps: 10 } }));
  for (let index = 0; index <= 10; index++, now += 100) progress.update([{ ...jobs[0], index, total: 10 }, jobs[1]]);
  assert.equal(progress.update([jobs[1]]).seconds, 1);
  assert.equal(progress.update([{ ...jobs[1], index: 1, total: 10 }]).seconds, 0.9);
});

test("the last job of a replay that is over is no run of its own", () => {
  const run = new RunProgress(new Eta(storage()));
  const last = job("r2", { index: 9, total: 10, replay: { step: 3, of: 3, steps: 10 } });
  const before = run.update([last]).done;
  const { replay: _, ...alone } = last;
  assert.equal(run.update([{ ...alone, index: 0 }]).done, before);
});

test("while nobody works no time is left, and that time is nobody's", () => {
  let now = 0;
  const eta = new Eta(storage(), () => now);
  eta.stepTimes = { slow: 1000 };
  const progress = new RunProgress(eta);
  const jobs = (index) => [job("a", { index, total: 10 })];
  assert.equal(progress.update(jobs(4)).seconds, 6);
  now = 1000;
  const { done, known, seconds, waits } = progress.update(jobs(4), true);
  assert.deepEqual([done, known, seconds, waits], [0.4, false, null, true]);
  now = 1e6;
  assert.equal(progress.update(jobs(4), true).seconds, null);
  assert.equal(progress.update(jobs(0)).seconds, 10); // another worker begins it anew
  for (let index = 1; index <= 10; index++, now += 2000) progress.update(jobs(index));
  assert.equal(progress.update([]), null);
  eta.finish();
  assert.equal(eta.seconds("slow", 1), 1.4); // as the average has it, of 1 s and 2 s
});
