// Show the server's cost of the page's own request, from its Server-Timing header.
// On plain http from another machine browsers hide the header from scripts: then nothing is shown.

const [navigation] = performance.getEntriesByType("navigation");
const section = document.querySelector("[data-cost]");
const parts = new Map((navigation?.serverTiming ?? []).map((part) => [part.name, part.duration * 1000]));

/** Microseconds with one decimal up to 100, then none. */
function microseconds(value) {
  const digits = value < 100 ? 1 : 0;
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(document.documentElement.lang, format).format(value);
}

function fill(row, value, total) {
  row.querySelector("[data-us]").textContent = microseconds(value);
  const bar = row.querySelector("[data-share]");
  if (bar === null) return;
  bar.hidden = value === 0;
  bar.style.setProperty("--share", `${(100 * value) / total}%`);
}

if (section && parts.size > 0) {
  const total = [...parts.values()].reduce((sum, value) => sum + value, 0);
  for (const row of section.querySelectorAll("[data-part]")) {
    fill(row, row.dataset.part === "total" ? total : (parts.get(row.dataset.part) ?? 0), total);
  }
  section.hidden = false;
}
