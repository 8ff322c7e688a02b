// Who may press the lab's controls: this machine, or a browser that has handed in the instructor code.

const place = document.querySelector("[data-may-press]");
const form = place.querySelector("[data-code-form]");

export function mayPress() {
  return place.dataset.mayPress === "true";
}

/** Hand in the code by `send`, which tells whether it was the right one. */
export function takeCode(send) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await send(form.elements.code.value)) open();
  });
}

/** Find out whether this browser handed in the code on an earlier visit. */
export async function recall() {
  if (mayPress()) return;
  const response = await fetch("/lab/code").catch(() => null);
  if (response?.ok && (await response.json()).may_press) open();
}

/** The code is needed after all. */
export function shut() {
  place.dataset.mayPress = "false";
  form.hidden = false;
}

function open() {
  place.dataset.mayPress = "true";
  form.hidden = true;
  place.querySelector("[data-looking-only]")?.remove();
}
