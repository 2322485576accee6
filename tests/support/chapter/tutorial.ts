/** The chapter that is played, and where it is. */
export const README = new URL("../../../README.md", import.meta.url);
export const TUTORIAL = "Tutorial: Guestbook";
