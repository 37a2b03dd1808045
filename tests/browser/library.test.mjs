// Finding clips again, keeping them in order, and letting them go.
import assert from 'node:assert/strict';
import { story } from './support/story.mjs';
import { assertPlays } from './support/studio.mjs';

const prompts = ['a red cat runs to the left in the meadow', 'a blue fish swims to the left in the sea', 'a green rocket rises in space'];

async function withClips(server) {
  const clips = [];
  for (const prompt of prompts) clips.push(await server.clip({ prompt }));
  return clips;
}

async function pick(studio, ...chosen) {
  await studio.button('Select').click();
  for (const prompt of chosen) await studio.page.getByRole('checkbox', { name: `Choose: ${prompt}` }).click();
}

story('clips are searched, kept as favourites and put into folders', async ({ studio, server }) => {
  await withClips(server);
  await studio.visit('#/library');
  await studio.clips.nth(2).waitFor();
  await studio.page.getByLabel('Search your clips').fill('BLUE fish');
  await studio.clips.nth(1).waitFor({ state: 'detached' });
  await studio.clip(prompts[1]).waitFor();
  await studio.page.getByLabel('Search your clips').fill('zebra');
  await studio.page.getByText('No clip has these words.').waitFor();
  await studio.page.getByLabel('Search your clips').fill('');
  await studio.clips.nth(2).waitFor();

  await studio.clips.filter({ has: studio.clip(prompts[0]) }).getByRole('button', { name: 'Favourite' }).click();
  await studio.button('Favourites').click();
  await studio.clips.nth(1).waitFor({ state: 'detached' });
  await studio.clip(prompts[0]).waitFor();
  await studio.button('All clips').click();
  await studio.clips.nth(2).waitFor();

  await pick(studio, prompts[0], prompts[2]);
  await studio.button('Move to folder').click();
  await studio.page.getByLabel('Name of the folder').fill('Trips');
  await studio.button('Save').click();
  await studio.message('2 clips moved to Trips').waitFor();
  await studio.page.getByLabel('Folders').selectOption('Trips');
  await studio.clips.nth(2).waitFor({ state: 'detached' });
  await studio.clips.nth(1).waitFor();
  assert.equal(await studio.clips.count(), 2);
});

story('the trash gives back, at once and later', async ({ studio, server }) => {
  await withClips(server);
  await studio.visit('#/library');
  await studio.clips.nth(2).waitFor();
  await pick(studio, prompts[1]);
  await studio.button('To the trash').click();
  await studio.clip(prompts[1]).waitFor({ state: 'detached' });
  await studio.message('1 clip in the trash').getByRole('button', { name: 'Undo' }).click();
  await studio.clip(prompts[1]).waitFor();

  await studio.clip(prompts[1]).click();
  await studio.button('To the trash').click();
  await studio.heading('Library').waitFor();
  await studio.button('Trash', { exact: true }).click();
  await studio.clip(prompts[1]).waitFor();
  await pick(studio, prompts[1]);
  await studio.button('Restore').click();
  await studio.page.getByText('The trash is empty.').waitFor();

  await studio.button('All clips').click();
  await pick(studio, prompts[1]);
  await studio.button('To the trash').click();
  await studio.button('Trash', { exact: true }).click();
  await pick(studio, prompts[1]);
  await studio.button('Delete for good').click();
  await studio.dialog('Delete for good').getByRole('button', { name: 'Delete for good' }).click();
  await studio.message('1 clip deleted').waitFor();
  assert.equal((await server.json('GET', '/jobs?trashed=true')).jobs.length, 0);
});

story('two clips play side by side, in step', async ({ studio, server }) => {
  const [first, second] = [await server.clip({ seed: 1 }), await server.clip({ seed: 2 })];
  await studio.visit('#/library');
  await studio.clips.nth(1).waitFor();
  await studio.button('Select').click();
  for (const box of await studio.page.getByRole('checkbox').all()) await box.click();
  await studio.button('Compare').click();
  await studio.heading('Side by side').waitFor();
  const videos = studio.page.locator('video.player');
  await assertPlays(videos.nth(0));
  await assertPlays(videos.nth(1));
  await studio.page.getByLabel('Position').fill('0.25');
  await studio.page.waitForFunction(() => [...document.querySelectorAll('video.player')].every((video) => video.paused && Math.abs(video.currentTime - 0.25) < 0.07));
  const seeds = studio.page.getByRole('row', { name: /^Seed/ }).getByRole('cell');
  assert.deepEqual((await seeds.allInnerTexts()).sort(), [String(first.effective.seed), String(second.effective.seed)]);
  await studio.page.getByRole('row', { name: /^Steps/ }).getByText('the same').waitFor();
});
