// The page: puts a document into the places that page.html has for it, again and again while a run goes on.

const at = (id) => document.getElementById(id);
const HIGHER = ["accuracy", "balanced_accuracy", "macro_f1", "kappa", "kappa_t", "kappa_m", "top_k"];
const SHARES = new Set(["accuracy", "balanced_accuracy", "macro_f1", "top_k", "precision", "recall", "f1", "no_change_accuracy", "majority_accuracy", "window_accuracy", "confidence"]);
const NAMES = {
  log_loss: "log loss", accuracy: "accuracy", macro_f1: "macro F1", balanced_accuracy: "balanced accuracy", kappa: "kappa (Cohen)",
  kappa_t: "kappa against no change", kappa_m: "kappa against majority", brier: "Brier score", ece: "expected calibration error",
  roc_auc: "ROC AUC", top_k: "top-k accuracy", no_change_accuracy: "accuracy of no change", majority_accuracy: "accuracy of the majority",
  n_samples: "rows", n_unseen: "rows with a new label", n_zeroed: "values set to 0", n_skipped: "rows left out", n_bad: "bad rows",
  n_evicted: "features evicted", seconds: "seconds", microseconds_per_row: "µs a row", memory: "memory of the model",
};
const DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2]];

let page = null; // the document
let run = null; // the one that is looked at
const state = { run: null, range: null, kind: "fading", figure: "accuracy", hidden: new Set(), cursor: null };

// ---- numbers ----

function figure(name, value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (SHARES.has(name)) return `${(100 * value).toFixed(2)}%`;
  if (name === "memory") return value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
  if (name === "seconds" || name === "microseconds_per_row") return value.toPrecision(3).includes("e") ? String(value) : String(Number(value.toPrecision(3)));
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) < 1e-4 ? value.toExponential(2) : value.toFixed(4);
}

// A number as it is shown, with the exact one in `value` and in its tip.
function number(name, value) {
  if (value === null || value === undefined) return "–";
  return element("data", { value, title: String(value) }, figure(name, value));
}

const rows = (n) => n.toLocaleString("en");
const called = (name, k) => (name === "top_k" && k ? `top-${k} accuracy` : NAMES[name] ?? name.replaceAll("_", " "));
const has = (column) => column?.some((value) => value !== null);

// ---- what does not depend on the run ----

function drawTop() {
  const conditions = Object.fromEntries(page.conditions);
  const { source, target, model } = conditions;
  at("title").textContent = source ? `${source}${target ? ` → ${target}` : ""}` : "Progressive validation";
  const most = Math.max(0, ...page.runs.map((one) => one.n_samples));
  const models = page.runs.length > 1 ? `${page.runs.length} models, each row predicted before it is learned` : model ?? page.runs[0]?.name;
  at("subtitle").textContent = [models, most ? `${rows(most)} rows` : null].filter(Boolean).join(" · ");
  const notices = page.runs.flatMap((one) =>
    [one.verdict, one.hint, one.delay && `Labels come late: ${one.delay}`].filter(Boolean)
      .map((text) => (page.runs.length > 1 ? `${one.name}: ${text}` : text)));
  if (!page.runs.length) notices.push("No rows yet.");
  at("notices").replaceChildren(...[...new Set(notices)].map((text) => element("p", { class: "notice" }, text)));
}

