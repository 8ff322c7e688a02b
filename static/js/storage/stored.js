// This page's entries in the browser's storages, under its own names.

const NAMESPACE = "storage-exhibit";

export const CHANNEL = NAMESPACE; // between the tabs of this site

/** The value under this page's name in a storage, or null. */
export function recall(area, name) {
  try {
    return JSON.parse(area.getItem(`${NAMESPACE} ${name}`));
  } catch {
    return null;
  }
}

/** Store a value; null removes it. */
export function keep(area, name, value) {
  if (value === null) area.removeItem(`${NAMESPACE} ${name}`);
  else area.setItem(`${NAMESPACE} ${name}`, JSON.stringify(value));
}
