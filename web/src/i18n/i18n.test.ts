import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from './en.ts';
import { zh } from './zh.ts';

type Tree = { [key: string]: string | Tree | ((...values: never[]) => string) };

function leaves(tree: Tree, path = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) => (typeof value === 'object' ? leaves(value, `${path}${key}.`) : [`${path}${key}`]));
}

function texts(tree: Tree): string[] {
  return Object.values(tree).flatMap((value) => (typeof value === 'object' ? texts(value) : typeof value === 'string' ? [value] : []));
}

test('both languages say the same things', () => {
  assert.deepEqual(leaves(zh).sort(), leaves(en).sort());
});

test('no sentence is empty, and Chinese ones are Chinese', () => {
  assert.ok(texts(en).every((text) => text.trim() !== ''));
  const latin = texts(zh).filter((text) => !/[\u4e00-\u9fff]/.test(text));
  assert.deepEqual(latin.sort(), ['GIF', 'Hotshot', 'MP4', 'WebM', 'WebP']);
});