function drawComparison() {
  at("comparison").hidden = page.runs.length < 2;
  if (page.runs.length < 2) return;
  const models = page.runs.map((one, i) => ({ ...one, ...one.standing, i }));
  const noise = (one) => (one.is_best ? "best" : one.is_noise === null ? null : one.is_noise ? "no more than noise" : "more than noise");
  drawTable("models", "Models, on the same rows", [
    { title: "model", isText: true, value: (one) => one.name, show: (one) => element("span", {}, swatch(css(`series-${one.i + 1}`)), one.name) },
    { title: "log loss", value: (one) => one.log_loss, show: (one) => number("log_loss", one.log_loss) },
    { title: "accuracy", value: (one) => one.accuracy, show: (one) => number("accuracy", one.accuracy) },
    ...(page.comparison ? [
      { title: "above the best", value: (one) => one.loss_difference, show: (one) => number("log_loss", one.loss_difference) },
      { title: "95 % interval", value: (one) => one.low, show: (one) => (one.low === null || one.low === undefined ? "–" : element("span", {}, number("", one.low), " to ", number("", one.high))) },
      { title: "difference", isText: true, value: noise },
    ] : []),
    { title: "macro F1", value: (one) => one.macro_f1, show: (one) => number("macro_f1", one.macro_f1) },
    { title: "µs a row", value: (one) => one.microseconds_per_row, show: (one) => number("microseconds_per_row", one.microseconds_per_row) },
    { title: "memory", value: (one) => one.memory, show: (one) => number("memory", one.memory) },
  ], models);
  at("comparison-note").textContent = page.comparison
    ? `${page.comparison.best} has ${has(models.map((one) => one.log_loss ?? null)) ? "the least log loss" : "the fewest errors"}. Scored on the ${rows(page.comparison.n_common)} rows that every model could predict; intervals from ${rows(page.comparison.n_blocks)} blocks.` : "";
  const options = page.runs.map((one, i) => element("option", { value: i, selected: i === state.run }, one.name));
  if (at("run").options.length !== options.length) at("run").replaceChildren(...options);
}

const swatch = (colour) => {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  made.style.background = colour;
  return made;
};

// ---- the first screen ----

function drawHeadline() {
  const one = run;
  const small = (...parts) => element("small", {}, ...parts);
  const entries = [
    ["log loss", number("log_loss", one.log_loss), small("fading ", number("log_loss", one.fading.log_loss?.at(-1)))],
    ["accuracy", number("accuracy", one.accuracy),
      small("no change ", number("accuracy", one.no_change_accuracy), element("br"), "majority ", number("accuracy", one.majority_accuracy))],
    ["macro F1", number("macro_f1", one.macro_f1), small("balanced ", number("balanced_accuracy", one.balanced_accuracy))],
    ["kappa", number("kappa", one.kappa), small("0 is chance")],
    ["rows", number("n_samples", one.n_samples), small(number("", one.n_classes), one.n_classes === 1 ? " class" : " classes")],
    ["µs a row", number("microseconds_per_row", one.microseconds_per_row), small(number("memory", one.memory), " of memory")],
  ];
  at("headline").replaceChildren(...entries.map(([name, value, more]) => element("div", {}, element("dt", {}, name), element("dd", {}, value, more))));
}

function drawFindings() {
  const [first, ...rest] = run.trend.sentence.split(": ");
  at("trend").className = run.trend.direction;
  at("trend").replaceChildren(...(rest.length ? [element("b", {}, `${first}: `), rest.join(": ")] : [element("b", {}, first)]));
  const drifts = run.drifts ?? [];
  const most = 4;
  const latest = drifts.map((drift, i) => ({ drift, text: run.changes[i] })).slice(-most);
  at("drift").replaceChildren(
    drifts.length
      ? element("ul", {}, ...latest.map(({ drift, text }) => {
        const [row, ...rest] = text.split(": ");
        return element("li", {}, element("span", { class: isRise(drift) ? "rose" : "fell", "aria-hidden": "true" }, isRise(drift) ? "▲ " : "▼ "), element("b", {}, `${row}: `), rest.join(": "));
      }))
      : element("p", {}, run.drifts ? "No drift was found." : "Nobody watched for drift."),
    ...(drifts.length > most ? [element("p", { class: "note" }, `The last ${most} of ${rows(drifts.length)}; `, element("a", { href: "#drifts" }, "all are in a table"), ".")] : []));
  at("confused").replaceChildren(run.confusions.length
    ? element("ul", {}, ...run.confusions.slice(0, 3).map((pair) =>
      element("li", {}, element("b", {}, bdi(pair.label)), " taken for ", element("b", {}, bdi(pair.predicted)), ": ", number("", pair.n), ` of `, number("", pair.support), ` ${pair.support === 1 ? "row" : "rows"}`)))
    : element("p", {}, "None was taken for another."));
}

