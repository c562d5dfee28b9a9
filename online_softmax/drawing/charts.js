// Charts: what each looks like, in Vega-Lite. Colours are the style sheet's, so that dark, light and print need no new drawing.

const css = (name) => `var(--${name})`;

const CONFIG = {
  background: "transparent",
  view: { stroke: null },
  axis: {
    domainColor: css("line"), tickColor: css("line"), gridColor: css("grid"), labelColor: css("soft"), titleColor: css("soft"),
    aria: false, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelPadding: 6, titlePadding: 8,
  },
};

const SIZE = { width: "container", autosize: { type: "fit-x", contains: "padding" } };

const rowsAxis = { title: "rows", format: ",d", labelFlush: true, labelOverlap: true, tickCount: { signal: "ceil(width / 110)" }, grid: false };
const sideAxis = { tickCount: 5, domain: false, ticks: false, minExtent: 36 };
const PADDING = { top: 16, left: 2, right: 8, bottom: 4 };
const rowsScale = { domainMin: { expr: "first" }, domainMax: { expr: "last" }, nice: false, zero: false };

const MARKS = [
  {
    data: { name: "drifts" },
    mark: { type: "rule", strokeDash: [3, 3], clip: true },
    encoding: { x: { field: "row", type: "quantitative" }, stroke: { field: "colour", scale: null }, description: { field: "text" } },
  },
  {
    data: { name: "drifts" },
    mark: { type: "text", y: 0, baseline: "bottom", dy: -1, fontSize: 11, clip: false },
    transform: [{ filter: "datum.row >= first && datum.row <= last" }],
    encoding: { x: { field: "row", type: "quantitative" }, text: { field: "sign" }, fill: { field: "colour", scale: null }, description: { field: "text" } },
  },
];

const POINTER = [
  {
    data: { name: "grab" },
    mark: { type: "rect", fill: css("accent"), fillOpacity: 0.15, clip: true, aria: false },
    encoding: { x: { field: "from", type: "quantitative" }, x2: { field: "to" } },
  },
  {
    data: { name: "cursor" },
    mark: { type: "rule", stroke: css("ink"), strokeOpacity: 0.5, clip: true, aria: false },
    encoding: { x: { field: "row", type: "quantitative" } },
  },
];

const EMPTY = { drifts: [], points: [], steps: [], grab: [], cursor: [] };

// Lines over rows: of `points` straight, of `steps` level within each window. A series has a key, a colour, a dash and a width.
function curveChart(series, isShare, description) {
  const line = ({ key, colour, dash, width, isStep }) => ({
    data: { name: isStep ? "steps" : "points" },
    transform: [{ filter: { field: "key", equal: key } }],
    mark: { type: "line", clip: true, interpolate: isStep ? "step-before" : "linear", strokeJoin: "round", stroke: colour, strokeDash: dash, strokeWidth: width },
    encoding: {
      x: { field: "x", type: "quantitative", scale: rowsScale, axis: rowsAxis },
      y: {
        field: "y", type: "quantitative", title: null,
        scale: { domainMin: { expr: "low" }, domainMax: { expr: "high" }, nice: false, zero: false },
        axis: { ...sideAxis, format: isShare ? "%" : undefined },
      },
      description: { field: "label" },
    },
  });
  return {
    ...SIZE, height: 220, description, datasets: EMPTY, padding: PADDING,
    params: [["first", 0], ["last", 1], ["low", 0], ["high", 1]].map(([name, value]) => ({ name, value })),
    layer: [POINTER[0], ...MARKS, ...series.map(line), POINTER[1]],
  };
}

// Weights that add up to 1, one area on the other, in the order of the experts.
function expertsChart(names, description) {
  return {
    ...SIZE, height: 260, description, datasets: EMPTY, padding: PADDING,
    params: [["first", 0], ["last", 1]].map(([name, value]) => ({ name, value })),
    layer: [
      {
        data: { name: "points" },
        mark: { type: "area", clip: true, line: false },
        encoding: {
          x: { field: "x", type: "quantitative", scale: rowsScale, axis: rowsAxis },
          y: { field: "y", type: "quantitative", stack: true, title: null, scale: { domain: [0, 1], nice: false }, axis: { ...sideAxis, format: "%" } },
          order: { field: "i", type: "quantitative" },
          fill: { field: "i", type: "nominal", scale: { domain: names.map((_, i) => i), range: names.map((_, i) => expertColour(i)) }, legend: null },
          description: { field: "label" },
        },
      },
      POINTER[0], ...MARKS, POINTER[1],
    ],
  };
}

