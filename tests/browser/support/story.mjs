// A story: a fresh server, a fresh browser window, what a visitor does there, and nothing that should not have happened.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Server } from './server.mjs';
import { Studio } from './studio.mjs';

const windows = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};
const patience_ms = 45_000; // for what a busy machine does in a second or two

let browser = null;
async function openBrowser() {
  browser ??= await chromium.launch({ executablePath: process.env.HOTSHOT_CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  return browser;
}
after(() => browser?.close());

/** Keeps what a page must never do: ask another origin, break the content policy, complain in the console. */
class Watch {
  constructor(origin) {
    this.origin = origin;
    this.problems = [];
    this.expected = [/status of 404.*\/preview\?/]; // of a clip that was finished while it was asked for
  }

  /** Complaints that belong to the story (a server that is gone, an answer of 404). */
  expect(pattern) {
    this.expected.push(pattern);
  }

  complain(text) {
    this.problems.push(text);
  }

  async follow(context) {
    await context.addInitScript(() => addEventListener('securitypolicyviolation', (event) => console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`)));
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== this.origin && !['data:', 'blob:'].includes(url.protocol)) this.complain(`request to ${url.origin}`);
    });
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complain(`console: ${message.text()} ${message.location().url}`);
    });
    context.on('weberror', (error) => this.complain(`exception: ${error.error().stack}`));
  }

  assertCalm() {
    const left = this.problems.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
    assert.deepEqual(left, []);
  }
}

/** Tells `run` once on a desktop and once on a phone. `serve`: options of the server. */
export function story(name, run, { serve = [] } = {}) {
  for (const [size, window] of Object.entries(windows)) {
    test(`${name} (${size})`, { timeout: 4 * patience_ms }, async () => {
      const server = await Server.start(...serve);
      const watch = new Watch(new URL(server.url).origin);
      const contexts = [];
      const open = async (options = {}) => {
        const context = await (await openBrowser()).newContext({ locale: 'en-GB', colorScheme: 'light', acceptDownloads: true, ...window, ...options });
        contexts.push(context);
        context.setDefaultTimeout(patience_ms);
        await watch.follow(context);
        return new Studio(await context.newPage(), server.url);
      };
      try {
        await run({ server, watch, open, size, studio: await open() });
        watch.assertCalm();
      } finally {
        for (const context of contexts) await context.close();
        await server.close();
      }
    });
  }
}