const isRise = (drift) => drift.after > drift.before;
const bdi = (text) => element("bdi", {}, text);

// ---- curves over rows ----

const SPANS = ["loss", "metric", "experts"];
const views = {}; // by the id of their figure: {spec, view}

// The series of a figure: their points are [row at the end, value, rows in it].
function seriesOf(name) {
  const points = (one, kind, column) => {
    const table = one[kind] ?? {};
    return (table.n_samples ?? []).map((row, i) => ({ x: row, y: table[column]?.[i] ?? null, n: table.n?.[i] })).filter((point) => point.y !== null);
  };
  const made = [];
  if (page.runs.length === 1) {
    made.push({ key: "windows", label: `windows of ${rows(typical(run.windows.n) ?? run.window)}`, colour: css("series-6"), width: 1.25, dash: [1, 0], isStep: true, points: points(run, "windows", name) });
    made.push({ key: "run", label: "all rows so far", colour: css("series-2"), width: 1.5, dash: [6, 3], points: points(run, "fading", `run_${name}`) });
    made.push({ key: "fading", label: "fading", colour: css("series-1"), width: 2.5, dash: [1, 0], points: points(run, "fading", name) });
  } else {
    page.runs.forEach((one, i) => made.push({
      key: `run ${i}`, label: one.name, colour: css(`series-${(i % 10) + 1}`), width: one === run ? 2.75 : 1.75, dash: DASHES[i % DASHES.length], isStep: state.kind === "windows",
      points: state.kind === "run" ? points(one, "fading", `run_${name}`) : points(one, state.kind, name),
    }));
  }
  if (name === "accuracy") {
    made.unshift({ key: "no change", label: "no change", isBaseline: true, colour: css("baseline"), width: 1.25, dash: [2, 3], points: points(run, "fading", "no_change_accuracy") });
    made.unshift({ key: "majority", label: "majority", isBaseline: true, colour: css("baseline"), width: 1.25, dash: [8, 3, 2, 3], points: points(run, "fading", "majority_accuracy") });
  }
  return made.filter((series) => series.points.length);
}

const typical = (sizes) => sizes?.[0];
const lastRow = () => Math.max(1, ...page.runs.map((one) => one.n_samples));
const span = () => state.range ?? [0, lastRow()];

// The lowest and highest value to draw; baselines far from the curves are not in sight.
function heights(shown) {
  const [first, last] = span();
  const curves = shown.filter((series) => !series.isBaseline);
  const values = (curves.length ? curves : shown).flatMap((series) => series.points.filter((point) => point.x >= first && point.x <= last && (state.range || point.x >= last * 0.01)).map((point) => point.y));
  if (!values.length) return [0, 1];
  const low = Math.min(...values), high = Math.max(...values), pad = (high - low) * 0.06 || Math.abs(high) * 0.05 || 0.05;
  return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
}

const driftMarks = () => (run.drifts ?? []).map((drift, i) => ({
  row: drift.row, sign: isRise(drift) ? "▲" : "▼", colour: css(isRise(drift) ? "bad" : "good"), text: `Drift. ${run.changes[i] ?? ""}`,
}));

async function drawCurve(id, name) {
  const all = seriesOf(name);
  const shown = all.filter((series) => !state.hidden.has(series.key));
  const title = called(name, run.k);
  at(id).hidden = !all.length && id === "loss";
  if (at(id).hidden) return;
  const spec = curveChart(all.map(({ points, ...look }) => look), SHARES.has(name), `${title} over rows`);
  const lines = (isStep) => shown.filter((series) => Boolean(series.isStep) === isStep).flatMap((series) => {
    const points = series.points.map((point) => ({ ...point, key: series.key, label: series.label }));
    if (isStep && points.length) points.unshift({ ...points[0], x: points[0].x - (points[0].n ?? 0) });
    return points;
  });
  const [low, high] = heights(shown);
  const [first, last] = span();
  await draw(id, spec, { points: lines(false), steps: lines(true), drifts: driftMarks() }, { first, last, low, high });
  views[id].series = all;
  const plot = at(id).querySelector(".plot");
  plot.setAttribute("aria-label", `${title} over rows ${rows(first)} to ${rows(last)}. The arrow keys move along the curve.`);
  at(id).querySelector(".summary").textContent = summary(shown, name);
  drawLegend(id, name);
}

