import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { TestBrowser } from "../support/browser.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { DashboardProcess } from "../support/dashboard_process.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { testInBrowser } from "../support/installed.ts";
import { kubeconfigText } from "../support/kubeconfig.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import {
  createSidecarSet,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";
import { createDeployment, untilReplicas } from "../support/workloads.ts";

const REPLICAS = 6;
const DEADLINE_MS = 60_000;
const HOSTILE = "<img src=x onerror=document.title='owned'>";

const containers = (image: string) => [{ name: "agent", image }];

/** Waits for a text of the page. */
function untilText(page: Page, selector: string, text: RegExp): Promise<string> {
  return eventually(async () => {
    const found = await page.$$eval(selector, (all) => all.map((each) => each.textContent ?? ""));
    return found.find((each) => text.test(each));
  }, { what: `${selector} has ${text}`, timeout: DEADLINE_MS });
}

/** Counts the cells of the grid by their letter. */
async function letters(page: Page): Promise<Record<string, number>> {
  const texts = await page.$$eval(
    ".cell",
    (cells) => cells.map(({ textContent }) => textContent ?? ""),
  );
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

const OPERATED = new Set(["link", "button", "textbox", "searchbox", "combobox", "image", "table"]);

/** Asserts by the browser's accessibility tree that controls, pictures and tables have names. */
async function assertAccessible(page: Page): Promise<void> {
  const root = await page.accessibility.snapshot();
  const pending = root ? [root] : [];
  let count = 0;
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    pending.push(...node.children ?? []);
    if (!OPERATED.has(node.role)) continue;
    count++;
    assert.ok(node.name, `${node.role} has a name`);
  }
  assert.ok(count >= 3, `${count} named parts`);
}

/** Clicks an action, waits for its preview, and confirms it. */
async function perform(page: Page, title: string): Promise<string> {
  await page.locator(`xpath///div[contains(@class, "actions")]/button[starts-with(., "${title}")]`)
    .click();
  const preview = await untilText(page, "dialog pre", /\S/);
  await page.locator("dialog .primary").click();
  await eventually(async () => await page.$("dialog .primary") === null, {
    what: `${title} is answered`,
    timeout: DEADLINE_MS,
  });
  await page.keyboard.press("Escape");
  return preview;
}

