// Every job this page has heard of, by id. The server's version number decides which news is newer.
import { computed, signal } from '@preact/signals';
import { api } from '../api.ts';
import { words } from '../i18n/index.ts';
import type { Job, JobPatch } from '../types.ts';
import { complain } from './errors.ts';
import { refreshSessionSoon } from './session.ts';
import { toast } from './toasts.ts';

export const jobs = signal<ReadonlyMap<string, Job>>(new Map());
export const recentIds = signal<string[]>([]);
export const recentLoaded = signal(false);
const feedLength = 24;

/** Told of every change that is news; the library keeps its own list with it. */
export const jobListeners = new Set<(job: Job, before: Job | undefined) => void>();
export const removalListeners = new Set<(id: string) => void>();

export function isActive(job: Job): boolean {
  return job.status === 'queued' || job.status === 'running';
}

export function upsert(news: readonly Job[]): void {
  const next = new Map(jobs.value);
  const changes: [Job, Job | undefined][] = [];
  for (const job of news) {
    const before = next.get(job.id);
    if (before && before.version > job.version) continue;
    next.set(job.id, job);
    changes.push([job, before]);
  }
  if (changes.length === 0) return;
  jobs.value = next;
  for (const [job, before] of changes) {
    feed(job);
    for (const listener of jobListeners) listener(job, before);
    if (before && before.status !== job.status) refreshSessionSoon();
  }
}

// New jobs enter the feed at the top, wherever they were made.
function feed(job: Job): void {
  if (!recentLoaded.value || recentIds.value.includes(job.id)) return;
  const newest = jobs.value.get(recentIds.value[0] ?? '');
  if (!newest || job.created_ms >= newest.created_ms) recentIds.value = [job.id, ...recentIds.value];
}

export function forget(id: string): void {
  const next = new Map(jobs.value);
  next.delete(id);
  jobs.value = next;
  recentIds.value = recentIds.value.filter((known) => known !== id);
  for (const listener of removalListeners) listener(id);
}

/** The list before, if it holds the very same jobs: then nothing that reads it is drawn again. */
export function steady(): (list: Job[]) => Job[] {
  let last: Job[] = [];
  return (list) => {
    if (list.length !== last.length || list.some((job, index) => job !== last[index])) last = list;
    return last;
  };
}

const steadyRecent = steady();
export const recentJobs = computed<Job[]>(() =>
  steadyRecent(recentIds.value.map((id) => jobs.value.get(id)).filter((job): job is Job => job !== undefined && job.trashed_ms === null)));

export interface JobGroup {
  id: string;
  jobs: Job[];
}

/** Jobs of one press of the button together, newest group first, seeds counting up within. */
export function grouped(list: readonly Job[]): JobGroup[] {
  const groups = new Map<string, Job[]>();
  for (const job of list) {
    const key = job.group ?? job.id;
    const known = groups.get(key);
    if (known) known.push(job);
    else groups.set(key, [job]);
  }
  return [...groups].map(([id, members]) => ({
    id, jobs: members.sort((a, b) => (a.effective.seed ?? 0) - (b.effective.seed ?? 0) || a.created_ms - b.created_ms),
  }));
}

/** The newest jobs, and what became of those that this page believes to be under way. */
export async function syncJobs(): Promise<void> {
  const page = await api.jobs({ limit: feedLength, order: 'desc' });
  recentIds.value = page.jobs.map((job) => job.id);
  recentLoaded.value = true;
  const known = new Set(recentIds.value);
  const doubtful = [...jobs.value.values()].filter((job) => isActive(job) && !known.has(job.id));
  upsert(page.jobs);
  for (const job of doubtful) await refreshJob(job.id).catch(() => undefined);
}

export async function refreshJob(id: string): Promise<Job> {
  const job = await api.job(id);
  upsert([job]);
  return job;
}

export async function cancelJob(id: string): Promise<void> {
  await api.cancel(id).then((job) => upsert([job])).catch(complain);
}

export async function retryJob(id: string): Promise<void> {
  await api.retry(id).then(upsert).catch(complain);
}

/** Changed at once here, and put back if the server refuses. */
export async function patchJobs(ids: readonly string[], changes: JobPatch): Promise<boolean> {
  const before = ids.map((id) => jobs.value.get(id)).filter((job): job is Job => job !== undefined);
  upsert(before.map((job) => optimistic(job, changes)));
  try {
    upsert(await Promise.all(ids.map((id) => api.patch(id, changes))));
    return true;
  } catch (error) {
    upsert(before);
    complain(error);
    return false;
  }
}

function optimistic(job: Job, { trashed, ...rest }: JobPatch): Job {
  return trashed === undefined ? { ...job, ...rest } : { ...job, ...rest, trashed_ms: trashed ? Date.now() : null };
}

export async function toTrash(ids: readonly string[]): Promise<void> {
  if (!(await patchJobs(ids, { trashed: true }))) return;
  const undo = { label: words.value.common.undo, run: () => void fromTrash(ids) };
  toast(words.value.library.trashed(ids.length), undo);
}

export async function fromTrash(ids: readonly string[]): Promise<void> {
  if (await patchJobs(ids, { trashed: false })) toast(words.value.library.restored(ids.length));
}

export async function deleteForever(ids: readonly string[]): Promise<void> {
  try {
    for (const id of ids) {
      await api.remove(id);
      forget(id);
    }
    toast(words.value.library.removed(ids.length));
  } catch (error) {
    complain(error);
  }
  refreshSessionSoon();
}
