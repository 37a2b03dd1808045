// News from the server: the event stream, and looking every few seconds while there is none.
import { signal } from '@preact/signals';
import { base } from '../api.ts';
import { EventStream, pause } from '../events.ts';
import type { ServerEvent } from '../events.ts';
import { words } from '../i18n/index.ts';
import { go, route } from '../route.ts';
import type { Job } from '../types.ts';
import { loadCatalogue, models } from './catalogue.ts';
import { forget, isActive, jobs, syncJobs, upsert } from './jobs.ts';
import { retryShelf } from './library.ts';
import { loadSession } from './session.ts';
import { announcement, toast } from './toasts.ts';

/** 'polling': the stream does not get through but requests do. 'away': nothing does. */
export const connection = signal<'live' | 'polling' | 'away'>('live');

let stream: EventStream | null = null;
let poll: AbortController | null = null;
let wasAway = false; // since the stream was last open

function celebrate(job: Job): void {
  const said = words.value.jobs;
  if (document.hidden) document.title = `● ${words.value.name}`;
  const text = said.ready(job.title || job.prompt);
  if (route.value.view === 'make') announcement.value = text;
  else toast(text, { label: said.look, run: () => go({ view: 'clip', id: job.id }) });
}

function take(event: ServerEvent): void {
  try {
    if (event.type === 'job') {
      const job = JSON.parse(event.data) as Job;
      const before = jobs.value.get(job.id);
      upsert([job]);
      if (before && isActive(before) && job.status === 'succeeded') celebrate(job);
    } else if (event.type === 'removed') {
      forget((JSON.parse(event.data) as { id: string }).id);
    }
  } catch {
    // an event this page does not understand: polling and the next load say the same
  }
}

async function lookAgain(): Promise<void> {
  await Promise.all([syncJobs(), loadSession(), models.value.length === 0 ? loadCatalogue() : Promise.resolve()]);
}

async function lookWhileLost(): Promise<void> {
  poll?.abort();
  const mine = (poll = new AbortController());
  while (!mine.signal.aborted) {
    try {
      await lookAgain();
      if (mine.signal.aborted) return;
      if (connection.value === 'away') stream?.hurry(); // the server is back
      connection.value = 'polling';
    } catch {
      if (mine.signal.aborted) return;
      connection.value = 'away';
      wasAway = true;
    }
    await pause(connection.value === 'polling' ? 3000 : 1500, mine.signal);
  }
}

function opened(isReturn: boolean): void {
  poll?.abort();
  poll = null;
  connection.value = 'live';
  if (wasAway) toast(words.value.live.back);
  retryShelf();
  if (isReturn || wasAway) void lookAgain().catch(() => undefined);
  wasAway = false;
}

function lost(): void {
  if (poll === null) void lookWhileLost();
}

export function startLive(): void {
  if (stream) return;
  stream = new EventStream({ url: `${base}/events`, onEvent: take, onOpen: opened, onLost: lost });
  void stream.run();
}

export function stopLive(): void {
  stream?.stop();
  stream = null;
  poll?.abort();
  poll = null;
}

export function watchConnection(): void {
  addEventListener('online', () => stream?.hurry());
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    document.title = words.value.name;
    stream?.hurry();
  });
}
