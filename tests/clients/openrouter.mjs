// OpenRouter's own library makes a clip here: node openrouter.mjs BASE_URL MODEL.
import assert from 'node:assert/strict';
import { OpenRouter } from '@openrouter/sdk';

const [serverURL, model] = process.argv.slice(2);
const { videoGeneration } = new OpenRouter({ apiKey: 'sk-any', serverURL });

const models = await videoGeneration.listVideosModels();
assert.ok(models.data.some((one) => one.id === model));
const made = await videoGeneration.generate({ videoGenerationRequest: { model, prompt: 'a red cat', duration: 1, seed: 5 } });
assert.ok(['pending', 'in_progress'].includes(made.status));
assert.ok(made.pollingUrl.endsWith(made.id));
let state = made;
for (let i = 0; i < 600 && state.status !== 'completed'; i++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  state = await videoGeneration.getGeneration({ jobId: made.id });
  assert.notEqual(state.status, 'failed', JSON.stringify(state));
}
const chunks = [];
for await (const chunk of await videoGeneration.getVideoContent({ jobId: made.id })) chunks.push(chunk);
assert.equal(Buffer.concat(chunks).subarray(4, 8).toString(), 'ftyp');
const signed = await fetch(state.unsignedUrls?.[0] ?? state.urls[0]);
assert.equal(signed.status, 200);
await assert.rejects(videoGeneration.generate({ videoGenerationRequest: { model: 'nothing', prompt: 'x' } }));
console.log('@openrouter/sdk: all calls answered');
