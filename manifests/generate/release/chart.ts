import { relative } from "node:path";
import type { ArchivedFile } from "./files.ts";

const chart = new URL("../../chart/", import.meta.url).pathname;

/**
 * The files of the Helm chart as they stand in its archive: links to the kustomize base are followed.
 *
 * @param imageRepository the default of the value `image.repository`
 */
export async function chartFiles(imageRepository: string): Promise<ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  for await (const path of filesIn(chart)) {
    const name = relative(chart, path);
    const text = await Deno.readTextFile(path);
    const data = name === "values.yaml"
      ? text.replace(/^(image:\n {2}repository: ).*$/m, `$1${imageRepository}`)
      : text;
    files.push({ name: `sidecarset/${name}`, data });
  }
  return files;
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}${name}`;
    if (isDirectory) yield* filesIn(`${path}/`);
    else yield path;
  }
}
