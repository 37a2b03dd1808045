// Settings of clips: put into rows, compared, and turned from a recipe or a job into a draft.
import type { Job, JobRequest, Model, Settings } from './types.ts';

export const settingNames = [
  'model', 'prompt', 'negative', 'size', 'seconds', 'frames', 'fps', 'seed', 'steps', 'guidance', 'sampler', 'shift',
] as const;
export type SettingName = (typeof settingNames)[number];

/** What the composer holds; null takes the model's own value, a null seed is drawn. */
export interface Draft {
  prompt: string;
  negative: string;
  model: string | null;
  size: string | null;
  seconds: number | null;
  count: number;
  seed: number | null;
  steps: number | null;
  guidance: number | null;
  sampler: string | null;
  shift: number | null;
  fps: number | null;
  parent: string | null;
}

export const emptyDraft: Draft = {
  prompt: '', negative: '', model: null, size: null, seconds: null, count: 1, seed: null, steps: null, guidance: null, sampler: null, shift: null,
  fps: null, parent: null,
};

export type SettingValue = string | number | null;

function valueOf(settings: Settings, name: SettingName): SettingValue {
  const value = settings[name];
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

/** Everything known about how a job was made; what came of it wins over what was asked. */
export function settingsOf(job: Job): Settings {
  return { model: job.model, prompt: job.prompt, ...job.requested, ...job.effective };
}

export interface SettingRow {
  name: SettingName;
  requested: SettingValue;
  effective: SettingValue;
  changed: boolean; // asked one way, made another
}

/** Requested beside effective, without the prompt, which is shown at large. */
export function settingRows(job: Job): SettingRow[] {
  const effective: Settings = { model: job.model, ...job.effective, seconds: secondsOf(job.effective) ?? undefined };
  return settingNames
    .filter((name) => name !== 'prompt')
    .map((name) => {
      const asked = valueOf(job.requested, name);
      const made = valueOf(effective, name);
      return { name, requested: asked, effective: made, changed: asked !== null && made !== null && asked !== made };
    })
    .filter((row) => row.requested !== null || row.effective !== null);
}

export interface DifferenceRow {
  name: SettingName;
  left: SettingValue;
  right: SettingValue;
  differs: boolean;
}

/** Two clips side by side, what differs first. */
export function differences(left: Job, right: Job): DifferenceRow[] {
  const a = settingsOf(left);
  const b = settingsOf(right);
  const rows = settingNames
    .map((name) => ({ name, left: valueOf(a, name), right: valueOf(b, name) }))
    .filter((row) => row.left !== null || row.right !== null)
    .map((row) => ({ ...row, differs: row.left !== row.right }));
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)];
}

function secondsOf(settings: Settings): number | null {
  if (settings.seconds !== undefined && settings.seconds !== null) return settings.seconds;
  if (settings.frames && settings.fps) return Math.round((settings.frames / settings.fps) * 100) / 100;
  return null;
}

/** The composer filled as a clip was made: its exact seed, so that the same clip comes again. */
export function draftOf(settings: Settings): Draft {
  return {
    ...emptyDraft,
    prompt: settings.prompt ?? '',
    negative: settings.negative ?? '',
    model: settings.model ?? null,
    size: settings.size ?? null,
    seconds: secondsOf(settings),
    seed: settings.seed ?? null,
    steps: settings.steps ?? null,
    guidance: settings.guidance ?? null,
    sampler: settings.sampler ?? null,
    shift: settings.shift ?? null,
    fps: settings.fps ?? null,
  };
}

/** What goes over the wire: only what was chosen. */
export function requestOf(draft: Draft): JobRequest {
  const request: JobRequest = { prompt: draft.prompt.trim() };
  if (draft.negative.trim()) request.negative = draft.negative.trim();
  if (draft.count > 1) request.count = draft.count;
  for (const name of ['model', 'size', 'sampler'] as const) {
    const value = draft[name];
    if (value !== null) request[name] = value;
  }
  for (const name of ['seconds', 'seed', 'steps', 'guidance', 'shift', 'fps'] as const) {
    const value = draft[name];
    if (value !== null) request[name] = value;
  }
  if (draft.parent) {
    request.parent = draft.parent;
    request.relation = 'remix';
  }
  return request;
}

/** The length nearest to `seconds` that a model makes. */
export function lengthNear(seconds: number, model: Model): number {
  const lengths = model.lengths ?? [Math.min(seconds, model.max_seconds)];
  return lengths.reduce((best, length) => (Math.abs(length - seconds) < Math.abs(best - seconds) ? length : best), lengths[0] ?? seconds);
}

/** The draft without what this model cannot do, and with the model's own values left to the model. */
export function clampTo(draft: Draft, model: Model): Draft {
  const next = { ...draft, model: model.id };
  if (next.size !== null && !model.sizes.includes(next.size)) next.size = null;
  if (next.sampler !== null && !model.samplers.includes(next.sampler)) next.sampler = null;
  if (next.seconds !== null) next.seconds = lengthNear(next.seconds, model);
  for (const name of ['seconds', 'steps', 'guidance', 'fps'] as const) if (next[name] === model[name]) next[name] = null;
  if (next.sampler === model.sampler) next.sampler = null;
  return next;
}

/** Width over height of "176x96". */
export function ratioOf(size: string | undefined | null): number {
  const match = /^(\d+)x(\d+)$/.exec(size ?? '');
  const width = Number(match?.[1] ?? 1);
  const height = Number(match?.[2] ?? 1);
  return width > 0 && height > 0 ? width / height : 1;
}

export type Shape = 'square' | 'wide' | 'tall';
export function shapeOf(size: string | undefined | null): Shape {
  const ratio = ratioOf(size);
  return ratio > 1.15 ? 'wide' : ratio < 0.87 ? 'tall' : 'square';
}

/** Seconds that a clip of this model will take, from what finished clips took; null before the first one. */
export function expectedSeconds(jobs: readonly Job[], model: string, work: { frames: number; steps: number; size: string }): number | null {
  const cost = (frames: number, steps: number, size: string): number => {
    const [width, height] = size.split('x').map(Number);
    return frames * (steps + 3) * (width ?? 1) * (height ?? 1);
  };
  const rates: number[] = [];
  for (const job of jobs) {
    const { frames, steps, size } = job.effective;
    if (job.status !== 'succeeded' || job.model !== model || !frames || !steps || !size || !job.started_ms || !job.finished_ms) continue;
    rates.push((job.finished_ms - job.started_ms) / 1000 / cost(frames, steps, size));
  }
  if (rates.length === 0) return null;
  const sorted = rates.slice(0, 15).sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? 0) * cost(work.frames, work.steps, work.size);
}

export const seedLimit = 2 ** 32;
export function drawSeed(random: () => number = Math.random): number {
  return Math.floor(random() * seedLimit);
}