// A curve in a sentence: the text in the place of the picture.
function summary(shown, name) {
  const [first, last] = span();
  const sentences = shown.filter((series) => !["windows", "no change", "majority", "run"].includes(series.key)).map((series) => {
    const points = series.points.filter((point) => point.x >= first && point.x <= last);
    if (!points.length) return "";
    const start = points[0], end = points[points.length - 1];
    const best = points.reduce((a, b) => (HIGHER.includes(name) ? b.y > a.y : b.y < a.y) ? b : a);
    return `${series.label}: ${figure(name, start.y)} at row ${rows(start.x)}, ${figure(name, end.y)} at row ${rows(end.x)}; best ${figure(name, best.y)} at row ${rows(best.x)}.`;
  });
  return sentences.filter(Boolean).join(" ");
}

// The point of a series at a row: the nearest one, or the window that the row is in.
function pointAt(series, row) {
  const { points, isStep } = series;
  let low = 0, high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x < row) low = middle + 1;
    else high = middle;
  }
  if (!isStep && low > 0 && row - points[low - 1].x < points[low].x - row) low -= 1;
  return points[low];
}

function drawLegend(id, name) {
  const { series } = views[id];
  const row = state.cursor ?? span()[1];
  const legend = at(id).querySelector(".legend");
  const layout = series.map((one) => one.key + one.label + one.colour).join("\n");
  if (legend.dataset.layout !== layout) {
    legend.dataset.layout = layout;
    legend.replaceChildren(element("span", { class: "at" }), ...series.map((one) => element("button", {
      type: "button", title: "Show or hide", "data-key": one.key,
      onclick: () => { state.hidden.has(one.key) ? state.hidden.delete(one.key) : state.hidden.add(one.key); drawCurves(); },
    }, line(one), element("bdi", {}, one.label), " ", element("span"))));
  }
  legend.querySelector(".at").textContent = state.cursor === null ? "" : `row ${rows(state.cursor)}`;
  legend.querySelectorAll("button").forEach((button, i) => {
    const one = series[i], point = pointAt(one, row);
    button.setAttribute("aria-pressed", !state.hidden.has(one.key));
    const shown = number(name, point.y);
    shown.title = `${point.y} ${one.isStep ? `in the ${rows(point.n)} rows up to row` : "at row"} ${rows(point.x)}`;
    button.lastChild.replaceChildren(shown);
  });
}

function line({ colour, dash, width }) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg"), stroke = document.createElementNS(space, "line");
  svg.setAttribute("viewBox", "0 0 24 10");
  svg.setAttribute("aria-hidden", "true");
  const attributes = { x1: 0, x2: 24, y1: 6, y2: 6, stroke: colour, "stroke-width": width + 0.5, "stroke-dasharray": dash[1] ? dash.join(" ") : "none" };
  for (const [name, value] of Object.entries(attributes)) stroke.setAttribute(name, value);
  svg.append(stroke);
  return svg;
}

async function drawExperts() {
  const experts = run.experts;
  at("mixture").hidden = !experts?.n_samples.length;
  if (at("mixture").hidden) return;
  const [first, last] = span();
  const points = experts.names.flatMap((label, i) => experts.n_samples.map((x, j) => ({ x, y: experts.weights[j][i], i, label })));
  await draw("experts", expertsChart(experts.names, "Weight of each expert over rows"), { points, drifts: driftMarks() }, { first, last });
  views.experts.series = experts.names.map((label, i) => ({
    key: label, label, points: experts.n_samples.map((x, j) => ({ x, y: experts.weights[j][i] })), colour: expertColour(i), i,
  }));
  at("experts").querySelector(".plot").setAttribute("aria-label", "Weights of the experts over rows. The arrow keys move along them.");
  drawExpertsLegend();
}

