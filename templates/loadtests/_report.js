const figures = JSON.parse(document.getElementById("figures").textContent);

drawCharts = () => {
  for (const place of document.querySelectorAll("[data-chart]")) {
    const { data, layout } = figures[place.dataset.chart][chosen.language][chosen.theme];
    Plotly.react(place, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }
};
show();
