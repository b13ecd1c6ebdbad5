// The page itself: what the reader chose, what comes back, and why.
import { songState, stateOf } from "./address.mjs";
import { createMap, mapWords } from "./map.mjs";
import { startVersus } from "./versus.mjs";

const SHOWN = 12;
const COLOURS = 12;
const WEIGHTS = [[0.5, "a little"], [1, "yes"], [2, "much"], [4, "very much"]];
export const MODELS = {
  hybrid: ["Hybrid", "Factors, neighbours and sound together: what each says, on one scale, added up."],
  factors: ["Factors", "Every song and you are a point; near is good. What no playlist has is placed by its sound, genre and artist."],
  neighbours: ["Neighbours", "What stands in the same playlists as your songs. It knows only songs that playlists have."],
  sound: ["Sound", "What sounds most like your songs, whoever plays it."],
  popular: ["Popular", "What everybody plays; your songs change nothing but what is left out."],
};
const MOODS = { energy: "Energy", valence: "Cheerfulness", danceability: "Danceability", acousticness: "Acousticness" };

/** Returns an element with properties, attributes (aria-*, role and the like) and children. Text is text, never markup. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || ["role", "for", "lang", "data-song", "dir"].includes(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** A song's names, each kept apart from the direction of the text around it. */
export function nameOf(song) {
  return [element("bdi", {}, song.title), " ", element("bdi", { className: "artist" }, song.artists.join(", "))];
}

/** Asks the worker; a later question of the same kind makes an earlier answer void. */
export function connect(worker) {
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data: { id, answer, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  };
  return (type, question = {}, transfer = []) => new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    worker.postMessage({ id: last, type, ...question }, transfer);
  });
}

