// Numbers: what they are called, and how they read.

const HIGHER = ["accuracy", "balanced_accuracy", "macro_f1", "kappa", "kappa_t", "kappa_m", "top_k"];
const SHARES = new Set(["accuracy", "balanced_accuracy", "macro_f1", "top_k", "precision", "recall", "f1", "f1_now", "no_change_accuracy", "majority_accuracy", "window_accuracy", "confidence"]);
const NAMES = {
  log_loss: "log loss", accuracy: "accuracy", macro_f1: "macro F1", balanced_accuracy: "balanced accuracy", kappa: "kappa (Cohen)",
  kappa_t: "kappa against no change", kappa_m: "kappa against majority", brier: "Brier score", ece: "expected calibration error",
  roc_auc: "ROC AUC", top_k: "top-k accuracy", no_change_accuracy: "accuracy of no change", majority_accuracy: "accuracy of the majority",
  n_samples: "rows", n_unseen: "rows with a new label", n_zeroed: "values set to 0", n_skipped: "rows left out", n_bad: "bad rows",
  n_evicted: "features evicted", seconds: "seconds", microseconds_per_row: "µs a row", memory: "memory of the model",
};

function figure(name, value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (SHARES.has(name)) return `${(100 * value).toFixed(2)}%`;
  if (name === "memory") return size(value);
  if (name === "microseconds_per_row") return value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  if (name === "seconds") return value.toPrecision(3).includes("e") ? String(value) : String(Number(value.toPrecision(3)));
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) < 1e-4 ? value.toExponential(2) : value.toFixed(4);
}

function size(bytes) {
  const [least, unit] = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]].find(([least]) => bytes >= least) ?? [];
  return unit ? `${(bytes / least).toFixed(1)} ${unit}` : `${bytes} bytes`;
}

// A number as it is shown, with the exact one in `value` and in its tip.
function number(name, value) {
  if (value === null || value === undefined) return "–";
  return element("data", { value, title: String(value) }, figure(name, value));
}

const rows = (n) => n.toLocaleString("en");
const called = (name, k) => (name === "top_k" && k ? `top-${k} accuracy` : NAMES[name] ?? name.replaceAll("_", " "));
const has = (column) => column?.some((value) => value !== null);
