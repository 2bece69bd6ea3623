"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("data").textContent);
  const drawings = [...document.querySelectorAll(".chart")];
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const [ink, rule] = ["--ink", "--line"].map((name) => style.getPropertyValue(name).trim());
    const axis = (name) => ({ [`${name}.gridcolor`]: rule, [`${name}.linecolor`]: rule, [`${name}.tickcolor`]: rule });
    return { "font.color": ink, ...axis("xaxis"), ...axis("yaxis") };
  };
  const draw = async (place) => {
    const figure = figures[place.dataset.chart];
    await Plotly.newPlot(place, figure.data, figure.layout, { responsive: true, displayModeBar: false });
    await Plotly.relayout(place, colours());
    place.on("plotly_click", ({ points }) => {
      const night = document.getElementById(points[0].customdata[0]);
      if (night) location.hash = night.id;
    });
    place.dataset.drawn = "true";
  };
  drawings.forEach(draw);
  const recolour = () => drawings.forEach((place) => { if (place.dataset.drawn) Plotly.relayout(place, colours()); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
})();
