// A program elsewhere is told that a clip is done, and the studio shows what was sent.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { assertAccessible } from './support/accessible.mjs';
import { story } from './support/story.mjs';

/** Takes what is sent to it; answers 500 until it is mended. */
async function startReceiver() {
  const receiver = { taken: [], answer: 500 };
  const http = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    receiver.taken.push({ headers: request.headers, body: JSON.parse(Buffer.concat(pieces)) });
    response.writeHead(receiver.answer).end();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  receiver.url = `http://127.0.0.1:${http.address().port}/told`;
  receiver.close = () => new Promise((resolve) => { http.close(resolve); http.closeAllConnections(); });
  return receiver;
}

async function delivered(server, job) {
  const { webhooks: [{ id }] } = await server.json('GET', '/webhooks');
  for (;;) {
    const { deliveries } = await server.json('GET', `/webhooks/${id}/deliveries`);
    if (deliveries.some((delivery) => delivery.job === job && delivery.state === 'delivered')) return;
  }
}

story('a webhook is made, tested, told of a clip, and removed', async ({ studio, server }) => {
  const receiver = await startReceiver();
  try {
    await studio.visit('#/settings/webhooks');
    await studio.page.getByText('No webhooks yet.').waitFor();
    await studio.button('New webhook').click();
    await studio.page.getByLabel('What is it for?').fill('the shop');
    await studio.page.getByLabel('Address').fill(receiver.url);
    await studio.dialog('New webhook').getByRole('button', { name: 'New webhook' }).click();
    assert.match(await studio.page.getByRole('textbox', { name: 'The webhook’s secret' }).inputValue(), /^whsec_/);
    await studio.button('Done').click();
    await studio.choose('What to do with the shop', 'Send a test');
    await studio.message('The test did not arrive').waitFor();
    receiver.answer = 200;
    await studio.choose('What to do with the shop', 'Send a test');
    await studio.message('The test arrived (200)').waitFor();

    const { id } = await server.clip();
    await delivered(server, id);
    await studio.page.getByText('What was sent').click();
    await studio.page.getByRole('listitem').filter({ hasText: /^video\.completed arrived \(200\)/ }).waitFor();
    assert.ok(receiver.taken.some(({ body, headers }) => JSON.stringify(body).includes(id) && headers['webhook-signature']));
    await assertAccessible(studio, 'webhooks');
    await studio.choose('What to do with the shop', 'Remove');
    await studio.button('Remove', { exact: true }).click();
    await studio.page.getByText('No webhooks yet.').waitFor();
  } finally {
    await receiver.close();
  }
}, { serve: ['--webhook-hosts', '127.0.0.1'] });
