// What a map of recordings does: it draws the content of the page in Bokeh's figure, colours it, and finds recordings.
"use strict";
(async () => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const content = read("content"), drawing = read("drawing");
  const [select, search, matches, legend, map, said] = ["colour", "search", "matches", "legend", "map", "said"]
    .map((id) => document.getElementById(id));

  // ---- the recordings, as columns

  const rows = content.recordings.map((line) => line.split("\t"));
  const numbers = (column) => rows.map((row) => row[column].split(" ").map(Number));
  const codes = numbers(3), places = numbers(4), ranks = numbers(5);
  const cluster = content.groups.findIndex((group) => group.name === "cluster");
  const data = {
    x: places.map((place) => place[0]),
    y: places.map((place) => place[1]),
    title: rows.map((row) => row[0]),
    artists: rows.map((row) => row[1]),
    genre: rows.map((row) => row[2]),
    cluster: codes.map((code) => content.groups[cluster].values[code[cluster]]),
  };

  Bokeh.set_log_level("error");
  await Bokeh.embed.embed_item(drawing.item, "map");
  const figure = Bokeh.documents[0].get_model_by_name("map");
  const points = Bokeh.documents[0].get_model_by_name("recordings");
  const source = points.data_source;
  const mark = Bokeh.documents[0].get_model_by_name("mark").data_source;

  // ---- the part of the map that is seen; both directions have one scale

  const extent = (values, more) => {
    let [low, high] = more;
    for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
    return [low, high];
  };
  const ground = content.density ?? { x: [Infinity, -Infinity], y: [Infinity, -Infinity] };
  const [left, right] = extent(data.x, ground.x), [bottom, top] = extent(data.y, ground.y);
  const { x_range, y_range } = figure;
  const shape = () => figure.inner_height / figure.inner_width;
  const width = () => x_range.end - x_range.start;
  const centre = () => [(x_range.start + x_range.end) / 2, (y_range.start + y_range.end) / 2];
  const look = (x, y, across) => {
    const down = across * shape();
    x_range.setv({ start: x - across / 2, end: x + across / 2 });
    y_range.setv({ start: y - down / 2, end: y + down / 2 });
  };
  const wholeWidth = () => 1.06 * Math.max(right - left, (top - bottom) / shape()) || 1;
  let moved = false;
  const whole = () => { look((left + right) / 2, (bottom + top) / 2, wholeWidth()); moved = false; };
  const zoom = (factor) => { look(...centre(), width() * factor); moved = true; };
  const pan = (right_, up) => {
    const [x, y] = centre();
    look(x + right_ * width(), y + up * width(), width());
    moved = true;
  };
  const resized = () => {
    if (!(figure.inner_width > 0 && figure.inner_height > 0)) return;
    moved ? look(...centre(), width()) : whole();
  };
  // Points grow a little as the reader comes closer, once the zooming is done: there may be many.
  let growing;
  const grow = () => {
    const closer = Math.sqrt(Math.max(1, wholeWidth() / width()));
    points.glyph.size = { value: Math.max(drawing.size, Math.min(9, drawing.size * closer)) };
  };
  x_range.properties.end.change.connect(() => {
    clearTimeout(growing);
    growing = setTimeout(grow, 150);
  });
  figure.properties.inner_width.change.connect(resized);
  figure.properties.inner_height.change.connect(resized);
  for (const gesture of ["wheel", "pointerdown"]) {
    map.addEventListener(gesture, () => { moved = true; }, { capture: true, passive: true });
  }
  resized();

  document.getElementById("closer").addEventListener("click", () => zoom(0.5));
  document.getElementById("farther").addEventListener("click", () => zoom(2));
  document.getElementById("whole").addEventListener("click", whole);
  const keys = {
    ArrowLeft: () => pan(-0.1, 0), ArrowRight: () => pan(0.1, 0), ArrowUp: () => pan(0, 0.1),
    ArrowDown: () => pan(0, -0.1), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
  };
  map.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  // ---- colours and their legend

  // The first groups have colours of their own, in the order of their size; the others share a grey.
  const colourOf = (group, code) =>
    group.values[code] === "other" ? drawing.grey : drawing.colours[code] ?? drawing.grey;
  let alone = null; // the code of the one group that is shown in colour, or null
  let order = []; // which recording each drawn point is: grey ones are drawn first, under the others

  const paint = () => {
    const [kind, number] = select.value.split(" ");
    const chosen = kind === "group" ? content.groups[number] : content.features[number];
    const colours = kind === "group"
      ? codes.map((code) => alone === null || code[number] === alone
        ? colourOf(chosen, code[number]) : drawing.faint)
      : ranks.map((rank) => drawing.scale[rank[number]]);
    data.colour = colours.map((colour) => colour + drawing.alpha);
    data.note = kind === "group"
      ? codes.map((code) => chosen.name === "cluster" ? "" : `${chosen.name}: ${chosen.values[code[number]]}`)
      : ranks.map((rank) => `${chosen}: percentile ${rank[number]}`);
    const grey = colours.map((colour) => colour === drawing.grey || colour === drawing.faint);
    order = [...colours.keys()].sort((one, other) => grey[other] - grey[one]);
    source.selected.indices = [];
    source.data = Object.fromEntries(
      Object.entries(data).map(([column, values]) => [column, order.map((row) => values[row])]));
    legend.replaceChildren(...(kind === "group" ? groupLegend(chosen) : [featureLegend(chosen)]));
  };

  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const dot = (colour) => {
    const made = document.createElement("i");
    made.style.background = colour;
    return made;
  };
  const groupLegend = (group) => {
    const items = group.values.slice(0, drawing.colours.length).map((name, code) => {
      const button = element("button", { type: "button" }, dot(colourOf(group, code)), name);
      button.setAttribute("aria-pressed", String(alone === code));
      button.addEventListener("click", () => {
        alone = alone === code ? null : code;
        paint();
        legend.querySelectorAll("button")[code].focus();
      });
      return element("li", {}, button);
    });
    const others = group.values.length - items.length;
    if (others > 0) {
      const words = `${others} other${others > 1 ? "s" : ""}`;
      items.push(element("li", {}, element("span", { className: "other" }, dot(drawing.grey), words)));
    }
    return items;
  };
  const featureLegend = (name) => {
    const bar = dot(`linear-gradient(to right, ${drawing.scale.join(", ")})`);
    return element("li", { className: "bar" }, `lowest ${name}`, bar, "highest");
  };

  const options = (label, kind, names) => {
    const made = element("optgroup", { label });
    made.append(...names.map((name, number) => element("option", { value: `${kind} ${number}` }, name)));
    return made;
  };
  select.append(options("Group", "group", content.groups.map((group) => group.name)),
    options("Feature, percentile", "feature", content.features));
  select.addEventListener("change", () => { alone = null; paint(); });
  paint();

  // ---- one recording: tapped, or searched for

  const name = (row) => `${data.title[row]} – ${data.artists[row]}`;
  const show = (row, lead = "") => {
    mark.data = { x: [data.x[row]], y: [data.y[row]] };
    said.textContent = `${lead}${name(row)} (${data.cluster[row]}; ${data.genre[row]})`;
  };
  source.selected.properties.indices.change.connect(() => {
    const [point] = source.selected.indices;
    if (point !== undefined) show(order[point]);
  });

  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  let names = null; // folded when they are first needed: there may be many
  const found = (text) => {
    names ??= data.title.map((_, row) => folded(name(row)));
    const wanted = folded(text);
    return wanted ? [...names.keys()].filter((row) => names[row].includes(wanted)) : [];
  };
  let last = "", turn = 0;
  const seek = () => {
    const hits = found(search.value);
    turn = search.value === last ? (turn + 1) % Math.max(hits.length, 1) : 0;
    last = search.value;
    if (!hits.length) {
      mark.data = { x: [], y: [] };
      said.textContent = last.trim() ? `Nothing on this map has “${last.trim()}” in its title or artists.` : "";
      return;
    }
    const row = hits[turn];
    look(data.x[row], data.y[row], Math.min(width(), wholeWidth() / 6));
    moved = true;
    show(row, hits.length > 1 ? `${turn + 1} of ${hits.length}: ` : "");
  };
  search.addEventListener("input", () => {
    const hits = search.value.trim().length > 1 ? found(search.value) : [];
    matches.replaceChildren(...hits.slice(0, 20).map((row) => element("option", { value: name(row) })));
    if (hits.length && name(hits[0]) === search.value) seek(); // chosen from the list
  });
  document.getElementById("controls").addEventListener("submit", (event) => {
    event.preventDefault();
    seek();
  });
  map.dataset.ready = "";
})();