testInBrowser("the dashboard in a browser, on a real control plane", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using _controller = await installAndStart(plane);
  await using browser = await TestBrowser.launch();
  await using dashboard = await DashboardProcess.start(plane.kubeconfig);
  const selector = { matchLabels: { app: "web" } };
  await createSidecarSet(plane, "logging", { selector, containers: containers("agent:1") });
  await createDeployment(plane, "web", { replicas: REPLICAS, labels: { app: "web" } });
  await untilReplicas(plane, "web", { replicas: REPLICAS });
  const { page, errors, foreign } = await browser.open(dashboard.address);

  await t.step("the address loses its token, and the overview shows the SidecarSet", async () => {
    assert.equal(page.url(), dashboard.at(""));
    await untilText(
      page,
      ".overview .row",
      new RegExp(`logging.*${REPLICAS} of ${REPLICAS}.*UpToDate`),
    );
  });

  await t.step("without the token a browser gets no page", async () => {
    const other = await browser.open(dashboard.at(""));
    assert.match(
      await other.page.$eval("body", (body) => body.textContent ?? ""),
      /^Cannot answer: /,
    );
  });

  await t.step("a roll-out moves in the grid as it moves in the cluster", async () => {
    await page.locator(".overview a").click();
    await eventually(async () => (await letters(page)).U === REPLICAS, {
      what: "every cell is updated",
      timeout: DEADLINE_MS,
    });
    await patchSidecarSet(plane, "logging", {
      updateStrategy: { partition: 2 },
      containers: containers("agent:2"),
    });
    await eventually(async () => {
      const { U, O } = await letters(page);
      return U === REPLICAS - 2 && O === 2;
    }, { what: "two cells stay outdated", timeout: DEADLINE_MS });
    await untilText(page, ".sentence", /PartitionReached/);
  });

  await t.step("a cell's link explains the Pod with the injected fields", async () => {
    await page.locator(".cell").click();
    await assertAccessible(page);
    await untilText(page, ".card", /logging.*injected.*spec\.containers\[agent\]/s);
    await page.goBack();
  });

  await t.step("everything that a user operates has a name for a screen reader", async () => {
    await untilText(page, ".sentence", /PartitionReached/);
    await assertAccessible(page);
    await page.goto(dashboard.at(""));
    await untilText(page, ".overview .row", /logging/);
    await assertAccessible(page);
    await page.goBack();
  });

  await t.step("pause shows first what it does, and then pauses", async () => {
    assert.match(
      await perform(page, "Pause"),
      /sidecarset\.apps\.kruise\.io\/logging paused \(server dry run\)/,
    );
    const { spec } = await getSidecarSet(plane, "logging");
    assert.equal(spec.updateStrategy?.paused, true);
    await untilText(page, ".sentence", /Paused/);
  });

  await t.step("a second pause has nothing to do, and cannot be confirmed", async () => {
    await page.locator('xpath///div[contains(@class, "actions")]/button[starts-with(., "Pause")]')
      .click();
    await untilText(page, "dialog pre", /Nothing to do: SidecarSet logging is already paused/);
    assert.equal(
      await page.$eval("dialog .primary", (button) => button.hasAttribute("disabled")),
      true,
    );
    await page.keyboard.press("Escape");
  });

  await t.step("undo shows the differences, and rolls back", async () => {
    const preview = await perform(page, "Undo");
    assert.match(preview, /^- +image: agent:2$/m);
    assert.match(preview, /^\+ +image: agent:1$/m);
    await untilSidecarSet(plane, "logging", {
      what: "has the earlier image",
      is: ({ spec }) => spec.containers?.[0]?.image === "agent:1",
    });
  });

  await t.step("edited YAML shows what diff foresees, and nothing is applied", async () => {
    await page.locator('xpath///button[.="Load the stored SidecarSet"]').click();
    await eventually(
      () =>
        page.$eval("#yaml", (field) => "value" in field && String(field.value).includes("agent:1")),
      {
        what: "the YAML is loaded",
        timeout: DEADLINE_MS,
      },
    );
    const { metadata: { generation } } = await getSidecarSet(plane, "logging");
    const yaml = await page.$eval("#yaml", (field) => "value" in field ? String(field.value) : "");
    await page.locator("#yaml").fill(yaml.replace("agent:1", "agent:3"));
    await page.locator('xpath///button[.="Show what it would do"]').click();
    await untilText(page, ".editor pre", /SidecarSet logging would be changed/);
    assert.equal((await getSidecarSet(plane, "logging")).metadata.generation, generation);
  });

  await t.step("a text from the cluster is text, never markup", async () => {
    const metadata = { name: "hostile", annotations: { note: HOSTILE } };
    const manifest = {
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata,
      spec: {
        selector: { matchLabels: { app: HOSTILE } },
        containers: [{ name: "a", image: HOSTILE }],
      },
    };
    await page.locator("#yaml").fill(JSON.stringify(manifest));
    await page.locator('xpath///button[.="Show what it would do"]').click();
    await untilText(page, ".editor pre", /onerror/);
    await page.goto(dashboard.at(`#/pods/default/${encodeURIComponent(HOSTILE)}`));
    await untilText(page, "h1", /onerror/);
    assert.equal(await page.$("img"), null);
    assert.doesNotMatch(await page.title(), /^owned$/);
  });

  await t.step(
    "a user without the right to change SidecarSets sees why the actions are disabled",
    async () => {
      await kubectlOutput(["create", "serviceaccount", "viewer", "-n", "default"], plane);
      await kubectlOutput([
        ...["create", "clusterrolebinding", "viewer", "--clusterrole=view"],
        "--serviceaccount=default:viewer",
      ], plane);
      const token = await kubectlOutput(["create", "token", "viewer", "-n", "default"], plane);
      const kubeconfig = join(plane.folder, "viewer.kubeconfig");
      const ca = join(plane.folder, "pki", "apiserver.crt");
      const credentials = { token: token.trim() };
      await Deno.writeTextFile(
        kubeconfig,
        kubeconfigText({ server: plane.url, ca, user: "viewer", credentials }),
      );
      await using limited = await DashboardProcess.start(kubeconfig);
      const { page } = await browser.open(limited.address);
      await page.goto(limited.at("#/sidecarsets/logging"));
      await untilText(page, ".reason", /may not patch sidecarsets\.apps\.kruise\.io/);
      const disabled = await page.$$eval(
        ".actions button",
        (all) => all.map((each) => each.hasAttribute("disabled")),
      );
      assert.deepEqual(disabled, [true, true, true, true]);
      assert.equal(await limited.interrupt(), 0);
    },
  );

  await t.step(
    "a lost API server is shown, and the page follows the cluster again afterwards",
    async () => {
      await page.goto(dashboard.at("#/sidecarsets/logging"));
      await untilText(page, ".sentence", /Paused/);
      await plane.stopApiServer();
      await untilText(page, "#banner", /The cluster is not read completely/);
      await plane.startApiServer();
      await patchSidecarSet(plane, "logging", { updateStrategy: { paused: false, partition: 0 } });
      await eventually(async () => (await letters(page)).U === REPLICAS, {
        what: "every cell is updated again",
        timeout: 3 * DEADLINE_MS,
      });
      await eventually(() => page.$eval("#banner", (banner) => banner.hasAttribute("hidden")), {
        what: "the banner goes",
        timeout: 3 * DEADLINE_MS,
      });
    },
  );

  await t.step("the page of a Pod follows the cluster", async () => {
    await page.locator(".cell").click();
    await untilText(page, ".card", /injected, up to date/);
    await patchSidecarSet(plane, "logging", {
      updateStrategy: { paused: true },
      containers: containers("agent:4"),
    });
    await untilText(page, ".card", /injected, outdated/);
  });

  await t.step(
    "the page requested nothing from elsewhere, and had no error but the outage's",
    () => {
      assert.deepEqual(foreign, []);
      assert.deepEqual(errors.filter((text) => !/Failed to load resource|ERR_/.test(text)), []);
    },
  );

  await t.step("Ctrl-C ends the process while a page is open", async () => {
    assert.equal(await dashboard.interrupt(), 0);
    await untilText(page, "#banner", /connection to the dashboard's process is lost/);
  });
});
