// The page: puts a document into the places that page.html has for it, again and again while a run goes on.

let page = null; // the document
let run = null; // the one that is looked at
const state = { run: null, range: null, kind: "fading", figure: "accuracy", hidden: new Set(), cursor: null };

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

showNewest(JSON.parse(at("document").textContent));

// While the run goes on, the server has newer documents.
if (document.documentElement.dataset.state === "live") {
  const say = (words, kind) => { at("state").textContent = words; document.documentElement.dataset.state = kind; };
  const events = new EventSource("events");
  say("live: the run goes on", "live");
  events.addEventListener("document", (event) => showNewest(JSON.parse(event.data)));
  events.addEventListener("end", () => { events.close(); say("the run has ended; this is its last state", "ended"); });
  events.addEventListener("error", () => { events.close(); say("the run has ended, or cannot be reached; this is its last state", "ended"); });
}