function drawExpertsLegend() {
  const series = views.experts?.series;
  if (!series) return;
  const row = state.cursor ?? span()[1];
  const now = series.map((one) => ({ ...one, point: pointAt(one, row) })).sort((a, b) => b.point.y - a.point.y);
  at("experts").querySelector(".legend").replaceChildren(
    element("span", { class: "at" }, `row ${rows(now[0].point.x)}`),
    ...now.slice(0, 6).map((one) => element("span", {}, swatch(one.colour), one.label, " ", number("weight", one.point.y))));
  at("experts").querySelector(".summary").textContent = `At row ${rows(now[0].point.x)}, ${now.slice(0, 3).map((one) => `${one.label} weighs ${figure("weight", one.point.y)}`).join(", ")}.`;
}

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

// ---- zoom and cursor: one range of rows for all curves ----

function setRange(first, last) {
  const end = lastRow(), least = Math.min(end, 10);
  [first, last] = [Math.round(Math.min(first, last)), Math.round(Math.max(first, last))];
  if (last - first < least) [first, last] = [Math.round((first + last - least) / 2), Math.round((first + last + least) / 2)];
  if (first < 0) [first, last] = [0, last - first];
  if (last > end) [first, last] = [Math.max(0, first - (last - end)), end];
  state.range = first === 0 && last === end ? null : [first, last];
  return drawCurves();
}

function zoom(how) {
  const [first, last] = span(), middle = (first + last) / 2, half = (last - first) / 2;
  if (how === "in") return setRange(middle - half / 2, middle + half / 2);
  if (how === "out") return setRange(Math.max(0, middle - 2 * half), Math.min(lastRow(), middle + 2 * half));
  if (how === "left") return setRange(first - half, last - half);
  if (how === "right") return setRange(first + half, last + half);
  state.range = null;
  return drawCurves();
}

function setCursor(row, id) {
  const series = views[id]?.series?.filter((one) => !state.hidden.has(one.key));
  state.cursor = row === null || !series?.length ? null : pointAt(series[series.length - 1], row).x;
  for (const each of SPANS) {
    const { view } = views[each] ?? {};
    if (!view || at(each).hidden) continue;
    view.data("cursor", state.cursor === null ? [] : [{ row: state.cursor }]).runAsync();
  }
  if (views.loss?.series && !at("loss").hidden) drawLegend("loss", "log_loss");
  if (views.metric?.series) drawLegend("metric", state.figure);
  drawExpertsLegend();
}

function rowAt(id, event) {
  const { view } = views[id] ?? {};
  const svg = at(id).querySelector(".plot svg");
  if (!view || !svg) return null;
  const x = event.clientX - svg.getBoundingClientRect().left - view.origin()[0];
  const [first, last] = span();
  return Math.max(first, Math.min(last, view.scale("x").invert(x)));
}

function listen(id) {
  const plot = at(id).querySelector(".plot");
  let grabbed = null;
  const grab = (event) => {
    const row = rowAt(id, event);
    views[id]?.view?.data("grab", grabbed === null ? [] : [{ from: grabbed, to: row }]).runAsync();
    return row;
  };
  plot.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    grabbed = rowAt(id, event);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    const row = rowAt(id, event);
    if (row === null) return;
    if (grabbed !== null) grab(event);
    setCursor(row, id);
  });
  plot.addEventListener("pointerup", (event) => {
    if (grabbed === null) return;
    const from = grabbed, [first, last] = span();
    grabbed = null;
    const row = grab(event);
    if (Math.abs(row - from) > (last - first) / 100) setRange(from, row);
  });
  plot.addEventListener("pointercancel", () => { grabbed = null; });
  plot.addEventListener("pointerleave", () => setCursor(null, id));
  plot.addEventListener("dblclick", () => zoom("all"));
  plot.addEventListener("blur", () => setCursor(null, id));
  plot.addEventListener("keydown", (event) => {
    const series = views[id]?.series?.filter((one) => !state.hidden.has(one.key)) ?? [];
    const points = series[series.length - 1]?.points.filter((point) => point.x >= span()[0] && point.x <= span()[1]) ?? [];
    const now = state.cursor === null ? points.length - 1 : points.findIndex((point) => point.x >= state.cursor);
    const step = Math.max(1, Math.round(points.length / 100));
    const moves = { ArrowLeft: now - step, ArrowRight: now + step, Home: 0, End: points.length - 1 };
    const zooms = { "+": "in", "=": "in", "-": "out", "0": "all", Escape: "all" };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves && points.length) setCursor(points[Math.max(0, Math.min(points.length - 1, moves[event.key]))].x, id);
    else if (event.key in zooms) zoom(zooms[event.key]);
    else return;
    event.preventDefault();
  });
}

