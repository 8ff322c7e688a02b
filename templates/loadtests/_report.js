"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const chosen = {
  language: navigator.language.startsWith("ko") ? "ko" : "en",
  theme: dark.matches ? "dark" : "light",
};

const show = () => {
  root.lang = root.dataset.language = chosen.language;
  root.dataset.theme = chosen.theme;
  for (const input of document.querySelectorAll("input")) input.checked = chosen[input.name] === input.value;
  for (const place of document.querySelectorAll("[data-chart]")) {
    const { data, layout } = figures[place.dataset.chart][chosen.language][chosen.theme];
    Plotly.react(place, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }
};

document.addEventListener("change", ({ target }) => {
  if (!(target.name in chosen)) return;
  chosen[target.name] = target.value;
  show();
});
dark.addEventListener("change", () => { chosen.theme = dark.matches ? "dark" : "light"; show(); });
show();
