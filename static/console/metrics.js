// The service's own figures, which it writes in Prometheus' text format.

const LINE = /^(\w+)(?:\{(.*)\})? ([^ ]+)/;
const LABEL = /(\w+)="((?:\\.|[^"\\])*)"/g;
const ESCAPED = {"\\n": "\n"};

/** The samples of all metrics, by metric: labels and a value each. */
export function samplesOf(text) {
  const metrics = new Map();
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    if (!metrics.has(name)) metrics.set(name, []);
    const pairs = [...labels.matchAll(LABEL)].map(([, key, raw]) => [key, raw.replace(/\\./g, (pair) => ESCAPED[pair] ?? pair[1])]);
    metrics.get(name).push({labels: Object.fromEntries(pairs), value: Number(value)});
  }
  return metrics;
}

/** The sum of a metric's samples that have these labels. */
export function total(metrics, name, labels = {}) {
  return (metrics.get(name) ?? []).filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, sample) => sum + sample.value, 0);
}

/** Sums by the values of one label, largest first. */
export function sums(metrics, name, label) {
  const values = new Map();
  for (const sample of metrics.get(name) ?? []) {
    values.set(sample.labels[label], (values.get(sample.labels[label]) ?? 0) + sample.value);
  }
  return [...values].filter(([, value]) => value).sort(([, one], [, other]) => other - one);
}

/** The upper bound, in seconds, of the bucket in which a quantile of a histogram lies; Infinity past the last one. */
export function bound(metrics, name, labels, quantile) {
  const buckets = sums(new Map([["", (metrics.get(`${name}_bucket`) ?? []).filter((sample) =>
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value))]]), "", "le")
    .map(([le, value]) => [le === "+Inf" ? Infinity : Number(le), value]).sort(([one], [other]) => one - other);
  const wanted = quantile * total(metrics, `${name}_count`, labels);
  return buckets.find(([, value]) => value >= wanted)?.[0] ?? Infinity;
}
