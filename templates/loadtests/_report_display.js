"use strict";
// Language and theme: those of the link's query, else the browser's. This runs before the page is drawn, and needs
// no chart library: what is chosen while the page still loads is kept. A sandboxed file has no storage to ask.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const asked = new URLSearchParams(location.search);
const pick = (choices, name, otherwise) => choices.includes(asked.get(name)) ? asked.get(name) : otherwise;
const chosen = {
  language: pick(["en", "ko"], "language", navigator.language.startsWith("ko") ? "ko" : "en"),
  theme: pick(["light", "dark"], "theme", dark.matches ? "dark" : "light"),
};

let drawCharts = () => {}; // until the chart library has run

const show = () => {
  root.lang = root.dataset.language = chosen.language;
  root.dataset.theme = chosen.theme;
  for (const input of document.querySelectorAll("input")) input.checked = chosen[input.name] === input.value;
  document.title = document.querySelector(`h1 [lang="${chosen.language}"]`)?.textContent ?? document.title;
  drawCharts();
};

document.addEventListener("change", ({ target }) => {
  if (!(target.name in chosen)) return;
  chosen[target.name] = target.value;
  show();
});
dark.addEventListener("change", () => { chosen.theme = dark.matches ? "dark" : "light"; show(); });
show();
