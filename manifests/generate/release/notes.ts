/**
 * The section of one version in the changelog, without its heading.
 *
 * @param changelog Markdown with a heading `## VERSION` or `## VERSION - DATE` for each version
 * @throws {Error} if the version has no section, or an empty one
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  const notes = section?.slice(section.indexOf("\n")).trim();
  if (!notes) {
    throw new Error(
      `Cannot write release notes: .github/CHANGELOG.md has no section "## ${version}"; add one`,
    );
  }
  return `${notes}\n`;
}