async function drawCurves() {
  const [first, last] = span();
  for (const [id, value] of [["from", first], ["to", last]]) {
    at(id).max = lastRow();
    if (document.activeElement !== at(id)) at(id).value = value;
  }
  at("kind-choice").hidden = page.runs.length < 2;
  const names = Object.keys(NAMES).filter((name) => name !== "log_loss" && (has(run.fading[name]) || has(run.windows[name])) && !name.endsWith("e_accuracy") && name !== "majority_accuracy");
  if (!names.includes(state.figure)) state.figure = names[0] ?? "accuracy";
  if (at("figure").options.length !== names.length) at("figure").replaceChildren(...names.map((name) => element("option", { value: name }, called(name, run.k))));
  at("figure").value = state.figure;
  await drawCurve("loss", "log_loss");
  await drawCurve("metric", state.figure);
  await drawExperts();
}

// ---- confusions, classes, reliability, figures, conditions ----

async function drawMatrix() {
  const { confusion, classes } = run;
  at("matrix").hidden = !confusion || classes.length < 2;
  if (!at("matrix").hidden) {
    const cells = confusion.flatMap((line, i) => line.map((n, j) => ({
      true: i, predicted: j, n, share: n / Math.max(1, line.reduce((a, b) => a + b, 0)), colour: css(i === j ? "series-1" : "series-2"),
      text: i === j ? `${classes[i].label} predicted right: ${rows(n)}` : `${classes[i].label} taken for ${classes[j].label}: ${rows(n)}`,
    })));
    await draw("matrix", matrixChart(classes.map((one) => one.label), "How often each class was predicted as each"), { cells });
    at("matrix").querySelector(".summary").textContent = "A line for each label, a column for each prediction; blue is right, orange is wrong, the stronger the larger the part of the label's rows.";
  }
  drawTable("confusions", "Biggest confusions", [
    { title: "label", isText: true, value: (pair) => pair.label, show: (pair) => bdi(pair.label) },
    { title: "taken for", isText: true, value: (pair) => pair.predicted, show: (pair) => bdi(pair.predicted) },
    { title: "rows", value: (pair) => pair.n, show: (pair) => number("", pair.n) },
    { title: "of", value: (pair) => pair.support, show: (pair) => number("", pair.support) },
  ], run.confusions, run.confusions.length ? "" : "None.");
}

function drawClasses() {
  const place = new Map(run.classes.map((one, i) => [one, i]));
  drawTable("classes", "Each class", [
    { title: "class", isText: true, value: (one) => one.label, order: (one) => place.get(one), show: (one) => bdi(one.label) },
    ...["precision", "recall", "f1", "support"].map((name) => ({ title: name === "f1" ? "F1" : name, value: (one) => one[name], show: (one) => number(name, one[name]) })),
  ], run.classes, run.classes.length < run.n_classes ? `The ${rows(run.classes.length)} classes with the most rows, of ${rows(run.n_classes)}.` : "");
}

