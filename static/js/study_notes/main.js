// The ticks: which statements the reader has seen. They are kept in this browser.

import { say } from "../shared/words.js";

const KEY = "study-notes";
const find = (name) => document.querySelector(`[data-${name}]`);
const entries = [...document.querySelectorAll("[data-statement]")];
const boxOf = (entry) => entry.querySelector("input");
const isTicked = (entry) => boxOf(entry).checked;

/** The numbers that are kept. What another program has left under this name counts as none. */
function kept() {
  try {
    const numbers = JSON.parse(localStorage.getItem(KEY));
    return new Set(Array.isArray(numbers) ? numbers : []);
  } catch {
    return new Set();
  }
}

function recall() {
  const numbers = kept();
  for (const entry of entries) boxOf(entry).checked = numbers.has(Number(entry.dataset.statement));
  show();
}

function keep() {
  show();
  try {
    localStorage.setItem(KEY, JSON.stringify(entries.filter(isTicked).map((entry) => Number(entry.dataset.statement))));
  } catch {
    find("progress").textContent = say("not_kept");
  }
}

function show() {
  const done = entries.filter(isTicked).length;
  find("progress").textContent = say("progress", { done, all: entries.length });
  find("bar").value = done;
  find("clear").disabled = done === 0;
  for (const chapter of document.querySelectorAll("[data-chapter]")) {
    const own = entries.filter((entry) => chapter.contains(entry));
    find(`count="${chapter.id}"`).textContent = `${own.filter(isTicked).length} / ${own.length}`;
  }
}

for (const entry of entries) boxOf(entry).addEventListener("change", keep);
find("clear").addEventListener("click", () => {
  for (const entry of entries) boxOf(entry).checked = false;
  keep();
});
addEventListener("storage", recall); // another tab has changed them
addEventListener("pageshow", recall); // also after "back"
