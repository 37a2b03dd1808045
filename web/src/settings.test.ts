import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clampTo, differences, draftOf, emptyDraft, expectedSeconds, ratioOf, requestOf, settingRows, settingsOf, shapeOf } from './settings.ts';
import type { Job, Model } from './types.ts';

const job = (part: Partial<Job>): Job => ({
  id: 'job_1', kind: 'video', owner: null, status: 'succeeded', model: 'mini', prompt: 'a red car', requested: { prompt: 'a red car' },
  effective: { prompt: 'a red car', size: '128x128', frames: 24, seconds: 3, fps: 8, seed: 7, steps: 30, guidance: 4, sampler: 'unipc' },
  warnings: [], queue_position: null, progress: null, error: null, files: {}, attempts: 1, parent: null, relation: null, group: null, title: '', folder: '',
  favourite: false, share_url: null, created_ms: 0, started_ms: 1000, finished_ms: 11_000, trashed_ms: null, version: 1, ...part,
});
const model: Model = {
  id: 'mini', kind: 'video', ready: true, problem: null, default: true, sizes: ['128x128', '176x96'], fps: 8, frames: 24, seconds: 3, max_seconds: 30, steps: 30,
  guidance: 4, sampler: 'unipc', samplers: ['unipc', 'euler'], lengths: null, takes: ['negative', 'seed', 'steps', 'guidance', 'sampler'], provider: null, start_image: false, world: true,
};

test('requested and effective are compared where both are known', () => {
  const rows = settingRows(job({ requested: { prompt: 'a red car', steps: 80, seed: 7 }, effective: { steps: 60, seed: 7, size: '128x128' } }));
  assert.deepEqual(rows.filter((row) => row.changed).map((row) => row.name), ['steps']);
  assert.equal(rows.find((row) => row.name === 'size')?.requested, null);
  assert.ok(!rows.some((row) => row.name === 'prompt'));
});

test('differences come first', () => {
  const rows = differences(job({}), job({ model: 'other', effective: { ...job({}).effective, seed: 8, guidance: 4.00001 } }));
  assert.deepEqual(rows.filter((row) => row.differs).map((row) => row.name), ['model', 'seed']);
  assert.deepEqual(rows.slice(0, 2).map((row) => row.differs), [true, true]);
  assert.ok(differences(job({}), job({ id: 'job_2' })).every((row) => !row.differs));
});

test('a job gives back the very request that makes it again', () => {
  const request = requestOf(draftOf(settingsOf(job({}))));
  assert.deepEqual(request, { prompt: 'a red car', model: 'mini', size: '128x128', sampler: 'unipc', seconds: 3, seed: 7, steps: 30, guidance: 4, fps: 8 });
});

test('a recipe without seconds has frames and a rate', () => {
  assert.equal(draftOf({ prompt: 'x', frames: 49, fps: 8 }).seconds, 6.13);
  assert.equal(draftOf({ prompt: 'x' }).seconds, null);
});

test('an untouched draft asks for nothing but the prompt, and a seed of 0 is a seed', () => {
  assert.deepEqual(requestOf({ ...emptyDraft, prompt: ' a cat ' }), { prompt: 'a cat' });
  assert.deepEqual(requestOf({ ...emptyDraft, prompt: 'a cat', seed: 0, count: 4, parent: 'job_9' }), { prompt: 'a cat', seed: 0, count: 4, parent: 'job_9', relation: 'remix' });
});

test('what a model cannot do is left to the model', () => {
  const draft = clampTo({ ...emptyDraft, size: '512x512', sampler: 'dpm', seconds: 99 }, model);
  assert.deepEqual([draft.size, draft.sampler, draft.seconds, draft.model], [null, null, 30, 'mini']);
  const own = clampTo({ ...emptyDraft, steps: 30, guidance: 5, sampler: 'unipc', seconds: 3 }, model);
  assert.deepEqual([own.steps, own.guidance, own.sampler, own.seconds], [null, 5, null, null]);
  const far = { ...model, lengths: [4, 8, 12], max_seconds: 12 };
  assert.deepEqual([1, 5, 7, 99].map((seconds) => clampTo({ ...emptyDraft, seconds }, far).seconds), [4, 4, 8, 12]);
});

test('shapes', () => {
  assert.deepEqual(['128x128', '176x96', '96x176', 'odd', null].map(shapeOf), ['square', 'wide', 'tall', 'square', 'square']);
  assert.equal(ratioOf('0x10'), 1);
});

test('the time a clip will take follows finished ones', () => {
  const work = { frames: 24, steps: 30, size: '128x128' };
  assert.equal(expectedSeconds([], 'mini', work), null);
  assert.equal(Math.round(expectedSeconds([job({})], 'mini', work) ?? 0), 10);
  assert.equal(Math.round(expectedSeconds([job({})], 'mini', { ...work, frames: 48 }) ?? 0), 20);
  assert.equal(expectedSeconds([job({ model: 'other' })], 'mini', work), null);
});
