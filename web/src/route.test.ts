import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hrefOf, parseRoute, setupSecret } from './route.ts';
import type { Route } from './route.ts';

test('every route is read back from its address', () => {
  const routes: Route[] = [{ view: 'make' }, { view: 'library' }, { view: 'settings', tab: 'people' }, { view: 'invite', secret: 'a-b_c' }, { view: 'clip', id: 'job_a/b %' }, { view: 'compare', left: 'job_1', right: 'job_2' }];
  for (const route of routes) assert.deepEqual(parseRoute(hrefOf(route)), route);
});

test('an unknown address is the start page', () => {
  for (const hash of ['', '#', '#/nowhere', '#/clip', '#/compare/one', '#/%E0%A4%A']) assert.deepEqual(parseRoute(hash), { view: 'make' });
});

test('the set-up secret is found in every form', () => {
  assert.equal(setupSecret('?setup=a%2Bb', ''), 'a+b');
  assert.equal(setupSecret('', '#setup=abc'), 'abc');
  assert.equal(setupSecret('', '#/setup/abc'), 'abc');
  assert.equal(setupSecret('', '#/setup?secret=abc'), 'abc');
  assert.equal(setupSecret('', '#/library'), null);
});
