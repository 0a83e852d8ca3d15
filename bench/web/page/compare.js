/* Runs compared: what 'bench compare' prints, as a page. */
"use strict";

(function (bench) {
  const { el, put } = bench;
  const signed = (value, digits, unit = 1) => `${value < 0 ? "−" : "+"}${Math.abs(value * unit).toFixed(digits)}`;

  /* A difference with its interval, drawn on a line from -1 to 1 kappa, or from -100 to 100 points. */
  function drawnGap(gap) {
    const at = (value) => 100 + 96 * Math.max(-1, Math.min(1, value));
    const svg = (tag, given) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(given)) { made.setAttribute(name, value); }
      return made;
    };
    const made = svg("svg", { viewBox: "0 0 200 16", class: "gap", "aria-hidden": "true" });
    made.append(svg("line", { x1: 100, x2: 100, y1: 0, y2: 16, class: "zero" }));
    if (gap.interval) {
      made.append(svg("line", { x1: at(gap.interval[0]), x2: at(gap.interval[1]), y1: 8, y2: 8, class: "interval" }));
    }
    made.append(svg("circle", { cx: at(gap.difference), cy: 8, r: 3.5 }));
    return made;
  }

  const told = (gap, digits, unit) => `${signed(gap.difference, digits, unit)}`
    + (gap.interval ? ` [${signed(gap.interval[0], digits, unit)}, ${signed(gap.interval[1], digits, unit)}]` : "");

  /* The records that flipped, as links into the run on whose side they are right. */
  function flips(ids, run, label) {
    if (!ids.length) { return el("span", {}, "0"); }
    return el("details", {}, el("summary", { "aria-label": `${ids.length} right only in ${label}` }, String(ids.length)),
      ids.map((id) => [el("a", { href: `#/run/${run}/case/${encodeURIComponent(id)}` }, String(id)), " "]));
  }

  function pairTable(pair, numbers) {
    const heads = ["axis", "n", "kappa", "difference [95%]", "from −1 to 1", "p", "accuracy, points [95%]", "p", ["right only in", pair.first], ["right only in", pair.second]];
    const rows = pair.axes.map((axis) => el("tr", {},
      el("th", { scope: "row" }, bench.words([axis.axis]), axis.by_construction ? el("abbr", { title: "by construction" }, "+") : ""),
      el("td", {}, String(axis.n)),
      el("td", {}, axis.kappa ? `${axis.kappa.first.toFixed(2)}  ${axis.kappa.second.toFixed(2)}` : "–"),
      el("td", {}, axis.kappa ? told(axis.kappa, 2, 1) : "–"),
      el("td", {}, axis.kappa ? drawnGap(axis.kappa) : ""),
      el("td", {}, axis.kappa && !axis.by_construction ? axis.kappa.p_holm.toFixed(3) : "–"),
      el("td", {}, told(axis.accuracy, 1, 100)),
      el("td", {}, axis.by_construction ? "–" : axis.accuracy.p_holm.toFixed(3)),
      el("td", {}, flips(axis.first_only, numbers[0], pair.first)),
      el("td", {}, flips(axis.second_only, numbers[1], pair.second))));
    return el("div", { class: "wide", tabindex: 0 }, el("table", { class: "pair" },
      el("thead", {}, el("tr", {}, heads.map((one) => (Array.isArray(one)
        ? el("th", { scope: "col", class: "name" }, one.join(" ")) : el("th", { scope: "col" }, one))))), el("tbody", {}, rows)));
  }

  /* How far two readers agree with each other, where it is told. */
  function agreed(pair) {
    if (!pair.agreement.length) { return null; }
    const rows = pair.agreement.map((one) => el("tr", {}, el("th", { scope: "row" }, bench.words([one.axis])),
      [one.n, one.left_out, `${(100 * one.same).toFixed(1)}%`, one.kappa === null ? "–" : one.kappa.toFixed(2)
        + (one.interval ? ` [${one.interval.map((end) => end.toFixed(2)).join(", ")}]` : "")].map((cell) => el("td", {}, String(cell)))));
    return [el("h4", {}, "Agreement with each other, whatever is true"), el("div", { class: "wide", tabindex: 0 }, el("table", { class: "pair agreed" },
      el("thead", {}, el("tr", {}, ["axis", "n", "left out", "same answer", "kappa [95%]"].map((one) => el("th", { scope: "col" }, one)))),
      el("tbody", {}, rows)))];
  }

  /* All of them in one table, each on the cases that all answered. */
  function beside(same) {
    if (!same) { return null; }
    return el("section", { class: "part", id: "same-cases" }, el("h3", {}, `${same.title[0].toUpperCase()}${same.title.slice(1)}`),
      el("div", { class: "wide", tabindex: 0 }, el("table", { class: "pair" },
        el("thead", {}, el("tr", {}, same.headings.map((one) => el("th", { scope: "col" }, one)))),
        el("tbody", {}, same.rows.map(([reader, ...cells]) => el("tr", {}, el("th", { scope: "row" }, reader), cells.map((one) => el("td", {}, one))))))),
      el("p", { class: "note" }, same.how));
  }

  /* numbers: the runs in the order in which they were compared. */
  bench.showComparison = function (place, data, numbers) {
    if (data.problem) {
      put(place, el("h2", {}, "Comparison"), el("p", { class: "problem" }, data.problem));
      return;
    }
    const pairs = numbers.flatMap((one, k) => numbers.slice(k + 1).map((other) => [one, other]));
    put(place, el("h2", {}, "Comparison"), beside(data.same_cases), data.pairs.map((pair, k) => el("section", { class: "part" },
      el("h3", {}, `${pair.first} against ${pair.second}`), el("p", {}, `n = ${pair.n.toLocaleString("en")}. ${pair.headline.join(" ")}`),
      pairTable(pair, pairs[k]), agreed(pair))), el("p", { class: "note" }, data.how));
  };
}(window.EcgBench));
