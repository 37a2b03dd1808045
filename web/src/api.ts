// The typed client of /api/v1: the only place that speaks HTTP, except for the event stream (events.ts).
import type {
  Job, JobPage, JobPatch, JobQuery, JobRequest, Key, Lineage, Model, Recipe, Scope, Session, WorldWords,
} from './types.ts';

export const base = '/api/v1';

/** A refusal of the server, or status 0 when it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  constructor(status: number, code: string, message: string, param: string | null = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

/** Called whenever the server says that nobody is signed in. */
export const onSignedOut: { handler: () => void } = { handler: () => undefined };

interface ErrorBody {
  error?: { code?: string; message?: string; param?: string | null };
}

async function failure(response: Response): Promise<ApiError> {
  let body: ErrorBody = {};
  try {
    body = (await response.json()) as ErrorBody;
  } catch {
    // a proxy's page, or nothing: the status has to do
  }
  const error = body.error ?? {};
  return new ApiError(response.status, error.code ?? `http_${response.status}`, error.message ?? '', error.param ?? null);
}

async function call<Answer>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const init: RequestInit = { method, headers: { accept: 'application/json', ...headers }, credentials: 'same-origin' };
  const sent = init.headers as Record<string, string>;
  if (method !== 'GET') sent['x-hotshot'] = '1';
  if (body instanceof FormData) init.body = body;
  else if (body instanceof Blob) {
    sent['content-type'] = 'application/zip';
    init.body = body;
  } else if (body !== undefined) {
    sent['content-type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(base + path, init);
  } catch {
    throw new ApiError(0, 'unreachable', '');
  }
  if (!response.ok) {
    const error = await failure(response);
    if (error.status === 401 && path !== '/session' && path !== '/setup') onSignedOut.handler();
    throw error;
  }
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

/** The query string of a list of jobs, without what is not asked. */
export function queryString(query: JobQuery): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, string | number | boolean | string[] | undefined][]) {
    if (value === undefined || value === '' || value === false) continue;
    params.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}

const job = (id: string): string => `/jobs/${encodeURIComponent(id)}`;

export const api = {
  session: () => call<Session>('GET', '/session'),
  setUp: (secret: string, name: string, password: string) => call<Session>('POST', '/setup', { secret, name, password }),
  signIn: (name: string, password: string) => call<Session>('POST', '/session', { name, password }),
  signOut: () => call<void>('DELETE', '/session'),

  models: async () => (await call<{ models: Model[] }>('GET', '/models')).models,
  words: () => call<WorldWords>('GET', '/world/words'),

  create: async (request: JobRequest, idempotencyKey: string) =>
    (await call<{ jobs: Job[] }>('POST', '/jobs', request, { 'idempotency-key': idempotencyKey })).jobs,
  jobs: (query: JobQuery) => call<JobPage>('GET', `/jobs${queryString(query)}`),
  job: (id: string) => call<Job>('GET', job(id)),
  patch: (id: string, changes: JobPatch) => call<Job>('PATCH', job(id), changes),
  cancel: (id: string) => call<Job>('POST', `${job(id)}/cancel`),
  retry: async (id: string) => (await call<{ jobs: Job[] }>('POST', `${job(id)}/retry`)).jobs,
  remove: (id: string) => call<void>('DELETE', job(id)),
  lineage: (id: string) => call<Lineage>('GET', `${job(id)}/lineage`),
  share: (id: string) => call<Job>('POST', `${job(id)}/share`),
  unshare: (id: string) => call<Job>('DELETE', `${job(id)}/share`),
  folders: async () => (await call<{ folders: string[] }>('GET', '/folders')).folders,

  recipe: async (file: File) => {
    const form = new FormData();
    form.set('file', file);
    return (await call<{ recipe: Recipe }>('POST', '/recipes', form)).recipe;
  },

  importArchive: (file: File) => call<{ added: number; known: number; problems: string[] }>('POST', '/import', file),

  keys: async () => (await call<{ keys: Key[] }>('GET', '/keys')).keys,
  createKey: (name: string, scope: Scope, expires_ms: number | null) =>
    call<{ key: Key; secret: string }>('POST', '/keys', { name, scope, expires_ms }),
  revokeKey: (id: string) => call<void>('DELETE', `/keys/${encodeURIComponent(id)}`),
};
