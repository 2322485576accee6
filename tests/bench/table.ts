/** Columns by their titles. */
export type Row = Readonly<Record<string, string | number>>;

/** Rows under the titles of the first one, numbers to the right. */
export function table(rows: readonly Row[]): string {
  const titles = Object.keys(rows[0] ?? {});
  const cells = [titles, ...rows.map((row) => titles.map((title) => String(row[title] ?? "")))];
  const widths = titles.map((_, column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0))
  );
  return cells.map((line) =>
    line.map((cell, column) => {
      const isNumber = /^[\d.]/.test(cells[1]?.[column] ?? "");
      return isNumber ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
    }).join("  ").trimEnd()
  ).join("\n");
}

/** The upper one of the two in the middle of an even number; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
