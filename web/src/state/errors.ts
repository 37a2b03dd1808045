// Errors said kindly.
import { ApiError } from '../api.ts';
import { words } from '../i18n/index.ts';
import type { Job } from '../types.ts';
import { toast } from './toasts.ts';

/** "[job] expected …" → "expected …": the place in the program says nothing to a visitor. */
function withoutPlace(message: string): string {
  return message.replace(/^\[[\w. -]+\]\s*/, '');
}

export function kindly(error: unknown): string {
  const said = words.value.errors;
  if (!(error instanceof ApiError)) return said.broken;
  const codes: Record<string, string> = said.codes;
  const known = codes[error.code];
  if (known !== undefined) return known;
  if (error.code === 'moderation') return said.refused(withoutPlace(error.message));
  if (error.status === 0) return said.unreachable;
  if (error.status === 429) return error.message ? withoutPlace(error.message) : said.tooMany;
  if (error.status === 403) return error.message ? withoutPlace(error.message) : said.forbidden;
  if (error.status === 404) return said.missing;
  if (error.status === 413) return said.tooLarge;
  if (error.status >= 500) return said.server;
  return withoutPlace(error.message) || said.server;
}

export function complain(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) return; // the sign-in page says it
  toast(kindly(error), null, 'problem');
}

/** Whose message was written for the visitor: it is shown, and not only kept for who looks closer. */
const spoken = ['moderation', 'provider_refused', 'provider_failed'];

/** Why a job ended without a clip: our words where we have them, the server's as well. */
export function reasonOf(job: Job): { text: string; detail: string; isSpoken: boolean } {
  const reasons: Record<string, string> = words.value.reasons;
  const code = job.error?.code ?? 'unknown';
  const text = reasons[code];
  const detail = withoutPlace(job.error?.message ?? '');
  if (text === undefined) return { text: detail || words.value.reasons.unknown, detail: '', isSpoken: false };
  return { text, detail: code === 'cancelled' ? '' : detail, isSpoken: detail !== '' && spoken.includes(code) };
}
