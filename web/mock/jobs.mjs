// The mock's jobs: kept in a file, "rendered" by a clock.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, picture, types } from './pictures.mjs';

const newId = (kind) => `${kind}_${randomBytes(9).toString('base64url')}`;

export const models = [
  {
    id: 'act-one-mini', kind: 'video', ready: true, problem: null, default: true, sizes: ['128x128', '176x96', '96x176'], fps: 8, frames: 24, seconds: 3.0,
    max_seconds: 30.0, steps: 30, guidance: 4.0, sampler: 'unipc', samplers: ['euler', 'heun', 'dpmpp-2m', 'unipc'], start_image: false, world: true,
  },
  {
    id: 'act-one', kind: 'video', ready: false, problem: 'its weights are not here yet', default: false, sizes: ['256x256', '352x192', '192x352'], fps: 12, frames: 48,
    seconds: 4.0, max_seconds: 30.0, steps: 30, guidance: 5.0, sampler: 'unipc', samplers: ['euler', 'heun', 'dpmpp-2m', 'unipc'], start_image: false, world: true,
  },
];

export class Jobs {
  constructor({ pace = 1, fresh = false, name = 'state' } = {}) {
    const file = (this.file = join(folder, `${name}.json`));
    this.pace = pace;
    this.listeners = new Set();
    this.state = !fresh && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { jobs: [], keys: [], accounts: [], event: 0 };
    for (const job of this.all) {
      if (job.status === 'running') Object.assign(job, { status: 'queued', progress: null, version: job.version + 1 });
    }
    this.place();
    this.timer = setInterval(() => this.tick(), 200);
  }

  get all() { return this.state.jobs; }
  get(id) { return this.all.find((job) => job.id === id); }

  save() {
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.saveNow(), 300);
  }

  saveNow() { writeFileSync(this.file, JSON.stringify(this.state)); }

  tell(type, data) {
    this.state.event += 1;
    for (const listener of this.listeners) listener({ id: this.state.event, type, data: JSON.stringify(data) });
    this.save();
  }

  changed(job) {
    job.version += 1;
    this.tell('job', job);
  }

  /** Numbers the queue anew. */
  place() {
    const queued = this.all.filter((job) => job.status === 'queued').sort((a, b) => a.created_ms - b.created_ms);
    queued.forEach((job, index) => {
      if (job.queue_position === index) return;
      job.queue_position = index;
      this.changed(job);
    });
  }

  create(request) {
    const model = models.find((one) => one.id === (request.model ?? 'act-one-mini'));
    const fps = request.fps ?? model.fps;
    const frames = request.frames ?? (request.seconds ? Math.max(1, Math.round(request.seconds * fps)) : model.frames);
    const steps = Math.min(60, request.steps ?? model.steps);
    const warnings = [];
    if (frames > model.frames) warnings.push(`[generate] ${frames} frames are longer than the ${model.frames} that ${model.id} was trained on`);
    if (request.steps > 60) warnings.push('[generate] steps are limited to 60 here');
    const group = newId('group');
    const first = request.seed ?? Math.floor(Math.random() * 2 ** 32);
    const { count = 1, parent = null, relation = null, folder: shelf = '', priority: _, ...asked } = request;
    const made = Array.from({ length: count }, (_unused, index) => ({
      id: newId('job'), object: 'job', kind: 'video', dialect: 'native', owner: { id: 'acct_local', name: 'local' }, status: 'queued', model: model.id,
      prompt: request.prompt, requested: asked,
      effective: {
        prompt: request.prompt, negative: request.negative ?? '', size: request.size ?? model.sizes[0], frames, seconds: frames / fps, fps, seed: (first + index) % 2 ** 32,
        steps, guidance: request.guidance ?? model.guidance, sampler: request.sampler ?? model.sampler, shift: request.shift ?? 3,
      },
      warnings, queue_position: null, progress: null, error: null, files: {}, attempts: 0, parent, relation, group, title: '', folder: shelf, favourite: false,
      share_url: null, created_ms: Date.now() + index, started_ms: null, finished_ms: null, trashed_ms: null, version: 1,
    }));
    this.all.push(...made);
    for (const job of made) this.changed(job);
    this.place();
    return made;
  }

  end(job, status, error = null) {
    Object.assign(job, { status, error, progress: null, queue_position: null, finished_ms: Date.now() });
    this.changed(job);
    this.place();
  }

  finish(job) {
    const sizes = { video: 27920, webm: 21840, gif: 148300, webp: 66120, thumbnail: 24100, spritesheet: 88700 };
    job.files = Object.fromEntries(Object.keys(types).map((role) => [
      role, { url: `/api/v1/jobs/${job.id}/files/${role}`, type: types[role], bytes: Math.round(sizes[role] * job.effective.frames / 24) },
    ]));
    this.end(job, 'succeeded');
  }

  tick() {
    const running = this.all.find((job) => job.status === 'running');
    if (running) return this.advance(running);
    const next = this.all.filter((job) => job.status === 'queued').sort((a, b) => a.created_ms - b.created_ms)[0];
    if (!next) return undefined;
    Object.assign(next, { status: 'running', queue_position: null, started_ms: Date.now(), attempts: next.attempts + 1 });
    this.changed(next);
    this.place();
    return undefined;
  }

  /** Where a job is after the time since its start: [phase, done, total], or null when it is through. */
  where(job, seconds) {
    const step = 0.28 * (job.effective.frames / 24);
    const phases = [['loading', 1, 1.2], ['encoding', 2, 0.3], ['sampling', job.effective.steps, step], ['decoding', 6, 0.2], ['writing', 5, 0.2]];
    const whole = phases.reduce((sum, [, total, each]) => sum + total * each, 0);
    let rest = seconds;
    for (const [phase, total, each] of phases) {
      if (rest < total * each) return { phase, done: Math.floor(rest / each), total, fraction: seconds / whole, seconds_left: whole - seconds };
      rest -= total * each;
    }
    return null;
  }

  advance(job) {
    const at = this.where(job, ((Date.now() - job.started_ms) / 1000) * this.pace);
    if (at === null) return this.finish(job);
    if (/\bfail\b|失败/.test(job.prompt) && at.phase === 'sampling' && at.done > 7) {
      return this.end(job, 'failed', { code: 'out_of_memory', message: '[worker] expected 812 MiB of memory but got 512 MiB' });
    }
    const isSame = job.progress && job.progress.phase === at.phase && job.progress.done === at.done;
    if (isSame) return undefined;
    if (at.phase === 'decoding' && at.done === 0) void picture(job, 'video').then(() => picture(job, 'thumbnail'));
    const preview = at.phase === 'loading' || at.phase === 'encoding' ? null : `/api/v1/jobs/${job.id}/preview?v=${Math.floor(at.fraction * 10)}`;
    job.progress = { ...at, seconds_left: at.seconds_left / this.pace, preview };
    return this.changed(job);
  }
}
