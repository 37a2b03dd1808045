// The Vercel AI SDK makes a clip here by xAI's interface: node xai.mjs BASE_URL MODEL.
import assert from 'node:assert/strict';
import { createXai } from '@ai-sdk/xai';
import { experimental_generateVideo as generateVideo } from 'ai';

const [baseURL, model] = process.argv.slice(2);
const xai = createXai({ apiKey: 'sk-any', baseURL });
const result = await generateVideo({
  model: xai.video(model),
  prompt: 'a red cat',
  aspectRatio: '16:9',
  duration: 1,
  providerOptions: { xai: { steps: 3, seed: 5, pollIntervalMs: 100 } },
  poll: { intervalMs: 100, timeoutMs: 60_000 },
});
const bytes = result.video.uint8Array;
assert.ok(bytes.length > 500);
assert.equal(Buffer.from(bytes.subarray(4, 8)).toString(), 'ftyp');
assert.equal(result.video.mediaType, 'video/mp4');

await assert.rejects(generateVideo({ model: xai.video('nothing'), prompt: 'a red cat', maxRetries: 0 }), /nothing/);
console.log('@ai-sdk/xai: all calls answered');
