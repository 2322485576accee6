import type { ControlPlane } from "./control_plane.ts";
import { DashboardProcess } from "./dashboard_process.ts";
import { TestBrowser } from "./browser.ts";

const FOLDER = new URL("../../manifests/docs/images/", import.meta.url);

/** The command of the tutorial after which the pictures are taken: a roll-out has stopped at one Pod. */
const MOMENT = "sidecarset rollout pause logging";

const WINDOW = { width: 1_100, height: 620 };

/** Takes the pictures of the dashboard that the documents show, while the tutorial is played. */
export function takesScreenshots({ kubeconfig }: ControlPlane): (command: string) => Promise<void> {
  return async (command) => {
    if (command !== MOMENT) return;
    await Deno.mkdir(FOLDER, { recursive: true });
    await using dashboard = await DashboardProcess.start(kubeconfig);
    await using browser = await TestBrowser.launch();
    const { page } = await browser.open(dashboard.address, WINDOW);
    const take = async (name: string, ready: string) => {
      await page.locator(ready).wait();
      const bytes = await page.screenshot({ optimizeForSpeed: false });
      await Deno.writeFile(new URL(`dashboard-${name}.png`, FOLDER), bytes);
    };
    await take("overview", ".overview .row");
    await page.goto(dashboard.at("#/sidecarsets/logging"));
    await take("sidecarset", ".cell.is-inFlight");
    await page.locator(".cell.is-inFlight").click();
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await take("pod", ".card");
  };
}
