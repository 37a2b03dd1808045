// Two languages, two themes, and everybody can use them.
import assert from 'node:assert/strict';
import { assertAccessible } from './support/accessible.mjs';
import { story } from './support/story.mjs';

const background = (studio) => studio.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

story('the language is switched and stays', async ({ studio }) => {
  await studio.visit();
  await studio.chip('Colour', 'red').waitFor();
  await studio.choose('Language', '中文');
  await studio.heading('想看见什么？').waitFor();
  assert.equal(await studio.page.evaluate(() => document.documentElement.lang), 'zh-CN');
  await studio.chip('谁', '鱼').click();
  assert.match(await studio.page.getByLabel('描述你的短片').inputValue(), /^.*一条.+的鱼在海里向左游动/);
  await studio.page.reload();
  await studio.heading('想看见什么？').waitFor();
});

story('the theme is the system’s until it is chosen, and stays', async ({ open }) => {
  const studio = await open({ colorScheme: 'dark' });
  await studio.visit();
  await studio.chip('Colour', 'red').waitFor();
  const dark = await background(studio);
  await studio.choose('Light or dark', 'Light');
  const light = await background(studio);
  assert.notEqual(dark, light);
  await studio.page.reload();
  await studio.chip('Colour', 'red').waitFor();
  assert.equal(await background(studio), light);
});

for (const colorScheme of ['light', 'dark']) {
  story(`nobody is shut out, ${colorScheme}`, async ({ open, server }) => {
    const first = await server.clip({ seed: 1 });
    const second = await server.clip({ seed: 2 });
    const studio = await open({ colorScheme, reducedMotion: 'reduce' });
    await studio.visit();
    await studio.chip('Colour', 'red').or(studio.button('Compose a scene')).first().waitFor();
    if (await studio.button('Compose a scene').isVisible()) await studio.fold('Compose a scene');
    await studio.fold('Fine tuning');
    await studio.finished(studio.newest).waitFor();
    await assertAccessible(studio, 'studio');
    const pages = {
      '#/library': () => studio.clips.nth(1), [`#/clip/${first.id}`]: () => studio.player,
      [`#/compare/${first.id}/${second.id}`]: () => studio.heading('Side by side'), '#/settings/keys': () => studio.button('New key'),
    };
    for (const [hash, sign] of Object.entries(pages)) {
      await studio.visit(hash);
      await sign().waitFor();
      await assertAccessible(studio, hash);
    }
    await studio.button('New key').click();
    await studio.dialog('New key').waitFor();
    await assertAccessible(studio, 'a dialog');
  });
}
