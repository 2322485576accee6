/** The document that `task demo guestbook` and a test play. */
export const TUTORIAL = new URL("../../../manifests/docs/guestbook.md", import.meta.url);
