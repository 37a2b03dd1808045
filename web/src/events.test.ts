import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventParser, EventStream, backoff } from './events.ts';
import type { ServerEvent } from './events.ts';

function parsed(...pieces: string[]): ServerEvent[] {
  const events: ServerEvent[] = [];
  const parser = new EventParser((event) => events.push(event));
  for (const piece of pieces) parser.feed(piece);
  return events;
}

test('events are read whatever the pieces', () => {
  const text = ': hello\n\nid: 7\nevent: job\ndata: {"a":\ndata: 1}\n\nevent: removed\ndata: {}\n\n';
  const expected = [{ id: '7', type: 'job', data: '{"a":\n1}' }, { id: '7', type: 'removed', data: '{}' }];
  assert.deepEqual(parsed(text), expected);
  assert.deepEqual(parsed(...text), expected);
  assert.deepEqual(parsed(...text.replaceAll('\n', '\r\n')), expected);
});

test('an event without data, and half an event, are none', () => {
  assert.deepEqual(parsed('event: job\n\nid: 3\ndata: half'), []);
});

test('waits double up to a limit', () => {
  assert.equal(backoff(0, () => 0), 500);
  assert.equal(backoff(3, () => 0), 4000);
  assert.equal(backoff(50, () => 0), 15_000);
  assert.equal(backoff(0, () => 1), 250);
});

function answer(text: string, status = 200): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/event-stream' } });
}

test('a lost connection comes back and goes on from the last id', async () => {
  const asked: (string | null)[] = [];
  const seen: string[] = [];
  const opened: boolean[] = [];
  const lost: [number, number][] = [];
  const answers = [
    () => answer('id: 4\ndata: one\n\n'), () => { throw new TypeError('refused'); }, () => answer('', 503), () => answer('id: 5\ndata: two\n\n'),
  ];
  const stream: EventStream = new EventStream({
    url: '/events', onEvent: (event) => seen.push(event.data), onOpen: (isReturn) => opened.push(isReturn), onLost: (attempt, status) => lost.push([attempt, status]),
    wait: () => Promise.resolve(),
    fetch: (_url, init) => {
      asked.push(new Headers(init?.headers).get('last-event-id'));
      const next = answers.shift();
      if (!next) {
        stream.stop();
        return Promise.reject(new Error('stopped'));
      }
      return Promise.resolve().then(next);
    },
  });
  await stream.run();
  assert.deepEqual(seen, ['one', 'two']);
  assert.deepEqual(asked, [null, '4', '4', '4', '5']);
  assert.deepEqual(opened, [false, true]);
  assert.deepEqual(lost, [[0, 200], [1, 0], [2, 503], [0, 200]]);
});

test('a silent connection is given up', async () => {
  let calls = 0;
  const stream: EventStream = new EventStream({
    url: '/events', onEvent: () => undefined, onOpen: () => undefined, onLost: () => undefined, wait: () => Promise.resolve(), silence_ms: 20,
    fetch: (_url, init) => {
      calls += 1;
      if (calls === 2) {
        stream.stop();
        return Promise.reject(new Error('stopped'));
      }
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => { init?.signal?.addEventListener('abort', () => controller.error(new Error('aborted')), { once: true }); },
      });
      return Promise.resolve(new Response(body));
    },
  });
  await stream.run();
  assert.equal(calls, 2);
});
