// Which of the two? Lists of two models interleaved (team draft), told apart only at the end.
import { preferenceInterval } from "./sequential.mjs";
import { draftPreference, teamDraft } from "./interleaving.mjs";
import { MODELS, element, nameOf } from "./page.mjs";

const ROUND = 6;

/** Shows the comparison in `place`; `recommend(model, without)` gives positions, `songs` their names. */
export function startVersus(place, { names, recommend, songs }) {
  const choose = (label, value) => element("select", { "aria-label": label },
    ...names.map((name) => element("option", { value: name, selected: name === value }, MODELS[name][0])));
  const first = choose("First model", names.at(-1));
  const second = choose("Second model", names.includes("sound") ? "sound" : names[0]);
  const begin = element("button", { type: "button" }, "Begin");
  const round = element("div");
  place.replaceChildren(
    element("p", { className: "note" }, "Both models fill one list, in turns; which is which is not shown. Mark what you would play. " +
      "After each round you see how sure it is; you may stop at any time, and the interval still holds."),
    element("div", { className: "choose" }, first, "against", second, begin), round);

  let wins, losses, ties, seen, a, b;
  begin.onclick = () => {
    [a, b] = Math.random() < 0.5 ? [first.value, second.value] : [second.value, first.value];
    if (a === b) {
      round.replaceChildren(element("p", { role: "status" }, "Choose two models that differ."));
      return;
    }
    [wins, losses, ties, seen] = [0, 0, 0, []];
    next();
  };

  async function next() {
    const lists = await Promise.all([recommend(a, seen), recommend(b, seen)]);
    const { items, teams } = teamDraft(lists[0], lists[1], ROUND, Math.random);
    if (!items.length) {
      round.replaceChildren(verdict(true), element("p", {}, "There is nothing more to compare for these songs."));
      return;
    }
    const marked = items.map(() => element("input", { type: "checkbox" }));
    const done = element("button", { type: "button" }, "Done with this round");
    done.onclick = () => {
      seen.push(...items);
      const won = draftPreference(teams, marked.flatMap((mark, k) => (mark.checked ? [k] : [])));
      if (won > 0) wins += 1;
      else if (won < 0) losses += 1;
      else ties += 1;
      const more = element("button", { type: "button" }, "Next round");
      const end = element("button", { type: "button" }, "Stop and show which is which");
      more.onclick = next;
      end.onclick = () => round.replaceChildren(verdict(true));
      round.replaceChildren(verdict(false), element("div", { className: "choose" }, more, end));
      more.focus();
    };
    const list = element("ol", { "aria-label": "Which would you play?" }, ...items.map((item, k) =>
      element("li", {}, element("label", {}, marked[k], " ", ...nameOf(songs.get(item))))));
    round.replaceChildren(list, done);
  }

  function verdict(named) {
    const [low, high] = preferenceInterval(wins, losses, 0.05);
    const [one, other] = named ? [MODELS[a][0], MODELS[b][0]] : ["one", "the other"];
    const rounds = wins + losses + ties;
    const box = element("div", { id: "verdict", role: "status" });
    const decided = low > 0.5 ? `You prefer ${one}.` : high < 0.5 ? `You prefer ${named ? other : "one of them"}.` : "Which you prefer is not shown yet.";
    const counts = named
      ? `${one} won ${wins}, ${other} ${losses}, ties ${ties}.`
      : `${rounds} round${rounds === 1 ? "" : "s"}: ${Math.max(wins, losses)} to ${Math.min(wins, losses)}, ties ${ties}.`;
    box.append(element("p", {}, `${low > 0.5 && !named ? "You prefer one of them." : decided} ${counts}`));
    if (named) {
      const bar = element("div", { className: "interval", role: "img",
        "aria-label": `Share of rounds that ${one} wins: ${Math.round(100 * low)} to ${Math.round(100 * high)} %` }, element("i"), element("b"));
      bar.firstChild.style.left = `${100 * low}%`;
      bar.firstChild.style.width = `${100 * (high - low)}%`;
      box.append(bar, element("p", { className: "note" },
        `${one} wins ${Math.round(100 * low)} to ${Math.round(100 * high)} % of the rounds that are no ties: a 95 % interval that holds whenever you look.`));
    }
    return box;
  }
}
