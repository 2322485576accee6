/**
 * Loaded before a program, sets its clock ahead or back by the milliseconds in its own address:
 * `offset_clock.ts?-300000`.
 */

const offset = Number(new URL(import.meta.url).search.slice(1));

globalThis.Date = new Proxy(Date, {
  construct: (target, args) =>
    Reflect.construct(target, args.length === 0 ? [target.now() + offset] : args),
  get: (target, key) =>
    key === "now" ? () => target.now() + offset : Reflect.get(target, key, target),
});
