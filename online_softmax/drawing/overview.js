// The overview: what was run, which model is best, and what the run found.

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
  at("confused").replaceChildren(!run.confusions?.length
    ? element("p", {}, run.confusions ? "None was taken for another." : "Nobody counted what was taken for what.")
    : element("ul", {}, ...run.confusions.slice(0, 3).map((pair) =>
      element("li", {}, element("b", {}, bdi(pair.label)), " taken for ", element("b", {}, bdi(pair.predicted)), ": ", number("", pair.n), ` of `, number("", pair.support), ` ${pair.support === 1 ? "row" : "rows"}`))));
}

const isRise = (drift) => drift.after > drift.before;
