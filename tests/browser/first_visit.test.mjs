// Somebody opens the studio for the first time and has a clip a moment later.
import assert from 'node:assert/strict';
import { story } from './support/story.mjs';
import { assertPlays } from './support/studio.mjs';

story('a first visit ends in a clip', async ({ studio, size }) => {
  await studio.visit();
  await studio.heading('What shall we see?').waitFor();
  await studio.chip('Colour', 'blue').click();
  await studio.chip('Who or what', 'balloon').click();
  await studio.chip('Where', 'city').click();
  assert.match(await studio.prompt.inputValue(), /^a blue balloon \w+s over the city/);

  const card = await studio.make();
  const bar = card.getByRole('progressbar');
  await bar.waitFor();
  const previews = new Set();
  const fractions = [];
  const look = async () => {
    previews.add(await card.locator('img.tile-preview').getAttribute('src', { timeout: 500 }).catch(() => null));
    fractions.push(Number(await bar.getAttribute('aria-valuenow', { timeout: 500 }).catch(() => NaN)));
  };
  const done = studio.finished(card).waitFor();
  let isDone = false;
  void done.then(() => { isDone = true; });
  while (!isDone) await Promise.race([done, look()]);
  const told = fractions.filter((value) => !Number.isNaN(value));
  assert.deepEqual(told, [...told].sort((a, b) => a - b), 'progress never goes back');
  assert.ok(new Set(told).size >= 3, `progress was told: ${told}`);
  previews.delete(null);
  assert.ok(previews.size >= 2, `the picture grows: ${[...previews]}`);

  await assertPlays(card.locator('video'));
  await studio.finished(card).click();
  await assertPlays(studio.player);
  await studio.page.getByText('Made', { exact: false }).first().waitFor();
  if (size === 'phone') assert.equal(await studio.page.evaluate(() => document.documentElement.scrollWidth), 390, 'nothing sticks out');
});

story('an empty box makes the sentence that it shows', async ({ studio }) => {
  await studio.visit();
  await studio.chip('Colour', 'red').waitFor();
  const shown = await studio.prompt.getAttribute('placeholder');
  await studio.make();
  assert.equal(await studio.prompt.inputValue(), shown);
});

story('a press before the words have come is not lost', async ({ studio }) => {
  await studio.page.route(/\/world\/words$/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
  await studio.visit();
  await studio.make();
});

story('a keyboard is enough', async ({ studio, size }) => {
  if (size === 'phone') return;
  await studio.visit();
  await studio.chip('Colour', 'red').waitFor();
  await studio.page.keyboard.press('c');
  await studio.prompt.and(studio.page.locator(':focus')).waitFor();
  await studio.page.keyboard.type('a green fish swims to the left in the sea');
  await studio.page.keyboard.press('Control+Enter');
  await studio.finished(studio.newest).focus();
  await studio.page.keyboard.press('Enter');
  await studio.heading('a green fish swims').waitFor();
  await studio.page.keyboard.press('f');
  await studio.button('No longer a favourite').waitFor();
  await studio.page.keyboard.press('Escape');
  await studio.heading('Library').waitFor();

  // However quick the hand: a key that comes with the page's first sight is heard.
  await studio.page.evaluate(() => new MutationObserver((_, observer) => {
    if (!document.querySelector('.clip-prompt')) return;
    observer.disconnect();
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'f', bubbles: true }));
  }).observe(document.body, { childList: true, subtree: true }));
  await studio.clip('a green fish swims to the left in the sea').focus();
  await studio.page.keyboard.press('Enter');
  await studio.button('Favourite', { exact: true }).waitFor();
});
