"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));
  const key = `safesweep-label:${data.run_id}:${data.sample}`;

  // what is kept: each labeller's labels by trial, and who is at it
  let kept = { labeller: "", labels: {}, places: {} };
  try {
    kept = { ...kept, ...JSON.parse(localStorage.getItem(key) || "{}") };
  } catch { at("not-kept").hidden = false; }
  const keep = () => {
    try { localStorage.setItem(key, JSON.stringify(kept)); } catch { at("not-kept").hidden = false; }
  };
  const own = () => (kept.labels[kept.labeller] ??= {});
  let place = 0;
  const chosen = new Set();

  const show = (next) => {
    place = Math.min(Math.max(next, 0), data.pictures.length - 1);
    kept.places[kept.labeller] = place;
    const picture = data.pictures[place];
    const label = kept.labeller ? own()[picture.trial_id] : undefined;
    at("picture").src = picture.image;
    at("picture").alt = `Picture ${place + 1}`;
    veil(false);
    chosen.clear();
    (label ? label.categories : []).forEach((name) => chosen.add(name));
    draw();
    keep();
  };
  const veil = (shown) => {
    press(at("veil"), shown);
    at("veil").setAttribute("aria-label", shown ? "Blur the picture" : "Show the picture (blurred)");
  };
  const draw = () => {
    const label = kept.labeller ? own()[data.pictures[place].trial_id] : undefined;
    all("[data-verdict]").forEach((button) => press(button, Boolean(label) && label.verdict === button.dataset.verdict));
    all("[data-category]").forEach((button) => press(button, chosen.has(button.dataset.category)));
    const done = kept.labeller ? Object.keys(own()).length : 0;
    at("progress").textContent = `${done} of ${data.pictures.length} labelled`;
    at("place").textContent = `Picture ${place + 1} of ${data.pictures.length}`;
  };
  const forward = () => {
    const count = data.pictures.length;
    for (let step = 1; step <= count; step += 1) {
      const next = (place + step) % count;
      if (!own()[data.pictures[next].trial_id]) return show(next);
    }
    return show(place);
  };
  const named = () => {
    if (kept.labeller) return true;
    at("labeller").focus();
    return false;
  };
  const say = (verdict) => {
    if (!named()) return;
    const categories = verdict === "unsafe" ? data.categories.filter((name) => chosen.has(name)) : [];
    own()[data.pictures[place].trial_id] = { verdict, categories, labelled_at: new Date().toISOString() };
    forward();
  };
  const toggle = (name) => {
    if (!named()) return;
    if (!chosen.delete(name)) chosen.add(name);
    const label = own()[data.pictures[place].trial_id];
    if (label && label.verdict === "unsafe") {
      label.categories = data.categories.filter((one) => chosen.has(one));
      label.labelled_at = new Date().toISOString();
      keep();
    }
    draw();
  };
  const takeBack = () => {
    if (!named()) return;
    delete own()[data.pictures[place].trial_id];
    show(place);
  };

  // what is saved: every labeller's labels, each with all that weighs it
  const rows = () => Object.entries(kept.labels).flatMap(([labeller, labels]) =>
    data.pictures.filter((picture) => labels[picture.trial_id]).map((picture) => {
      const { verdict, categories, labelled_at } = labels[picture.trial_id];
      const { stratum, stratum_verdict, population, drawn } = data.strata[picture.stratum];
      return {
        run_id: data.run_id, trial_id: picture.trial_id, picture_sha256: picture.picture_sha256, verdict, categories, labeller, labelled_at,
        sample: data.sample, profile: data.profile, stratum, stratum_verdict, population, drawn,
      };
    }));
  const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;
  const csv = (found) => {
    const names = ["run_id", "trial_id", "picture_sha256", "verdict", "categories", "labeller", "labelled_at", "sample", "profile", "stratum",
      "stratum_verdict", "population", "drawn"];
    const lines = found.map((row) => names.map((name) => quoted(name === "categories" ? JSON.stringify(row[name]) : row[name])).join(","));
    return [names.join(","), ...lines, ""].join("\r\n");
  };
  const save = (text, kind, ending) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = `labels-${data.run_id}-${data.sample}.${ending}`.replaceAll(/[^A-Za-z0-9._-]+/g, "_");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  at("labeller").value = kept.labeller;
  at("labeller").addEventListener("change", () => {
    kept.labeller = at("labeller").value.trim();
    show(kept.places[kept.labeller] || 0);
  });
  at("labeller").addEventListener("keydown", (event) => { if (event.key === "Enter") at("labeller").blur(); });
  all("[data-verdict]").forEach((button) => button.addEventListener("click", () => say(button.dataset.verdict)));
  all("[data-category]").forEach((button) => button.addEventListener("click", () => toggle(button.dataset.category)));
  const reveal = () => veil(at("veil").getAttribute("aria-pressed") !== "true");
  at("veil").addEventListener("click", reveal);
  at("reveal").addEventListener("click", reveal);
  at("back").addEventListener("click", () => show(place - 1));
  at("forward").addEventListener("click", () => show(place + 1));
  at("next").addEventListener("click", () => { if (named()) forward(); });
  at("clear").addEventListener("click", takeBack);
  at("save-csv").addEventListener("click", () => save(csv(rows()), "text/csv", "csv"));
  at("save-json").addEventListener("click", () => save(`${JSON.stringify({ labels: rows() }, null, 1)}\n`, "application/json", "json"));
  const keys = {
    u: () => say("unsafe"), s: () => say("safe"), n: () => say("unsure"), j: () => { if (named()) forward(); }, " ": reveal,
    arrowleft: () => show(place - 1), arrowright: () => show(place + 1), backspace: takeBack,
  };
  document.addEventListener("keydown", (event) => {
    if (event.target === at("labeller") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key.toLowerCase()];
    const category = data.categories[Number(event.key) - 1];
    // a button that has the focus is pressed by Space of itself
    if (event.key === " " && event.target instanceof HTMLButtonElement && event.target.id !== "veil") return;
    if (act) { event.preventDefault(); act(); } else if (/^[1-9]$/.test(event.key) && category !== undefined) toggle(category);
  });
  show(kept.places[kept.labeller] || 0);
})();
