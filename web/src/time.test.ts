import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from './i18n/en.ts';
import { zh } from './i18n/zh.ts';
import { ago, bytes, duration } from './time.ts';

test('durations grow coarser as they grow longer', () => {
  const said = (seconds: number): string => duration(seconds, en.time);
  assert.equal(said(0.2), 'a moment');
  assert.equal(said(4.4), '4 s');
  assert.equal(said(59.4), '59 s');
  assert.equal(said(60), '1 min');
  assert.equal(said(83), '1 min 25 s');
  assert.equal(said(119), '2 min');
  assert.equal(said(700), '12 min');
  assert.equal(said(3600), '1 h');
  assert.equal(said(7500), '2 h 5 min');
  assert.equal(said(-3), 'a moment');
  assert.equal(duration(83, zh.time), '1 分钟 25 秒');
});

test('moments are told from now', () => {
  const now = Date.UTC(2026, 10, 25, 12);
  assert.equal(ago(now - 10_000, now, en.time, 'en'), 'just now');
  assert.equal(ago(now - 300_000, now, en.time, 'en'), '5 min ago');
  assert.equal(ago(now - 7_200_000, now, zh.time, 'zh-CN'), '2 小时前');
  assert.match(ago(now - 9 * 86_400_000, now, en.time, 'en'), /2026/);
});

test('sizes', () => {
  assert.equal(bytes(0), '0 B');
  assert.equal(bytes(27_920), '27.9 kB');
  assert.equal(bytes(7_512_000), '7.5 MB');
  assert.equal(bytes(512_000_000), '512 MB');
});
