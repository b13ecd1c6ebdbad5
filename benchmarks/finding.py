"""``python -m benchmarks finding``: how well and how fast the page's search finds recordings.

Two words of a recording's title and artists are typed, as they are and with an error in one of
them. A query is a hit if a recording that holds both (right) words is among the first ten. The
page's own module runs in node and in Chromium. What is kept holds no names.
"""

import base64
import json
import random
import subprocess
from shutil import which

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.harness import keep, machine
from nexttrack import project
from nexttrack.apps.try_it.page import bundle
from nexttrack.study.try_it.catalogue import load_catalogue
from nexttrack.study.try_it.fitting import names_of

QUERIES = 300
SEED = 17
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MODULES = ("container.mjs", "find.mjs")
MEASURED = """
function measured({ sections, queries }) {
  const arrays = Object.fromEntries(Object.entries(sections).map(([name, text]) =>
    [name, Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]));
  arrays.artists = new Uint32Array(arrays.artists.buffer);
  const begin = performance.now();
  const finder = createFinder(arrays);
  const start = performance.now() - begin;
  for (const query of queries.slice(0, 20)) finder.search(query, 10);
  const found = queries.map((query) => {
    const before = performance.now();
    const items = finder.search(query, 10).map(({ item }) => item);
    return { items, ms: performance.now() - before };
  });
  return { start, found };
}
"""


def mistyped(word: str, chance: random.Random) -> str:
    """Return a word with a letter put in, left out or replaced, or two neighbours swapped."""
    while True:
        at, kind = chance.randrange(len(word)), chance.randrange(4)
        letter = chance.choice(LETTERS)
        wrong = (
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
        )[kind]
        if wrong != word:
            return wrong


def queries_of(words: list[set[str]]) -> dict[str, list[tuple[str, set[str]]]]:
    """Return clean and wrong queries, each with the words meant, from the words of each item."""
    chance = random.Random(SEED)
    queries: dict[str, list[tuple[str, set[str]]]] = {"clean": [], "wrong": []}
    while len(queries["clean"]) < QUERIES:
        typable = sorted(word for word in chance.choice(words) if len(word) >= 3)
        if len(typable) >= 2:
            pair = chance.sample(typable, 2)
            queries["clean"].append((" ".join(pair), set(pair)))
            wrong = list(pair)
            at = chance.randrange(2)
            wrong[at] = mistyped(pair[at], chance)
            queries["wrong"].append((" ".join(wrong), set(pair)))
    return queries


def in_node(script: str, task: str) -> object:
    """Return what a script's last expression gives in the node that Playwright brings."""
    from playwright._impl._driver import compute_driver_executable

    script += "\nlet text = ''; process.stdin.on('data', (part) => (text += part));\n"
    script += "process.stdin.on('end', () => console.log(JSON.stringify(asked(JSON.parse(text)))));"
    node = [compute_driver_executable()[0], "-e", script]
    done = subprocess.run(node, input=task, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def in_chromium(script: str, task: str) -> object:
    """Return the same in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(content=script)
        found = page.evaluate("(task) => asked(JSON.parse(task))", task)
        browser.close()
    return found


def chromium() -> str | None:
    """Return the browser on the path, None for Playwright's own."""
    return which("chromium") or which("chromium-browser") or which("google-chrome")


def finding() -> None:
    """Measure the page's search over all recordings; results/finding.csv."""
    recordings = load_catalogue().recordings
    module = bundle(MODULES)
    names = [
        " ".join([title, *artists])
        for title, artists in zip(recordings["title"], recordings["artists"], strict=True)
    ]
    fold = f"{module}\nconst asked = (names) => names.map(foldedName);"
    words = [set(name.split()) for name in in_node(fold, json.dumps(names))]
    sections = {
        name: base64.b64encode(part.tobytes()).decode()
        for name, part in sections_of(recordings).items()
    }
    script = f"{module}\n{MEASURED}\nconst asked = measured;"
    rows = []
    for where, run in {"node": in_node, "Chromium": in_chromium}.items():
        for kind, queries in queries_of(words).items():
            task = {"sections": sections, "queries": [text for text, _ in queries]}
            report = run(script, json.dumps(task))
            hits = [
                any(meant <= words[item] for item in one["items"])
                for one, (_, meant) in zip(report["found"], queries, strict=True)
            ]
            p50, p95 = np.percentile([one["ms"] for one in report["found"]], [50, 95])
            row = {
                "case": f"{where}, {kind}",
                "recordings": len(recordings),
                "hit_at_10": f"{np.mean(hits):.3f}",
                "p50_ms": f"{p50:.2f}",
                "p95_ms": f"{p95:.2f}",
                "start_ms": f"{report['start']:.0f}",
            }
            Console().print(row)
            rows.append(row | machine())
    keep(rows, project.root() / "results" / "finding.csv", [str(row["case"]) for row in rows])


def sections_of(recordings: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the names and popularity of recordings as the page's finder takes them."""
    arrays = names_of(recordings)
    return arrays | {"artists": arrays["artists"].astype(np.uint32)}
