"use strict";

for (const place of document.querySelectorAll("[data-chart]")) {
  const spec = JSON.parse(document.getElementById(`spec-${place.dataset.chart}`).textContent);
  vegaEmbed(place, spec, {
    actions: false,
    ast: true, // expressions are interpreted: the page's policy forbids eval
    defaultStyle: false,
    mode: "vega-lite",
    renderer: "svg",
    tooltip: { theme: "page" },
  }).catch((error) => {
    place.textContent = `This chart could not be drawn: ${error.message}`;
    console.error(error);
  });
}

// A chart is as wide as its place, which has no width while it is folded.
for (const folded of document.querySelectorAll("details")) {
  folded.addEventListener("toggle", () => window.dispatchEvent(new Event("resize")));
}
