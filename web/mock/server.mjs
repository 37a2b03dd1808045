// A stand-in for `hotshot serve` while working on the studio: docs/service.md, played by a clock. Not for anything else.
//   node mock/server.mjs [--port 5180] [--setup] [--sign-in] [--quota 2] [--sunset] [--pace 2] [--fresh] [--samples 20]
//                        [--state NAME]
// The set-up secret is "mock". A prompt with the word "fail" fails.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Jobs, models } from './jobs.mjs';
import { endings, picture, preview, types, worldWords } from './pictures.mjs';
import { addSamples } from './samples.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '5180' }, quota: { type: 'string', default: '0' }, pace: { type: 'string', default: '1' }, samples: { type: 'string', default: '0' }, state: { type: 'string', default: 'state' },
    setup: { type: 'boolean' }, 'sign-in': { type: 'boolean' }, sunset: { type: 'boolean' }, fresh: { type: 'boolean' },
  },
});
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const jobs = new Jobs({ pace: Number(options.pace), fresh: options.fresh, name: options.state });
if (jobs.all.length === 0) addSamples(jobs, Number(options.samples));
const state = { needsSetup: options.setup ?? false, seen: new Map(), events: [] };

class Refusal extends Error {
  constructor(status, code, message, param = null) {
    super(message);
    Object.assign(this, { status, code, param });
  }
}

function session(request) {
  const isIn = !options['sign-in'] || /hotshot=yes/.test(request.headers.cookie ?? '');
  const midnight = new Date().setHours(0, 0, 0, 0);
  const count = (status) => jobs.all.filter((job) => job.status === status).length;
  const today = jobs.all.filter((job) => job.created_ms >= midnight).length;
  const bytes = jobs.all.reduce((sum, job) => sum + Object.values(job.files).reduce((part, file) => part + file.bytes, 0), 0);
  return {
    account: isIn && !state.needsSetup ? { id: 'acct_local', name: options['sign-in'] ? 'mei' : 'local', role: 'admin' } : null,
    needs_setup: state.needsSetup, sign_in: options['sign-in'] ?? false, version: '0.1.0',
    quota: { clips_per_day: Number(options.quota), today, max_queued: 50 },
    usage: { jobs: jobs.all.length, queued: count('queued'), running: count('running'), today, bytes },
    sunset: options.sunset ? { creation_ends_ms: Date.now() + 9 * 864e5, export_ends_ms: Date.now() + 40 * 864e5, message: 'This studio is moving house.' } : null,
  };
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

const jsonOf = async (request) => JSON.parse((await bodyOf(request)).toString() || '{}');

function need(id) {
  const job = jobs.get(id);
  if (!job) throw new Refusal(404, 'not_found', `[job] expected a known id but got '${id}'`);
  return job;
}

function list(params) {
  const has = (name) => params.has(name);
  const text = (params.get('q') ?? '').toLowerCase();
  const statuses = params.get('status')?.split(',');
  let found = jobs.all.filter((job) => (job.trashed_ms !== null) === (params.get('trashed') === 'true'))
    .filter((job) => !statuses || statuses.includes(job.status))
    .filter((job) => !has('folder') || job.folder === params.get('folder'))
    .filter((job) => params.get('favourite') !== 'true' || job.favourite)
    .filter((job) => !has('group') || job.group === params.get('group'))
    .filter((job) => !has('parent') || job.parent === params.get('parent'))
    .filter((job) => `${job.prompt} ${job.title}`.toLowerCase().includes(text))
    .sort((a, b) => b.created_ms - a.created_ms);
  if (has('after')) found = found.slice(found.findIndex((job) => job.id === params.get('after')) + 1);
  const limit = Number(params.get('limit') ?? 20);
  return { jobs: found.slice(0, limit), has_more: found.length > limit };
}

async function create(request) {
  const key = request.headers['idempotency-key'];
  const asked = await jsonOf(request);
  if (state.seen.has(key)) return state.seen.get(key);
  if (typeof asked.prompt !== 'string' || asked.prompt.trim() === '') throw new Refusal(400, 'invalid_value', '[request] expected a prompt but got nothing', 'prompt');
  const now = session(request).quota;
  if (now.clips_per_day > 0 && now.today + (asked.count ?? 1) > now.clips_per_day) throw new Refusal(429, 'quota', `[quota] expected at most ${now.clips_per_day} clips a day`);
  const answer = { jobs: jobs.create(asked) };
  if (key) state.seen.set(key, answer);
  return answer;
}

async function patch(id, request) {
  const job = need(id);
  const { trashed, ...rest } = await jsonOf(request);
  Object.assign(job, rest);
  if (trashed !== undefined) job.trashed_ms = trashed ? Date.now() : null;
  jobs.changed(job);
  return job;
}

function lineage(job) {
  const ancestors = [];
  for (let parent = jobs.get(job.parent); parent; parent = jobs.get(parent.parent)) ancestors.push(parent);
  const descendants = [];
  const walk = (id) => jobs.all.filter((one) => one.parent === id).forEach((one) => { descendants.push(one); walk(one.id); });
  walk(job.id);
  return { ancestors, descendants };
}

async function recipe(request) {
  const body = await bodyOf(request);
  const text = body.toString('latin1');
  const at = text.indexOf('"hotshot-recipe-1"');
  const name = /filename="([^"]*)"/.exec(text)?.[1] ?? '';
  const job = jobs.all.find((one) => name.includes(one.id.slice(-6))) ?? (/\.(mp4|webm|gif|webp)$/.test(name) ? jobs.all.find((one) => one.status === 'succeeded') : undefined);
  if (at < 0 && !job) throw new Refusal(422, 'no_recipe', '[recipe] expected a file made here');
  return { recipe: { engine: 'hotshot 0.1.0', model: 'act-one-mini', digest: 'sha256:0', request: job?.effective ?? { prompt: 'a blue boat sails on the sea' } } };
}

