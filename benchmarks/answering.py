"""``python -m benchmarks answering``: how soon the page that recommends is ready, and answers.

Chromium opens the page from disk, with the models of the data at hand. Then 300 random profiles of
1 to 30 recordings are put to each model, in the page's own modules; a time is that of one list of
twelve with its reasons, without the way between the threads.
"""

import base64
import json
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.finding import chromium
from benchmarks.harness import keep, machine
from nexttrack import project
from nexttrack.apps.try_it.page import WORKER, bundle, page
from nexttrack.study.try_it.container import unpack
from nexttrack.study.try_it.page_models import model_block

PROFILES = 300
VISITS = 5
SEED = 17
ASKED = """
async function asked({ model, profiles }) {
  const answers = createAnswers();
  const bytes = Uint8Array.from(atob(model), (letter) => letter.charCodeAt(0));
  const { models } = await answers.load({ model: bytes.buffer });
  const times = {};
  for (const name of models) {
    times[name] = profiles.map((profile) => {
      const before = performance.now();
      answers.recommend({ model: name, profile, without: [], n: 12, options: {} });
      return performance.now() - before;
    });
  }
  return times;
}
"""
READY = """() => new Promise((done) => {
  const paint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN;
  const look = () => document.querySelector("#list li[data-item]")
    ? done([paint(), performance.now()])
    : requestAnimationFrame(look);
  look();
})"""


def answering() -> None:
    """Measure when the page is ready and how long a list takes; results/answering.csv."""
    from playwright.sync_api import sync_playwright

    model = model_block()
    meta, _ = unpack(model)
    rng = np.random.default_rng(SEED)
    sizes = rng.integers(1, 31, PROFILES)
    profiles = [
        {"items": rng.choice(meta["n"], size, replace=False).tolist(), "weights": [1] * int(size)}
        for size in sizes
    ]
    task = {"model": base64.b64encode(model).decode(), "profiles": profiles}
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "try-it.html"
        path.write_text(page(model), encoding="utf-8")
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        visits = []
        for _ in range(VISITS):
            visit = browser.new_page()
            visit.goto(path.as_uri(), wait_until="commit")
            visits.append(visit.evaluate(READY))
            visit.close()
        empty = browser.new_page()
        empty.add_script_tag(content=bundle(WORKER) + ASKED)
        times = empty.evaluate("(task) => asked(JSON.parse(task))", json.dumps(task))
        browser.close()
    painted, ready = np.median(visits, axis=0)
    measured = {"first paint": [painted], "ready, from disk": [ready]}
    measured |= {f"a list, {name}": values for name, values in times.items()}
    rows = []
    for case, values in measured.items():
        p50, p95 = np.percentile(values, [50, 95])
        row = {
            "case": case,
            "recordings": meta["n"],
            "p50_ms": f"{p50:.1f}",
            "p95_ms": f"{p95:.1f}",
        }
        Console().print(row)
        rows.append(row | {"bytes": len(model)} | machine())
    keep(rows, project.root() / "results" / "answering.csv", [str(row["case"]) for row in rows])
