// Clips leave the studio and come back: as files, as links, as an archive.
import assert from 'node:assert/strict';
import { Server } from './support/server.mjs';
import { story } from './support/story.mjs';
import { assertPlays } from './support/studio.mjs';

const beginnings = { MP4: [4, 'ftyp'], WebM: [0, '\x1a\x45\xdf\xa3'], GIF: [0, 'GIF89a'], WebP: [8, 'WEBP'] };

story('a clip is downloaded in every format', async ({ studio, server }) => {
  const { id } = await server.clip();
  await studio.visit(`#/clip/${id}`);
  for (const [format, [at, letters]] of Object.entries(beginnings)) {
    const { name, bytes } = await studio.download(() => studio.choose('Download', format));
    assert.equal(bytes.subarray(at, at + letters.length).toString('latin1'), letters);
    assert.ok(name.endsWith(`.${format.toLowerCase()}`), name);
  }
});

story('a file that was made here brings its recipe back', async ({ studio, server }) => {
  const clip = await server.clip({ prompt: 'a brown dog jumps in the forest', seed: 99 });
  for (const role of ['video', 'gif']) {
    const bytes = Buffer.from(await (await fetch(server.url + clip.files[role].url)).arrayBuffer());
    await studio.visit('#/library');
    await studio.drop(role === 'video' ? 'clip.mp4' : 'clip.gif', bytes);
    await studio.message('Settings restored').waitFor();
    assert.equal(await studio.prompt.inputValue(), clip.prompt);
    assert.equal(await studio.page.getByLabel('Seed', { exact: true }).inputValue(), '99');
    await studio.page.getByText('Signed by this studio').waitFor();
    await studio.button('Clear').click();
  }
});

story('a file that was changed, or comes from elsewhere, is told from one that was made here', async ({ studio, server }) => {
  const clip = await server.clip();
  const bytes = Buffer.from(await (await fetch(server.url + clip.files.video.url)).arrayBuffer());
  bytes[bytes.indexOf('mdat') + 200] ^= 1;
  await studio.visit();
  await studio.drop('changed.mp4', bytes);
  await studio.page.getByText('Its signature does not fit').waitFor();
  await studio.drop('other.gif', Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00;', 'latin1'));
  await studio.message('There is no recipe in this file.').waitFor();
  await studio.page.getByText('Not signed').waitFor();
});

story('a link shows the clip to anybody until it is revoked', async ({ studio, server, watch, open }) => {
  const { id, prompt } = await server.clip();
  await studio.visit(`#/clip/${id}`);
  await studio.button('Share').click();
  await studio.button('Make a link').click();
  const link = await studio.page.getByLabel('Link').inputValue();
  assert.ok(link.startsWith(`${server.url}/s/`));

  const other = await open();
  await other.page.goto(link);
  await other.page.getByText(prompt).waitFor();
  await assertPlays(other.page.locator('video'));

  await studio.button('Revoke the link').click();
  await studio.message('The link no longer works').waitFor();
  watch.expect(/status of 404/);
  assert.equal((await other.page.reload()).status(), 404);
});

story('everything leaves as one archive and comes back from it', async ({ studio, server, watch }) => {
  const clip = await server.clip();
  await studio.visit();
  const archive = await studio.download(() => studio.choose(/^Signed in/, 'Export everything'));
  assert.equal(archive.bytes.subarray(0, 2).toString(), 'PK');
  assert.ok(archive.bytes.includes(`clips/${clip.id}/video.mp4`));

  const elsewhere = await Server.start();
  try {
    watch.origin = new URL(elsewhere.url).origin;
    await studio.page.goto(`${elsewhere.url}/#/library`);
    await studio.page.getByText('Nothing here yet.').waitFor();
    await studio.drop('everything.zip', archive.bytes);
    await studio.message('1 clip added').waitFor();
    await studio.clip(clip.prompt).click();
    await assertPlays(studio.player);
    await studio.page.goto('about:blank');
  } finally {
    await elsewhere.close();
  }
});