async function drawReliability() {
  const bins = (one) => (one.reliability ?? []).filter((bin) => bin.n);
  at("calibration").parentElement.parentElement.hidden = !page.runs.some((one) => bins(one).length);
  if (at("calibration").parentElement.parentElement.hidden) return;
  const points = page.runs.flatMap((one, i) => bins(one).map((bin) => ({
    ...bin, run: i, colour: css(`series-${(i % 10) + 1}`),
    text: `${page.runs.length > 1 ? `${one.name}: ` : ""}probability ${figure("confidence", bin.confidence)}, right ${figure("accuracy", bin.accuracy)}, ${rows(bin.n)} rows`,
  })));
  await draw("calibration", calibrationChart("Accuracy over the mean probability of the prediction, by bins"), { points });
  at("calibration").querySelector(".summary").textContent =
    `On the dashed line, predictions are right as often as the model says; below it, it is too sure. Larger points have more rows.${run.ece === null ? "" : ` Expected calibration error: ${figure("ece", run.ece)}.`}`;
  drawTable("bins", page.runs.length > 1 ? `Reliability of ${run.name}` : "Reliability by bins", [
    { title: "from", value: (bin) => bin.from, show: (bin) => number("", bin.from) },
    { title: "to", value: (bin) => bin.to, show: (bin) => number("", bin.to) },
    { title: "rows", value: (bin) => bin.n, show: (bin) => number("", bin.n) },
    { title: "probability", value: (bin) => bin.confidence, show: (bin) => number("confidence", bin.confidence) },
    { title: "right", value: (bin) => bin.accuracy, show: (bin) => number("accuracy", bin.accuracy) },
  ], run.reliability ?? []);
}

function drawFigures() {
  const names = ["n_samples", "log_loss", "accuracy", "no_change_accuracy", "majority_accuracy", "balanced_accuracy", "macro_f1", "kappa", "kappa_t", "kappa_m",
    "brier", "ece", "roc_auc", "top_k", "seconds", "microseconds_per_row", "memory", "n_unseen", "n_zeroed", "n_skipped", "n_bad", "n_evicted"];
  const known = names.map((name) => ({ name, of: (one) => one[name] }));
  const others = [...new Set(page.runs.flatMap((one) => Object.keys(one.river ?? {})))].map((name) => ({ name, of: (one) => one.river?.[name], isOther: true }));
  const all = [...known, ...others].filter((entry) => page.runs.some((one) => entry.of(one) !== null && entry.of(one) !== undefined));
  drawTable("metrics", "Of all rows", [
    { title: "figure", isText: true, value: (entry) => (entry.isOther ? `river: ${entry.name}` : called(entry.name, run.k)) },
    ...page.runs.map((one) => ({ title: page.runs.length > 1 ? one.name : "value", value: (entry) => entry.of(one), show: (entry) => number(entry.isOther ? "" : entry.name, entry.of(one)) })),
  ], all);
  tables.get("metrics").isWhole = true;
  fillTable("metrics");
  tables.get("metrics").more.hidden = true;
  drawTable("rows", "As it went on", [
    { title: "rows", value: (one) => one.n_samples, show: (one) => number("", one.n_samples) },
    ...["accuracy", "log_loss", "window_accuracy", "window_log_loss", "seconds"].map((name) => ({
      title: name.replace("window", "last").replaceAll("_", " "), value: (one) => one[name], show: (one) => number(name, one[name]),
    })),
  ], run.rows, `“last” is the last ${rows(run.window)} rows.`);
  at("drifts").hidden = !run.drifts?.length;
  if (run.drifts?.length) {
    drawTable("drifts", "Drifts", [
      { title: "row", value: (one) => one.row, show: (one) => number("", one.row) },
      { title: "found at", value: (one) => one.found, show: (one) => number("", one.found) },
      { title: "loss before", value: (one) => one.before, show: (one) => number("log_loss", one.before) },
      { title: "after", value: (one) => one.after, show: (one) => number("log_loss", one.after) },
    ], run.drifts);
  }
  at("bad").hidden = !run.bad?.length;
  if (run.bad?.length) {
    drawTable("bad", "Bad rows that were passed over", [
      { title: "after row", value: (one) => one.row, show: (one) => number("", one.row) },
      { title: "reason", isText: true, value: (one) => one.reason },
    ], run.bad, run.bad.length < run.n_bad ? `The first of ${rows(run.n_bad)}.` : "");
  }
}

