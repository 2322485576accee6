/**
 * Waits until the API server's times, which are whole seconds, differ from those of objects that exist now.
 *
 * @param seconds by how many seconds at least
 */
export async function untilSecondsLater(seconds = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000 + 100));
}
