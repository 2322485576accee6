import { createHash } from "node:crypto";
import { join } from "node:path";
import { BUSYBOX } from "./real_node_requirements.ts";

/** Default entry point of an image: waits until SIGTERM. */
const ENTRYPOINT = ["/bin/sh", "-c", 'trap "exit 0" TERM; sleep 999999999 & wait'];
const COMMANDS = ["cat", "false", "sh", "sleep", "touch", "true"];
const ARCHITECTURES = { x86_64: "amd64", aarch64: "arm64" } as const;
const MEDIA_TYPE = "application/vnd.oci.image";

/**
 * Writes an archive of images, so that none is ever pulled: all have the same files, and each its own ID.
 *
 * @param folder For the archive and what it is made of.
 * @returns The archive's path.
 */
export async function writeImages(folder: string, names: readonly string[]): Promise<string> {
  const layout = join(folder, "layout");
  const blobs = join(layout, "blobs", "sha256");
  await Deno.mkdir(blobs, { recursive: true });
  const store = async (mediaType: string, content: Uint8Array | string) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const hash = createHash("sha256").update(bytes).digest("hex");
    await Deno.writeFile(join(blobs, hash), bytes);
    return {
      mediaType: `${MEDIA_TYPE}.${mediaType}`,
      digest: `sha256:${hash}`,
      size: bytes.length,
    };
  };
  const layer = await store("layer.v1.tar", await Deno.readFile(await writeLayer(folder)));
  const manifests = [];
  for (const name of names) {
    const config = await store("config.v1+json", JSON.stringify(configOf(name, layer.digest)));
    const manifest = { schemaVersion: 2, mediaType: `${MEDIA_TYPE}.manifest.v1+json`, config };
    const stored = await store(
      "manifest.v1+json",
      JSON.stringify({ ...manifest, layers: [layer] }),
    );
    const annotations = { "io.containerd.image.name": fullName(name) };
    manifests.push({ ...stored, annotations });
  }
  const index = JSON.stringify({ schemaVersion: 2, manifests });
  await Deno.writeTextFile(join(layout, "index.json"), index);
  await Deno.writeTextFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return await archive(layout, join(folder, "images.tar"));
}

async function writeLayer(folder: string): Promise<string> {
  const root = join(folder, "root");
  await Deno.mkdir(join(root, "bin"), { recursive: true });
  await Deno.mkdir(join(root, "tmp"));
  await Deno.copyFile(BUSYBOX, join(root, "bin", "busybox"));
  for (const command of COMMANDS) await Deno.symlink("busybox", join(root, "bin", command));
  return await archive(root, join(folder, "layer.tar"));
}

function configOf(name: string, layer: string) {
  return {
    architecture: ARCHITECTURES[Deno.build.arch],
    os: "linux",
    config: { Entrypoint: ENTRYPOINT, Env: ["PATH=/bin"], Labels: { image: name } },
    rootfs: { type: "layers", diff_ids: [layer] },
  };
}

/** The name that a kubelet asks for. */
function fullName(name: string): string {
  return name.includes("/") ? name : `docker.io/library/${name}`;
}

async function archive(folder: string, file: string): Promise<string> {
  const args = ["--create", "--file", file, "--directory", folder, "--owner=0", "--group=0", "."];
  const { success, stderr } = await new Deno.Command("tar", { args }).output();
  if (!success) throw new Error(`Cannot archive ${folder}: ${new TextDecoder().decode(stderr)}`);
  return file;
}
