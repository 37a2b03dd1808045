// `hotshot serve` on a data folder of its own; may be ended, killed and started again at the same address.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { HOTSHOT_PROGRAM: program, HOTSHOT_STUDIO: studio } = process.env;

// Small and soon done, for stories that need clips and not their making.
const small = { prompt: 'a red car drives to the left in the meadow', steps: 3, seconds: 0.5, seed: 7 };

export class Server {
  static async start(...options) {
    const server = new Server(await mkdtemp(join(tmpdir(), 'hotshot-browser-')), options);
    await server.start();
    return server;
  }

  constructor(folder, options) {
    this.folder = folder;
    this.options = options;
    this.port = 0;
  }

  async start() {
    const log = createWriteStream(join(this.folder, 'log.txt'), { flags: 'a' });
    this.process = spawn(program, [
      'serve', '--port', String(this.port), '--data', join(this.folder, 'data'), '--studio', studio, '--threads', '1', '--lease-seconds', '2', ...this.options,
    ], { cwd: this.folder, env: { ...process.env, HOTSHOT_MODELS: join(root, 'models'), OMP_NUM_THREADS: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stderr.pipe(log);
    this.ended = once(this.process, 'exit');
    const { url, setup } = await this.welcome();
    this.url = url;
    this.setup = setup;
    this.port = Number(new URL(url).port);
  }

  // What the program prints when it is ready, in one piece: where it is, and the set-up link while it has no account.
  welcome() {
    let text = '';
    return new Promise((resolve, reject) => {
      this.process.stdout.setEncoding('utf8').on('data', (piece) => {
        text += piece;
        if (/^data .*\n/m.test(text)) resolve({ url: /http:\/\/[\d.]+:\d+/.exec(text)[0], setup: /\?setup=(\S+)/.exec(text)?.[1] });
      });
      this.process.on('exit', () => reject(new Error(`hotshot serve ended: ${readFileSync(join(this.folder, 'log.txt'), 'utf8')}`)));
    });
  }

  async end(signal = 'SIGTERM') {
    this.process.kill(signal);
    await this.ended;
  }

  async close() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.end();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async json(method, path, body) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method, headers: body === undefined ? {} : { 'content-type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** A finished clip, made without the studio. */
  async clip(changes = {}) {
    const { jobs: [job] } = await this.json('POST', '/jobs', { ...small, ...changes });
    const done = await this.finished(job.id);
    if (done.status !== 'succeeded') throw new Error(JSON.stringify(done));
    return done;
  }

  /** The job when it is over, told by the stream of events. */
  async finished(id) {
    const hangUp = new AbortController();
    const { body } = await fetch(`${this.url}/api/v1/events`, { signal: hangUp.signal });
    try {
      for await (const _ of body) { // every piece of news is a reason to look
        const job = await this.json('GET', `/jobs/${id}`);
        if (job.status !== 'queued' && job.status !== 'running') return job;
      }
    } finally {
      hangUp.abort();
    }
    throw new Error('[events] expected news until the job is over but the stream ended');
  }
}
