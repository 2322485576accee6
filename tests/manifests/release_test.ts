import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { Ajv } from "ajv";
import "ajv-formats";
import "ajv-formats-draft2019";
import assert from "node:assert/strict";
import { parse } from "yaml";
import { archive } from "../../manifests/generate/release/files.ts";
import { platformName, TARGETS } from "../../manifests/generate/platforms.ts";
import { krewManifest } from "../../manifests/generate/release/krew.ts";
import { releaseNotes } from "../../manifests/generate/release/notes.ts";
import { PROGRAM_VERSION } from "../../lib/cli/version/version.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, root));

const DOWNLOADS = "https://example.com/download";
/** A small program of this machine, which takes the place of Deno's runtime in executables. */
const RUNTIME = "/bin/true";
const EXECUTABLE = `sidecarset-${platformName(Deno.build.target)}`;

/** Runs `deno task release`. */
async function release(
  output: string,
  ...args: readonly string[]
): Promise<{ success: boolean; said: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "release", "--output", output, ...args],
    cwd: root,
    env: { NO_COLOR: "1", DENORT_BIN: RUNTIME },
  }).output();
  const decoder = new TextDecoder();
  return { success, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    contents[name] = (await Deno.readFile(`${folder}/${name}`)).toBase64();
  }
  return contents;
}

