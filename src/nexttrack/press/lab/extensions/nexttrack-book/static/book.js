// JupyterLab shows Quarto's labels, references and captions as words. What is stored does not change.
// The form is that of a prebuilt extension (a container of webpack's module federation), by hand.
(() => {
  const KINDS = { fig: "figure", tbl: "table", eq: "equation", sec: "section" };

  const inWords = (label) => label.replace(/[-_]/g, " ");

  const source = (author, year) => `${author[0].toUpperCase()}${author.slice(1)} ${year}`.trim();

  const proseInWords = (text) =>
    text
      .replace(/[ \t]*\{#[\w-]+[^}\n]*\}/g, "")
      .replace(/(^|[^\w`\[@])@(fig|tbl|eq|sec)-([\w-]*\w)/g, (_, before, kind, label) =>
        `${before}${KINDS[kind]} *${inWords(label)}*`)
      .replace(/\[((?:@[\w:-]+(?:; *)?)+)\]/g, (_, keys) =>
        `(${[...keys.matchAll(/@([^\d;\]]+)(\d*)/g)].map((key) => source(key[1], key[2])).join("; ")})`);

  // Code in backticks or fences stays as it is.
  const markdownInWords = (text) =>
    text.split(/(^```[^]*?^```|`[^`\n]+`)/m).map((part, i) => (i % 2 ? part : proseInWords(part))).join("");

  const caption = (source) => {
    const found = source.match(/^#\| (?:fig|tbl)-cap: *(.*)$/m);
    return found ? found[1].replace(/^"(.*)"$/, "$1").replace(/\\"/g, '"') : "";
  };

  const captioned = (panel) => {
    for (const cell of panel.content.widgets) {
      if (cell.model.type !== "code") continue;
      const said = caption(cell.model.sharedModel.getSource());
      if (said) cell.node.dataset.caption = proseInWords(said).replaceAll("*", "");
      else delete cell.node.dataset.caption;
    }
  };

  const STYLE = `.jp-CodeCell[data-caption]::after {
    content: attr(data-caption); display: block; font-size: 90%; font-style: italic;
    padding: 4px 8px 8px 5em; max-width: 50em; }`;

  const plugin = (Renderers, Notebooks) => ({
    id: "nexttrack-book:plugin",
    autoStart: true,
    requires: [Renderers, Notebooks],
    activate: (app, renderers, notebooks) => {
      const parser = renderers.markdownParser;
      const render = parser.render.bind(parser);
      parser.render = (text, ...rest) => render(markdownInWords(text), ...rest);
      document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }));
      notebooks.widgetAdded.connect((_, panel) => {
        panel.context.ready.then(() => captioned(panel));
        panel.context.model.contentChanged.connect(() => captioned(panel));
      });
    },
  });

  let shared;
  const module = async (name) => (await Object.values(shared[name])[0].get())();
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["nexttrack-book"] = {
    init: (scope) => { shared = scope; },
    get: async () => {
      const { IRenderMimeRegistry } = await module("@jupyterlab/rendermime");
      const { INotebookTracker } = await module("@jupyterlab/notebook");
      return () => ({ __esModule: true, default: plugin(IRenderMimeRegistry, INotebookTracker) });
    },
  };
})();
