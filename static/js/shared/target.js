// Some parts of a page appear only after a click. Scroll to the part that the address names once it is displayed.

const target = document.getElementById(location.hash.slice(1));
const isShown = () => target.getClientRects().length > 0;

if (target !== null && !isShown()) {
  const watch = new ResizeObserver(() => {
    if (!isShown()) return;
    watch.disconnect();
    target.scrollIntoView();
  });
  watch.observe(target);
}
