import puppeteer, { type Browser, type Page } from "puppeteer-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a page did that it must not do. */
export interface Observed {
  readonly page: Page;
  /** Errors in the page's code, and what its content security policy blocked. */
  readonly errors: readonly string[];
  /** Addresses of other servers that the page requested. */
  readonly foreign: readonly string[];
}

/** A headless Chromium with its own profile. Dispose of it. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** @throws {Error} if there is no Chromium on the PATH */
  static async launch(): Promise<TestBrowser> {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", "command -v chromium"] })
      .output();
    const executablePath = new TextDecoder().decode(stdout).trim();
    if (executablePath === "") throw new Error("Cannot start a browser: chromium is not installed");
    return new TestBrowser(await puppeteer.launch({ executablePath, args: FLAGS }));
  }

  /** Opens an address in its own session. */
  async open(address: string, { width = 1280, height = 800 } = {}): Promise<Observed> {
    const context = await this.#browser.createBrowserContext();
    const page = await context.newPage();
    const errors: string[] = [];
    const foreign: string[] = [];
    const { host } = new URL(address);
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("request", (request) => {
      if (new URL(request.url()).host !== host) foreign.push(request.url());
    });
    await page.setViewport({ width, height });
    await page.goto(address);
    return { page, errors, foreign };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