/** Starts the page. */
export async function start(worker) {
  const ask = connect(worker);
  const $ = (id) => document.getElementById(id);
  const songs = new Map(); // item -> description
  let state = { songs: [], without: [], model: "hybrid", options: { moods: {}, discovery: 0, variety: 0, oncePerArtist: false } };
  let example = null;
  let shown = [];
  showShape($("list"));

  const bytes = Uint8Array.from(atob($("model").textContent), (c) => c.charCodeAt(0));
  let meta;
  try {
    meta = await ask("load", { model: bytes.buffer }, [bytes.buffer]);
  } catch (error) {
    $("state").textContent = `The models of this page cannot be read (${error.message}). Get the file again.`;
    $("list").replaceChildren();
    return;
  }
  for (const [item, song] of Object.entries(meta.songs)) songs.set(Number(item), song);
  if (!meta.models.includes(state.model)) state.model = "sound";
  $("source").textContent = meta.about;
  $("search").disabled = false;

  const profile = () => ({ items: state.songs.map(({ item }) => item), weights: state.songs.map(({ weight }) => weight) });
  const remember = (list) => list.forEach((song) => songs.set(song.item, song));
  const colourOf = (k) => `var(--c${k % COLOURS})`;

  // ---- what you like
  function takeExample(k) {
    example = k;
    state = { ...state, songs: meta.examples[k].map((item) => ({ item, weight: 1 })), without: [] };
    changed();
  }
  function add(song, weight = 1) {
    remember([song]);
    if (example !== null) [state.songs, state.without, example] = [[], [], null];
    if (!state.songs.some(({ item }) => item === song.item)) state.songs.push({ item: song.item, weight });
    state.without = state.without.filter((item) => item !== song.item);
    changed();
  }
  function drop(item) {
    state.songs = state.songs.filter((song) => song.item !== item);
    example = null;
    changed();
  }
  function showSongs() {
    $("songs").replaceChildren(...state.songs.map(({ item, weight }, k) => {
      const song = songs.get(item);
      const swatch = element("span", { className: "swatch" });
      swatch.style.setProperty("--colour", colourOf(k));
      const select = element("select", { "aria-label": `How much you like ${song.title}` },
        ...[...WEIGHTS, ...(WEIGHTS.some(([w]) => w === weight) ? [] : [[weight, `× ${weight.toFixed(1)}`]])]
          .map(([value, label]) => element("option", { value: String(value), selected: value === weight }, label)));
      select.onchange = () => {
        state.songs[k].weight = Number(select.value);
        changed();
      };
      const cross = element("button", { type: "button", className: "cross", "aria-label": `Remove ${song.title}` }, "✕");
      cross.onclick = () => {
        drop(item);
        ($("songs").querySelectorAll(".cross")[k] ?? $("search")).focus();
      };
      return element("li", { "data-song": String(k) }, swatch, element("span", {}, ...nameOf(song)), select, cross);
    }));
    $("example").hidden = example === null;
    if (example !== null) $("example").textContent = "An example. Your first song takes its place.";
    const others = meta.examples.map((_, k) => k).filter((k) => k !== example);
    $("tastes").replaceChildren("Or look at an example: ", ...others.flatMap((k, n) => {
      const button = element("button", { type: "button" }, songs.get(meta.examples[k][0]).artists[0]);
      button.onclick = () => takeExample(k);
      return n ? [" ", button] : [button];
    }));
  }

  // ---- what to play
  function showModels() {
    const legend = $("models").firstElementChild;
    $("models").replaceChildren(legend, ...Object.keys(MODELS).filter((name) => meta.models.includes(name)).map((name) => {
      const input = element("input", { type: "radio", name: "model", value: name, checked: name === state.model });
      input.onchange = () => {
        const before = new Set(shown.map(({ item }) => item));
        state.model = name;
        changed(before);
      };
      return element("label", {}, input, MODELS[name][0]);
    }));
  }
  function showList({ list }, before) {
    const places = new Map([...$("list").children].map((row) => [row.dataset.item, row.getBoundingClientRect().top]));
    shown = list;
    const most = Math.max(...list.map(({ score }) => score), 1e-9);
    $("list").setAttribute("aria-busy", "false");
    $("list").replaceChildren(...list.map((song) => row(song, most, before)));
    for (const one of $("list").children) {
      const was = places.get(one.dataset.item);
      const now = one.getBoundingClientRect().top;
      if (was !== undefined && Math.abs(was - now) > 4) {
        one.style.setProperty("--from", `${was - now}px`);
        one.classList.add("moved");
      }
    }
    $("state").textContent = list.length ? "" : emptyWords();
    redraw();
  }
  function row(song, most, before) {
    const badges = [];
    if (before && !before.has(song.item)) badges.push(element("span", { className: "new" }, "not in the last list"));
    if (!song.listed && ["factors", "hybrid"].includes(state.model)) {
      badges.push(element("span", { className: "new" }, "predicted from sound and artist"));
    }
    const thumb = (sign, label, act) => {
      const button = element("button", { type: "button", className: "thumb", title: label, "aria-label": `${label}: ${song.title}` }, sign);
      button.onclick = () => act();
      return button;
    };
    const listen = element("a", {
      href: `https://open.spotify.com/search/${encodeURIComponent(`${song.title} ${song.artists[0] ?? ""}`)}`,
      target: "_blank", rel: "noopener noreferrer", "aria-label": `Search ${song.title} on Spotify`,
    }, "Spotify");
    const marks = element("span", { className: "marks" }, listen, " ",
      thumb("+", "More like", () => add(song)), thumb("−", "Not this", () => {
        state.without.push(song.item);
        changed();
      }));
    const made = element("li", {}, element("span", {}, ...nameOf(song), ...badges), marks, ...why(song, most));
    made.dataset.item = song.item;
    return made;
  }
  function why(song, most) {
    if (!song.parts) return [element("p", { className: "why" }, `Popularity ${song.popularity} of 100.`)];
    const shares = sharesOf(song.parts);
    const bar = element("div", { className: "bar", role: "group", "aria-label": "Why" });
    bar.style.width = `${Math.max(8, (100 * Math.max(song.score, 0)) / most)}%`;
    const order = shares.map((share, k) => [share, k]).filter(([share]) => share > 0.004).sort((a, b) => b[0] - a[0]);
    order.forEach(([share, k], n) => {
      const words = `${Math.round(100 * share)} % because of ${songs.get(state.songs[k].item).title}`;
      const part = element("button", { type: "button", "aria-label": words, title: words, tabIndex: n ? -1 : 0 });
      part.style.setProperty("--colour", colourOf(k));
      part.style.width = `${100 * share}%`;
      const light = (on) => $("songs").children[k]?.classList.toggle("lit", on);
      part.onpointerenter = part.onfocus = () => light(true);
      part.onpointerleave = part.onblur = () => light(false);
      part.onkeydown = (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const next = step && bar.children[n + step];
        if (!next) return;
        part.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
        event.preventDefault();
      };
      bar.append(part);
    });
    const told = order.slice(0, 3).map(([share, k], n) => [
      `${n ? ", " : ""}${Math.round(100 * share)} % ${n ? "" : "because of "}`, element("bdi", {}, songs.get(state.songs[k].item).title),
    ]);
    const against = song.parts.filter((part) => part < 0).length;
    const rest = against ? `; ${against} of your songs speak${against === 1 ? "s" : ""} against it` : "";
    return [bar, element("p", { className: "why" }, ...told.flat(), rest, ".")];
  }
  function emptyWords() {
    if (!state.songs.length) return "Choose a song, and this list fills.";
    if (Object.keys(state.options.moods).length) return "Nothing is left within these limits of mood: widen one.";
    if (state.model === "neighbours") return "None of your songs is in a playlist that this page learned from. Try Factors or Sound.";
    if (state.model === "sound") return "How your songs sound is not known here. Try another model.";
    return "Nothing is left to recommend.";
  }

  let draw = null;
  const redraw = () => draw?.(state.songs.map(({ item }) => item), shown.map(({ item }) => item));
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  let version = 0;
  async function changed(before) {
    const mine = ++version;
    showSongs();
    $("model-says").textContent = MODELS[state.model][1];
    for (const input of $("models").querySelectorAll("input")) input.checked = input.value === state.model;
    history.replaceState(null, "", example === null ? `#${songState(state, meta.version)}` : "#");
    if (!state.songs.length && state.model !== "popular") {
      showList({ list: [] });
      return;
    }
    try {
      const { model, profile: own, without, options } = { ...state, profile: profile() };
      const answer = await ask("recommend", { model, profile: own, without, options, n: SHOWN });
      if (mine !== version) return;
      remember(answer.list);
      showList(answer, before);
    } catch (error) {
      if (mine === version) $("state").textContent = `That went wrong (${error.message}). Your songs are still here; change something, or load the page anew.`;
    }
  }

  // ---- controls
  function showKnobs() {
    const { options } = state;
    const slider = (label, value, low, high, set) => {
      const input = element("input", { type: "range", min: low, max: high, step: 1, value });
      input.oninput = () => {
        set(Number(input.value));
        changed();
      };
      return element("label", {}, label, input);
    };
    const once = element("input", { type: "checkbox", checked: options.oncePerArtist });
    once.onchange = () => {
      options.oncePerArtist = once.checked;
      changed();
    };
    const mood = ([name, label]) => {
      const [low, high] = options.moods[name] ?? [0, 100];
      const set = (end) => (value) => {
        const range = [...(options.moods[name] ?? [0, 100])];
        range[end] = value;
        if (range[0] > range[1]) range[1 - end] = value;
        if (range[0] <= 0 && range[1] >= 100) delete options.moods[name];
        else options.moods[name] = range;
      };
      return element("div", { className: "pair", role: "group", "aria-label": label },
        slider(`${label}, at least`, low, 0, 100, set(0)), slider(`${label}, at most`, high, 0, 100, set(1)));
    };
    const reset = element("button", { type: "button" }, "Reset");
    reset.onclick = () => {
      state.options = { moods: {}, discovery: 0, variety: 0, oncePerArtist: false };
      showKnobs();
      changed();
    };
    $("knobs").replaceChildren(
      slider("Discovery: away from the hits", 100 * options.discovery, 0, 100, (value) => (options.discovery = value / 100)),
      slider("Variety: less alike", 100 * options.variety, 0, 90, (value) => (options.variety = value / 100)),
      ...Object.entries(MOODS).filter(([name]) => meta.features.includes(name)).map(mood),
      element("label", {}, once, " No artist twice"), reset);
  }

  // ---- search
  let options = [];
  let current = -1;
  let asked = 0;
  const open = (list) => {
    const chosen = options[current]?.item;
    options = list;
    current = -1;
    $("search").removeAttribute("aria-activedescendant");
    $("options").hidden = !list.length;
    $("search").setAttribute("aria-expanded", String(Boolean(list.length)));
    $("options").replaceChildren(...list.map((song, k) => {
      const option = element("li", { id: `option-${k}`, role: "option", "aria-selected": "false" }, ...nameOf(song));
      option.onpointerdown = (event) => {
        event.preventDefault();
        pick(k);
      };
      return option;
    }));
    // An answer that comes late takes nobody's place in the list away.
    const place = list.findIndex(({ item }) => item === chosen);
    if (place >= 0) move(place);
  };
  const move = (k) => {
    current = (k + options.length) % options.length;
    [...$("options").children].forEach((option, n) => option.setAttribute("aria-selected", String(n === current)));
    $("search").setAttribute("aria-activedescendant", `option-${current}`);
    $("options").children[current].scrollIntoView({ block: "nearest" });
  };
  const pick = (k) => {
    add(options[k]);
    $("search").value = "";
    $("found").textContent = "";
    open([]);
    $("search").focus();
  };
  $("search").oninput = async () => {
    const query = $("search").value.trim();
    const mine = ++asked;
    if (!query) {
      $("found").textContent = "";
      return open([]);
    }
    const { found, nearest } = await ask("search", { query, n: 8 });
    if (mine !== asked) return undefined;
    remember([...found, ...nearest]);
    open(found.length ? found : nearest);
    $("found").textContent = found.length ? `${found.length} found` : nearest.length
      ? `Nothing is called “${query}”. The nearest names:` : `Nothing is called “${query}”.`;
    return undefined;
  };
  $("search").onkeydown = (event) => {
    if (event.key === "Escape") {
      if (options.length) event.preventDefault();
      open([]);
    } else if (options.length && event.key === "ArrowDown") move(current + 1);
    else if (options.length && event.key === "ArrowUp") move(current < 0 ? options.length - 1 : current - 1);
    else if (options.length && event.key === "Enter") pick(Math.max(current, 0));
    else return;
    if (event.key !== "Escape") event.preventDefault();
  };
  $("search").onblur = () => open([]);

  // ---- your own files
  async function read(files) {
    if (!files.length) return;
    $("read").replaceChildren("Reading …");
    try {
      const given = await Promise.all([...files].map(async (file) => ({ name: file.name, bytes: file })));
      const { notes, read: count, found, songs: own, unmatched } = await ask("read", { files: given });
      $("read").replaceChildren(...notes.map((note) => element("p", { className: "note" }, note)));
      if (count) $("read").prepend(element("p", {}, `${found.toLocaleString("en")} of ${count.toLocaleString("en")} songs are known here.`));
      if (unmatched.length) {
        $("read").append(element("details", {}, element("summary", {}, `${unmatched.length.toLocaleString("en")} that are not`),
          element("ul", {}, ...unmatched.slice(0, 500).map((name) => element("li", {}, element("bdi", {}, name))))));
      }
      if (!own.length) return;
      remember(own);
      example = null;
      state.songs = own.map(({ item, weight }) => ({ item, weight: Math.round(100 * weight) / 100 }));
      changed();
    } catch (error) {
      $("read").replaceChildren(`These files cannot be read (${error.message}). Your songs are as they were.`);
    }
  }
  $("files").onchange = () => read($("files").files);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    read(event.dataTransfer.files);
  });

  // ---- take it along
  const told = (words) => ($("taken").textContent = words);
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      told("Copied.");
    } catch {
      const area = element("textarea", { value: text });
      document.body.append(area);
      area.select();
      told(document.execCommand("copy") ? "Copied." : "The browser does not allow it.");
      area.remove();
    }
  };
  $("share").onclick = () => copied(`${location.href.split("#")[0]}#${songState(state, meta.version)}`);
  $("copy").onclick = () => copied(shown.map((song, k) => `${k + 1}. ${song.artists.join(", ")} – ${song.title}`).join("\n"));
  $("csv").onclick = () => {
    const url = URL.createObjectURL(new Blob([csvOf(shown)], { type: "text/csv" }));
    element("a", { href: url, download: "next-tracks.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };

  startVersus($("blind"), {
    names: meta.models.filter((name) => name in MODELS),
    recommend: async (model, without) => {
      const { list } = await ask("recommend", { model, profile: profile(), without, options: { moods: {} }, n: 10 });
      remember(list);
      return list.map(({ item }) => item);
    },
    songs,
  });

  $("map-says").textContent = mapWords(meta);
  ask("map").then((at) => {
    draw = createMap($("map"), at, colourOf, (item) => songs.get(item).title);
    redraw();
  });
  showModels();
  showKnobs();
  const given = stateOf(location.hash, meta);
  if (given?.problem) $("read").replaceChildren(given.problem);
  if (given?.songs?.length) {
    remember(await ask("describe", { items: given.songs.map(({ item }) => item) }));
    given.songs = given.songs.filter(({ item }) => songs.has(item));
    state = { ...state, ...given };
    showModels();
    showKnobs();
    changed();
  } else takeExample(0);
  await ask("prepare");
}

/** Returns the shares of the parts that speak for a song: they sum to 1. */
export function sharesOf(parts) {
  const total = parts.reduce((sum, part) => sum + Math.max(part, 0), 0);
  return parts.map((part) => (total > 0 ? Math.max(part, 0) / total : 0));
}

/** Returns a list as CSV; a cell that a spreadsheet would compute begins with an apostrophe. */
export function csvOf(list) {
  const cell = (value) => `"${String(value).replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
  const rows = list.map((song, k) => [k + 1, song.title, song.artists.join(", "), song.score]);
  return [["place", "title", "artists", "score"], ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

function showShape(list) {
  list.replaceChildren(...Array.from({ length: SHOWN }, () => {
    const rows = [60, 100, 40].map((width) => {
      const one = document.createElement("span");
      one.style.width = `${width}%`;
      return one;
    });
    const row = element("li", { className: "shape", "aria-hidden": "true" }, element("span", {}, ...rows));
    return row;
  }));
}
