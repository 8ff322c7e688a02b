// What the page shows is kept in its address: a reload finds it again, and a link shows it to others.

const PICKED = /^#experiment-([a-z-]+)$/; // a link of the study notes

/** What the address says: an experiment, a size, and the two runs of a comparison. */
export function recallPlace() {
  const said = Object.fromEntries(new URLSearchParams(location.search));
  return { ...said, experiment: PICKED.exec(location.hash)?.[1] ?? said.experiment };
}

/** Write changes into the address; undefined removes. */
export function keepPlace(changes) {
  const said = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) value === undefined ? said.delete(name) : said.set(name, value);
  const query = said.size > 0 ? `?${said}` : "";
  history.replaceState(null, "", location.pathname + query + ("experiment" in changes ? "" : location.hash));
}
