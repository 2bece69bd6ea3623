"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const say = (words) => { document.getElementById("said").textContent = words; };
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  // charts: colours of ground and text follow the theme
  const drawings = all(".chart");
  const colours = ({ layout }) => {
    const style = getComputedStyle(document.documentElement);
    const [ink, rule] = ["--ink", "--rule"].map((name) => style.getPropertyValue(name).trim());
    const axis = (name) => ({ [`${name}.gridcolor`]: rule, [`${name}.linecolor`]: rule, [`${name}.tickcolor`]: rule });
    return Object.assign({ "font.color": ink }, ...Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key)).map(axis));
  };
  const draw = async (place) => {
    const figure = data.charts[place.dataset.chart];
    for (const [name, value] of Object.entries(colours(figure))) {
      const [part, key] = name.split(".");
      figure.layout[part] = { ...figure.layout[part], [key]: value };
    }
    await Plotly.newPlot(place, figure.data, figure.layout, { responsive: true, displaylogo: false });
    place.on("plotly_click", ({ points }) => {
      const key = points[0].customdata && points[0].customdata[0];
      const target = key && document.getElementById(`cell-${key}`);
      if (target) location.hash = target.id;
    });
    place.dataset.drawn = "true";
  };
  // drawn when they come near the window, so that the page opens with the first one; a printer gets all
  const begin = (place) => {
    if (place.dataset.begun) return;
    place.dataset.begun = "true";
    draw(place);
  };
  const near = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => { near.unobserve(target); begin(target); });
  }, { rootMargin: "400px" });
  drawings.forEach((place) => near.observe(place));
  addEventListener("beforeprint", () => drawings.forEach(begin));

  // theme: as the system says, light, dark
  const themes = ["system", "light", "dark"];
  const themeButton = document.getElementById("toggle-theme");
  const recolour = () => drawings.forEach((place) => { if (place.dataset.drawn) Plotly.relayout(place, colours(place)); });
  themeButton.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme || "system") + 1) % themes.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    themeButton.textContent = `Theme: ${next}`;
    recolour();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);

  // pictures: decoded when they come near the window
  const watcher = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
      target.src = data.images[target.dataset.image];
      watcher.unobserve(target);
    });
  }, { rootMargin: "800px" });
  all("img[data-image]").forEach((image) => watcher.observe(image));

  // blur: each picture by itself, or all
  const veil = (button, shown) => {
    press(button, shown);
    button.setAttribute("aria-label", `${shown ? "Blur" : "Show"} ${button.dataset.what}${shown ? "" : " (blurred)"}`);
  };
  const veils = all(".veil");
  veils.forEach((button) => button.addEventListener("click", () => veil(button, !pressed(button))));
  const blurButton = document.getElementById("toggle-blur");
  if (blurButton) blurButton.addEventListener("click", () => {
    const blurred = !pressed(blurButton);
    press(blurButton, blurred);
    veils.forEach((button) => veil(button, !blurred));
    say(blurred ? "All pictures are blurred." : "All pictures are shown.");
  });

  // prompts: hashes until asked for; always set as text
  const prompts = all("button.prompt");
  const reveal = (button, shown) => {
    const hash = button.dataset.prompt;
    press(button, shown);
    button.title = shown ? "Hide the prompt's text" : "Show the prompt's text";
    button.firstElementChild.textContent = shown ? data.prompts[hash] : hash;
  };
  prompts.forEach((button) => button.addEventListener("click", () => reveal(button, !pressed(button))));
  const promptButton = document.getElementById("toggle-prompts");
  if (promptButton) promptButton.addEventListener("click", () => {
    const shown = !pressed(promptButton);
    press(promptButton, shown);
    prompts.forEach((button) => reveal(button, shown));
  });

  // sorting: rows without a value stay last
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
  };
  all("table.sortable").forEach((table) => all("th button", table).forEach((button, column) => {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const down = head.getAttribute("aria-sort") === "ascending";
      all("th", table).forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = all("tr", table.tBodies[0]).map((row) => [row.cells[column].dataset.value, row]);
      rows.sort(([a], [b]) => {
        if (a === "" || b === "") return (a === "") - (b === "");
        return down ? compare(b, a) : compare(a, b);
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
      say(`Sorted by ${button.textContent}, ${down ? "descending" : "ascending"}.`);
    });
  }));

  // gallery filter
  document.getElementById("filter").addEventListener("change", (event) => {
    const wanted = event.target.value;
    const cards = all(".card");
    cards.forEach((card) => { card.hidden = Boolean(wanted) && card.dataset.outcome !== wanted; });
    say(`${cards.filter((card) => !card.hidden).length} pictures match.`);
  });

  // links: to a picture that the filter hides, and named by their cell
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.classList.contains("card")) return;
    target.hidden = false;
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  };
  all("a[data-cell-of]").forEach((link) => {
    const section = document.getElementById(link.dataset.cellOf).closest("section");
    link.textContent = section.querySelector("h2").firstChild.textContent.trim();
  });
  addEventListener("hashchange", follow);
  follow();
})();
