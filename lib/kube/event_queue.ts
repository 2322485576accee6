/** What one observer has not taken yet. */
export class EventQueue<E> {
  #events: E[] = [];
  #woken = Promise.withResolvers<void>();

  push(event: E): void {
    this.#events.push(event);
    this.wake();
  }

  wake(): void {
    this.#woken.resolve();
  }

  /** All events that came since the last call. */
  drain(): E[] {
    const events = this.#events;
    this.#events = [];
    this.#woken = Promise.withResolvers();
    return events;
  }

  /** Resolves once there is something that `drain` has not given, or the queue was woken. */
  woken(): Promise<void> {
    return this.#woken.promise;
  }
}
