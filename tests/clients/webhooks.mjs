// Webhooks of OpenAI's published library against a running service that may reach 127.0.0.1:
// node webhooks.mjs PACKAGE BASE_URL MODEL.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';

const [packageName, baseURL, model] = process.argv.slice(2);
const { default: OpenAI } = await import(packageName);
const client = new OpenAI({ apiKey: 'sk-any', baseURL, maxRetries: 0 });

// A receiver; the first time it hears of a clip it is out of order.
const heard = [];
const seen = new Set();
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => { body += piece; });
  request.on('end', () => {
    heard.push({ headers: request.headers, body });
    response.statusCode = seen.has(body) || body.includes('video_test') ? 200 : 503;
    seen.add(body);
    response.end();
  });
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${receiver.address().port}/hook`;

async function until(what, fact) {
  for (let i = 0; i < 600; i++) {
    const found = fact();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no ${what} came: ${JSON.stringify(heard)}`);
}

async function refused(action, status, code) {
  await assert.rejects(action, (error) => error.status === status && error.code === code && typeof error.message === 'string');
}

const types = await client.webhooks.eventTypes.list();
assert.deepEqual(types.data, ['video.completed', 'video.failed']);

// create, retrieve, update
const made = await client.webhooks.create({ name: 'mine', url, event_types: types.data });
assert.match(made.signing_secret, /^whsec_/);
assert.equal(made.object, 'webhook_endpoint');
const got = await client.webhooks.retrieve(made.id);
assert.equal(got.signing_secret, undefined);
assert.equal(got.signing_secret_hint, made.signing_secret_hint);
assert.ok(made.signing_secret.endsWith(got.signing_secret_hint.slice(-4)));
assert.equal((await client.webhooks.update(made.id, { name: 'other' })).name, 'other');
assert.deepEqual((await client.webhooks.update(made.id)).event_types, types.data);

// a clip that ends: tried again after a failure, with the same id, and signed
const video = await client.videos.create({ model, prompt: 'a red cat', seconds: '1', size: '48x32', steps: 3 });
const [first, second] = await until('second try', () => heard.length >= 2 && heard);
assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
const event = await client.webhooks.unwrap(second.body, second.headers, made.signing_secret);
assert.equal(event.type, 'video.completed');
assert.equal(event.object, 'event');
assert.equal(event.data.id, video.id);
assert.equal(event.id, second.headers['webhook-id']);
assert.equal((await client.videos.retrieve(event.data.id)).status, 'completed');
await assert.rejects(client.webhooks.unwrap(second.body, second.headers, 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'));
await assert.rejects(client.webhooks.unwrap(second.body.replace('completed', 'failed'), second.headers, made.signing_secret));

// rotateSecret, test: both secrets are good for a day where that was asked for
const rotated = await client.webhooks.rotateSecret(made.id, { keep_old_secret_active_for_24_hours: true });
assert.notEqual(rotated.signing_secret, made.signing_secret);
const tested = await client.webhooks.test(made.id, { event_type: 'video.failed' });
assert.deepEqual(tested, {
  object: 'webhook_endpoint.test', webhook_endpoint_id: made.id, event_type: 'video.failed', status_code: 200, success: true });
const sample = heard.at(-1);
for (const { signing_secret } of [made, rotated]) {
  assert.equal((await client.webhooks.unwrap(sample.body, sample.headers, signing_secret)).type, 'video.failed');
}
const last = await client.webhooks.rotateSecret(made.id);
await client.webhooks.test(made.id, { event_type: 'video.completed' });
await client.webhooks.unwrap(heard.at(-1).body, heard.at(-1).headers, last.signing_secret);
await assert.rejects(client.webhooks.unwrap(heard.at(-1).body, heard.at(-1).headers, rotated.signing_secret));

// list: iteration goes on past the first page
for (let i = 0; i < 3; i++) await client.webhooks.create({ name: `more ${i}`, url, event_types: ['video.failed'] });
const listed = [];
for await (const one of client.webhooks.list({ limit: 2 })) listed.push(one.id);
assert.equal(new Set(listed).size, 4);
assert.equal(listed.length, 4);

// errors, delete
await refused(client.webhooks.create({ name: 'x', url, event_types: ['batch.completed'] }), 400, 'invalid_request');
await refused(client.webhooks.create({ name: 'x', url: 'http://10.0.0.1/', event_types: ['video.failed'] }), 400, 'invalid_request');
await refused(client.webhooks.retrieve('webhook_nothing'), 404, 'not_found');
for (const id of listed) {
  assert.deepEqual(await client.webhooks.delete(id), { id, object: 'webhook_endpoint.deleted', deleted: true });
}
await refused(client.webhooks.test(made.id, { event_type: 'video.failed' }), 404, 'not_found');

receiver.closeAllConnections();
receiver.close();
console.log(`${packageName}: all calls answered`);
