// The native interface's data, as docs/service.md writes it.

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type Scope = 'read' | 'generate' | 'admin';
export type FileRole = 'video' | 'webm' | 'gif' | 'webp' | 'thumbnail' | 'spritesheet';

export interface Account {
  id: string;
  name: string;
  role: string;
}

export type Role = 'member' | 'admin';

/** One of those who may use the studio, as an administrator sees them. */
export interface Person {
  id: string;
  name: string;
  role: Role;
  state: 'active' | 'invited' | 'disabled' | 'local';
  disabled: boolean;
  clips_per_day: number | null; // null: the studio's own; 0: no limit
  created_ms: number;
  invited_until_ms: number | null;
  usage: Usage;
}

export interface PersonPatch {
  name?: string;
  role?: Role;
  disabled?: boolean;
  clips_per_day?: number | null;
}

export interface Invited {
  account: Person;
  invitation: { url: string; expires_ms: number };
}

/** A browser that is signed in. */
export interface Device {
  id: string;
  device: string;
  created_ms: number;
  expires_ms: number;
  last_used_ms: number | null;
  current: boolean;
}

export interface Act {
  id: string;
  at_ms: number;
  actor: { id: string; name: string };
  action: string;
  subject: string;
}

export interface Quota {
  clips_per_day: number; // 0: no limit
  today: number;
  max_queued: number;
}

export interface Usage {
  jobs: number;
  queued: number;
  running: number;
  today: number;
  bytes: number;
}

export interface Sunset {
  creation_ends_ms: number | null;
  export_ends_ms: number | null;
  message: string | null;
}

export interface Session {
  account: Account | null;
  needs_setup: boolean;
  sign_in: boolean; // false: everybody on this machine is "local"
  version: string;
  quota: Quota | null;
  usage: Usage | null;
  sunset: Sunset | null;
}

export interface Model {
  id: string;
  kind: string;
  ready: boolean;
  problem: string | null;
  default: boolean;
  sizes: string[];
  fps: number;
  frames: number;
  seconds: number;
  max_seconds: number;
  lengths: number[] | null; // the only ones it makes, in seconds
  takes: string[]; // settings besides size and length
  steps: number | null; // null, as the two below: known to its provider alone
  guidance: number | null;
  sampler: string | null;
  samplers: string[];
  provider: string | null; // null: this machine
  start_image: boolean;
  world: boolean;
}

/** What a job asks for, or what came of it. Absent fields take the model's own values. */
export interface Settings {
  model?: string;
  prompt?: string;
  negative?: string;
  size?: string;
  seconds?: number;
  frames?: number;
  fps?: number;
  seed?: number;
  steps?: number;
  guidance?: number;
  sampler?: string;
  shift?: number;
}

export interface JobRequest extends Settings {
  prompt: string;
  count?: number;
  parent?: string;
  relation?: string;
  folder?: string;
  priority?: number;
}

export interface Progress {
  phase: string;
  done: number;
  total: number;
  fraction: number;
  seconds_left: number | null;
  preview: string | null;
}

export interface MediaFile {
  url?: string;
  type?: string;
  bytes?: number;
}

export interface Job {
  id: string;
  kind: string;
  owner: { id: string; name: string } | null;
  status: JobStatus;
  model: string;
  prompt: string;
  requested: Settings;
  effective: Settings;
  warnings: string[];
  queue_position: number | null;
  progress: Progress | null;
  error: { code: string; message: string } | null;
  files: Partial<Record<FileRole, MediaFile | null>>;
  attempts: number;
  cancel_requested?: boolean; // running, and asked to stop
  parent: string | null;
  relation: string | null;
  group: string | null;
  title: string;
  folder: string;
  favourite: boolean;
  share_url: string | null;
  created_ms: number;
  started_ms: number | null;
  finished_ms: number | null;
  trashed_ms: number | null;
  version: number;
}

export interface JobPatch {
  favourite?: boolean;
  title?: string;
  folder?: string;
  trashed?: boolean;
}

export interface JobQuery {
  limit?: number;
  after?: string;
  order?: 'asc' | 'desc';
  status?: JobStatus[];
  q?: string;
  folder?: string;
  favourite?: boolean;
  trashed?: boolean;
  group?: string;
  parent?: string;
}

export interface JobPage {
  jobs: Job[];
  has_more: boolean;
}

export interface Lineage {
  ancestors: Job[];
  descendants: Job[];
}

export interface Recipe {
  engine: string;
  model: string;
  digest: string;
  request: Settings;
}

export interface Key {
  id: string;
  name: string;
  hint: string;
  scope: Scope;
  created_ms: number;
  expires_ms: number | null;
  last_used_ms: number | null;
}

/** What a file says of its origin. "trusted": signed by this studio or one that it trusts; "valid": by another. */
export interface Origin {
  state: 'trusted' | 'valid' | 'invalid' | 'not_present';
  c2pa: { generator: string; software_agent: string | null; issuer: string | null; signer: string | null } | null;
  iptc: { digital_source_type: string } | null;
  recipe: Recipe | null;
}

export interface Webhook {
  id: string;
  name: string;
  url: string;
  events: string[];
  enabled: boolean;
  hint: string;
  old_secret_until_ms: number | null; // until then both secrets sign
  failures: number;
  failing_since_ms: number | null;
  created_ms: number;
  updated_ms: number;
}

export interface WebhookPatch {
  name?: string;
  url?: string;
  events?: string[];
  enabled?: boolean;
}

export interface Delivery {
  id: string;
  event: string;
  type: string;
  job: string;
  state: 'waiting' | 'delivered' | 'failed';
  attempts: number;
  status: number | null; // of HTTP
  error: string | null;
  created_ms: number;
  tried_ms: number | null;
  next_ms: number | null;
}

export type WordPair = [value: string, words: string];
export type WordKind = 'colors' | 'subjects' | 'actions' | 'places' | 'times' | 'weathers';
export type Words = Record<WordKind, WordPair[]>;
/** What goes together: a subject's places with what it may do there and when; the colours seen in a place at a time. */
export interface Fits {
  subjects: Record<string, Record<string, { actions: string[]; times: string[]; weathers: string[] }>>;
  colors: Record<string, Record<string, string[]>>;
}
export type World = Record<'en' | 'zh', Words> & { fits: Fits };
