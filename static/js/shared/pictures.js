// The buttons that save a picture. A part of the page with data-picture, the file's name, holds what is in it:
// data-in-picture is title, caption, drawing or figures. Few visitors save one, so the scripts for it are loaded then.

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-save]");
  const place = button?.closest("[data-picture]");
  if (place) save(button.dataset.save, place);
});

async function save(kind, place) {
  const { savePicture } = await import("./picture.js");
  const parts = (name) => [...place.querySelectorAll(`[data-in-picture="${name}"]`)];
  const texts = (name) => parts(name).flatMap(linesOf).filter(Boolean);
  const title = texts("title")[0] ?? document.querySelector("h1").textContent.trim();
  await savePicture(kind, place.dataset.picture, { drawing: parts("drawing")[0], title, caption: texts("caption"), figures: texts("figures") });
}

/** The text of an element; of a list or a table, a line for each item or row. */
function linesOf(element) {
  const rows = [...element.querySelectorAll("li, tr, dt")];
  return (rows.length > 0 ? rows : [element]).map((row) => {
    const cells = row.localName === "dt" ? [row, row.nextElementSibling] : row.cells ? [...row.cells] : [row];
    return cells.map(({ textContent }) => textContent.replaceAll(/\s+/g, " ").trim()).filter(Boolean).join(" · ");
  });
}