Deno.test("deno task release", async (t) => {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()] as const;
  const [folder] = folders;
  let output = "";
  try {
    await t.step("writes the same bytes twice", async () => {
      // The second folder has an earlier release, and a file that no release has written.
      await Deno.writeTextFile(`${folders[1]}/SHA256SUMS`, `${"0".repeat(64)}  sidecarset-old\n`);
      await Deno.writeTextFile(`${folders[1]}/sidecarset-old`, "");
      await Deno.writeTextFile(`${folders[1]}/notes.txt`, "kept");
      for (const each of folders) {
        const { success, said } = await release(each, "--downloads", DOWNLOADS);
        assert.ok(success, said);
        output = said;
      }
      assert.equal(await Deno.readTextFile(`${folders[1]}/notes.txt`), "kept");
      await Deno.remove(`${folders[1]}/notes.txt`);
      const [first, second] = await Promise.all(folders.map(contentsOf));
      assert.deepEqual(Object.keys(first ?? {}).sort(), [
        "SHA256SUMS",
        "install-cert-manager-prometheus-operator.yaml",
        "install-cert-manager.yaml",
        "install-openkruise.yaml",
        "install-prometheus-operator.yaml",
        "install-restricted.yaml",
        "install.yaml",
        "release-notes.md",
        `sidecarset-chart-${PROGRAM_VERSION}.tgz`,
        EXECUTABLE,
        `${EXECUTABLE}.tar.gz`,
        "sidecarset.cdx.json",
        "sidecarset.krew.yaml",
        "sidecarset.schema.json",
      ]);
      assert.deepEqual(first, second);
    });

    await t.step("names each executable that it left out, with the reason", () => {
      const others = TARGETS.filter((target) => target !== Deno.build.target);
      assert.equal(others.length, TARGETS.length - 1);
      for (const target of others) {
        const name = `sidecarset-${platformName(target)}`;
        const line = output.split("\n").find((each) => each.startsWith(`Left out ${name} and `));
        assert.equal(
          line,
          `Left out ${name} and ${name}.tar.gz: Cannot compile for ${target}: DENORT_BIN names a ` +
            `runtime for ${Deno.build.target}; name one for ${target}, or unset it to download one`,
        );
      }
    });

    await t.step("writes a krew manifest of the archives that it made", async () => {
      const { spec } = parse(await Deno.readTextFile(`${folder}/sidecarset.krew.yaml`));
      const archived = await Deno.readFile(`${folder}/${EXECUTABLE}.tar.gz`);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", archived)).toHex();
      assert.deepEqual(
        spec.platforms.map(({ uri, sha256 }: Record<string, string>) => ({ uri, sha256 })),
        [{ uri: `${DOWNLOADS}/${EXECUTABLE}.tar.gz`, sha256: digest }],
      );
    });

    await t.step("says why there is no krew manifest", async () => {
      const { success, said } = await release(folders[1], "--target", "none");
      assert.ok(success, said);
      assert.match(said, /^Left out sidecarset\.krew\.yaml: .*none was made$/m);
      const [first, second] = await Promise.all(folders.map(contentsOf));
      const left = Object.keys(first ?? {}).filter((name) => second?.[name] === undefined).sort();
      assert.deepEqual(left, [EXECUTABLE, `${EXECUTABLE}.tar.gz`, "sidecarset.krew.yaml"]);
    });

    await t.step("fails where an executable is required and cannot be made", async () => {
      const [target = ""] = TARGETS.filter((each) => each !== Deno.build.target);
      const { success, said } = await release(
        folders[1],
        "--require-executables",
        ...["--target", target],
      );
      assert.equal(success, false);
      assert.match(said, /^Left out sidecarset-/m);
    });

    await t.step("refuses a target and an option that it does not have", async () => {
      for (const args of [["--target", "sparc"], ["--tags", "v1"]]) {
        const { success, said } = await release(folders[1], ...args);
        assert.equal(success, false);
        assert.match(said, /^(Cannot compile for sparc: the targets are|Unknown option '--tags')/m);
        assert.doesNotMatch(said, /^ {4}at /m);
      }
    });

    await t.step("writes checksums that sha256sum verifies", async () => {
      const { success, stderr } = await new Deno.Command("sha256sum", {
        args: ["--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd: folder,
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    });

    await t.step("writes an SBOM that the published schema of CycloneDX accepts", async () => {
      const text = await Deno.readTextFile(`${folder}/sidecarset.cdx.json`);
      const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
      assert.equal(await validator.validate(text), null);
      const { components } = JSON.parse(text);
      const names = components.map(({ name }: { name: string }) => name);
      assert.ok(names.includes("zod") && names.includes("asn1-x509") && names.includes("deno"));
      assert.ok(!names.includes("fast-check"), "a package of the tests is listed");
      for (const { name, purl } of components) assert.match(purl, /^pkg:(npm|github)\//, name);
      for (const { name, licenses, hashes } of components) {
        assert.ok(licenses?.length > 0, `${name} has no licence`);
        assert.ok(name === "deno" || hashes?.length > 0, `${name} has no hash`);
      }
    });

    await t.step("writes an editor schema that takes the examples and marks a typo", async () => {
      const schema = JSON.parse(await Deno.readTextFile(`${folder}/sidecarset.schema.json`));
      const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
      const example = await read("manifests/examples/sidecarset.yaml");
      const accepts = (text: string): boolean => validate(parse(text));
      assert.ok(accepts(example), JSON.stringify(validate.errors));
      const wrong = [{ failPolicy: "Fail" }, { failurePolicy: "Never" }, { selector: "web" }];
      for (const fields of wrong) {
        const { spec, ...rest } = parse(example);
        const accepted = validate({ ...rest, spec: { ...spec, ...fields } });
        assert.ok(!accepted, JSON.stringify(fields));
      }
      assert.ok(!accepts(example.replace("kind: SidecarSet", "kind: SidecarSets")));
      const newer = example.replace("- name:", "- fieldOfTomorrow: true\n      name:");
      assert.notEqual(newer, example);
      assert.ok(accepts(newer), "a field of a newer Kubernetes is marked");
    });

    await t.step("refuses a tag that is not the program's version", async () => {
      const { success, said } = await release(folder, "--tag", "v99.0.0");
      assert.equal(success, false);
      assert.match(said, /Cannot release v99\.0\.0: deno\.json has version/);
    });
  } finally {
    for (const each of folders) await Deno.remove(each, { recursive: true });
  }
});

Deno.test("the version of deno.json, the chart and the changelog is one", async () => {
  const chart = parse(await read("manifests/chart/Chart.yaml"));
  assert.equal(chart.version, PROGRAM_VERSION);
  assert.equal(chart.appVersion, PROGRAM_VERSION);
  const changelog = await read(".github/CHANGELOG.md");
  assert.match(releaseNotes(changelog, PROGRAM_VERSION), /\w/);
});

Deno.test("release notes are the section of one version", () => {
  const changelog = "# Changelog\n\n## 2.0.0 - 2027-01-01\n\n- b\n\n## 1.0.0\n\n- a\n";
  assert.equal(releaseNotes(changelog, "2.0.0"), "- b\n");
  assert.equal(releaseNotes(changelog, "1.0.0"), "- a\n");
  assert.throws(() => releaseNotes(changelog, "3.0.0"), /has no section "## 3\.0\.0"/);
});

Deno.test("an archive keeps names, contents and the executable bit, in one order", async () => {
  const files = [
    { name: "b/run", data: "#!/bin/sh\n", isExecutable: true },
    { name: "a.txt", data: "a" },
  ];
  const bytes = archive(files);
  assert.deepEqual(archive([...files].reverse()), bytes);
  const child = new Deno.Command("tar", {
    args: ["--list", "--verbose", "--gzip"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Blob([new Uint8Array(bytes)]).stream().pipeTo(child.stdin);
  const { stdout } = await child.output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert.match(lines[0] ?? "", /^-rw-r--r-- root\/root .* a\.txt$/);
  assert.match(lines[1] ?? "", /^-rwxr-xr-x root\/root .* b\/run$/);
});

Deno.test("the krew manifest names one archive for each platform", () => {
  const archives = [{
    target: "aarch64-apple-darwin",
    archive: "sidecarset-darwin-arm64.tar.gz",
    sha256: "0".repeat(64),
  }];
  const manifest = parse(
    krewManifest({ version: "1.2.3", downloads: "https://example.com/v1.2.3", archives }),
  );
  assert.equal(manifest.spec.version, "v1.2.3");
  const [platform] = manifest.spec.platforms;
  assert.deepEqual(platform.selector.matchLabels, { os: "darwin", arch: "arm64" });
  assert.equal(platform.uri, "https://example.com/v1.2.3/sidecarset-darwin-arm64.tar.gz");
  assert.throws(
    () =>
      krewManifest({ version: "1", downloads: "", archives: [{ ...archives[0]!, target: "x" }] }),
    /Cannot name the platform of x/,
  );
});
