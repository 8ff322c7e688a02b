// Colours as every program writes them: #rrggbb, and how opaque. A browser may say color(srgb …) or oklab(…) instead.

const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const known = new Map();

/** {hex, alpha} of a computed colour. alpha: 0 to 1. */
export function plain(colour) {
  if (!known.has(colour)) known.set(colour, measured(colour));
  return known.get(colour);
}

function measured(colour) {
  if (colour === "none") return { hex: "none", alpha: 0 };
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
  const hex = [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("");
  return { hex: alpha === 0 ? "none" : `#${hex}`, alpha: alpha / 255 };
}