function text(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return value.map(text).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${name}: ${text(one)}`).join("; ");
  return String(value);
}

function drawConditions() {
  const columns = Object.entries(run?.columns ?? {}).filter(([, value]) => text(value)).map(([name, value]) => [`columns: ${name.replaceAll("_", " ")}`, value]);
  drawTable("conditions", "The run", [
    { title: "condition", isText: true, value: ([name]) => name },
    { title: "value", isText: true, value: ([, value]) => text(value) },
  ], [...page.conditions, ...columns]);
  tables.get("conditions").isWhole = true;
  fillTable("conditions");
  tables.get("conditions").more.hidden = true;
  const thinned = Math.max(1, ...page.runs.map((one) => one.thinned));
  at("made").textContent = thinned > 1 ? `Curves and long tables are thinned to fit in one file: a point in ${thinned} of a long curve is drawn.` : "";
}

// ---- all of it ----

async function show(content) {
  page = content;
  const isFirst = state.run === null;
  if (isFirst || state.run >= page.runs.length) state.run = Math.max(0, page.runs.findIndex((one) => one.is_best));
  run = page.runs[state.run];
  drawTop();
  drawComparison();
  for (const part of document.querySelectorAll("main > section:not(#comparison), .first, #headline")) part.hidden = !run;
  if (run) {
    drawHeadline();
    drawFindings();
    drawClasses();
    drawFigures();
    await drawCurves();
    await drawMatrix();
    await drawReliability();
  }
  at("conditions").parentElement.hidden = false;
  drawConditions();
  document.documentElement.dataset.drawn = "yes";
}

// Show the newest document once the one before it is drawn; those between are of no use.
let next = null, isBusy = false;
async function showNewest(content) {
  next = content;
  if (isBusy) return;
  isBusy = true;
  while (next !== null) {
    const now = next;
    next = null;
    await show(now);
  }
  isBusy = false;
}

const THEMES = { auto: ["◐ Auto", "as the system"], light: ["○ Light", "light"], dark: ["● Dark", "dark"] };
const night = matchMedia("(prefers-color-scheme: dark)");
let theme = "auto";
function paint() {
  document.documentElement.dataset.theme = theme === "auto" ? (night.matches ? "dark" : "light") : theme;
  at("theme").textContent = THEMES[theme][0];
  at("theme").setAttribute("aria-label", `Colours: ${THEMES[theme][1]}`);
}
night.addEventListener("change", paint);
at("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  theme = names[(names.indexOf(theme) + 1) % names.length];
  paint();
});
paint();

at("range").addEventListener("submit", (event) => { event.preventDefault(); setRange(Number(at("from").value), Number(at("to").value)); });
for (const id of ["from", "to"]) at(id).addEventListener("change", () => setRange(Number(at("from").value), Number(at("to").value)));
for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(button.dataset.zoom));
at("run").addEventListener("change", () => { state.run = Number(at("run").value); showNewest(page); });
at("kind").addEventListener("change", () => { state.kind = at("kind").value; drawCurves(); });
at("figure").addEventListener("change", () => { state.figure = at("figure").value; drawCurves(); });
SPANS.forEach(listen);

const done = showNewest(JSON.parse(at("document").textContent));

// ---- while the run goes on ----

if (document.documentElement.dataset.state === "live") {
  const say = (words, kind) => { at("state").textContent = words; document.documentElement.dataset.state = kind; };
  const events = new EventSource("events");
  say("live: the run goes on", "live");
  events.addEventListener("document", (event) => showNewest(JSON.parse(event.data)));
  events.addEventListener("end", () => { events.close(); say("the run has ended; this is its last state", "ended"); });
  events.addEventListener("error", () => { events.close(); say("the run has ended, or cannot be reached; this is its last state", "ended"); });
}
