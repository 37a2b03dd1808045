// What axe-core finds on a page that would shut somebody out.
import assert from 'node:assert/strict';
import axe from 'axe-core';

export async function assertAccessible(studio, where) {
  await studio.page.evaluate(axe.source);
  const { violations } = await studio.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html).join('\n')}`);
  assert.deepEqual(found, []);
}
