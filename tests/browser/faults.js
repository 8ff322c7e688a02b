// What is wrong with a walk's screen: text that is cut off, outside, too small or laid over other text, and labels that are
// longer than their arrows. A function of whether the walk is on the stage; it returns sentences.
async (isStaged) => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame); // what a new size draws has been drawn
  const wrong = [];
  const boxOf = (each) => each.getBoundingClientRect();
  const isSeen = (each) => each.checkVisibility() && boxOf(each).width > 1 && getComputedStyle(each).clipPath === "none";
  const named = (each) => `${each.localName}.${each.getAttribute("class") ?? ""} "${each.textContent.trim().slice(0, 40)}"`;
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  const overlaps = (all) => all.forEach((one, at) => all.slice(at + 1).forEach((other) => {
    if (meet(boxOf(one), boxOf(other))) wrong.push(`${named(one)} over ${named(other)}`);
  }));
  for (const each of document.querySelectorAll("[data-pane], [data-pane] .within, [data-diagram], .happens, .ending")) {
    const { clientHeight, scrollHeight, clientWidth, scrollWidth } = each;
    if (isSeen(each) && (scrollHeight > clientHeight + 1 || scrollWidth > clientWidth + 1)) wrong.push(`cut off: ${named(each)}`);
  }
  const { scrollWidth, scrollHeight } = document.documentElement;
  if (scrollWidth > innerWidth) wrong.push("the page scrolls sideways");
  const diagram = document.querySelector("[data-diagram]");
  for (const row of diagram.querySelectorAll(".row:has(.arrow)")) {
    const arrow = boxOf(row.querySelector(".arrow")).width;
    for (const label of row.querySelectorAll(".what")) if (boxOf(label).width > arrow) wrong.push(`longer than its arrow: ${named(label)}`);
    if (row.querySelector("title").textContent === "") wrong.push("a row without its whole text");
  }
  overlaps([...diagram.querySelectorAll("text")]);
  for (const text of diagram.querySelectorAll("text")) {
    const [inner, outer] = [boxOf(text), boxOf(diagram)];
    const isIn = inner.left >= outer.left && inner.right <= outer.right + 1 && inner.bottom <= outer.bottom + 1;
    if (!isIn && isSeen(diagram)) wrong.push(`outside the diagram: ${named(text)}`);
  }
  if (!isStaged) return wrong;
  if (scrollHeight > innerHeight) wrong.push("the stage scrolls");
  const isCovered = document.querySelector("[data-pane][open], [data-closing]") !== null;
  const blocks = "h1, .strip, .caption, [data-diagram], [data-asks], [data-outcome], .presses, .stage-keys";
  if (!isCovered) overlaps([...document.querySelectorAll(blocks)].filter(isSeen));
  for (const each of document.body.querySelectorAll("*")) {
    const hasText = [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
    if (!hasText || !isSeen(each) || ["title", "noscript"].includes(each.localName)) continue;
    const [size, box] = [parseFloat(getComputedStyle(each).fontSize), boxOf(each)];
    if (size < innerHeight / 40) wrong.push(`${size} px: ${named(each)}`);
    if (box.bottom > innerHeight || box.right > innerWidth || box.left < 0 || box.top < 0) wrong.push(`outside: ${named(each)}`);
  }
  return wrong;
}
