// The typed client of /api/v1: the only place that speaks HTTP, except for the event stream (events.ts).
import type {
  Act, Delivery, Device, Invited, Job, JobPage, JobPatch, JobQuery, JobRequest, Key, Lineage, Model, Origin, Person, PersonPatch, Role, Scope, Session,
  Webhook, WebhookPatch, World,
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

const doors = new Set(['/session', '/setup', '/invitation']); // where nobody is signed in yet

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
    if (error.status === 401 && !doors.has(path)) onSignedOut.handler();
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
const webhook = (id: string): string => `/webhooks/${encodeURIComponent(id)}`;
const person = (id: string): string => `/accounts/${encodeURIComponent(id)}`;

export const api = {
  session: () => call<Session>('GET', '/session'),
  setUp: (secret: string, name: string, password: string) => call<Session>('POST', '/setup', { secret, name, password }),
  signIn: (name: string, password: string) => call<Session>('POST', '/session', { name, password }),
  signOut: () => call<void>('DELETE', '/session'),
  invitation: (secret: string) => call<{ name: string; expires_ms: number }>('POST', '/invitation/look', { secret }),
  join: (secret: string, password: string) => call<Session>('POST', '/invitation', { secret, password }),
  changePassword: (current: string, password: string) => call<Session>('POST', '/password', { current, password }),
  devices: async () => (await call<{ sessions: Device[] }>('GET', '/sessions')).sessions,
  endDevice: (id: string) => call<void>('DELETE', `/sessions/${encodeURIComponent(id)}`),
  endOtherDevices: () => call<void>('DELETE', '/sessions'),

  people: async () => (await call<{ accounts: Person[] }>('GET', '/accounts')).accounts,
  invite: (name: string, role: Role, clips_per_day: number | null) => call<Invited>('POST', '/accounts', { name, role, clips_per_day }),
  changePerson: (id: string, changes: PersonPatch) => call<Person>('PATCH', person(id), changes),
  resetPerson: (id: string) => call<Invited>('POST', `${person(id)}/reset`),
  removePerson: (id: string, withClips: boolean) => call<void>('DELETE', `${person(id)}${withClips ? '?clips=remove' : ''}`),
  acts: (after: string) => call<{ entries: Act[]; has_more: boolean }>('GET', `/audit?after=${encodeURIComponent(after)}`),

  models: async () => (await call<{ models: Model[] }>('GET', '/models')).models,
  world: () => call<World>('GET', '/world/words'),

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

  importArchive: (file: File) => call<{ added: number; known: number; problems: string[] }>('POST', '/import', file),

  verify: (file: File) => {
    const form = new FormData();
    form.set('file', file);
    return call<Origin>('POST', '/verify', form);
  },

  webhooks: () => call<{ webhooks: Webhook[]; events: string[] }>('GET', '/webhooks'),
  createWebhook: (name: string, url: string, events: string[]) => call<{ webhook: Webhook; secret: string }>('POST', '/webhooks', { name, url, events }),
  changeWebhook: (id: string, changes: WebhookPatch) => call<Webhook>('PATCH', webhook(id), changes),
  removeWebhook: (id: string) => call<void>('DELETE', webhook(id)),
  rotateWebhook: (id: string, keep_old: boolean) => call<{ webhook: Webhook; secret: string }>('POST', `${webhook(id)}/rotate`, { keep_old }),
  testWebhook: (id: string) => call<{ delivered: boolean; status: number | null; error: string | null }>('POST', `${webhook(id)}/test`),
  deliveries: (id: string, after: string) => call<{ deliveries: Delivery[]; has_more: boolean }>('GET', `${webhook(id)}/deliveries?after=${encodeURIComponent(after)}`),
  deliverAgain: (id: string, delivery: string) => call<void>('POST', `${webhook(id)}/deliveries/${encodeURIComponent(delivery)}/retry`),

  keys: async () => (await call<{ keys: Key[] }>('GET', '/keys')).keys,
  createKey: (name: string, scope: Scope, expires_ms: number | null) =>
    call<{ key: Key; secret: string }>('POST', '/keys', { name, scope, expires_ms }),
  revokeKey: (id: string) => call<void>('DELETE', `/keys/${encodeURIComponent(id)}`),
};
