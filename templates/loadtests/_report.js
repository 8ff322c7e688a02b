const figures = JSON.parse(document.getElementById("figures").textContent);

drawCharts = () => {
  for (const place of document.querySelectorAll("[data-chart]")) {
    const { data, layout } = figures[place.dataset.chart][chosen.language][chosen.theme];
    Plotly.react(place, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }
};
// A lab has a page to go back to. The file alone has none, nor another server that has only this file.
if (location.protocol !== "file:" && /^\/loadtests\/[^/]+\/report\.html$/.test(location.pathname)) {
  Object.assign(document.querySelector(".back"), { href: "/loadtests", hidden: false });
}
show();
