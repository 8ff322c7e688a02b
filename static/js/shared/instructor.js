// The right to use the lab's controls: for this machine, or a browser that has entered the instructor code.

const place = document.querySelector("[data-may-press]");
const form = place.querySelector("[data-code-form]");

export function mayPress() {
  return place.dataset.mayPress === "true";
}

/** Send the code with `send`, which returns whether it was right. */
export function takeCode(send) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await send(form.elements.code.value)) open();
  });
}

/** Check whether this browser entered the code on an earlier visit. */
export async function recall() {
  if (mayPress()) return;
  const response = await fetch("/lab/code").catch(() => null);
  if (response?.ok && (await response.json()).may_press) open();
}

/** Show that the code is needed. */
export function shut() {
  place.dataset.mayPress = "false";
  form.hidden = false;
}

function open() {
  place.dataset.mayPress = "true";
  form.hidden = true;
  place.querySelector("[data-looking-only]")?.remove();
}
