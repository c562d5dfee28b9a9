// Details: confusions, classes, reliability, experts, figures and conditions.

async function drawMatrix() {
  const { confusion, classes, confusions } = run;
  const section = at("matrix").closest("section");
  section.hidden = confusions === null;
  if (section.hidden) return;
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
  ], confusions, confusions.length ? "" : "None.");
}

function drawClasses() {
  at("classes").parentElement.hidden = run.confusions === null;
  const place = new Map(run.classes.map((one, i) => [one, i]));
  const hasNow = has(run.classes.map((one) => one.f1_now ?? null));
  drawTable("classes", "Each class", [
    { title: "class", isText: true, value: (one) => one.label, order: (one) => place.get(one), show: (one) => bdi(one.label) },
    ...["f1", ...(hasNow ? ["f1_now"] : []), "precision", "recall", "support"].map((name) => ({
      title: name.replace("f1", "F1").replace("_", " "), value: (one) => one[name], show: (one) => number(name, one[name]),
    })),
  ], run.classes, [
    run.classes.length < run.n_classes && `The ${rows(run.classes.length)} classes with the most rows, of ${rows(run.n_classes)}.`,
    hasNow && "“F1 now” weighs the latest rows most, as the fading curve does.",
  ].filter(Boolean).join(" "));
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
