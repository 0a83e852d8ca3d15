/* The viewer: which page is shown, what is filtered, and the keys. */
"use strict";

(function (bench) {
  const { el, put } = bench;
  const at = (id) => document.getElementById(id);
  const AGAIN_MS = 4000;
  const BLANK = { axis: "", truth: "", answer: "", kind: "all", text: "", against: "", direction: "any", sort: null };

  const state = { list: null, run: null, table: null, other: null, found: [], wanted: { ...BLANK }, place: -1, picked: new Set() };
  let [cases, shown] = [null, null];

  const runs = () => state.list.runs.filter((run) => !run.problem);
  const runNumbered = (number) => state.list.runs.find((run) => run.number === number && !run.problem);

  function failed(error) {
    at("notice").hidden = false;
    at("notice").textContent = error.message;
  }

  function show(name) {
    for (const page of document.querySelectorAll("main > section")) { page.hidden = page.id !== name; }
    at("notice").hidden = true;
  }

  /* The addresses: #/, #/run/2, #/run/2/case/38, #/compare/0-2. */
  async function routed() {
    try {
      if (!state.list) { state.list = await bench.source.get("runs"); headed(); }
      const [, kind, which, , id] = location.hash.split("/");
      if (kind === "compare") { await compared(which.split("-").map(Number)); return; }
      const only = runs().length === 1 && state.list.runs.length === 1 ? runs()[0].number : null;
      const number = kind === "run" ? Number(which) : only;
      if (number === null) { listed(); return; }
      if (!runNumbered(number)) { throw new Error("There is no such run here."); }
      await opened(number);
      if (id === undefined) { tabled(); } else { await cased(decodeURIComponent(id)); }
    } catch (error) {
      show(null);
      failed(error);
    }
  }

  function headed() {
    const choose = at("run");
    put(choose, el("option", { value: "" }, "All runs"),
      runs().map((run) => el("option", { value: run.number }, run.title)));
    choose.hidden = runs().length < 2;
  }

  /* The list of runs, to open one or to compare several. */
  function listed() {
    show("runs");
    document.title = "Runs · ECG bench";
    at("run").value = "";
    const rows = state.list.runs.map((run) => (run.problem
      ? el("tr", { class: "shut" }, el("td", {}), el("th", { scope: "row" }, run.name), el("td", { colspan: 6, class: "problem" }, run.problem))
      : el("tr", {},
        el("td", {}, el("input", {
          type: "checkbox", "aria-label": `compare ${run.name}`, checked: state.picked.has(run.number),
          onchange: (event) => picked(run.number, event.target.checked),
        })),
        el("th", { scope: "row" }, el("a", { href: `#/run/${run.number}` }, run.reader), el("small", {}, run.name)),
        el("td", {}, run.dataset, run.is_simulated ? el("small", {}, "simulated") : null),
        el("td", {}, run.split),
        el("td", {}, run.condition, el("small", {}, [run.form, run.renderer].filter(Boolean).join(", "))),
        el("td", { class: "number" }, `${run.answered.toLocaleString("en")} of ${run.questions.toLocaleString("en")}`,
          run.failed ? el("small", { class: "error" }, `${run.failed} failed`) : null),
        el("td", { class: "number" }, bench.money(run.cost)),
        el("td", {}, run.answered < run.questions ? el("span", { class: "live" }, "unfinished") : ""))));
    put(at("run-rows"), rows);
    put(at("run-notes"), [...new Set(state.list.notes)].filter((note) => !state.list.runs.some((run) => run.problem === note))
      .map((note) => el("p", { class: "problem" }, note)));
    picked();
  }

  function picked(number, isPicked) {
    if (number !== undefined) { isPicked ? state.picked.add(number) : state.picked.delete(number); }
    const chosen = [...state.picked].sort((one, two) => one - two);
    const button = at("compare-runs");
    button.disabled = chosen.length < 2;
    button.textContent = chosen.length < 2 ? "Compare (choose two or more)" : `Compare ${chosen.length} runs`;
    button.onclick = () => { location.hash = `#/compare/${chosen.join("-")}`; };
  }

  async function compared(numbers) {
    show("comparison");
    document.title = "Comparison · ECG bench";
    at("run").value = "";
    if (!bench.source.isServed && !state.list.compared.includes(`compare-${numbers.join("-")}`)) {
      throw new Error("This comparison was not exported: an export holds those of the first eight runs of a dataset, two by two and all at once. 'bench view' makes any.");
    }
    put(at("comparison"), el("p", { class: "note" }, "Comparing: 10,000 resamples of the patients …"));
    bench.showComparison(at("comparison"), await bench.source.get(`compare-${numbers.join("-")}`), numbers);
  }

  async function opened(number, isAgain) {
    const isOther = !state.run || state.run.number !== number;
    if (!isOther && state.table && !isAgain) { return; }
    const run = runNumbered(number);
    const table = await bench.source.get(`run-${number}`);
    if (table.problem && !table.ids) { throw new Error(table.problem); }
    state.run = run;
    state.table = bench.indexed(table);
    if (isOther) {
      state.wanted = { ...BLANK };
      state.other = null;
      state.found = [];
    }
    described();
    choices();
  }

  function described() {
    const { run, table } = state;
    at("run").value = String(run.number);
    put(at("about"), el("h2", {}, run.title),
      el("p", { class: "note" }, [`${run.answered.toLocaleString("en")} of ${run.questions.toLocaleString("en")} questions answered`,
        run.failed ? `${run.failed} failed` : "", run.condition === "full" ? "" : `condition ${run.condition}: ${run.shows}`, run.cost === null ? "" : bench.money(run.cost),
        run.is_simulated ? "simulated ECGs" : ""].filter(Boolean).join(" · ")),
      table.problem ? el("p", { class: "problem" }, table.problem) : null,
      run.notes.filter((note) => /^(Incomplete|Not a test)/.test(note)).map((note) => el("p", { class: "note warn" }, note)));
  }

  /* Fill the filters with what there is to choose. */
  function choices() {
    const { table, wanted } = state;
    const axes = table.axes.filter((axis) => !wanted.axis || axis.name === wanted.axis);
    const options = (part) => axes.map((axis) => {
      const counts = new Map();
      axis[part].forEach((place) => {
        if (place < 0) { return; }
        const names = axis.values[place].length ? axis.values[place] : [""];
        names.forEach((name) => counts.set(name, (counts.get(name) || 0) + 1));
      });
      const made = [...counts].map(([name, count]) => el("option", { value: `${axis.name}=${name}` },
        `${name === "" ? "nothing" : bench.words([name])} (${count.toLocaleString("en")})`));
      return axes.length > 1 ? el("optgroup", { label: bench.words([axis.name]) }, made) : made;
    });
    put(at("axis"), el("option", { value: "" }, "any axis"), table.axes.map((axis) => el("option", { value: axis.name }, bench.words([axis.name]))));
    put(at("truth"), el("option", { value: "" }, "any truth"), options("truth"));
    put(at("answer"), el("option", { value: "" }, "any answer"), options("answer"));
    put(at("kind"), bench.KINDS.map(([kind, label]) => el("option", { value: kind }, label)));
    const others = runs().filter((run) => run.number !== state.run.number && run.dataset === state.run.dataset);
    put(at("against"), el("option", { value: "" }, "flipped against …"), others.map((run) => el("option", { value: run.number }, run.title)));
    at("against").hidden = !others.length;
    for (const name of ["axis", "truth", "answer", "kind", "against", "direction"]) {
      at(name).value = wanted[name];
      if (at(name).selectedIndex < 0) { at(name).selectedIndex = 0; wanted[name] = at(name).value; }
    }
    at("text").value = wanted.text;
    at("direction").hidden = !wanted.against;
  }

  function tabled() {
    show("table");
    document.title = `${state.run.reader} · ECG bench`;
    const from = state.place;
    state.place = -1;
    filtered(from);
    cases.scroller.focus({ preventScroll: true });
    cases.revealed();
  }

  function filtered(current = cases.found[cases.current]) {
    bench.timed("filter", () => {
      state.found = bench.filtered(state.table, state.wanted, state.other);
      cases.show(state.table, state.found, state.wanted.sort, current);
      at("counted").textContent = `${state.found.length.toLocaleString("en")} of ${state.table.ids.length.toLocaleString("en")} cases`;
      at("clear").hidden = Object.keys(BLANK).every((name) => state.wanted[name] === BLANK[name]);
      return cases.scroller.offsetHeight;
    });
  }

  async function chosen(name, value) {
    state.wanted[name] = value;
    if (name === "axis") {
      for (const one of ["truth", "answer"]) {
        if (value && !state.wanted[one].startsWith(`${value}=`)) { state.wanted[one] = ""; }
      }
      choices();
    }
    if (name === "against") {
      at("direction").hidden = !value;
      state.other = value ? bench.indexed(await bench.source.get(`run-${value}`)) : null;
    }
    cases.scroller.scrollTop = 0;
    filtered();
  }

  function cleared() {
    state.wanted = { ...BLANK };
    state.other = null;
    choices();
    filtered();
  }

  function sortedBy(by) {
    const sort = state.wanted.sort;
    state.wanted.sort = !sort || sort.by !== by ? { by, down: by !== "id" && by !== "right" } : sort.down === (by !== "id" && by !== "right")
      ? { by, down: !sort.down } : null;
    filtered();
  }

  async function cased(id) {
    const place = state.table.placeOf.get(id);
    if (place === undefined) { throw new Error(`The run has no record ${id}.`); }
    if (!state.found.includes(place)) {
      state.found = bench.filtered(state.table, state.wanted, state.other);
      if (!state.found.includes(place)) { state.found = [place]; }
    }
    show("case");
    state.place = place;
    const { run } = state;
    titled(place);
    if (!isWhole(place)) {
      put(at("case-body"));
      failed(new Error("This case was not exported: 'bench view' shows it, or an export with a larger --most."));
      return;
    }
    const [data, signal] = [bench.source.get(`case-${run.number}-${place}`), bench.source.get(`signal-${run.number}-${place}`)];
    signal.catch(() => null);
    let found;
    try {
      found = await data;
    } catch (error) {
      if (state.place === place) { put(at("case-body")); failed(error); }
      return;
    }
    if (state.place !== place || state.run !== run) { return; }
    if (found.problem) { throw new Error(found.problem); }
    at("notice").hidden = true;
    bench.timed("case", () => {
      shown.show(found, run, state.table.axes.map((axis) => axis.name));
      return at("case-body").offsetHeight;
    });
    const trace = await signal;
    if (state.place !== place || state.run !== run) { return; }
    bench.timed("trace", () => shown.showSignal(trace));
    ahead();
  }

  function titled(place) {
    const { table, run, found } = state;
    document.title = `Record ${table.ids[place]} · ${run.reader} · ECG bench`;
    const who = [table.age[place] === null ? "" : `${Math.round(table.age[place])} years`, table.sex[place] || ""].filter(Boolean).join(", ");
    const { right, known } = bench.counted(table, place);
    put(at("case-title"), el("h2", {}, `Record ${table.ids[place]}`),
      el("p", { class: "note" }, [who, known ? `${right} of ${known} axes right` : "",
        `case ${(found.indexOf(place) + 1).toLocaleString("en")} of ${found.length.toLocaleString("en")}`, run.title].filter(Boolean).join(" · ")));
    at("previous").disabled = found.indexOf(place) <= 0;
    at("next").disabled = found.indexOf(place) >= found.length - 1;
  }

  /* Fetch the cases beside this one, so that they are there when they are asked for. */
  function ahead() {
    const where = state.found.indexOf(state.place);
    for (const place of [state.found[where + 1], state.found[where - 1]]) {
      if (place !== undefined && isWhole(place)) {
        for (const kind of ["case", "signal"]) { bench.source.get(`${kind}-${state.run.number}-${place}`).catch(() => null); }
      }
    }
  }

  /* Tell whether a case is there whole: an export holds some of them. */
  function isWhole(place) {
    return bench.source.isServed || (state.list.whole[state.run.number] || []).includes(place);
  }

  function beside(by) {
    const place = state.found[state.found.indexOf(state.place) + by];
    if (place !== undefined) { goTo(place, true); }
  }

  function goTo(place, isReplaced) {
    const hash = `#/run/${state.run.number}/case/${encodeURIComponent(state.table.ids[place])}`;
    if (isReplaced) { history.replaceState(null, "", hash); routed(); } else { location.hash = hash; }
  }

  /* A run that is being written grows while it is looked at. */
  async function grown() {
    if (!bench.source.isServed || !state.list || document.hidden) { return; }
    if (runs().every((run) => run.answered >= run.questions)) { return; }
    const before = state.list;
    bench.source.forget("runs");
    try {
      state.list = await bench.source.get("runs");
    } catch {
      return;
    }
    const told = (list) => JSON.stringify(list.runs.map((run) => [run.answered, run.failed]));
    if (told(before) === told(state.list)) { return; }
    bench.source.forgetMatching(/^(run|case|compare)-/);
    if (!at("runs").hidden) { listed(); }
    if (at("table").hidden && at("case").hidden) { state.table = null; return; }
    const isWaiting = () => state.table.axes.some((axis) => axis.state[state.place] === ".");
    const wasWaiting = isWaiting();
    await opened(state.run.number, true);
    if (state.wanted.against) { state.other = bench.indexed(await bench.source.get(`run-${state.wanted.against}`)); }
    if (!at("table").hidden) {
      filtered();
    } else if (wasWaiting && !isWaiting()) {
      // Any other case stays as it is: who looks at it may be measuring.
      await cased(String(state.table.ids[state.place]));
    }
  }

  const KEYS = {
    table: {
      j: () => cases.move(1), ArrowDown: () => cases.move(1), k: () => cases.move(-1), ArrowUp: () => cases.move(-1),
      PageDown: () => cases.move(10), PageUp: () => cases.move(-10), Home: () => cases.move(-1e9), End: () => cases.move(1e9),
      Enter: () => cases.open(), "/": () => at("text").focus(), x: cleared,
      a: () => quick("all"), w: () => quick("wrong"), r: () => quick("right"), m: () => quick("beyond"), f: () => quick("failed"),
      Escape: () => { if (runs().length > 1) { location.hash = "#/"; } },
      ...Object.fromEntries([..."0123456789"].map((digit) => [digit, () => axisNumbered(Number(digit))])),
    },
    case: {
      j: () => beside(1), ArrowRight: () => beside(1), k: () => beside(-1), ArrowLeft: () => beside(-1),
      Escape: () => { location.hash = `#/run/${state.run.number}`; },
      l: () => shown.setLayout(shown.layout === "3x4" ? "12x1" : "3x4"),
      c: () => shown.setTool(shown.tool === "pan" ? "calipers" : "pan"),
      "+": () => shown.paper.zoom(1), "=": () => shown.paper.zoom(1), "-": () => shown.paper.zoom(-1), 0: () => shown.paper.fit(),
    },
    comparison: { Escape: () => { location.hash = "#/"; } },
  };

  function quick(kind) {
    at("kind").value = kind;
    chosen("kind", kind);
  }

  function axisNumbered(number) {
    const axis = number ? state.table.axes[number - 1] : { name: "" };
    if (axis) { chosen("axis", axis.name); }
  }

  function typed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || at("help").open) { return; }
    const { tagName, type } = event.target;
    const isWriting = tagName === "SELECT" || (tagName === "INPUT" && type !== "checkbox");
    if (isWriting) {
      if (event.key === "Escape" || (event.key === "Enter" && tagName === "INPUT")) { cases.scroller.focus(); }
      return;
    }
    if (event.key.startsWith("Arrow") && event.target.closest(".wide, .text")) { return; }
    if (event.key === "Enter" && ["A", "BUTTON", "SUMMARY"].includes(tagName)) { return; }
    if (event.key === "?") { at("help").showModal(); return; }
    const page = document.querySelector("main > section:not([hidden])");
    const act = page && KEYS[page.id] && KEYS[page.id][event.key];
    if (act) { event.preventDefault(); act(); }
  }

  function begun() {
    cases = new bench.CaseTable(at("cases"), { onOpen: (place) => goTo(place), onSort: sortedBy });
    shown = new bench.CaseView(at("case-body"));
    for (const name of ["axis", "truth", "answer", "kind", "against", "direction"]) {
      at(name).addEventListener("change", (event) => chosen(name, event.target.value).catch(failed));
    }
    at("text").addEventListener("input", (event) => chosen("text", event.target.value));
    at("clear").addEventListener("click", cleared);
    at("run").addEventListener("change", (event) => { location.hash = event.target.value ? `#/run/${event.target.value}` : "#/"; });
    at("previous").addEventListener("click", () => beside(-1));
    at("next").addEventListener("click", () => beside(1));
    at("back").addEventListener("click", KEYS.case.Escape);
    at("keys").addEventListener("click", () => at("help").showModal());
    at("help-close").addEventListener("click", () => at("help").close());
    window.addEventListener("hashchange", routed);
    document.addEventListener("keydown", typed);
    setInterval(() => grown().catch(failed), AGAIN_MS);
    routed();
  }

  begun();
}(window.EcgBench));
