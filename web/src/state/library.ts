// The library: which clips are asked for, the pages that came, and what is selected.
import { computed, signal } from '@preact/signals';
import { api } from '../api.ts';
import type { Job, JobQuery } from '../types.ts';
import { complain } from './errors.ts';
import { jobListeners, jobs, removalListeners, steady, upsert } from './jobs.ts';

export interface Filter {
  shelf: 'all' | 'favourites' | 'trash';
  folder: string; // '': any
  text: string;
}

const pageLength = 24;

export const filter = signal<Filter>({ shelf: 'all', folder: '', text: '' });
export const ids = signal<string[]>([]);
export const hasMore = signal(true);
export const loading = signal(false);
let isCutOff = false; // the last page did not come: asked again when the server is back
export const folders = signal<string[]>([]);
export const selecting = signal(false);
export const selected = signal<ReadonlySet<string>>(new Set());
export const comparing = signal(false); // selecting two to compare

export function queryOf({ shelf, folder, text }: Filter): JobQuery {
  const query: JobQuery = { limit: pageLength, order: 'desc', q: text.trim(), folder };
  if (shelf === 'trash') return { ...query, trashed: true };
  return { ...query, status: ['succeeded'], favourite: shelf === 'favourites' };
}

/** Whether a job belongs on the shelf that is looked at; the text is the server's matter. */
export function belongs(job: Job, { shelf, folder }: Filter): boolean {
  if ((job.trashed_ms !== null) !== (shelf === 'trash')) return false;
  if (shelf !== 'trash' && job.status !== 'succeeded') return false;
  if (folder !== '' && job.folder !== folder) return false;
  return shelf !== 'favourites' || job.favourite;
}

const steadyShown = steady();
export const shown = computed<Job[]>(() =>
  steadyShown(ids.value.map((id) => jobs.value.get(id)).filter((job): job is Job => job !== undefined && belongs(job, filter.value))));

let asked = 0;

export async function loadMore(): Promise<void> {
  if (loading.value || !hasMore.value) return;
  const mine = asked;
  loading.value = true;
  try {
    const page = await api.jobs({ ...queryOf(filter.value), after: ids.value.at(-1) });
    if (mine !== asked) return;
    upsert(page.jobs);
    ids.value = [...new Set([...ids.value, ...page.jobs.map((job) => job.id)])];
    hasMore.value = page.has_more && page.jobs.length > 0;
  } catch (error) {
    if (mine !== asked) return;
    hasMore.value = false;
    isCutOff = true;
    complain(error);
  } finally {
    if (mine === asked) loading.value = false;
  }
}

export async function openShelf(change: Partial<Filter> = {}): Promise<void> {
  filter.value = { ...filter.value, ...change };
  asked += 1;
  ids.value = [];
  hasMore.value = true;
  loading.value = false;
  await loadMore();
}

export function retryShelf(): void {
  if (!isCutOff) return;
  isCutOff = false;
  hasMore.value = true;
  void loadMore();
}

export async function loadFolders(): Promise<void> {
  folders.value = await api.folders().catch(() => folders.value);
}

export function toggleSelected(id: string): void {
  const next = new Set(selected.value);
  if (!next.delete(id)) next.add(id);
  selected.value = next;
}

export function stopSelecting(): void {
  selecting.value = false;
  comparing.value = false;
  selected.value = new Set();
}

/** Opens the library to choose clips to compare, with these already chosen. */
export function startComparing(chosen: readonly string[]): void {
  selecting.value = true;
  comparing.value = true;
  selected.value = new Set(chosen);
}

// A clip that has just been finished, or come back from the trash, appears without a reload.
jobListeners.add((job) => {
  if (ids.value.includes(job.id) || !belongs(job, filter.value) || filter.value.text !== '') return;
  const place = ids.value.findIndex((id) => (jobs.value.get(id)?.created_ms ?? 0) <= job.created_ms);
  if (place < 0 && hasMore.value) return;
  ids.value = place < 0 ? [...ids.value, job.id] : [...ids.value.slice(0, place), job.id, ...ids.value.slice(place)];
});

removalListeners.add((id) => {
  ids.value = ids.value.filter((known) => known !== id);
  if (selected.value.has(id)) toggleSelected(id);
});
