// Convert between text and base64url while the visitor types. No key is needed.

import { decodeText, encodeText } from "../shared/token.js";

export function startEncoding(explain) {
  const [text, encoded] = [document.getElementById("plain-text"), document.getElementById("encoded-text")];
  const said = document.querySelector("[data-encoding-said]");
  text.addEventListener("input", () => {
    encoded.value = encodeText(text.value);
    said.textContent = "";
  });
  encoded.addEventListener("input", () => {
    try {
      text.value = decodeText(encoded.value.trim());
      said.textContent = "";
    } catch (error) {
      said.textContent = explain(error);
    }
  });
  text.dispatchEvent(new Event("input"));
}
