// Every call on videos of OpenAI's published library against a running service: node openai.mjs PACKAGE BASE_URL MODEL.
import assert from 'node:assert/strict';
import { createReadStream, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [packageName, baseURL, model] = process.argv.slice(2);
const { default: OpenAI, toFile } = await import(packageName);
const client = new OpenAI({ apiKey: 'sk-any', baseURL, maxRetries: 0 });
const request = { model, prompt: 'a red cat', seconds: '1', size: '48x32', steps: 3 };

async function finished(id) {
  for (let i = 0; i < 600; i++) {
    const video = await client.videos.retrieve(id);
    if (video.status === 'completed' || video.status === 'failed') return video;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${id} did not end`);
}

async function refused(action, status, code) {
  await assert.rejects(action, (error) => {
    assert.equal(error.status, status, String(error));
    if (code) assert.equal(error.code, code);
    assert.equal(typeof error.message, 'string');
    return true;
  });
}

// create, retrieve
const made = await client.videos.create(request);
assert.match(made.id, /^video_/);
assert.equal(made.object, 'video');
assert.ok(made._request_id);
const video = await finished(made.id);
assert.equal(video.status, 'completed', JSON.stringify(video));
assert.equal(video.progress, 100);
assert.equal(typeof video.seconds, 'string');

// downloadContent
for (const [variant, type] of [[undefined, 'video/mp4'], ['thumbnail', 'image/'], ['spritesheet', 'image/']]) {
  const answer = await client.videos.downloadContent(made.id, variant ? { variant } : {});
  assert.ok(answer.headers.get('content-type').startsWith(type));
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.ok(bytes.length > 50);
  if (!variant) assert.equal(bytes.subarray(4, 8).toString(), 'ftyp');
}

// what a file says of its origin
if (client.contentProvenanceChecks) {
  const clip = await client.videos.downloadContent(made.id);
  const file = await toFile(Buffer.from(await clip.arrayBuffer()), 'clip.mp4');
  const check = await client.contentProvenanceChecks.create({ file });
  assert.equal(check.object, 'content_provenance_check');
  assert.equal(typeof check.created_at, 'number');
  const { type, outcome, validation_state, issuer, model: by } = check.results[0];
  assert.deepEqual([type, outcome, validation_state, issuer, by], ['c2pa', 'detected', 'trusted', 'Hotshot', model]);
  await refused(client.contentProvenanceChecks.create({ file: await toFile(Buffer.from('a text'), 'clip.mp4') }), 400, 'invalid_request');
}

// remix
const remixed = await client.videos.remix(made.id, { prompt: 'a blue cat' });
assert.equal(remixed.remixed_from_video_id, made.id);
assert.equal((await finished(remixed.id)).status, 'completed');

// list: iteration goes on past the first page
const third = await client.videos.create({ ...request, prompt: 'a third' });
await finished(third.id);
const seen = [];
for await (const one of client.videos.list({ limit: 2, order: 'asc' })) seen.push(one.id);
for (const id of [made.id, remixed.id, third.id]) assert.ok(seen.includes(id), `${id} in the list`);
assert.equal(new Set(seen).size, seen.length);

// what no model here can do is refused in the library's own words
const picture = join(mkdtempSync(join(tmpdir(), 'hotshot-')), 'a.png');
writeFileSync(picture, Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'));
await refused(client.videos.create({ ...request, input_reference: createReadStream(picture) }), 400, 'unsupported');
await refused(client.videos.create({ ...request, input_reference: await toFile(Buffer.from('x'), 'a.png') }), 400, 'unsupported');
if (client.videos.edit) await refused(client.videos.edit({ prompt: 'x', video: { id: made.id } }), 400, 'unsupported');
if (client.videos.extend) await refused(client.videos.extend({ prompt: 'x', seconds: '4', video: { id: made.id } }), 400, 'unsupported');
if (client.videos.createCharacter) {
  await refused(client.videos.createCharacter({ name: 'x', video: createReadStream(picture) }), 400, 'unsupported');
  await refused(client.videos.getCharacter('character_1'), 400, 'unsupported');
}

// errors
await refused(client.videos.create({ ...request, prompt: '' }), 400, 'invalid_request');
await refused(client.videos.create({ ...request, model: 'nothing' }), 404, 'model_not_found');
await refused(client.videos.retrieve('video_nothing'), 404, 'not_found');
await refused(client.videos.downloadContent('video_nothing'), 404, 'not_found');

// delete
assert.deepEqual(await client.videos.delete(third.id), { id: third.id, object: 'video.deleted', deleted: true });
await refused(client.videos.retrieve(third.id), 404);

// pictures; with output_format gif they move
const picturesOf = { model, prompt: 'a red cat', size: '48x32' };
const image = await client.images.generate(picturesOf);
assert.equal(Buffer.from(image.data[0].b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
const gif = await client.images.generate({ ...picturesOf, output_format: 'gif', frame_count: 8, frame_duration_ms: 125, n: 2 });
assert.equal(gif.data.length, 2);
assert.equal(Buffer.from(gif.data[1].b64_json, 'base64').subarray(0, 6).toString(), 'GIF89a');
const link = await client.images.generate({ ...picturesOf, response_format: 'url' });
assert.equal((await fetch(link.data[0].url)).status, 200);
const events = [];
for await (const event of await client.images.generate({ ...picturesOf, stream: true, partial_images: 2 })) events.push(event);
assert.equal(events.at(-1).type, 'image_generation.completed');
assert.ok(events.at(-1).b64_json.length > 100);
await refused(client.images.generate({ ...picturesOf, prompt: '' }), 400, 'invalid_request');

// models, and the names of a service that is gone
const models = [];
for await (const one of client.models.list()) models.push(one.id);
assert.ok(models.includes(model));
assert.equal((await client.models.retrieve(model)).id, model);

console.log(`${packageName}: all calls answered`);
