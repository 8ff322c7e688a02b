// A logarithmic slider for a number: from 1 to 10 is as far as from 10 to 100.

const STEPS = 100;

export function attach(slider, field) {
  const [low, high] = [Number(field.min), Number(field.max)];
  const shift = low > 0 ? 0 : 1; // allows a scale that begins with 0
  const ratio = (high + shift) / (low + shift);
  slider.max = STEPS;
  slider.hidden = false;
  const follow = () => {
    slider.value = (STEPS * Math.log((Number(field.value) + shift) / (low + shift))) / Math.log(ratio);
    slider.setAttribute("aria-valuetext", field.value);
  };
  slider.addEventListener("input", () => {
    field.value = rounded((low + shift) * ratio ** (slider.value / STEPS) - shift, low, high);
    slider.setAttribute("aria-valuetext", field.value);
  });
  field.addEventListener("input", follow);
  follow();
}

/** Two significant digits are enough for a slider. */
function rounded(value, low, high) {
  return Math.min(high, Math.max(low, Math.round(Number(value.toPrecision(2)))));
}