function cancel(id) {
  const job = need(id);
  if (job.status === 'queued' || job.status === 'running') jobs.end(job, 'cancelled', { code: 'cancelled', message: 'cancelled on request' });
  return job;
}

function share(job, url) {
  job.share_url = url;
  jobs.changed(job);
  return job;
}

function remove(id) {
  jobs.state.jobs = jobs.all.filter((job) => job.id !== id);
  jobs.tell('removed', { id });
}

function createKey({ name, scope, expires_ms: expires }) {
  const secret = `sk-${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('base64url')}`;
  const key = { id: `key_${Date.now()}`, name, hint: `sk-…${secret.slice(-4)}`, scope, created_ms: Date.now(), expires_ms: expires ?? null, last_used_ms: null };
  jobs.state.keys.push(key);
  jobs.save();
  return { key, secret };
}

const folders = () => ({ folders: [...new Set(jobs.all.map((job) => job.folder).filter(Boolean))].sort() });

// [method, pattern, status, answer]; the pattern's groups come after the request.
const routes = [
  ['GET', /^\/models$/, 200, () => ({ models })],
  ['GET', /^\/world\/words$/, 200, () => worldWords],
  ['POST', /^\/jobs$/, 201, create],
  ['GET', /^\/jobs$/, 200, (_request, url) => list(url.searchParams)],
  ['GET', /^\/jobs\/([^/]+)$/, 200, (_request, _url, id) => need(id)],
  ['PATCH', /^\/jobs\/([^/]+)$/, 200, (request, _url, id) => patch(id, request)],
  ['DELETE', /^\/jobs\/([^/]+)$/, 204, (_request, _url, id) => remove(id)],
  ['POST', /^\/jobs\/([^/]+)\/cancel$/, 200, (_request, _url, id) => cancel(id)],
  ['POST', /^\/jobs\/([^/]+)\/retry$/, 201, (_request, _url, id) => ({ jobs: jobs.create({ ...need(id).requested, prompt: need(id).prompt }) })],
  ['GET', /^\/jobs\/([^/]+)\/lineage$/, 200, (_request, _url, id) => lineage(need(id))],
  ['POST', /^\/jobs\/([^/]+)\/share$/, 200, (_request, _url, id) => share(need(id), `/s/${id.slice(4)}`)],
  ['DELETE', /^\/jobs\/([^/]+)\/share$/, 200, (_request, _url, id) => share(need(id), null)],
  ['GET', /^\/folders$/, 200, folders],
  ['POST', /^\/recipes$/, 200, recipe],
  ['GET', /^\/keys$/, 200, () => ({ keys: jobs.state.keys })],
  ['POST', /^\/keys$/, 201, async (request) => createKey(await jsonOf(request))],
  ['DELETE', /^\/keys\/([^/]+)$/, 204, (_request, _url, id) => { jobs.state.keys = jobs.state.keys.filter((key) => key.id !== id); jobs.save(); }],
];

