// A slider beside a number: as far from 1 to 10 as from 10 to 100, because members and lifetimes are counted that way.

const STEPS = 100;

export function attach(slider, field) {
  const [low, high] = [Number(field.min), Number(field.max)];
  const shift = low > 0 ? 0 : 1; // so that a scale may begin with 0
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

/** Two digits that count are enough for a hand on a slider. */
function rounded(value, low, high) {
  return Math.min(high, Math.max(low, Math.round(Number(value.toPrecision(2)))));
}
