// The studio as a visitor sees it: by the names of things, not by how they are built.
import assert from 'node:assert/strict';

/** A video that runs and shows a picture: time moves, and its pixels are not all alike. */
export async function assertPlays(video) {
  await video.waitFor();
  await video.evaluate((element) => new Promise((resolve) => {
    const look = () => (element.currentTime > 0.1 && element.videoWidth > 0 ? resolve() : requestAnimationFrame(look));
    look();
  }));
  const spread = await video.evaluate((element) => {
    const canvas = new OffscreenCanvas(element.videoWidth, element.videoHeight);
    const pen = canvas.getContext('2d');
    pen.drawImage(element, 0, 0);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    const greens = data.filter((_, index) => index % 4 === 1);
    return Math.max(...greens) - Math.min(...greens);
  });
  assert.ok(spread > 20, `the picture is flat: ${spread}`);
}

export class Studio {
  constructor(page, url) {
    this.page = page;
    this.url = url;
  }

  async visit(hash = '') {
    await this.page.goto(`${this.url}/${hash}`);
    await this.page.getByRole('main').waitFor();
  }

  button(name, options = {}) {
    return this.page.getByRole('button', { name, ...options });
  }

  heading(name) {
    return this.page.getByRole('heading', { name });
  }

  dialog(name) {
    return this.page.getByRole('dialog', { name });
  }

  get prompt() {
    return this.page.getByLabel('Describe your clip');
  }

  chip(row, name) {
    return this.page.getByRole('group', { name: row, exact: true }).getByRole('button', { name, exact: true });
  }

  /** The first card of the feed. */
  get newest() {
    return this.page.locator('.group').first();
  }

  /** The message at the foot of the window that says this. */
  message(text) {
    return this.page.locator('.toast').filter({ hasText: text }).last();
  }

  async fold(name) {
    await this.button(name).click();
  }

  async choose(menu, entry) {
    await this.button(menu).click();
    await this.page.getByRole('menuitem', { name: entry }).or(this.page.getByRole('menuitemradio', { name: entry })).click();
  }

  /** One press of the button, and the card that comes of it. */
  async make() {
    const before = await this.page.locator('.group').count();
    await this.button(/^Make/).click();
    await this.page.locator('.group').nth(before).waitFor();
    return this.newest;
  }

  /** The finished picture in a card. */
  finished(card) {
    return card.getByRole('link', { name: /^Open: / });
  }

  get clips() {
    return this.page.locator('.patch');
  }

  clip(prompt) {
    return this.page.getByRole('link', { name: `Open: ${prompt}` });
  }

  get player() {
    return this.page.locator('video.player');
  }

  /** A file dropped on the window, as from a folder. */
  async drop(name, bytes) {
    const transfer = await this.page.evaluateHandle(([file, data]) => {
      const carried = new DataTransfer();
      carried.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], file));
      return carried;
    }, [name, Buffer.from(bytes).toString('base64')]);
    for (const type of ['dragenter', 'dragover', 'drop']) await this.page.dispatchEvent('body', type, { dataTransfer: transfer });
  }

  /** What comes of `act` as a file. */
  async download(act) {
    const [download] = await Promise.all([this.page.waitForEvent('download'), act()]);
    const stream = await download.createReadStream();
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return { name: download.suggestedFilename(), bytes: Buffer.concat(pieces) };
  }
}