function send(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

async function door(request, response, path) {
  const enter = () => send(response, 200, { ...session(request), account: { id: 'acct_local', name: 'mei', role: 'admin' }, needs_setup: false }, { 'set-cookie': 'hotshot=yes; Path=/; HttpOnly; SameSite=Strict' });
  if (path === '/session' && request.method === 'GET') return send(response, 200, session(request));
  if (path === '/session' && request.method === 'DELETE') return send(response, 204, null, { 'set-cookie': 'hotshot=; Path=/; Max-Age=0' });
  const given = await jsonOf(request);
  if (path === '/setup') {
    if (given.secret !== 'mock') throw new Refusal(403, 'wrong_secret', '[setup] expected the secret that was printed at the first start');
    state.needsSetup = false;
    return enter();
  }
  if (!given.password || given.password === 'wrong') throw new Refusal(401, 'wrong_password', 'wrong name or password');
  return enter();
}

function events(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const write = ({ id, type, data }) => response.write(`id: ${id}\nevent: ${type}\ndata: ${data}\n\n`);
  const after = Number(request.headers['last-event-id'] ?? Infinity);
  state.events.filter((event) => event.id > after).forEach(write);
  response.write(': hello\n\n');
  jobs.listeners.add(write);
  const beat = setInterval(() => response.write(': beat\n\n'), 15_000);
  request.on('close', () => { jobs.listeners.delete(write); clearInterval(beat); });
}

async function file(request, response, path, type, name) {
  if (!path || !existsSync(path)) throw new Refusal(404, 'not_found', '[file] expected a file but there is none');
  const { size } = statSync(path);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(size - 1, Number(range[2])) : size - 1;
  const headers = { 'content-type': type, 'content-length': end - start + 1, 'accept-ranges': 'bytes', 'cache-control': 'max-age=3600' };
  if (range) headers['content-range'] = `bytes ${start}-${end}/${size}`;
  if (name) headers['content-disposition'] = `attachment; filename="${name}"`;
  response.writeHead(range ? 206 : 200, headers);
  createReadStream(path, { start, end }).pipe(response);
}

async function api(request, response, url) {
  const path = url.pathname.slice('/api/v1'.length);
  if (request.method !== 'GET' && request.headers['x-hotshot'] !== '1') throw new Refusal(403, 'csrf', '[request] expected the header x-hotshot');
  if (path === '/session' || path === '/setup') return door(request, response, path);
  if (!session(request).account) throw new Refusal(401, 'signed_out', 'sign in first');
  if (path === '/events') return events(request, response);
  const media = /^\/jobs\/([^/]+)\/(?:files\/(\w+)|preview)$/.exec(path);
  if (media) {
    const job = need(media[1]);
    const role = media[2];
    if (!role) return file(request, response, await preview(job, job.progress?.fraction ?? 1), 'image/png');
    return file(request, response, await picture(job, role), types[role], url.searchParams.has('download') ? `hotshot-${job.id.slice(-6)}.${endings[role]}` : null);
  }
  for (const [method, pattern, status, answer] of routes) {
    const match = pattern.exec(path);
    if (match && method === request.method) return send(response, status, await answer(request, url, ...match.slice(1)));
  }
  throw new Refusal(404, 'not_found', `[path] expected a known path but got '${path}'`);
}

const pageTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

function page(request, response, url) {
  const wanted = join(dist, normalize(url.pathname === '/' ? '/index.html' : url.pathname));
  if (!wanted.startsWith(dist) || !existsSync(wanted)) throw new Refusal(404, 'not_found', 'no such page');
  response.writeHead(200, {
    'content-type': pageTypes[extname(wanted)] ?? 'application/octet-stream',
    'content-security-policy': "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob: data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  });
  response.end(readFileSync(wanted));
}

jobs.listeners.add((event) => {
  state.events.push(event);
  if (state.events.length > 500) state.events.shift();
});

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  try {
    if (url.pathname.startsWith('/api/v1/')) await api(request, response, url);
    else page(request, response, url);
  } catch (error) {
    if (!(error instanceof Refusal)) console.error(error);
    if (!response.headersSent) send(response, error.status ?? 500, { error: { code: error.code ?? 'internal', message: error.message, param: error.param ?? null } });
    else response.end();
  }
});
server.listen(Number(options.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${options.port}/`));

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { jobs.saveNow(); process.exit(0); });
