// What can be done while clips are made, and with what they were made.
import assert from 'node:assert/strict';
import { story } from './support/story.mjs';

const slow = 200; // steps, so that there is time to do something about it

async function makeSlowly(studio) {
  await studio.prompt.fill('a red train drives to the left in the snow');
  await studio.fold('Fine tuning');
  await studio.page.getByLabel('Steps').fill(String(slow));
  return studio.make();
}

story('a clip is cancelled while it is painted, and made after all', async ({ studio, server }) => {
  await studio.visit();
  const card = await makeSlowly(studio);
  await card.getByRole('progressbar').waitFor();
  await card.getByRole('button', { name: 'Cancel' }).click();
  await card.getByText('Cancelled').waitFor();
  const { jobs: [job] } = await server.json('GET', '/jobs');
  assert.equal(job.status, 'cancelled');
  await card.getByRole('button', { name: 'Try again' }).click();
  await studio.page.locator('.group').nth(1).waitFor();
  await studio.newest.getByRole('button', { name: 'Cancel' }).click();
  await studio.newest.getByText('Cancelled').waitFor();
});

story('several at once have one card, and seeds that count up', async ({ studio, server }) => {
  await studio.visit();
  await studio.prompt.fill('a yellow star twinkles over the sea at night');
  await studio.page.getByRole('radio', { name: '2', exact: true }).check({ force: true });
  const slider = studio.page.getByLabel('Length');
  await slider.fill('0.5');
  await studio.button('Make 2 clips').waitFor();
  const card = await studio.make();
  await studio.finished(card).nth(1).waitFor();
  const { jobs } = await server.json('GET', '/jobs');
  assert.equal(jobs.length, 2);
  assert.equal(Math.abs(jobs[0].effective.seed - jobs[1].effective.seed), 1);
});

story('settings come back: after a reload, and from a clip', async ({ studio, server }) => {
  const clip = await server.clip({ prompt: 'a purple whale swims to the left in the sea', seed: 4711, steps: 5, size: '176x96' });
  await studio.visit();
  await studio.prompt.fill('words that are not sent yet');
  await studio.page.reload();
  assert.equal(await studio.prompt.inputValue(), 'words that are not sent yet');
  await studio.visit(`#/clip/${clip.id}`);
  await studio.button('Use these settings').click();
  await studio.message('Settings restored').waitFor();
  assert.equal(await studio.prompt.inputValue(), clip.prompt);
  assert.equal(await studio.page.getByLabel('Seed', { exact: true }).inputValue(), '4711');
  assert.ok(await studio.page.getByRole('radio', { name: 'Wide' }).isChecked());
  await studio.fold('Fine tuning');
  assert.equal(await studio.page.getByLabel('Steps').inputValue(), '5');
});

story('a remix knows where it comes from', async ({ studio, server }) => {
  const parent = await server.clip();
  await studio.visit(`#/clip/${parent.id}`);
  await studio.button('Remix').click();
  await studio.page.getByText('Remix of').waitFor();
  await studio.prompt.fill('a blue car drives to the left in the meadow');
  const card = await studio.make();
  await studio.finished(card).click();
  await studio.heading('a blue car').waitFor();
  const lineage = studio.page.getByRole('region', { name: 'Lineage' });
  await lineage.getByText('Comes from').waitFor();
  await lineage.getByRole('link', { name: `Open: ${parent.prompt}` }).click();
  await studio.heading(parent.prompt).waitFor();
  await lineage.getByText('Became').waitFor();
});

story('a prompt that is refused says why, and stays to be mended', async ({ studio, server, watch }) => {
  watch.expect(/status of 400/);
  await studio.visit();
  await studio.prompt.fill('a red zebra runs to the left in the meadow');
  await studio.button(/^Make/).click();
  await studio.message('not accepted').waitFor();
  assert.match(await studio.prompt.inputValue(), /zebra/);
  assert.deepEqual((await server.json('GET', '/jobs')).jobs, []);
}, { serve: ['--blocked-words', 'zebra'] });
