// The stage: a layout for a projector, in which the diagram fills the screen. The address says whether it is on: ?stage.

const STAGE = "stage";

export function isStaged() {
  return "staged" in document.documentElement.dataset;
}

/** Enter or leave the stage. The address keeps it, so that a reload stays. */
export function setStaged(isOn) {
  document.documentElement.toggleAttribute("data-staged", isOn);
  const url = new URL(location.href);
  url.search = isOn ? `?${STAGE}` : "";
  history.replaceState(null, "", url);
}

/** Whether this page begins on the stage: by its address, or because the projector is chosen for all pages. */
export function beginsStaged() {
  return new URLSearchParams(location.search).has(STAGE) || "projector" in document.documentElement.dataset;
}
