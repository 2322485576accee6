import assert from "node:assert/strict";
import fc from "fast-check";
import { start, step } from "../../lib/kube/reflector.ts";
import type { Change, Input, State } from "../../lib/kube/reflector_types.ts";

function failing(failure: { readonly httpCode: number | undefined }): Input<string> {
  return { type: "failed", failure: { message: "x", ...failure } };
}

/** An API server of one kind, whose answers are chosen by numbers. */
class Server {
  version = 1;
  readonly objects = new Set<string>();
  #names = 0;
  #listed: readonly string[] = [];
  #unsent: string[] = [];

  answer(state: State, choice: number): Input<string> {
    const { task } = state;
    if (task.do === "wait") return { type: "waited" };
    if (choice % 7 === 0) {
      const httpCode = [500, 410, 403, 429, undefined][choice % 5];
      if (httpCode === 410) this.#changeUnseen();
      if (httpCode === undefined && choice % 2 === 0) this.#restore();
      return failing({ httpCode });
    }
    switch (task.do) {
      case "list":
        return this.#page(task.token);
      case "stream":
        if (choice % 3 === 0) return failing({ httpCode: [400, 422][choice % 2] });
        this.#unsent = [...this.objects];
        return { type: "opened" };
      case "receive":
        return this.#received(choice);
      case "check":
        return { type: "checked", version: String(this.version) };
      case "watch":
        // A real server would answer 410 to a version that it does not have at hand.
        return task.version === String(this.version)
          ? { type: "opened" }
          : failing({ httpCode: 410 });
      case "read":
        return this.#event(choice);
    }
  }

  /** A backup is restored while the API server is away; what is there by now has a lower version. */
  #restore(): void {
    if (this.version < 3) return;
    this.objects.clear();
    this.objects.add("restored");
    this.version -= 2;
  }

  /** Three objects of what there was when the first page was asked for. */
  #page(token: string | undefined): Input<string> {
    if (token === undefined) this.#listed = [...this.objects];
    const from = Number(token ?? 0);
    const to = from + 3;
    return {
      type: "page",
      items: this.#listed.slice(from, to),
      version: String(this.version),
      ...(to < this.#listed.length ? { token: String(to) } : {}),
    };
  }

  /** What there was when the stream was opened, then perhaps events, then the end. */
  #received(choice: number): Input<string> {
    if (choice % 11 === 0) return { type: "ended" };
    if (choice % 13 === 0) return { type: "silent", list: choice % 2 === 0 };
    const object = this.#unsent.pop();
    // Its version is any.
    if (object !== undefined) return { type: "apply", object, version: String(choice) };
    const event = choice % 2 === 0 ? this.#event(choice) : undefined;
    return event ?? { type: "initialEnd", version: String(this.version) };
  }

  /** Makes a version too old: deletes an object without an event. */
  #changeUnseen(): void {
    const [known] = this.objects;
    if (known !== undefined) this.objects.delete(known);
    this.version++;
  }

  #event(choice: number): Input<string> {
    const version = String(++this.version);
    const [known] = this.objects;
    switch (choice % 5) {
      case 0:
        return { type: "bookmark", version };
      case 1:
        this.version--;
        return choice % 2 === 0 ? { type: "ended" } : { type: "silent", list: choice % 4 === 1 };
      case 2:
        if (known !== undefined) {
          this.objects.delete(known);
          return { type: "delete", object: known, version };
        }
    }
    const object = `o${this.#names++}`;
    this.objects.add(object);
    return { type: "apply", object, version };
  }
}

/** A consumer that applies all changes. */
class Consumer {
  readonly store = new Set<string>();
  readonly #listed = new Set<string>();

  take(change: Change<string>): void {
    switch (change.type) {
      case "page":
        if (change.first) this.#listed.clear();
        for (const object of change.items) {
          this.#listed.add(object);
          this.store.add(object);
        }
        return;
      case "listed":
        for (const object of this.store.difference(this.#listed)) this.store.delete(object);
        return;
      case "apply":
        return void this.store.add(change.object);
      case "delete":
        return void this.store.delete(change.object);
    }
  }
}

/** The check of a version finds a lower one, and everything is listed again by a stream. */
const RESTORED_WHILE_AWAY: [[number, number][], number, boolean] = [
  [[100, 0], [918, 0], [8, 0], [127, 0], [14, 0], [0, 0], [1, 0]],
  0,
  true,
];

Deno.test("step() keeps a consumer equal to the server, and never asks twice without a wait", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 999 }), fc.integer({ min: 0, max: 300_000 })), {
        maxLength: 200,
      }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.boolean(),
      (choices, random, streams) => {
        const server = new Server();
        let state = start({ streams });
        const consumer = new Consumer();
        let now = 0;
        for (const [choice, passed] of choices) {
          const { task } = state;
          const next = step(state, server.answer(state, choice), { now: now += passed, random });
          for (const change of next.changes) consumer.take(change);
          state = next.state;
          const { do: doing } = state.task;
          if (doing === "watch" || doing === "read") {
            assert.deepEqual(consumer.store, server.objects);
          }
          if (state.task.do === "wait") assert.ok(state.task.milliseconds > 0);
          const advanced = task.do === "wait" || task.do === "read" && state.task.do === "read" ||
            state.task.do === "wait" ||
            task.do === "stream" && (state.task.do === "receive" || state.task.do === "list") ||
            task.do === "receive" && (state.task.do === "receive" || state.task.do === "watch") ||
            task.do === "list" && (state.task.do === "watch" || state.task.do === "list") ||
            task.do === "check" && ["watch", "list", "stream"].includes(state.task.do) ||
            task.do === "watch" && state.task.do === "read";
          assert.ok(advanced, `${task.do} led to ${state.task.do} without a wait`);
        }
      },
    ),
    { examples: [RESTORED_WHILE_AWAY] },
  );
});
