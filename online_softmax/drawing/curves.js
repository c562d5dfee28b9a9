// Curves over rows: their series, their legends, and each as a sentence.

const DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2]];

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
