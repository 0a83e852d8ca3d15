/* The reading room: one case after the other; the server says where the reading stands, and keeps every answer. */
"use strict";

(function (bench) {
  const { el, put } = bench;
  const by = (id) => document.getElementById(id);
  const EVERY_MS = 10000;
  const WORTH_S = 5;

  /* The time for which a case can be seen: not while it is loaded, covered, or behind another tab. */
  class Clock {
    constructor() { this.had = 0; this.since = null; }

    begin(seconds) { this.had = seconds; this.since = null; }

    run() { if (this.since === null) { this.since = performance.now(); } }

    stop() { this.had = this.seconds; this.since = null; }

    get seconds() { return this.had + (this.since === null ? 0 : (performance.now() - this.since) / 1000); }
  }

  /* Tell whether a key is meant for the button that it is pressed on: of the questions', one that was tabbed to. */
  function isReached(target) {
    const button = target.closest("button");
    return Boolean(button) && (!button.closest("#form") || button.matches(":focus-visible"));
  }

  class Room {
    constructor(form) {
      this.about = form;
      this.clock = new Clock();
      this.sheet = new bench.Sheet(by("look"), form.shows);
      this.form = new bench.Form(by("form"), form.axes, {
        changed: () => this.keep(),
        save: () => this.save(),
        saveWords: () => (this.state.correcting ? "Save the correction" : "Save and go on"),
      });
      this.queue = Promise.resolve();
      this.isCovered = true;
      this.isDrawn = false;
      this.kept = 0;
      by("person").textContent = form.person;
    }

    /* Show where the reading stands. */
    async show(state) {
      const before = this.state;
      this.state = state;
      this.said(state.said || "");
      by("progress").max = state.total;
      by("progress").value = state.done;
      by("place").textContent = state.case ? `Case ${state.place} of ${state.total}${state.correcting ? ", once more" : ""}` : `${state.done} of ${state.total}`;
      by("back").hidden = !(state.last || state.correcting) || state.closed;
      by("back").textContent = state.correcting ? "Leave it as it is" : "Last answer";
      by("pause").hidden = !state.case || this.isCovered;
      if (!state.case) { this.end(); return; }
      if (before && before.case && before.case.id === state.case.id && this.isDrawn && before.correcting === state.correcting) {
        this.form.begin(state.draft.values);
        return;
      }
      await this.lay();
    }

    /* Lay a case on the desk; its time begins when it can be seen. */
    async lay() {
      const { case: found, draft } = this.state;
      this.clock.stop();
      this.isDrawn = false;
      this.clock.begin(draft.seconds);
      this.kept = draft.seconds;
      this.form.begin(draft.values);
      by("form").hidden = found.problem;
      if (this.isCovered) { this.cover(); return; }
      by("cover").hidden = true;
      by("desk").hidden = false;
      try {
        await this.sheet.show(found);
      } catch {
        this.said("The case did not arrive: reload this page, or start 'bench read-blind' again.");
        return;
      }
      window.scrollTo(0, 0);
      this.isDrawn = true;
      performance.mark("ecg-bench case");
      this.tick();
    }

    /* Run the clock while the case can be seen. */
    tick() {
      if (this.isDrawn && !this.isCovered && !document.hidden && this.state.case) { this.clock.run(); } else { this.clock.stop(); }
    }

    /* Cover the case: before the first, and in every pause. */
    cover() {
      this.isCovered = true;
      by("pause").hidden = true;
      this.tick();
      const { total, done, place } = this.state;
      by("desk").hidden = true;
      by("cover").hidden = false;
      const begin = el("button", { type: "button", class: "begin", onclick: () => this.uncover() }, el("kbd", {}, "↵"), done || this.clock.seconds ? "Go on" : "Begin");
      put(by("cover"), el("h2", {}, done || this.clock.seconds ? `Case ${place} of ${total}` : `${total} cases`),
        el("p", {}, this.about.shows),
        el("p", {}, `Each case has ${this.about.axes.length === 1 ? "one question" : `${this.about.axes.length} questions`}, each value a key. Say “cannot tell” where the case does not tell: it counts as no answer. Every answer is kept as you give it, and the last one can be corrected.`),
        el("p", {}, "The time of a case is counted while you can see it; a pause covers it. Nobody tells you whether you are right."),
        begin, el("p", { class: "note" }, this.about.dataset));
      begin.focus();
    }

    uncover() {
      this.isCovered = false;
      by("pause").hidden = false;
      if (this.isDrawn) {
        by("cover").hidden = true;
        by("desk").hidden = false;
        this.tick();
      } else {
        this.lay();
      }
    }

    pause() {
      if (!this.state.case || this.isCovered) { return; }
      this.keep();
      this.cover();
    }

    /* Every case is answered, or all is closed. */
    end() {
      this.clock.stop();
      this.isDrawn = false;
      by("desk").hidden = true;
      by("cover").hidden = false;
      const { closed, total, truth } = this.state;
      if (closed) {
        put(by("cover"), el("h2", {}, "Closed"), el("p", {}, `Your ${total} answers are kept, and this page can be closed. Thank you.`),
          truth ? el("p", {}, el("a", { href: truth, rel: "noopener" }, "Look at the answers beside the truth"), ", which begins once the score is computed.") : null);
        return;
      }
      put(by("cover"), el("h2", { tabindex: -1 }, "All cases are answered"),
        el("p", {}, "You may correct the last answer. Once you close the reading, no answer changes any more."),
        el("div", { class: "choices" },
          el("button", { type: "button", onclick: () => this.back() }, "Correct the last answer"),
          el("button", { type: "button", class: "begin", id: "close", onclick: () => this.move("close", {}) }, "Close the reading")));
      // Not the button: who saved the last case with Enter would close everything with the next one.
      by("cover").querySelector("h2").focus();
    }

    get chosen() { return { case: this.state.case.id, values: this.form.values, seconds: this.clock.seconds }; }

    /* Keep what is chosen so far. */
    keep() {
      if (!this.state.case || this.state.case.problem) { return; }
      this.kept = this.clock.seconds;
      this.send("draft", this.chosen);
    }

    save() {
      if (!this.state.case || !(this.form.isWhole || this.state.case.problem) || this.isBusy) { return; }
      this.clock.stop();
      this.move("answer", this.chosen);
    }

    /* Until the reading stands elsewhere, no key is meant for what is on the desk. */
    move(what, about) {
      if (this.isBusy) { return; }
      this.isBusy = true;
      this.send(what, about).finally(() => { this.isBusy = false; });
    }

    back() {
      if (this.state.last || this.state.correcting) {
        if (this.state.case && !this.state.correcting) { this.keep(); }
        this.move("back", {});
      }
    }

    /* One thing after the other, each with the turn that the server told last. */
    send(what, about) {
      this.queue = this.queue.then(() => this.sent(what, about));
      return this.queue;
    }

    async sent(what, about) {
      let answer;
      try {
        answer = await fetch(what, {
          method: "POST", headers: { "Content-Type": "application/json" }, keepalive: true,
          body: JSON.stringify({ ...about, turn: this.state.turn }),
        });
      } catch {
        this.lost();
        return;
      }
      if (![200, 400, 409].includes(answer.status)) { this.lost(); return; }
      const state = await answer.json();
      if (answer.ok && what === "draft") {
        this.state.turn = state.turn;
        return;
      }
      if (!answer.ok && !state.said) { return; }
      if (answer.status === 409 && what !== "draft" && what !== "answer") { state.said = ""; }
      await this.show(state);
      this.tick();
    }

    lost() {
      this.clock.stop();
      by("desk").inert = true;
      this.said("The reading room has ended. Every answer is kept: give the same command again, and open the address that it prints.");
    }

    said(words) {
      by("notice").hidden = !words;
      by("notice").textContent = words;
    }

    typed(event) {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || by("help").open || by("desk").inert || this.isBusy) { return; }
      if (event.target instanceof HTMLSelectElement) { return; }
      const key = event.key;
      if (key === "?") { by("help").showModal(); event.preventDefault(); return; }
      if (this.isCovered || !this.state.case) {
        if (key === "Home" && !this.isCovered) { this.back(); event.preventDefault(); }
        return;
      }
      const acts = { Escape: () => this.pause(), Home: () => this.back(), "+": () => this.sheet.zoom(1), "-": () => this.sheet.zoom(-1) };
      if (acts[key]) {
        acts[key]();
      } else if (this.state.case.problem) {
        if (key !== "Enter" || event.repeat) { return; }
        this.save();
      } else if ((key === "Enter" || key === " ") && isReached(event.target)) {
        return;
      } else if (event.repeat || !this.form.typed(key)) {
        return;
      }
      event.preventDefault();
    }
  }

  async function begin() {
    const [form, state] = await Promise.all(["form", "state"].map(async (name) => (await fetch(`data/${name}.json`)).json()));
    const room = new Room(form);
    document.addEventListener("keydown", (event) => room.typed(event));
    document.addEventListener("visibilitychange", () => {
      room.tick();
      if (document.hidden && room.isDrawn && !room.isCovered) { room.keep(); }
    });
    by("back").addEventListener("click", () => room.back());
    by("pause").addEventListener("click", () => room.pause());
    by("keys").addEventListener("click", () => by("help").showModal());
    by("help-close").addEventListener("click", () => by("help").close());
    setInterval(() => { if (room.clock.seconds - room.kept > WORTH_S) { room.keep(); } }, EVERY_MS);
    await room.show(state);
  }

  begin().catch(() => {
    by("notice").hidden = false;
    by("notice").textContent = "The reading room cannot be reached: give the same command again, and open the address that it prints.";
  });
}(window.EcgBench));
