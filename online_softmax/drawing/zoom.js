// Zoom and cursor: one range of rows, and one row in it, for all that is drawn over rows.

const SPANS = ["loss", "metric", "experts"];
const lastRow = () => Math.max(1, ...page.runs.map((one) => one.n_samples));
const span = () => state.range ?? [0, lastRow()];

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
