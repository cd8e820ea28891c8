// Names of countries in words, and the charts: plotly is unpacked here, and drawn again when the colour scheme changes.
"use strict";
(() => {
  const NARROW = 560;
  const names = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(["en"], { type: "region" }) : null;
  for (const cell of document.querySelectorAll("[data-country]")) {
    try { cell.textContent = names ? names.of(cell.dataset.country) : cell.textContent; } catch { /* no such region */ }
  }

  const places = [...document.querySelectorAll(".chart")];
  const figures = places.map((place) => JSON.parse(place.querySelector("script").textContent));

  function style() {
    const css = getComputedStyle(document.documentElement);
    return (name) => css.getPropertyValue(name).trim();
  }

  function coloured(value, colour) {
    if (typeof value === "string") {
      return value.replace(/^(var|fade)\((--[a-z0-9]+)\)$/, (_, kind, name) => colour(name) + (kind === "fade" ? colour("--fade") : ""));
    }
    if (Array.isArray(value)) return value.map((item) => coloured(item, colour));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, colour)]));
    }
    return value;
  }

  function layoutOf(figure, colour) {
    const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--line"), fixedrange: true };
    const layout = coloured(figure.layout, colour);
    for (const name of ["xaxis", "yaxis"]) layout[name] = { ...axis, ...layout[name] };
    return {
      ...layout,
      height: figure.height,
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("--text") },
      hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--text") } },
      dragmode: false,
    };
  }

  function dataOf(figure, place, colour) {
    const data = coloured(figure.data, colour);
    for (const trace of data) {
      if (trace.node && place.clientWidth < NARROW) trace.node = { ...trace.node, label: trace.node.short };
    }
    return data;
  }

  function draw() {
    const colour = style();
    return Promise.all(places.map((place, index) => window.Plotly.react(
      place, dataOf(figures[index], place, colour), layoutOf(figures[index], colour), { displayModeBar: false, responsive: true },
    )));
  }

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  async function start() {
    if (!places.length) return;
    try {
      await unpack(document.getElementById("plotly").textContent);
    } catch (error) {
      for (const place of places) { place.classList.add("missing"); place.textContent = "This browser cannot draw the chart; the table below says the same."; }
      throw error;
    }
    for (const place of places) place.replaceChildren();
    await draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    let width = innerWidth;
    addEventListener("resize", () => { if ((width < NARROW) !== (innerWidth < NARROW)) draw(); width = innerWidth; });
    document.documentElement.dataset.drawn = String(places.length);
  }

  start();
})();