const expertColour = (i) => css(`series-${(i % 15) + 1}`);

// Accuracy over confidence, a point for each bin, as large as the bin is full.
function calibrationChart(description) {
  const share = (title) => ({ ...sideAxis, title, format: "%" });
  const x = { field: "confidence", type: "quantitative", scale: { domain: [0, 1] }, axis: share("mean probability of the prediction") };
  const y = { field: "accuracy", type: "quantitative", scale: { domain: [0, 1] }, axis: share("part that was right") };
  const colour = { field: "colour", type: "nominal", scale: null };
  return {
    ...SIZE, height: 280, description, datasets: { points: [], diagonal: [{ at: 0 }, { at: 1 }] },
    layer: [
      {
        data: { name: "diagonal" },
        mark: { type: "line", stroke: css("baseline"), strokeDash: [4, 4], aria: false },
        encoding: { x: { field: "at", type: "quantitative" }, y: { field: "at", type: "quantitative" } },
      },
      { data: { name: "points" }, mark: { type: "line", strokeWidth: 1.5, aria: false }, encoding: { x, y, stroke: colour, detail: { field: "run" } } },
      {
        data: { name: "points" },
        mark: { type: "circle", opacity: 0.9 },
        encoding: {
          x, y, fill: colour, detail: { field: "run" }, description: { field: "text" }, tooltip: { field: "text" },
          size: { field: "n", type: "quantitative", scale: { type: "sqrt", range: [20, 260] }, legend: null },
        },
      },
    ],
  };
}

// A row for each label, a column for each prediction, shaded by the part of the label's rows.
function matrixChart(names, description) {
  const n = names.length;
  const place = { type: "ordinal", scale: { domain: [...Array(n).keys()], padding: 0 } };
  const text = { labelExpr: "names[datum.value]", labelLimit: 110, domain: false, ticks: false, labelOverlap: false };
  const layer = [
    {
      mark: { type: "rect", stroke: css("line"), strokeWidth: 0.5 },
      encoding: {
        fill: { field: "colour", type: "nominal", scale: null },
        fillOpacity: { field: "share", type: "quantitative", scale: { domain: [0, 1], range: [0, 1] }, legend: null },
        description: { field: "text" }, tooltip: { field: "text" },
      },
    },
  ];
  if (n <= 12) {
    layer.push({
      mark: { type: "text", fontSize: n <= 8 ? 12 : 10, aria: false },
      encoding: {
        text: { field: "n", type: "quantitative", format: n <= 8 ? ",d" : "~s" },
        fill: { value: css("ink") },
        fillOpacity: { condition: { test: "datum.n == 0", value: 0.25 }, value: 1 },
        tooltip: { field: "text" },
      },
    });
  }
  return {
    ...SIZE, height: Math.max(160, Math.min(n * 34, 480)), description, datasets: { cells: [] }, params: [{ name: "names", value: names }],
    data: { name: "cells" },
    encoding: {
      x: { field: "predicted", ...place, axis: { ...text, title: "predicted", orient: "top", labelAngle: n > 5 ? -45 : 0 } },
      y: { field: "true", ...place, axis: { ...text, title: "label" } },
    },
    layer,
  };
}

const views = {}; // by the id of their figure: {key, view, series}

// Draw a chart anew where its layout has changed, else give it its new data.
async function draw(id, spec, data, signals = {}) {
  const key = JSON.stringify(spec);
  const plot = at(id).querySelector(".plot");
  if (views[id]?.key !== key) {
    views[id]?.view?.finalize();
    views[id] = { key };
    const { view } = await vegaEmbed(plot, spec, { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, logLevel: 1, tooltip: tip, config: CONFIG });
    views[id].view = view;
  }
  const { view } = views[id];
  if (!view) return;
  for (const [name, value] of Object.entries(signals)) view.signal(name, value);
  for (const [name, value] of Object.entries(data)) if (key.includes(`{"name":"${name}"}`)) view.data(name, value);
  await view.runAsync();
}

function tip(handler, event, item, value) {
  document.querySelector(".tip")?.remove();
  if (!value) return;
  const box = element("div", { class: "tip", role: "tooltip" }, typeof value === "string" ? value : Object.values(value).join(", "));
  document.body.append(box);
  box.style.left = `${Math.min(event.pageX + 12, scrollX + innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${event.pageY + 14}px`;
}
