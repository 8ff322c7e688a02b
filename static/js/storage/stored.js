// What this page keeps in the browser's storages, under names of its own.

const NAMESPACE = "storage-exhibit";

export const CHANNEL = NAMESPACE; // between the tabs of this site

/** What lies in a storage under a name of this page, or null. */
export function recall(area, name) {
  try {
    return JSON.parse(area.getItem(`${NAMESPACE} ${name}`));
  } catch {
    return null;
  }
}

/** Put it there; null takes it away. */
export function keep(area, name, value) {
  if (value === null) area.removeItem(`${NAMESPACE} ${name}`);
  else area.setItem(`${NAMESPACE} ${name}`, JSON.stringify(value));
}
